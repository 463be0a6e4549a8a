"""Runs the numeric tests and the notebooks as on other processors: `make processors`, or `python tests/processors`.

A result must not depend on the processor. numpy, PyTorch with oneDNN, and OpenBLAS each choose their code by what the
processor can do; here each is held to an old one and to a new one, alone and together, and the table says what they
chose. Three more runs give numpy's functions other last bits and sums another order (other_processor.py).

`python tests/processors NAME ...` runs those of the table; options that begin with - go to pytest. A run that the
processor here cannot do is named as skipped. Ends with 1 if anything failed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_features__
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NEWER = {"old": ("X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"), "AVX2": ("X86_V4", "AVX512_ICL", "AVX512_SPR")}
TORCH = {
    "old": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "AVX-512": {"ATEN_CPU_CAPABILITY": "avx512"},
}
SAY = """
import torch
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from threadpoolctl import threadpool_info
print(" ".join(feature for feature in __cpu_dispatch__ if __cpu_features__[feature]) or "baseline")
print(torch.backends.cpu.get_cpu_capability())
print(*{pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"})
"""
RUNS = {  # name -> numpy, PyTorch, OpenBLAS
    "old": ("old", "old", "Nehalem"),
    "new": ("AVX2", "AVX2", "Haswell"),
    "newest": ("AVX-512", "AVX-512", "SkylakeX"),
    "numpy-old": ("old", "AVX2", "Zen"),
    "torch-old": ("AVX2", "old", "Haswell"),
    "blas-old": ("AVX2", "AVX2", "Sandybridge"),
}
COUNTS_BYTES = [  # other_processor's arrays among them
    "tests/kernels/test_profiler.py::test_memory_of_an_operation",
    "tests/kernels/test_kernels_conv.py::test_no_large_copies",
]
NEIGHBOURS = {f"neighbours-{seed}": {"OTHER_PROCESSOR": str(seed)} for seed in range(3)}
TESTS = ["tests/core", "tests/kernels", "tests/course/test_notebooks.py", "tests/course/test_learner.py"]
TESTS += [f"--ignore=tests/{file}.py" for file in ("core/test_wrong", "core/test_datasets", "kernels/test_benchmarks")]


def environment(name: str) -> dict[str, str]:
    if name in NEIGHBOURS:
        return NEIGHBOURS[name]
    numpy, torch, blas = RUNS[name]
    without = [feature for feature in NEWER.get(numpy, ()) if __cpu_features__.get(feature)]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(without), "OPENBLAS_CORETYPE": blas} | TORCH[torch]


def lacks(name: str) -> str:
    """What this run would need of the processor here that it has not got."""
    if name in RUNS and name != "old" and not __cpu_features__.get("AVX2"):
        return "AVX2"
    return "AVX-512" if "AVX-512" in RUNS.get(name, ()) and not __cpu_features__.get("AVX512_SKX") else ""


def chosen(settings: dict[str, str]) -> list[str]:
    """What numpy, PyTorch and OpenBLAS say that they run on, with these settings."""
    done = subprocess.run(
        [sys.executable, "-c", SAY], env=os.environ | settings, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def run(name: str, options: list[str], folder: Path) -> tuple[str, list[str]]:
    """pytest's last line, and the tests that failed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, *options]
    given = environment(name) | {"PYTHONPATH": str(HERE)}
    if name in NEIGHBOURS:  # here, and in the notebooks' kernels
        command += ["-p", "other_processor", *(f"--deselect={test}" for test in COUNTS_BYTES)]
        startup = folder / "profile_default/startup/00.py"
        startup.parent.mkdir(parents=True, exist_ok=True)
        startup.write_text(f"import sys; sys.path.append({str(HERE)!r}); import other_processor\n")
        given["IPYTHONDIR"] = str(folder)
    done = subprocess.run(command, cwd=ROOT, env=os.environ | given, capture_output=True, text=True)
    failed = re.findall(r"^(?:FAILED|ERROR) (.*)", done.stdout, re.MULTILINE)
    lines = done.stdout.splitlines() or done.stderr.splitlines()
    return lines[-1].strip(" ="), failed or [done.stdout[-2000:] + done.stderr[-2000:]] * (done.returncode != 0)


def main():
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("names", nargs="*", choices=[[], *RUNS, *NEIGHBOURS], metavar="NAME")
    reader.add_argument("--jobs", type=int, default=2)
    given, options = reader.parse_known_args()
    options += ["-n", str(given.jobs), "--dist", "worksteal"]
    table, bad = Table("run", "numpy", "PyTorch, oneDNN", "OpenBLAS", "result"), 0
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or [*RUNS, *NEIGHBOURS]:
            if lacking := lacks(name):
                table.add_row(name, *RUNS[name], f"skipped: this processor lacks {lacking}")
                continue
            line, failed = run(name, options, Path(folder))
            bad += bool(failed)
            console.print(f"{name}: {line}", *failed, sep="\n  ", markup=False)
            numpy, torch, blas = chosen(environment(name))
            other = name in NEIGHBOURS
            table.add_row(name, numpy + other * ", other bits", torch, blas + other * ", another order", line)
    console.print(table)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
