"""Milestones of history, trained on the tinytorch that is here: `python -m milestones`."""

import json
import math
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.traceback import Traceback

from course.plan import ROOT, plan
from course.whose import CourseError, describe, title
from milestones.runner import Milestone, Run, measure, milestones, script_of, shown, take_notes

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)

console = Console(highlight=False)
if not console.is_terminal:  # a log has room for the table
    console.width = 140
Reference = Annotated[bool, typer.Option("--reference", help="Run on the course's own package, not on yours.")]
Seeds = Annotated[int | None, typer.Option(min=1, help="How many; each milestone has its own default.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write what was measured, one record for each run.")]
Plots = Annotated[Path | None, typer.Option(help="A folder for the pictures.")]
Data = Annotated[str | None, typer.Option(help="Train on other data, where a milestone knows some: mnist.")]
Folder = Annotated[Path, typer.Option(help="Where --data has its files, or downloads them to.")]


def whose_package(reference: bool, refuse: bool = True):
    """Say whose package runs. The reference must be asked for by name; asked for, it is found from a workspace too."""
    if reference:
        sys.path.insert(0, str(ROOT))
    whose = describe()
    console.print(whose.text, style="bold")
    if refuse and whose.is_reference and not reference:
        there = "run it in your workspace (`python -m course lab` makes one), or say --reference"
        raise CourseError(f"this is not your package: {there}")
    return whose


@app.callback(invoke_without_command=True)
def overview(context: typer.Context):
    """The list: what each milestone needs, and whether the package here has the lessons for it."""
    if context.invoked_subcommand:
        return
    whose = whose_package(reference=False, refuse=False)
    table = Table("milestone", "year", "what was new", "data", "bar", "lessons")
    for one in milestones().values():
        missing = ", ".join(map(title, one.missing(whose.package)))
        last = plan().lessons[one.lessons[-1]].number
        state = f"[yellow]waits for {missing}" if missing else f"[green]after {last:02}: all there"
        table.add_row(one.name, str(one.year), one.about, one.data, bar_of(one), state)
    console.print(table)
    console.print("python -m milestones run NAME, or all", style="dim", markup=False)


def bar_of(one: Milestone) -> str:
    return f"{one.metric} {'at most ' * one.lower}{shown(one.bar, one.lower)}"


def chosen(names: list[str], whose, data: str | None = None, folder: Path = Path("data")) -> list[Milestone]:
    """The milestones meant by names (or their beginnings, or years) or by "all"; CourseError if one means none."""
    known = milestones()
    meant = {
        name: [one for one in known.values() if name in ("all", str(one.year)) or one.name.startswith(name)]
        for name in names
    }
    for name, some in meant.items():
        if not some:
            raise CourseError(f"there is no milestone {name!r}; there are {', '.join(known)}")
    found = [one for one in known.values() if any(one in some for some in meant.values())]
    if data:
        if not any(data in one.datasets for one in found):
            raise CourseError(f"{', '.join(one.name for one in found)} cannot be trained on {data!r}")
        found = [one.on(data) for one in found if data in one.datasets]
        for one in found:
            script_of(one).use(data, folder)
    for one in found:
        if missing := one.missing(whose.package):
            console.print(f"[yellow]{one.name} waits for lesson {', '.join(map(title, missing))}")
    return found


def train(found: list[Milestone], seeds: int | None, whose, damage=None) -> list[Run]:
    """Train each of `found` with seeds 0, 1, ...; bars show how far it is."""
    runs = []
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        for one in found:
            count = one.seeds if seeds is None else seeds
            bar = bars.add_task(one.name, total=count, state="")
            for seed in range(count):
                watch = lambda done, seed=seed, bar=bar: bars.update(bar, completed=seed + done)
                bars.update(bar, state=f"seed {seed + 1} of {count}")
                runs.append(measure(one, seed, whose.text, watch, damage))
                if error := runs[-1].error:
                    bars.console.print(Traceback.from_exception(type(error), error, error.__traceback__, max_frames=12))
                    break  # it would fail again
                if seed == 0 and damage is None:
                    bars.update(bar, state="notes")
                    take_notes(runs[-1])
            bars.update(bar, completed=count)
    return runs


