"""Feedback: for each student one HTML page that says what was asked, what went wrong, and what to read again."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from course.exporter import write_whole
from grading.classroom import Class
from grading.lesson import load_lesson
from grading.pages import jinja_environment, shown, without_paths
from grading.results import Result, Verdict, read_results


def feedback(course: Class, lesson: str) -> Iterator[str]:
    """Write the page of each student who was graded, feedback/STUDENT/LESSON/LESSON.html; yields the student."""
    template = jinja_environment(lambda text: without_paths(shown(text))).get_template("feedback.html")
    for result in read_results(course, lesson):
        page = template.render(
            title=load_lesson(lesson).heading,
            exercises=[exercise_on_page(lesson, verdict) for verdict in result.verdicts],
            summary=summary(result),
            **vars(result),
        )
        write_whole(course.feedback / result.student / lesson / f"{lesson}.html", page.encode())
        yield result.student


def exercise_on_page(lesson: str, verdict: Verdict) -> dict:
    """What the page shows of one exercise: the names of what is to be built, their docstrings, where it is explained.

    The lesson may have changed since it was graded: of an exercise that it no longer has, only the id is known.
    """
    docstrings = docstrings_of(lesson).get(verdict.exercise, {})
    return {
        "verdict": verdict,
        "names": list(docstrings) or [verdict.exercise],
        "docstrings": [text for text in docstrings.values() if text],
        "section": load_lesson(lesson).sections.get(verdict.exercise, ""),
    }


@cache
def docstrings_of(lesson: str) -> dict[str, dict[str, str]]:
    """For each exercise the things to build, as its release shows them: no line of a solution is looked at."""
    return {exercise: dict(asked(blank)) for exercise, blank in load_lesson(lesson).blanks.items()}


def asked(blank: str) -> Iterator[tuple[str, str]]:
    """The function or method around each blank, by name, with its docstring or else that of its class."""
    for number, line in enumerate(blank.splitlines(), 1):
        if line.strip() == "raise NotImplementedError()":
            around = [
                node
                for node in ast.walk(ast.parse(blank))
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= number <= node.end_lineno
            ]
            if around:
                docstring = next(filter(None, (ast.get_docstring(node) for node in reversed(around))), "")
                yield ".".join(node.name for node in around), re.sub(r"(?<!\n)\n(?=\S)", " ", docstring)


def summary(result: Result) -> str:
    """How many exercises are right, in words."""
    states = [verdict.state for verdict in result.verdicts]
    words = {"right": "right", "partly": "partly right", "wrong": "not right yet", "blank": "still blank"}
    counted = [f"{states.count(state)} {word}" for state, word in words.items() if state in states]
    return f"{len(states)} exercises: {', '.join(counted)}"
