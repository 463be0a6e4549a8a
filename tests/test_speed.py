"""The gates of speed: CPU time beside PyTorch's on the same work, by turns, each pool with one thread.

`python -m benchmarks` measures longer, and more. A gate that is missed is measured again, longer each time, since other
work on the machine disturbs even ratios of CPU time.
"""

import dataclasses

import pytest

pytest.importorskip("torch", reason="torch is not installed")

from benchmarks import alone, works
from benchmarks.measure import THEIRS, agree, benchmarks, contestants, interleaved
from tinytorch import backends

pytestmark = pytest.mark.xdist_group("speed")  # one after the other
SECONDS = (0.5, 1.5, 4.0)  # of each attempt, for each contestant
GATES = [(name, backend) for name, one in benchmarks.items() for backend in one.gates]


@pytest.mark.parametrize(("name", "backend"), GATES, ids=map("-".join, GATES))
def test_gate(name, backend):
    if backend not in backends.available():
        pytest.skip(f"{backend} is not installed")
    one = dataclasses.replace(benchmarks[name], adam=False)
    blocks, ratios = contestants(one, [backend]), []
    agree(name, blocks)
    for seconds in SECONDS:
        found = interleaved(blocks, seconds)
        ratios.append(found[backend] / found[THEIRS])
        if ratios[-1] <= one.gates[backend]:
            return
    measured = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    pytest.fail(
        f"{one.about}: with {backend} {measured} of PyTorch's CPU time, the gate of {name} is {one.gates[backend]}"
    )


def test_import():
    limit = works.IMPORT_SECONDS
    seconds = []
    for _ in range(6):
        seconds.append(alone.in_process("import", alone.IMPORT))
        if seconds[-1] <= limit:
            return
    pytest.fail(f"importing tinytorch takes {min(seconds):.2f} s of CPU time, the gate is {limit}")


@pytest.mark.parametrize("name", ["tape", "generate", "conv-64"])
def test_a_wrong_step_is_not_timed(name):
    blocks = contestants(benchmarks[name], ["numpy"])
    right = blocks["numpy"]
    blocks["numpy"] = lambda n: [2 * x for x in right(n)]
    with pytest.raises(AssertionError, match=f"{name}, run 1, result 0: numpy is"):
        agree(name, blocks)
