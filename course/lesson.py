"""The first and the last cell of a lesson: `begin` says whose package it stands on, `export` adds the lesson to it."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course.checks import watch, watched
from course.exporter import module_texts, write
from course.notebook import EXPORTED, Cell, definitions, last_definitions
from course.notebook import read as read_notebook
from course.plan import Companion, file_of, plan
from course.whose import CourseError, describe, read, record, title
from course.workspace import refuse_old_layout


def workspace() -> Path | None:
    """The learner's workspace that this notebook lies in, at its top or in its given/."""
    here = Path.cwd()
    return next((folder for folder in (here, here.parent) if (folder / "tinytorch" / "lessons.json").exists()), None)


def repository() -> Path | None:
    """The repository, if this notebook is one of its modules/."""
    folder = Path.cwd().parent
    return folder.parent if folder.name == "modules" and (folder.parent / "tinytorch").is_dir() else None


def begin(name: str, needs: str = ""):
    """Say whose tinytorch the lesson or companion stands on; refuse a wrong one, and one that lacks a lesson it needs.

    A companion (`02_autograd_shapes`) stands on its own lesson too. `needs` is a package that only some lessons want.
    """
    root, missing = workspace() or repository(), []
    if root:
        refuse_old_layout(root)
        sys.path[:0] = [str(root)] * (str(root) not in sys.path)
    found = describe()
    if root and found.package != (root / "tinytorch").resolve():
        raise CourseError(
            f"`import tinytorch` finds {found.package}, not the one in {root}: a lesson must not run on "
            "another's package. Remove that folder from PYTHONPATH (or rename what shadows it) and "
            "restart the kernel."
        )
    print(found.text)
    if needs and not importlib.util.find_spec(needs):
        raise CourseError(
            f"lesson {title(name)} needs {needs}, which is not installed; all other lessons work without it. In a "
            f"terminal: `{sys.executable} -m pip install {needs}`, then restart the kernel."
        )
    if not found.is_reference:
        missing = [lesson for lesson in plan().before(name) if lesson not in found.lessons]
    if missing:
        raise CourseError(
            f"lesson {title(name)} builds on {', '.join(map(title, missing))}, not in your tinytorch yet. Either do "
            f"{missing[0]}.ipynb to its last cell first, or run `python -m course catch-up {name}` in a "
            "terminal here: it fills what is missing from the reference, and your package will say so."
        )
    if name in plan().lessons:
        watch(name, Path.cwd() / f"{name}.ipynb")


def export(name: str):
    """Write the lesson, as saved, and the companions that can stand on it into the learner's own package.

    Refuses a notebook that is not saved as it ran, an exercise that is still blank, and code that does not import.
    A companion is written by itself. In the repository nothing is: there `python -m course export` writes it all.
    """
    from IPython.display import display

    root, is_lesson = workspace(), plan().companion(name) is None
    if root is None:
        here = "`python -m course export` writes the package" if repository() else "this is no workspace"
        print(f"{here}: nothing was exported")
        return
    if is_lesson:
        plan().named(name)  # or it says which lessons there are
    package, notebook = root / "tinytorch", root / plan().place(name)
    if not notebook.exists():
        raise CourseError(f"there is no {plan().place(name)} here: give the notebook its name back, then export")
    cells = read_notebook(notebook).exported
    refuse_blanks(cells)
    refuse_stale([cell.source for cell in cells], notebook.name)
    if is_lesson:
        watched().refuse_red()
    companions = companions_to_write(package, name) if is_lesson else []
    notebooks = [notebook, *(path for each in companions if (path := root / plan().place(each.name)).exists())]
    texts = {file_of(module): text for path in notebooks for module, text in module_texts(path, root).items()}
    refuse_broken(package, texts)
    for file, text in texts.items():
        write(package / file, text)
    before = {*read(package, "lessons.json")}
    if is_lesson:
        record(package, name, "yours")
    print("exported " + ", ".join(f"tinytorch/{file}" for file in texts))
    print(describe(package).text)
    for milestone in plan().trainable({*read(package, "lessons.json")}):
        if milestone not in plan().trainable(before):
            print(f"you can train a milestone now: python -m milestones run {milestone}")
    if is_lesson and (following := plan().after(name)):
        link = f'next: <a href="{following}.ipynb">{title(following)}</a>'
        display({"text/plain": f"next: {following}.ipynb", "text/html": link}, raw=True)


def companions_to_write(package: Path, lesson: str) -> list[Companion]:
    """The lesson's companions, and those of others that waited for it; not those that wait for a lesson still."""
    ready = plan().ready({*read(package, "lessons.json"), lesson})
    lacking = lambda each: not all((package / file).exists() for file in each.files)
    return [each for each in ready if each.lesson == lesson or lacking(each)]


def refuse_blanks(cells: list[Cell]):
    """An exercise that still raises its NotImplementedError is not done."""
    for cell in cells:
        if cell.is_blank:
            raise CourseError(
                f"as saved, exercise {(cell.exercise or cell.id)!r} still holds `raise NotImplementedError()`: if you "
                "have filled it in, save the notebook (Ctrl+S) and export again; if not, fill it in and run "
                "its check first"
            )


def refuse_stale(saved: list[str], name: str):
    """What is on the disk must be what ran in this kernel: otherwise other code would be exported than was checked.

    Each saved cell must have run as it is, and what ran last under each name must be what is saved under it.
    """
    from IPython import get_ipython

    if get_ipython() is None:
        raise CourseError("export() is the last cell of a notebook: run it there, so that what was checked is exported")
    history = get_ipython().history_manager.input_hist_raw
    ran = [source.strip() for source in history if EXPORTED.search(source)]
    saved = [source.strip() for source in saved]
    last_run, last_saved = last_definitions(ran), last_definitions(saved)
    for source in saved:
        fresh = source in ran and all(last_run[key] == last_saved[key] for key in definitions(source))
        if not fresh:
            what = next(iter(definitions(source)), source.splitlines()[-1])
            raise CourseError(
                f"the cell that defines `{what}` is saved in {name} otherwise than it last ran here (or "
                "never ran): save the notebook (Ctrl+S), run that cell and those below it, and export "
                "again"
            )


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
