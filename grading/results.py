"""What grading found. Each submission has one Result, a file in judged/, which every page and table reads."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course.exporter import write_whole
from grading import GradingError
from grading.classroom import Class

LOCATED = re.compile(r"(.*) \(cell (\S+), line (\d+): `(.*)`\)", re.DOTALL)  # as answers.sentence_of writes it
SILENT = "it gave no answer: Python ended before (an exit, a crash, or no memory left)"


@dataclass
class Part:
    """One part of an exercise: right, or the sentence that says what is wrong and where."""

    name: str
    right: bool
    message: str = ""
    got: str = ""
    expected: str = ""
    index: str = ""


@dataclass
class Problem:
    """What is wrong in the parts `names`: the sentence, the line of the student's cell if it is known, and numbers."""

    sentence: str
    got: str
    expected: str
    index: str
    cell: str = ""
    line: str = ""
    code: str = ""
    names: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, part: Part) -> "Problem":
        numbers = part.got, part.expected, part.index
        if found := LOCATED.fullmatch(part.message):
            sentence, cell, line, code = found.groups()
            return cls(sentence, *numbers, cell, line, code)
        return cls(SILENT if part.message == "it gave no answer" else part.message, *numbers)

    @property
    def way(self) -> tuple:
        """The same for problems of which one is enough to see: exceptions that differ in numbers only."""
        if exception_in(self.sentence):
            return re.sub(r"\d+", "0", self.sentence)[:50], self.cell, self.line
        return self.sentence, self.got, self.expected, self.index


def exception_in(sentence: str) -> str:
    """The type of the exception that the sentence tells of, or nothing."""
    found = re.match(r"(\w+)(?=: )", sentence)
    return found[1] if found and found[1].endswith(("Error", "Exception", "Exit", "Interrupt", "Warning")) else ""


@dataclass
class Verdict:
    """What one exercise earned."""

    exercise: str
    points: float
    of: float
    parts: list[Part]
    hint: str = ""

    @property
    def state(self) -> str:
        """right, partly, blank (every part ends in the release's own NotImplementedError) or wrong."""
        if self.points >= self.of:
            return "right"
        if all(part.message.startswith("NotImplementedError") for part in self.parts):
            return "blank"
        return "partly" if self.points else "wrong"

    @property
    def problems(self) -> list[Problem]:
        """The parts that are wrong; those that fail in the same way are one problem with several `names`."""
        found = {}
        for part in self.parts:
            if not part.right:
                problem = Problem.of(part)
                found.setdefault(problem.way, problem).names.append(part.name)
        return list(found.values())


@dataclass
class Result:
    """What the grader found in one submission, and when and how."""

    lesson: str
    student: str
    sha256: str  # of the notebook in submitted/
    seed: int
    sandboxed: bool
    graded_at: str
    seconds: float
    points: float
    of: float
    verdicts: list[Verdict]
    tried: list[str]  # what the code tried, or mentions, that no exercise needs
    intake: list[str]  # what was odd about the file that was handed in

    def write(self, course: Class):
        write_whole(result_file(course, self.lesson, self.student), json.dumps(asdict(self), indent=1).encode())


def result_file(course: Class, lesson: str, student: str) -> Path:
    return course.judged / lesson / f"{student}.json"


def read_result(file: Path) -> Result | None:
    """None if there is no such file: not graded yet."""
    if not file.exists():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    for verdict in found["verdicts"]:
        verdict["parts"] = [Part(**part) for part in verdict["parts"]]
    return Result(**found | {"student": file.stem, "verdicts": [Verdict(**each) for each in found["verdicts"]]})


def read_results(course: Class, lesson: str) -> list[Result]:
    """Of each student who was graded, in alphabetical order."""
    found = [read_result(file) for file in sorted((course.judged / lesson).glob("*.json"))]
    if not found:
        raise GradingError(
            f"nothing of {lesson} is graded yet: `python -m grading autograde {lesson.partition('_')[0]}` first"
        )
    return found
