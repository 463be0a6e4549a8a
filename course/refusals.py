"""Why a lesson is not exported: each raises CourseError where what would be written is not what was checked."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course.checks import watched
from course.exercise import name_of
from course.notebook import EXPORTED, Cell, Notebook, definitions, last_definitions
from course.plan import plan
from course.released import released_lesson
from course.whose import CourseError


def shell():
    """This kernel's IPython; None outside of a notebook."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def copy_of(name: str) -> str | None:
    """The name of the notebook that this kernel was started for, if it is another than `name`. (JupyterLab and VS Code
    tell; tools that only run a notebook do not.)"""
    told = shell() and (shell().user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME"))
    opened = Path(told or f"{name}.ipynb").name
    return opened if opened.endswith(".ipynb") and opened != f"{name}.ipynb" else None


def refuse_copy(name: str):
    if opened := copy_of(name):
        raise CourseError(
            f"this notebook was opened as {opened}, and lesson {name} is exported from {name}.ipynb: open and run "
            f"that. If this is the one you mean, close both, give it the name {name}.ipynb, and run it from the top."
        )


def refuse_blanks(notebook: Notebook):
    """An exercise that still raises its NotImplementedError is not done."""
    blanks = [cell for cell in notebook.exported if cell.is_blank]
    if blanks:
        places = ", ".join(dict.fromkeys(f'"{cell.section}"' if cell.section else cell.exercise for cell in blanks))
        raise CourseError(
            f"still blank, as the notebook is saved: {places}. Fill in each YOUR CODE HERE (and take its `raise "
            "NotImplementedError()` away), run the check below it, save (Ctrl+S), and export again."
        )


def refuse_stale(notebook: Notebook, name: str):
    """What is on the disk must be what ran in this kernel: otherwise other code would be exported than was checked.

    Each saved cell must have run as it is, and what ran last under each name must be what is saved under it.
    """
    if shell() is None:
        raise CourseError("export() is the last cell of a notebook: run it there, so that what was checked is exported")
    ran = [source.strip() for source in shell().history_manager.input_hist_raw if EXPORTED.search(source)]
    last_run = last_definitions(ran)
    last_saved = last_definitions([cell.source.strip() for cell in notebook.exported])
    for cell in notebook.exported:
        names = definitions(cell.source)
        what = f"the cell that defines `{names[0]}`" if names else cell.place
        if cell.source.strip() not in ran:
            raise CourseError(
                f"{what} is saved in {name}.ipynb otherwise than it last ran here (or never ran): save the notebook "
                "(Ctrl+S), run that cell and those below it, and export again"
            )
        if early := [each for each in names if last_run[each] != last_saved[each]]:
            raise CourseError(
                f"`{early[0]}` was last defined here by another cell than in {name}.ipynb, as it is saved: save the "
                f"notebook (Ctrl+S), run {what} and the cells below it again, and export"
            )


def refuse_red(notebook: Notebook):
    """Each exercise has passed its check in this kernel, as it is saved."""
    if red := watched().red(notebook):
        checks = ", ".join(f"check-{exercise}" for exercise in red)
        raise CourseError(
            f"not passed in this kernel by what is saved: {checks}. Run what you changed and its check, mend what it "
            "says, and export again. What was exported before stays as it is."
        )


def refuse_strange_modules(notebook: Notebook, name: str):
    """A lesson writes its own files, and no other's."""
    planned = plan().exports(name)
    if notebook.default_exp != planned[0]:
        raise CourseError(
            f"the cell `#| default_exp {planned[0]}` near the top of {name}.ipynb was changed or removed: put it back"
        )
    for cell in notebook.exported:
        module = EXPORTED.search(cell.source)[1]
        if module and module not in planned:
            raise CourseError(
                f"{cell.place} would be exported to {module}, which is not this lesson's: begin it with `#| export`"
            )


def refuse_missing(notebook: Notebook, root: Path, name: str):
    """Whatever was done to its cells: what the lesson exports is in what is exported, where the lesson has it."""
    lesson = released_lesson(root, name)
    for asked in lesson.exported:
        module = module_of(asked)
        there = last_definitions([cell.source for cell in notebook.exported if module_of(cell) == module])
        if lacking := [each for each in definitions(asked.source) if each not in there]:
            mark = EXPORTED.search(asked.source)[0]
            what = f"exercise {asked.exercise}" if asked.exercise else f"`{lacking[0]}`"
            raise CourseError(
                f'{what}, in section "{asked.section}", would be missing in your package: no exported cell defines '
                f"`{lacking[0]}`. Its cell is a code cell that begins with `{mark}`, and defines it at the top level. "
                f"(In a terminal: `python -m course reset {name} {name_of(asked)}` brings it; yours is kept.)"
            )


def module_of(cell: Cell) -> str:
    return EXPORTED.search(cell.source)[1]


def refuse_broken(package: Path, texts: dict[str, str]):
    """Import the new modules in a copy of the package: what leans on a cell that is not exported fails here."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "tinytorch")
        shutil.copytree(package, copy)
        for name, text in texts.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, encoding="utf-8")
        modules = ", ".join(f"tinytorch.{name[:-3].replace('/', '.')}" for name in texts)
        ran = subprocess.run([sys.executable, "-c", f"import {modules}"], cwd=scratch, capture_output=True, text=True)
    if ran.returncode:
        raise CourseError(
            "your lesson does not import by itself, so it was not exported (does a cell marked "
            "`#| export` use something that only an unmarked cell defines?):\n"
            + ran.stderr.strip().replace(scratch, "")
        )
