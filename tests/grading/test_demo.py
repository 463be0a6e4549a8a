"""The sample class: its notebooks are what they say, and the whole way of a lesson runs on them."""

import nbformat
import pytest
from bubblewrap import needs_bubblewrap
from typer.testing import CliRunner

from grading import demo, grader
from grading.__main__ import app
from grading.classroom import Class
from grading.lesson import load_lesson, students_cells
from grading.rebuild import rebuild
from grading.submission import plain_cells

CLASS = demo.submissions()
LESSON = load_lesson(demo.LESSON)
EVERYTHING = set(LESSON.points)


def graded(student: str, exercises: list[str]) -> dict[str, float]:
    """The share of the points that a student's solution of each exercise gets."""
    nb, notes = rebuild(LESSON, plain_cells(CLASS[student][1]))
    assert not notes
    verdicts, _ = grader.grade(LESSON, students_cells(nb), grader.new_seed(), exercises)
    return {verdict.exercise: verdict.points / verdict.of for verdict in verdicts}


@pytest.mark.parametrize("student", CLASS)
def test_each_notebook_is_a_notebook_of_the_lesson(student):
    nb = nbformat.from_dict(CLASS[student][1])
    nbformat.validate(nb)
    marks = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells]
    assert set(marks) >= EVERYTHING | {f"check-{exercise}" for exercise in EVERYTHING}


@needs_bubblewrap
def test_another_style_is_right():
    assert graded("bela", list(demo.OTHER_STYLE)) == dict.fromkeys(demo.OTHER_STYLE, 1)


@needs_bubblewrap
@pytest.mark.parametrize(
    "student, changes",
    [("chen", demo.TURNED), ("dora", demo.OFF_BY_ONE), ("emil", demo.ZEROS), ("fay", demo.LAST_OF_EQUALS), ("ivan", demo.CRASHES),
     ("jo", demo.EXITS)],
)  # fmt: skip
def test_what_is_wrong_loses_points(student, changes):
    others = sorted(EVERYTHING - set(changes))[:1]
    shares = graded(student, [*changes, *others])
    assert all((share < 1) == (exercise in changes) for exercise, share in shares.items())


@needs_bubblewrap
@pytest.mark.parametrize("student", ["hana", "mallory"])
def test_nothing_and_an_attack_earn_nothing(student):
    assert set(graded(student, ["conv2d-loops", "conv-forward"]).values()) == {0}


@needs_bubblewrap
def test_the_whole_way(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "submissions", lambda *_: {name: CLASS[name] for name in ("chen", "hana")})
    shown = CliRunner().invoke(app, ["demo", "--class", str(tmp_path), "--jobs", "1"])
    assert shown.exit_code == 0, shown.output
    course = Class(tmp_path)
    assert list(demo.rows(course)) == [
        ("chen", "the kernel turned round", "95 of 110", "conv-forward"),
        ("hana", "nothing", "0 of 110", "9 blank"),
    ]
    for student in ("chen", "hana"):
        assert (course.feedback / student / demo.LESSON / f"{demo.LESSON}.html").exists()
    assert f"../feedback/chen/{demo.LESSON}" in (course.report / f"{demo.LESSON}.html").read_text(encoding="utf-8")
