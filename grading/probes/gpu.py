"""Probes of lesson 16. Kernels run in the simulator, which stops those that race or reach outside."""

import contextlib
import math

import numpy as np

from .harness import Probes

probe = Probes()


def normal(rng, *shape, dtype="float32"):
    return rng.normal(size=shape).astype(dtype)


def by_thread(launch, array, does, block, thread):
    """The numbers of an array of float32 that a thread touches, in order."""
    return [
        a.address // 4 for a in launch.accesses if (a.array, a.does, a.block, a.thread) == (array, does, block, thread)
    ]


def sized(lesson, name, size, run):
    """What `run()` gives while the lesson's THREADS or TILE is `size`."""
    before = getattr(lesson, name)
    setattr(lesson, name, size)
    try:
        return run()
    finally:
        setattr(lesson, name, before)


@probe("counted-transfers", hint="Call move first and keep its copy; then one more in times, nbytes more in bytes.")
def counted_transfers(tt, lesson, rng):
    arrays = [normal(rng, *rng.integers(2, 9, 2), dtype=dtype) for dtype in ("float32", "float64", "float32")]
    add, factor = rng.normal(), rng.normal()

    def moved():
        traffic = lesson.Traffic()
        move = lesson.counted(lambda array: array * factor, traffic)
        return tuple(move(array) for array in arrays)

    def counts():
        there, back, found = lesson.Traffic(), lesson.Traffic(), []
        move, fetch = lesson.counted(lambda array: array + add, there), lesson.counted(lambda array: array[:1], back)
        for array in arrays:
            fetch(move(array))
            found += [there.times, there.bytes, back.times, back.bytes]
        return found

    def failing():
        traffic = lesson.Traffic()
        move = lesson.counted(lambda array: array.no_such_thing, traffic)
        with contextlib.suppress(AttributeError):
            move(arrays[0])
        lesson.counted(np.copy, traffic)(arrays[1])
        return traffic.times, traffic.bytes

    return {"the copy/of each": moved, "counts/in both directions": counts, "counts/where one failed": failing}


@probe(
    "least-seconds",
    hint="The larger of arithmetic and memory, plus what is sent over the cable, plus a start for each.",
)
def least_seconds(tt, lesson, rng):
    fast, slow, cable, start = rng.uniform(10, 20), rng.uniform(1, 2), rng.uniform(0.5, 1), rng.uniform(0.01, 0.1)
    flops, moved, sent, launches = (
        rng.uniform(50, 100),
        rng.uniform(50, 100),
        rng.uniform(5, 9),
        int(rng.integers(2, 9)),
    )

    def least(rates, *arguments):
        return lambda: lesson.least_seconds(lesson.Machine("m", *rates), *arguments)

    return {
        "the roofline/arithmetic": least((slow, fast), flops, moved),
        "the roofline/memory": least((fast, slow), flops, moved),
        "cable and starts/one start": least((fast, slow, cable, start), flops, moved),
        "cable and starts/all": least((slow, fast, cable, start), flops, moved, sent, launches),
        "cable and starts/nothing to do": least((slow, fast, cable, start), 0, 0, sent, launches),
    }


@probe("add-kernel", hint="i = cuda.grid(1); a thread with i beyond the last element must do nothing.")
def add_kernel(tt, lesson, rng):
    found = {}
    for part, left, dtype in [("whole blocks", 0, "float32"), ("guard", 1, "float32"), ("guard", 2, "float64")]:
        threads, blocks = int(rng.integers(4, 9)), int(rng.integers(2, 5))
        n = blocks * threads - left
        a, b = normal(rng, n, dtype=dtype), normal(rng, 2 * n, dtype=dtype)[::2]

        def added(a=a, b=b, threads=threads, blocks=blocks):
            out = np.zeros_like(a)
            launch = lesson.watch(lesson.add_kernel, blocks, threads, a, b, out)
            who = {(access.block, access.thread) for access in launch.accesses if access.does == "writes"}
            return out, a, b, len(who)

        found[f"{part}/{dtype}"] = added
    return found


@probe("axpy-kernel", hint="Begin at cuda.grid(1), go on by cuda.gridsize(1) until x.size; and y grows by alpha * x.")
def axpy_kernel(tt, lesson, rng):
    found, alpha = {}, float(rng.uniform(2, 3))
    for part in ("small grids", "large grids", "which element"):
        threads, blocks = int(rng.integers(3, 7)), int(rng.integers(2, 4))
        n = threads * blocks * (1 if part == "large grids" else 4) - int(rng.integers(1, 3))
        x, y, block, thread = normal(rng, n), normal(rng, n), int(rng.integers(blocks)), int(rng.integers(threads))

        def run(x=x, y=y, blocks=blocks, threads=threads, block=block, thread=thread, part=part):
            result = y.copy()
            launch = lesson.watch(lesson.axpy_kernel, blocks, threads, alpha, x, result)
            return by_thread(launch, "y", "writes", block, thread) if part == "which element" else (result, x)

        found[f"{part}/{'of a thread' if part == 'which element' else 'y'}"] = run
    return found


