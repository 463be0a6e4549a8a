"""The first command, run by a Python that has nothing installed, makes the environment and goes on in it."""

import os
import shutil
import stat
import subprocess
import sys

import pytest

from course import environment
from course.plan import ROOT
from course.tasks import TASKS, Task, run

PYPROJECT = '[project]\ndependencies = ["surely_not_installed>=1"]\n[project.optional-dependencies]\ndev = []\n'


def bare(*arguments, folder=ROOT):
    """`python -m course` without any installed package: -S is Python without site-packages."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", "-m", "course", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)


def test_help_needs_nothing():
    for ran in (bare(), bare("--help")):
        assert ran.returncode == 0 and not ran.stderr
        for command in (*TASKS, "setup", "export", "lab", "upgrade", "catch-up", "status"):
            assert f"\n  {command} " in ran.stdout
    ran = bare("tset")
    assert ran.returncode == 2 and "invalid choice: 'tset'" in ran.stderr


@pytest.fixture
def root(tmp_path):
    """A repository whose .venv has a "Python" that only says what it is asked to do."""
    shutil.copytree(ROOT / "course", tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "constraints.txt").touch()
    python(tmp_path, 'echo "$@"')
    (tmp_path / ".venv/.installed").touch()
    os.utime(tmp_path / ".venv/.installed", (1, 1))  # long ago: pyproject.toml is newer
    return tmp_path


def python(root, script):
    file = root / ".venv/bin/python"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a shell script")
def test_installed_once_and_again_when_more_is_asked_for(root):
    pip = "-m pip install --quiet --disable-pip-version-check --no-compile -e .[dev,fast] -c constraints.txt"
    assert bare("export", folder=root).stdout.splitlines() == [pip, "-m course export"]
    assert bare("lab", "--no-start", "--port=1", folder=root).stdout == "-m course lab --no-start --port=1\n"
    later = (root / ".venv/.installed").stat().st_mtime + 1
    os.utime(root / "pyproject.toml", (later, later))
    assert bare("setup", folder=root).stdout == f"{pip}\n"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a shell script")
def test_what_could_not_be_installed_is_tried_again(root):
    python(root, "echo no network >&2; exit 1")
    for _ in range(2):
        ran = bare("export", folder=root)
        assert ran.returncode == 1 and "no network" in ran.stderr and "could not install" in ran.stderr
    python(root, 'echo "$@"')
    assert bare("export", folder=root).stdout.endswith("\n-m course export\n")


def test_an_environment_that_has_everything_is_used():
    assert environment.is_complete([])


def test_the_makefile_has_the_same_commands():
    targets = (ROOT / "Makefile").read_text(encoding="utf-8").partition(".PHONY: help ")[2].split()
    assert {*targets} == {*TASKS, "setup", "export", "lab"}


def test_a_task_ends_with_the_first_command_that_fails(capfd):
    assert run(Task("", ("-c print({jobs})", "-c exit(3)", "-c print('never')")), jobs=4) == 3
    assert capfd.readouterr().out == "python -c print(4)\n4\npython -c exit(3)\n"


def test_an_older_python_is_told():
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; sys.version_info = (3, 10); import course"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1 and "Python 3.11 or newer is needed" in ran.stderr
