"""The learner's workspace: theirs alone, kept, and honest about whose code runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.validator import Validator
from small_course import edit, execute, execute_in_kernel, solve

from course import describe, workspace
from course.lesson import listing
from course.plan import plan
from course.whose import CourseError, record

ROOT = Path(__file__).parents[2]


def test_what_a_workspace_holds(mine, course):
    names = {file.relative_to(mine).as_posix() for file in mine.rglob("*") if file.is_file()}
    assert {
        "01_one.ipynb",
        "given/01_one_creation.ipynb",
        "02_two.ipynb",
        "README.md",
        "tinytorch/__init__.py",
        "tinytorch/lessons.json",
    } <= names
    assert not {"tinytorch/tensor.py", "tinytorch/autograd.py", "tinytorch/nn/module.py"} & names, "it starts empty"
    assert describe(mine / "tinytorch").text == "your tinytorch: 0 of 4 lessons"
    assert (
        describe(course / "tinytorch").text == "the reference tinytorch" and describe(course / "tinytorch").is_reference
    )
    for file in mine.rglob("*"):
        if file.is_file() and file.name != ".course-python":
            assert str(course) not in file.read_text(), f"{file.name} names a folder of this machine"


def test_releases_of_the_real_lessons_hold_no_solution():
    for notebook in plan().notebooks:
        source, text = nbformat.read(notebook, as_version=4), workspace.release(notebook)
        released = {cell.id: cell for cell in nbformat.reads(text, as_version=4).cells}
        assert len(released) == len(source.cells)
        for cell in source.cells:
            note = cell.metadata.get("nbgrader", {})
            if note.get("solution"):
                assert (
                    "raise NotImplementedError()" in released[cell.id].source
                    and "SOLUTION" not in released[cell.id].source
                )
                assert released[cell.id].metadata.nbgrader.checksum
            if note.get("locked"):
                assert not released[cell.id].metadata.editable and not released[cell.id].metadata.deletable


def test_kept_and_never_overwritten(course, tmp_path):
    root, mine = shutil.copytree(course, tmp_path / "course"), tmp_path / "mine"
    workspace.create(mine, root)
    solve(mine / "01_one.ipynb")
    (mine / "tinytorch/tensor.py").write_text("mine = 1\n")
    (mine / "02_two.ipynb").unlink()
    before = {file: file.read_bytes() for file in mine.rglob("*") if file.is_file() and not file.name.startswith(".")}
    assert workspace.create(mine, root) == (["02_two.ipynb"], [])
    edit(root / "modules/01_one/01_one.ipynb", "A module.", "A better module.")
    assert workspace.create(mine, root) == ([], ["01_one.ipynb"]), "the course has a newer one"
    assert {file: file.read_bytes() for file in before} == before


def test_a_lesson_after_the_other(mine):
    said, errors = execute_in_kernel(mine / "01_one.ipynb")
    assert said == "your tinytorch: 0 of 4 lessons\n"
    assert (
        errors[0].startswith("NotImplementedError") and 'still blank, as the notebook is saved: "1. Two"' in errors[-1]
    )
    assert not (mine / "tinytorch/tensor.py").exists()

    solve(mine / "01_one.ipynb")
    said, errors = execute_in_kernel(mine / "01_one.ipynb")
    assert not errors and said.endswith(
        "exported tinytorch/tensor.py, tinytorch/ops/creation.py\nyour tinytorch: 1 of 4 lessons\n"
    )
    assert "return 2 * x" in (mine / "tinytorch/tensor.py").read_text()
    assert "../01_one.ipynb" in (mine / "tinytorch/tensor.py").read_text()

    solve(mine / "02_two.ipynb")
    milestone = "you can train a milestone now: python -m milestones run two_2000\n"
    said = execute(mine / "02_two.ipynb")[0]
    assert said.endswith(f"your tinytorch: 2 of 4 lessons\n{milestone}next: 03_six.ipynb\n")
    assert milestone not in execute(mine / "02_two.ipynb")[0], "once"
    assert "from .tensor import Tensor" in (mine / "tinytorch/autograd.py").read_text()


def test_a_missing_lesson_and_catching_up(mine, course):
    solve(mine / "03_six.ipynb")
    said, errors = execute(mine / "03_six.ipynb")
    assert errors[0].startswith("CourseError: lesson 03 six builds on 01 one, 02 two, not in your tinytorch yet")
    assert "01_one.ipynb" in errors[0] and "catch-up 03_six" in errors[0]

    solve(mine / "01_one.ipynb", "return x + x")
    execute(mine / "01_one.ipynb")
    assert workspace.catch_up(3, mine, course) == ["02_two"] and workspace.catch_up(3, mine, course) == []
    assert "return x + x" in (mine / "tinytorch/tensor.py").read_text(), "what is the learner's own is not touched"
    assert describe(mine / "tinytorch").text == "your tinytorch: 1 of 4 lessons (02 two from the reference)"
    said, errors = execute(mine / "03_six.ipynb")
    assert not errors and said.startswith("your tinytorch: 1 of 4 lessons (02 two from the reference)\n")
    assert said.endswith("your tinytorch: 2 of 4 lessons (02 two from the reference)\nnext: 04_ten.ipynb\n")

    solve(mine / "02_two.ipynb")
    said = execute(mine / "02_two.ipynb")[0]
    assert "\nyour tinytorch: 3 of 4 lessons\n" in said, "their own replaces the reference's"


def test_many_companions_are_counted():
    assert listing(["a.py", "b.py", "c.py"], own=1) == "a.py, b.py, c.py"
    assert listing(["a.py", "b.py", "c.py", "d.py", "e.py"], own=2) == "a.py, b.py, and 3 files of its companions"


def test_a_lesson_wants_what_the_plan_says_and_no_more(mine, course):
    """04 needs 01 alone; its companion, which needs 02 too, waits until that is there."""
    solve(mine / "01_one.ipynb")
    solve(mine / "02_two.ipynb")
    solve(mine / "04_ten.ipynb")
    assert execute(mine / "04_ten.ipynb")[1][0].startswith("CourseError: lesson 04 ten builds on 01 one, not in")
    execute(mine / "01_one.ipynb")
    said, errors = execute(mine / "04_ten.ipynb")
    assert not errors and said.endswith("exported tinytorch/data.py\nyour tinytorch: 2 of 4 lessons\n")
    assert execute(mine / "given/04_ten_datasets.ipynb")[1][0].startswith(
        "CourseError: lesson 04 ten datasets builds on 02 two, not in your tinytorch yet"
    )
    said, errors = execute(mine / "02_two.ipynb")
    assert not errors and "exported tinytorch/autograd.py, tinytorch/datasets.py\n" in said
    assert workspace.catch_up("all", mine, course) == ["03_six"]


def test_a_companion_runs_and_is_exported_in_given(mine):
    assert "builds on 01 one" in execute(mine / "given/01_one_creation.ipynb")[1][0]
    solve(mine / "01_one.ipynb")
    execute(mine / "01_one.ipynb")
    edit(mine / "given/01_one_creation.ipynb", "three = 3", "three = 1 + 2")
    said, errors = execute(mine / "given/01_one_creation.ipynb")
    assert not errors and said.splitlines()[1] == "exported tinytorch/ops/creation.py"
    assert said.count("your tinytorch: 1 of 4 lessons\n") == 2
    text = (mine / "tinytorch/ops/creation.py").read_text()
    assert "three = 1 + 2" in text and "../../given/01_one_creation.ipynb" in text


def answer_with(source):
    def change(nb):
        next(cell for cell in nb.cells if cell.id == "double").source = f"#| export\ndef double(x):\n    {source}"

    return change


def test_a_notebook_that_is_not_saved_is_refused(mine):
    solve(mine / "01_one.ipynb", "return 3 * x")
    for change in (answer_with("return 2 * x"), lambda nb: nb.cells.pop(4)):
        errors = execute(mine / "01_one.ipynb", change)[1]
        assert "`double` is saved in 01_one.ipynb otherwise than it last ran here" in errors[-1]

    def the_saved_one_ran_first(nb):
        nb.cells.insert(5, new_code_cell("#| export\ndef double(x):\n    return 2 * x"))

    assert "Ctrl+S" in execute(mine / "01_one.ipynb", the_saved_one_ran_first)[1][-1]
    assert not (mine / "tinytorch/tensor.py").exists()


def test_code_that_does_not_import_is_refused(mine):
    solve(mine / "01_one.ipynb")
    edit(mine / "01_one.ipynb", "class Tensor:", "class Tensor(helper):")

    def a_helper_that_is_not_exported(nb):
        nb.cells[1:1] = [new_code_cell("helper = object")]

    errors = execute(mine / "01_one.ipynb", a_helper_that_is_not_exported)[1]
    assert "does not import by itself" in errors[-1] and "helper" in errors[-1]
    assert describe(mine / "tinytorch").text == "your tinytorch: 0 of 4 lessons"


def test_the_reference_beside_it_is_not_found_first(mine, course, monkeypatch):
    """With the repository in PYTHONPATH a kernel in the workspace still runs on the workspace's package."""
    monkeypatch.setenv("PYTHONPATH", str(course))
    solve(mine / "01_one.ipynb", "return x + x  # mine")
    assert "1 of 4" in execute(mine / "01_one.ipynb")[0]
    probe = "from course import begin; begin('02_two'); import tinytorch.tensor as t; print(t.__file__)"
    said = subprocess.check_output([sys.executable, "-c", probe], cwd=mine, text=True).splitlines()[1]
    assert "# mine" in Path(said).read_text()


