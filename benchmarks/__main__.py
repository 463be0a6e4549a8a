"""tinytorch beside PyTorch, on the same work with the same weights: `python -m benchmarks`.

The only place where a clock or the memory in use decides anything: each figure stands beside its gate or its aim, and
the command ends with 1 where a gate is missed. What misses a gate is measured again, longer, before it counts: other
work on the machine, and where a process happens to lie in memory, disturb even ratios of CPU time.
"""

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

from benchmarks import absolute, contract, separate_process, workloads
from benchmarks.measure import FUSED, benchmarks, compare, ratio
from tinytorch import backends

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)
if not console.is_terminal:  # a log has room for the table
    console.width = 160
COLUMNS = {  # of the table -> the target that stands beside them
    "numpy": "gate", "numba": "gate", "numba ÷ fused Adam": None, "two threads": "aim", "alone": "gate",
}  # fmt: skip
AGAIN = 3, 8  # times as long, where a gate was missed


@dataclass
class Figure:
    """One measured ratio, ours ÷ PyTorch's, or what `unit` says."""

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

    @property
    def missed(self) -> bool:
        return COLUMNS[self.column] == "gate" and not self.holds


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
        yield Figure(name, one.about, "two threads", separate_process.two_threads(one, using[-1], seconds), one.aim)


def memory_of(name: str, using: list[str], *_) -> Iterator[Figure]:
    for backend in using:
        for kind, value in zip(("resident", "allocated"), separate_process.memory(benchmarks[name], backend)):
            yield Figure(
                f"memory-{name}", f"memory at the peak of the {name} step, {kind}", backend, value, workloads.MEMORY
            )


def import_time(*_) -> Iterator[Figure]:
    """The gate is for a quiet machine; PyTorch's import tells how much slower this one is."""
    ours, ratio = separate_process.import_time()
    slower = max(1.0, workloads.IMPORT_RATIO * ours / ratio / workloads.IMPORT_SECONDS)
    yield Figure("import", "import, CPU time to the first layer", "alone", ours, slower * workloads.IMPORT_SECONDS, "s")
    yield Figure("import", "the same ÷ PyTorch's", "alone", ratio)


def seconds_of(name: str) -> Iterator[Figure]:
    one = absolute.measured[name]
    yield Figure(name, one.about, "alone", one.measure(), one.gate, one.unit)


def contract_cost(*_) -> Iterator[Figure]:
    with_it, without = contract.compare(contract.mlp_step())
    yield Figure("contract", "an MLP step with the contract ÷ without", "numpy", with_it / without)


def measurements() -> dict[str, Callable]:
    """{name: what measures it}, in the order of the table."""
    found = {name: lambda *options, name=name: time_of(name, *options) for name in benchmarks}
    found |= {f"memory-{name}": lambda *options, name=name: memory_of(name, *options) for name in ("cnn", "gpt")}
    found |= {name: lambda *options, name=name: seconds_of(name) for name in absolute.measured}
    return found | {"import": import_time, "contract": contract_cost}


def measured(name: str, using: list[str], threads: list[int], seconds: float) -> list[Figure]:
    """What `name` comes to; where a gate is missed, the best of that and of two longer tries."""
    take = measurements()[name]
    figures = list(take(using, threads, seconds))
    for longer in AGAIN:
        if not any(figure.missed for figure in figures):
            break
        again = take(using, threads, longer * seconds)
        figures = [min(pair, key=lambda figure: figure.value) for pair in zip(figures, again)]
    return figures


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


def blas() -> list[str]:
    """The libraries for products of matrices that are loaded, each with the kernel that it chose for this processor."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [f"{pool['internal_api']} {pool['version']}, kernel {pool.get('architecture', '?')}" for pool in found]


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
            figures += measured(name, backend or backends.available(), threads, seconds)
            bars.advance(bar)
    console.print(table_of(figures))
    console.print("BLAS:", ", ".join(blas()) or "unknown: threadpoolctl is not installed")
    if json_file:
        records = [asdict(figure) | {"holds": figure.holds} for figure in figures]
        json_file.write_text(json.dumps({"versions": versions(), "blas": blas(), "figures": records}, indent=1) + "\n")
    missed = [figure for figure in figures if figure.missed]
    for figure in missed:
        console.print(
            f"[red]{figure.benchmark}: {figure.about}, {figure.column}: {figure}, the gate is {figure.target}"
        )
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
