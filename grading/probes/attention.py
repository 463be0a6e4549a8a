"""Probes of lesson 12."""

import numpy as np

from .harness import BY_ITSELF, Probes

probe = Probes()
INF = float("inf")


def normal(rng, *shape, dtype="float32"):
    return rng.normal(size=shape).astype(dtype)


def sizes(rng):
    """(queries, keys, features, features of a value), all different."""
    return (int(n) for n in rng.permutation(np.arange(3, 8))[:4])


def inputs(rng, batch, dtype="float32"):
    """A query, a key and a value with the dimensions `batch` in front."""
    queries, keys, size, out = sizes(rng)
    return [normal(rng, *batch, *shape, dtype=dtype) for shape in ((queries, size), (keys, size), (keys, out))]


@probe("attention-scores", hint="Swap the last two dimensions of the key only, and multiply by scale.")
def attention_scores(tt, lesson, rng):
    query, key, _ = inputs(rng, (2,))
    deep, wide, _ = inputs(rng, (2, 3), "float64")
    scale = float(rng.uniform(0.2, 0.8))

    def tensors():
        q, k = tt.tensor(deep, requires_grad=True), tt.tensor(wide, requires_grad=True)
        scores = lesson.attention_scores(q, k, scale)
        scores.square().sum().backward()
        return scores, q.grad, k.grad, q, k

    return {
        "arrays": lambda: (
            lesson.attention_scores(query, key, scale),
            lesson.attention_scores(deep, wide, 1 / scale),
            lesson.attention_scores(deep, wide[0, 0], scale),
            lesson.attention_scores(query[0], key[0], scale),
            *(query, key, deep, wide),
        ),
        "tensors": tensors,
    }


@probe("attention-weights", hint="Subtract each row's maximum; a row of nothing but -inf has none, and a sum of 0.")
def attention_weights(tt, lesson, rng):
    queries, keys, *_ = sizes(rng)
    scores, precise = normal(rng, 2, queries, keys), normal(rng, 2, 3, queries, keys, dtype="float64")
    large = 3000 + 3 * normal(rng, 2, queries, keys) - np.array([[[0]], [[7000]]], "float32")
    some = scores.copy()
    some[rng.random(some.shape) < 0.4] = -INF
    some[0, 1], some[1, 0], some[1, 0, 1], some[1, 1] = -INF, -INF, 2.5, np.finfo("float32").min

    def forbidden():
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return lesson.attention_weights(some), lesson.attention_weights(some[0, 0].astype("float64")), some

    return {
        "softmax": lambda: (
            *(lesson.attention_weights(each) for each in (scores, precise, scores.T, scores[0], scores[:, :, :0])),
            *(scores, precise),
        ),
        "large": lambda: (lesson.attention_weights(large), large),
        "forbidden": forbidden,
    }


@probe("masks", hint="True lets in, and a query sees itself; numbers are added, and the scores stay as they were.")
def masks(tt, lesson, rng):
    few, many = (int(n) for n in (rng.integers(2, 7), rng.integers(8, 14)))
    scores, precise = normal(rng, 2, 3, few, many), normal(rng, few, many, dtype="float64")
    allowed = [rng.random(shape) < 0.6 for shape in ((few, many), (many,), (2, 1, 1, many), (2, 3, few, many))]
    added = [normal(rng, *shape) for shape in ((few, many), (2, 3, few, many), (2, 1, 1, many))]
    for mask in added:
        mask[rng.random(mask.shape) < 0.3] = -INF

    def asked(*questions):
        """The parts share no array: what one overwrites, the other does not see."""
        given = [(scores.copy(), mask) for scores, mask in questions]
        return lambda: (*(lesson.masked(*each) for each in given), *given)

    return {
        "causal": lambda: (
            *(lesson.causal_mask(*shape) for shape in ((few, few), (few, many), (many, few), (1, many), (many, 1))),
            *(lesson.causal_mask(rows, rows + 1) for rows in (many, few)),
        ),
        "boolean": asked(*((scores, mask) for mask in allowed), *((precise, mask) for mask in allowed[:2])),
        "numbers": asked(*((scores, mask) for mask in added), (precise, added[0].astype("float64"))),
    }


