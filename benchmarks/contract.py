"""What the contract on every call costs: `python -m benchmarks.contract`.

One training step (forward, loss, backward) of a multilayer perceptron 784-128-10 on a batch of 64, with modules called
with the contract and without it, in turns, so that both see the same machine.
"""

import functools
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


def mlp():
    manual_seed(0)
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), randn(64, 784), randn(64, 10)


def mlp_step():
    net, images, targets = mlp()

    def step():
        net.zero_grad()
        ((net(images) - targets) ** 2).mean().backward()

    return step


def main():
    print(f"{'':34} {'with':>9} {'without':>9} {'contract':>9}  ratio")
    net, images, _ = mlp()
    small = randn(4, 8)
    runs = {"MLP 784-128-10, batch 64, step": mlp_step(), "the same, forward only": lambda: net(images)}
    for depth in (10, 20, 40):
        runs[f"{2 * depth + 1} modules, {depth} deep, forward"] = functools.partial(deep(depth), small)
    for name, run in runs.items():
        checked, plainly = (1e6 * seconds for seconds in compare(run))
        print(f"{name:34} {checked:6.0f} us {plainly:6.0f} us {checked - plainly:6.1f} us  {checked / plainly:.3f}")


if __name__ == "__main__":
    main()
