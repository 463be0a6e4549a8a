"""The benchmarks compare right work only, and report what they measured. What a clock says decides no test."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import workloads  # noqa: F401  registers
from benchmarks.__main__ import Figure, measured, measurements
from benchmarks.measure import agree, benchmarks, contestants

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["tape", "generate", "conv-64"])
def test_a_wrong_step_is_not_timed(name):
    blocks = contestants(benchmarks[name], ["numpy"])
    right = blocks["numpy"]
    blocks["numpy"] = lambda n: [2 * x for x in right(n)]
    with pytest.raises(AssertionError, match=f"{name}, run 1, result 0: numpy is"):
        agree(name, blocks)


@pytest.mark.parametrize(("values", "tries", "best"), [([3, 2], 2, 2), ([1], 1, 1), ([5, 4, 6], 3, 4)])
def test_a_missed_gate_is_measured_again(values, tries, best, monkeypatch):
    asked, left = [], iter(values)

    def take(using, threads, seconds):
        asked.append(seconds)
        return [Figure("one", "about", "numpy", next(left), target=2.5)]

    monkeypatch.setattr("benchmarks.__main__.measurements", lambda: {"one": take})
    (figure,) = measured("one", ["numpy"], [1], 1.0)
    assert figure.value == best and asked == [1, 3, 8][:tries]


def test_the_command_prints_a_table_and_writes_json(tmp_path):
    command = "-m benchmarks tape contract --threads 1 --seconds 0.01 --backend numpy --json".split()
    done = subprocess.run(
        [sys.executable, *command, tmp_path / "figures.json"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == ("the gate is" in done.stdout), done.stderr  # on a busy machine a gate may be missed
    assert "one small operation" in done.stdout and "contract" in done.stdout
    assert re.search(r"BLAS: openblas [\d.]+, kernel \w+", done.stdout)
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["versions"]["torch"] and written["blas"]
    assert [x["benchmark"] for x in written["figures"]] == ["tape", "contract"]
    assert all(x["value"] > 0 for x in written["figures"])


def test_the_contract_and_the_gates_are_measured():
    assert {"tape", "mlp", "gpt", "memory-cnn", "import", "contract", "profiler", "lesson"} <= set(measurements())
