"""Probes of lesson 05."""

import numpy as np

from .digits import digits, share_right
from .harness import Probes

probe = Probes()


class Run:
    """Two parameters of an optimizer, and the gradients that they get, one pair a step."""

    def __init__(self, rng, steps=4, size=1.0, dtype="float32"):
        shapes = (tuple(rng.integers(2, 5, 2)), ())
        self.starts = [rng.normal(0, 1, shape).astype(dtype) for shape in shapes]
        self.grads = [[rng.normal(0, size, s).astype(dtype) for s in shapes] for _ in range(steps)]

    def parameters(self, tt):
        return [tt.tensor(start, requires_grad=True) for start in self.starts]

    def moved(self, tt, make, names=()):
        """What the optimizer of `make(parameters)` does: the parameters after each step, in their own memory, the
        gradients as it leaves them, and at the end what its state holds under `names`.
        """
        parameters = self.parameters(tt)
        optimizer, memory = make(parameters), [p.detach().numpy() for p in parameters]
        seen, grads = [], []
        for row in self.grads:
            for p, grad in zip(parameters, row):
                p.grad = tt.tensor(grad)
            optimizer.step()
            seen += [array.copy() for array in memory]
            grads += [p.grad.numpy().copy() for p in parameters]
        state = [np.array(optimizer.state[p][name].numpy()) for p in parameters for name in names]
        return (*seen, *grads, *state, *parameters)

    def digits(self, tt, make):
        """What a float64 parameter holds that a float32 could not: it is lost where an answer goes through float32."""
        parameters = self.parameters(tt)
        optimizer = make(parameters)
        for row in self.grads:
            for p, grad in zip(parameters, row):
                p.grad = tt.tensor(grad)
            optimizer.step()
        return tuple(beyond_float32(p.detach().numpy()) for p in parameters)


def beyond_float32(array):
    return (array - array.astype("float32")) * 1e7


def apart(settings):
    """One group for each parameter, with settings of its own."""
    return lambda parameters: [{"params": [p], **own} for p, own in zip(parameters, settings)]


def some(rng, low, high, n=2):
    return [float(x) for x in rng.uniform(low, high, n)]


@probe(
    "zero-grad", hint="All parameters of all groups: None, or with set_to_none=False zeros in the memory that is there."
)
def zero_grad(tt, lesson, rng):
    starts, first, second = ([*rng.normal(0, 1, (3, 4)).astype("float32"), np.float32(rng.normal())] for _ in range(3))
    kept = int(rng.integers(2, 99))

    def begin():
        parameters = [tt.tensor(start, requires_grad=True) for start in starts]
        one, unused, two, single = parameters
        for p, pull in zip((one, two, single), first):
            (p * tt.tensor(pull)).sum().backward()
        optimizer = lesson.SGD([{"params": [one]}, {"params": [unused, two, single]}], lr=0.1)
        optimizer.state[one]["kept"] = kept
        return optimizer, parameters

    def again(parameters):
        for p, pull in zip(parameters, second):
            (p * tt.tensor(pull)).sum().backward()
        return tuple(p.grad for p in parameters)

    def to_none():
        optimizer, parameters = begin()
        optimizer.zero_grad()
        gone = [p.grad is None for p in parameters]
        return gone, optimizer.state[parameters[0]]["kept"], again(parameters), tuple(parameters)

    def to_zeros():
        optimizer, parameters = begin()
        learning = [p for p in parameters if p.grad is not None]
        memory, versions = [p.grad.numpy() for p in learning], [p.grad._version for p in learning]
        memory[1][0] = np.inf
        optimizer.zero_grad(set_to_none=False)
        found = [array.copy() for array in memory]
        noted = [p.grad._version > version for p, version in zip(learning, versions)]
        return (*found, noted, [p.grad is None for p in parameters], again(parameters))

    return {"to None": to_none, "to zeros": to_zeros}


