"""Probes of lesson 02: almost all ask for derivatives as PyTorch's users do. No nn is there yet."""

import numpy as np

from .harness import Probes

probe = Probes()


def some(rng, *shape, kind="float32"):
    return np.asarray(rng.normal(size=shape), kind)


def positive(rng, *shape, kind="float32"):
    return np.asarray(rng.uniform(0.5, 2, shape), kind)


def sizes(rng, count):
    return tuple(int(n) for n in rng.choice(np.arange(2, 8), count, replace=False))


def slopes(tt, lesson, compute, arrays, upstream, twice=False):
    """The result of `compute` and its derivatives for a gradient from above, or these and the derivatives of those."""
    leaves = [tt.tensor(array, requires_grad=True) for array in arrays]
    output = compute(*leaves)
    above = tt.tensor(upstream if upstream.ndim else upstream[()], dtype=output.dtype)
    if not twice:
        return (output, *lesson.grad(output, leaves, above))
    first = lesson.grad((output * output * above).sum(), leaves, create_graph=True)
    total = sum(((g * g).sum() for g in first), (leaves[0] * 0.0).sum())
    return (*first, *lesson.grad(total, leaves))


def raised(call, error=RuntimeError):
    try:
        call()
    except error:
        return True
    return False


@probe(
    "numerical-gradient",
    hint="Move each entry alone, by eps in both directions, on a float64 copy, and put it back before the next.",
)
def numerical_gradient(tt, lesson, rng):
    n, m = sizes(rng, 2)
    at, weight = some(rng, n, m, kind="float64"), some(rng, n, m, kind="float64")
    narrow, row, eps = some(rng, m), some(rng, n, kind="float64"), float(rng.uniform(0.2, 0.8))

    def cubic(a):
        return float((weight * a**3).sum() + a[0, 0] * a[-1, -1])

    def mixed(a):
        return float(a[0] * a[-1] ** 2 + (a**3).sum())

    def seen(a):  # is it the caller's array that moves?
        return float((a**2).sum()) * (9.0 if np.shares_memory(a, row) else 1.0)

    return {
        "values": lambda: (lesson.numerical_gradient(cubic, at), lesson.numerical_gradient(mixed, row), at, row),
        "eps": lambda: (lesson.numerical_gradient(cubic, at, eps), lesson.numerical_gradient(mixed, row, eps=eps)),
        "copy": lambda: (
            lesson.numerical_gradient(mixed, narrow, 0.01),
            lesson.numerical_gradient(lambda a: cubic(a.T), at.T, 0.01),
            lesson.numerical_gradient(seen, row, 0.01),
            narrow,
        ),
    }


@probe(
    "unbroadcast",
    hint="Sum over the dimensions in front that the input did not have, and over those where it had size 1.",
)
def unbroadcast(tt, lesson, rng):
    a, b, c, d = sizes(rng, 4)
    asked = {
        "in front": [((b,), (a, b)), ((), (a, b)), ((c, d), (a, b, c, d)), ((a, b), (a, b))],
        "size 1": [
            ((a, 1), (a, b)),
            ((1, b), (a, b)),
            ((1, 1), (a, b)),
            ((a, 1, c), (a, b, c)),
            ((1, b, 1), (a, b, c)),
        ],
        "both": [((1,), (a, b)), ((b, 1, c), (a, b, d, c)), ((1, 1), (a, b, 1)), ((1, 1, c), (a, b, 1, c))],
    }
    asked["both"] += [((1,), (0,)), ((1, b), (0, b))]
    found = {}
    for part, pairs in asked.items():
        drawn = [(shape, some(rng, *wide, kind=kind)) for shape, wide in pairs for kind in ("float32", "float64")]
        found[part] = lambda drawn=drawn: (
            *(lesson.unbroadcast(grad, shape) for shape, grad in drawn),
            *(grad for _, grad in drawn[:2]),
        )
    drawn = [(shape, some(rng, *wide)) for pairs in asked.values() for shape, wide in pairs]
    found["tensors"] = lambda: tuple(lesson.unbroadcast(tt.tensor(grad), shape) for shape, grad in drawn)
    return found


