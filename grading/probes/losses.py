"""Probes of lesson 04."""

import numpy as np

from .digits import digits
from .harness import Probes

probe = Probes()
FAR = (-1000.0, -300.0, -100.0, 100.0, 300.0, 1000.0)


def normal(rng, *shape, size=2.0, dtype="float32"):
    return rng.normal(0, size, shape).astype(dtype)


def near_and_far(rng, dtype="float32"):
    """Scores of usual size, some zeros, and far ones that an exp cannot take."""
    return rng.permutation(np.concatenate([rng.normal(0, 2, 8), FAR * rng.uniform(0.9, 1.1, 6), [0, 0]])).astype(dtype)


def strict(function, *inputs, **options):
    """The function's answer, where an overflow on the way is an error: exp must never see a large positive number."""
    with np.errstate(over="raise"):
        return function(*inputs, **options)


def pulled(tt, function, inputs, pull):
    """The gradients of all `inputs` for the gradient `pull` from above."""
    inputs = [tt.tensor(x, requires_grad=True) for x in inputs]
    return tuple(tt.autograd.grad(function(*inputs), inputs, tt.tensor(pull)))


def pulled_twice(tt, function, x, first, second):
    """The gradient of the gradient of (function(x) ** 2 * first).sum(), each entry of the first weighed by `second`."""
    x = tt.tensor(x, requires_grad=True)
    (slope,) = tt.autograd.grad((function(x) ** 2 * tt.tensor(first)).sum(), x, create_graph=True)
    return slope, tt.autograd.grad((slope * tt.tensor(second)).sum(), x)[0]


def values(tt, function, *arrays):
    """The function of each array, and the inputs as they are afterwards."""
    inputs = [tt.tensor(array) for array in arrays]
    return (*[function(x) for x in inputs], *inputs)


@probe(
    "relu", hint="The slope is 1 where the result is positive and 0 elsewhere; it multiplies the gradient from above."
)
def relu(tt, lesson, rng):
    x, pull = near_and_far(rng), normal(rng, 16)
    plain = normal(rng, 3, *rng.integers(2, 5, 2))
    double, whole = normal(rng, 2, 3, dtype="float64"), rng.integers(-9, 9, 12)
    small, first, second = (normal(rng, 3, 4, dtype="float64") for _ in range(3))
    return {
        "values": lambda: values(tt, lesson.relu, x, plain, double, whole),
        "gradient": lambda: (
            pulled(tt, lesson.relu, [x], pull),
            pulled(tt, lesson.relu, [double], double),
        ),
        "derivative of the derivative": lambda: pulled_twice(tt, lesson.relu, small, first, second),
    }


@probe(
    "sigmoid",
    forbids="scipy expit",
    hint="1 / (1 + e**-x) overflows for large negative x and e**x / (1 + e**x) for large positive x: let exp see only "
    "numbers up to 0. The slope is s (1 - s).",
)
def sigmoid(tt, lesson, rng):
    x, pull = near_and_far(rng), normal(rng, 16)
    plain, double = normal(rng, *rng.integers(2, 5, 3)), normal(rng, 2, 3, dtype="float64")
    tail, long_tail = -rng.uniform(20, 60, 5).astype("float32"), -rng.uniform(100, 500, 5)
    small, first, second = (normal(rng, 3, 4, dtype="float64") for _ in range(3))
    return {
        "values": lambda: values(tt, lesson.sigmoid, plain, double),
        "large": lambda: strict(values, tt, lesson.sigmoid, x),
        "small": lambda: tuple(np.log(lesson.sigmoid(tt.tensor(a)).numpy()) for a in (tail, long_tail)),
        "gradient": lambda: (pulled(tt, lesson.sigmoid, [plain], plain), pulled(tt, lesson.sigmoid, [x], pull)),
        "derivative of the derivative": lambda: pulled_twice(tt, lesson.sigmoid, small, first, second),
    }


@probe(
    "tanh",
    hint="The slope is 1 - tanh(x)**2, of the result, times the gradient from above.",
)
def tanh(tt, lesson, rng):
    x, pull, tiny = near_and_far(rng), normal(rng, 16), normal(rng, 6, size=1e-4)
    plain, double = normal(rng, *rng.integers(2, 5, 3)), normal(rng, 2, 3, dtype="float64")
    small, first, second = (normal(rng, 3, 4, dtype="float64") for _ in range(3))
    return {
        "values": lambda: (
            strict(values, tt, lesson.tanh, x, plain, double),
            lesson.tanh(tt.tensor(tiny)).numpy() * 1e4,
        ),
        "gradient": lambda: (pulled(tt, lesson.tanh, [plain], plain), pulled(tt, lesson.tanh, [x], pull)),
        "derivative of the derivative": lambda: pulled_twice(tt, lesson.tanh, small, first, second),
    }