def test_begin_refuses_another_package(mine, course):
    probe = (
        f"import sys; sys.path.insert(0, {str(course)!r}); import tinytorch; from course import begin; begin('01_one')"
    )
    ran = subprocess.run([sys.executable, "-c", probe], cwd=mine, capture_output=True, text=True)
    assert ran.returncode and "CourseError: `import tinytorch` finds" in ran.stderr and not ran.stdout


def test_begin_says_what_to_install(mine):
    probe = "from course import begin; begin('01_one', needs='numpy'); begin('01_one', needs='no_such_package')"
    ran = subprocess.run([sys.executable, "-c", probe], cwd=mine, capture_output=True, text=True)
    assert ran.stdout.count("your tinytorch") == 2 and "needs no_such_package" in ran.stderr
    assert "-m pip install no_such_package`, then restart the kernel" in ran.stderr


def test_in_the_repository(course, monkeypatch):
    """A lesson in modules/ stands on the reference, and its last cell writes nothing."""
    monkeypatch.setenv("PYTHONPATH", str(course))
    before = {file: file.read_bytes() for file in course.rglob("*.py")}
    said, errors = execute(course / "modules/02_two/02_two.ipynb")
    assert not errors and said.startswith("the reference tinytorch\n") and "double passes: 5 points" in said
    assert said.endswith("\n`python -m course export` writes the package: nothing was exported\n")
    assert {file: file.read_bytes() for file in course.rglob("*.py")} == before


