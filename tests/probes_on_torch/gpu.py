"""What lesson 16's probes ask for: PyTorch's results, and by formula who touches what."""

from types import SimpleNamespace

import numpy as np
import torch


class Traffic:
    times, bytes = 0, 0


def counted(move, traffic):
    def and_count(array):
        try:
            return move(array)
        except AttributeError:
            traffic.times, traffic.bytes = traffic.times - 1, traffic.bytes - array.nbytes
            raise
        finally:
            traffic.times, traffic.bytes = traffic.times + 1, traffic.bytes + array.nbytes

    return and_count


def machine(name, flops, bandwidth, cable=np.inf, start=0.0):
    return SimpleNamespace(rates=np.array([flops, bandwidth, cable]), start=start)


def least_seconds(machine, flops, moved, sent=0, launches=1):
    working, memory, cable = np.array([flops, moved, sent]) / machine.rates
    return float(np.fmax(working, memory) + cable + launches * machine.start)


def sectors(addresses, size):
    touched = np.zeros(4096, bool)
    for first in addresses:
        touched[first : first + size] = True
    return int(touched.reshape(-1, 32).any(1).sum())


def access(array, does, element, block, thread):
    return SimpleNamespace(array=array, does=does, address=4 * element, block=block, thread=thread, memory="global")


def add(blocks, threads, a, b, out):
    out[:] = torch.add(torch.tensor(a), torch.tensor(b.copy())).numpy()
    return [access("out", "writes", i, *divmod(i, threads)) for i in range(len(a))]


def axpy(blocks, threads, alpha, x, y):
    y[:] = torch.tensor(y).add(torch.tensor(x), alpha=alpha).numpy()
    return [access("y", "writes", i, *divmod(i % (blocks * threads), threads)) for i in range(len(x))]


def sum_and_max(blocks, threads, x, sums, peaks):
    """A block sees every so many pieces of the array, as many as its threads are long."""
    rest = -len(x) % (blocks * threads)
    for filler, found, reduce in ((0, sums, torch.sum), (-np.inf, peaks, torch.amax)):
        pieces = torch.nn.functional.pad(torch.tensor(x), (0, rest), value=filler).reshape(-1, blocks, threads)
        found[:] = reduce(pieces, dim=(0, 2)).numpy()
    return []


def matmul(blocks, tile, a, b, c):
    c[:] = torch.matmul(torch.tensor(a), torch.tensor(b)).numpy()
    return []


def softmax(blocks, threads, x, out):
    out[:] = torch.softmax(torch.tensor(x), 1).numpy()
    rows, columns = x.shape
    return [access("x", "reads", r * columns + c, r, c % threads) for r in range(rows) for c in range(columns)]


def watch(kernel, *arguments):
    return SimpleNamespace(accesses=kernel(*arguments))


lesson = SimpleNamespace(
    Traffic=Traffic,
    counted=counted,
    Machine=machine,
    least_seconds=least_seconds,
    sectors=sectors,
    watch=watch,
    add_kernel=add,
    axpy_kernel=axpy,
    sum_and_max_kernel=sum_and_max,
    matmul_kernel=matmul,
    softmax_kernel=softmax,
    THREADS=256,
    TILE=16,
)