@probe("mse-loss", hint="The loss of each element is (input - target) squared, made with tensor operations only.")
def mse_loss(tt, lesson, rng):
    shape = rng.integers(2, 5, 2)
    x, t = normal(rng, *shape), normal(rng, *shape)
    column, row = normal(rng, shape[0], 1, dtype="float64"), normal(rng, shape[1], dtype="float64")
    pull, pull_double = normal(rng, *shape), normal(rng, *shape, dtype="float64")
    return {
        "values": lambda: (
            lesson.squared_errors(tt.tensor(x), tt.tensor(t)),
            lesson.squared_errors(tt.tensor(column), tt.tensor(row)),
        ),
        "gradient": lambda: (
            pulled(tt, lesson.squared_errors, (x, t), pull),
            pulled(tt, lesson.squared_errors, (column, row), pull_double),
        ),
    }


def of_scores(tt, function, rng):
    """Parts that softmax and log-softmax share."""
    cube, flat = normal(rng, *rng.integers(2, 5, 3)), normal(rng, 5, dtype="float64")
    other = normal(rng, *rng.integers(2, 5, 3))
    shifts = np.array([1000, -1000, 0, 80], "float32") * rng.uniform(0.9, 1, 4).astype("float32")
    large = normal(rng, 4, 5) + shifts[:, None]
    pulls = [normal(rng, *cube.shape) for _ in range(3)]
    small, first, second = (normal(rng, 2, 3, 4, size=1.0, dtype="float64") for _ in range(3))
    empty = np.zeros((0, 3), "float32"), np.zeros((3, 0), "float32")

    def values():
        x = tt.tensor(cube)
        found = [function(x, dim) for dim in (0, 1, 2, -1, -3)]
        with np.errstate(divide="ignore"):  # the logarithm of an empty sum, which nobody will see
            none = [function(tt.tensor(each), 1) for each in empty]
        return (*found, function(tt.tensor(flat), 0), function(tt.tensor(other).transpose(0, 2), 1), *none, x)

    def gradients():
        return tuple(pulled(tt, lambda x, dim=dim: function(x, dim), [cube], pulls[dim]) for dim in range(3))

    def twice():
        return tuple(pulled_twice(tt, lambda x, dim=dim: function(x, dim), small, first, second) for dim in range(3))

    return {
        "values": values,
        "large": lambda: (
            strict(function, tt.tensor(large), 1),
            strict(function, tt.tensor(large.T), 0),
            strict(function, tt.tensor(large), 0),
        ),
        "gradient": gradients,
        "derivative of the derivative": twice,
    }


@probe(
    "softmax",
    forbids="scipy",
    hint="Subtract each row's own maximum before exp, and sum over dim with keepdims=True. The gradient is "
    "p * (grad - (grad * p).sum(dim)).",
)
def softmax(tt, lesson, rng):
    return of_scores(tt, lesson.softmax, rng)


@probe(
    "log-softmax",
    forbids="scipy",
    hint="Not the logarithm of a softmax: the scores less their maximum, less the logarithm of the sum of "
    "the powers. The gradient is grad - p * grad.sum(dim).",
)
def log_softmax(tt, lesson, rng):
    return of_scores(tt, lesson.log_softmax, rng)


@probe("class-losses", hint="Index with two arrays, the rows' numbers and the classes; and the loss has a minus.")
def class_losses(tt, lesson, rng):
    n, classes = rng.integers(5, 9), rng.integers(3, 6)
    table, picks, pull = normal(rng, n, classes), rng.integers(0, classes, n), normal(rng, n)
    double = normal(rng, n, classes, dtype="float64")
    return {
        "values": lambda: tuple(lesson.class_losses(tt.tensor(t), picks) for t in (table, double)),
        "gradient": lambda: pulled(tt, lambda t: lesson.class_losses(t, picks), [table], pull),
    }


