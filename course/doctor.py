"""What is wrong where something does not work, and what to do: `python -m course doctor`. Standard library only, since
a package may be what is missing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from course.environment import PYTHON, WANTED, canonical, dependencies, is_complete
from course.plan import INSIDE, ROOT, plan
from course.whose import CourseError, describe

INSTALLED = ROOT == INSIDE  # by pip, from a wheel
SETUP = "`pip install --upgrade tinytorch-course`" if INSTALLED else f"in {ROOT}: `python -m course setup`"
LAB = ("" if INSTALLED else f"in {ROOT}: ") + "`python -m course lab --workspace "


def doctor(workspace: Path | None) -> int:
    """Print what was looked at; the exit status is 1 if something is wrong."""
    found = [*environment(), *(in_workspace(workspace) if workspace else no_workspace())]
    for text, remedy in found:
        print(f"{'wrong' if remedy else 'ok   '}  {text}" + (f"\n       {remedy}" if remedy else ""))
    wrong = sum(bool(remedy) for _, remedy in found)
    print(f"\n{wrong} of {len(found)} things are wrong" if wrong else "\nall is well")
    return int(bool(wrong))


def environment() -> Iterator[tuple[str, str | None]]:
    """(What was looked at, what to do or None)."""
    yield f"Python {sys.version.split()[0]}, {sys.executable}", None
    if PYTHON.exists() and Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
        yield f"the course's own environment is another: {PYTHON}", f"{PYTHON} -m course doctor"
    yield "the packages of the course are installed", None if is_complete([]) else SETUP
    others = [f"{name} {there}, expected {pin}" for name, pin, there in pins() if there and there != pin]
    text = f"of other versions than the course was tried with: {', '.join(others)}" if others else "in their versions"
    yield text, SETUP if others else None
    yield "the package nbgrader, for Validate", None if find_spec("nbgrader") else SETUP
    yield kernel()


def pins() -> Iterator[tuple[str, str, str | None]]:
    """(Name, version in constraints.txt, version here) of each package that the course itself needs."""
    needed = {*dependencies([])}
    for line in [] if INSTALLED else WANTED[1].read_text(encoding="utf-8").splitlines():
        name, found, pin = line.partition("#")[0].strip().partition("==")
        if found and canonical(name) in needed:
            try:
                yield name, pin.partition(";")[0].strip(), version(name)
            except PackageNotFoundError:
                yield name, pin, None


def kernel() -> tuple[str, str | None]:
    """The kernel that JupyterLab starts for a lesson runs on this Python."""
    if not find_spec("jupyter_client"):
        return "no kernel can be started", SETUP
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    if Path(spec.argv[0]).absolute() == Path(sys.executable).absolute() or spec.argv[0] == "python":
        return f"the kernel python3 runs on {spec.argv[0]}", None
    remedy = f"rename the folder {spec.resource_dir}, which another Python has installed"
    return f"the kernel python3 runs on {spec.argv[0]}, not on this Python", remedy


def no_workspace() -> Iterator[tuple[str, str | None]]:
    yield f"{Path.cwd()} lies in no workspace", f"go to yours, or {LAB}FOLDER` makes one"


def in_workspace(workspace: Path) -> Iterator[tuple[str, str | None]]:
    yield f"the workspace {workspace}: {describe(workspace / 'tinytorch').text}", None
    again = f"{LAB}{workspace} --no-start`"
    note = workspace / ".course-python"
    python = note.read_text(encoding="utf-8").strip() if note.exists() else "no Python"
    yield f"course.py there leads to {python}", None if python == sys.executable else again
    probe = "import tinytorch; print(tinytorch.__file__)"
    ran = subprocess.run([sys.executable, "-c", probe], cwd=workspace, capture_output=True, text=True)
    there = ran.stdout.strip() or (ran.stderr.strip().splitlines() or ["nothing"])[-1]
    if Path(there).parent == workspace / "tinytorch":
        yield "`import tinytorch` finds the learner's own", None
    else:
        yield (
            f"`import tinytorch` finds {there}",
            f"take it out of PYTHONPATH ({os.environ.get('PYTHONPATH', 'not set')})",
        )
    for name in plan().lessons:
        yield from lesson(workspace / f"{name}.ipynb", again)


def lesson(notebook: Path, again: str) -> Iterator[tuple[str, str | None]]:
    """Only what is wrong with it."""
    try:
        json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        yield f"{notebook.name} is not there", f"give it its name back, or {again} brings it anew"
    except (ValueError, KeyError, CourseError) as error:
        yield f"{notebook.name} is no notebook any more ({error})", f"move it away; {again} brings it anew"
