"""The instructor's report of a lesson, and its grades as Canvas and Moodle import them."""

import os
import re
import statistics
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from course.exporter import write_whole
from grading.classroom import Class
from grading.lesson import load_lesson
from grading.lms import canvas, matched, moodle, name_of, roster
from grading.pages import jinja_environment, shown
from grading.results import Result, exception_in, read_results


def report(course: Class, lesson: str) -> list[Path]:
    """Write report/LESSON.html, LESSON-canvas.csv and LESSON-moodle.csv; returns the files."""
    graded, people = read_results(course, lesson), roster(course)
    rows = matched(people, [result.student for result in graded])
    page = (
        jinja_environment(shown)
        .get_template("report.html")
        .render(
            title=load_lesson(lesson).heading,
            students=graded,
            of=graded[0].of,
            **figures(course, lesson, graded, people, rows),
        )
    )
    files = {
        course.report / f"{lesson}.html": page,
        course.report / f"{lesson}-canvas.csv": canvas(lesson, graded, rows, people),
        course.report / f"{lesson}-moodle.csv": moodle(lesson, graded, rows, people),
    }
    for file, text in files.items():
        write_whole(file, text.encode())
    return list(files)


def figures(course: Class, lesson: str, graded: list[Result], people: list[dict], rows: dict[str, dict]) -> dict:
    """What the page shows, all but its title."""
    points = [result.points for result in graded]
    return {
        "links": {result.student: link(course, lesson, result.student) for result in graded},
        "mean": statistics.mean(points),
        "median": statistics.median(points),
        "columns": distribution(points, graded[0].of),
        "exercises": by_exercise(lesson, graded),
        "mistakes": mistakes(graded),
        "missing": missing(course, lesson, graded, people, rows),
        "unmatched": [result.student for result in graded if people and result.student not in rows],
        "roster": bool(people),
        "slowest": sorted(graded, key=lambda result: -result.seconds)[:5],
    }


def link(course: Class, lesson: str, student: str) -> str:
    """From the report to the student's feedback; empty as long as there is none."""
    there = (course.feedback / student / lesson / f"{lesson}.html").exists()
    return f"../feedback/{quote(os.fsencode(student))}/{lesson}/{lesson}.html" if there else ""


def distribution(points: list[float], of: float) -> list[dict]:
    """How many students in each tenth of the points; those with all of them are in the last one."""
    counts = Counter(min(9, int(10 * each / of)) for each in points)
    most = max(counts.values())
    return [
        {"start": tenth * of / 10, "end": (tenth + 1) * of / 10, "count": counts[tenth], "height": counts[tenth] / most}
        for tenth in range(10)
    ]


def by_exercise(lesson: str, graded: list[Result]) -> list[dict]:
    """For each exercise the mean of its points, and the shares that got all of them, or left it blank."""
    verdicts = {}
    for result in graded:
        for verdict in result.verdicts:
            verdicts.setdefault(verdict.exercise, []).append(verdict)
    return [
        {
            "id": name,
            "section": load_lesson(lesson).sections.get(name, ""),
            "mean": statistics.mean(verdict.points for verdict in found),
            "of": found[0].of,
            "full": statistics.mean(verdict.state == "right" for verdict in found),
            "blank": statistics.mean(verdict.state == "blank" for verdict in found),
        }
        for name, found in verdicts.items()
    ]


def mistakes(graded: list[Result]) -> list[dict]:
    """The most frequent mistakes: the same exercise and part failed with the same kind of message. Parts that the same
    students failed in this way share a line. Blanks are none."""
    found = {}
    for result in graded:
        for verdict in result.verdicts:
            for problem in verdict.problems if verdict.state != "blank" else ():
                for part in problem.names:
                    same = found.setdefault((verdict.exercise, kind(problem.sentence), part), {})
                    same.setdefault(result.student, problem)
    lines = {}
    for (exercise, sort, part), same in found.items():
        line = {"exercise": exercise, "parts": [], "students": list(same), "example": next(iter(same.values()))}
        lines.setdefault((exercise, sort, *same), line)["parts"].append(part)
    return sorted(lines.values(), key=lambda line: -len(line["students"]))[:25]


def kind(sentence: str) -> str:
    """What is left of a message without numbers and names of arrays, or of an exception without its text."""
    differs = re.search(r": \d+ of \d+ numbers differ$| has another \w+$", sentence[-100:])
    return exception_in(sentence) or re.sub(r"\d+", "0", differs[0] if differs else sentence)


def missing(course: Class, lesson: str, graded: list[Result], people: list[dict], rows: dict[str, dict]) -> dict:
    """Who handed something in that is not graded, and who is on the roster and handed in nothing."""
    there = {result.student for result in graded}
    handed_in = {file.parent.name for file in course.submitted.glob(f"*/{lesson}")}
    handed_in |= {file.parent.name for file in course.received.glob(f"*/{lesson}")}
    not_graded = sorted(handed_in - there)
    known = [*rows.values(), *matched(people, not_graded).values()]
    return {"not_graded": not_graded, "nothing": [name_of(row) for row in people if row not in known]}