@probe("count-sectors", hint="The sectors of each number's first and last byte (byte // 32), each counted once.")
def count_sectors(tt, lesson, rng):
    rows, spread, across = [], [], []
    for _ in range(6):
        size = int(2 ** rng.integers(0, 5))
        first, step = 32 * int(rng.integers(9)) + size * int(rng.integers(32 // size)), size * int(rng.integers(1, 5))
        rows.append(([first + step * lane for lane in range(int(rng.integers(5, 33)))], size))
        spread.append(((size * rng.integers(0, 40, int(rng.integers(3, 33)))).tolist(), size))
        across.append((rng.integers(0, 600, int(rng.integers(3, 33))).tolist(), int(rng.integers(6, 33))))
    return {
        f"{part}/six warps": lambda cases=cases: [lesson.sectors(*case) for case in cases]
        for part, cases in (("in a row", rows), ("anywhere", spread), ("over a sector's end", across))
    }


@probe(
    "fold",
    hint="A barrier before the first step, one after each, and one between reading values[0] and returning it; only "
    "the threads below half add, but all come to the barriers.",
)
def fold(tt, lesson, rng):
    found = {}
    for part in ("sum", "largest"):
        for threads in (int(2 ** rng.integers(1, 4)), 64):
            x, blocks = normal(rng, 3 * threads - 1) - np.float32(4), int(rng.integers(2, 4))

            def run(x=x, threads=threads, blocks=blocks, part=part):
                sums, peaks = np.zeros((2, blocks), "float32")
                launch = lesson.watch(lesson.sum_and_max_kernel, blocks, threads, x, sums, peaks)
                shared = [a.thread for a in launch.accesses if a.memory == "shared" and a.block == 0]
                busiest = max(map(shared.count, set(shared)), default=0)
                beyond_a_tree = max(0, busiest - 12 * (math.frexp(threads)[1] + 1))
                return sums if part == "sum" else peaks, beyond_a_tree

            found[f"{part}/{'64' if threads == 64 else 'few'} threads"] = lambda run=run, n=threads: sized(
                lesson, "THREADS", n, run
            )
    return found


@probe(
    "matmul-kernel",
    hint="tile_a[y, x] comes from a[row, start + x], tile_b[y, x] from b[start + y, column], zeros where these are "
    "outside; a barrier after loading and one after multiplying, which every thread reaches; write only inside c.",
)
def matmul_kernel(tt, lesson, rng):
    found = {}
    for part, edge in (("whole tiles", 0), ("edges", 1), ("edges", 2)):
        tile, many = int(rng.integers(3, 5)), [rng.integers(1, 4), rng.integers(2, 4), rng.integers(1, 4)]
        M, K, N = (int(tile * n - (rng.integers(1, tile) if edge else 0)) for n in many)
        a, b = normal(rng, M, K), normal(rng, N, K).T  # not in memory's order

        def run(a=a, b=b, tile=tile):
            c = np.zeros((len(a), b.shape[1]), "float32")
            blocks = -(-b.shape[1] // tile), -(-len(a) // tile)
            launch = lesson.watch(lesson.matmul_kernel, blocks, (tile, tile), a, b, c)
            reads = sum(access.memory == "global" and access.does == "reads" for access in launch.accesses)
            most = 2 * math.prod(blocks) * tile * tile * -(-a.shape[1] // tile)
            return c, a, b, max(0, reads - most)

        found[f"{part}/{edge}"] = lambda run=run, n=tile: sized(lesson, "TILE", n, run)
    return found


@probe(
    "softmax-kernel",
    hint="A thread without a column gives -inf to the largest and 0 to the sum; the largest is subtracted before exp.",
)
def softmax_kernel(tt, lesson, rng):
    found = {}
    for part, wide, shift in (("short rows", 0.5, 0), ("long rows", 2.5, 0), ("large numbers", 1.5, 500)):
        threads = int(2 ** rng.integers(2, 5))
        rows, columns = int(rng.integers(2, 5)), int(wide * threads) + int(rng.integers(0, threads // 2))
        x, row, thread = (
            2 * normal(rng, rows, columns) + np.where(np.arange(rows) % 2, -shift, shift)[:, None].astype(np.float32),
            int(rng.integers(rows)),
            int(rng.integers(columns)),
        )

        def run(x=x, threads=threads, row=row, thread=thread % threads):
            out = np.zeros_like(x)
            launch = lesson.watch(lesson.softmax_kernel, len(x), threads, x, out)
            return out, x, sorted(set(by_thread(launch, "x", "reads", row, thread)))

        found[f"{part}/softmax"] = lambda run=run, n=threads: sized(lesson, "THREADS", n, run)
    return found
