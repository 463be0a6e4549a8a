"""The students' version of a lesson, and the proof that it can be given out: it holds no solution and earns nothing."""

import contextlib
import io
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course import workspace
from course.notebook import STUB, parsed
from course.plan import plan
from grading import GradingError, grader
from grading.classroom import Class
from grading.lesson import load_lesson, students_cells
from grading.package import scratch

REGION = re.compile(
    r"^[ \t]*### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)^[ \t]*### END \1[ \t]*$", re.MULTILINE | re.DOTALL
)
CELL_SECONDS = 300  # for one cell


def publish(course: Class, lesson: str) -> bool:
    """Release a lesson and note its exercises in the gradebook; False if that was done and nothing changed since.

    Everything is checked before anything is written. GradingError says what is wrong.
    """
    file = course.release / lesson / f"{lesson}.ipynb"
    solved = nbformat.read(plan().notebook(lesson), as_version=4)
    nb = nbformat.reads(workspace.release(plan().notebook(lesson)), as_version=4)
    if file.exists():
        if nbformat.read(file, as_version=4).cells == nb.cells and is_known(course, lesson):
            return False
        if there := len(list(course.submitted.glob(f"*/{lesson}"))):
            raise GradingError(
                f"{lesson} has changed since it was released, and {there} handed it in. If the new version is "
                f"to be the one that counts, remove {file} and release again, then autograde"
            )
    problems = [*leaks(solved, nb), *unlocked(nb)] or [*misruns(nb, lesson)] or [*earns(nb, lesson)]
    if problems:
        raise GradingError(f"{lesson} cannot be released: " + "; ".join(problems[:5]))
    generate(course, lesson)
    if nbformat.read(file, as_version=4).cells != nb.cells:
        file.unlink()
        raise GradingError(
            f"{lesson} changed while it was checked (or nbgrader_config.py changes it): release it again"
        )
    return True


def generate(course: Class, lesson: str):
    """nbgrader's own step: the notebook into release/, its cells into the gradebook."""
    from nbgrader.apps.api import NbGraderAPI

    api = NbGraderAPI(config=course.configuration())
    api.log_level = "ERROR"
    result = api.generate_assignment(lesson, force=True, create=True)
    if not result["success"]:
        raise GradingError(f"nbgrader could not release {lesson}: {result.get('error') or result.get('log')}")


def is_known(course: Class, lesson: str) -> bool:
    """The gradebook has it."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(course.configuration().CourseDirectory.db_url) as gradebook:
        try:
            return len(gradebook.find_notebook(lesson, lesson).grade_cells) == len(load_lesson(lesson).points)
        except MissingEntry:
            return False


def leaks(solved, nb):
    """Whatever of a solution or a hidden test is left. The markers are not enough: one could be in a wrong place, and
    the text of a solution could stand elsewhere too."""
    cells = {cell.id: cell for cell in nb.cells}
    everything = stripped("\n".join(cell.source for cell in nb.cells))
    elsewhere = {*itertools.pairwise(everything), *zip(everything)}
    if "### BEGIN" in nbformat.writes(nb) or "### END" in nbformat.writes(nb):
        yield "a marker of nbgrader's is left"
    for cell in parsed(solved).cells:
        if cell.is_code and (cells[cell.id].outputs or cells[cell.id].execution_count):
            yield f"{cell.id} holds outputs"
        if cell.exercise:
            kept = [line for line in stripped(cells[cell.id].source) if line not in STUB]
            if kept != stripped(REGION.sub("", cell.source)):
                yield f"{cell.id} holds more, or less, than what stands around its solution"
        for region in REGION.finditer(cell.source):
            lines = stripped(region[2])
            theirs: list[tuple] = list(itertools.pairwise(lines)) or [tuple(lines)]
            if 2 * sum(pair in elsewhere for pair in theirs) > len(theirs):  # a line or two may be idiom
                yield f"the solution of {cell.id} stands elsewhere in the notebook"


def unlocked(nb):
    """Exercises are blank and can be filled in, checks can't be changed."""
    for cell in parsed(nb).cells:
        if cell.exercise and not cell.is_blank:
            yield f"{cell.exercise} is not blank"
        if cell.checks and cell.metadata.get("editable", True):
            yield f"check-{cell.checks} can be edited"


def misruns(nb, lesson: str):
    """In a learner's place it must run until the first blank is called, stop there, and no check may pass."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copytree(fresh_workspace(), folder, dirs_exist_ok=True)
        workspace.catch_up(lesson, Path(folder))
        ran = executed(nb, folder)
    cells = parsed(ran).cells
    failed = [(number, error) for number, cell in enumerate(ran.cells) if (error := error_of(cell))]
    first_blank = next(number for number, cell in enumerate(cells) if cell.exercise)
    if not failed:
        yield "it runs to its end as it is"
    elif failed[0][1] != "NotImplementedError" or failed[0][0] < first_blank:
        yield f"it stops with {failed[0][1]} in cell {cells[failed[0][0]].id}, not at its first blank"
    for number, cell in enumerate(cells):
        if cell.checks and number not in dict(failed):
            yield f"check-{cell.checks} passes on the blank"


def fresh_workspace() -> Path:
    """A learner's, before their first lesson; made once for this process."""
    folder = scratch("release")
    if not (folder / "tinytorch").exists():
        workspace.create(folder)
    return folder


def executed(nb, folder: str) -> nbformat.NotebookNode:
    """The notebook after it ran in `folder`, through all errors."""
    client = NotebookClient(
        nbformat.from_dict(nb),
        timeout=CELL_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": folder}},
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return client.execute(env=environment, stderr=subprocess.DEVNULL)  # its words on unencrypted sockets


def error_of(cell) -> str | None:
    outputs = cell.get("outputs", [])
    return next((output.ename for output in outputs if output.output_type == "error"), None)


def earns(nb, lesson: str):
    """What the grader gives for it must be nothing."""
    verdicts, _ = grader.grade(load_lesson(lesson), students_cells(nb), grader.new_seed())
    for verdict in verdicts:
        if verdict.points:
            yield f"{verdict.exercise} earns {verdict.points} points as it is"


def stripped(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
