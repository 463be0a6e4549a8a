"""Every notebook is committed clean and runs from top to bottom."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from run_notebook import in_a_fork, in_a_kernel
from sampling import every

from course.exercise import hints_of
from course.notebook import BLANK, EXPORTED, read
from course.plan import plan

ROOT = Path(__file__).parents[2]
NOTEBOOKS = plan().notebooks
LESSONS = [notebook for notebook in NOTEBOOKS if notebook.stem == notebook.parent.name]
by_name = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[notebook.stem for notebook in NOTEBOOKS])


# The lessons run one after another in tests/course/test_learner.py; the first of them here too, in a kernel.
RUN_HERE = [notebook for notebook in NOTEBOOKS if notebook not in LESSONS[1:]]


@pytest.mark.parametrize("notebook", every(5, RUN_HERE), ids=[notebook.stem for notebook in RUN_HERE])
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
        assert set(cell.metadata) <= {"nbgrader", "tags", "deletable", "editable", "jupyter"}, (
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


@pytest.mark.parametrize("lesson", plan().lessons)
def test_there_are_hints_and_predictions(lesson):
    """Three hints for each exercise, as a terminal can show them; and at least three times the reader thinks first."""
    notebook = read(plan().notebook(lesson))
    for exercise in notebook.exercises:
        hints = hints_of(notebook, exercise)
        assert len(hints) == 3, exercise
        assert not any("$" in hint for hint in hints), f"{exercise}: a formula is shown raw by `python -m course hint`"
    assert sum("predict(" in cell.source and "guess = ..." in cell.source for cell in notebook.code) >= 3