@probe("attend", hint="Mask before the softmax; dropout multiplies the weights that are used, not those returned.")
def attend(tt, lesson, rng):
    first, deep = inputs(rng, (3,)), inputs(rng, (2, 2), "float64")
    scale = float(rng.uniform(0.3, 0.9))
    shape, wide = (3, first[0].shape[-2], first[1].shape[-2]), (*deep[0].shape[:-1], deep[1].shape[-2])
    allowed, added = rng.random(shape) < 0.6, normal(rng, *shape[1:])
    allowed[1, 2] = False
    keep, precise = ((rng.random(each) < 0.7) / 0.7 for each in (shape, wide))
    keep = keep.astype("float32")

    def asked(*questions):
        return lambda: (*(lesson.attend(*question) for question in questions), *first, *deep)

    return {
        "plain": asked((*first, None, None, scale), (*deep, None, None, 1 / scale), tuple(deep)),
        "mask": asked(
            (*first, allowed, None, scale),
            (*first, added, None, scale),
            (*deep, np.tri(*wide[2:], dtype=bool), None, scale),
            (*deep, np.arange(wide[3]) < 2, None, scale),
        ),
        "dropout": asked((*first, allowed, keep, scale), (*deep, None, precise, scale)),
    }


@probe(
    "attention-gradients",
    forbids=BY_ITSELF,
    hint="Step by step: values, dropout, the softmax with its row's sum, the product.",
)
def attention_gradients(tt, lesson, rng):
    def question(batch, dtype, square=False, dropped=False):
        query, key, value = inputs(rng, batch, dtype)
        if square:  # queries and keys of one shape: what is swapped shows in the numbers only
            key, value = normal(rng, *query.shape, dtype=dtype), normal(rng, *query.shape, dtype=dtype)
        rows = (*batch, query.shape[-2])
        weights = rng.dirichlet(np.ones(key.shape[-2]), rows) * (rng.random((*rows, key.shape[-2])) < 0.8)
        weights[..., 0] += 1 - weights.sum(-1)
        keep = ((rng.random(weights.shape) < 0.7) / 0.7).astype(dtype) if dropped else None
        grad = normal(rng, *rows, value.shape[-1], dtype=dtype)
        return grad, query, key, value, weights.astype(dtype), keep, float(rng.uniform(0.4, 2.0))

    plain = question((2,), "float32"), question((2,), "float64"), question((3,), "float32", square=True)
    dropped = question((2,), "float32", dropped=True), question((2,), "float64", square=True, dropped=True)
    deep = question((2, 3), "float64", dropped=True)
    shared = [*question((3,), "float64")]
    shared[2:4] = shared[2][0], shared[3][0]  # one set of keys and values for a batch of queries

    def one(number):
        return lambda: tuple(lesson.attention_gradients(*each)[number] for each in plain)

    def given(questions):
        return tuple((lesson.attention_gradients(*each), each[0], each[4], each[5]) for each in questions)

    return {
        "query": one(0),
        "key": one(1),
        "value": one(2),
        "scores": one(3),
        "dropout": lambda: given(dropped),
        "batch": lambda: (lesson.attention_gradients(*deep), lesson.attention_gradients(*shared), *shared[:5]),
    }


@probe("heads", hint="To split: reshape, then transpose; to merge: transpose, then reshape.")
def heads(tt, lesson, rng):
    count, size, length = (int(n) for n in rng.permutation(np.arange(2, 6))[:3])
    flat, above = normal(rng, 3, length, count * size), normal(rng, 3, count, length, size)
    square = normal(rng, 2, size, size * size, dtype="float64")

    def split(x, above, count):
        x = tt.tensor(x, requires_grad=True)
        y = lesson.split_heads(x, count)
        (y * tt.tensor(above)).sum().backward()
        return y, x.grad

    def merge(x, above):
        x = tt.tensor(x, requires_grad=True)
        y = lesson.merge_heads(x)
        (y * tt.tensor(above)).sum().backward()
        return y, x.grad

    return {
        "split": lambda: (
            split(flat, above, count),
            split(flat, flat.reshape(3, 1, length, -1), 1),
            split(square, square.reshape(2, size, size, size), size),
        ),
        "merge": lambda: (merge(above, flat), merge(square.reshape(2, size, size, size), square)),
    }


