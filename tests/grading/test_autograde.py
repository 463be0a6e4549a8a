"""Grading a class: in parallel, killed on the way, run again; the grades land in nbgrader's gradebook, each once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import notebook_server
import psutil
import pytest
from bubblewrap import needs_bubblewrap
from nbgrader.api import Gradebook

from grading import GradingError
from grading.autograde import autograde
from grading.classroom import Class
from grading.collect import collect
from grading.release import generate

ROOT = Path(__file__).parents[2]
LESSON = "12_attention"
pytestmark = needs_bubblewrap


def handed_in(change=lambda cell: None) -> str:
    """The solved lesson, changed cell by cell."""
    nb = nbformat.read(ROOT / "modules" / LESSON / f"{LESSON}.ipynb", as_version=4)
    for cell in nb.cells:
        change(cell)
    return nbformat.writes(nb)


def edit(exercise: str, old: str, new: str):
    def change(cell):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise:
            assert old in cell.source
            cell.source = cell.source.replace(old, new)

    return change


HANDED_IN = {
    "right": handed_in(),
    "wrong": handed_in(edit("attention-scores", "return (query", "return -(query")),
    "crash": handed_in(edit("attention-weights", "    lowest = ", "    import os; os._exit(1)  # ")),
    "nothing": "this is no notebook",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class in which everybody handed in."""
    course = Class(tmp_path_factory.mktemp("class"))
    course.create()
    generate(course, LESSON)
    uploads = tmp_path_factory.mktemp("uploads")
    for student, text in HANDED_IN.items():
        (uploads / student).mkdir()
        (uploads / student / f"{LESSON}.ipynb").write_text(text, encoding="utf-8")
    list(collect(course, uploads))
    shutil.copyfile(course.folder / "gradebook.db", course.folder / "ungraded.db")
    return course


@pytest.fixture(scope="module")
def undisturbed(course):
    return {result.student: result for result in autograde(course, LESSON, jobs=2)}


def scores(course: Class) -> dict:
    with Gradebook(course.configuration().CourseDirectory.db_url) as gradebook:
        submissions = gradebook.assignment_submissions(LESSON)
        assert len({each.student.id for each in submissions}) == len(submissions), "somebody is there twice"
        return {
            each.student.id: {grade.name: grade.auto_score for grade in notebook.grades}
            for each in submissions
            for notebook in each.notebooks
        }


def test_everybody_gets_what_they_earned(course, undisturbed):
    assert set(undisturbed) == {"right", "wrong", "crash"}, "what is no notebook is refused when collected"
    of = undisturbed["right"].of
    assert {name: result.points for name, result in undisturbed.items()} == {
        "right": of,
        "wrong": of - 5,
        "crash": of - 10,
    }


def test_the_gradebook_says_the_same(course, undisturbed):
    for student, grades in scores(course).items():
        record = json.loads((course.judged / LESSON / f"{student}.json").read_text())
        assert grades == {f"check-{each['exercise']}": each["points"] for each in record["verdicts"]}
        assert record["sandboxed"] and sum(grades.values()) == undisturbed[student].points


def test_what_is_graded_is_kept(course, undisturbed):
    before = (course.judged / LESSON / "right.json").stat().st_mtime_ns
    assert {result.how for result in autograde(course, LESSON, jobs=2)} == {"kept"}
    assert (course.judged / LESSON / "right.json").stat().st_mtime_ns == before


def test_a_killed_run_goes_on_where_it_was(course, undisturbed, tmp_path):
    """Killed by kill -9 after the first grade: its workers and sandboxes die with it, and the next run does the rest."""
    copy = Class(tmp_path / "class")
    shutil.copytree(course.folder, copy.folder, symlinks=True)
    for folder in (copy.judged, copy.autograded):
        shutil.rmtree(folder)
    shutil.move(copy.folder / "ungraded.db", copy.folder / "gradebook.db")
    command = [sys.executable, "-m", "grading", "autograde", LESSON, "--jobs", "2", "--class", str(copy.folder)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    while not list(copy.judged.glob("*/*.json")):
        assert run.poll() is None, "it ended before it was killed"
        time.sleep(0.05)
    below = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.wait()
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive, "somebody grades on unseen"
    graded = {file.stem for file in copy.judged.glob("*/*.json")}
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert scores(copy) == scores(course)
    assert graded <= {file.stem for file in copy.judged.glob("*/*.json")} == set(undisturbed)


def test_two_runs_at_once_are_refused(course, undisturbed):
    from grading.autograde import alone

    with alone(course), pytest.raises(GradingError, match="at this moment"):
        list(autograde(course, LESSON))


def test_a_student_who_handed_in_nothing_is_named(course):
    with pytest.raises(GradingError, match="nobody handed in no"):
        list(autograde(course, LESSON, ["nobody"]))


def ask(url: str, path: str, data: bytes | None = None):
    request = urllib.request.Request(f"{url}/formgrader/api/{path}", data)
    request.add_header("Authorization", f"token {notebook_server.TOKEN}")
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


def test_formgrader_shows_the_graders_points_and_the_teachers_own_score_stays(course, undisturbed, tmp_path):
    """nbgrader's own pages in JupyterLab, over HTTP; its button Autograde runs the sandbox and the grader too.

    A manual score is not overwritten when the submission is graded again; it is marked to be looked at.
    """
    with notebook_server.server(course.folder, tmp_path / "runtime") as url:
        shown = {each["student"]: each for each in ask(url, f"submissions/{LESSON}")}
        assert set(shown) == set(undisturbed)
        for student in ("right", "wrong"):
            assert shown[student]["score"] == undisturbed[student].points
            assert shown[student]["max_score"] == undisturbed[student].of
        with Gradebook(course.configuration().CourseDirectory.db_url) as gradebook:
            gradebook.find_grade("check-attention-scores", LESSON, LESSON, "wrong").manual_score = 3
            gradebook.db.commit()
        record = course.judged / LESSON / "wrong.json"
        before = json.loads(record.read_text())
        assert ask(url, f"submission/{LESSON}/wrong/autograde", b"")["success"]
        after = json.loads(record.read_text())
        assert after["seed"] != before["seed"] and after["points"] == before["points"] and after["sandboxed"]
        [again] = [each for each in ask(url, f"submissions/{LESSON}") if each["student"] == "wrong"]
        assert again["score"] == undisturbed["wrong"].points + 3
    with Gradebook(course.configuration().CourseDirectory.db_url) as gradebook:
        grade = gradebook.find_grade("check-attention-scores", LESSON, LESSON, "wrong")
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (3, 0, True)