@probe(
    "cross-entropy",
    hint="Forward: minus the log-softmax at the right class, one loss a row. Backward: p - y, each row times its own "
    "entry of grad.",
)
def cross_entropy(tt, lesson, rng):
    n, classes = rng.integers(5, 9), rng.integers(3, 6)
    scores, double, picks = (
        normal(rng, n, classes),
        normal(rng, n, classes, dtype="float64"),
        rng.integers(0, classes, n),
    )
    shifts = 1000 * rng.choice([-1, 0, 1], (n, 1)) * rng.uniform(0.9, 1, (n, classes))
    shifts[0] = 1000 * (np.arange(classes) != picks[0])  # sure, and wrong
    far = scores + shifts.astype("float32")
    pull, first, second = normal(rng, n), normal(rng, n, dtype="float64"), normal(rng, n, classes, dtype="float64")

    def losses(x):
        return lesson.CrossEntropyFunction.apply(x, classes=picks)

    return {
        "values": lambda: values(tt, losses, scores, double),
        "large": lambda: (
            strict(losses, tt.tensor(far)),
            pulled(tt, losses, [far], pull),
        ),
        "gradient": lambda: (pulled(tt, losses, [scores], pull), pulled(tt, losses, [double], first)),
        "derivative of the derivative": lambda: pulled_twice(tt, losses, double, first, second),
    }


@probe(
    "logistic-loss",
    forbids="scipy expit log_expit activations .softplus",
    hint="ln sigmoid(x) = min(x, 0) - log1p(e**-|x|), with the slope sigmoid(-x); and the loss is (1 - t) x - "
    "ln sigmoid(x).",
)
def logistic_loss(tt, lesson, rng):
    x, truth, pull = near_and_far(rng), rng.uniform(0, 1, 16).astype("float32"), normal(rng, 16)
    plain, double = normal(rng, *rng.integers(2, 5, 2)), normal(rng, 2, 3, dtype="float64")
    tail, plain_truth = rng.uniform(18, 60, 6).astype("float32"), rng.uniform(0, 1, plain.shape).astype("float32")
    small, first, second = (normal(rng, 3, 4, dtype="float64") for _ in range(3))
    soft = rng.uniform(0, 1, (3, 4))

    def far_tail():
        there = tt.tensor(tail, requires_grad=True)
        loss = lesson.logsigmoid(there)
        (slope,) = tt.autograd.grad(loss.sum(), there)
        return np.log(-loss.detach().numpy()), np.log(slope.numpy())

    return {
        "logsigmoid": lambda: (
            values(tt, lesson.logsigmoid, plain, double),
            pulled(tt, lesson.logsigmoid, [plain], plain),
        ),
        "logsigmoid of large scores": lambda: (
            strict(values, tt, lesson.logsigmoid, x),
            strict(pulled, tt, lesson.logsigmoid, [x], pull),
            far_tail(),
        ),
        "losses": lambda: (
            lesson.logistic_losses(tt.tensor(plain), tt.tensor(plain_truth)),
            pulled(tt, lesson.logistic_losses, (plain, plain_truth), plain),
        ),
        "losses of large scores": lambda: (
            strict(lesson.logistic_losses, tt.tensor(x), tt.tensor(truth)),
            strict(pulled, tt, lambda a: lesson.logistic_losses(a, tt.tensor(truth)), [x], pull),
        ),
        "derivative of the derivative": lambda: (
            pulled_twice(tt, lesson.logsigmoid, small, first, second),
            pulled_twice(tt, lambda a: lesson.logistic_losses(a, tt.tensor(soft)), small, first, second),
        ),
    }


def scores_of(tt, lesson, weights, x):
    """A network 64 -> 32 -> 10 with one ReLU."""
    return lesson.relu(x @ weights["first"] + weights["bias"]) @ weights["second"]


def train(tt, lesson, rng, data):
    starts = {"first": rng.normal(0, 0.2, (64, 32)), "bias": np.zeros(32), "second": rng.normal(0, 0.2, (32, 10))}
    weights = {name: tt.tensor(start.astype("float32"), requires_grad=True) for name, start in starts.items()}
    for _ in range(300):
        batch = rng.integers(0, len(data["y"]), 64)
        scores = scores_of(tt, lesson, weights, tt.tensor(data["x"][batch]))
        lesson.CrossEntropyFunction.apply(scores, classes=data["y"][batch]).mean().backward()
        for name, w in weights.items():
            weights[name] = tt.tensor(w.detach().numpy() - np.float32(0.5) * w.grad.numpy(), requires_grad=True)
    return {name: w.detach().numpy() for name, w in weights.items()}


def measure(tt, lesson, weights, held_out):
    weights = {name: tt.tensor(w) for name, w in weights.items()}
    return np.mean(scores_of(tt, lesson, weights, tt.tensor(held_out["x"])).numpy().argmax(1) == held_out["y"])


probe.learns("cross-entropy", 0.85, digits, train, measure)
