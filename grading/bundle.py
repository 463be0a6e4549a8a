"""The course as students get it: a wheel with lessons, milestones, tools, and no solution that they may not see."""

import json
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from course import workspace
from course.plan import ROOT, file_of, plan
from grading import GradingError

PARTS = ("course", "modules", "milestones", "tinytorch", "pyproject.toml", "setup.py", "README.md", "LICENSE")


def bundle(folder: Path, solved: list[str]) -> Path:
    """Build the wheel in `folder`; of the lessons `solved` it holds the solutions, so that students can catch up."""
    if not find_spec("setuptools"):
        raise GradingError(f"setuptools is needed to build a wheel: `{sys.executable} -m pip install setuptools`")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "course")
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
            source.mkdir(exist_ok=True)
            copy(ROOT / part, source / part)
        (source / "tinytorch" / "names.json").write_text(json.dumps(workspace.lessons()), encoding="utf-8")
        for name in plan().lessons.keys() - {*solved}:
            empty(source, name)
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", scratch]
        ran = subprocess.run([*build, str(source)], capture_output=True, text=True)
        if ran.returncode:
            raise GradingError(f"pip could not build the wheel:\n{ran.stderr.strip()}")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(next(Path(scratch).glob("*.whl")), folder))


def empty(source: Path, lesson: str):
    """Take the lesson's solutions out: of its notebook, and the modules that they are exported to."""
    notebook = source / plan().notebook(lesson).relative_to(ROOT)
    notebook.write_text(workspace.release(notebook), encoding="utf-8")
    for module in plan().exports(lesson):
        (source / "tinytorch" / file_of(module)).unlink()