@probe(
    "arithmetic-backward", hint="The slope times the gradient from above, then summed back to that input's own shape."
)
def arithmetic_backward(tt, lesson, rng):
    n, m = sizes(rng, 2)
    shapes = [((n, m), (n, m)), ((n, m), (m,)), ((m,), (n, m)), ((n, 1), (m,)), ((), (n, m)), ((n, m), (1, 1))]
    pairs = [(some(rng, *p), positive(rng, *q)) for p, q in shapes]
    pairs.append((some(rng, n, kind="float64"), positive(rng, m, 1, kind="float64")))
    ups = [some(rng, *np.broadcast_shapes(a.shape, b.shape), kind=a.dtype) for a, b in pairs]
    number = float(rng.uniform(1, 3))
    found = {}
    for part, compute in (("sub", lambda a, b: a - b), ("mul", lambda a, b: a * b), ("div", lambda a, b: a / b)):

        def once(compute=compute):
            both = [slopes(tt, lesson, compute, pair, up) for pair, up in zip(pairs, ups, strict=True)]
            left = slopes(tt, lesson, lambda a: compute(a, number), pairs[0][:1], ups[0])
            right = slopes(tt, lesson, lambda b: compute(number, b), pairs[0][1:], ups[0])
            return (*both, left, right)

        found[part] = once
    found["twice"] = lambda: tuple(
        slopes(tt, lesson, compute, pairs[i], ups[i], twice=True)
        for i in (1, 3)
        for compute in (lambda a, b: a - b * b, lambda a, b: a * b, lambda a, b: a / b)
    )
    return found


@probe(
    "reductions-backward",
    hint="The gradient from above, reshaped to kept_shape, is stretched back (a sum) or goes to where the maximum was.",
)
def reductions_backward(tt, lesson, rng):
    shape = sizes(rng, 3)
    dims = [(None, False), (0, False), (1, True), (-1, False), ((0, 2), False), ((0, 1), True), ((2, 0, 1), True)]
    cubes = [positive(rng, *shape, kind=kind) for kind in ("float32", "float64")]
    ties = rng.integers(0, 3, shape).astype("float32")
    ups = [some(rng, *shape, kind=kind) for kind in ("float32", "float64")]
    reduced = [some(rng, *np.sum(cubes[0], axis=dim, keepdims=keep).shape) for dim, keep in dims]

    def each(compute, arrays, twice=False):
        return tuple(
            slopes(
                tt, lesson, lambda x, dim=dim, keep=keep: compute(x, dim, keep), [array], up.astype(array.dtype), twice
            )
            for array in arrays
            for (dim, keep), up in zip(dims, reduced, strict=True)
        )

    def sums(x, dim, keep):
        return x.sum() if dim is None else x.sum(dim, keepdim=keep)

    def maxima(x, dim, keep):
        return x.amax() if dim is None else x.amax(dim, keepdim=keep)

    pointwise = {"exp": lambda x: x.exp(), "log": lambda x: x.log()}
    found = {
        part: lambda compute=compute: tuple(
            slopes(tt, lesson, compute, [cube], up) for cube, up in zip(cubes, ups, strict=True)
        )
        for part, compute in pointwise.items()
    }
    found |= {"sum": lambda: each(sums, cubes), "max": lambda: each(maxima, [*cubes, ties])}
    found["twice"] = lambda: (
        *(slopes(tt, lesson, compute, cubes[:1], ups[0], twice=True) for compute in pointwise.values()),
        *each(lambda x, dim, keep: sums(x * x, dim, keep), cubes[:1], twice=True)[1:4],
        *each(lambda x, dim, keep: maxima(x, dim, keep) * x.sum(), cubes[:1], twice=True)[1:4:2],
    )
    return found


@probe(
    "views-backward",
    hint="The view that undoes it: the old shape, the inverse permutation, the sum over what was stretched.",
)
def views_backward(tt, lesson, rng):
    shape = sizes(rng, 3)
    cube, column, single = some(rng, *shape), some(rng, shape[0], 1), some(rng)
    extra = int(rng.integers(2, 5))
    turn = tuple(int(d) for d in [(1, 2, 0), (2, 0, 1)][rng.integers(2)])
    asked = {
        "reshape": [
            (cube, lambda x: x.reshape(shape[0] * shape[1], shape[2])),
            (cube, lambda x: x.reshape(-1)),
            (single, lambda x: x.reshape(1, 1)),
        ],
        "permute": [
            (cube, lambda x: x.permute(*turn)),
            (cube, lambda x: x.permute(turn[1], turn[2], turn[0])),
            (cube, lambda x: x.transpose(0, -1)),
        ],
        "expand": [
            (column, lambda x: x.expand(-1, extra)),
            (column, lambda x: x.expand(extra, shape[0], 2)),
            (single, lambda x: x.expand(extra, 2)),
        ],
    }
    found = {}
    for part, pairs in asked.items():
        ups = [some(rng, *take(tt.tensor(array if array.ndim else array[()])).shape) for array, take in pairs]

        def both(pairs=pairs, ups=ups):
            return tuple(
                slopes(tt, lesson, take, [array if array.ndim else array[()]], up, twice)
                for (array, take), up in zip(pairs, ups, strict=True)
                for twice in (False, True)
            )

        found[part] = both
    return found


