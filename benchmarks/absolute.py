"""What has no counterpart in PyTorch to be compared with: seconds, each with a gate that leaves a slow machine room."""

import contextlib
import os
import pydoc_data.topics
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
measured = {}  # name -> Absolute, in the order of the table


@dataclass(frozen=True)
class Absolute:
    about: str
    measure: Callable  # () -> the figure, in `unit`
    gate: float
    unit: str


def absolute(name: str, about: str, gate: float, unit: str = "s"):
    def register(measure):
        measured[name] = Absolute(about, measure, gate, unit)
        return measure

    return register


def cpu_seconds(work: Callable) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@absolute("deep", "forward and backward through a chain of 100,000 operations, CPU time", gate=5)
def deep() -> float:
    import tinytorch

    def work():
        y = x
        for _ in range(100_000):
            y = y + 1.0
        y.backward()

    x = tinytorch.tensor(1.0, requires_grad=True)
    return cpu_seconds(work)


@absolute("profiler", "what profiling adds to one small operation, CPU time", gate=100, unit="µs")
def profiler() -> float:
    import tinytorch
    from tinytorch.profiler import profile

    x, y, count = tinytorch.rand(4), tinytorch.rand(4), 300

    def seconds(around) -> float:
        with around():
            return cpu_seconds(lambda: [x + y for _ in range(count)])

    inside, outside = (min(seconds(around) for _ in range(5)) for around in (profile, contextlib.nullcontext))
    return 1e6 * (inside - outside) / count


@absolute("merges", "300 merges learned from the 700 kB of Python's help, CPU time", gate=6)
def merges() -> float:
    from tinytorch.text import BPETokenizer

    text = "\n".join(pydoc_data.topics.topics.values())
    return cpu_seconds(lambda: BPETokenizer().train(text, 556))


@absolute("encode", "a text of 700,000 characters with three long words encoded and decoded, CPU time", gate=2)
def encode() -> float:
    from tinytorch.text import BPETokenizer

    tokenizer = BPETokenizer().train("\n".join(pydoc_data.topics.topics.values()), 556)
    text = "a" * 300_000 + "漢" * 100_000 + " " * 300_000
    return cpu_seconds(lambda: tokenizer.decode(tokenizer.encode(text)))


@absolute("lesson", "the slowest lesson's notebook, from the first cell to the last", gate=60)
def lesson() -> float:
    return max(run_notebook(folder / f"{folder.name}.ipynb") for folder in (ROOT / "modules").iterdir())


def run_notebook(notebook: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", notebook], env=environment, capture_output=True, check=True
    )
    return time.perf_counter() - start


if shutil.which("bwrap"):

    @absolute("sandbox", "the proof that the sandbox holds, before a class is graded", gate=2)
    def sandbox() -> float:
        from grading.sandbox import prove

        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            prove(Path(folder))
            return time.perf_counter() - start
