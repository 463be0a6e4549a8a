"""The gates of speed: CPU time beside PyTorch's on the same work, by turns, each pool with one thread.

`python -m benchmarks` measures longer, and more. A gate that is missed is measured again, longer each time and in a new
process: other work on the machine, and where a process happens to lie in memory, disturb even ratios of CPU time.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")

from benchmarks import alone, works
from benchmarks.measure import agree, benchmarks, contestants
from tinytorch import backends

pytestmark = pytest.mark.xdist_group("speed")  # one after the other
SECONDS = (0.5, 1.5, 4.0)  # of each attempt, for each contestant
GATES = [(name, backend) for name, one in benchmarks.items() for backend in one.gates]


@pytest.mark.parametrize(("name", "backend"), GATES, ids=map("-".join, GATES))
def test_gate(name, backend):
    if backend not in backends.available():
        pytest.skip(f"{backend} is not installed")
    one, ratios = benchmarks[name], []
    for seconds in SECONDS:
        ratios.append(alone.in_process("ratio", name, backend, str(seconds)))
        if ratios[-1] <= one.gates[backend]:
            return
    measured = ", ".join(f"{each:.2f}" for each in ratios)
    pytest.fail(
        f"{one.about}: with {backend} {measured} of PyTorch's CPU time, the gate of {name} is {one.gates[backend]}"
    )


def test_import():
    """The gate is for a quiet machine; PyTorch's import tells how much slower this one is."""
    ours, ratios = [], []
    for _ in range(5):
        ours.append(alone.import_seconds("tinytorch"))
        if ours[-1] <= works.IMPORT_SECONDS:
            return
        ratios.append(ours[-1] / alone.import_seconds("torch"))
        if ratios[-1] <= works.IMPORT_RATIO:
            return
    pytest.fail(
        f"importing tinytorch takes {min(ours):.2f} s of CPU time, {min(ratios):.2f} of PyTorch's: "
        f"the gate of import is {works.IMPORT_SECONDS} s, or {works.IMPORT_RATIO} of PyTorch's"
    )


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="/proc/self/clear_refs is not there")
@pytest.mark.parametrize("name", ["cnn", "gpt"])
def test_memory(name):
    backend = backends.available()[-1]
    for kind, found in zip(("resident", "allocated"), alone.memory(benchmarks[name], backend)):
        assert found <= works.MEMORY, (
            f"the {name} step with {backend} needs {found:.2f} of PyTorch's memory ({kind}), the gate of memory-{name} is {works.MEMORY}"
        )


@pytest.mark.parametrize("name", ["tape", "generate", "conv-64"])
def test_a_wrong_step_is_not_timed(name):
    blocks = contestants(benchmarks[name], ["numpy"])
    right = blocks["numpy"]
    blocks["numpy"] = lambda n: [2 * x for x in right(n)]
    with pytest.raises(AssertionError, match=f"{name}, run 1, result 0: numpy is"):
        agree(name, blocks)


def test_the_command_prints_a_table_and_writes_json(tmp_path):
    command = "-m benchmarks import tape --threads 1 --seconds 0.01 --backend numpy --json".split()
    done = subprocess.run(
        [sys.executable, *command, tmp_path / "figures.json"], cwd=Path(alone.__file__).parents[1],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == ("the gate is" in done.stdout), done.stderr  # on a busy machine a gate may be missed
    assert "one small operation" in done.stdout and "import" in done.stdout
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["versions"]["torch"] and [x["benchmark"] for x in written["figures"]] == ["tape", "import", "import"]
    assert all(0.01 < x["value"] < 10 for x in written["figures"])
