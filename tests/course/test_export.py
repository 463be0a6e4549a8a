"""The package is what the notebooks say: exporting again changes nothing, and nothing but code gets into it."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.exporter import HEADER, export_all, is_generated, notebooks
from course.plan import plan
from course.whose import CourseError

ROOT = Path(__file__).parents[2]
EXPORTED = {f"{module.replace('.', '/')}.py": notebook for module, notebook in notebooks(ROOT).items()}


def course(root, **cells):
    """A small course: one notebook for each lesson, whose cells are given as source; the first names what it exports."""
    (root / "course").mkdir(exist_ok=True)
    exports = {
        name: [sources[0].split()[-1], *re.findall(r"^#\| export (\S+)", "\n".join(sources), re.MULTILINE)]
        for name, sources in cells.items()
    }
    (root / "course/plan.toml").write_text(
        "".join(f"[{name}]\nneeds = []\nexports = {[*dict.fromkeys(modules)]}\n" for name, modules in exports.items())
    )
    plan.cache_clear()
    for name, sources in cells.items():
        folder = root / "modules" / name
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(
            new_notebook(
                cells=[new_markdown_cell("# Title", id="title")]
                + [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
            ),
            folder / f"{name}.ipynb",
        )
    return root


def test_exporting_again_changes_nothing(tmp_path):
    """Into an empty folder elsewhere, so that every byte comes from the notebooks alone."""
    export_all(ROOT, tmp_path / "tinytorch")
    written = {file.relative_to(tmp_path / "tinytorch").as_posix(): file.read_text() for file in tmp_path.rglob("*.py")}
    assert set(written) == set(EXPORTED)
    differing = [name for name, text in written.items() if text != (ROOT / "tinytorch" / name).read_text()]
    assert not differing, (
        f"tinytorch/ is not what the notebooks export: run `python -m course export` (differs: {differing})"
    )
    assert export_all(ROOT, tmp_path / "tinytorch") == []


def test_generated_files_are_those_of_the_notebooks():
    generated = {
        file.relative_to(ROOT / "tinytorch").as_posix()
        for file in (ROOT / "tinytorch").rglob("*.py")
        if is_generated(file)
    }
    assert generated == set(EXPORTED)


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_file_is_clean(name):
    text = (ROOT / "tinytorch" / name).read_text()
    for word in (
        "BEGIN SOLUTION",
        "END SOLUTION",
        "HIDDEN TESTS",
        "YOUR CODE HERE",
        "#|",
        "%matplotlib",
        str(ROOT),
        str(Path.home()),
    ):
        assert word not in text, f"{name} holds {word!r}"
    assert text.startswith('"""'), f"{name}: begin the first exported cell with a module docstring"
    assert not re.search(r"^\s*from tinytorch\b", text, re.MULTILINE), (
        f"{name}: an import of the package is not relative"
    )
    assert not re.search(r"^(?:from|import) (?:course|milestones|torch|matplotlib|IPython)\b", text, re.MULTILINE), (
        f"{name} imports, as it loads, what the package must not need"
    )


def test_markers_imports_and_docstring(tmp_path):
    root = course(
        tmp_path,
        **{
            "01_a": [
                "#| default_exp nn.a",
                '#| export\n"""What a is."""\n\nfrom tinytorch.b import y\nfrom tinytorch import z',
                "print('not exported')",
                "#| export\nfrom tinytorch.nn.c import (\n    u,\n)",
                "#| export\ndef f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n    # kept",
                "#| export\ng = 1\n### BEGIN HIDDEN TESTS\nassert g\n### END HIDDEN TESTS",
            ]
        },
    )
    assert export_all(root) == ["nn/a.py"]
    text = (root / "tinytorch/nn/a.py").read_text()
    assert text.startswith(f'"""What a is."""\n\n{HEADER} File to edit: ../../modules/01_a/01_a.ipynb.')
    assert (
        "__all__ = ['g', 'f']" in text
        and "from ..b import y" in text
        and "from .. import z" in text
        and "from .c import (" in text
    )
    assert "def f(x):\n    return x\n    # kept" in text and "not exported" not in text and "assert g" not in text
    assert export_all(root) == []


