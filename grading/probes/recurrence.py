"""Probes of lesson 21."""

import numpy as np

from .harness import BY_ITSELF, Probes

probe = Probes()


def normal(rng, *shape, dtype="float64"):
    return rng.normal(size=shape).astype(dtype)


def sizes(rng):
    """(steps, sequences, size of the state), all different."""
    return (int(n) for n in rng.permutation(np.arange(2, 6))[:3])


def logistic(x):
    return 1 / (1 + np.exp(-x))


def on_tensors(tt, function, *arrays):
    """What a step makes of tensors, and their gradients for the sum of squares of all that it returns as a state."""
    tensors = [tt.tensor(array, requires_grad=True) for array in arrays]
    state, _ = function(*tensors)
    sum((s * s).sum() for s in state).backward()
    return (*state, *(x.grad for x in tensors if x.grad is not None))


@probe("elman-step", hint="The tanh of part + from_state, by squash; return ((h,), (h,)).")
def elman_step(tt, lesson, rng):
    _, n, size = sizes(rng)
    part, from_state, h = normal(rng, 3, n, size)
    narrow = normal(rng, 3, n, size, dtype="float32")
    return {
        "arrays": lambda: (lesson.elman_step(part, from_state, h), part, from_state, lesson.elman_step(*narrow)),
        "tensors": lambda: on_tensors(tt, lesson.elman_step, part, from_state, h),
    }


@probe("through-time", hint="Each step goes on from the whole state of the one before, which begins with h.")
def through_time(tt, lesson, rng):
    steps, n, size = sizes(rng)
    parts, weight, bias = normal(rng, steps, n, 2 * size), normal(rng, 2 * size, size), normal(rng, 2 * size)
    h, c = normal(rng, 2, n, size)
    square, shift = normal(rng, 2 * size, 2 * size), normal(rng, 2 * size)
    factor = float(rng.uniform(0.4, 0.9))

    def two(part, from_state, h, c):
        """A step made up for the question: what it hands on depends on all that it is given."""
        both = part * factor + from_state
        return (both[:, :size] + c, h - both[:, size:]), (part, from_state, h, c)

    def one(part, from_state, h):
        return (part + from_state * h,), (h, part)

    def tensors():
        w, start = tt.tensor(weight, requires_grad=True), tt.tensor(h, requires_grad=True)
        outputs, state, memory = lesson.through_time(two, [tt.tensor(p) for p in parts], w, None, (start, start * 2))
        sum((y * y).sum() for y in (*outputs, *state)).backward()
        return *outputs, *state, w.grad, start.grad, len(memory)

    def asked(*given):
        def ask():
            outputs, state, memory = lesson.through_time(*given)
            return tuple(outputs), tuple(state), tuple(map(tuple, memory))

        return ask

    return {
        "two states": asked(two, parts, weight, bias, (h, c)),
        "no bias": asked(two, parts, weight, None, (h, c)),
        "one state": asked(one, parts, square, shift, (parts[0],)),
        "tensors": tensors,
    }


@probe("elman-step-back", forbids=BY_ITSELF, hint="grad_h times 1 - h * h, for part and for from_state; then (0.0,).")
def elman_step_back(tt, lesson, rng):
    _, n, size = sizes(rng)
    grad, h = normal(rng, n, size), np.tanh(normal(rng, n, size))
    narrow = grad.astype("float32"), h.astype("float32")

    def back(grad, h):
        of_part, of_from_state, (direct,) = lesson.elman_step_back((h,), grad)
        return of_part, of_from_state, direct + np.zeros_like(h), grad, h

    return {"gradients": lambda: back(grad, h), "float32": lambda: back(*narrow)}


@probe(
    "back-through-time",
    forbids=BY_ITSELF,
    hint="From the last step to the first; h gets grads[t], and what was used directly plus grad_from_state @ weight.",
)
def back_through_time(tt, lesson, rng):
    steps, n, size = sizes(rng)
    weight, grads = normal(rng, 2 * size, size), normal(rng, steps, n, size)
    last, memory = normal(rng, 2, n, size), list(normal(rng, steps, n, 2 * size))
    from_states, before = list(normal(rng, steps, n, 2 * size)), list(normal(rng, steps, n, size))

    def back(kept, grad_h, grad_c):
        """The way back of a step that was made up: all that it returns depends on all that it is given."""
        both = np.concatenate([grad_h + grad_c, grad_h - 2 * grad_c], -1)
        return both * kept, both - kept, (grad_c * kept[:, :size], grad_h + grad_c * kept[:, size:])

    def back_of_one(kept, grad_h):
        return kept * grad_h.mean(), kept + grad_h.sum(), (0.0,)

    def two():
        parts, said, first = lesson.back_through_time(back, grads, tuple(last), memory, weight)
        return tuple(parts), tuple(said), tuple(first), grads, last

    def one():
        parts, said, first = lesson.back_through_time(back_of_one, grads, (last[0],), memory, weight)
        return tuple(parts), tuple(said), tuple(first)

    def tensors():
        weights = tt.tensor(weight, requires_grad=True)
        kept = [tt.tensor(np.tanh(k[:, :size])) for k in memory]
        given = [tt.tensor(g) for g in grads], (tt.tensor(last[0]),), kept, weights[:size]
        parts, said, first = lesson.back_through_time(lambda h, grad: (grad * h, grad - h, (grad,)), *given)
        first[0].sum().backward()
        return *parts, *said, *first, weights.grad

    return {
        "two states": two,
        "one state": one,
        "tensors": tensors,
        "weights": lambda: (
            lesson.weight_gradients(from_states, before),
            lesson.weight_gradients(from_states[:1], before[:1]),
        ),
    }


