"""Measures work on tinytorch beside the same work on PyTorch.

A benchmark is a function of the framework `t` (tinytorch or torch) that prepares weights and data and returns `run`:
one piece of work, which returns tensors, the loss first, that must agree before anything is timed: a fast wrong step
counts for nothing. All contestants work by turns in one process, in short blocks, and the quotients of neighbouring
blocks are what counts, their median: a machine that is slow for a while is so for all. The clock is CPU time and every
pool has one thread, since wall time under other load can be a hundred times off.

glibc's settings for large arrays, which tinytorch makes when it is imported, hold for PyTorch in that process too.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks import THREADS

BLOCK = 0.02  # seconds: shorter work is repeated within a block
ROUNDS = 5  # blocks of each contestant, at least
RTOL = 1e-3  # of a tensor's length, within which two must agree
THEIRS, FUSED = "PyTorch", "PyTorch, fused Adam"
benchmarks = {}  # name -> Benchmark, in the order of the table


@dataclass(frozen=True)
class Benchmark:
    """What runs, and the ratios to PyTorch that it must not exceed."""

    name: str
    about: str
    make: Callable  # (t) -> run() -> tensors; with an optimizer also fused=True, for torch
    gates: dict = field(default_factory=dict)  # backend -> the largest ratio of CPU time, one thread
    aim: float | None = None  # for the ratio of wall time, two threads, with numba
    adam: bool = False  # whether PyTorch's fused Adam takes part, too


def benchmark(about: str, numba=None, numpy=None, aim=None, adam=False, name=None):
    """Decorates a `make`: what it is about, the gates of both backends, and the aim with two threads."""

    def register(make):
        gates = {backend: gate for backend, gate in (("numpy", numpy), ("numba", numba)) if gate}
        one = Benchmark(name or make.__name__.replace("_", "-"), about, make, gates, aim, adam)
        benchmarks[one.name] = one
        return make

    return register


# ------------------------------------------------------------------------------------------------------ the contestants


def contestant(one: Benchmark, who: str) -> Callable:
    """`block(n)`: runs the work n times, returns what the last run did. `who` is a backend, or THEIRS, or FUSED."""
    if who not in (THEIRS, FUSED):
        import tinytorch

        return on_backend(who, repeated(one.make(tinytorch)))
    import torch

    torch.set_num_threads(int(THREADS))
    return repeated(one.make(torch, **({"fused": True} if who == FUSED else {})))


def contestants(one: Benchmark, backends: list[str]) -> dict[str, Callable]:
    """{who: block}; each has weights and data of its own, all the same."""
    return {who: contestant(one, who) for who in (*backends, THEIRS, *[FUSED] * one.adam)}


def repeated(run: Callable) -> Callable:
    def block(n: int):
        for _ in range(n - 1):
            run()
        return run()

    return block


def on_backend(backend: str, work: Callable) -> Callable:
    from tinytorch import backends

    def block(n: int):
        with backends.use(backend):
            return work(n)

    return block


def agree(name: str, blocks: dict[str, Callable], runs: int = 3) -> None:
    """Raise unless everybody gets the same in the first run, and then the same loss."""
    for i in range(runs):
        results = {who: arrays(block(1)) for who, block in blocks.items()}
        expected = results[THEIRS]
        largest = max(np.linalg.norm(b) for b in expected)
        for who, found in results.items():
            assert len(found) == len(expected), f"{name}: {who} has {len(found)} results, {THEIRS} {len(expected)}"
            for k, (a, b) in enumerate(zip(found, expected) if i == 0 else [(found[0], expected[0])]):
                assert a.shape == b.shape, f"{name}, result {k}: {who} has shape {a.shape}, {THEIRS} {b.shape}"
                off = np.linalg.norm((a - b).ravel())
                if not off <= RTOL * max(np.linalg.norm(b), 1e-3 * largest):
                    raise AssertionError(f"{name}, run {i + 1}, result {k}: {who} is {off:.3g} away from {THEIRS}")


def arrays(tensors) -> list[np.ndarray]:
    return [np.array(x.detach().numpy(), np.float64) for x in tensors]


# ------------------------------------------------------------------------------------------------------------ the clock


def interleaved(blocks: dict[str, Callable], seconds: float = 2.0, clock=time.process_time) -> dict[str, list[float]]:
    """The seconds of one run of each, round by round; each gets about `seconds` of the time."""
    repeat = {who: repeats(block) for who, block in blocks.items()}
    times = {who: [] for who in blocks}
    end = time.monotonic() + seconds * len(blocks)
    while time.monotonic() < end or min(map(len, times.values())) < ROUNDS:
        for who, block in blocks.items():
            start = clock()
            block(repeat[who])
            times[who].append((clock() - start) / repeat[who])
    return times


def ratio(times: dict[str, list[float]], ours: str, theirs: str = THEIRS) -> float:
    """The median over the rounds of the time of `ours` ÷ that of `theirs`."""
    return statistics.median(a / b for a, b in zip(times[ours], times[theirs], strict=True))


def repeats(block: Callable) -> int:
    """How many runs fill a block."""
    n = 1
    while True:
        start = time.perf_counter()
        block(n)
        if (took := time.perf_counter() - start) > BLOCK / 4:
            return max(1, round(n * BLOCK / took))
        n *= 4


def compare(one: Benchmark, backends: list[str], seconds: float = 2.0) -> dict[str, list[float]]:
    """The seconds of each contestant, round by round, after they agreed."""
    blocks = contestants(one, backends)
    agree(one.name, blocks)
    return interleaved(blocks, seconds)
