"""A lesson as the grader sees it: the cells that make its modules, and which exercise each belongs to."""

import difflib
import importlib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from course.exporter import EXPORTED, default_exp, drop_markers, file_of
from grading import GradingError

ROOT = Path(__file__).parents[1]  # the repository: its modules/ are the source of every assignment
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION[^\n]*", re.MULTILINE | re.DOTALL)
STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]  # what nbgrader puts there


@dataclass(frozen=True)
class Cell:
    """A code cell that is exported: `exercise` is None for given cells and for those that a student added."""

    source: str
    exercise: str | None = None
    added: bool = False


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson with its solutions. Exercises are named by their id, in the notebook's order."""

    name: str  # as "08_convolution"
    heading: str
    modules: dict[str, tuple[str, ...]]  # what its notebook exports, as "tinytorch.nn.conv", and `__all__` of each
    cells: tuple[Cell, ...]
    points: dict[str, float]
    blanks: dict[str, str]  # each exercise's cell as it is released
    sections: dict[str, str]  # the heading above each exercise

    @property
    def module(self) -> str:
        return next(iter(self.modules))

    @property
    def subject(self) -> str:
        """As "convolution": the file in probes/ with what its exercises are asked."""
        return self.name.partition("_")[2]

    @cached_property
    def probes(self) -> dict:
        """The probe of each exercise."""
        return importlib.import_module(f"grading.probes.{self.subject}").probe


@cache
def load_lesson(name: str, root: Path = ROOT) -> Lesson:
    """The lesson, from modules/."""
    cells = json.loads(notebook_of(name, root).read_text(encoding="utf-8"))["cells"]
    cells = [cell | {"source": "".join(cell["source"])} for cell in cells]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    module = default_exp(notebook_of(name, root))
    exported = (root / "tinytorch" / file_of(module)).read_text(encoding="utf-8")
    public = re.search(r"^__all__ = (\[.*?\])$", exported, re.MULTILINE | re.DOTALL)[1]
    heading = next((cell["source"].splitlines()[0].lstrip("# ") for cell in cells if is_text(cell)), name)
    sections, section = {}, ""
    for cell in cells:
        if is_text(cell):
            section = (re.findall(r"^##+ +(.+?) *$", cell["source"], re.MULTILINE) or [section])[-1]
        elif exercise_of(cell):
            sections[exercise_of(cell)] = section
    return Lesson(
        name,
        heading,
        {f"tinytorch.{module}": tuple(re.findall(r"'([^']+)'", public))},
        tuple(Cell(without_markers(cell["source"]), exercise_of(cell)) for cell in code if is_exported(cell)),
        {metadata(cell)["grade_id"].removeprefix("check-"): metadata(cell)["points"] for cell in code
         if metadata(cell).get("grade")},
        {exercise_of(cell): SOLUTION.sub(r"\1" + r"\n\1".join(STUB), cell["source"]) for cell in code
         if exercise_of(cell)},
        sections,
    )  # fmt: skip


def metadata(cell: dict) -> dict:
    """What nbgrader wrote into the cell."""
    return cell["metadata"].get("nbgrader", {})


def is_text(cell: dict) -> bool:
    return cell["cell_type"] == "markdown"


def is_exported(cell: dict) -> bool:
    return bool(EXPORTED.search(cell["source"]))


def exercise_of(cell: dict) -> str | None:
    return metadata(cell)["grade_id"] if metadata(cell).get("solution") else None


def without_markers(source: str) -> str:
    class Holder:
        pass

    holder = Holder()
    holder.source = source
    drop_markers(holder)
    return holder.source


def students_cells(nb: dict) -> tuple[Cell, ...]:
    """The exported cells of a rebuilt submission (see rebuild.py), in order."""
    code = [cell for cell in nb["cells"] if cell["cell_type"] == "code" and is_exported(cell)]
    return tuple(
        Cell(cell["source"], exercise_of(cell), added=not metadata(cell) and bool(cell["metadata"].get("added")))
        for cell in code
    )


def only(exercise: str, students: tuple[Cell, ...], lesson: Lesson) -> tuple[Cell, ...]:
    """The student's cells, every other exercise from the reference: what fails now is this one's own mistake."""
    right = {cell.exercise: cell for cell in lesson.cells if cell.exercise}
    return tuple(right[cell.exercise] if cell.exercise not in (None, exercise) else cell for cell in students)


@cache
def lesson_names() -> tuple[str, ...]:
    """The lessons of the course, as "08_convolution", in order."""
    return tuple(sorted(folder.name for folder in ROOT.glob("modules/*") if notebook_of(folder.name).exists()))


def notebook_of(lesson: str, root: Path = ROOT) -> Path:
    """The lesson's notebook with its solutions."""
    return root / "modules" / lesson / f"{lesson}.ipynb"


def lesson_named(text: str) -> str:
    """The lesson that is meant by "8", "08", "convolution" or "08_convolution"."""
    text = text.strip().lower().removesuffix(".ipynb")
    words = {}
    for lesson in lesson_names():
        number, _, title = lesson.partition("_")
        if text in (lesson, title, number, number.lstrip("0")):
            return lesson
        words |= {lesson: lesson, title: lesson}
    close = dict.fromkeys(words[word] for word in difflib.get_close_matches(text, words, n=3, cutoff=0.5))
    meant = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(lesson_names())}"
    raise GradingError(f"there is no lesson {text[:60]!r}: {meant}")
