"""What happens around the checks of a lesson: each runs from a known state, leaves none behind, and says how it ended.

`begin` starts it in the notebook's kernel; `export` asks it what has passed. Nothing of it stands in the checks.
"""

import linecache
import re
import reprlib
import sys
import traceback
from pathlib import Path

from course.notebook import Notebook, definitions, last_definitions, read
from course.progress import note
from course.whose import CourseError

RED, GREEN, PLAIN = "\033[31m", "\033[32m", "\033[0m"

# What usually lies behind an error of Python's or numpy's, by a part of its text.
LIKELY = {
    "'NoneType'": "a function or method that ends without `return` gives None",
    "is not defined": "a name that is spelled otherwise, or a cell further up that has not run in this kernel",
    "object has no attribute": "a value of another kind than was meant (an array for a Tensor, say), or a note that"
    " `forward` has not kept",
    "unexpected keyword argument": "a signature that was changed: its arguments are part of the exercise",
    "positional argument": "a signature that was changed, or a call with an argument too many or too few",
    "broadcast": "two shapes that do not fit: print both before the line that failed",
    "matmul": "two shapes that do not fit: print both before the line that failed",
    "reshape": "a shape with another number of elements: print what goes in",
    "out of bounds": "an index or a dimension that this input does not have: try the case by hand",
    "out of range": "an index or a dimension that this input does not have: try the case by hand",
    "axis": "a dimension that this input does not have: try the case by hand",
    "division by zero": "a case without elements",
    "recursion": "a function that calls itself without coming nearer to an end",
}


class Checks:
    """The checks of a lesson in this kernel: what they earn, and the run at which each passed last."""

    def __init__(self, shell, lesson: str, notebook: Path):
        self.shell, self.lesson, self.notebook = shell, lesson, notebook
        self.passed: dict[str, int] = {}  # exercise: the number of the run
        self.running: str | None = None  # the exercise whose check runs now
        self.before: dict = {}
        self.reread()

    def reread(self):
        """The notebook as it is saved now: a learner may have added cells, or moved them."""
        self.saved: Notebook = read(self.notebook)
        self.exercise_of = {cell.source.strip(): cell.checks for cell in self.saved.cells if cell.checks}

    def pre_run_cell(self, info):
        self.running = self.exercise_of.get(info.raw_cell.strip())
        if self.running:
            self.passed.pop(self.running, None)
            self.before = {name: value for name, value in self.shell.user_ns.items() if name[:1] != "_"}
            self.shell.set_custom_exc((Exception,), explain)

    def post_run_cell(self, result):
        if not self.running:
            return
        exercise, self.running = self.running, None
        self.shell.set_custom_exc((), None)
        self.shell.user_ns.update(self.before)  # names that the check has used for something else
        self.before = {}
        if result.success:
            self.passed[exercise] = len(self.history) - 1
            print(f"{GREEN}{self.told(exercise)}{PLAIN}")
        note(self.notebook, exercise, self.answer(exercise), result.success)

    @property
    def history(self) -> list[str]:
        """The sources that ran in this kernel, by the number of the run."""
        return [source.strip() for source in self.shell.history_manager.input_hist_raw]

    def answer(self, exercise: str) -> str:
        """The exercise's cell as it ran last, saved or not."""
        cell = self.saved.exercises[exercise].source
        ran = last_definitions(self.history)
        return next((ran[name] for name in definitions(cell) if name in ran), cell)

    def told(self, exercise: str) -> str:
        """How far the lesson is, for one that has just passed."""
        points = self.saved.points
        got = sum(points[each] for each in self.passed)
        text = f"{exercise} passes: {points[exercise]:g} points. {len(self.passed)} of {len(points)} exercises, "
        text += f"{got:g} of {sum(points.values()):g} points in this lesson."
        if len(self.passed) == len(points):
            text += " All of it is done: save, and run the last cell."
        return text

    def refuse_red(self):
        """Each exercise has passed its check in this kernel, as it last ran."""
        self.reread()
        history = self.history
        for exercise, cell in self.saved.exercises.items():
            last = max((at for at, source in enumerate(history) if source == cell.source.strip()), default=0)
            if self.passed.get(exercise, 0) <= last:
                why = "did not pass" if self.was_run(exercise, history[last:]) else "has not run"
                raise CourseError(
                    f"check-{exercise} {why} since exercise {exercise!r} last ran in this kernel: run the check, mend "
                    "what it says, and export again. What is exported already stays as it is."
                )

    def was_run(self, exercise: str, history: list[str]) -> bool:
        return any(self.exercise_of.get(source) == exercise for source in history)


