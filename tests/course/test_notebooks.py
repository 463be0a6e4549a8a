"""Every notebook is committed clean and runs from top to bottom."""

import contextlib
import io
import multiprocessing
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.nbgraderformat import MetadataValidator

from course.notebook import BLANK, EXPORTED
from course.plan import plan

ROOT = Path(__file__).parents[2]
NOTEBOOKS = plan().notebooks
LESSONS = [notebook for notebook in NOTEBOOKS if notebook.stem == notebook.parent.name]
by_name = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[notebook.stem for notebook in NOTEBOOKS])
SECONDS = 600  # a cell that takes as long hangs; `make benchmark` says how long lessons take


def in_a_kernel(notebook: Path) -> str:
    """Run all cells; what they printed."""
    nb = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        nb, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(notebook.parent)}}
    )
    client.execute(env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})  # begin() finds it
    return "".join(output.get("text", "") for cell in nb.cells for output in cell.get("outputs", []))


def in_a_fork(notebook: Path) -> str:
    """The same in a fork of this process, without the two seconds that a kernel takes to start."""
    said, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=run_cells, args=(notebook, theirs))
    child.start()
    theirs.close()
    assert said.poll(SECONDS), "a cell hangs"
    stopped, text = said.recv()
    child.join()
    assert not stopped, stopped
    return text


def run_cells(notebook: Path, answers):
    """In IPython, which has not yet imported the package, with the environment and the folder that a kernel has."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    os.environ.pop("PYTHONPATH", None)
    sys.path = [folder for folder in sys.path if not Path(folder).resolve().is_relative_to(ROOT) or ".venv" in folder]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
        del sys.modules[name]
    os.chdir(notebook.parent)
    matplotlib.use("agg")
    shell, stopped = InteractiveShell.instance(), None
    with contextlib.redirect_stdout(io.StringIO()) as text:
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type == "code" and not (result := shell.run_cell(cell.source)).success:
                stopped = f"{notebook.stem}, cell {cell.id}: {result.error_in_exec or result.error_before_exec!r}"
                break
    answers.send((stopped, text.getvalue()))


# The lessons run one after another in tests/course/test_learner.py; the first of them here too, in a kernel.
RUN_HERE = [notebook for notebook in NOTEBOOKS if notebook not in LESSONS[1:]]


@pytest.mark.parametrize("notebook", RUN_HERE, ids=[notebook.stem for notebook in RUN_HERE])
def test_runs_from_top_to_bottom(notebook):
    before = sorted(os.listdir(notebook.parent))
    said = in_a_kernel(notebook) if notebook in LESSONS else in_a_fork(notebook)
    assert sorted(os.listdir(notebook.parent)) == before, "the notebook leaves files in the repository"
    assert said.startswith("the reference tinytorch\n"), "it first says whose package it stands on"


def test_a_notebook_that_stops_is_found(tmp_path):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0", id="here")])
    nbformat.write(nb, tmp_path / "stops.ipynb")
    with pytest.raises(AssertionError, match=r"cell here: .*division by zero"):
        in_a_fork(tmp_path / "stops.ipynb")


@by_name
def test_is_committed_clean(notebook):
    nb, text = nbformat.read(notebook, as_version=4), notebook.read_text(encoding="utf-8")
    nbformat.validate(nb)
    assert set(nb.metadata) <= {"kernelspec", "language_info"} and nb.metadata.kernelspec.name == "python3"
    assert set(nb.metadata.get("language_info", {})) <= {"name"}, "language_info names a version of Python"
    for cell in nb.cells:
        assert set(cell.metadata) <= {"nbgrader", "tags", "deletable", "editable"}, (
            f"cell {cell.id}: {set(cell.metadata)}"
        )
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, f"cell {cell.id} has outputs"
    assert len({cell.id for cell in nb.cells}) == len(nb.cells), "two cells have one id"
    assert not re.search(r"/(?:home|Users|root|work|mnt)/\w|[A-Z]:\\\\\w", text), "a path of somebody's machine"


@by_name
def test_exercises_and_checks(notebook):
    """nbgrader can release it: valid metadata, unique ids, and each exercise has its check below it."""
    nb = nbformat.read(notebook, as_version=4)
    MetadataValidator().validate_nb(nb)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    ids = [cell.metadata.nbgrader.grade_id for cell in code if "nbgrader" in cell.metadata]
    assert len(set(ids)) == len(ids), "two cells have one grade_id"
    if notebook not in LESSONS:
        assert not ids, "a companion has nothing to fill in"
        return
    assert "begin(" in code[0].source or "begin(" in code[1].source, "a lesson's first cell calls begin()"
    assert f'export("{notebook.stem}")' in code[-1].source, "a lesson's last cell exports it"
    for cell in code:
        note = cell.metadata.get("nbgrader", {})
        if note.get("solution"):
            assert cell.source.count("### BEGIN SOLUTION") == cell.source.count("### END SOLUTION") > 0, cell.id
            assert EXPORTED.search(cell.source), f"{cell.id}: what a learner writes is exported"
            assert not BLANK.search(cell.source), (
                f"{cell.id}: give this NotImplementedError a message, it looks like a blank"
            )
            checks = [
                below for below in code[code.index(cell) :] if below.metadata.get("nbgrader", {}).get("points", 0) > 0
            ]
            assert f"check-{note.grade_id}" in [check.metadata.nbgrader.grade_id for check in checks], (
                f"{cell.id} has no check below"
            )
        else:
            assert "BEGIN SOLUTION" not in cell.source, f"{cell.id}: a solution outside of an exercise"
