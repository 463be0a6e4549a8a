"""A lesson as the grader sees it: the cells that make its modules, and which exercise each belongs to."""

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache, cached_property

from course.notebook import parsed, read
from course.plan import ROOT, file_of, plan


@dataclass(frozen=True)
class ExportedCell:
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
    cells: tuple[ExportedCell, ...]
    points: dict[str, float]
    blanks: dict[str, str]  # each exercise's cell as it is released
    sections: dict[str, str]  # the heading above each exercise

    @property
    def subject(self) -> str:
        """As "convolution": the file in probes/ with what its exercises are asked."""
        return self.name.partition("_")[2]

    @cached_property
    def probes(self) -> dict:
        """The probe of each exercise."""
        return importlib.import_module(f"grading.probes.{self.subject}").probe


@cache
def load_lesson(name: str) -> Lesson:
    """The lesson, from modules/."""
    notebook = read(plan().notebook(name))
    return Lesson(
        name,
        notebook.heading,
        {f"tinytorch.{module}": public_names(module) for module in plan().lessons[name].exports},
        tuple(ExportedCell(cell.solved, cell.exercise) for cell in notebook.exported),
        notebook.points,
        {exercise: cell.released for exercise, cell in notebook.exercises.items()},
        {exercise: cell.section for exercise, cell in notebook.exercises.items()},
    )


def public_names(module: str) -> tuple[str, ...]:
    """`__all__` of a module of the reference."""
    source = (ROOT / "tinytorch" / file_of(module)).read_text(encoding="utf-8")
    return tuple(ast.literal_eval(re.search(r"^__all__ = (\[.*?\])$", source, re.MULTILINE | re.DOTALL)[1]))


def students_cells(nb: dict) -> tuple[ExportedCell, ...]:
    """The exported cells of a rebuilt submission (see rebuild.py), in order."""
    return tuple(
        ExportedCell(cell.source, cell.exercise, added=not cell.nbgrader and bool(cell.metadata.get("added")))
        for cell in parsed(nb).exported
    )


def only(exercise: str, students: tuple[ExportedCell, ...], lesson: Lesson) -> tuple[ExportedCell, ...]:
    """The student's cells, every other exercise from the reference: what fails now is this one's own mistake."""
    right = {cell.exercise: cell for cell in lesson.cells if cell.exercise}
    return tuple(right[cell.exercise] if cell.exercise not in (None, exercise) else cell for cell in students)
