"""Probes of lesson 01. Only what this lesson builds is there: no backward, no zeros or randn."""

import numpy as np

from .harness import Probes

probe = Probes()
KINDS = ("bool_", "uint8", "int32", "int64", "float32", "float64")


def some(rng, *shape, kind="float32"):
    return np.asarray(rng.normal(size=shape), kind)


def away_from_zero(rng, *shape, kind="float32"):
    return np.asarray(rng.uniform(0.5, 2, shape) * rng.choice([-1.0, 1.0], shape), kind)


def sizes(rng, count):
    return tuple(int(n) for n in rng.choice(np.arange(2, 8), count, replace=False))


def ran(function, *arrays, **options):
    """A Function after its forward on raw arrays, all of which want a derivative, and what it gave."""
    node = function()
    node.saved, node.needs_input_grad = (), [True] * len(arrays)
    return node, node.forward(*arrays, **options)


def refusal(error, call):
    """The message with which `call` raises `error`."""
    try:
        call()
    except error as raised:
        return str(raised)
    return "nothing was raised"


@probe(
    "to-array",
    hint="Only Python's floats become float32; arrays keep theirs, a given dtype decides, and the result is a copy.",
)
def to_array(tt, lesson, rng):
    numbers, whole = some(rng, 3, 2).tolist(), rng.integers(-9, 9, 4).tolist()
    flags, single = (rng.random(5) < 0.5).tolist(), float(rng.normal())
    arrays = [
        np.asarray(100 * some(rng, 2, 3)).astype(kind) for kind in ("float64", "float32", "int32", "int64", "bool")
    ]
    wide, narrow, added = some(rng, 4, kind="float64"), some(rng, 3), float(rng.uniform(1, 2))

    def copies():
        found = []
        for original, kind in [(wide, None), (wide, lesson.float64), (narrow, None), (narrow, lesson.float32)]:
            got = lesson.to_array(original, kind)
            got += added
            found += [got, original]
        return tuple(found)

    mixed = [whole[0], single]
    return {
        "numbers": lambda: tuple(
            map(lesson.to_array, (numbers, whole, flags, single, mixed, (single, single), [], [[]]))
        ),
        "arrays": lambda: tuple(map(lesson.to_array, (*arrays, wide[0], narrow[0]))),
        "dtype": lambda: (
            *(
                lesson.to_array(whole, kind)
                for kind in (lesson.float64, float, "float64", lesson.float32, "int32", lesson.int64)
            ),
            *(lesson.to_array(numbers, kind) for kind in (lesson.float64, np.float32, int, "float64")),
            *(lesson.to_array(array, lesson.float32) for array in arrays),
        ),
        "copy": copies,
    }


def functions(lesson):
    """One that notes what it is given, a view, and a plain one."""

    class Mixed(lesson.Function):
        def forward(self, a, b, c, scale, shift=0.0):
            self.seen = [type(x) is np.ndarray for x in (a, b, c)] + list(self.needs_input_grad)
            self.saved = (a, b)
            return a * scale + np.asarray(b) * c + shift

    class Front(lesson.Function):
        is_view = True

        def forward(self, a, count):
            return a[:count]

    class Double(lesson.Function):
        def forward(self, a):
            return a * 2

    return Mixed, Front, Double