@probe("sgd", hint="p -= lr * grad, in place; first comes the decay, then the velocity, of what the decay gave.")
def sgd(tt, lesson, rng):
    run, fine, lrs, decays = Run(rng), Run(rng, dtype="float64"), some(rng, 0.1, 0.5), some(rng, 0.1, 0.5)
    momentum = some(rng, 0.3, 0.9, 1)[0]
    own = apart([{"lr": lrs[0]}, {"lr": lrs[1], "weight_decay": decays[1]}])
    return {
        "steps": lambda: (
            run.moved(tt, lambda p: lesson.SGD(p, lr=lrs[0])),
            fine.digits(tt, lambda p: lesson.SGD(p, lr=lrs[1], weight_decay=decays[0])),
        ),
        "weight decay": lambda: (
            run.moved(tt, lambda p: lesson.SGD(p, lr=lrs[1], weight_decay=decays[0])),
            run.moved(tt, lambda p: lesson.SGD(own(p), maximize=True)),
        ),
        "momentum": lambda: run.moved(
            tt, lambda p: lesson.SGD(p, lr=lrs[0], momentum=momentum, weight_decay=decays[1])
        ),
    }


@probe(
    "momentum",
    hint="v *= momentum, then v += (1 - dampening) * grad, in the buffer's own memory; the first v is a copy of the "
    "whole gradient.",
)
def momentum(tt, lesson, rng):
    run, other, (lr, dampening), (mu, nu) = Run(rng), Run(rng, 3), some(rng, 0.2, 0.6), some(rng, 0.4, 0.9)
    fine = Run(rng, dtype="float64")

    def buffers():
        parameters = run.parameters(tt)
        optimizer, grads, seen = lesson.SGD(parameters, lr=lr, momentum=mu), [], []
        for row in run.grads[:3]:
            grads.append([tt.tensor(grad) for grad in row])
            for p, grad in zip(parameters, grads[-1]):
                p.grad = grad
            optimizer.step()
            if not seen:
                memory = [optimizer.state[p]["momentum_buffer"].detach().numpy() for p in parameters]
            seen += [array.copy() for array in memory]
        return (*seen, *grads[0], *grads[1])

    return {
        "velocity": lambda: (
            run.moved(tt, lambda p: lesson.SGD(p, lr=lr, momentum=mu), ["momentum_buffer"]),
            other.moved(tt, lambda p: lesson.SGD(apart([{"momentum": mu}, {"momentum": nu}])(p), lr=lr)),
            fine.digits(tt, lambda p: lesson.SGD(p, lr=lr, momentum=nu)),
        ),
        "dampening": lambda: run.moved(tt, lambda p: lesson.SGD(p, lr=lr, momentum=mu, dampening=dampening)),
        "nesterov": lambda: run.moved(tt, lambda p: lesson.SGD(p, lr=lr, momentum=mu, nesterov=True)),
        "buffer": buffers,
    }


@probe("running-means", hint="m takes beta1 and the gradient, v takes beta2 and its square; both change in place.")
def running_means(tt, lesson, rng):
    run, other, first, second = Run(rng), Run(rng, 3), some(rng, 0.5, 0.9), some(rng, 0.3, 0.8)
    fine = Run(rng, dtype="float64")

    def adam(betas):
        return lambda p: lesson.Adam(p, lr=0.1, betas=tuple(betas), eps=0.1)

    def of(name):
        return lambda: run.moved(tt, adam(first), [name])[-4:-2]

    def memory():
        """What the arrays of the first step's state hold after the last."""
        parameters = run.parameters(tt)
        optimizer, found = adam(second)(parameters), []
        for row in run.grads:
            for p, grad in zip(parameters, row):
                p.grad = tt.tensor(grad)
            optimizer.step()
            states = [optimizer.state[p] for p in parameters]
            found = found or [state[name].numpy() for state in states for name in ("exp_avg", "exp_avg_sq")]
        return tuple(array.copy() for array in found)

    return {
        "mean": of("exp_avg"),
        "mean of squares": of("exp_avg_sq"),
        "steps": lambda: (
            run.moved(tt, adam(first)),
            other.moved(tt, adam(second), ["exp_avg", "exp_avg_sq"]),
            fine.digits(tt, adam(second)),
            memory(),
        ),
    }


