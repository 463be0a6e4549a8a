"""What `pip install` of the wheel brings: lessons, milestones, the tools; not the finished package, unless asked for.
And what a student gets by the wheel that an instructor makes: the same, without solutions."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from course.notebook import SOLUTION, read
from course.plan import plan
from course.workspace import contents
from grading.bundle import bundle

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Both, built offline by the setuptools that is here, from a copy: a build leaves folders in its source."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheels")
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    ran = subprocess.run([*build, ".", "./packaging/tinytorch"], cwd=source, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def python(wheels):
    """A Python with the course's wheel installed, and with all packages of this environment but the course itself."""
    return installed(next(wheels.glob("tinytorch_course-*.whl")), wheels / "environment")


def installed(wheel: Path, made: Path) -> Path:
    venv.create(made, with_pip=False)
    site = next(made.glob("lib/python3*/site-packages"))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    (site / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return made / "bin" / "python"


def run(python, *arguments, cwd):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONPATH")}
    return subprocess.run([python, *arguments], cwd=cwd, capture_output=True, text=True, env=environment)


def test_a_workspace_is_made_and_caught_up(python, tmp_path):
    ran = run(python, "-m", "course", "lab", "--no-start", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    workspace = tmp_path / "workspace"
    assert {path.stem for path in workspace.glob("*.ipynb")} == set(plan().lessons)
    assert run(python, "-m", "course", "catch-up", "5", cwd=workspace).returncode == 0
    trained = run(python, "-m", "milestones", "run", "perceptron", "--seeds", "1", cwd=workspace)
    assert trained.returncode == 0 and "your tinytorch" in trained.stdout, trained.stdout + trained.stderr


def test_the_doctor_knows_that_pip_installed_it(python, tmp_path):
    """No repository is there, whose pyproject.toml could be asked."""
    ran = run(python, "-m", "course", "doctor", cwd=tmp_path)
    assert (
        "the packages of the course are installed" in ran.stdout and "`python -m course lab --workspace " in ran.stdout
    )
    assert "Traceback" not in ran.stderr and "setup" not in ran.stdout, ran.stdout + ran.stderr


def test_a_learner_does_not_find_the_finished_package(python, tmp_path):
    ran = run(python, "-c", "import course, tinytorch", cwd=tmp_path)
    assert "No module named 'tinytorch'" in ran.stderr


def test_commands_that_want_the_repository_are_not_offered(python, tmp_path):
    ran = run(python, "-m", "course", cwd=tmp_path)
    assert " lab " in ran.stdout and " test " not in ran.stdout and " export " not in ran.stdout


def test_the_finished_package_is_whole(wheels):
    """Every file of tinytorch/, and nothing else."""
    with zipfile.ZipFile(next(wheels.glob("tinytorch_reference-*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if not name.startswith("tinytorch_reference-")}
    listed = subprocess.run(["git", "ls-files", "tinytorch"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert packed == set(listed.stdout.split())


class TestStudentsBundle:
    SOLVED = "01_tensor"

    @pytest.fixture(scope="class")
    def wheel(self, tmp_path_factory):
        return bundle(tmp_path_factory.mktemp("bundle"), [self.SOLVED])

    @pytest.fixture(scope="class")
    def workspace(self, wheel, tmp_path_factory):
        folder = tmp_path_factory.mktemp("student")
        python = installed(wheel, folder / "environment")
        ran = run(python, "-m", "course", "lab", "--no-start", cwd=folder)
        assert ran.returncode == 0, ran.stderr
        return python, folder / "workspace"

    def test_it_holds_no_solution(self, wheel):
        """No two lines of a solution stand one after the other in any file; of a short one, not the line."""
        with zipfile.ZipFile(wheel) as packed:
            texts = [packed.read(name).decode() for name in packed.namelist() if name.endswith((".py", ".ipynb"))]
        everything = "\n".join(stripped(json_lines(text)) for text in texts)
        for lesson in plan().lessons.keys() - {self.SOLVED}:
            for exercise, cell in read(plan().notebook(lesson)).exercises.items():
                regions = [
                    stripped(match[0].split("\n", 1)[1].rsplit("\n", 1)[0]) for match in SOLUTION.finditer(cell.source)
                ]
                long = [region for region in regions if len(region) > 80]
                assert not any(region in everything for region in long), exercise

    def test_the_workspace_is_that_of_the_whole_course(self, workspace):
        _, folder = workspace
        for name, text in contents().items():
            assert (folder / name).read_text(encoding="utf-8") == text, name

    def test_catching_up_goes_as_far_as_solutions_were_given(self, workspace):
        python, folder = workspace
        assert run(python, "-m", "course", "catch-up", "2", cwd=folder).returncode == 0
        ran = run(python, "-m", "course", "catch-up", "3", cwd=folder)
        assert ran.stderr.startswith("this copy of the course holds no solution of 02 autograd: do them first")
        ran = run(python, "-m", "course", "solution", "2", "walk", "--now", cwd=folder)
        assert ran.stderr.startswith("this copy of the course holds no solutions: ask whoever gave it to you")


def json_lines(text: str) -> str:
    """The sources of a notebook, or the text of a module."""
    if not text.startswith("{"):
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