_watched: Checks | None = None  # one lesson a kernel


def watch(lesson: str, notebook: Path):
    """Have the checks of `lesson` watched in this kernel; nothing where no kernel runs, as in a script."""
    global _watched
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not notebook.exists():
        return
    if _watched:  # `begin` ran again
        shell.events.unregister("pre_run_cell", _watched.pre_run_cell)
        shell.events.unregister("post_run_cell", _watched.post_run_cell)
    _watched = Checks(shell, lesson, notebook)
    shell.events.register("pre_run_cell", _watched.pre_run_cell)
    shell.events.register("post_run_cell", _watched.post_run_cell)


def watched() -> Checks:
    """The checks of this kernel's lesson."""
    if _watched is None:
        raise CourseError("run the lesson's first cell in this kernel, then its checks, and export again")
    return _watched


def explain(shell, kind, error, tb, tb_offset=None):
    """Show why a check failed: the sentence of its assertion, or where an answer stopped and what it was asked."""
    exercise = watched().running
    frames = [frame for frame in traceback.walk_tb(tb) if is_cell(frame[0])]
    if isinstance(error, AssertionError) and len(frames) == 1:
        lines = [f"check-{exercise}: {error or source_line(*frames[0])}"]
    elif isinstance(error, NotImplementedError) and not error.args:
        lines = [f"exercise {exercise}: `raise NotImplementedError()` is left in it, or in one that it uses"]
    else:
        lines = stopped(exercise, kind, error, frames)
    lines[0] = f"{RED}{lines[0]}{PLAIN}"
    shell._showtraceback(kind, error, lines)
    return lines


def is_cell(frame) -> bool:
    """The frame runs a cell of the notebook, not a package."""
    name = frame.f_code.co_filename
    return name.startswith("<ipython-input") or "ipykernel_" in name


def stopped(exercise: str, kind: type, error: Exception, frames: list) -> list[str]:
    """An answer ended with an error of its own: what the check had called, with what, and where it happened."""
    told = str(error) or kind.__name__
    lines = [f"check-{exercise}: the code that it tries stopped with {kind.__name__}: {told}"]
    if frames:
        asked, line = frames[0]
        lines.append(f"  the check ran   {source_line(asked, line)}")
        lines += [f"    where {name} = {shown(asked.f_locals[name])}" for name in names_in(asked, line)]
    path = [f"  in {frame.f_code.co_name}: {source_line(frame, line)}" for frame, line in frames[1:]]
    lines += path if len(path) < 7 else [*path[:3], f"  ... {len(path) - 6} calls further in", *path[-3:]]
    if hint := next((hint for part, hint in LIKELY.items() if part in told), None):
        lines.append(f"  often: {hint}")
    return lines


def source_line(frame, line: int) -> str:
    return linecache.getline(frame.f_code.co_filename, line).strip()


def names_in(frame, line: int) -> list[str]:
    """The check's own variables that stand in its line."""
    words = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", source_line(frame, line)))
    return [word for word in words if word in frame.f_locals and not callable(frame.f_locals[word])][:4]


def shown(value) -> str:
    short = reprlib.Repr()
    short.maxother = short.maxstring = 120
    return short.repr(value)