@probe(
    "function-apply",
    hint="saved and needs_input_grad first, then forward on raw arrays with the options, then closed() and record().",
)
def function_apply(tt, lesson, rng):
    Mixed, Front, Double = functions(lesson)
    shape = sizes(rng, 2)
    arrays = [some(rng, *shape) for _ in range(3)]
    number, scale, shift, more = (float(n) for n in rng.uniform(1, 3, 4))

    def leaves(*wants):
        return [lesson.tensor(array, requires_grad=want) for array, want in zip(arrays, wants, strict=False)]

    def values():
        a, b, c = leaves(False, True, True)
        plain = Mixed.apply(a, number, c, scale=scale)
        shifted = Mixed.apply(a, arrays[1], b, scale=scale, shift=shift)
        return plain, shifted, Double.apply(shifted), a

    def noted():
        a, b, c = leaves(True, False, True)
        first, second = Mixed.apply(a, number, b, scale=scale), Mixed.apply(a, b, c, scale=scale)
        third = Mixed.apply(number, first, second, scale=more)
        again = Mixed.apply(a, b, c, scale=scale)
        sources = [a, b, c, first.grad_fn, second.grad_fn]
        found = []
        for result in (first, second, third):
            node = result.grad_fn
            places = [next((i for i, source in enumerate(sources) if edge is source), -1) for edge in node.edges]
            wants = [bool(n) for n in node.needs_input_grad]
            found += [result, [result.requires_grad, type(node) is Mixed], node.seen, wants, places]
        younger = first.grad_fn.order < second.grad_fn.order < third.grad_fn.order
        own = second.grad_fn is not again.grad_fn
        return (*found, [younger, own], second.grad_fn.saved, list(third.grad_fn.shape))

    def silent():
        a, b, c = leaves(False, False, True)
        results = [Mixed.apply(a, number, b, scale=scale)]
        lesson.grad_mode.enabled = False
        try:
            results.append(Mixed.apply(c, number, c, scale=more))
        finally:
            lesson.grad_mode.enabled = True
        results.append(Mixed.apply(c, number, a, scale=more))
        return (*results, [(r.requires_grad, r.grad_fn is None) for r in results])

    def views():
        (a,) = leaves(True)
        front = Front.apply(a, count=1)
        kept = front._base is a
        a.detach().numpy()[...] += 1  # the view sees it
        front._base_fn, renewed = Double(), []
        before, lesson.Tensor.renew_history = lesson.Tensor.renew_history, lambda view: renewed.append(view)
        try:
            Double.apply(front)
        finally:
            lesson.Tensor.renew_history = before
        return front.detach(), [kept, *(view is front for view in renewed)]

    return {"values": values, "record": noted, "nothing to record": silent, "views": views}


@probe(
    "result-type",
    hint="First the highest family; in it, tensors with dimensions before 0-d tensors before numbers; then the widest.",
)
def result_type(tt, lesson, rng):
    kinds = [getattr(lesson, name) for name in KINDS]

    def tensor(name, ndim):
        return lesson.tensor(np.ones((1,) * ndim), dtype=getattr(lesson, name))

    def draw(what):
        """Operands as (kind or Python's type, dimensions or None for a number)."""
        if what == "numbers":
            return [(KINDS[rng.integers(6)], int(rng.integers(3)))] + [
                (rng.choice(3), None) for _ in range(rng.integers(1, 3))
            ]
        ndims = (0, 1, 2) if what == "0-d" else (1, 2)
        names = KINDS if what != "widest" else [KINDS[:1], KINDS[1:4], KINDS[4:]][rng.integers(3)]
        return [
            (names[rng.integers(len(names))], int(ndims[rng.integers(len(ndims))])) for _ in range(rng.integers(2, 5))
        ]

    python = (True, 3, 0.5)

    def answers(questions):
        found = []
        for operands in questions:
            given = [python[kind] if ndim is None else tensor(kind, ndim) for kind, ndim in operands]
            got = lesson.result_type(*[given[i] for i in range(len(given))])
            found.append(next((i for i, kind in enumerate(kinds) if kind is got), -1))
        return found

    found = {}
    for part in ("families", "widest", "0-d", "numbers"):
        questions = [draw(part) for _ in range(40)]
        questions = [list(reversed(q)) if i % 2 else q for i, q in enumerate(questions)]
        found[part] = lambda questions=questions: answers(questions)
    return found


@probe(
    "broadcast-shapes",
    forbids=".broadcast_shapes .broadcast .broadcast_arrays",
    hint="Align the shapes at the right; a missing size counts as 1, and 1 gives way to any size, also to 0.",
)
def broadcast_shapes(tt, lesson, rng):
    def stretched(result):
        """A shape that stretches to `result`: some sizes 1, some in front missing."""
        shape = [1 if rng.random() < 0.4 else n for n in result]
        return tuple(shape[rng.integers(0, len(shape) + 1) :])

    def questions(zero):
        found = []
        for _ in range(12):
            result = [int(n) for n in rng.integers(2, 9, rng.integers(1, 5))]
            if zero:
                result[rng.integers(len(result))] = 0
            found.append([stretched(result) for _ in range(rng.integers(2, 4))])
        return found

    def clashing():
        """Three shapes that meet everywhere but in one dimension."""
        result = [int(n) for n in rng.integers(2, 9, 3)]
        where = int(rng.integers(1, 4))
        first, other = list(result), list(result)
        other[-where] += int(rng.integers(1, 4))
        first, other = tuple(first[int(rng.integers(0, 4 - where)) :]), tuple(other[int(rng.integers(0, 4 - where)) :])
        return [(first, other), (other, (1,), first), (other, first)][rng.integers(3)]

    plain, zero, clashes = questions(False), questions(True), [clashing() for _ in range(8)]
    alone = sizes(rng, 3)

    def messages():
        return "\n".join(
            refusal(RuntimeError, lambda shapes=shapes: lesson.broadcast_shapes(*shapes)) for shapes in clashes
        )

    return {
        "sizes": lambda: tuple(list(lesson.broadcast_shapes(*shapes)) for shapes in [*plain, [alone], [alone, ()]]),
        "size 0": lambda: tuple(list(lesson.broadcast_shapes(*shapes)) for shapes in zero),
        "clash": messages,
    }