def test_a_lost_notebook_loses_its_file_and_nothing_else(tmp_path):
    lessons = {"01_a": ["#| default_exp a", "#| export\nx = 1"], "02_b": ["#| default_exp b", "#| export\ny = 1"]}
    root = course(tmp_path, **lessons)
    export_all(root)
    (root / "tinytorch/__init__.py").write_text("by hand = 1\n")
    (root / "modules/02_b/02_b.ipynb").unlink()
    with pytest.raises(CourseError, match=r"02_b.ipynb is in course/plan.toml, and missing in modules/"):
        export_all(root)
    course(tmp_path, **{"01_a": lessons["01_a"]})
    assert export_all(root) == ["b.py (removed)"]
    assert sorted(file.name for file in (root / "tinytorch").iterdir()) == ["__init__.py", "a.py"]


def test_two_notebooks_for_one_file(tmp_path):
    root = course(
        tmp_path, **{"01_a": ["#| default_exp a", "#| export\nx = 1"], "02_b": ["#| default_exp a", "#| export\ny = 1"]}
    )
    with pytest.raises(CourseError, match=r"01_a.ipynb and 02_b.ipynb both export to a"):
        export_all(root)


def test_the_plan_and_the_notebooks_agree(tmp_path):
    lessons = {"01_a": ["#| default_exp a", "#| export\nx = 1"], "02_b": ["#| default_exp b", "#| export\ny = 1"]}
    root = course(tmp_path, **lessons)
    (root / "course/plan.toml").write_text('[01_a]\nneeds = []\nexports = "c"\n')
    plan.cache_clear()
    with pytest.raises(CourseError, match=r"01_a.ipynb exports a, course/plan.toml says c"):
        export_all(root)
    (root / "course/plan.toml").write_text('[01_a]\nneeds = []\nexports = "a"\n')
    plan.cache_clear()
    with pytest.raises(CourseError, match=r"02_b.ipynb is in modules/, and missing in course/plan.toml"):
        export_all(root)


def test_never_over_a_file_written_by_hand(tmp_path):
    root = course(tmp_path, **{"01_a": ["#| default_exp a", "#| export\nx = 1"]})
    (root / "tinytorch").mkdir()
    (root / "tinytorch/a.py").write_text("mine = 1\n")
    with pytest.raises(CourseError, match="by hand"):
        export_all(root)
    assert (root / "tinytorch/a.py").read_text() == "mine = 1\n"


def test_only_the_tools_are_installed(tmp_path):
    """From any other folder, the environment finds `course`, but neither the reference nor the milestones."""
    probe = (
        "import importlib.util as u, course; "
        "print([name for name in ('tinytorch', 'milestones', 'grading', 'tests') if u.find_spec(name)])"
    )
    run = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stdout + run.stderr


TWO_FILES = [
    "#| default_exp nn.a",
    "#| export\nimport math\n\n\ndef area(r):\n    return math.pi * square(r)",
    '#| export nn.b\n"""Squares."""\n\n\ndef square(x):\n    return x * x',
]


def test_a_notebook_of_two_files(tmp_path):
    """A cell may name its file; a file imports what it uses of the notebook's others."""
    root = course(tmp_path, **{"01_a": TWO_FILES})
    assert export_all(root) == ["nn/a.py", "nn/b.py"] and export_all(root) == []
    assert (root / "tinytorch/nn/b.py").read_text().startswith('"""Squares."""\n')
    run = [sys.executable, "-c", "from tinytorch.nn.a import area; print(area(1))"]
    assert subprocess.run(run, cwd=root, capture_output=True, text=True, check=True).stdout.startswith("3.14")


def test_files_of_a_notebook_import_one_way(tmp_path):
    root = course(tmp_path, **{"01_a": [*TWO_FILES, "#| export nn.b\ndef disc():\n    return area(1)"]})
    with pytest.raises(CourseError, match="import each other one way"):
        export_all(root)
