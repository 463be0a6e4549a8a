"""The instructor's report and the tables for Canvas and Moodle: their numbers are the grader's."""

import csv
import io
import re

import pytest
from html_page import Page
from judged_by_hand import HOSTILE, LESSON, OF, POINTS, hand_in, part

from grading import GradingError
from grading.classroom import Class
from grading.feedback import feedback
from grading.report import report

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,07 Training (4710),08 Convolution (4711)
    Points Possible,,,,,100,110
"Lovelace, Ada",12,S12,ada@x.org,A,,
"West, Kai",13,S13,kai@x.org,A,,
"Nobody, Nina",14,S14,nina@x.org,B,,
"""
MOODLE = """\
First name,Last name,ID number,Email address,Assignment: 08 Convolution (Real)
Ada,Lovelace,,ada@x.org,-
Kai,West,S13,kai@x.org,-
"""
DIFFER = "plain[0]: {} of 8 numbers differ"


@pytest.fixture
def course(tmp_path):
    found = Class(tmp_path)
    found.create()
    return found


def written(course) -> tuple[Page, list[list[str]], list[list[str]]]:
    page, canvas, moodle = (file.read_bytes().decode("utf-8") for file in report(course, LESSON))
    return Page(page), *(list(csv.reader(io.StringIO(table))) for table in (canvas, moodle))


def test_the_numbers_are_the_graders(course):
    hand_in(course, "ada")
    hand_in(course, "kai", {"windows": [part("one", False, "wrong"), part("two")]})
    hand_in(course, "zoe", {exercise: [part("one", False, "NotImplementedError: ")] for exercise in POINTS})
    page, canvas, moodle = written(course)
    points = {"ada": OF, "kai": OF - POINTS["windows"] / 2, "zoe": 0}
    assert f"{sum(points.values()) / 3:.2f}".rstrip("0").rstrip(".") + f" mean of {OF}" in page.text
    assert f"{points['kai']:g} median" in page.text
    assert f"3.75 of {POINTS['windows']}" not in page.text
    assert f"{(15 + 7.5) / 3:g} of 15 33% 33%" in page.text  # windows: mean, all points, blank
    assert canvas[1] == ["    Points Possible", "", "", "", "", f"{OF:g}"]
    assert {row[0]: float(row[-1]) for row in canvas[2:]} == points
    assert {row[0]: float(row[-1]) for row in moodle[1:]} == points


def test_the_distribution_counts_everybody_once(course):
    for number, part_right in enumerate([0, 1, 5, 9, 10, 10]):
        hand_in(course, f"s{number}", points=part_right * OF / 10)
    page, *_ = written(course)
    counts = [int(count) for count in re.findall(r"points: (\d+)\"", page.html)]
    assert counts == [1, 1, 0, 0, 0, 1, 0, 0, 0, 3]


def test_the_same_mistake_is_one_line_and_the_most_frequent_comes_first(course):
    for student, what in {"a": DIFFER.format(3), "b": DIFFER.format(7), "c": "TypeError: one"}.items():
        hand_in(course, student, {"conv-forward": [part("plain", False, what)]})
    hand_in(course, "d", {"conv-forward": [part("plain", False, "NotImplementedError: ")]})  # blank: no mistake
    page, *_ = written(course)
    lines = page.html.split("The most frequent mistakes")[1].split("<h2>")[0].split("<tr>")[2:]
    assert [Page(f"<tr>{line.split('</tbody>')[0]}").text.split()[0] for line in lines] == ["2", "1"]
    assert "3 of 8" in lines[0]
    assert "TypeError" in lines[1]


def test_parts_that_the_same_students_failed_alike_share_a_line(course):
    everywhere = [
        part(name, False, f"{name}[0]: {n} of 9 numbers differ") for n, name in enumerate(("plain", "groups"))
    ]
    hand_in(course, "a", {"conv-forward": everywhere})
    hand_in(course, "b", {"conv-forward": everywhere})
    page, *_ = written(course)
    assert "2 conv-forward plain, groups plain[0]: 0 of 9 numbers differ" in page.text
    assert "1 of 9" not in page.text


def test_what_was_tried_noted_or_is_missing_is_told(course):
    hand_in(course, "eve", tried=[f"open /class/gradebook{n}.db" for n in range(20)], sandboxed=False)
    hand_in(course, "kai", intake=["cell windows was there twice"])
    (course.submitted / "late" / LESSON).mkdir(parents=True)
    text = written(course)[0].text
    for expected in (
        "1 tried something", "1 not sandboxed", "Not sandboxed: eve", "open /class/gradebook0.db", "8 more", "gradebook19.db",
        "kai cell windows was there twice", "Handed in and not graded: late", "1 missing",
    ):  # fmt: skip
        assert expected in text, expected


def test_students_are_linked_to_their_pages_once_these_are_there(course):
    hand_in(course, "ada l")
    assert written(course)[0].links == []
    list(feedback(course, LESSON))
    [link, *_] = written(course)[0].links
    assert link == f"../feedback/ada%20l/{LESSON}/{LESSON}.html"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_students_made_stays_text(course, text):
    parts = [
        part(text[:50], False, text, text, text, text[:50]),
        part("two", False, f"x (cell windows, line 3: `{text}`)"),
    ]
    hand_in(course, "kai", {"windows": parts}, intake=[text], tried=[text] * 3)
    assert len(written(course)[0].html) < 60_000


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", " =1", "＝1", "\t=1"])
def test_no_cell_is_a_formula(course, name):
    hand_in(course, name)
    (course.received / "roster.csv").write_text(
        f'Student,ID,SIS Login ID,Email address\n{name},{name},"{name}",{name}\n'
    )
    for table in written(course)[1:]:
        for cell in (cell for row in table for cell in row):
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))


def test_without_a_roster_the_folders_are_the_ids(course):
    hand_in(course, "4711")
    hand_in(course, "ada@x.org")
    hand_in(course, "lovelaceada_12")
    hand_in(course, "team of Ada_3")
    page, canvas, moodle = written(course)
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "08 Convolution"]
    assert canvas[2][:4] == ["4711", "4711", "", ""]
    assert canvas[3][:4] == ["ada@x.org", "", "", "ada@x.org"]
    assert canvas[4][:4] == ["lovelaceada", "12", "", ""]
    assert canvas[5][:4] == ["team of Ada_3", "", "", "team of Ada_3"]
    assert "There is no roster" in page.text
    assert moodle[0][0] == "Username"
    assert [row[0] for row in moodle[1:]] == ["4711", "ada@x.org", "lovelaceada_12", "team of Ada_3"]


@pytest.mark.parametrize(
    "folder", ["12", "S12", "s12", "ada@x.org", "lovelaceada", "Ada Lovelace", "Lovelace, Ada", "x_12"]
)
def test_canvas_export_as_a_roster(course, folder):
    (course.received / "roster.csv").write_text(CANVAS, encoding="utf-8-sig")
    hand_in(course, folder)
    page, canvas, _ = written(course)
    assert canvas[0][-1] == "08 Convolution (4711)"
    assert canvas[2:] == [["Lovelace, Ada", "12", "S12", "ada@x.org", "A", f"{OF:g}"]]
    assert "nothing handed in: Kai West; Nina Nobody" in page.text
    assert "2 missing" in page.text


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_moodle_export_as_a_roster(course, separator):
    (course.received / "roster.csv").write_text(MOODLE.replace(",", separator))
    hand_in(course, "Ada Lovelace_815")
    hand_in(course, "kai@x.org")
    hand_in(course, "stranger")
    page, _, moodle = written(course)
    assert moodle == [  # ID number is empty for Ada, so it cannot tell who is who; a stranger would stop the import
        ["Email address", "First name", "Last name", "Assignment: 08 Convolution (Real)"],
        ["ada@x.org", "Ada", "Lovelace", f"{OF:g}"],
        ["kai@x.org", "Kai", "West", f"{OF:g}"],
    ]
    assert "not found on the roster (look at their lines in the tables before you import them): stranger" in page.text


def test_two_people_of_one_name_are_not_guessed(course):
    twins = CANVAS.replace('"West, Kai"', '"Lovelace, Ada"')
    (course.received / "roster.csv").write_text(twins)
    hand_in(course, "Ada Lovelace")
    page, canvas, _ = written(course)
    assert canvas[2][:4] == ["Ada Lovelace", "", "", "Ada Lovelace"]
    assert "Graded, but not found on the roster" in page.text


def test_a_roster_of_something_else_is_refused(course):
    (course.received / "roster.csv").write_text("a,b\n1,2\n")
    hand_in(course, "ada")
    with pytest.raises(GradingError, match="SIS Login ID"):
        report(course, LESSON)
