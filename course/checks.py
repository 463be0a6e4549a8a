"""What happens around the checks of a lesson: each runs from a known state, leaves none behind, and says how it ended.

`begin` starts it in the notebook's kernel; `export` asks it what has passed. Nothing of it stands in the checks.
"""

import contextlib
import linecache
import re
import reprlib
import sys
import traceback
from pathlib import Path

from course.notebook import Notebook, read
from course.progress import note_check
from course.released import released
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
    """The checks of a lesson in this kernel, and to which answers each of them said yes."""

    def __init__(self, shell, notebook: Path):
        self.shell, self.notebook = shell, notebook
        self.passed: dict[str, str] = {}  # exercise: the answer with which its check passed when it ran last
        self.running: str | None = None  # the exercise whose check runs now
        self.before: dict = {}  # the learner's names, as they were before it
        self.read_at = 0
        self.reread()

    def reread(self):
        """The notebook as it is saved now: an update of the course may have brought other checks."""
        if (changed := self.notebook.stat().st_mtime_ns) == self.read_at:
            return
        self.saved: Notebook = read(self.notebook)
        self.read_at = changed
        self.lesson = released(self.notebook) or self.saved
        checks = [cell for cell in self.saved.cells if cell.checks in self.lesson.exercises]
        self.check_of = {cell.source.strip(): cell.checks for cell in checks}

    def pre_run_cell(self, info):
        with contextlib.suppress(OSError, ValueError):  # renamed, or half written: what was read before still holds
            self.reread()
        self.running = self.check_of.get(info.raw_cell.strip())
        if self.running:
            self.passed.pop(self.running, None)
            self.before = self.names_now()
            self.shell.set_custom_exc((Exception,), explain)

    def post_run_cell(self, result):
        if not self.running:
            return
        exercise, self.running = self.running, None
        self.shell.set_custom_exc((), None)
        for name in self.names_now().keys() - self.before.keys():
            del self.shell.user_ns[name]
        self.shell.user_ns.update(self.before)
        self.before = {}
        answered = self.lesson.answer(exercise, self.history[:-1])
        if result.success:
            self.passed[exercise] = answered
            print(f"{GREEN}{self.told(exercise)}{PLAIN}")
        note_check(self.notebook, exercise, answered, self.history[-1], result.success)

    def names_now(self) -> dict:
        return {name: value for name, value in self.shell.user_ns.items() if name[:1] != "_"}

    @property
    def history(self) -> list[str]:
        """The sources that ran in this kernel, one after another."""
        return [source.strip() for source in self.shell.history_manager.input_hist_raw]

    def told(self, exercise: str) -> str:
        """How far the lesson is, for one that has just passed."""
        points = self.saved.points
        got = sum(points.get(each, 0) for each in self.passed)
        text = f"{exercise} passes: {points[exercise]:g} points. {len(self.passed)} of {len(points)} exercises, "
        text += f"{got:g} of {sum(points.values()):g} points in this lesson."
        if len(self.passed) == len(points):
            text += " All of it is done: save, and run the last cell."
        if self.history[-1] not in (cell.source.strip() for cell in self.lesson.cells if cell.checks):
            text += " (That is not the lesson's own check, which may ask for more.)"
        return text

    def red(self, saved: Notebook) -> list[str]:
        """The exercises of the `saved` notebook whose check has not passed in this kernel with what is saved."""
        sources = [cell.source for cell in saved.exported]
        return [
            exercise
            for exercise in self.lesson.exercises
            if self.passed.get(exercise) != self.lesson.answer(exercise, sources)
        ]


_watched: Checks | None = None  # one lesson a kernel


def watch(notebook: Path):
    """Have the checks of a lesson watched in this kernel; nothing where no kernel runs, as in a script."""
    global _watched
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not notebook.exists() or (_watched and _watched.notebook == notebook):  # begin() ran again
        return
    if _watched:
        shell.events.unregister("pre_run_cell", _watched.pre_run_cell)
        shell.events.unregister("post_run_cell", _watched.post_run_cell)
    _watched = Checks(shell, notebook)
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
        lines = [f"check-{exercise}: {blank_of(frames)} is still blank: fill it in where it says YOUR CODE HERE"]
    else:
        lines = stopped(exercise, kind, error, frames)
    lines[0] = f"{RED}{lines[0]}{PLAIN}"
    shell._showtraceback(kind, error, lines)
    return lines


def blank_of(frames: list) -> str:
    """The exercise that the check, or another answer, came upon."""
    if len(frames) < 2:
        return "the exercise"
    source = "".join(linecache.getlines(frames[-1][0].f_code.co_filename)).strip()
    for exercise, cell in watched().saved.exercises.items():
        if cell.source.strip() == source:
            return f"exercise {exercise}"
    return frames[-1][0].f_code.co_name


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