def multihead(tt, lesson, rng, width, heads, **options):
    """(a function that makes a MultiheadAttention with numbers from `rng`, its parameters' names)."""
    sizes = {"kdim": width, "vdim": width, **options}
    names = {"in_proj_weight": (3 * width, width)}
    if sizes["kdim"] != width or sizes["vdim"] != width:
        features = {"q": width, "k": sizes["kdim"], "v": sizes["vdim"]}
        names = {f"{name}_proj_weight": (width, size) for name, size in features.items()}
    names["out_proj.weight"] = width, width
    if options.get("bias", True):
        names |= {"in_proj_bias": (3 * width,), "out_proj.bias": (width,)}
    numbers = {name: normal(rng, *shape, dtype="float64") for name, shape in names.items()}

    def make(dtype="float64", **more):
        layer = lesson.MultiheadAttention(width, heads, dtype=getattr(tt, dtype), **options, **more)
        layer.load_state_dict({name: tt.tensor(value.astype(dtype)) for name, value in numbers.items()})
        return layer

    return make


@probe("project-inputs", hint="The rows of in_proj_weight, and of the bias, are the query's, the key's, the value's.")
def project_inputs(tt, lesson, rng):
    width = 2 * int(rng.integers(2, 4))
    query, key, value = normal(rng, 2, 3, width), normal(rng, 2, 5, width), normal(rng, 2, 5, width)
    narrow, wide = normal(rng, 2, 5, width - 1), normal(rng, 2, 5, width + 2)
    packed, unbiased = (multihead(tt, lesson, rng, width, 2, bias=bias) for bias in (True, False))
    three = [multihead(tt, lesson, rng, width, 2, kdim=width - 1, vdim=width + 2, bias=bias) for bias in (True, False)]
    factors = [normal(rng, 2, length, width) for length in (3, 5, 5)]

    def project(make, *arrays):
        layer, tensors = make("float32"), [tt.tensor(array) for array in arrays]
        tensors *= 3 // len(tensors)
        found = dict(zip(("query", "key", "value"), layer.project_inputs(*tensors), strict=True))
        projected = [*found.values()]
        if len(arrays) == 3:
            sum((y * tt.tensor(factor)).sum() for y, factor in zip(projected, factors, strict=True)).backward()
            slopes = [p.grad for name, p in layer.named_parameters() if not name.startswith("out_proj")]
        else:
            slopes = []
        return found, *slopes

    return {
        "self": lambda: project(packed, query),
        "cross": lambda: project(packed, query, key, value),
        "widths": lambda: (project(three[0], query, narrow, wide), project(three[1], query, narrow, wide)),
        "no bias": lambda: (project(unbiased, query, key, value), project(unbiased, key)),
    }


def attention_dropout(tt, lesson, width, heads, rate, constants):
    """A single key has weight 1, so that each output is the value's bias, or 0, or the bias made larger."""
    layer = lesson.MultiheadAttention(width, heads, dropout=rate, batch_first=True, dtype=tt.float64)
    found = {"in_proj_weight": np.zeros((3 * width, width)), "out_proj.weight": np.eye(width)}
    found |= {"in_proj_bias": np.concatenate([0 * constants, 0 * constants, constants])}
    found |= {"out_proj.bias": np.zeros(width)}
    layer.load_state_dict({name: tt.tensor(value) for name, value in found.items()})
    lonely, seen = tt.zeros(64, 1, width, dtype=tt.float64), []
    for training in (True, False):
        for need in (True, False):
            y = layer.train(training)(lonely, lonely, lonely, need_weights=need)[0].detach().numpy()
            seen += [np.unique(column.round(9)) for column in y.reshape(64, width).T]
    return tuple(seen)


