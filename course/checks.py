"""What happens around the checks of a lesson: each runs from a known state, leaves none behind, and says how it ended.

`begin` starts it in the notebook's kernel; `export` asks it what has passed. Nothing of it stands in the checks.
"""

import contextlib
import re
import sys
from pathlib import Path

from course.explain import explanation
from course.notebook import Cell, Notebook, definitions, read, used_when_run
from course.progress import meaning, note_check
from course.released import released
from course.whose import CourseError

RED, GREEN, PLAIN = "\033[31m", "\033[32m", "\033[0m"
DEFINED = re.compile(r"^(?:(?:def|class)\s+\w+|[\w.]+(?=\s*=[^=]))", re.MULTILINE)  # also in what is no Python yet


class Checks:
    """The checks of a lesson in this kernel, and to which answers each of them said yes."""

    def __init__(self, shell, notebook: Path):
        self.shell, self.notebook = shell, notebook
        self.passed: dict[str, str] = {}  # exercise: the answer with which its check passed when it ran last
        self.broken: dict[str, str | None] = {}  # exercise: the error with which its cell stopped when it ran last
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
        if self.running:
            self.put_back()
            exercise, self.running = self.running, None
            self.judge(exercise, result.success)
            return
        error = result.error_before_exec or result.error_in_exec
        defined = {text.split()[-1] for text in DEFINED.findall(result.info.raw_cell)}
        for exercise, cell in self.lesson.exercises.items():
            if defined & {*definitions(cell.source)}:
                self.broken[exercise] = error and type(error).__name__

    def put_back(self):
        self.shell.set_custom_exc((), None)
        for name in self.names_now().keys() - self.before.keys():
            del self.shell.user_ns[name]
        self.shell.user_ns.update(self.before)
        self.before = {}

    def judge(self, exercise: str, passes: bool):
        """Say and note what the check that has just run says of its exercise."""
        answer, check = self.lesson.answer(exercise, self.history[:-1]), self.history[-1]
        if error := self.broken.get(exercise):
            old = f"the cell of {exercise} last stopped with {error}, so this check tried what it had defined before"
            print(f"{RED}{old}: mend it and run it, then this check{PLAIN}")
        elif older := self.older(exercise):
            old = f"{older.place} uses what {exercise} defines, and has not run since that did"
            print(f"{RED}{old}: run it, then this check{PLAIN}")
        elif passes and meaning(check) not in [meaning(cell.source) for cell in self.lesson.cells if cell.checks]:
            back = f"`python -m course reset {self.notebook.stem} check-{exercise}`"
            print(f"{exercise} passes a check that was changed, which earns nothing; {back} brings the lesson's own")
        else:
            if passes:
                self.passed[exercise] = answer
                print(f"{GREEN}{self.told(exercise)}{PLAIN}")
            note_check(self.notebook, exercise, answer, check, passes)

    def older(self, exercise: str) -> Cell | None:
        """A given cell between exercise and check that holds what the exercise defined before, or nothing yet."""
        cells = self.lesson.cells
        first = [cell.exercise for cell in cells].index(exercise)
        names = definitions(cells[first].source)
        ran = {source: at for at, source in enumerate(self.history)}
        given = {cell.source.strip() for cell in cells if not cell.exercise}
        theirs = [each for each in ran if each not in given and {*names} & {*definitions(each)}]
        answered = max((ran[each] for each in theirs), default=0)
        between = cells[first + 1 : [cell.checks for cell in cells].index(exercise)]
        holds = [cell for cell in between if cell.is_exported and {*names} & used_when_run(cell.source)]
        older = (cell for cell in holds if not cell.exercise and ran.get(cell.source.strip(), -1) < answered)
        return next(older, None)

    def names_now(self) -> dict:
        return {name: value for name, value in self.shell.user_ns.items() if name[:1] != "_"}

    @property
    def history(self) -> list[str]:
        """The sources that ran in this kernel, one after another."""
        return [source.strip() for source in self.shell.history_manager.input_hist_raw]

    def told(self, exercise: str) -> str:
        """How far the lesson is, for one that has just passed."""
        points = self.saved.points
        done = [each for each, answer in self.passed.items() if answer == self.lesson.answer(each, self.history)]
        got = sum(points.get(each, 0) for each in done)
        text = f"{exercise} passes: {points[exercise]:g} points. {len(done)} of {len(points)} exercises, "
        text += f"{got:g} of {sum(points.values()):g} points in this lesson."
        if len(done) == len(points):
            text += " All exercises are done: read on to the end, save, and run the last cell."
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
    """Show why a check failed, without the traceback."""
    checks = watched()
    lines = explanation(checks.running, error, tb, checks.lesson)
    lines[0] = f"{RED}{lines[0]}{PLAIN}"
    shell._showtraceback(kind, error, lines)
    return lines
