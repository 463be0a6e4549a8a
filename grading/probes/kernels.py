"""Probes of lesson 15: kernels get arrays to write into, so these are handed out afterwards, beside those to read."""

import numpy as np

from .convolution import normal
from .harness import Probes

probe = Probes()


def filled(*shape):
    """Room for a result, with something in it that must be written over."""
    return np.full(shape, 7, np.float32)


@probe(
    "adam-kernel",
    hint="First m and v with the new gradient (with l2 * p in it), then p with the new m and v; eps is added outside "
    "of the root, and kept multiplies p, not the step.",
)
def adam_kernel(tt, lesson, rng):
    found = {}
    for part, decay in (("step/plain", False), ("weight decay/l2 and kept", True), ("step/one", False)):
        n = 1 if part == "step/one" else int(rng.integers(20, 50))
        arrays = [normal(rng, n), normal(rng, n), normal(rng, n), normal(rng, n) ** 2]
        betas, others = rng.uniform(0.5, 0.9, 2), rng.uniform(0.1, 2, 3)
        decays = rng.uniform(0.3, 0.8, 2) if decay else (0, 1)
        numbers = [np.float32(number) for number in (*betas, *others, *decays)]

        def moved(arrays=arrays, numbers=numbers):
            p, grad, m, v = (array.copy() for array in arrays)
            lesson.adam_elements(p, grad, m, v, *numbers)
            return p, m, v, grad

        found[part] = moved
    return found


@probe(
    "cross-entropy-kernel",
    hint="Each row by itself: its largest score is taken off before exp, the powers are divided by their sum, and the "
    "loss is the log of that sum minus (the score of the class minus the largest).",
)
def cross_entropy_kernel(tt, lesson, rng):
    def asked(scores):
        classes = rng.integers(0, scores.shape[1], len(scores))

        def answer():
            given, losses, p = scores.copy(), filled(len(scores)), filled(*scores.shape)
            with np.errstate(all="ignore"):
                lesson.cross_entropy_rows(given, classes, losses, p)
            return losses, p, given

        return answer

    masked, broken = normal(rng, 6, 9), normal(rng, 6, 5)
    masked[rng.random((6, 9)) < 0.3] = -np.inf
    broken[rng.integers(6), rng.integers(5)] = np.nan
    found = {
        "rows/few classes": normal(rng, int(rng.integers(4, 9)), 3),
        "rows/many classes": normal(rng, 3, int(rng.integers(40, 90))),
        "large scores/down": normal(rng, 4, 6) - np.float32(rng.uniform(500, 900)),
        "large scores/up": normal(rng, 5, 7) + np.float32(rng.uniform(20_000, 60_000)),
        "large scores/apart": normal(rng, 5, 7) * np.float32(300),
        "masked, and nan/-inf": masked,
        "masked, and nan/nan": broken,
    }
    return {name: asked(scores) for name, scores in found.items()}


@probe(
    "cross-entropy-gradient",
    hint="The row's gradient multiplies all of p - [the class], the 1 too; the result is written, p stays as it is.",
)
def cross_entropy_gradient(tt, lesson, rng):
    found = {}
    for part, size in (("rows/few", 3), ("rows/many", int(rng.integers(30, 60)))):
        p = rng.dirichlet(np.ones(size), int(rng.integers(4, 8))).astype(np.float32)
        classes, grad = rng.integers(0, size, len(p)), normal(rng, len(p))

        def answer(p=p, classes=classes, grad=grad):
            given, upstream, result = p.copy(), grad.copy(), filled(*p.shape)
            lesson.cross_entropy_gradient(given, classes, upstream, result)
            return result, given, upstream

        found[part] = answer
    return found


def rows_of_numbers(rng, n, size):
    """x, weight, bias and a size of eps that is seen in the result."""
    x = normal(rng, n, size) * np.float32(0.7) + np.float32(rng.normal())
    return x, normal(rng, size), normal(rng, size), np.float32(rng.uniform(0.1, 0.5))


@probe(
    "layer-norm-kernel",
    hint="The variance is the mean of the squared distances from the mean (it divides by n), eps is added to it under "
    "the root, and weight and bias belong to the columns.",
)
def layer_norm_kernel(tt, lesson, rng):
    found = {}
    for part, n, size, offset in (("rows/short", 5, 6, 0), ("rows/long", 3, 70, 0), ("far from 0/long", 4, 50, 1)):
        x, weight, bias, eps = rows_of_numbers(rng, n, size)
        x += np.float32(offset * rng.uniform(200, 400))

        def answer(x=x, weight=weight, bias=bias, eps=eps):
            given = [array.copy() for array in (x, weight, bias)]
            result, means, rstds = filled(*x.shape), filled(len(x)), filled(len(x))
            lesson.layer_norm_rows(*given, eps, result, means, rstds)
            return result, means, rstds, *given

        found[part] = answer
    return found