def gates(rng, n, size, count):
    return [logistic(normal(rng, n, size)) for _ in range(count)]


@probe("lstm-step", hint="i, f and o by gate, g by squash, in the order i, f, g, o; h' = o * tanh(c').")
def lstm_step(tt, lesson, rng):
    _, n, size = sizes(rng)
    given = [*normal(rng, 2, n, 4 * size), *normal(rng, 2, n, size)]
    narrow = [each.astype("float32") for each in given]
    return {
        "state": lambda: (lesson.lstm_step(*given)[0], lesson.lstm_step(*narrow)[0], *given),
        "kept": lambda: lesson.lstm_step(*given)[1],
        "tensors": lambda: on_tensors(tt, lesson.lstm_step, *given),
    }


@probe(
    "lstm-step-back",
    forbids=BY_ITSELF,
    hint="First what comes through h' is added to grad_c; each gate's slope is s * (1 - s), that of g 1 - g * g.",
)
def lstm_step_back(tt, lesson, rng):
    _, n, size = sizes(rng)
    i, f, o = gates(rng, n, size, 3)
    g, c = np.tanh(normal(rng, n, size)), normal(rng, n, size)
    kept, above = (i, f, g, o, c, np.tanh(f * c + i * g)), normal(rng, 2, n, size)
    narrow = tuple(k.astype("float32") for k in kept), above.astype("float32")

    def back(kept, above):
        of_part, of_from_state, (direct, of_c) = lesson.lstm_step_back(kept, *above)
        return of_part, of_from_state, direct + np.zeros_like(of_c), of_c, above

    def one_gate(number):
        return lambda: lesson.lstm_step_back(kept, *above.copy())[0][:, number * size : (number + 1) * size]

    return {
        "the sums of i": one_gate(0),
        "of f": one_gate(1),
        "of g": one_gate(2),
        "of o": one_gate(3),
        "all": lambda: back(kept, above),
        "float32": lambda: back(*narrow),
    }


@probe(
    "gru-step",
    forbids=BY_ITSELF,
    hint="r multiplies the last third of from_state only; z keeps the old h, and hands its gradient on directly.",
)
def gru_step(tt, lesson, rng):
    _, n, size = sizes(rng)
    part, from_state, h, above = *normal(rng, 2, n, 3 * size), *normal(rng, 2, n, size)
    narrow = [each.astype("float32") for each in (part, from_state, h)]
    r, z = gates(rng, n, size, 2)
    kept = r, z, np.tanh(normal(rng, n, size)), normal(rng, n, size), normal(rng, n, size)
    return {
        "forwards": lambda: (lesson.gru_step(part, from_state, h), lesson.gru_step(*narrow), part, from_state, h),
        "backwards": lambda: (lesson.gru_step_back(kept, above), above),
        "tensors": lambda: on_tensors(tt, lesson.gru_step, part, from_state, h),
    }


@probe("packing", hint="At step t go on all whose length is greater than t; the places go step by step.")
def packing(tt, lesson, rng):
    lengths = [np.sort(rng.integers(1, 9, int(n)))[::-1].copy() for n in rng.integers(2, 7, 4)]
    falling = [np.sort(rng.integers(1, 7, int(n)))[::-1].copy() for n in rng.integers(2, 7, 4)]
    return {
        "sizes": lambda: tuple(lesson.batch_sizes_of(each) for each in [*lengths, np.array([3])]),
        "places": lambda: tuple(lesson.packed_places(each) for each in falling),
    }


def lists(rng):
    """Lists of numbers and of marks; which of the marked ones count, and how much, is drawn too."""
    factors = rng.choice([-1.0, 1.0], 2)

    def draw(count, length=16):
        numbers, marks = rng.uniform(-1, 1, (length, count)), np.zeros((length, count))
        sums = np.zeros(count)
        for factor, low, high in zip(factors, (0, length // 2), (length // 2, length), strict=True):
            at = rng.integers(low, high, count), np.arange(count)
            marks[at] = 1
            sums += factor * numbers[at]
        return {"x": np.stack([numbers, marks], -1).astype("float32"), "sums": sums.astype("float32")}

    return draw(2000), draw(300)


def reader(tt, lesson):
    return lesson.LSTM(2, 24), tt.nn.Linear(24, 1)


def say(reader, x):
    network, last = reader
    return last(network(x)[0][-1]).squeeze(-1)


def learn_lists(tt, lesson, rng, data):
    tt.manual_seed(int(rng.integers(2**31)))
    parts = reader(tt, lesson)
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = tt.optim.Adam(parameters, lr=0.03)
    for _ in range(250):
        batch = rng.integers(0, len(data["sums"]), 32)
        x, sums = tt.tensor(data["x"][:, batch]), tt.tensor(data["sums"][batch])
        error = (say(parts, x) - sums).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return dict([*parts[0].named_parameters(), *parts[1].named_parameters("last")])


def share_close(tt, lesson, weights, data):
    """How much less wrong than a guess: 1 minus the squared error over the variance."""
    network, last = reader(tt, lesson)
    weights = {name: tt.tensor(array) for name, array in weights.items()}
    last.load_state_dict({name: weights.pop(f"last.{name}") for name in ("weight", "bias")})
    network.load_state_dict(weights)
    error = say((network, last), tt.tensor(data["x"])).detach().numpy() - data["sums"]
    return 1 - np.square(error).mean() / data["sums"].var()


probe.learns("lstm-step-back", 0.9, lists, learn_lists, share_close)