@probe(
    "arithmetic",
    hint="The order of the two sides, and what is kept for the derivative: shapes, a, b, and for Pow the result.",
)
def arithmetic(tt, lesson, rng):
    n, m = sizes(rng, 2)
    pairs = [((n, m), (n, m)), ((n, m), (m,)), ((n, 1), (m,)), ((), (n, m))]
    pairs = [
        (away_from_zero(rng, *p, kind=kind), away_from_zero(rng, *q, kind=kind))
        for p, q in pairs
        for kind in ("float32", "float64")
    ]
    bases = [(np.abs(a), b) for a, b in pairs]
    whole, number = rng.integers(1, 9, (n, m)), float(rng.uniform(1, 3))

    def results(operator, pairs, *more):
        tensors = [(lesson.tensor(a, requires_grad=True), lesson.tensor(b)) for a, b in pairs]
        found = [operator(a, b).detach() for a, b in tensors] + [operator(a, number).detach() for a, _ in tensors[:2]]
        return (*found, operator(number, tensors[0][1]), *more, *(x for pair in tensors[:2] for x in pair))

    def kept(function, pairs):
        found = []
        for a, b in pairs[:6]:
            node, output = ran(function, a, b)
            found += [output, tuple(np.asarray(x) for x in node.saved)]
            found += [[*node.a_shape, -1, *node.b_shape]] if function is not lesson.Pow else []
        return tuple(found)

    return {
        "sub/values": lambda: results(lambda a, b: a - b, pairs, lesson.tensor(whole) - 3),
        "sub/kept": lambda: kept(lesson.Sub, pairs),
        "div/values": lambda: results(lambda a, b: a / b, pairs, lesson.tensor(whole) / 3),
        "div/kept": lambda: kept(lesson.Div, pairs),
        "pow/values": lambda: results(lambda a, b: a**b, bases, lesson.tensor(whole) ** 2),
        "pow/kept": lambda: kept(lesson.Pow, bases),
    }


DIMS = (None, 0, 1, -1, -3, (0, 2), (-1, 0), (0, 1, 2))


@probe(
    "mean-max",
    hint="Divide by how many were summed, along the right dimensions; ties share equally, in the input's dtype.",
)
def mean_max(tt, lesson, rng):
    shape = sizes(rng, 3)
    cubes = [some(rng, *shape, kind=kind) for kind in ("float32", "float64")]
    ties = [rng.integers(0, 3, shape).astype(kind) for kind in ("float32", "float64")]
    ties = [array + array.dtype.type(some(rng)) for array in ties]
    row, single = some(rng, 1, shape[0]), some(rng)

    def reaches(result, leaf):
        todo = [result.grad_fn]
        while todo:
            source = todo.pop()
            if source is leaf or getattr(source, "variable", None) is leaf:  # PyTorch wraps a leaf in a node
                return True
            edges = getattr(source, "edges", None) or [node for node, _ in getattr(source, "next_functions", ())]
            todo += [edge for edge in edges if edge is not None]
        return False

    def of(function):
        tensors = [lesson.tensor(cube, requires_grad=True) for cube in cubes]
        found = [function(x, dim, keepdim=keep) for x in tensors for dim in DIMS[1:] for keep in (False, True)]
        found += [
            function(tensors[0]),
            function(lesson.tensor(row), 1),
            function(lesson.tensor(row), 0),
            function(lesson.tensor(single)),
        ]
        found += [function(tensors[0], axis=1, keepdims=True)]
        return tuple(x.detach() for x in found)

    def remembered():
        x = lesson.tensor(cubes[0], requires_grad=True)
        results = [lesson.mean(x), lesson.mean(x, 1), lesson.mean(x, (0, -1), keepdim=True)]
        return tuple(r.detach() for r in results), [reaches(r, x) for r in results]

    def shares():
        found = []
        for array in (*ties, cubes[0]):
            for dim in ((0,), (1,), (0, 2), (0, 1, 2)):
                node, output = ran(lesson.Max, array, dim=dim, keepdim=False)
                found += [output, node.share, list(node.kept_shape)]
        return tuple(found)

    return {
        "mean/values": lambda: of(lesson.mean),
        "mean/history": remembered,
        "max": lambda: of(lesson.amax),
        "share": shares,
    }