@probe(
    "layer-norm-gradients",
    hint="Both sums of a row are over grad * weight and are divided by n; the gradients of weight and bias are sums "
    "over the rows, of grad * x_hat and of grad.",
)
def layer_norm_gradients(tt, lesson, rng):
    asked = {}
    for part, n, size in (("short", int(rng.integers(3, 7)), 5), ("long", 3, int(rng.integers(30, 50)))):
        x, weight, _, eps = rows_of_numbers(rng, n, size)
        means, rstds = x.mean(1), 1 / np.sqrt(x.var(1) + eps)
        asked[part] = normal(rng, n, size), x, weight, means, rstds
    others = normal(rng, n), rng.uniform(0.5, 2, n).astype(np.float32)  # statistics that are not those of x
    asked["of other rows"] = normal(rng, n, size), x, weight, *others

    def gradients(grad, x, weight, means, rstds):
        given = [array.copy() for array in (grad, x, weight, means, rstds)]
        of_x, of_weight, of_bias = filled(*x.shape), np.zeros_like(weight), np.zeros_like(weight)
        lesson.layer_norm_gradients(*given, of_x, of_weight, of_bias)
        return of_x, of_weight, of_bias, *given

    found = {}
    for name, arrays in asked.items():
        found[f"x/{name}"] = lambda a=arrays: (gradients(*a)[0], *gradients(*a)[3:])
        found[f"weight and bias/{name}"] = lambda a=arrays: gradients(*a)[1:3]
    return found


@probe(
    "embedding-gradient",
    hint="Add to the row of the id what is there already, as often as the id occurs; an id below 0 or beyond the last "
    "row ends it with False.",
)
def embedding_gradient(tt, lesson, rng):
    rows, found = int(rng.integers(4, 8)), {}
    table = normal(rng, rows, 5)

    def moved(ids, grad):
        memory = np.zeros((2 * rows, 5), np.float32)  # around the table, where a mistake would write
        memory[1 : 1 + rows] = table
        given, upstream = ids.copy(), grad.copy()
        return lesson.add_rows(given, upstream, memory[1 : 1 + rows]), memory, given, upstream

    for part, n in ("sums/few", 3), ("sums/many", 60):
        ids, grad = rng.integers(0, rows, n), normal(rng, n, 5)
        ids[rng.integers(n)] = rows - 1
        found[part] = lambda ids=ids, grad=grad: moved(ids, grad)
    for part, beyond in ("above", rows), ("below", -1):
        ids, grad = rng.integers(1, rows - 1, 2 * rows), normal(rng, 2 * rows, 5)
        at = int(rng.integers(rows, 2 * rows))
        ids[at], ids[at + 1 :] = beyond, 0  # the last row and row 0 have no right id before it

        def refused(ids=ids, grad=grad):
            done, memory, *given = moved(ids, grad)
            return done, memory[:2], memory[rows:], *given

        found[f"ids outside/{part}"] = refused
    return found


@probe(
    "max-pool-kernel",
    hint="The place is 0 where the first is the largest, else 1 where the second is, and so on: of equal numbers the "
    "first. Every number is added to what was seen.",
)
def max_pool_kernel(tt, lesson, rng):
    found = {}
    even, odd = 2 * rng.integers(2, 5, 2), 2 * rng.integers(2, 5, 2) + 1
    ties, broken = np.round(normal(rng, 3, *even)), normal(rng, 2, *odd)
    broken.reshape(-1)[rng.choice([0, 1, odd[1], odd[1] + 1])] = np.nan
    numbers = {
        "largest/even sizes": normal(rng, 3, *even),
        "largest/odd sizes": normal(rng, 2, *odd),
        "the first of equal ones/even sizes": ties,
    }
    for part, x in numbers.items():

        def answer(x=x):
            given, shape = x.copy(), (len(x), x.shape[1] // 2, x.shape[2] // 2)
            best, which = filled(*shape), np.full(shape, 7, np.uint8)
            seen = lesson.max_pool_2x2(given, best, which)
            return best, which, np.float32(seen), given

        found[part] = answer

    def nan():
        best, which = filled(2, *odd // 2), np.full((2, *odd // 2), 7, np.uint8)
        seen = lesson.max_pool_2x2(broken, best, which)
        return np.float32(seen), best[1], which[1]  # the plane without a nan

    return found | {"nan/seen": nan}


@probe(
    "convolution-kernel",
    hint="Row k begins at starts[k] and belongs to weight[o, k]; all outputs are zeros before the first tap is added.",
)
def convolution_kernel(tt, lesson, rng):
    found = {}
    for part, outputs, taps in (("four by three", 4, 3), ("more outputs", 8, 3), ("more taps", 4, 9), ("both", 12, 6)):
        n = int(rng.integers(5, 40))
        weight, flat = normal(rng, outputs, taps), normal(rng, 90)
        starts = rng.permutation(50)[:taps]

        def answer(weight=weight, flat=flat, starts=starts, n=n):
            given, out = [array.copy() for array in (weight, flat, starts)], filled(len(weight), n)
            lesson.product_of_rows(*given, out)
            return out, *given

        found[f"{part}/out"] = answer
    return found
