"""The students' pages: right numbers, and nothing on them that does not belong there."""

import json
import unicodedata

import pytest
from bubblewrap import needs_bubblewrap
from html_page import Page
from judged_by_hand import HOSTILE, LESSON, OF, POINTS, hand_in, part, verdict

from course.notebook import read
from course.plan import ROOT, plan
from grading import GradingError, grader
from grading.classroom import Class
from grading.feedback import docstrings_of, feedback
from grading.lesson import ExportedCell, load_lesson, only
from grading.pages import shown, without_paths

BLANK = "NotImplementedError:  (cell windows, line 7: `raise NotImplementedError()`)"


@pytest.fixture
def course(tmp_path):
    found = Class(tmp_path)
    found.create()
    return found


def pages(course) -> dict[str, Page]:
    return {student: page_of(course, student) for student in feedback(course, LESSON)}


def page_of(course, student) -> Page:
    return Page((course.feedback / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8"))


def test_a_page_says_what_was_asked_what_went_wrong_and_where_to_read(course):
    said = "ValueError: too many values (cell conv-forward, line 8: `a, b = x.shape`)"
    wrong = {
        "conv-forward": [part("plain", False, "plain[0]: 3 of 8 numbers differ", "0.5", "-0.5", "[0, 2]"),
                         part("groups", False, said), part("sound")],
        "windows": [part("image", False, BLANK), part("sound", False, BLANK)],
    }  # fmt: skip
    hand_in(course, "kai", wrong, intake=["cell windows was there twice"])
    text = pages(course)["kai"].text
    for expected in (
        f"85 of {OF} points", "9 exercises: 7 right, 1 partly right, 1 still blank", "cell windows was there twice",
        "conv_forward ◐ partly right 5 of 15", "by one matrix product", "plain[0]: 3 of 8 numbers differ",
        "first at [0, 2]", "got 0.5", "expected -0.5", "ValueError: too many values in the cell conv-forward, line 8",
        "a, b = x.shape", "right: sound", "Section 3. One matrix product", "windows ○ still blank 0 of 15",
    ):  # fmt: skip
        assert expected in text, expected


def test_parts_that_fail_alike_are_told_once(course):
    same = [part(name, False, f"TypeError: {size} has no way") for name, size in (("plain", 3), ("groups", 4))]
    differ = [
        part(name, False, f"{name}[0]: 1 of 2 numbers differ", got, "1") for name, got in (("a", "2"), ("b", "3"))
    ]
    hand_in(course, "kai", {"conv-forward": same + differ})
    text = pages(course)["kai"].text
    assert "plain, groups TypeError: 3 has no way" in text
    assert text.count("TypeError") == 1
    assert text.count("of 2 numbers differ") == 2


def test_a_student_whose_process_ended_is_told_so(course):
    hand_in(course, "kai", {"windows": [part("one", False, "it gave no answer")]})
    assert "it gave no answer: Python ended before" in pages(course)["kai"].text


def test_the_hint_is_shown_where_values_differ_only(course):
    hints = {
        exercise: verdict(
            exercise,
            [part("one", False, "ValueError: no" if not got else "x[0]: 1 of 2 numbers differ", got, got)],
            f"see `{exercise}`",
        )
        for exercise, got in (("windows", "0.5"), ("add-windows", ""))
    }
    hand_in(course, "kai", verdicts=list(hints.values()))
    page = pages(course)["kai"]
    assert "see <code>windows</code>" in page.html
    assert "see <code>add-windows" not in page.html


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_students_made_stays_text(course, text):
    parts = [
        part(text[:50], False, text, text, text, text[:50]),
        part(text[:50], False, f"x (cell windows, line 3: `{text}`)"),
    ]
    hand_in(course, "kai", {"windows": parts}, intake=[text])
    page = pages(course)["kai"]  # Page refuses elements that may not be there
    assert "gradebook.db" not in page.html
    assert len(page.html) < 60_000
    assert not [char for char in page.html if unicodedata.category(char)[0] == "C" and char != "\n"]
    assert not any(link for link in page.links if not link.startswith("#"))


@pytest.mark.parametrize("name", ["<script>alert(1)<", "\u202eada", "'\"&", "=1+1", "-rf"])
def test_a_students_name_stays_text(course, name):
    hand_in(course, name)
    page = pages(course)[name]
    assert shown(name) in page.text


def test_a_page_holds_nothing_of_other_students(course):
    for who, points in {"alpha": 77.77, "omega": 66.66}.items():
        wrong = [part(f"{who}-part", False, f"{who}-message", f"{who}-got", f"{who}-expected", f"{who}-index")]
        notes = {"tried": [f"{who}-tried"], "intake": [f"{who}-note"], "sha256": f"{who}-sum", "points": points}
        hand_in(course, who, {"windows" if who == "alpha" else "conv-forward": wrong}, **notes)
    both = pages(course)
    for own, other, points in (("alpha", "omega", "66.66"), ("omega", "alpha", "77.77")):
        assert f"{own}-message" in both[own].html
        assert other not in both[own].html
        assert points not in both[own].html
    hand_in(course, "omega")
    assert pages(course)["alpha"].html == both["alpha"].html, "another's result changed this page"


def test_a_page_tells_nothing_of_the_machine_or_what_was_noticed(course):
    message = f"FileNotFoundError: no file '{ROOT}/grading/grader.py' or /package/tinytorch/nn/conv.py"
    hand_in(course, "kai", {"windows": [part("one", False, message)]}, tried=["socket.connect 10.0.0.1"])
    page = pages(course)["kai"]
    for word in (str(ROOT), str(course.folder), "/package", "grader.py", "socket", "sandbox", "seed", "sha256"):
        assert word not in page.html, word


def test_paths_are_told_from_divisions():
    for harmless in ("(O, C / groups, k)", "size // 2", "a/b/c", "1/2/3", "</li></ul>", "N, H', W'"):
        assert without_paths(harmless) == harmless
    assert without_paths("in '/a/b.py', /tmp/x") == "in '(a path)', (a path)"


def test_no_line_of_a_solution_or_a_check_is_shown(course):
    solved, given = set(), set()
    for cell in read(plan().notebook(LESSON)).cells:
        inside = False
        for line in cell.source.splitlines():
            inside = (inside or "BEGIN SOLUTION" in line) and "END SOLUTION" not in line
            (solved if inside or cell.checks else given).add(line.strip())
    hand_in(course, "kai", {exercise: [part("one", False, "wrong")] for exercise in POINTS})
    html = pages(course)["kai"].html
    assert not [line for line in solved - given if len(line) > 12 and line in html]


@needs_bubblewrap
def test_the_page_of_a_real_verdict(course):
    """From the grader itself: a kernel turned round, everything else right."""
    lesson = load_lesson(LESSON)
    turned = [
        ExportedCell(
            cell.source.replace("filters(weight, groups) @ col", "filters(weight[:, :, ::-1], groups) @ col"),
            cell.exercise,
        )
        for cell in lesson.cells
    ]
    [found], _ = grader.grade(lesson, only("conv-forward", tuple(turned), lesson), 7, ["conv-forward"])
    record = json.loads(json.dumps(found, default=vars))
    assert record["points"] < record["of"]
    hand_in(course, "kai", verdicts=[record], points=record["points"], of=record["of"])
    text = pages(course)["kai"].text
    assert "numbers differ" in text
    assert "first at [" in text


@pytest.mark.parametrize("lesson", list(plan().lessons))
def test_every_exercise_is_described(lesson):
    found, sections = docstrings_of(lesson), load_lesson(lesson).sections
    assert set(found) == set(sections) == set(load_lesson(lesson).points)
    for exercise, docstrings in found.items():
        assert sections[exercise], exercise
        assert docstrings, exercise
        assert not any("SOLUTION" in text for pair in docstrings.items() for text in pair)


def test_what_the_lesson_no_longer_has_is_shown_by_its_name(course):
    hand_in(course, "kai", verdicts=[verdict("windows") | {"exercise": "was-renamed"}])
    assert "was-renamed ✓ right" in pages(course)["kai"].text


def test_without_grades_it_says_what_to_do(course):
    with pytest.raises(GradingError, match="autograde 08"):
        list(feedback(course, LESSON))