@probe("matmul-gradients", hint="The shapes leave no choice; transpose the last two dimensions, not all of them.")
def matmul_gradients(tt, lesson, rng):
    n, k, m, batch = sizes(rng, 4)

    def draw(*front, kind="float32"):
        return (
            some(rng, *front, n, m, kind=kind),
            some(rng, *front, n, k, kind=kind),
            some(rng, *front, k, m, kind=kind),
        )

    plain, wide, batches = draw(), draw(kind="float64"), [draw(batch), draw(2, batch)]
    pairs = [
        ((n, k), (k, m)),
        ((batch, n, k), (k, m)),
        ((n, k), (batch, k, m)),
        ((k,), (k, m)),
        ((n, k), (k,)),
        ((k,), (k,)),
    ]
    pairs = [(some(rng, *p), some(rng, *q)) for p, q in pairs]
    ups = [some(rng, *(a @ b).shape) for a, b in pairs]

    def in_use(twice):
        return tuple(
            slopes(tt, lesson, lambda a, b: a @ b, pair, up, twice) for pair, up in zip(pairs, ups, strict=True)
        )

    return {
        "matrices": lambda: (*lesson.matmul_gradients(*plain), *lesson.matmul_gradients(*wide), *plain),
        "batches": lambda: tuple(tuple(lesson.matmul_gradients(*three)) for three in batches),
        "in use": lambda: in_use(False),
        "twice": lambda: in_use(True)[:3],
    }


OPERATIONS = (
    lambda a, b: (a + b) * 0.5,
    lambda a, b: a * b * 0.5,
    lambda a, b: a - b * 0.5,
    lambda a, b: (a * 0.1).exp(),
)


def graph(rng):
    """A random graph: a function that builds it from leaves, and so gives all of its results, oldest first."""
    steps = []
    for number in range(14):
        newest = 2 + number
        steps.append((int(rng.integers(4)), int(rng.integers(max(0, newest - 4), newest)), int(rng.integers(newest))))

    def build(leaves):
        values = list(leaves)
        for kind, i, j in steps:
            a, b = values[i], values[j]
            values.append(OPERATIONS[kind](a, b))
        return values[2:]

    return build


@probe(
    "graph-order",
    hint="Each node once (keep a set of what was seen), no leaves, the youngest first; a loop, no recursion.",
)
def graph_order(tt, lesson, rng):
    builds = [graph(rng) for _ in range(4)]
    starts = [float(x) for x in rng.uniform(0.5, 1, 2)]
    length, side = int(rng.integers(3000, 5000)), int(rng.integers(10, 40))
    picks = [[int(i) for i in rng.choice(14, 3, replace=False)] for _ in builds]

    def leaves():
        return [tt.tensor(x, requires_grad=True) for x in starts]

    def places(roots, nodes):
        """Which of `nodes` come out, in their order; -1 is a node between two of them."""
        number = {id(node): i for i, node in enumerate(nodes)}
        return [number.get(id(node), -1) for node in lesson.graph_order(roots)]

    def orders(several):
        found = []
        for build, pick in zip(builds, picks, strict=True):
            nodes = [result.grad_fn for result in build(leaves())]
            roots = [nodes[i] for i in pick] if several else [nodes[-1]]
            found += [places(roots, nodes), [nodes.index(node) for node in roots]]
        return tuple(found)

    def long():
        x, _ = leaves()
        ends = []
        for i in range(length):
            x = x + 1.0
            if i % side == 0:
                ends.append(x.grad_fn)
        return places([x.grad_fn], ends)

    def wide():
        x, y = leaves()
        ends = []
        for _ in range(20 + side):
            x = x + x  # 2 ** 30 ways back and more
            ends.append(x.grad_fn)
        return places([(x * y).grad_fn], ends)

    return {
        "order": lambda: orders(False),
        "several roots": lambda: orders(True),
        "large/long": long,
        "large/wide": wide,
    }


def recorder(tt, lesson, start, factors):
    """A function that multiplies by the next factor, if recorded with a history, and notes whether it was."""
    leaf, seen, left = tt.tensor(start, requires_grad=True), [], iter(factors)
    products = []

    def step():
        product = leaf * next(left)
        seen.append(product.requires_grad)
        products.append(product)

    def result():
        lesson.set_grad_enabled(True)
        total = sum(products, leaf * 1.0)
        return (*lesson.grad(total, [leaf]), seen)

    return step, result


def nest(lesson, step, modes, depth=0):
    """Steps in blocks within blocks, each with a mode of its own."""
    for mode in modes:
        with lesson.set_grad_enabled(mode):
            step()
            if depth < 3:
                nest(lesson, step, modes[depth + 1 : depth + 3], depth + 1)
            step()
        step()


