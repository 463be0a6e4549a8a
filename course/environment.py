"""The environment in .venv, made by the first command that needs it: on any system, by the standard library alone."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distributions, requires
from pathlib import Path

from course.plan import INSIDE, ROOT
from course.whose import CourseError

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = FOLDER / ".installed"
WANTED = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]


def enter(arguments: list[str], extras: list[str]):
    """Return if what the course needs, with `extras`, is installed here; else run `python -m course` anew, in .venv."""
    if ROOT == INSIDE or is_complete(extras):  # pip has installed what a wheel needs
        return
    if Path(sys.prefix).resolve() == FOLDER.resolve():
        install()
        return
    setup()
    become([str(PYTHON), "-m", "course", *arguments])


def setup():
    """Make .venv, or bring it up to date."""
    if not (PYTHON.exists() and STAMP.exists()):  # also where this was interrupted
        print("making the environment in .venv: once, it takes some minutes", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", str(FOLDER)]).returncode:
            shutil.rmtree(FOLDER, ignore_errors=True)
            raise CourseError(
                f"{sys.executable} could not make .venv; on Debian and Ubuntu: apt install python3-venv, then again"
            )
    if not STAMP.exists() or STAMP.stat().st_mtime < max(file.stat().st_mtime for file in WANTED):
        install()


def install():
    """What pyproject.toml asks for, at the versions of constraints.txt, into .venv."""
    # Python compiles a module when it is first imported, and most never are: a minute less. The grading's sandbox only
    # reads them, so what it offers is compiled here.
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    if subprocess.run([*command, "-e", ".[dev,fast]", "-c", "constraints.txt"], cwd=ROOT).returncode:
        raise CourseError("pip could not install the packages (see above); the same command tries again")
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(FOLDER)}))
    offered = [str(site / name) for name in ("numpy", "scipy", "numba", "llvmlite")]
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", "-j", "0", *offered], stdout=subprocess.DEVNULL)
    STAMP.touch()


def is_complete(extras: list[str]) -> bool:
    """Every package that the course asks for, also under `extras`, is installed where this Python runs."""
    return dependencies(extras) <= {canonical(found.metadata["Name"] or "") for found in distributions()}


def dependencies(extras: list[str]) -> set[str]:
    """The names of the packages that pyproject.toml asks for; of a wheel, that its own notes do."""
    if ROOT == INSIDE:
        wanted = [each for each in requires("tinytorch-course") if "extra ==" not in each]
    else:
        project = tomllib.loads(WANTED[0].read_text(encoding="utf-8"))["project"]
        wanted = sum((project["optional-dependencies"][extra] for extra in extras), project["dependencies"])
    return {canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def become(command: list[str]):
    """Run `command` in the place of this process, and end with its exit status. (Windows cannot exec.)"""
    if os.name == "nt":
        sys.exit(subprocess.run(command).returncode)
    os.execv(command[0], command)
