"""A lesson is released if it holds no solution, stops at its first blank and earns nothing; else nothing is written."""

import copy
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from bubblewrap import needs_bubblewrap
from sampling import every

from course import workspace
from course.plan import plan
from course.whose import CourseError
from grading import GradingError
from grading import release as releasing
from grading.classroom import Class
from grading.release import publish

LESSON = "08_convolution"


@pytest.fixture
def course(tmp_path):
    made = Class(tmp_path / "a class")
    made.create()
    return made


@pytest.fixture(scope="module")
def solved():
    return nbformat.read(plan().notebook(LESSON), as_version=4)


@pytest.fixture(scope="module")
def blank():
    return nbformat.reads(workspace.release(plan().notebook(LESSON)), as_version=4)


def cell(nb, name: str):
    return next(each for each in nb.cells if name in (each.id, each.metadata.get("nbgrader", {}).get("grade_id")))


def changed(nb, name: str, **fields):
    nb = copy.deepcopy(nb)
    cell(nb, name).update(fields)
    return nb


# The class folder


def test_a_class_is_made_and_never_written_over(course):
    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.Autograde.force = True\n")
    course.create()
    assert course.configuration().Autograde.force and course.configuration().CourseDirectory.root == str(course.folder)
    assert course.configuration().SaveGrades.folder == str(course.folder)


def test_only_a_lessons_own_notebook_is_part_of_its_assignment(course):
    assert sorted(file.relative_to(course.source).as_posix() for file in course.source.rglob("*.ipynb")) == [
        f"{lesson}/{lesson}.ipynb" for lesson in plan().lessons
    ]
    for lesson in plan().lessons:
        assert (course.source / lesson / f"{lesson}.ipynb").samefile(plan().notebook(lesson))


@pytest.mark.parametrize("text", ["8", "08", "convolution", "08_convolution", " 08_Convolution.ipynb "])
def test_lessons_by_name(text):
    assert plan().named(text) == LESSON


@pytest.mark.parametrize(
    ("text", "meant"), [("convlution", "08_convolution"), ("tensors", "01_tensor"), ("99", "there are 01_tensor, 02_")]
)
def test_a_lesson_that_is_not_there(text, meant):
    with pytest.raises(CourseError, match=meant):
        plan().named(text)


# What is checked


@pytest.mark.parametrize("lesson", list(plan().lessons))
def test_every_lesson_is_blank_and_holds_no_solution(lesson):
    solved = nbformat.read(plan().notebook(lesson), as_version=4)
    blank = nbformat.reads(workspace.release(plan().notebook(lesson)), as_version=4)
    assert [*releasing.leaks(solved, blank), *releasing.unlocked(blank)] == []


def solution(solved) -> str:
    return releasing.REGION.search(cell(solved, "windows").source)[2]