@probe(
    "grad-mode",
    hint="Switch in __init__, remember what was there before, and put that back in __exit__, which returns nothing.",
)
def grad_mode(tt, lesson, rng):
    start, factors = float(rng.uniform(0.9, 1.1)), [float(f) for f in rng.uniform(0.5, 1.5, 40)]
    modes = [bool(mode) for mode in rng.integers(0, 2, 40)]

    def nested():
        step, result = recorder(tt, lesson, start, factors)
        try:
            nest(lesson, step, modes[:3])
        finally:
            lesson.set_grad_enabled(True)
        return result()

    def at_once():
        step, result = recorder(tt, lesson, start, factors)
        try:
            for mode in modes[:15]:
                lesson.set_grad_enabled(mode)
                step()
        finally:
            lesson.set_grad_enabled(True)
        return result()

    def given_cases():
        step, result = recorder(tt, lesson, start, factors)
        off, on = lesson.no_grad()(step), lesson.enable_grad()(step)
        try:
            for mode in modes[:8]:
                (on if mode else off)()
                step()
                with lesson.no_grad():
                    on() if mode else step()
                    with lesson.enable_grad():
                        step()
                    step()
        finally:
            lesson.set_grad_enabled(True)
        return result()

    def after_an_error():
        step, result = recorder(tt, lesson, start, factors)
        got_out = []
        try:
            for mode in modes[:8]:
                try:
                    with lesson.set_grad_enabled(mode):
                        step()
                        raise KeyError
                except KeyError:
                    got_out.append(mode)
                step()
        finally:
            lesson.set_grad_enabled(True)
        return (*result(), got_out)

    return {"with": nested, "at once": at_once, "no_grad, enable_grad": given_cases, "errors": after_an_error}


def with_hooks(lesson, leaves, factors):
    """Hooks that change a gradient, and one that only looks."""
    a, b = leaves()
    seen, middle = [], a * b
    middle.register_hook(lambda g: g * factors[0])
    middle.register_hook(lambda g: seen.append(g.detach().numpy().copy()))
    (got,) = lesson.grad((middle * middle + a).sum(), [middle])
    again = a * b
    again.register_hook(lambda g: g * g)
    (again * a + again * factors[1]).sum().backward()
    return got, a.grad, b.grad, *seen


def no_gradient(lesson, leaves, factors):
    """A Function that gives its second input no gradient."""

    class First(lesson.Function):
        """a; b gets no gradient."""

        def forward(self, a, b):
            return a * 1.0

        def backward(self, grad):
            return grad, None

    a, b = leaves()
    other = b * factors[2]
    (First.apply(a * factors[3], other) + First.apply(a, b)).sum().backward()
    c, d = leaves()
    other = d * factors[2]
    (First.apply(c * factors[3], other) + other * d).sum().backward()
    return a.grad, [b.grad is None], c.grad, d.grad


@probe(
    "walk",
    hint="Add what arrives at each edge as old + new, never in place; hooks first; skip what has no gradient.",
)
def walk(tt, lesson, rng):
    builds = [graph(rng) for _ in range(3)]
    arrays = [np.asarray(rng.uniform(0.5, 1, 3), "float32") for _ in range(2)]
    picks = [int(i) for i in rng.integers(4, 12, 3)]
    factors = [float(f) for f in rng.uniform(1, 3, 4)]
    weights = [some(rng, 3) for _ in range(3)]

    def leaves():
        return [tt.tensor(array, requires_grad=True) for array in arrays]

    def adds_up():
        found = []
        for build in builds:
            a, b = leaves()
            sum(build((a, b))).sum().backward()
            (a * factors[0] + b).sum().backward()
            found += [a.grad, b.grad]
        a, b = leaves()
        u, v, w = (tt.tensor(weight) for weight in weights)
        x, y = a * 1.0, b * 1.0
        z = x * u  # older than the sum, so asked after it
        s = x + y  # gives both of its inputs one and the same array
        (s * v + z * w).sum().backward()
        return (*found, a.grad, b.grad, a, b)

    def wanted():
        found = []
        for build, pick in zip(builds, picks, strict=True):
            a, b = leaves()
            results = build((a, b))
            got = lesson.grad(sum(results).sum(), [results[pick], a, results[-1], b], allow_unused=True)
            found += [-1.0 if g is None else g for g in got]
        return tuple(found)

    def released():
        a, b = leaves()
        result = ((a * b).exp() * a).sum()
        result.backward(retain_graph=True)
        result.backward()
        again = raised(result.backward)
        (slope,) = lesson.grad(((a * b).exp() * a).sum(), [a], create_graph=True)
        (bend,) = lesson.grad((slope * slope).sum(), [b])
        return a.grad, b.grad, bend, [again]

    return {
        "adds up": adds_up,
        "wanted": wanted,
        "hooks": lambda: with_hooks(lesson, leaves, factors),
        "released": released,
        "no gradient": lambda: no_gradient(lesson, leaves, factors),
    }
