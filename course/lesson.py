"""The first and the last cell of a lesson: `begin` says whose package it stands on, `export` adds the lesson to it."""

import importlib.util
import sys
from pathlib import Path

from course.checks import watch
from course.exporter import module_texts, write
from course.notebook import read as read_notebook
from course.plan import Companion, file_of, plan
from course.refusals import (
    copy_of,
    refuse_blanks,
    refuse_broken,
    refuse_copy,
    refuse_missing,
    refuse_red,
    refuse_stale,
    refuse_strange_modules,
)
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
    if root and copy_of(name):
        print(f"this is a copy of {name}.ipynb: to try things in; its last cell exports nothing")
    elif name in plan().lessons:
        watch(Path.cwd() / f"{name}.ipynb")


def export(name: str):
    """Write the lesson, as saved, and the companions that can stand on it into the learner's own package.

    refusals.py says when not: what is written is what the notebook shows, as it ran, with every check passed.
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
    refuse_copy(name)
    saved = read_notebook(notebook)
    refuse_blanks(saved)
    refuse_strange_modules(saved, name)
    texts = module_texts(notebook, root)
    if is_lesson:
        refuse_missing(saved, root, name)
    refuse_stale(saved, name)
    if is_lesson:
        refuse_red(saved)
    companions = companions_to_write(package, name) if is_lesson else []
    for each in companions:
        if (path := root / plan().place(each.name)).exists():
            texts |= module_texts(path, root)
    texts = {file_of(module): text for module, text in texts.items()}
    refuse_broken(package, texts)
    for file, text in texts.items():
        write(package / file, text)
    before = {*read(package, "lessons.json")}
    if is_lesson:
        record(package, name, "yours")
    print("exported " + listing([f"tinytorch/{file}" for file in texts], len(plan().exports(name))))
    print(describe(package).text)
    for milestone in plan().trainable({*read(package, "lessons.json")}):
        if milestone not in plan().trainable(before):
            print(f"you can train a milestone now: python -m milestones run {milestone}")
    if is_lesson and (following := plan().after(name)):
        link = f'next: <a href="{following}.ipynb">{title(following)}</a>'
        display({"text/plain": f"next: {following}.ipynb", "text/html": link}, raw=True)


def listing(files: list[str], own: int) -> str:
    """The lesson's own files by name, and those of its companions where they are few."""
    shown = files if len(files) < own + 3 else [*files[:own], f"and {len(files) - own} files of its companions"]
    return ", ".join(shown)


def companions_to_write(package: Path, lesson: str) -> list[Companion]:
    """The lesson's companions, and those of others that waited for it; not those that wait for a lesson still."""
    ready = plan().ready({*read(package, "lessons.json"), lesson})
    lacking = lambda each: not all((package / file).exists() for file in each.files)
    return [each for each in ready if each.lesson == lesson or lacking(each)]