@probe("adam", hint="Divide m by 1 - beta1**t and v by 1 - beta2**t, take the root, and only then add eps.")
def adam(tt, lesson, rng):
    one, run, faint, long = Run(rng, 1), Run(rng, 5), Run(rng, 3, size=0.01), Run(rng, 60)
    fine = Run(rng, dtype="float64")
    (lr,), betas, (eps,) = (
        some(rng, 0.2, 0.6, 1),
        (*some(rng, 0.5, 0.95, 1), *some(rng, 0.8, 0.99, 1)),
        some(rng, 0.1, 0.3, 1),
    )

    def adam(**options):
        return lambda p: lesson.Adam(p, **({"lr": lr, "betas": betas} | options))

    return {
        "first step": lambda: one.moved(tt, adam(eps=1e-3)),
        "later steps": lambda: (
            run.moved(tt, adam(eps=1e-3), ["exp_avg", "exp_avg_sq"]),
            run.moved(tt, adam(eps=1e-3, amsgrad=True)),
            long.moved(tt, adam(eps=1e-3, betas=(0.99, 0.999)))[-2:],
            fine.digits(tt, adam(eps=1e-3)),
        ),
        "eps": lambda: (faint.moved(tt, adam(eps=eps)), run.moved(tt, adam(eps=eps))),
    }


@probe("decoupled-decay", hint="p shrinks in place by lr * weight_decay of itself; the gradient comes back as it was.")
def decoupled_decay(tt, lesson, rng):
    run, still, lrs, decays = Run(rng), Run(rng, 3, size=0), some(rng, 0.1, 0.5), some(rng, 0.2, 0.9)
    fine = Run(rng, 2, size=0, dtype="float64")
    own = apart([{"lr": lrs[0], "weight_decay": decays[0]}, {"lr": lrs[1], "weight_decay": decays[1]}])
    return {
        "decay": lambda: (
            still.moved(tt, lambda p: lesson.AdamW(own(p), eps=0.1)),
            fine.digits(tt, lambda p: lesson.AdamW(own(p), eps=0.1)),
        ),
        "gradient": lambda: run.moved(tt, lambda p: lesson.AdamW(own(p), eps=0.1), ["exp_avg", "exp_avg_sq"]),
    }


@probe(
    "clip-grad-norm",
    forbids="clip_grad_value_",
    hint="One total norm of all gradients, one factor for all, min(1, max_norm / (total + 1e-6)), in place; what is "
    "returned is the norm from before.",
)
def clip_grad_norm(tt, lesson, rng):
    grads = [rng.normal(0, 3, shape).astype("float32") for shape in ((3, 2), (4,), ())]
    double, (bound, small) = rng.normal(0, 1000, (2, 3)), some(rng, 0.5, 1.5)

    def with_gradients(grads):
        parameters = [tt.tensor(np.zeros_like(grad), requires_grad=True) for grad in grads]
        for p, grad in zip(parameters, grads):
            p.grad = tt.tensor(grad)
        return parameters

    def clipped(grads, max_norm, *kind):
        parameters = with_gradients(grads)
        memory, versions = [p.grad.numpy() for p in parameters], [p.grad._version for p in parameters]
        unused = tt.tensor(np.zeros(2), requires_grad=True)
        total = lesson.clip_grad_norm_(iter([*parameters, unused]), max_norm, *kind)
        noted = [p.grad._version > version for p, version in zip(parameters, versions)]
        return (total, *memory, *[p.grad for p in parameters], unused.grad is None, noted)

    def tiny():
        *_, a, b = with_gradients([grad * np.float32(1e-6) for grad in grads[:2]])
        lesson.clip_grad_norm_([a, b], small * 1e-6)
        return a.grad.numpy() * np.float32(1e6), b.grad.numpy() * np.float32(1e6)

    def not_finite():
        parameters = with_gradients([*grads, np.float32([1.0, np.inf])])
        try:
            lesson.clip_grad_norm_(parameters, bound, error_if_nonfinite=True)
        except RuntimeError:
            refused = True
        else:
            refused = False
        as_before = [p.grad.numpy().copy() for p in parameters]
        total = lesson.clip_grad_norm_(parameters, bound)
        return (refused, *as_before, total, *[p.grad for p in parameters[:-1]])

    def one_alone():
        p = tt.tensor(np.zeros_like(double), requires_grad=True)
        p.grad = tt.tensor(double)
        return lesson.clip_grad_norm_(p, small), p.grad

    return {
        "clipped": lambda: (clipped(grads, bound), clipped([double], small), one_alone(), not_finite()),
        "other norms": lambda: tuple(
            clipped([sign * grad for grad in grads], bound, kind)
            for kind in (1.0, float("inf"), 3.0)
            for sign in (1, -1)
        ),
        "short gradients": lambda: (
            tiny(),
            clipped(grads, 1000.0),
            clipped([grads[0] / 100, grads[1] / 100], 10.0 + bound),
        ),
    }


