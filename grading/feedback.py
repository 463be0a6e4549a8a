"""Feedback: for each student one HTML page that says what was asked, what went wrong, and what to read again."""

import ast
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from course.exporter import write_whole
from grading.course import Class, GradingError, source
from grading.submission import reference

WHERE = re.compile(r"(.*) \(cell (\S+), line (\d+): `(.*)`\)", re.DOTALL)  # the end of judge.said
PATH = re.compile(r"(?<![\w/.])/(?:[\w.+-]+/)+[\w.+-]*")
SILENT = "it gave no answer: Python ended before (an exit, a crash, or no memory left)"
LONGEST = 700


@dataclass(frozen=True)
class Exercise:
    """What the release of a lesson asks for in one cell: (name, docstring) of each thing to build, and in which
    section."""

    id: str
    asked: tuple[tuple[str, str], ...] = ()
    section: str = ""

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked] or [self.id]


def feedback(course: Class, lesson: str) -> Iterator[str]:
    """Write the page of each student who was graded, feedback/STUDENT/LESSON/LESSON.html; yields the student."""
    template = environment(lambda text: without_paths(shown(text))).get_template("feedback.html")
    for result in results(course, lesson):
        page = template.render(
            title=title(lesson), exercises=exercises_of(lesson, result), summary=summary(result), **result
        )
        write_whole(course.feedback / result["student"] / lesson / f"{lesson}.html", page.encode())
        yield result["student"]


def results(course: Class, lesson: str) -> list[dict]:
    """What the judge found, for each student in alphabetical order; each verdict gets a `state` and its `problems`."""
    found = []
    for file in sorted((course.judged / lesson).glob("*.json")):
        result = json.loads(file.read_text(encoding="utf-8")) | {"student": file.stem}
        for verdict in result["verdicts"]:
            verdict["state"], verdict["problems"] = state(verdict), problems(verdict)
        found.append(result)
    if not found:
        raise GradingError(f"nothing of {lesson} is graded yet: `python -m grading autograde {lesson[:2]}` first")
    return found


def state(verdict: dict) -> str:
    """right, partly, blank (every part ends in the release's own NotImplementedError) or wrong."""
    if verdict["points"] >= verdict["of"]:
        return "right"
    if all(part["message"].startswith("NotImplementedError") for part in verdict["parts"]):
        return "blank"
    return "partly" if verdict["points"] else "wrong"


def problems(verdict: dict) -> list[dict]:
    """The parts that are wrong; those that fail in the same way are one problem with several `names`."""
    found = {}
    for part in verdict["parts"]:
        if not part["right"]:
            problem = {**part, **where(part["message"]), "names": []}
            found.setdefault(way(problem), problem)["names"].append(part["name"])
    return list(found.values())


def where(message: str) -> dict:
    """The sentence of an exception, and the line of the student's cell that the judge put behind it, if it did."""
    if match := WHERE.fullmatch(message):
        return dict(zip(("sentence", "cell", "line", "code"), match.groups(), strict=True))
    return {"sentence": SILENT if message == "it gave no answer" else message, "cell": "", "line": ""}


def way(problem: dict) -> tuple:
    """The same for problems of which one is enough to see: exceptions that differ in numbers only."""
    if exception(problem["sentence"]):
        return re.sub(r"\d+", "0", problem["sentence"])[:50], problem["cell"], problem["line"]
    return tuple(problem[key] for key in ("sentence", "got", "expected", "index"))


def exception(sentence: str) -> str:
    """The type of the exception that the sentence tells of, or nothing."""
    found = re.match(r"(\w+)(?=: )", sentence)
    return found[1] if found and found[1].endswith(("Error", "Exception", "Exit", "Interrupt", "Warning")) else ""


def summary(result: dict) -> str:
    """How many exercises are right, in words."""
    states = [verdict["state"] for verdict in result["verdicts"]]
    words = {"right": "right", "partly": "partly right", "wrong": "not right yet", "blank": "still blank"}
    counted = [f"{states.count(state)} {word}" for state, word in words.items() if state in states]
    return f"{len(states)} exercises: {', '.join(counted)}"


def exercises_of(lesson: str, result: dict) -> list[tuple[Exercise, dict]]:
    known = exercises(lesson)
    return [(known.get(verdict["exercise"], Exercise(verdict["exercise"])), verdict) for verdict in result["verdicts"]]


@cache
def cells(lesson: str) -> list[dict]:
    found = json.loads(source(lesson).read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


@cache
def title(lesson: str) -> str:
    """The lesson's own heading."""
    return next((cell["source"].splitlines()[0].lstrip("# ") for cell in cells(lesson) if is_text(cell)), lesson)


@cache
def exercises(lesson: str) -> dict[str, Exercise]:
    """The exercises of a lesson by id, as its release shows them: no line of a solution is looked at."""
    found, section = {}, ""
    for cell in cells(lesson):
        notes = cell["metadata"].get("nbgrader", {})
        if is_text(cell):
            headings = re.findall(r"^##+ +(.+?) *$", cell["source"], re.MULTILINE)
            section = headings[-1] if headings else section
        elif notes.get("solution"):
            blank = reference(lesson).blanks[notes["grade_id"]]
            found[notes["grade_id"]] = Exercise(notes["grade_id"], tuple(asked(blank)), section)
    return found


def is_text(cell: dict) -> bool:
    return cell["cell_type"] == "markdown"


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


def environment(finalize) -> jinja2.Environment:
    """Templates in which every value is escaped, after `finalize` made its text harmless: none can be forgotten."""

    def final(value):
        return finalize(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=final,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["points"] = lambda number: f"{round(number, 2):g}"
    found.filters["code"] = lambda text: Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
    return found


def shown(text: str) -> str:
    """Text that students made, as it may stand on a page: cut, and with what cannot be seen made visible.

    Control characters, the ones that turn the direction of writing around (all of Unicode's category C), and half
    surrogates, which no file can hold, appear as their escapes.
    """
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    seen = (
        char if char in "\n\t" or unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode()
        for char in text
    )
    return "".join(seen)


def without_paths(text: str) -> str:
    """Where a file lies on the machine that graded is nobody's business."""
    return PATH.sub("(a path)", text)
