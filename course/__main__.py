"""The course's command line: `python -m course`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from course.whose import CourseError, describe, read, title

ROOT = Path(__file__).parents[1]
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)
Folder = Annotated[Path, typer.Option("--workspace", help="Where the workspace lies.")]


@app.command()
def export():
    """Write tinytorch/ anew from the notebooks in modules/."""
    from course.exporter import export_all

    changed = export_all(ROOT)
    console.print("\n".join(f"wrote tinytorch/{name}" for name in changed) or "tinytorch/ is up to date")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context, workspace: Folder = ROOT / "workspace", browser: bool = True, start: bool = True):
    """Make or complete your workspace and open JupyterLab in it; further options go to JupyterLab."""
    from course.workspace import create

    fresh = not workspace.exists()
    added, newer = create(workspace)
    for name in [] if fresh else added:
        console.print(f"new in your workspace: {name}")
    for name in newer:
        console.print(f"the course has a newer {name}; yours is kept (rename or remove it to receive the new one)")
    console.print(f"{describe(workspace / 'tinytorch').text}, in {workspace}")
    if start:
        os.chdir(workspace)  # nbgrader looks for its settings here
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for its terminals
        options = ["--ServerApp.ip=localhost", "--ServerApp.root_dir=."] + ([] if browser else ["--no-browser"])
        os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *options, *context.args])


@app.command()
def catch_up(lesson: int, workspace: Folder = Path()):
    """Fill the lessons before LESSON that you lack from the reference; your package will say so ever after."""
    from course.workspace import catch_up as fill

    fill(lesson, workspace.resolve())


@app.command()
def status(workspace: Folder = Path()):
    """Whose package is here, and which lessons it has."""
    whose = describe(workspace / "tinytorch")
    console.print(whose.text)
    if not whose.is_reference:
        table = Table("lesson", "whose")
        for lesson in read(whose.package, "names.json"):
            table.add_row(title(lesson), whose.lessons.get(lesson, "-"))
        console.print(table)


if __name__ == "__main__":
    try:
        app(prog_name="python -m course")
    except CourseError as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(1)
