"""Submissions are read within limits, rebuilt from the release, and collected as an LMS exports them.

What an honest student could mean is taken as it was meant; of the rest nothing is believed. The attacks below are listed
with what becomes of them by `python -m pytest tests/grading/test_collect.py -k attack -v`.
"""

import contextlib
import copy
import json
import os
import random
import struct
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from course.notebook import EXPORTED
from course.plan import plan
from grading import GradingError, archives
from grading.archives import folder_name
from grading.classroom import Class
from grading.collect import Received, collect
from grading.lesson import load_lesson, students_cells
from grading.preprocessors import Rebuild
from grading.rebuild import defined_names, rebuild, released_notebook, squeezed
from grading.submission import plain_cells, read_submission

LESSON = "08_convolution"
SOLVED = json.loads(plan().notebook(LESSON).read_text(encoding="utf-8"))
ATTACKS = {}


@pytest.fixture
def course(tmp_path):
    made = Class(tmp_path / "class")
    made.create()
    return made


@pytest.fixture
def solved():
    """A notebook with every exercise solved, to be changed."""
    return copy.deepcopy(SOLVED)


def rebuilt(nb: dict):
    cells, notes = read_submission(json.dumps(nb).encode())
    result, more = rebuild(load_lesson(LESSON), cells)
    nbformat.validate(result)
    again = rebuild(load_lesson(LESSON), plain_cells(result))
    assert again == (result, []), "rebuilding once more changes nothing"
    return result, notes + more


def mark(cell) -> str | None:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def marked(nb: dict, name: str):
    return next(cell for cell in nb["cells"] if mark(cell) == name)


def at(nb: dict, name: str) -> int:
    return nb["cells"].index(marked(nb, name))


def text(nb: dict, name: str) -> str:
    return "".join(marked(nb, name)["source"])


def blank(name: str) -> str:
    return text(released_notebook(LESSON), name)


def code(text: str, **metadata) -> dict:
    return {"cell_type": "code", "metadata": metadata, "source": text, "outputs": [], "execution_count": None}


def as_given(nb: dict, *but: str):
    """Every cell but the solutions is the release's, in its order; `but`: those that are expected to be blank."""
    own = [cell for cell in nb["cells"] if not cell["metadata"].get("added")]
    assert [cell["id"] for cell in own] == [cell.id for cell in released_notebook(LESSON).cells]
    for cell, given_cell in zip(own, released_notebook(LESSON).cells):
        assert cell["metadata"] == given_cell["metadata"] and cell.get("outputs", []) == []
        if mark(cell) not in load_lesson(LESSON).points:
            assert cell["source"] == given_cell["source"]
        elif mark(cell) in but:
            assert cell["source"] == given_cell["source"], "a blank"
        else:
            assert cell["source"] == text(SOLVED, mark(cell))


# What honest students hand in


def test_a_solved_lesson_is_what_the_grader_takes_for_one(solved):
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert not notes and [cell.exercise for cell in students_cells(nb)] == [
        cell.exercise for cell in load_lesson(LESSON).cells
    ]


def test_the_release_stays_as_it_is():
    nb, notes = rebuilt(released_notebook(LESSON))
    assert nb == released_notebook(LESSON) and not notes


