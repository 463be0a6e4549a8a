"""What a submission stands on, in the sandbox: the lessons of the reference's package that its own needs."""

import atexit
import compileall
import shutil
import tempfile
from functools import cache
from pathlib import Path

from course.plan import ROOT, file_of, plan
from grading.lesson import Lesson

REFERENCE = ROOT / "tinytorch"
GRADING = Path(__file__).parent


@cache
def scratch(name: str) -> Path:
    """A temporary folder that lasts as long as this process, the same for the same name."""
    folder = tempfile.mkdtemp(prefix=f"tinytorch-{name}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def package_for_grader(lesson: Lesson) -> Path:
    """The reference's lessons that `lesson` needs, and its companions, which find the lesson's modules beside them."""
    return write_package(lesson, scratch("grader") / lesson.name)


@cache
def package_for_kernel(lesson: Lesson) -> Path:
    """The same without the lesson's companions: they import the lesson, which is only in the notebook."""
    folder = scratch("kernel") / lesson.name
    shutil.copytree(package_for_grader(lesson), folder)
    for file in companion_files(lesson):
        (folder / "tinytorch" / file).unlink(missing_ok=True)  # it may wait for another lesson
    return folder


@cache
def grader_in_sandbox() -> Path:
    """What of the grading the sandbox sees, copied once for this process: an edit meanwhile would ask otherwise."""
    folder = scratch("sandbox") / "grader"
    shutil.copytree(GRADING / "probes", folder / "probes", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(GRADING / "runner.py", folder / "runner.py")
    return folder


def write_package(lesson: Lesson, folder: Path) -> Path:
    """Write into `folder` what the lesson stands on of the reference package, and the lesson's companions."""
    own = {file_of(module.removeprefix("tinytorch.")) for module in lesson.modules}
    needed = {*plan().needed(lesson.name)}
    here = {file for name in needed for file in plan().lessons[name].files}
    here |= {file for companion in plan().ready(needed) for file in companion.files}
    elsewhere = {file_of(module) for module in plan().modules} - here
    for file in sorted(REFERENCE.rglob("*.py")):
        name = file.relative_to(REFERENCE).as_posix()
        if name not in own | elsewhere:
            target = folder / "tinytorch" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    compileall.compile_dir(folder / "tinytorch", quiet=1)
    return folder


@cache
def companion_sources(lesson: Lesson) -> tuple[str, ...]:
    """The sources of the lesson's companions, which stand on its exercises."""
    return tuple((REFERENCE / file).read_text(encoding="utf-8") for file in companion_files(lesson))


def companion_files(lesson: Lesson) -> list[str]:
    """What the lesson's companions export, inside the package."""
    return [file for companion in plan().lessons[lesson.name].companions for file in companion.files]
