"""What is measured in processes of their own: two threads, memory, import, and each attempt at a gate.

Two threads: in one process the pools of two frameworks disturb each other, so each has a process for itself, by turns;
the best of the rounds counts, by wall time.

Memory, in two ways, since each alone leaves something out.
- "resident" is what the operating system sees. After a rehearsal, which loads and compiles what there is, the model is
  thrown away, the allocator gives back what is free, and the peak is set back (Linux only); then the training begins
  anew. How far the peak rises is what all of it needs: parameters, gradients, Adam's memory, activations, buffers, and
  holes that the allocator cannot fill.
- "allocated" is what of a step's own allocations is there at its peak, as tracemalloc counts it for numpy's arrays and
  PyTorch's profiler for its tensors; neither sees what kernels take for themselves.
"""

import ctypes
import gc
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import workloads  # noqa: F401  registers
from benchmarks.measure import THEIRS, Benchmark, benchmarks, compare, contestant, interleaved, ratio

ROUNDS, STEPS = 3, 3


def in_process(*request: str, threads: int = 1) -> Any:
    """What `answer(*request)` returns in a new process."""
    return output(["-m", "benchmarks.separate_process", *request], threads)


def output(options: list[str], threads: int = 1) -> Any:
    environment = {**os.environ, "BENCHMARK_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, *options], env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def answer(what: str, name: str, who: str, seconds: str = "2") -> float | list[float]:
    one = benchmarks[name]
    if what == "ratio":
        return ratio(compare(replace(one, adam=False), [who], float(seconds)), who)
    return wall(one, who, float(seconds)) if what == "wall" else [resident(one, who), allocated(one, who)]


# ---------------------------------------------------------------------------------------------------------- two threads


def two_threads(one: Benchmark, backend: str, seconds: float) -> float:
    """Our wall time ÷ PyTorch's, each with two threads."""
    best = dict.fromkeys((backend, THEIRS), float("inf"))
    for _ in range(ROUNDS):
        for who in best:
            best[who] = min(best[who], in_process("wall", one.name, who, str(seconds), threads=2))
    return best[backend] / best[THEIRS]


def wall(one: Benchmark, who: str, seconds: float) -> float:
    block = contestant(one, who)
    block(3)
    return statistics.median(interleaved({who: block}, seconds, time.perf_counter)[who])


# --------------------------------------------------------------------------------------------------------------- memory


def memory(one: Benchmark, backend: str) -> tuple[float, float]:
    """What is resident, and what we allocate, ÷ PyTorch's."""
    ours, theirs = in_process("memory", one.name, backend), in_process("memory", one.name, THEIRS)
    return ours[0] / theirs[0], ours[1] / theirs[1]


def allocated(one: Benchmark, who: str) -> float:
    """Bytes at the peak of a step beyond what was there before."""
    block = contestant(one, who)
    block(STEPS)
    return peak_of_torch(block) if who == THEIRS else peak_of_numpy(block)


def peak_of_numpy(block: Callable) -> int:
    tracemalloc.start()
    block(1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def peak_of_torch(block: Callable) -> int:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        block(1)
    level = peak = 0
    for event in sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            level += event.nbytes()
            peak = max(peak, level)
    return peak


def resident(one: Benchmark, who: str) -> int:
    """KiB that the process grows by at the peak of a training that begins anew."""
    contestant(one, who)(STEPS)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    contestant(one, who)(STEPS)
    return status("VmHWM") - before


def status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


# --------------------------------------------------------------------------------------------------------------- import


def import_seconds(package: str) -> float:
    """CPU seconds that a program needs before its first layer, in a process where nothing was imported before."""
    line = f"from {package} import nn, optim, tensor; nn.Linear; optim.Adam"
    return output(["-c", f"import time; start = time.process_time(); {line}; print(time.process_time() - start)"])


def import_time() -> tuple[float, float]:
    """Our seconds, and what they are of PyTorch's."""
    ours, theirs = (
        statistics.median(import_seconds(package) for _ in range(ROUNDS)) for package in ("tinytorch", "torch")
    )
    return ours, ours / theirs


if __name__ == "__main__":
    print(json.dumps(answer(*sys.argv[1:])))
