"""The course's command line: `python -m course`."""

from pathlib import Path

import typer
from rich.console import Console

ROOT = Path(__file__).parents[1]
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)


@app.command()
def export():
    """Write tinytorch/ anew from the notebooks in modules/."""
    from course.exporter import ExportError, export_all

    try:
        changed = export_all(ROOT)
    except ExportError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from None
    console.print("\n".join(f"wrote tinytorch/{name}" for name in changed) or "tinytorch/ is up to date")


@app.command()
def version():
    """x"""


if __name__ == "__main__":
    app(prog_name="python -m course")
