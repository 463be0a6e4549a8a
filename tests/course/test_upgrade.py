"""A workspace of the first layout is carried over: with all that its learner wrote, and nothing lost on the way."""

import importlib.util
import json
import shutil
import subprocess
import sys
from hashlib import sha256

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import workspace
from course.exporter import module_texts
from course.notebook import read
from course.plan import ROOT, plan
from course.upgrade import OLD, digest, upgrade
from course.whose import CourseError, describe
from course.workspace import PLACED, create

LESSON = "01_tensor"
GIVEN = "np.array([0.1, 0.2]).dtype, np.float32(0.1).item(), np.float64(0.1).item()"  # a cell of the first layout
COMPANION = "# The companion, as it was placed."


def old_names(source):
    """As the first layout had it."""
    for old, new in OLD["attributes"].items():
        source = source.replace(f".{new}", f".{old}")
    return source


def lesson_as_solved():
    """The lesson of the first layout with today's solutions under the names of then, and what a learner added to it."""
    nb = nbformat.read(plan().notebook(LESSON), as_version=4)
    solved = read(plan().notebook(LESSON)).exercises
    for cell in nb.cells:
        if (exercise := cell.metadata.get("nbgrader", {}).get("grade_id")) in solved:
            cell.source = f"{old_names(solved[exercise].solved)}\n# solved by me"
            cell.source += f"\n{OLD['dropped'][0]}" * (exercise == "function-apply")
    at = next(at for at, cell in enumerate(nb.cells) if cell.source == GIVEN)
    nb.cells[at].source += "  # tried by me"
    nb.cells[at + 1 : at + 1] = [
        new_markdown_cell("My note on `x._array`.", id="note"),
        new_code_cell("#| export\ndef my_own(x):\n    return Tensor._wrap(x._array)", id="own"),
    ]
    return nb


@pytest.fixture(autouse=True, scope="module")
def releases_once():
    """Making the releases of all notebooks takes seconds, and they are the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        once = workspace.contents()
        patch.setattr(workspace, "contents", lambda root: once)
        yield


@pytest.fixture
def old(tmp_path):
    """A workspace of the first layout, as small as it can be: the first lesson is the learner's, the second filled in."""
    folder = tmp_path / "mine"
    (folder / "tinytorch/ops").mkdir(parents=True)
    (folder / "milestones").mkdir()
    companion = new_notebook(cells=[new_markdown_cell(COMPANION, id="c000")])
    placed = {
        "01_tensor.ipynb": "{}",
        "02_autograd.ipynb": "as placed",
        "01_tensor_backends.ipynb": nbformat.writes(companion),
        "tinytorch/__init__.py": "# as placed\n",
        "tinytorch/lessons.json": "{}\n",
        "milestones/xor_1969.py": "# as placed\n",
        "README.md": "as placed\n",
    }
    for name, text in placed.items():
        (folder / name).write_text(text)
    (folder / PLACED).write_text(json.dumps({name: sha256(text.encode()).hexdigest() for name, text in placed.items()}))
    nbformat.write(lesson_as_solved(), folder / "01_tensor.ipynb")
    (folder / "tinytorch/tensor.py").write_text(module_texts(folder / "01_tensor.ipynb", folder)["tensor"])
    (folder / "tinytorch/backends.py").write_text("# exported\n")
    names = {"01_tensor": {"tensor": [], "backends": []}, "02_autograd": {"autograd": []}}
    (folder / "tinytorch/names.json").write_text(json.dumps(names))
    lessons = {"01_tensor": {"whose": "yours"}, "02_autograd": {"whose": "reference"}}
    (folder / "tinytorch/lessons.json").write_text(json.dumps(lessons))
    return folder