def report(runs: list[Run]) -> Table:
    """One line for each milestone; of several seeds the worst counts."""
    table = Table(
        "milestone", "year", "data", "parameters", "with gradient", "seeds", "held out, worst seed", "bar", "seconds"
    )
    for name in dict.fromkeys(run.name for run in runs):
        same = [run for run in runs if run.name == name]
        worst = min(same, key=lambda run: (run.passed, goodness(run)))
        figure = "-" if worst.value is None else shown(worst.value, worst.lower)
        if worst.lower and worst.value is not None:
            figure = f"{figure} {worst.metric}"
        elif worst.asked:
            figure = f"{worst.right} of {worst.asked} = {worst.value:.1%}"
        colour = "green" if worst.passed else "red"
        table.add_row(
            name, str(worst.year), worst.data, f"{worst.parameters} ({worst.numbers:,} numbers)",
            f"{worst.with_gradient} of {worst.parameters}", str(len(same)), f"[{colour}]{figure}",
            "≤ " * worst.lower + shown(worst.bar, worst.lower), f"{sum(run.seconds for run in same):.1f}",
        )  # fmt: skip
    return table


def goodness(run: Run) -> float:
    """More is better; a run that came to no value is the worst."""
    return -math.inf if run.value is None else -run.value if run.lower else run.value


@app.command()
def run(
    names: list[str],
    seeds: Seeds = None,
    json_file: JsonFile = None,
    plots: Plots = None,
    data: Data = None,
    folder: Folder = Path("data"),
    reference: Reference = False,
):
    """Train NAMES (or all), and print what was measured. Exit status 1 when a bar is missed."""
    whose = whose_package(reference)
    found = chosen(names, whose, data, folder)
    runs = train([one for one in found if not one.missing(whose.package)], seeds, whose)
    if runs:
        console.print(report(runs))
    for run in runs:
        for label, text in run.notes.items():
            console.print(f"{run.name}: {label}: {text}", markup=False)
    failed = [run for run in runs if not run.passed]
    for run in failed:
        console.print(f"[red]{run.name}, seed {run.seed}: {escape('; '.join(run.reasons))}")
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps([run.record() for run in runs], indent=1) + "\n", encoding="utf-8")
    if plots:
        draw(runs, plots)
    if failed or len({run.name for run in runs}) < len(found):
        raise typer.Exit(1)


def draw(runs: list[Run], folder: Path):
    """The pictures of each milestone's first run."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    first = {run.name: run for run in reversed(runs) if run.model is not None and run.error is None}
    for name in sorted(first, key=lambda name: first[name].year):
        for kind, figure in script_of(first[name]).plots(first[name].model).items():
            figure.savefig(folder / f"{name}_{kind}.png", dpi=100)
            matplotlib.pyplot.close(figure)
            console.print(f"{folder / f'{name}_{kind}.png'}")


@app.command()
def controls(reference: Reference = False):
    """Begin each training with a layer that cannot learn: every check must fail, or it would prove nothing."""
    from milestones.controls import STEPS, controls

    whose = whose_package(reference)
    table, right = Table("milestone", "what was spoiled", "why it did not pass"), True
    for one in chosen(["all"], whose):
        if one.missing(whose.package):
            continue
        whole = measure(one, 0, whose.text, steps=STEPS)
        right &= whole.passed
        table.add_row(one.name, "nothing", "[green]it passed" if whole.passed else f"[red]{escape(str(whole.reasons))}")
        for name, damage in controls(script_of(one).build(0)).items():
            result = measure(one, 0, whose.text, damage=damage, steps=STEPS)
            caught = any(reason.startswith("no gradient") for reason in result.reasons)
            right &= caught
            table.add_row(one.name, name, escape("; ".join(result.reasons)) if caught else "[red]it was not caught")
    console.print(table)
    if not right:
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        app(prog_name="python -m milestones")
    except CourseError as error:
        console.print(f"[red]{escape(str(error))}")
        sys.exit(2)
