"""The notebooks of a workspace as the course placed them, kept in .released/: they tell what a learner changed."""

from pathlib import Path

from course.notebook import Notebook, read
from course.plan import plan

FOLDER = ".released"


def released(notebook: Path) -> Notebook | None:
    """`notebook` of a workspace as it was placed there. None if that is not known: an older workspace, no workspace."""
    above = [notebook.parent, notebook.parent.parent]  # given/ lies one below
    kept = (folder / FOLDER / notebook.relative_to(folder) for folder in above)
    return next((read(file) for file in kept if file.exists()), None)


def released_lesson(workspace: Path, lesson: str) -> Notebook:
    """A lesson as it was placed in `workspace`, or as it is in the course now."""
    return released(workspace / f"{lesson}.ipynb") or read(plan().notebook(lesson))