def everything(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_the_learner_wrote_is_there_and_runs(old):
    before = everything(old)
    report = upgrade(old)
    assert report.exported == ["01 tensor"] and not report.again and report.notebooks == ["01_tensor.ipynb"]
    assert everything(report.backup) == before and report.backup == old.with_name("mine-before")
    assert str(report.backup) in str(report) and "01_tensor.ipynb" in str(report)

    cells = {cell.id: cell for cell in read(old / "01_tensor.ipynb").cells}
    exercises = read(old / "01_tensor.ipynb").exercises
    assert exercises.keys() == read(plan().notebook(LESSON)).exercises.keys()
    assert all(cell.source.endswith("# solved by me") and "._array" not in cell.source for cell in exercises.values())
    assert cells["own"].source.endswith("return Tensor.wrap(x.array)") and cells["note"].source.startswith("My note")
    assert any("  # tried by me" in cell.source for cell in cells.values())

    assert describe(old / "tinytorch").text.endswith("(02 autograd from the reference)")
    probe = "from tinytorch.tensor import tensor, my_own; print(my_own(tensor([1.0])), tensor([2.0]).exp().shape)"
    ran = subprocess.run([sys.executable, "-c", probe], cwd=old, capture_output=True, text=True)
    assert ran.stdout == "tensor([1.]) (1,)\n", ran.stderr
    assert "# solved by me" in (old / "tinytorch/tensor.py").read_text()
    assert create(old) == ([], []), "it is a workspace of today, and complete"
    with pytest.raises(CourseError, match="nothing to carry over"):
        upgrade(old)


def test_files_of_the_learner_and_changed_ones_of_the_course(old, monkeypatch):
    monkeypatch.setitem(OLD["companions"], "01_tensor_backends", digest(COMPANION))
    (old / "milestones/xor_1969.py").write_text("# changed by me\n")
    (old / "notes.txt").write_text("mine")
    (old / "data").mkdir()
    (old / "data/digits.bin").write_bytes(b"\x00\xff")
    own = [new_code_cell("from tinytorch.datasets import Digits\nx._array"), new_markdown_cell("x._array")]
    nbformat.write(new_notebook(cells=own), old / "scratch.ipynb")
    report = upgrade(old)
    assert report.kept == ["milestones/xor_1969.py.mine"]
    assert (old / "milestones/xor_1969.py.mine").read_text() == "# changed by me\n"
    assert (old / "milestones/xor_1969.py").read_bytes() == (ROOT / "milestones/xor_1969.py").read_bytes()
    assert (old / "notes.txt").read_text() == "mine" and (old / "data/digits.bin").read_bytes() == b"\x00\xff"
    code, text = read(old / "scratch.ipynb").cells
    assert code.source == "from tinytorch.vision.datasets import Digits\nx.array" and text.source == "x._array"
    assert not list(old.rglob("*backends.ipynb")), "an untouched companion is replaced"


def test_a_companion_that_was_changed_is_kept(old):
    nbformat.write(new_notebook(cells=[new_code_cell("x._array  # changed by me")]), old / "01_tensor_backends.ipynb")
    assert upgrade(old).kept == ["given/01_tensor_backends.mine.ipynb"]
    assert read(old / "given/01_tensor_backends.mine.ipynb").cells[0].source == "x.array  # changed by me"


@pytest.mark.parametrize(
    "change", [lambda cell: cell.source + "\nwrong =", lambda cell: "def f():\n    raise NotImplementedError()"]
)
def test_a_lesson_that_was_worked_on_since_is_not_exported(old, change):
    """What stands in the notebook was not checked; it is there, and the learner exports it."""
    nb = nbformat.read(old / "01_tensor.ipynb", as_version=4)
    cell = next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    cell.source = f"#| export\n{change(cell)}"
    nbformat.write(nb, old / "01_tensor.ipynb")
    report = upgrade(old)
    assert report.again == ["01_tensor.ipynb"] and not report.exported
    assert not (old / "tinytorch/tensor.py").exists() and "01_tensor" not in describe(old / "tinytorch").lessons
    assert cell.source.replace("._array", ".array") in [cell.source for cell in read(old / "01_tensor.ipynb").cells]


def test_a_given_cell_that_both_changed_is_quoted(old):
    nb = nbformat.read(old / "01_tensor.ipynb", as_version=4)
    cell = next(cell for cell in nb.cells if "import begin" in cell.source)
    cell.source = old_version = "y = x._array  # changed by me"
    nbformat.write(nb, old / "01_tensor.ipynb")
    today = read(plan().notebook(LESSON)).cells
    upgrade(old)
    cells = read(old / "01_tensor.ipynb").cells
    at = [each.id for each in cells].index(cell.id)
    if digest(today[[each.id for each in today].index(cell.id)].source) in OLD["given"][LESSON].split():
        assert cells[at].source == old_version.replace("._array", ".array"), "the course did not: theirs stands"
    else:
        assert old_version in cells[at + 1].source and cells[at + 1].kind == "markdown"


def test_nothing_happens_where_it_cannot_be_done(old):
    before = everything(old)
    (old.with_name("mine-before")).mkdir()
    with pytest.raises(CourseError, match="mine-before is in the way"):
        upgrade(old)
    shutil.rmtree(old.with_name("mine-before"))
    (old / "scratch.ipynb").write_text("no notebook")
    before["scratch.ipynb"] = b"no notebook"
    with pytest.raises(CourseError, match=r"scratch.ipynb is no notebook"):
        upgrade(old)
    assert everything(old) == before and sorted(file.name for file in old.parent.iterdir()) == ["mine"]


def test_the_commands_point_to_it(old):
    for arguments in (["lab", "--no-start"], ["upgrade"]):
        ran = subprocess.run(
            [sys.executable, "-m", "course", *arguments, "--workspace", str(old)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert ("python -m course upgrade" in ran.stderr) is bool(ran.returncode) is (arguments[0] == "lab")
    assert f"lies in: {old}-before" in ran.stdout
    shutil.rmtree(old)
    shutil.copytree(f"{old}-before", old)
    probe = "from course import begin; begin('02_autograd')"
    ran = subprocess.run([sys.executable, "-c", probe], cwd=old, capture_output=True, text=True)
    assert "python -m course upgrade" in ran.stderr


def test_the_table_of_the_first_layout():
    """Its new names exist."""
    assert all(importlib.util.find_spec(f"tinytorch.{module}") for module in OLD["modules"].values())
    assert OLD["given"].keys() <= plan().lessons.keys()
