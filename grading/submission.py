"""A lesson as the judge sees it: the cells that make its module, and which exercise each belongs to."""

import compileall
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course.exporter import EXPORTED, default_exp, drop_markers, file_of

ROOT = Path(__file__).parents[1]
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION[^\n]*", re.MULTILINE | re.DOTALL)
STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"  # what nbgrader puts there


@dataclass(frozen=True)
class Cell:
    """A code cell that is exported: `exercise` is None for given cells and for those that a student added."""

    source: str
    exercise: str | None = None
    added: bool = False


@dataclass(frozen=True, eq=False)
class Lesson:
    """`name` as "08_convolution"; `points` of each exercise, in the notebook's order."""

    name: str
    module: str
    public: tuple[str, ...]
    cells: tuple[Cell, ...]
    points: dict
    blanks: dict  # each exercise's cell as it is released

    @property
    def probes(self) -> str:
        return self.name[3:]


def metadata(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


@cache
def reference(name: str, root: Path = ROOT) -> Lesson:
    """The lesson with its solutions, from modules/."""
    notebook = root / "modules" / name / f"{name}.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell | {"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]
    module = default_exp(notebook)
    exported = (root / "tinytorch" / file_of(module)).read_text(encoding="utf-8")
    public = re.search(r"^__all__ = (\[.*?\])$", exported, re.MULTILINE | re.DOTALL)[1]
    return Lesson(
        name,
        f"tinytorch.{module}",
        tuple(re.findall(r"'([^']+)'", public)),
        tuple(Cell(without_markers(cell["source"]), exercise_of(cell)) for cell in code if is_exported(cell)),
        {metadata(cell)["grade_id"].removeprefix("check-"): metadata(cell)["points"] for cell in code
         if metadata(cell).get("grade")},
        {exercise_of(cell): SOLUTION.sub(STUB, cell["source"]) for cell in code if exercise_of(cell)},
    )  # fmt: skip


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
    """The exported cells of a rebuilt submission (see intake.py), in order."""
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
def companions(lesson: Lesson, root: Path = ROOT) -> tuple[str, ...]:
    """The sources of the lesson's companions, which stand on its exercises."""
    notebooks = sorted((root / "modules" / lesson.name).glob("*.ipynb"))
    files = {file_of(default_exp(notebook)) for notebook in notebooks if notebook.stem != lesson.name}
    return tuple((root / "tinytorch" / file).read_text(encoding="utf-8") for file in sorted(files))


def earlier_package(lesson: Lesson, folder: Path, root: Path = ROOT) -> Path:
    """Write into `folder` the reference package as it is before the lesson, with the lesson's companions."""
    own = file_of(lesson.module.removeprefix("tinytorch."))
    later = {
        file_of(default_exp(notebook))
        for notebook in root.glob("modules/*/*.ipynb")
        if notebook.parent.name > lesson.name and default_exp(notebook)
    }
    for file in sorted((root / "tinytorch").rglob("*.py")):
        name = file.relative_to(root / "tinytorch").as_posix()
        if name != own and name not in later:
            target = folder / "tinytorch" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    compileall.compile_dir(folder / "tinytorch", quiet=1)
    return folder
