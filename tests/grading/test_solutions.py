"""Grade the grader: wrong solutions lose the points of their exercise and no other's, right ones lose nothing.

Here some of each lesson are judged; `make solutions` judges all of them, and prints the table.
"""

import pytest
from bubblewrap import needs_bubblewrap
from solutions import RIGHT, WRONG

from course.plan import plan
from grading import grader
from grading.lesson import load_lesson

SEED = grader.new_seed()  # of this run; what the reference answers to it is computed once


def some(solutions, count: int) -> list:
    """`count` of each lesson's, evenly spread, so that many exercises have one."""
    found = []
    for lesson in dict.fromkeys(solution.lesson for solution in solutions):
        own = [solution for solution in solutions if solution.lesson == lesson]
        found += own[:: max(1, len(own) // count)][:count]
    return found


def named(solution):
    return f"{solution.lesson[:2]}-{solution.exercise}-{solution.name}".replace(" ", "_")


@needs_bubblewrap
@pytest.mark.parametrize("solution", some(WRONG, 1), ids=named)
def test_a_wrong_solution_loses_its_own_points_and_no_others(solution):
    verdicts, _ = grader.grade(load_lesson(solution.lesson), solution.cells, SEED)
    for verdict in verdicts:
        if verdict.exercise == solution.exercise:
            assert verdict.points < verdict.of, "the grader did not notice"
        else:
            assert verdict.points == verdict.of, verdict


@needs_bubblewrap
@pytest.mark.parametrize("solution", some(RIGHT, 1), ids=named)
def test_a_right_solution_in_another_style_gets_full_points_each_time(solution):
    """Twice here, with different seeds; ten times in `make solutions`."""
    lesson = load_lesson(solution.lesson)
    verdicts, _ = grader.grade(lesson, solution.cells, SEED)
    verdicts += grader.grade(lesson, solution.cells, grader.new_seed(), [solution.exercise])[0]
    assert all(verdict.points == verdict.of for verdict in verdicts), verdicts


def test_there_are_enough():
    for lesson in plan().lessons:
        assert sum(solution.lesson == lesson for solution in WRONG) >= 7, lesson
        assert sum(solution.lesson == lesson for solution in RIGHT) >= 2, lesson
