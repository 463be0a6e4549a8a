"""The one reader of notebooks."""

import json

from course.notebook import Cell, parsed, read
from course.plan import plan

EXERCISE = "#| export\ndef f(x):\n    ### BEGIN SOLUTION\n    y = x\n    return y\n    ### END SOLUTION\n"
CHECK = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(2) == 2\n### END HIDDEN TESTS\n"
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# 01 Title\n", "\n", "## First\n", "Text."]},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": ["#| default_exp nn.losses"]},
        {"cell_type": "code", "id": "c", "metadata": {"nbgrader": {"grade_id": "f", "solution": True, "grade": False}},
         "source": EXERCISE.splitlines(keepends=True)},
        {"cell_type": "code", "id": "d", "source": CHECK, "metadata": {
            "nbgrader": {"grade_id": "check-f", "solution": False, "grade": True, "points": 5}}},
        {"cell_type": "code", "id": "e", "metadata": {}, "source": "#| export\nz = 1"},
    ]
}  # fmt: skip


def test_what_a_notebook_holds(tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(NOTEBOOK))
    nb = read(tmp_path / "a.ipynb")
    assert nb == parsed(NOTEBOOK)
    assert nb.heading == "01 Title" and nb.default_exp == "nn.losses"
    assert [cell.id for cell in nb.code] == ["b", "c", "d", "e"] and [cell.id for cell in nb.exported] == ["c", "e"]
    assert list(nb.exercises) == ["f"] and nb.points == {"f": 5}
    assert nb.exercises["f"].section == "First" and nb.cells[0].section == "First"
    assert parsed({"cells": []}).default_exp is None and parsed({"cells": []}).heading is None


def test_solutions_and_blanks():
    exercise, check = parsed(NOTEBOOK).cells[2:4]
    assert exercise.solved == "#| export\ndef f(x):\n    y = x\n    return y\n"
    assert exercise.released == "#| export\ndef f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    assert not exercise.is_blank and Cell("code", exercise.released).is_blank
    assert not Cell("code", 'raise NotImplementedError("with a message")').is_blank
    assert check.solved == "assert f(1) == 1\n" and check.checks == "f" and check.exercise is None
    assert exercise.exercise == "f" and exercise.checks is None


def test_the_lessons():
    """Each has exercises, each of them its check with points, and a heading that begins with its number."""
    for name, lesson in plan().lessons.items():
        nb = read(plan().notebook(name))
        assert nb.exercises and nb.exercises.keys() == nb.points.keys(), name
        assert nb.default_exp == lesson.exports[0] and nb.heading.startswith(f"{lesson.number:02} ")