@probe(
    "views",
    hint="One call of numpy that does not copy, and what the way back needs: the input's a_shape, dims as given.",
)
def views(tt, lesson, rng):
    shape = sizes(rng, 3)
    cube, more = some(rng, *shape), some(rng, *shape)
    order = tuple(int(d) for d in [(1, 2, 0), (2, 0, 1)][rng.integers(2)])
    column, extra = some(rng, shape[0], 1), int(rng.integers(2, 5))
    new_shapes = [
        (shape[0] * shape[1], shape[2]),
        (-1,),
        (shape[0], -1),
        (*shape[:2], 1, shape[2]),
        tuple(reversed(shape)),
    ]

    def seen(array, change, *takes):
        """Each view, after the memory that it lies on was changed, and the input's values."""
        x = lesson.tensor(array, requires_grad=True)
        found = [take(x) for take in takes]
        x.detach().numpy()[...] += change
        return (*(view.detach() for view in found), x.detach())

    def kept(function, name, array, **options):
        node, output = ran(function, array, **options)
        return output, list(getattr(node, name))

    long = column.repeat(2, 1)[:, ::2]  # not contiguous
    return {
        "reshape/seen": lambda: seen(cube, more, *(lambda x, s=s: lesson.reshape(x, s) for s in new_shapes)),
        "reshape/kept": lambda: tuple(kept(lesson.Reshape, "a_shape", cube, shape=s) for s in new_shapes),
        "reshape/of a view": lambda: lesson.reshape(lesson.permute(lesson.tensor(cube), *order), -1),
        "permute/seen": lambda: seen(
            cube, more, lambda x: lesson.permute(x, order), lambda x: lesson.transpose(x, 0, -1)
        ),
        "permute/kept": lambda: kept(lesson.Permute, "dims", cube, dims=order),
        "expand/seen": lambda: seen(
            column, column * 2, lambda x: lesson.expand(x, -1, extra), lambda x: lesson.expand(x, extra, *column.shape)
        ),
        "expand/kept": lambda: kept(lesson.Expand, "a_shape", long, shape=(extra, shape[0], extra)),
    }


@probe(
    "matmul",
    hint="The left side's last dimension must equal the right side's last but one (a vector's only one); save a, b.",
)
def matmul(tt, lesson, rng):
    n, k, m, batch = sizes(rng, 4)
    small = [((n, k), (k, m)), ((k,), (k,)), ((n, k), (k,)), ((k,), (k, m)), ((n, 0), (0, m)), ((1, k), (k, 1))]
    large = [((batch, n, k), (batch, k, m)), ((batch, n, k), (k, m)), ((n, k), (batch, k, m)), ((batch, n, k), (k,))]
    large += [((k,), (batch, k, m)), ((2, 1, n, k), (batch, k, m))]
    drawn = {
        part: [(some(rng, *p), some(rng, *q)) for p, q in pairs]
        for part, pairs in (("plain", small), ("batches", large))
    }
    wide = some(rng, n, k, kind="float64"), some(rng, m, k, kind="float64")
    clashes = [
        ((n, k), (k + 1, m)),
        ((k,), (k + 1,)),
        ((k, n), (k,)),
        ((batch, n, k), (batch, m, k + 9)),
        ((n, k), (1, m)),
    ]
    clashes = [(some(rng, *p), some(rng, *q)) for p, q in clashes]

    def products(pairs):
        return tuple((lesson.tensor(a, requires_grad=True) @ lesson.tensor(b)).detach() for a, b in pairs)

    def refused():
        found = []
        for a, b in clashes:
            message = refusal(RuntimeError, lambda a=a, b=b: lesson.tensor(a) @ lesson.tensor(b))
            found.append([str(a.shape) in message, str(b.shape) in message])
        return found, products(drawn["plain"][:1])

    def saved():
        nodes = [ran(lesson.MatMul, a, b) for a, b in (drawn["plain"][0], drawn["batches"][1])]
        return tuple((output, *node.saved) for node, output in nodes)

    return {
        "plain": lambda: (products(drawn["plain"]), lesson.tensor(wide[0]) @ lesson.tensor(wide[1]).T, *wide),
        "batches": lambda: products(drawn["batches"]),
        "sizes that differ": refused,
        "saved": saved,
    }
