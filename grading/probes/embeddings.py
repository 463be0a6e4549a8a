"""Probes of lesson 11."""

import numpy as np

from .harness import Probes

probe = Probes()


def normal(rng, *shape, dtype="float32"):
    return rng.normal(size=shape).astype(dtype)


@probe("lookup", hint="Ids below 0 and beyond the last row must be refused before numpy's indexing sees them.")
def lookup(tt, lesson, rng):
    count, size = rng.integers(40, 90), rng.integers(2, 6)
    table, transposed = normal(rng, count, size), normal(rng, 3, count, dtype="float64").T
    shapes = (*rng.integers(2, 6, 2),), (2, 3, 2), (), (0,), (2, 0)
    some = [rng.integers(0, count, shape) for shape in shapes]
    narrow = rng.integers(0, count, 5).astype("int32")
    edges, inside = np.array([[0, count - 1], [count - 1, 0]]), rng.integers(0, count, (3, 4))
    outside = [-1, -count, -count - 3, count, count + rng.integers(1, 99)]

    def refused(bad):
        ids = inside.copy()
        ids[1, 2] = bad
        try:
            return lesson.lookup(table, ids)
        except Exception as error:
            says = str(error)
            # numpy's own message names an axis
            return type(error).__name__, [str(bad) in says, str(count) in says, "axis" in says]

    return {
        "rows": lambda: (*(lesson.lookup(table, ids) for ids in some), lesson.lookup(transposed, narrow), table, *some),
        "outside/edges": lambda: lesson.lookup(table, edges),
        "outside/refused": lambda: tuple(refused(bad) for bad in outside),
    }


@probe(
    "scatter-add",
    forbids="SumSlices SumEntries index_add index_add_ index_put index_put_ .scatter_add .scatter_add_",
    hint="Where an id comes several times, all its rows count, each in the order of the sorted ids.",
)
def scatter_add(tt, lesson, rng):
    def question(shape, rows, width, dtype="float32", used=None, kind="int64"):
        ids = rng.integers(0, used or rows, shape).astype(kind)
        return ids, normal(rng, *shape, width, dtype=dtype), rows

    def asked(questions):
        return lambda: tuple((lesson.scatter_add(*question), *question[:2]) for question in questions)

    length, width = (int(n) for n in rng.integers((9, 2), (14, 5)))
    many = question((300,), 40, 3, used=25)
    shapes = [
        question((length, 2), 9, width, "float64"),
        question((2, 3, 4), 7, 1, kind="int32"),
        question((), 5, width),
        question((0,), 4, 3, used=1),
        question((3, 2), 4, 0),
    ]
    ids, above, rows = question((3, length), 6, width)
    shapes.append((ids.T, above.swapaxes(0, 1), rows))  # rows that do not lie one after another
    return {"repeated": asked([question((length,), 5, width), many]), "shapes": asked(shapes)}


@probe("weight-gradient", hint="padding_idx may be 0, which is not None, and an id that never occurs is divided by 1.")
def weight_gradient(tt, lesson, rng):
    rows, width = (int(n) for n in rng.integers((7, 2), (12, 5)))
    ids = rng.integers(0, rows - 2, (3, 5))  # the last two rows are never used, or as padding only
    above, precise = normal(rng, 3, 5, width), normal(rng, 3, 5, width, dtype="float64")
    used = int(ids[1, 2])
    nothing = np.zeros((0,), int), np.zeros((0, width), "float32"), rows, 1

    def asked(*options):
        mine = above.copy()  # what one part overwrites, the others do not see
        return lambda: (
            *(lesson.weight_gradient(ids, mine, rows, *each) for each in options),
            lesson.weight_gradient(ids, precise.copy(), rows, *options[0]),
            lesson.weight_gradient(*nothing, *options[0][1:]),
            mine,
            ids,
        )

    return {
        "padding": asked((None,), (0,), (used,), (rows - 1,)),
        "frequency": asked((None, True), (None, False)),
        "both": asked((0, True), (used, True), (rows - 2, True)),
    }


