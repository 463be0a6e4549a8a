"""tinytorch beside PyTorch, on the same work with the same weights: `python -m benchmarks`."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy loads

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import works  # noqa: F401  registers
from benchmarks.measure import FUSED, THEIRS, Benchmark, benchmarks, compare
from tinytorch import backends

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)
if not console.is_terminal:  # a log has room for the table
    console.width = 140


def chosen(names: list[str] | None) -> list[Benchmark]:
    found = [one for one in benchmarks.values() if not names or any(one.name.startswith(name) for name in names)]
    for name in names or ():
        if not any(one.name.startswith(name) for one in found):
            raise typer.BadParameter(f"there is no benchmark {name!r}; there are {', '.join(benchmarks)}")
    return found


@app.command(help=__doc__)
def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks, or how their names begin; all without.")
    ] = None,
    backend: Annotated[list[str] | None, typer.Option(help="numpy, numba; all that are there without.")] = None,
    seconds: Annotated[float, typer.Option(help="For each contestant in each benchmark.")] = 2.0,
):
    using = backend or backends.available()
    table = Table("benchmark", "", *[f"{name} ÷ PyTorch" for name in using], "gate", f"{using[-1]} ÷ fused Adam")
    missed = False
    with Progress(console=console, transient=True) as bars:
        for one in bars.track(chosen(names), description="measuring"):
            found = compare(one, using, seconds)
            cells = []
            for name in using:
                ratio, gate = found[name] / found[THEIRS], one.gates.get(name)
                late = gate is not None and ratio > gate
                missed |= late
                colour = "red" if late else "green" if gate else "default"
                cells.append(f"[{colour}]{ratio:.2f}")
            gates = ", ".join(f"{one.gates[name]:.2f}" if name in one.gates else "-" for name in using)
            fused = f"{found[using[-1]] / found[FUSED]:.2f}" if FUSED in found else ""
            table.add_row(one.name, one.about, *cells, gates, fused)
    console.print(table)
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