@probe(
    "step-lr", hint="Multiply the group's own rate by gamma where last_epoch is a multiple of step_size, but not at 0."
)
def step_lr(tt, lesson, rng):
    rates, gamma, size = some(rng, 0.1, 1), some(rng, 0.2, 0.8, 1)[0], int(rng.integers(2, 5))
    by_hand, epochs = some(rng, 1, 2, 1)[0], 3 * size + 2

    def begin(gamma=gamma, size=size):
        parameters = [tt.tensor(np.ones(1), requires_grad=True) for _ in rates]
        for p in parameters:
            p.grad = tt.tensor(np.zeros(1))
        optimizer = lesson.SGD([{"params": [p], "lr": lr} for p, lr in zip(parameters, rates)])
        return optimizer, lesson.StepLR(optimizer, step_size=size, gamma=gamma)

    def steps(optimizer, *schedules, n=epochs):
        seen = []
        for _ in range(n):
            seen.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()
            for schedule in schedules:
                schedule.step()
        return seen

    def changed_by_hand():
        optimizer, schedule = begin()
        before = steps(optimizer, schedule, n=size + 1)
        optimizer.param_groups[1]["lr"] = by_hand
        return before, steps(optimizer, schedule)

    def asked_only():
        optimizer, schedule = begin()
        steps(optimizer, schedule, n=size)
        rates = schedule.get_lr()
        return rates, isinstance(rates, list), schedule.get_last_lr(), [group["lr"] for group in optimizer.param_groups]

    return {
        "rates": lambda: (steps(*begin()), steps(*begin(gamma / 2, 1))),
        "changed by hand": changed_by_hand,
        "get_lr": asked_only,
    }


def scaled_digits(rng):
    """Digits whose pixels differ in size by a factor of up to 1000: one learning rate for all hardly learns them."""
    scales = 10 ** rng.uniform(-3, 0, 64)
    return tuple(part | {"x": (part["x"] * scales).astype("float32")} for part in digits(rng))


def network(tt, lesson):
    return tt.nn.Sequential(tt.nn.Linear(64, 32), tt.nn.Tanh(), tt.nn.Linear(32, 10))


def train(make, steps=150):
    """A function that trains a small network with the optimizer `make(lesson, parameters)`."""

    def train(tt, lesson, rng, data):
        model = network(tt, lesson)
        starts = {name: rng.normal(0, 0.15, tuple(p.shape)) for name, p in model.named_parameters()}
        model.load_state_dict({name: tt.tensor(start.astype("float32")) for name, start in starts.items()})
        optimizer, loss = make(lesson, model.parameters()), tt.nn.CrossEntropyLoss()
        for _ in range(steps):
            batch = rng.integers(0, len(data["y"]), 64)
            for p in model.parameters():
                p.grad = None
            loss(model(tt.tensor(data["x"][batch])), tt.tensor(data["y"][batch])).backward()
            optimizer.step()
        return {name: p.detach().numpy().copy() for name, p in model.named_parameters()}

    return train


probe.learns("sgd", 0.8, digits, train(lambda lesson, p: lesson.SGD(p, lr=0.5)), share_right(network))
probe.learns(
    "momentum", 0.8, digits, train(lambda lesson, p: lesson.SGD(p, lr=0.02, momentum=0.95)), share_right(network)
)
probe.learns("adam", 0.75, scaled_digits, train(lambda lesson, p: lesson.Adam(p, lr=0.03)), share_right(network))