@probe("embedding-function", hint="Save the ids as they are, look up forward, and hand both options on backward.")
def embedding_function(tt, lesson, rng):
    rows, width = (int(n) for n in rng.integers((6, 2), (10, 5)))
    table, ids, flat = normal(rng, rows, width), rng.integers(0, rows - 1, (2, 7)), rng.integers(0, rows, 5)
    above, precise = normal(rng, 2, 7, width), normal(rng, 5, width, dtype="float64")
    used = int(ids[1, 3])

    def slope(where, grad, **options):
        weight = tt.tensor(table.astype(grad.dtype), requires_grad=True)
        y = lesson.EmbeddingFunction.apply(weight, tt.tensor(where), **options)
        y.backward(tt.tensor(grad))
        return y, weight.grad

    def forward():
        weight, some = tt.tensor(table), tt.tensor(ids)
        return lesson.EmbeddingFunction.apply(weight, some), weight, some

    def changed():
        weight, some = tt.tensor(table, requires_grad=True), tt.tensor(ids)
        y = lesson.EmbeddingFunction.apply(weight, some)
        some.fill_(0)
        try:
            y.backward(tt.tensor(above))
        except Exception as error:
            return y, type(error).__name__
        return y, weight.grad

    return {
        "forward": forward,
        "backward": lambda: (slope(ids, above), slope(flat, precise)),
        "options": lambda: (
            slope(ids, above, padding_idx=used),
            slope(ids, above, scale_grad_by_freq=True),
            slope(ids, above, padding_idx=0, scale_grad_by_freq=True),
        ),
        "saved": changed,
    }


@probe("embedding-module", hint="Hand all options of the layer on; the padding row starts at zero, the others N(0, 1).")
def embedding_module(tt, lesson, rng):
    rows, width = (int(n) for n in rng.integers((6, 3), (11, 6)))
    table, ids, flat = normal(rng, rows, width), rng.integers(0, rows, (3, 4)), rng.integers(0, rows, 6)
    above, precise = normal(rng, 3, 4, width), normal(rng, 6, width, dtype="float64")
    paddings = [None, 0, int(ids[0, 0]), int(ids[2, 1]) - rows]
    zero_row, from_the_end = (int(n) for n in rng.integers(1, 300, 2))
    norm, limit = float(rng.choice([1.0, 3.0])), float(rng.uniform(0.5, 1.0))

    def asked(where, grad, **options):
        layer = lesson.Embedding(rows, width, _weight=tt.tensor(table.astype(grad.dtype)), **options)
        y = layer(tt.tensor(where))
        y.backward(tt.tensor(grad))
        return y, layer.weight.grad, layer.weight

    def sparse():
        try:
            lesson.Embedding(rows, width, _weight=tt.tensor(table), sparse=True)(tt.tensor(ids))
        except Exception as error:
            return type(error).__name__
        return "no error"

    def start():
        found = []
        for options in ({"padding_idx": zero_row}, {"padding_idx": -from_the_end}, {"padding_idx": 0}, {}):
            layer = lesson.Embedding(300, 40, **options)
            weight, before = layer.weight, layer.weight.detach().numpy().copy()
            layer.reset_parameters()
            numbers = layer.weight.detach().numpy()
            found.append(np.flatnonzero(~before.any(axis=1)))
            found.append(np.flatnonzero(~numbers.any(axis=1)))
            drawn = numbers[numbers.any(axis=1)]
            found.append([layer.weight is weight, layer.weight.requires_grad, np.array_equal(before, numbers)])
            found.append(np.rint([10 * drawn.mean(), 10 * drawn.std(), ((drawn / drawn.std()) ** 4).mean()]) + 0.0)
        return tuple(found)

    return {
        "forward": lambda: (asked(ids, above), asked(flat, precise)),
        "padding": lambda: tuple(asked(ids, above, padding_idx=each) for each in paddings),
        "options/values": lambda: (
            asked(ids, above, scale_grad_by_freq=True),
            asked(ids, above, max_norm=limit),
            asked(flat, precise, max_norm=limit, norm_type=norm, padding_idx=0, scale_grad_by_freq=True),
        ),
        "options/sparse": sparse,
        "start": start,
    }


def hidden_meanings(rng):
    """Each of 40 ids has a hidden point in the plane; of three ids, in which of six directions does the sum lie?"""
    points = rng.normal(size=(40, 2))

    def examples(count):
        ids = rng.integers(0, 40, (count, 3))
        x, y = points[ids].sum(axis=1).T
        return {"ids": ids, "direction": np.floor((np.arctan2(y, x) / (2 * np.pi) % 1) * 6).astype("int64")}

    return examples(1500), examples(1000)


def directions(tt, table, linear, ids):
    return linear(table(tt.tensor(ids)).sum(1))