def test_validate(mine):
    """nbgrader's Validate, behind the button in JupyterLab: what passes, what fails, what is blank."""
    notebook = mine / "01_one.ipynb"
    assert "failed" in Validator().validate(str(notebook)) or "changed" in Validator().validate(str(notebook))
    solve(notebook)
    assert Validator().validate(str(notebook)) == {}
    solve(notebook, "return 3 * x")
    assert "got 6" in Validator().validate(str(notebook))["failed"][0]["raw_error"]


def course_command(*arguments, folder):
    ran = subprocess.run(
        [sys.executable, "-m", "course", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_commands(tmp_path):
    """The real course: `lab` without starting JupyterLab, then catch up and status in the workspace."""
    code, said = course_command("lab", "--workspace", str(tmp_path / "mine"), "--no-start", folder=ROOT)
    assert code == 0 and said.startswith("your tinytorch: 0 of")
    code, said = course_command("catch-up", "2", folder=tmp_path / "mine")
    assert code == 0 and said.startswith("from the reference: 01 tensor\n") and "(01 tensor from the reference)" in said
    code, said = course_command("status", folder=tmp_path / "mine")
    assert code == 0 and "01 tensor" in said and "reference" in said
    probe = "import tinytorch; print(tinytorch.tensor([2.0]).exp().shape, tinytorch.__file__)"
    said = subprocess.check_output([sys.executable, "-c", probe], cwd=tmp_path / "mine", text=True)
    assert said.strip() == f"torch.Size([1]) {tmp_path / 'mine/tinytorch/__init__.py'}"
    code, said = course_command("catch-up", "2", folder=tmp_path)
    assert code == 1 and "no workspace" in said


def test_catching_up_outside_a_workspace(tmp_path):
    with pytest.raises(CourseError, match="no workspace"):
        workspace.catch_up(3, tmp_path)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A workspace of the real course with every lesson, the first declared the learner's own."""
    mine = tmp_path_factory.mktemp("real") / "mine"
    workspace.create(mine)
    workspace.catch_up("all", mine)
    record(mine / "tinytorch", "01_tensor", "yours")
    return mine


def milestone(folder, *options):
    """Exit status and record of one short milestone, with the reference importable beside the learner's package."""
    ran = subprocess.run(
        [sys.executable, "-m", "milestones", "run", "xor_1969", "--seeds", "1", "--json", "run.json", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    return ran.returncode, json.loads((folder / "run.json").read_text())[0]


def test_a_wrong_tensor_fails_a_milestone_though_the_reference_is_beside_it(real):
    status, run = milestone(real)
    assert (
        status == 0
        and run["passed"]
        and run["whose"].startswith("your tinytorch: 1 of ")
        and "from the reference)" in run["whose"]
    )

    file = real / "tinytorch/tensor.py"
    right = file.read_text()
    file.write_text(
        right + "\n\n_right = MatMul.forward\nMatMul.forward = lambda self, a, b: _right(self, a, b * 0 + 1)\n"
    )
    status, run = milestone(real)
    assert status == 1 and not run["passed"] and run["whose"].startswith("your tinytorch"), (
        "a matrix product that ignores one side"
    )
    status, run = milestone(real, "--reference")
    assert status == 0 and run["passed"] and run["whose"] == "the reference tinytorch", (
        "asked for by name, the reference runs"
    )
    file.write_text(right)


def test_the_milestones_refuse_the_reference_unless_asked_for():
    ran = subprocess.run(
        [sys.executable, "-m", "milestones", "run", "xor_1969"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode and "--reference" in ran.stdout and "held out" not in ran.stdout


def test_export_of_what_is_no_lesson(mine):
    shutil.copyfile(mine / "given/01_one_creation.ipynb", mine / "01_own.ipynb")
    edit(mine / "01_own.ipynb", 'export("01_one_creation")', 'export("01_own")')
    assert "there is no lesson '01_own': did you mean 01_one" in execute(mine / "01_own.ipynb")[1][-1]
    assert describe(mine / "tinytorch").lessons == {}
