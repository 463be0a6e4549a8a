"""How far a learner is: lesson by lesson, the exercises of the one they are at, and what comes next."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from course.notebook import BLANK, Notebook, load, parsed
from course.plan import plan
from course.progress import checksum, last_checked, progress
from course.released import released_lesson
from course.whose import describe, title

COLORS = {"done": "green", "red": "red", "changed since": "yellow"}
NEXT = {
    "blank": "fill in {0} (section {1}) in {2}.ipynb, and run its check",
    "not checked": "run check-{0} (section {1}) in {2}.ipynb",
    "changed since": "{0} or its check has changed since that ran: run check-{0} (section {1}) in {2}.ipynb, and save",
    "red": "check-{0} failed: mend {0} (section {1}) in {2}.ipynb; `python -m course hint {2} {0}` helps",
}


def status(workspace: Path, lesson: str | None):
    whose = describe(workspace / "tinytorch")
    print(whose.text)
    states = {name: states_of(workspace, name) for name in plan().lessons}
    table = Table("lesson", "whose", "exercises", "points")
    for name, exercises in states.items():
        points = released_lesson(workspace, name).points
        done = [each for each, state in exercises.items() if state == "done"]
        count = f"{len(done)} of {len(exercises)}"
        got = f"{sum(points[each] for each in done):g} of {sum(points.values()):g}"
        table.add_row(title(name), whose.lessons.get(name, "-"), count, got)
    Console().print(table)
    finished = lambda name: {*states[name].values()} == {"done"} or whose.lessons[name] != "yours"
    todo = [name for name in states if name not in whose.lessons or not finished(name)]
    at = lesson or max(todo, key=lambda name: last_checked(workspace / f"{name}.ipynb"), default=None)
    if not at:
        print("every lesson is in your package; `python -m milestones` says what it can train")
        return
    show_lesson(workspace, at, states[at])
    print("next: " + following(workspace, at, states[at], at in whose.lessons))


def show_lesson(workspace: Path, lesson: str, states: dict[str, str]):
    released = released_lesson(workspace, lesson)
    table = Table("", "exercise", "section", "points", "state", title=f"{lesson}.ipynb")
    for number, (exercise, state) in enumerate(states.items(), start=1):
        section, points = released.exercises[exercise].section, f"{released.points[exercise]:g}"
        table.add_row(str(number), exercise, section, points, state, style=COLORS.get(state))
    Console().print(table)


def states_of(workspace: Path, lesson: str) -> dict[str, str]:
    """For each exercise "done", "red", "blank", "changed since" its check ran, or "not checked"."""
    notebook = workspace / f"{lesson}.ipynb"
    saved = parsed(load(notebook)) if notebook.exists() else Notebook(())
    released, notes = released_lesson(workspace, lesson), progress(notebook)
    return {exercise: state(released, exercise, saved, notes.get(exercise, {})) for exercise in released.exercises}


def state(lesson: Notebook, exercise: str, saved: Notebook, note: dict) -> str:
    answered = lesson.answer(exercise, [cell.source for cell in saved.exported])
    check = next((cell.source for cell in saved.cells if cell.checks == exercise), "")
    if not answered or BLANK.search(answered):
        return "blank"
    if "passed" not in note:
        return "not checked"
    if (note["answer"], note["check"]) != (checksum(answered), checksum(check)):
        return "changed since"
    return "done" if note["passed"] else "red"


def following(workspace: Path, lesson: str, states: dict[str, str], exported: bool) -> str:
    for exercise, state in states.items():
        if state != "done":
            section = released_lesson(workspace, lesson).exercises[exercise].section
            return NEXT[state].format(exercise, f'"{section}"', lesson)
    if not exported:
        return f"run the last cell of {lesson}.ipynb: it exports the lesson into your package"
    after = plan().after(lesson)
    return f"{after}.ipynb" if after else "python -m milestones"
