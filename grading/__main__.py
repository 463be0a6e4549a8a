"""The instructor's command line: `python -m grading`."""

import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from course.plan import plan
from course.whose import CourseError
from grading import GradingError
from grading.classroom import Class
from grading.sandbox import SandboxError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)
Folder = Annotated[Path, typer.Option("--class", help="The class folder; it is made where it is not there.")]
CLASS = Path("class")


def opened(folder: Path) -> Class:
    course = Class(folder.resolve())
    course.create()
    return course


def with_progress(items, what: str, total: int | None = None) -> list:
    """All of `items`, behind a progress bar."""
    return list(track(items, what, total=total, console=console))


@app.command()
def release(lesson: str, folder: Folder = CLASS):
    """Make the students' version of LESSON (8, 08, convolution) or of all, and prove that it holds no solution."""
    from grading.release import publish

    course, names = opened(folder), list(plan().lessons) if lesson == "all" else [plan().named(lesson)]
    for name in track(names, "releasing", console=console):
        publish(course, name)
        console.print(f"{course.release / name / name}.ipynb")


@app.command()
def bundle(
    folder: Folder = CLASS,
    solved: Annotated[list[str], typer.Option(help="A lesson whose solutions it may hold; can be given often.")] = [],  # noqa: B006
):
    """Make what students install, a wheel without solutions: pip install it, then python -m course lab."""
    from grading.bundle import bundle as build

    with console.status("building"):
        console.print(build(opened(folder).folder / "bundle", [plan().named(lesson) for lesson in solved]))


@app.command()
def collect(source: Path, folder: Folder = CLASS):
    """Take in what students handed in: a folder or zip as Canvas, Moodle or nbgrader's exchange gives it."""
    from grading.collect import collect as take_in

    for student, lesson, notes in with_progress(take_in(opened(folder), source), "collecting"):
        console.print(
            f"{student or '?'}: {lesson or 'refused'}" + "".join(f"\n  {note}" for note in notes), markup=False
        )


@app.command()
def autograde(
    lesson: str,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be given several times.")] = None,
    jobs: Annotated[int, typer.Option(help="How many submissions at once.")] = os.cpu_count() or 1,
    unsandboxed: Annotated[
        bool, typer.Option(help="Run student code with your rights; written into each result.")
    ] = False,
    folder: Folder = CLASS,
):
    """Grade LESSON in the sandbox. Interrupt it as you like, and run it again: what is graded is kept."""
    from grading.autograde import autograde as grade

    course, lesson = opened(folder), plan().named(lesson)
    total = len(student or list(course.submitted.glob(f"*/{lesson}")))
    results = with_progress(grade(course, lesson, student, jobs, not unsandboxed), "grading", total)
    for result in results:
        if result.points is None:
            console.print(f"{result.student}: {result.how}", style="red", markup=False)
    counted = Counter("not graded" if result.points is None else result.how for result in results)
    console.print(", ".join(f"{count} {how}" for how, count in counted.items()) or "nobody handed it in")


@app.command()
def feedback(lesson: str, folder: Folder = CLASS):
    """Write one HTML page for each student: what went wrong, where, and what to read again."""
    from grading.feedback import feedback as write

    course, lesson = opened(folder), plan().named(lesson)
    pages = with_progress(write(course, lesson), "writing", len(list((course.judged / lesson).glob("*.json"))))
    console.print(f"{len(pages)} pages in {course.feedback}")


@app.command()
def report(lesson: str, folder: Folder = CLASS):
    """Write the instructor's page, and the grades as Canvas and Moodle import them."""
    from grading.report import report as write

    for file in write(opened(folder), plan().named(lesson)):
        console.print(str(file))


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option("--class", help="Kept there; by default a temporary folder.")] = None,
    jobs: int = os.cpu_count() or 1,
):
    """A sample class hands in lesson 08: right, wrong, empty, crashing, looping, hostile. All of the above is run."""
    from grading import demo as sample

    if not shutil.which("bwrap"):
        console.print("skipped: the sample class, since bubblewrap is not installed")
        return
    folder = folder or Path(tempfile.mkdtemp(prefix="tinytorch-class-"))
    release(sample.LESSON, folder)
    with tempfile.TemporaryDirectory() as handed_in:
        sample.hand_in(opened(folder), Path(handed_in))
        collect(Path(handed_in), folder)
    autograde(sample.LESSON, None, jobs, False, folder)
    feedback(sample.LESSON, folder)
    report(sample.LESSON, folder)
    table = Table("student", "handed in", "points", "noticed", title=f"a sample class, {sample.LESSON}")
    for row in sample.rows(opened(folder)):
        table.add_row(*row)
    console.print(table)
    console.print(f"feedback and the instructor's page lie in {folder}")


if __name__ == "__main__":
    try:
        app(prog_name="python -m grading")
    except (CourseError, GradingError, SandboxError) as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(1)
