"""tinytorch beside PyTorch, on the same work with the same weights: `python -m benchmarks`."""

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import alone, contract, works
from benchmarks.measure import FUSED, benchmarks, compare, ratio
from tinytorch import backends

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)
if not console.is_terminal:  # a log has room for the table
    console.width = 160
COLUMNS = {  # of the table -> the target that stands beside them
    "numpy": "gate", "numba": "gate", "numba ÷ fused Adam": None, "two threads": "aim",
}  # fmt: skip


@dataclass
class Figure:
    """One measured ratio, ours ÷ PyTorch's, or seconds where `unit` says so."""

    benchmark: str
    about: str
    column: str
    value: float
    target: float | None = None
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.target is None or self.value <= self.target

    def __str__(self):
        colour = "default" if self.target is None else "green" if self.holds else "red"
        return f"[{colour}]{self.value:.2f}{self.unit and ' ' + self.unit}[/]"


# ----------------------------------------------------------------------------------------------------- what is measured


def time_of(name: str, using: list[str], threads: list[int], seconds: float) -> Iterator[Figure]:
    one = benchmarks[name]
    if 1 in threads:
        found = compare(one, using, seconds)
        for backend in using:
            yield Figure(name, one.about, backend, ratio(found, backend), one.gates.get(backend))
        if one.adam:
            yield Figure(name, one.about, "numba ÷ fused Adam", ratio(found, using[-1], FUSED))
    if 2 in threads and one.aim:
        yield Figure(name, one.about, "two threads", alone.two_threads(one, using[-1], seconds), one.aim)


def memory_of(name: str, using: list[str], *_) -> Iterator[Figure]:
    for backend in using:
        for kind, value in zip(("resident", "allocated"), alone.memory(benchmarks[name], backend)):
            yield Figure(
                f"memory-{name}", f"memory at the peak of the {name} step, {kind}", backend, value, works.MEMORY
            )


def import_time(*_) -> Iterator[Figure]:
    seconds, ratio = alone.import_time()
    yield Figure("import", "import, CPU seconds to the first layer", "numpy", seconds, works.IMPORT_SECONDS, "s")
    yield Figure("import", "the same ÷ PyTorch's", "numpy", ratio)


def contract_cost(*_) -> Iterator[Figure]:
    with_it, without = contract.compare(contract.mlp_step())
    yield Figure("contract", "an MLP step with the contract ÷ without", "numpy", with_it / without)


def measurements() -> dict[str, Callable]:
    """{name: what measures it}, in the order of the table."""
    found = {name: lambda *options, name=name: time_of(name, *options) for name in benchmarks}
    found |= {f"memory-{name}": lambda *options, name=name: memory_of(name, *options) for name in ("cnn", "gpt")}
    return found | {"import": import_time, "contract": contract_cost}


# ----------------------------------------------------------------------------------------------------------- the report


def table_of(figures: list[Figure]) -> Table:
    used = [column for column in COLUMNS if any(figure.column == column for figure in figures)]
    table = Table(
        "benchmark",
        "ours ÷ PyTorch's",
        title="one thread: CPU time, by turns in one process; two: wall time, a process each",
    )
    for column in used:
        table.add_column(column)
        if COLUMNS[column]:
            table.add_column(COLUMNS[column], style="dim")
    for name, about in dict.fromkeys((figure.benchmark, figure.about) for figure in figures):
        cells = []
        for column in used:
            here = [x for x in figures if (x.benchmark, x.about, x.column) == (name, about, column)]
            cells.append(str(here[0]) if here else "")
            if COLUMNS[column]:
                cells.append(f"≤ {here[0].target:.2f}" if here and here[0].target else "")
        table.add_row(name, about, *cells)
    return table


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("numpy", "numba", "torch"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not there"
    return found


@app.command(help=__doc__)
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Benchmarks, or how names begin. Default: all.")] = None,
    backend: Annotated[list[str] | None, typer.Option(help="numpy or numba. Default: both, where numba is.")] = None,
    threads: Annotated[list[int], typer.Option(help="1 (CPU time, gates) or 2 (wall time, aims).")] = [1, 2],  # noqa: B006
    seconds: Annotated[float, typer.Option(help="For each contestant of each benchmark.")] = 2.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write what was measured.")] = None,
):
    known = measurements()
    for name in names or ():
        if not any(one.startswith(name) for one in known):
            raise typer.BadParameter(f"there is no benchmark {name!r}; there are {', '.join(known)}")
    names = [one for one in known if not names or any(one.startswith(name) for name in names)]
    figures = []
    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task("", total=len(names))
        for name in names:
            bars.update(bar, description=name)
            figures += known[name](backend or backends.available(), threads, seconds)
            bars.advance(bar)
    console.print(table_of(figures))
    if json_file:
        records = [asdict(figure) | {"holds": figure.holds} for figure in figures]
        json_file.write_text(json.dumps({"versions": versions(), "figures": records}, indent=1) + "\n")
    missed = [x for x in figures if COLUMNS[x.column] == "gate" and not x.holds]
    for figure in missed:
        console.print(
            f"[red]{figure.benchmark}: {figure.about}, {figure.column}: {figure}, the gate is {figure.target}"
        )
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
