"""How long the programs of tests/programs/corpus take on tinytorch and on PyTorch: `python -m benchmarks.programs`.

CPU seconds on one thread, the fewest of `--rounds`. "work" is the program alone, in a fork of a process that has
imported what programs import; "all" is with Python's start and the imports, as a user waits for it.
"""

import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests/programs/corpus"
AIM = 1.5
sys.path.insert(0, str(ROOT / "tests"))


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def work(server, program: Path, rounds: int) -> float:
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            ran, seconds = server.run(program, Path(folder, "run"))
        if ran.returncode:
            return float("nan")
        found.append(seconds)
    return min(found)


def everything(run, program: Path, rounds: int) -> float:
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            before = children()
            if run(program, folder=folder).returncode:
                return float("nan")
            found.append(children() - before)
    return min(found)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Programs of the corpus. Default: all.")] = None,
    rounds: Annotated[int, typer.Option(help="How often each runs; the fewest seconds count.")] = 3,
    alone: Annotated[bool, typer.Option(help="Leave out what counts the imports, too.")] = False,
):
    from programs.running import Server, python, run

    ours, theirs = Server("-m", "tinytorch"), Server()
    print(f"{'program':26} {'work: PyTorch':>13} tinytorch  ratio   {'all: PyTorch':>12} tinytorch  ratio")
    ratios = []
    for name in names or sorted(path.stem for path in CORPUS.glob("*.py")):
        program = CORPUS / f"{name}.py"
        a, b = work(theirs, program, rounds), work(ours, program, rounds)
        ratios.append(b / a)
        line = f"{name:26} {a:13.2f} {b:9.2f} {b / a:6.2f}{'*' if b > AIM * a else ' '}"
        if not alone:
            a, b = everything(python, program, rounds), everything(run, program, rounds)
            line += f"  {a:12.2f} {b:9.2f} {b / a:6.2f}{'*' if b > AIM * a else ' '}"
        print(line, flush=True)
    print(f"median of the ratios of work {statistics.median(ratios):.2f}; * is above the aim, {AIM}")
    ours.close()
    theirs.close()


if __name__ == "__main__":
    typer.run(main)