LEAKS = {
    "in the exercise": lambda solved, nb: changed(nb, "windows", source=cell(solved, "windows").source),
    "without markers": lambda solved, nb: changed(nb, "windows", source=cell(nb, "windows").source + solution(solved)),
    "in a hint": lambda solved, nb: changed(nb, "c001", source=f"Solution:\n\n{solution(solved)}"),
    "in a check": lambda solved, nb: changed(nb, "check-windows", source=f"def right():\n{solution(solved)}"),
    "as output": lambda solved, nb: changed(nb, "c004", execution_count=3),
    "a marker": lambda solved, nb: changed(nb, "c004", source="### END SOLUTION"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_solutions_that_are_left_are_found(leak, solved, blank):
    assert list(releasing.leaks(solved, LEAKS[leak](solved, blank)))


def test_hidden_tests_that_are_left_are_found(solved, blank):
    hidden = "assert windows(secret) == 3\nassert windows(other) == 4\n"
    source = f"{cell(solved, 'check-windows').source}\n### BEGIN HIDDEN TESTS\n{hidden}### END HIDDEN TESTS"
    with_hidden = changed(solved, "check-windows", source=source)
    assert not list(releasing.leaks(with_hidden, blank))
    assert list(releasing.leaks(with_hidden, changed(blank, "check-windows", source=hidden)))


def test_an_exercise_that_is_filled_in_and_a_check_that_is_open_are_found(blank):
    assert [*releasing.unlocked(changed(blank, "windows", source="def windows(): return 1"))] == [
        "windows is not blank"
    ]
    nb = copy.deepcopy(blank)
    del cell(nb, "check-windows").metadata["editable"]
    assert [*releasing.unlocked(nb)] == ["check-windows can be edited"]


def small(*sources: str):
    """A notebook of a given cell, an exercise and its check."""
    nb = nbformat.v4.new_notebook()
    for number, text in enumerate(sources):
        new = nbformat.v4.new_code_cell(text, id=f"cell-{number}")
        if number:
            name = f"{'check-' if number % 2 == 0 else ''}ex-{(number + 1) // 2}"
            new.metadata["nbgrader"] = {"grade_id": name, "solution": number % 2 == 1, "grade": number % 2 == 0}
        nb.cells.append(new)
    return nb


BLANK = "def f():\n    raise NotImplementedError()"


@pytest.mark.parametrize(
    ("given", "exercise", "check", "problem"),
    [
        ("import tinytorch\nfrom course import begin\nbegin('02_autograd')", BLANK, "assert f() == 1", None),
        ("1 / 0", BLANK, "assert f() == 1", "stops with ZeroDivisionError in cell cell-0"),
        ("x = 1", "def f():\n    return 1", "assert f() == 1", "runs to its end"),
        ("x = 1", BLANK, "try:\n    f()\nexcept Exception:\n    pass", "check-ex-1 passes on the blank"),
        ("import tinytorch.nn.conv", BLANK, "assert f() == 1", "stops with ModuleNotFoundError"),  # a later lesson's
    ],
)
def test_it_runs_to_the_first_blank_and_no_check_passes(given, exercise, check, problem):
    nb = small(given, exercise, check)
    found = list(releasing.misruns(nb, "02_autograd"))
    assert any(problem in each for each in found) if problem else not found


@needs_bubblewrap
def test_a_solved_lesson_earns_points(solved):
    assert any("windows earns" in each for each in releasing.earns(solved, LESSON))


# What is written


@pytest.fixture
def unchecked(monkeypatch):
    """The checks have their own tests; here they would cost half a minute each time."""
    calls = []
    monkeypatch.setattr(releasing, "misruns", lambda nb, lesson: calls.append(lesson) or [])
    monkeypatch.setattr(releasing, "earns", lambda nb, lesson: [])
    return calls


def released(course: Class) -> Path:
    return course.release / LESSON / f"{LESSON}.ipynb"


def test_it_is_in_the_folder_and_in_the_gradebook_and_left_alone_afterwards(course, unchecked):
    from nbgrader.api import Gradebook

    assert publish(course, LESSON)
    with Gradebook(course.database) as gradebook:
        assert [each.name for each in gradebook.assignments] == [LESSON]
        assert [each.name for each in gradebook.find_assignment(LESSON).notebooks] == [LESSON]
        assert gradebook.find_assignment(LESSON).max_score > 0
    before = released(course).stat().st_mtime_ns
    assert not publish(course, LESSON) and released(course).stat().st_mtime_ns == before
    assert unchecked == [LESSON]
    shutil.rmtree(course.release / LESSON)
    assert publish(course, LESSON), "made again"


def test_a_changed_lesson_is_released_again_unless_somebody_handed_it_in(course, unchecked):
    publish(course, LESSON)
    older = json.loads(released(course).read_text())
    older["cells"][1]["source"] = "as it was before"
    released(course).write_text(json.dumps(older))
    assert publish(course, LESSON)
    released(course).write_text(json.dumps(older))
    (course.submitted / "jane" / LESSON).mkdir(parents=True)
    with pytest.raises(GradingError, match="1 handed it in"):
        publish(course, LESSON)
    assert "as it was before" in released(course).read_text()
    released(course).unlink()
    assert publish(course, LESSON), "the clear word"


def test_nothing_is_written_if_something_is_wrong(course, unchecked, monkeypatch):
    monkeypatch.setattr(releasing, "leaks", lambda *_: ["windows holds a solution"])
    with pytest.raises(GradingError, match="windows holds a solution"):
        publish(course, LESSON)
    assert not released(course).exists()


@needs_bubblewrap
@pytest.mark.parametrize("lesson", every(99, list(plan().lessons)[::8]))
def test_a_lesson_can_be_released(course, lesson):
    """Some, for the suite's sake: `python -m grading release all` makes the same checks, for each lesson."""
    assert publish(course, lesson)