def learn_meanings(tt, lesson, rng, data):
    tt.manual_seed(int(rng.integers(2**31)))
    table, linear = lesson.Embedding(40, 4), tt.nn.Linear(4, 6)
    optimizer = tt.optim.Adam([*table.parameters(), *linear.parameters()], lr=0.05)
    for _ in range(300):
        batch = rng.integers(0, len(data["ids"]), 128)
        scores = directions(tt, table, linear, data["ids"][batch])
        loss = tt.nn.functional.cross_entropy(scores, tt.tensor(data["direction"][batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {"table": table.weight, "weight": linear.weight, "bias": linear.bias}


def share_of_meanings(tt, lesson, weights, data):
    table, linear = lesson.Embedding(40, 4), tt.nn.Linear(4, 6)
    table.load_state_dict({"weight": tt.tensor(weights["table"])})
    linear.load_state_dict({name: tt.tensor(weights[name]) for name in ("weight", "bias")})
    return np.mean(directions(tt, table, linear, data["ids"]).detach().numpy().argmax(1) == data["direction"])


probe.learns("embedding-module", 0.85, hidden_meanings, learn_meanings, share_of_meanings)


@probe("sinusoidal-table", hint="Columns 2i and 2i + 1 share one frequency; compute the angles in float64.")
def sinusoidal_table(tt, lesson, rng):
    length, half = (int(n) for n in rng.integers((20, 2), (60, 9)))
    far = rng.integers(30000, 40000, 6)
    return {
        "even": lambda: (lesson.sinusoidal_table(length, 2 * half), lesson.sinusoidal_table(0, 4)),
        "odd": lambda: (lesson.sinusoidal_table(length + 1, 2 * half + 1), lesson.sinusoidal_table(length, 1)),
        "far": lambda: lesson.sinusoidal_table(40000, 32)[far],
    }


@probe("learned-positions", hint="Add a slice of the weight, from start on, by operations on tensors only.")
def learned_positions(tt, lesson, rng):
    rows, size = (int(n) for n in rng.integers((8, 2), (13, 6)))
    table = normal(rng, rows, size, dtype="float64")
    cases = []
    for shape, dtype in (((2, 3, size), "float32"), ((5, size), "float64"), ((2, 3, 4, size), "float32")):
        start = int(rng.integers(1, rows - shape[-2] + 1))
        numbers = normal(rng, *shape, dtype=dtype), normal(rng, *shape, dtype=dtype)
        cases += [(*numbers, 0), (*numbers, start), (*numbers, rows - shape[-2])]

    def run(x, above, start):
        layer = lesson.LearnedPositions(rows, size, dtype=getattr(tt, str(x.dtype)))
        layer.weight.data.copy_(tt.tensor(table))
        x = tt.tensor(x, requires_grad=True)
        y = layer(x, start) if start else layer(x)
        y.backward(tt.tensor(above))
        return y, x, x.grad, layer.weight.grad

    return {
        "forward": lambda: tuple(run(*case)[:2] for case in cases),
        "gradient": lambda: tuple(run(*case)[2:] for case in cases),
    }


@probe("rotary", hint="Neighbours form a pair, only one of the two sines has a minus, and the way back turns back.")
def rotary(tt, lesson, rng):
    def angles(*shape, dtype="float32"):
        turn = rng.uniform(-9, 9, shape)
        return np.cos(turn).astype(dtype), np.sin(turn).astype(dtype)

    half, length = (int(n) for n in rng.integers((2, 3), (5, 7)))
    x, precise = normal(rng, 2, length, 2 * half), normal(rng, 2 * half, 4, dtype="float64").T
    cases = [(x, *angles(length, half)), (precise, *angles(4, half, dtype="float64")), (x[0, 0], *angles(half))]
    start = normal(rng, 2, length, 2 * half, dtype="float64")
    above, direction = normal(rng, *start.shape, dtype="float64"), normal(rng, *start.shape, dtype="float64")
    positions = rng.permutation(50)[:length]

    def slope(**options):
        x = tt.tensor(start, requires_grad=True)
        y = lesson.apply_rotary(x, **options)
        y.backward(tt.tensor(above))
        return y, x.grad

    def second():
        x, v = tt.tensor(start, requires_grad=True), tt.tensor(above, requires_grad=True)
        (back,) = tt.autograd.grad(lesson.apply_rotary(x, tt.tensor(positions)), x, v, create_graph=True)
        return back, *tt.autograd.grad(back, v, tt.tensor(direction))

    return {
        "rotate": lambda: tuple((lesson.rotate(*case), *case) for case in cases),
        "backward": lambda: (slope(), slope(positions=tt.tensor(positions), base=100.0)),
        "second": second,
    }
