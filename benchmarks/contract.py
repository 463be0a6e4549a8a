"""What the contract on every call costs: `python -m benchmarks.contract`.

One training step (forward, loss, backward) of a multilayer perceptron 784-128-10 on a batch of 64, with modules called
with the contract and without it, in turns, so that both see the same machine.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import statistics
import time

from tinytorch import manual_seed, nn, randn
from tinytorch.nn import module as lesson


def plain(module, args, kwargs):
    """A call without the contract."""
    return module.forward(*args, **kwargs)


def compare(run, repeat: int = 1000) -> tuple[float, float]:
    """The median seconds of `run()` with and without the contract."""
    checked, times = lesson._checked_forward, {True: [], False: []}
    try:
        for i in range(2 * repeat):
            lesson._checked_forward = checked if i % 2 else plain
            start = time.perf_counter()
            run()
            times[bool(i % 2)].append(time.perf_counter() - start)
    finally:
        lesson._checked_forward = checked
    return statistics.median(times[True]), statistics.median(times[False])


def deep(depth: int):
    """A Linear inside `depth` Sequentials."""
    net = nn.Linear(8, 8)
    for _ in range(depth):
        net = nn.Sequential(net, nn.Linear(8, 8))
    return net


def main():
    manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    images, targets = randn(64, 784), randn(64, 10)

    def step():
        net.zero_grad()
        ((net(images) - targets) ** 2).mean().backward()

    print(f"{'':34} {'with':>9} {'without':>9} {'contract':>9}  ratio")
    small = randn(4, 8)
    for name, run in [("MLP 784-128-10, batch 64, step", step), ("the same, forward only", lambda: net(images)),
                      *((f"{2 * n + 1} modules, {n} deep, forward", lambda d=deep(n): d(small)) for n in (10, 20, 40))]:
        with_contract, without = compare(run)
        print(f"{name:34} {1e6 * with_contract:6.0f} us {1e6 * without:6.0f} us {1e6 * (with_contract - without):6.1f} us  "
              f"{with_contract / without:.3f}")


if __name__ == "__main__":
    main()