@probe("multihead-attention", hint="Project, split, attend, merge, out_proj; dropout while training only.")
def multihead_attention(tt, lesson, rng):
    heads, length, others, n = (int(k) for k in rng.permutation(np.arange(2, 6)))
    width = heads * int(rng.integers(2, 4))
    x, other = normal(rng, n, length, width, dtype="float64"), normal(rng, n, others, width, dtype="float64")
    narrow, wide = (normal(rng, others, n, size, dtype="float64") for size in (width + 1, width + 2))
    above = normal(rng, n, length, width, dtype="float64")
    packed = multihead(tt, lesson, rng, width, heads, batch_first=True)
    unbiased = multihead(tt, lesson, rng, width, heads, batch_first=True, bias=False)
    three = multihead(tt, lesson, rng, width, heads, kdim=width + 1, vdim=width + 2)
    later = ~np.tri(length, dtype=bool)
    each_head = normal(rng, n * heads, length, others, dtype="float64")
    padding = rng.random((n, others)) < 0.4
    padding[:, 0] = False
    rate, constants = float(rng.uniform(0.3, 0.6)), rng.uniform(1, 9, width)

    def asked(make, *arrays, masks=None, **options):
        tensors = [tt.tensor(array) for array in arrays]
        tensors = tensors * 3 if len(tensors) == 1 else tensors
        masks = {name: tt.tensor(mask) for name, mask in (masks or {}).items()}
        output, weights = make()(*tensors, **masks, **options)
        return output if weights is None else (output, weights)

    def gradients(**options):
        layer, inputs = packed(), [tt.tensor(each, requires_grad=True) for each in (x, other)]
        y = layer(*inputs, inputs[1], **options)[0]
        y.backward(tt.tensor(above))
        return *(each.grad for each in inputs), *(p.grad for p in layer.parameters())

    causal = {"attn_mask": later}
    return {
        "self": lambda: (
            asked(packed, x, need_weights=False),
            asked(packed, x),
            asked(unbiased, x, average_attn_weights=False),
        ),
        "cross": lambda: (
            asked(packed, x, other, 2 * other, average_attn_weights=False),
            asked(three, x.swapaxes(0, 1), narrow, wide, need_weights=False),
            asked(three, x.swapaxes(0, 1), narrow, wide),
        ),
        "masks": lambda: (
            asked(packed, x, masks=causal, average_attn_weights=False),
            asked(packed, x, masks=causal, need_weights=False),
            asked(packed, x, masks=causal, need_weights=False, is_causal=True),
            asked(packed, x, other, other, masks={"key_padding_mask": padding}),
            asked(packed, x, other, other, masks={"key_padding_mask": padding}, need_weights=False),
            asked(packed, x, other, other, masks={"attn_mask": each_head}, average_attn_weights=False),
        ),
        "gradients": lambda: (gradients(), gradients(need_weights=False)),
        "dropout": lambda: attention_dropout(tt, lesson, width, heads, rate, constants),
    }


def games(rng):
    """Eight cards with a letter and a colour each, and eight questions for the colour of a letter. Which letter in a
    question means which one on a card is drawn too."""
    meaning = rng.permutation(8)

    def play(count):
        letters, asked = (rng.permuted(np.tile(np.arange(8), (count, 1)), axis=1) for _ in range(2))
        colours = rng.integers(0, 4, (count, 8))
        place = (meaning[asked][:, :, None] == letters[:, None]).argmax(-1)
        return {"asked": asked, "letters": letters, "colours": colours, "told": np.take_along_axis(colours, place, 1)}

    return play(600), play(200)


def tell(tt, head, last, games):
    """The scores (count, 8, 4) of the colours."""
    cards = np.concatenate([np.eye(8)[games["letters"]], np.eye(4)[games["colours"]]], -1)
    asked, cards = (tt.tensor(each.astype("float32")) for each in (np.eye(8)[games["asked"]], cards))
    return last(head(asked, cards, cards, need_weights=False)[0])


def player(tt, lesson):
    return lesson.MultiheadAttention(8, 2, kdim=12, vdim=12, batch_first=True), tt.nn.Linear(8, 4)


def learn_game(tt, lesson, rng, data):
    tt.manual_seed(int(rng.integers(2**31)))
    head, last = player(tt, lesson)
    optimizer = tt.optim.Adam([*head.parameters(), *last.parameters()], lr=0.02)
    for _ in range(100):
        batch = rng.integers(0, len(data["asked"]), 32)
        some = {name: array[batch] for name, array in data.items()}
        scores = tell(tt, head, last, some).reshape(-1, 4)
        loss = tt.nn.functional.cross_entropy(scores, tt.tensor(some["told"].reshape(-1)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    named = [*head.named_parameters(), *last.named_parameters("last")]
    return dict(named)


def share_told(tt, lesson, weights, data):
    head, last = player(tt, lesson)
    weights = {name: tt.tensor(array) for name, array in weights.items()}
    last.load_state_dict({name: weights.pop(f"last.{name}") for name in ("weight", "bias")})
    head.load_state_dict(weights)
    return np.mean(tell(tt, head, last, data).detach().numpy().argmax(-1) == data["told"])


probe.learns("multihead-attention", 0.9, games, learn_game, share_told)