def test_added_cells_stay_where_they_were_put(solved):
    solved["cells"].insert(at(solved, "conv-forward"), code("#| export\ndef helper(): pass"))
    solved["cells"].insert(at(solved, "conv-forward") + 1, code("helper()"))
    solved["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "my notes"})
    nb, notes = rebuilt(solved)
    as_given(nb)
    place = at(nb, "conv-forward")
    assert nb.cells[0].source == "my notes" and nb.cells[place + 1].source == "helper()" and not notes
    assert nb.cells[place - 1].source == "#| export\ndef helper(): pass"
    [helper] = [cell for cell in students_cells(nb) if cell.added]
    assert helper.source == nb.cells[place - 1].source


@pytest.mark.parametrize("order", [["mine", "copied"], ["copied", "mine"], ["older", "mine", "copied"]])
def test_of_copies_the_last_that_was_filled_in_counts(solved, order):
    place, cell = at(solved, "windows"), marked(solved, "windows")
    sources = {
        "mine": text(solved, "windows"),
        "copied": blank("windows"),
        "older": text(solved, "windows") + "\n# old",
    }
    solved["cells"][place : place + 1] = [cell | {"source": sources[each]} for each in order]
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert "windows is there" in notes[0]


def test_an_exercise_that_was_split_in_two_is_whole_again():
    nb = json.loads(plan().notebook("12_attention").read_text(encoding="utf-8"))
    place, cell = at(nb, "heads"), marked(nb, "heads")
    first, second = text(nb, "heads").split("def merge_heads")
    nb["cells"][place : place + 1] = [cell | {"source": first}, cell | {"source": f"def merge_heads{second}"}]
    result, _ = rebuild(load_lesson("12_attention"), plain_cells(nb))
    assert text(result, "heads").split() == "".join(cell["source"]).split()


def test_a_part_of_an_exercise_in_a_copy_of_its_cell_is_kept(solved):
    helper = copy.deepcopy(marked(solved, "windows")) | {"source": "#| export\ndef helper(): pass"}
    solved["cells"].insert(at(solved, "windows"), helper)
    nb, _ = rebuilt(solved)
    as_given(nb)
    assert [cell.source for cell in students_cells(nb) if cell.added] == [helper["source"]]


@pytest.mark.parametrize("drop_ids", [False, True])
def test_an_editor_dropped_all_marks(solved, drop_ids):
    for cell in solved["cells"]:
        cell["metadata"] = {}
        if drop_ids:
            del cell["id"]
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert not any(cell["metadata"].get("added") for cell in nb.cells if cell.cell_type == "markdown")
    assert sum("was found by the name" in note for note in notes) == len(load_lesson(LESSON).points)


def test_marks_of_two_exercises_that_were_exchanged(solved):
    one, other = marked(solved, "windows"), marked(solved, "conv2d-loops")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert len(notes) == 2 and not any(cell["metadata"].get("added") for cell in nb.cells)


@pytest.mark.parametrize("exercise, line", [("windows", "#| export"), ("max-pool-forward", "#| export nn.pooling")])
def test_a_line_export_that_is_lost_is_put_back(solved, exercise, line):
    cell = marked(solved, exercise)
    answer = text(solved, exercise)
    cell["source"] = answer.removeprefix(f"{line}\n")
    assert cell["source"] != answer
    nb, notes = rebuilt(solved)
    assert text(nb, exercise) == answer and notes == [f"{exercise} had lost its line `{line}`: it was put back"]


def test_written_beside_the_blank(solved):
    place, answer = at(solved, "windows"), text(solved, "windows")
    marked(solved, "windows")["source"] = blank("windows")
    solved["cells"].insert(place + 1, code(answer.removeprefix("#| export\n")))
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert not any(cell["metadata"].get("added") for cell in nb.cells)
    assert "windows was found by the name windows" in notes[0] and "#| export" in notes[1]


def test_a_trial_beside_the_solution_does_not_take_its_place(solved):
    solved["cells"].insert(at(solved, "windows") + 2, code("def windows(*args):\n    return None"))
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert not notes and sum(bool(cell["metadata"].get("added")) for cell in nb.cells) == 1


def test_a_given_cell_with_another_import_still_runs(solved):
    imports = next(cell for cell in solved["cells"] if "import math" in "".join(cell["source"]))
    imports["source"] = "".join(imports["source"]) + "\nimport itertools"
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert ["import itertools" in cell.source for cell in students_cells(nb)][:3] == [False, True, False]
    assert notes == [f"given cells that were changed; the lesson's own run before them: {imports['id']}"]


def test_a_solution_in_a_cell_that_became_text(solved):
    marked(solved, "windows")["cell_type"] = "markdown"
    nb, notes = rebuilt(solved)
    as_given(nb)
    assert notes == ["exercises that were no code any more; read as code: windows"]


def test_a_solution_that_does_not_compile_is_handed_on(solved):
    marked(solved, "windows")["source"] = "#| export\ndef windows(:\n"
    assert text(rebuilt(solved)[0], "windows") == "#| export\ndef windows(:\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends_of_other_systems(solved, encoding):
    for cell in solved["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    cells, notes = read_submission(json.dumps(solved).encode(encoding))
    nb, more = rebuild(load_lesson(LESSON), cells)
    as_given(nb)
    assert not notes and not more


def test_nbformat_3(solved):
    cells = [
        cell | ({"input": cell["source"]} if cell["cell_type"] == "code" else {"source": cell["source"]})
        for cell in solved["cells"]
    ]
    for cell in cells:
        if cell["cell_type"] == "code":
            del cell["source"]
    nb, notes = rebuilt({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})
    as_given(nb)
    assert not notes


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["cell_type", "source", "input", "metadata", "id", "outputs", "nbgrader", "attachments"])
marks = st.sampled_from(["windows", "check-windows", "conv-forward", "c003", "", "code", "raw", "none"])


@given(anything)
def test_any_json_is_refused_or_read(value):
    try:
        cells, _ = read_submission(json.dumps(value).encode())
    except GradingError:
        return
    assert cells


@given(st.lists(st.tuples(st.integers(0, 40), keys, anything | marks, marks), max_size=12), st.randoms())
@example([(0, "cell_type", None, ""), (3, "source", [], "")], random.Random(0))  # an emptied given cell
def test_any_change_of_a_notebook_leaves_the_given_cells_alone(changes, order):
    nb = copy.deepcopy(SOLVED)
    for number, key, value, name in changes:
        cell = nb["cells"][number]
        if key == "nbgrader":
            cell["metadata"] = {"nbgrader": {"grade_id": name, "grade": True, "solution": True, "points": value}}
        else:
            cell[key] = value
    order.shuffle(nb["cells"])
    result, _ = rebuilt(nb)
    own = [cell for cell in result.cells if not cell["metadata"].get("added")]
    for cell, given_cell in zip(own, released_notebook(LESSON).cells, strict=True):
        assert cell.metadata == given_cell.metadata
        assert cell.source == given_cell.source or mark(cell) in load_lesson(LESSON).points


# What an LMS exports


def pack(path: Path, files: dict, **how) -> Path:
    """A zip of {name: bytes, text or a notebook}."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files.items()):
            info = zipfile.ZipInfo(name, (2026, 11, 2 + number % 20, 12, 0, 0)) if isinstance(name, str) else name
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content if isinstance(content, (bytes, str)) else json.dumps(content))
    return path


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def collected(course: Class, path: Path) -> list:
    return list(collect(course, path))


def submissions(course: Class) -> dict:
    """Student -> the text of their windows."""
    files = course.submitted.glob(f"*/{LESSON}/{LESSON}.ipynb")
    return {file.parents[1].name: text(json.loads(file.read_text()), "windows") for file in files}


def by(name: str) -> dict:
    """A notebook that can be told from others."""
    nb = copy.deepcopy(SOLVED)
    marked(nb, "windows")["source"] = text(nb, "windows") + f"\n# by {name}"
    return nb


def end(source: str) -> str:
    return source.rpartition("# by ")[2]


LAYOUTS = {
    "Canvas": {
        "doejane_123456_7890123_08_convolution.ipynb": by("jane"),
        "o'neilbob_LATE_123457_7890124_08_convolution-1.ipynb": by("bob"),
        "LATE_anon_x1Y2z_7890125_08_convolution.ipynb": by("anon"),
    },
    "Moodle": {
        "Jane Doe_4711_assignsubmission_file_/08_convolution.ipynb": by("jane"),
        "Zoë Müller_4712_assignsubmission_file/my work/08_convolution (2).ipynb": by("zoe"),
        "Zoë Müller_4712_assignsubmission_onlinetext/onlinetext.html": "<p>hello",
    },
    "Moodle without folders": {
        "Jane Doe_4711_assignsubmission_file_08_convolution.ipynb": by("jane"),
        "Bob_4712_assignsubmission_file_bob_8.ipynb": by("bob"),
    },
    "folders": {"jane/08_convolution.ipynb": by("jane"), "bob/sub/08_convolution-Copy1.ipynb": by("bob")},
    "nbgrader": {
        "jane/08_convolution/08_convolution.ipynb": by("jane"),
        "bob/08_convolution/08_convolution.ipynb": by("bob"),
        "bob/08_convolution/timestamp.txt": "2026-11-01 12:00:00 UTC",
    },
    "exchange": {
        "jane+08_convolution+2026-11-01 12:00:00.123456 UTC+abc/08_convolution.ipynb": by("jane"),
        "bob+08_convolution+2026-11-01 12:00:00 UTC/08_convolution.ipynb": by("bob"),
    },
    "flat": {"jane_08_convolution.ipynb": by("jane"), "bob.ipynb": by("bob")},
    "one": {"jane/08_convolution.ipynb": by("jane")},
    "one, as nbgrader": {"jane/08_convolution/08_convolution.ipynb": by("jane")},
}
STUDENTS = {
    "Canvas": {"doejane_123456": "jane", "o'neilbob_123457": "bob", "anon_x1Y2z": "anon"},
    "Moodle": {"Jane Doe_4711": "jane", "Zoë Müller_4712": "zoe"},
    "Moodle without folders": {"Jane Doe_4711": "jane", "Bob_4712": "bob"},
    "one": {"jane": "jane"},
    "one, as nbgrader": {"jane": "jane"},
}


@pytest.mark.parametrize("wrapped", ["", "all of them/"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_as_zip_and_as_folder(course, tmp_path, layout, wrapped):
    files = {wrapped + name: content for name, content in LAYOUTS[layout].items()}
    expected = STUDENTS.get(layout, {"jane": "jane", "bob": "bob"})
    archive = pack(tmp_path / "export.zip", files)
    rows = collected(course, archive)
    assert {student: end(source) for student, source in submissions(course).items()} == expected
    assert {student for student, lesson, _ in rows if lesson} == set(expected) and len(rows) == len(expected)
    unzipped = Class(tmp_path / "second class")
    collected(unzipped, unpack(archive, tmp_path / "unzipped"))
    assert submissions(unzipped) == submissions(course)


def test_a_zip_of_a_students_with_the_notebook_and_more(course, tmp_path):
    companion = plan().lessons[LESSON].companions[0].name
    inner = pack(tmp_path / "inner.zip", {
        "work/08_convolution.ipynb": by("jane"), f"work/{companion}.ipynb": "{}", "__MACOSX/._x.ipynb": "junk",
        "work/.ipynb_checkpoints/08_convolution-checkpoint.ipynb": by("nobody"),
    })  # fmt: skip
    archive = pack(tmp_path / "export.zip", {"doejane_1_2_homework.zip": inner.read_bytes()})
    assert collected(course, archive) == [("doejane_1", LESSON, [])]
    assert end(submissions(course)["doejane_1"]) == "jane"


def snapshot(course: Class) -> dict:
    return {str(file): file.read_bytes() for file in course.folder.rglob("*") if file.is_file()}


def test_again_changes_nothing(course, tmp_path):
    archive = pack(tmp_path / "export.zip", LAYOUTS["Canvas"])
    collected(course, archive)
    before = snapshot(course)
    assert all(notes == ["was collected before"] for *_, notes in collected(course, archive))
    assert snapshot(course) == before


def test_the_newest_counts_whenever_it_is_collected(course, tmp_path):
    old = pack(tmp_path / "old.zip", {"doejane_1_22_08_convolution.ipynb": by("first")})
    new = pack(tmp_path / "new.zip", {
        "doejane_1_44_08_convolution-2.ipynb": by("third"), "doejane_LATE_1_33_08_convolution-1.ipynb": by("second"),
    })  # fmt: skip
    collected(course, old)
    assert end(submissions(course)["doejane_1"]) == "first"
    collected(course, new)
    assert end(submissions(course)["doejane_1"]) == "third"
    assert collected(course, old) == [("doejane_1", LESSON, ["was collected before"])]
    assert end(submissions(course)["doejane_1"]) == "third"
    kept = list((course.received / "doejane_1" / LESSON).glob("*.ipynb"))
    assert sorted(json.loads(file.read_text()) == by(name) for file in kept for name in ("first", "second", "third")) == [
        *[False] * 6, *[True] * 3,
    ]  # fmt: skip
    late = pack(tmp_path / "late.zip", {"doejane_1_11_08_convolution.ipynb": by("zeroth")})
    [(_, _, notes)] = collected(course, late)
    assert notes == ["older than what counts: kept in received/"]


def test_back_to_an_earlier_version(course, tmp_path):
    for number, name in enumerate(("first", "second", "first")):
        archive = pack(tmp_path / f"{number}.zip", {f"doejane_1_{number + 10}_08_convolution.ipynb": by(name)})
        collected(course, archive)
        assert end(submissions(course)["doejane_1"]) == name


def test_what_is_refused_stops_nobody_and_takes_nobodys_place(course, tmp_path):
    collected(course, pack(tmp_path / "1.zip", {"doejane_1_2_08_convolution.ipynb": by("jane")}))
    rows = collected(course, pack(tmp_path / "2.zip", {
        "doejane_1_3_08_convolution.ipynb": "not a notebook", "bob_2_4_essay.pdf": "%PDF", "eve_3_5_other.ipynb": "{}",
        "mia_4_6_08_convolution.ipynb": by("mia"),
    }))  # fmt: skip
    refused = {student: notes[0] for student, lesson, notes in rows if lesson is None}
    assert refused.keys() == {"doejane_1", "bob_2", "eve_3"} and "it is no notebook" in refused["doejane_1"]
    assert {student: end(source) for student, source in submissions(course).items()} == {
        "doejane_1": "jane", "mia_4": "mia",
    }  # fmt: skip
    assert len(list((course.received / "doejane_1" / LESSON).glob("*.ipynb"))) == 2, "kept, for who wants to see it"


def test_nothing_to_collect(course, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "one.ipynb").write_text(json.dumps(SOLVED))
    for path, why in (
        ("missing", "there is no"),
        ("empty", "holds no files"),
        ("one.ipynb", "no zip that can be read"),
    ):
        with pytest.raises(GradingError, match=why):
            collected(course, tmp_path / path)


def test_the_lesson_is_known_by_its_cells(course, tmp_path):
    other = json.loads(plan().notebook("07_training").read_text(encoding="utf-8"))
    rows = collected(
        course, pack(tmp_path / "x.zip", {"jane/homework.ipynb": by("jane"), "bob/08_convolution.ipynb": other})
    )
    notes = {student: (lesson, notes) for student, lesson, notes in rows}
    assert notes["jane"] == (LESSON, [])
    assert notes["bob"][0] == LESSON and "its cells are of 07_training" in notes["bob"][1][0]


def graded(course, student: str):
    """The notebook as it enters the autograder; its notes are with it."""
    file = course.submitted / student / LESSON / f"{LESSON}.ipynb"
    names = {"student": student, "assignment": LESSON}
    nb, _ = Rebuild(folder=str(course.folder)).preprocess(nbformat.read(file, as_version=4), {"nbgrader": names})
    return nb, nb.metadata.pop("intake")


def test_notes_are_kept_for_the_record(course, tmp_path):
    nb = by("jane")
    del nb["cells"][at(nb, "check-windows")]
    collected(course, pack(tmp_path / "x.zip", {"jane/08_convolution.ipynb": nb}))
    assert graded(course, "jane")[1] == ["checks that were deleted; the lesson's own are used: check-windows"]
    file = course.submitted / "bob" / LESSON / f"{LESSON}.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(nb))  # as nbgrader's own collect leaves it
    assert graded(course, "bob") == graded(course, "jane")
    collected(course, pack(tmp_path / "y.zip", {"bob/08_convolution.ipynb": by("bob")}))
    assert json.loads((course.received / "bob" / LESSON / "by-nbgrader-collect.ipynb").read_text()) == nb


def test_what_was_collected_is_rebuilt_once(course, tmp_path, monkeypatch):
    """Again only where what lies in submitted/ is not what `collect` made from the release as it is now."""
    collected(course, pack(tmp_path / "x.zip", {"jane/08_convolution.ipynb": by("jane")}))
    file = course.submitted / "jane" / LESSON / f"{LESSON}.ipynb"
    with monkeypatch.context() as patch:
        patch.setattr("grading.preprocessors.rebuild", lambda *_: 1 / 0)
        assert graded(course, "jane")[0] == nbformat.read(file, as_version=4)
        patch.setattr("grading.collect.released_text", lambda lesson: "another release")
        with pytest.raises(ZeroDivisionError):
            graded(course, "jane")
    nb = json.loads(file.read_text())
    marked(nb, "check-windows")["source"] = "assert True"
    file.write_text(json.dumps(nb))
    nb, notes = graded(course, "jane")
    assert text(nb, "check-windows") == blank("check-windows")
    assert notes == ["checks that were changed; the lesson's own are used: check-windows"]


def test_a_companion_is_no_lesson_by_whatever_name(course, tmp_path):
    """It holds none of the exercises, and exports another file."""
    nb = {"cells": [code("#| default_exp nn.older_name"), code("#| export\ndef windows(): pass")]}
    [(student, lesson, notes)] = collected(
        course, pack(tmp_path / "x.zip", {"jane/08_convolution_older_name.ipynb": nb})
    )
    assert (student, lesson) == ("jane", None) and "none of the lessons" in notes[0]
    nb["cells"][0] = code("#| default_exp nn.conv")  # the lesson itself, by an editor that dropped all marks
    [(_, lesson, _)] = collected(course, pack(tmp_path / "y.zip", {"jane/08_convolution_mine.ipynb": nb}))
    assert lesson == LESSON


# Attacks with files


def attack(tries: str, happens: str):
    """Registers a test: what it tries, and what happens (which it asserts)."""

    def register(function):
        ATTACKS[function.__name__.replace("_", " ")] = tries, happens, function
        return function

    return register


def refuses(raw: bytes, why: str):
    with pytest.raises(GradingError, match=why):
        read_submission(raw)


@attack("make a check pass by rewriting it", "the lesson's own check is used, and it is noted")
def edited_check(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    marked(nb, "check-windows")["source"] = "assert True"
    result, notes = rebuilt(nb)
    as_given(result)
    assert notes == ["checks that were changed; the lesson's own are used: check-windows"]


@attack("delete a check, and a blank with it", "both are put back, the blank earns nothing, and it is noted")
def deleted_cells(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    nb["cells"] = [cell for cell in nb["cells"] if mark(cell) not in ("windows", "check-windows")]
    result, notes = rebuilt(nb)
    as_given(result, "windows")
    assert [note.split(":")[0] for note in notes] == [
        "windows is not there", "checks that were deleted; the lesson's own are used",
    ]  # fmt: skip


@attack("hand in nothing but a cell of one's own", "the release around it, blank, with that cell added")
def everything_deleted(course, tmp_path):
    result, _ = rebuilt({"nbformat": 4, "cells": [code("print('full points please')")]})
    as_given(result, *load_lesson(LESSON).points)


@attack("copy a check, so that its points count twice", "it is there once")
def duplicated_check(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    nb["cells"] += [marked(nb, "check-windows")] * 3
    as_given(rebuilt(nb)[0])


@attack("give two cells one id, which stops nbgrader's run", "each cell has the release's id")
def duplicated_ids(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    for cell in nb["cells"]:
        cell["id"] = "c000"
    as_given(rebuilt(nb)[0])


@attack(
    "exchange the marks of a solution and its check", "found by the names it defines; the check is the lesson's own"
)
def swapped_marks(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    one, other = marked(nb, "windows"), marked(nb, "check-windows")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    result, notes = rebuilt(nb)
    as_given(result)
    assert "windows was found by the name windows" in notes[0] and "check-windows" in notes[1]


@attack("give a cell of one's own the mark of a check worth 1000 points", "the mark is dropped, and it is noted")
def invented_check(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    mine = code(
        "pass", nbgrader={"grade_id": "bonus", "grade": True, "points": 1000, "locked": True, "solution": False}
    )
    nb["cells"].append(mine)
    result, notes = rebuilt(nb)
    as_given(result)
    assert result.cells[-1].metadata == {"added": True}
    assert notes == ["marks that the lesson does not have: bonus"]


@attack("raise the points in the metadata, unlock cells, claim another schema", "metadata is the release's")
def forged_points(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    for cell in nb["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] |= {"points": 1e9, "locked": False, "schema_version": 99, "grade": True}
    result, _ = rebuilt(nb)
    as_given(result)


@attack("hand in outputs that show full points, with HTML and scripts", "outputs are never read")
def forged_outputs(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    for cell in nb["cells"]:
        data = {"text/html": "<script>alert(1)</script>", "text/plain": "5/5"}
        cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
        cell["attachments"] = {"x.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}
    result, notes = rebuilt(nb)
    as_given(result)
    assert "alert" not in nbformat.writes(result) and not notes


@attack("name a kernel that runs a command of one's own", "the kernel is the release's")
def forged_kernel(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    nb["metadata"] = {"kernelspec": {"name": "../../evil", "display_name": "x", "argv": ["sh"]}, "celltoolbar": "x"}
    assert rebuilt(nb)[0].metadata == released_notebook(LESSON).metadata


@attack("change the given code that is imported", "the lesson's own runs first, the change after it, and it is noted")
def edited_given_cell(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    cell = next(cell for cell in nb["cells"] if "def output_size" in "".join(cell["source"]))
    cell["source"] = "#| export\ndef output_size(*args): return 0"
    result, notes = rebuilt(nb)
    as_given(result)
    assert notes[0].startswith("given cells that were changed")


@attack("a notebook of 17 MB", "refused by its size, before it is parsed")
def giant_json(course, tmp_path):
    refuses(b'{"cells": [' + b"1," * (17 * 2**19) + b"1]}", "larger than 16 MB")


@attack("a million objects in a few MB, which would be a hundred in memory", "refused before it is parsed")
def many_objects(course, tmp_path):
    refuses(b'{"cells": [' + b"{}," * 10**6 + b"{}]}", "more than 500,000 brackets")
    refuses(b'{"cells": [' + b"{}," * 10**5 + b"{}]}", "100001 cells")


@attack("JSON nested 100,000 deep", "refused; Python's own parser gives up without harm")
def deep_nesting(course, tmp_path):
    refuses(b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no notebook")
    refuses(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "no notebook")


@attack("a source that is a list nested in lists", "that cell is left out, and it is noted")
def nested_source(course, tmp_path):
    nb = copy.deepcopy(SOLVED)
    marked(nb, "windows")["source"] = [["x"], {"y": 1}]
    result, notes = rebuilt(nb)
    as_given(result, "windows")
    assert notes[0] == "1 of its cells are malformed and were left out"


@attack("numbers of a million digits, NaN and Infinity for versions and counts", "refused, or never looked at")
def giant_numbers(course, tmp_path):
    refuses(b'{"nbformat": ' + b"9" * 10**6 + b', "cells": []}', "no notebook")
    nb = json.dumps(SOLVED | {"nbformat": float("nan"), "nbformat_minor": float("inf")}).encode()
    as_given(rebuild(load_lesson(LESSON), read_submission(nb)[0])[0])


@attack("one key twice, so that two programs read two notebooks", "the last counts, as rebuilt and shown; it is noted")
def duplicate_keys(course, tmp_path):
    raw = json.dumps(SOLVED).replace('"cells": [', '"cells": [], "cells": [', 1).encode()
    cells, notes = read_submission(raw)
    as_given(rebuild(load_lesson(LESSON), cells)[0])
    assert notes == ["its JSON says a thing twice: the last counts"]


@attack("another type for every field", "refused, or left out")
def wrong_types(course, tmp_path):
    for value in (None, 1, "x", [], {}, [[]], {"cells": 1}, {"cells": {}}, {"cells": []}, {"worksheets": [1, {}]}):
        refuses(json.dumps(value).encode(), "no notebook")
    odd = [1, None, [], {"cell_type": []}, {"cell_type": "code"}, {"cell_type": "code", "source": 1}]
    odd += [code("x", nbgrader=1), code("x", nbgrader={"grade_id": {}}), code("x") | {"metadata": 7, "id": []}]
    _, notes = rebuilt({"cells": odd})
    assert notes[0] == "6 of its cells are malformed and were left out"


@attack(
    "bytes that are no text, halves of surrogate pairs, null bytes", "refused, or replaced so that it can be written"
)
def no_text(course, tmp_path):
    refuses(b'{"cells": "\xff\xfe\xfa"}', "no notebook")
    refuses(b"\x00" * 1000, "no notebook")
    refuses(b"", "no notebook")
    nb = copy.deepcopy(SOLVED)
    marked(nb, "windows")["source"] = "#| export\ndef windows(): return '\ud800\x00\x1b[2J'"
    result, _ = rebuilt(nb)
    assert "return '?\x00" in text(result, "windows") and nbformat.writes(result).encode()


@attack("2,001 cells, a cell of a MB, three MB of code", "refused by the limits")
def too_much_code(course, tmp_path):
    refuses(json.dumps({"cells": [code("x")] * 2001}).encode(), "2001 cells")
    refuses(json.dumps({"cells": [code("x" * 10**6)]}).encode(), "more source")
    refuses(json.dumps({"cells": [code("x" * 10**5)] * 30}).encode(), "more source")


@attack("text that takes the pattern for names quadratic time", "read in milliseconds")
def slow_patterns(course, tmp_path):
    for bait in (
        "def " * 50_000,
        "a." * 100_000,
        "a" * 200_000,
        "\n" * 200_000,
        "async " * 33_000,
        "#| export" + " " * 190_000,
    ):
        assert isinstance(defined_names(bait), set) and squeezed(bait) is not None
        EXPORTED.search(bait)


def inside_out(course: Class, tmp_path: Path) -> set:
    """What lies beside the class folder, or in it under no student's name."""
    around = {path.name for path in tmp_path.iterdir()} - {"class", "x.zip"}
    return around | {path.name for path in course.submitted.iterdir()}


PATHS = [
    "../../08_convolution.ipynb", "/etc/08_convolution.ipynb", "C:/08_convolution.ipynb", "jane/../../08_convolution.ipynb",
    "..\\..\\08_convolution.ipynb", "jane//08_convolution.ipynb", "./08_convolution.ipynb", "jane/\x1b[2J08_convolution.ipynb",
]  # fmt: skip


@attack("paths in an archive: .., absolute, drives, backslashes, control characters", "refused, nothing is written")
def path_escapes(course, tmp_path):
    rows = collected(course, pack(tmp_path / "x.zip", {path: by("eve") for path in PATHS}))
    assert len(rows) == len(PATHS) and all(lesson is None and "refused" in notes[0] for _, lesson, notes in rows)
    assert not inside_out(course, tmp_path) and not any("\x1b" in str(row) for row in rows)


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


@attack("links, devices and pipes in an archive", "refused")
def links_in_an_archive(course, tmp_path):
    kinds = [0o120777, 0o020666, 0o060666, 0o010666, 0o140666]
    members = {special(f"eve/{mode}_08_convolution.ipynb", mode): "../../../gradebook.db" for mode in kinds}
    rows = collected(course, pack(tmp_path / "x.zip", members))
    assert len(rows) == 5 and all("a link or a device" in notes[0] for *_, notes in rows)


@attack("links and pipes in a folder that was unpacked elsewhere", "refused, never followed, never waited for")
def links_in_a_folder(course, tmp_path):
    folder, secret = tmp_path / "export" / "eve", tmp_path / "secret" / "08_convolution.ipynb"
    folder.mkdir(parents=True)
    secret.parent.mkdir()
    secret.write_text(json.dumps(by("the teacher")))
    (folder / "08_convolution.ipynb").symlink_to(secret)
    (folder / "more").symlink_to(secret.parent)
    os.mkfifo(folder / "pipe_08_convolution.ipynb")
    rows = collected(course, tmp_path / "export")
    assert len(rows) == 3 and all("refused" in notes[0] for *_, notes in rows) and not submissions(course)


@attack("a zip bomb: 20 MB of zeros in 20 KB", "refused by what it would unpack to")
def zip_bomb(course, tmp_path):
    [(_, lesson, notes)] = collected(
        course, pack(tmp_path / "x.zip", {"eve/08_convolution.ipynb": b"0" * (20 * 2**20)})
    )
    assert lesson is None and "larger than 16 MB" in notes[0]


@attack("a zip bomb whose header tells a small size", "it is read no further than that, and refused")
def lying_zip_bomb(course, tmp_path):
    archive = pack(tmp_path / "x.zip", {"eve/08_convolution.ipynb": b"0" * (20 * 2**20)})
    archive.write_bytes(archive.read_bytes().replace(struct.pack("<I", 20 * 2**20), struct.pack("<I", 1000)))
    [(_, lesson, notes)] = collected(course, archive)
    assert lesson is None and "cannot be unpacked" in notes[0]


@attack("a zip bomb made of many members", "refused once all together are too much")
def many_bombs(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO", 2)
    monkeypatch.setattr(archives, "UNPACKED", 2**20)
    bombs = {f"eve{number}/08_convolution.ipynb": b"0" * 2**19 for number in range(6)}
    rows = collected(course, pack(tmp_path / "x.zip", bombs))
    assert ["unpacks to more" in notes[0] for *_, notes in rows] == [False, False, True, True, True, True]


@attack("10,001 members in a zip, 101 in a student's own", "refused before their list is read")
def many_members(course, tmp_path):
    with pytest.raises(GradingError, match="more than 10000 files"):
        collected(course, pack(tmp_path / "x.zip", dict.fromkeys(map(str, range(10_001)), "")))
    inner = pack(tmp_path / "y.zip", dict.fromkeys(map(str, range(101)), "")).read_bytes()
    [(student, _, notes)] = collected(course, pack(tmp_path / "z.zip", {"eve/all.zip": inner}))
    assert student == "eve" and "more than 100 files" in notes[0]


@attack("a zip in a zip in a zip, and so on", "one level is opened")
def zips_in_zips(course, tmp_path):
    inner = json.dumps(by("eve"))
    name = "08_convolution.ipynb"
    for depth in range(3):
        inner = pack(tmp_path / f"{depth}.zip", {name: inner}).read_bytes()
        name = "again.zip"
    rows = collected(course, pack(tmp_path / "x.zip", {"eve/all.zip": inner}))
    assert rows == [("eve", None, ["again.zip: refused, it is no notebook"])]


@attack("encrypted members, rare compressions with huge dictionaries", "refused unopened")
def odd_members(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("eve/08_convolution.ipynb", json.dumps(SOLVED))
    [(_, _, [note])] = collected(course, tmp_path / "x.zip")
    assert "packed in an unusual way" in note
    raw = bytearray(pack(tmp_path / "x.zip", {"eve/08_convolution.ipynb": SOLVED}).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(raw)
    [(_, _, [note])] = collected(course, tmp_path / "x.zip")
    assert "encrypted" in note


@attack("archives cut off, with bytes changed at random, or none at all", "refused; what is whole is taken")
def broken_archives(course, tmp_path):
    whole = pack(
        tmp_path / "x.zip", {f"s{number}/08_convolution.ipynb": by(str(number)) for number in range(3)}
    ).read_bytes()
    for place in range(0, len(whole), 997):
        for broken in (whole[:place], whole[:place] + b"\xff\xff\xff" + whole[place + 3 :]):
            (tmp_path / "x.zip").write_bytes(broken)
            with contextlib.suppress(GradingError):
                collected(course, tmp_path / "x.zip")
    assert all(f"s{source[-1]}" == student for student, source in submissions(course).items())


NAMES = [
    "..", ".", "...", "~", "*", "[ab]", "a{b}", "-rf", "<script>alert(1)</script>", "a&b", 'a"b', "a\u202eb", "a\u200bb", "a+b",
    "a\nb", "a%2fb", "x" * 5000, "\U0001f600", "名" * 400, "con\ud800", "", " ", "a\u0301" * 300, "$(id)", "`id`", "a;b", "a|b",
]  # fmt: skip


@attack("students' names that are paths, patterns, HTML, invisible or endless", "made harmless, and still told apart")
def hostile_names(course, tmp_path):
    made = [folder_name(name) for name in NAMES]
    assert len(set(made)) == len(NAMES)
    for name in made:
        assert 0 < len(name.encode()) <= 140 and name[0] not in ".-~" and name.strip() == name
        assert not set(name) & set('/\\<>&"*?[]{}+%$`;|\n') and name.isprintable()
        assert folder_name(name) == name, "once is enough"
    rows = collected(
        course, pack(tmp_path / "x.zip", {f"{name}/08_convolution.ipynb": by("eve") for name in NAMES[9:14]})
    )
    assert {student for student, _, _ in rows} == set(made[9:14]) == {path.name for path in course.submitted.iterdir()}


@attack("call a file so that it looks as another student's", "the folder that the LMS made decides")
def name_of_another(course, tmp_path):
    collected(course, pack(tmp_path / "x.zip", {
        "Eve_66_assignsubmission_file_/doejane_1_999999999_08_convolution.ipynb": by("eve"),
        "Eve_66_assignsubmission_file_/Jane_1_assignsubmission_file_/08_convolution.ipynb": by("eve"),
        "Jane_1_assignsubmission_file_/08_convolution.ipynb": by("jane"),
    }))  # fmt: skip
    collected(course, pack(tmp_path / "y.zip", {
        "eve_66_3_doejane_1_999999999_08_convolution.ipynb": by("eve"), "doejane_1_2_08_convolution.ipynb": by("jane"),
    }))  # fmt: skip
    found = {student: end(source) for student, source in submissions(course).items()}
    assert found == {"Eve_66": "eve", "Jane_1": "jane", "eve_66": "eve", "doejane_1": "jane"}


@attack("a zip that holds folders of other students", "all of it is of who handed it in")
def folders_of_others(course, tmp_path):
    inner = pack(tmp_path / "y.zip", {
        "Jane_1_assignsubmission_file_/08_convolution.ipynb": by("eve"), "doejane_1_2_08_convolution.ipynb": by("eve"),
    }).read_bytes()  # fmt: skip
    collected(
        course, pack(tmp_path / "x.zip", {"eve_66_3_all.zip": inner, "doejane_1_2_08_convolution.ipynb": by("jane")})
    )
    assert {student: end(source) for student, source in submissions(course).items()} == {
        "eve_66": "eve",
        "doejane_1": "jane",
    }


@attack("make a folder in the exchange in another's name", "it is noted who made it")
def exchange_of_another(course, tmp_path):
    folder = tmp_path / "inbound" / "jane+08_convolution+2026-11-01 12:00:00 UTC"
    folder.mkdir(parents=True)
    (folder / "08_convolution.ipynb").write_text(json.dumps(by("eve")))
    [(student, _, [note])] = collected(course, tmp_path / "inbound")
    assert student == "jane" and note == f"handed in as jane, but {folder.owner()} made the folder"


@attack("a time in the future, to stay the newest for ever, or one that there is not", "it counts as no time at all")
def from_the_future(course, tmp_path):
    assert archives.plausible("2099-01-01 12:00:00") == archives.plausible("2026-99-99 99:99:99") == 0
    assert archives.plausible("2026-11-01 12:00:00") == 1793534400 and archives.plausible(-1e300) == 0
    info = zipfile.ZipInfo("eve/08_convolution.ipynb", (2099, 1, 1, 0, 0, 0))
    collected(course, pack(tmp_path / "x.zip", {info: by("first")}))
    collected(course, pack(tmp_path / "y.zip", {"eve/08_convolution.ipynb": by("second")}))
    assert end(submissions(course)["eve"]) == "second"


@attack("call a notebook as the files that intake keeps", "names of files are ours, theirs are only noted")
def name_of_our_files(course, tmp_path):
    collected(course, pack(tmp_path / "x.zip", {"eve/received.json.08_convolution.ipynb": by("eve")}))
    log = json.loads((course.received / "eve" / LESSON / "received.json").read_text())
    assert [record["called"] for record in log.values()] == ["received.json.08_convolution.ipynb"]


@attack("stop the collecting at any moment", "what was not done is done by the next run, what was is left")
def interrupted(course, tmp_path, monkeypatch):
    archive = pack(tmp_path / "x.zip", LAYOUTS["Canvas"])
    with monkeypatch.context() as patch:
        patch.setattr(Received, "save", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collected(course, archive)
    collected(course, archive)
    assert len(submissions(course)) == 3


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name, course, tmp_path, monkeypatch):
    function = ATTACKS[name][2]
    function(course, tmp_path, *[monkeypatch] * (function.__code__.co_argcount - 2))


def test_the_table_of_attacks():
    """`pytest -s -k table` prints it."""
    print("\n" + "\n".join(f"{name} | {tries} | {happens}" for name, (tries, happens, _) in ATTACKS.items()))
    assert len(ATTACKS) >= 35
