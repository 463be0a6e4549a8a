"""Grade the grader: wrong solutions lose the points of their exercise and no other's, right ones lose nothing."""

import pytest
from solutions import RIGHT, WRONG

from grading import judge
from grading.submission import reference

SEED = judge.new_seed()  # of this run; what the reference answers to it is computed once


def named(solution):
    return f"{solution.lesson[:2]}-{solution.exercise}-{solution.name}".replace(" ", "_")


@pytest.mark.parametrize("solution", WRONG, ids=named)
def test_a_wrong_solution_loses_its_own_points_and_no_others(solution):
    verdicts, _ = judge.grade(reference(solution.lesson), solution.cells, SEED)
    for verdict in verdicts:
        if verdict.exercise == solution.exercise:
            assert verdict.points < verdict.of, "the judge did not notice"
        else:
            assert verdict.points == verdict.of, verdict


@pytest.mark.parametrize("solution", RIGHT, ids=named)
def test_a_right_solution_in_another_style_gets_full_points_ten_times(solution):
    verdicts, _ = judge.grade(reference(solution.lesson), solution.cells, SEED)
    assert all(verdict.points == verdict.of for verdict in verdicts), verdicts
    for _ in range(9):
        [verdict], _ = judge.grade(reference(solution.lesson), solution.cells, judge.new_seed(), [solution.exercise])
        assert verdict.points == verdict.of, verdict
