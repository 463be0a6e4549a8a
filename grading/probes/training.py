"""Probes of lesson 07."""

import numpy as np

from .digits import digits, share_right
from .harness import Probes

probe = Probes()


def batches_of(rng, *sizes, features=4, classes=3):
    """Random samples with classes, as arrays (x, y) of the given sizes."""
    return [(rng.normal(size=(n, features)).astype("float32"), rng.integers(0, classes, n)) for n in map(int, sizes)]


def tensors(tt, batches):
    return [(tt.tensor(x), tt.tensor(y)) for x, y in batches]


def uneven(rng):
    return rng.integers(20, 30), rng.integers(8, 16), rng.integers(2, 6)


def weights_of(rng):
    return {"weight": rng.normal(size=(3, 4)).astype("float32"), "bias": rng.normal(size=3).astype("float32")}


def linear(tt, weights):
    model = tt.nn.Linear(4, 3)
    model.load_state_dict({name: tt.tensor(w) for name, w in weights.items()})
    return model


def parameters(model):
    return tuple(p.detach().numpy().copy() for p in model.parameters())


def gradients(model):
    return tuple(p.grad.detach().numpy().copy() for p in model.parameters())


def number(value):
    """A Python float, to the precision of the float32 that it may have been, and whether it is one."""
    return np.float32(value), isinstance(value, float)


def spying(tt, weights, look):
    """A model that notes `look(model, x, scores)` at each forward."""

    class Spy(tt.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.seen = linear(tt, weights), []

        def forward(self, x):
            scores = self.layer(x)
            self.seen.append(look(self, x, scores))
            return scores

    return Spy()


@probe("accuracy", hint="The answer of a row is the place of its largest score; the result is a Python float.")
def accuracy(tt, lesson, rng):
    asked = []
    for n, classes, luck in zip(rng.integers(100, 200, 4), (2, 3, 5, 10), rng.uniform(0.3, 0.9, 4)):
        scores = rng.normal(-3, 2, (n, classes)).astype("float32")
        labels = np.where(rng.random(n) < luck, scores.argmax(1), rng.integers(0, classes, n))
        asked.append((scores, labels))

    def of_all():
        return tuple(
            number(lesson.accuracy(tt.tensor(scores, requires_grad=True), tt.tensor(labels)))
            for scores, labels in asked
        )

    return {"share": of_all}


@probe("running-mean", hint="Each mean counts as often as it has samples; before the first sample the value is nan.")
def running_mean(tt, lesson, rng):
    fed = [(float(mean), int(count)) for mean, count in zip(rng.normal(size=6), rng.integers(1, 50, 6))]

    def mean():
        one, other = lesson.RunningMean(), lesson.RunningMean()
        found = [other.value]
        for value, count in fed:
            one.update(value, count)
            other.update(value)
            found += [one.value, one.value, other.value]
        zero = lesson.RunningMean()
        zero.update(0.0, fed[0][1])
        return found, lesson.RunningMean().value, zero.value

    return {"mean": mean}


@probe(
    "evaluate",
    hint="eval() before and the old mode back at the end, also after an error; no_grad; each batch weighted by "
    "its size.",
)
def evaluate(tt, lesson, rng):
    batches, weights, loss = batches_of(rng, *uneven(rng)), weights_of(rng), tt.nn.CrossEntropyLoss()
    even = batches_of(rng, 6, 6)  # where nothing is asked about the weighting

    def spread(scores, labels):
        return float((scores.detach().numpy().max(1) - labels.numpy()).mean())

    def measured(look, training=True, batches=even):
        model = spying(tt, weights, look).train(training)
        found = lesson.evaluate(model, loss, tensors(tt, batches), {"spread": spread})
        flags = [isinstance(value, float) for value in found.values()]
        return model, (" ".join(found), flags, *[np.float32(value) for value in found.values()])

    def means():
        few = lesson.evaluate(linear(tt, weights), loss, tensors(tt, batches[:1]), {})
        return measured(lambda *_: 0, batches=batches)[1], np.float32(list(few.values()))

    def mode():
        seen = []
        for training in (True, False):
            model, found = measured(lambda model, x, scores: [model.training, model.layer.training], training)
            seen += [model.seen, [model.training, model.layer.training]]
        model = spying(tt, weights, lambda *_: 0)
        try:
            lesson.evaluate(model, loss, [*tensors(tt, even), None], {})
        except TypeError:
            seen.append([model.training, model.layer.training])
        return (*seen, found)

    def history():
        model, found = measured(lambda model, x, scores: [scores.requires_grad, tt.is_grad_enabled(), len(x)])
        flags = [[p.grad is None, p.requires_grad] for p in model.parameters()]
        return np.array(model.seen), found, tt.is_grad_enabled(), flags

    return {"means": means, "mode": mode, "no history": history}


@probe("confusion", hint="Rows are the true classes, and a pair that comes five times counts five times.")
def confusion(tt, lesson, rng):
    classes, n = int(rng.integers(4, 8)), int(rng.integers(50, 90))
    answers, labels = rng.integers(0, classes - 1, n), rng.integers(0, classes - 1, n)

    def counts():
        found = lesson.confusion_matrix(tt.tensor(answers), tt.tensor(labels), classes)
        plain = lesson.confusion_matrix(answers[:20], labels[:20].tolist(), classes + 2)
        many = lesson.confusion_matrix(np.ones(70_000, "int64"), np.zeros(70_000, "int64"), 2)
        return tuple(np.array(matrix, dtype="float64") for matrix in (found, plain, many))

    return {"counts": counts}


@probe(
    "accumulate",
    hint="Scale each part's loss by its size over the size of all, and call backward part by part; what is in "
    ".grad before stays and is added to.",
)
def accumulate(tt, lesson, rng):
    parts, weights, before = batches_of(rng, *uneven(rng)), weights_of(rng), weights_of(rng)
    even, loss = batches_of(rng, 6, 6), tt.nn.CrossEntropyLoss()

    def collected(parts, model=None):
        model = model or linear(tt, weights)
        return number(lesson.backward_in_parts(model, loss, tensors(tt, parts))), gradients(model)

    def added():
        model = linear(tt, weights)
        for p, grad in zip(model.parameters(), before.values()):
            p.grad = tt.tensor(grad)
        return collected(parts[:1], model), collected(parts[1:2], model), parameters(model)

    def one_at_a_time():
        model = spying(tt, weights, lambda model, x, _: [len(x), model.layer.weight.grad is not None]).eval()
        model.layer.train()
        collected(parts, model)
        return np.array(model.seen), [model.training, model.layer.training]

    return {
        "equal parts": lambda: collected(even),
        "unequal parts": lambda: (collected(parts), collected(parts[:1])),
        "added": added,
        "one graph at a time": one_at_a_time,
    }


@probe(
    "step",
    hint="Forget the old gradients, collect the new ones, clip them if max_norm is not None (0.0 is a bound "
    "too), and only then move.",
)
def step(tt, lesson, rng):
    batches, weights, loss = batches_of(rng, *uneven(rng)), weights_of(rng), tt.nn.CrossEntropyLoss()
    steep = [(100 * x, y) for x, y in batches]  # a gradient that a bound of one's own would shorten
    lr, bound = float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.02, 0.1))

    def moved(batches, *max_norm, times=1):
        model = linear(tt, weights)
        optimizer = tt.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
        values = [lesson.step(model, loss, optimizer, tensors(tt, batches), *max_norm) for _ in range(times)]
        return (*map(number, values), parameters(model), gradients(model))

    return {
        "one batch": lambda: (moved(batches[:1]), moved(steep[:1]), moved(batches[1:2], None, times=3)),
        "several batches": lambda: moved(batches, times=2),
        "clipped": lambda: (moved(batches, bound), moved(batches[:1], bound / 2, times=2), moved(batches[1:], 0.0)),
    }


class Scripted:
    """Trains by a script: in each epoch the held-out figures and the weights are given."""

    def __init__(self, tt, lesson, rng):
        self.tt, self.lesson, self.weights = tt, lesson, [weights_of(rng) for _ in range(12)]

    def fit(self, *runs, before=(), **options):
        """The number of epochs, the callback's best, and the weights at the end; `before` it are other callbacks."""
        tt, model = self.tt, linear(self.tt, self.weights[0])
        stopper = self.lesson.EarlyStopping(**options)
        optimizer = tt.optim.SGD(model.parameters(), lr=0.1)
        trainer = self.lesson.Trainer(model, tt.nn.CrossEntropyLoss(), optimizer, [], callbacks=[*before, stopper])
        for values in runs:
            trainer.stop = False
            trainer.tell("on_fit_begin")
            for value, weights in zip(values, self.weights):
                model.load_state_dict({name: tt.tensor(w) for name, w in weights.items()})
                other = {"loss": -trainer.epoch, "accuracy": trainer.epoch}  # always better than before
                trainer.history.append({"epoch": trainer.epoch + 1, **other, stopper.metric: value})
                trainer.epoch += 1
                trainer.tell("on_epoch_end")
                if trainer.stop:
                    break
            trainer.tell("on_fit_end")
        best = np.nan if stopper.best is None else float(stopper.best)
        return [trainer.epoch, bool(trainer.stop), best], parameters(model)


def impatient(lesson):
    """A callback that asks for the end after each epoch."""

    class Impatient(lesson.Callback):
        def on_epoch_end(self, trainer):
            trainer.stop = True

    return Impatient()


@probe(
    "early-stopping",
    hint="An improvement starts the waiting anew, an equal value is none; copy the best weights, since "
    "state_dict() hands out the weights themselves, and load them at the end.",
)
def early_stopping(tt, lesson, rng):
    script, patience = Scripted(tt, lesson, rng), int(rng.integers(2, 5))
    low, middle, high = (float(x) for x in np.sort(rng.uniform(0.1, 0.9, 3)))
    worse = [middle + (high - middle) * x for x in rng.uniform(0.1, 1, patience)]
    better = [middle - (middle - low) * x for x in rng.uniform(0.1, 0.9, patience)]
    falling = np.sort(rng.uniform(1, 9, 8))[::-1].tolist()
    nan = float("nan")

    def stops(*values):
        return script.fit(values, patience=patience)[0]

    def best(*values, mode="min", metric="loss"):
        return script.fit(values, patience=50, mode=mode, metric=metric)

    return {
        "stops": lambda: (
            stops(high, middle, *worse, low, low),
            stops(middle, *worse[1:], low, *worse, low),
            stops(high, *[high] * patience, low),
            stops(middle, *[nan] * patience, low),
        ),
        "best weights": lambda: (best(high, *worse, middle, *worse), best(*falling), best(*falling[-3:], falling[0])),
        "mode max": lambda: (
            best(low, middle, *better, high, *better, mode="max", metric="accuracy")[0],
            best(high, low, middle, mode="max")[0],
        ),
        "fit again": lambda: script.fit((high, low, middle), (high, middle, high), patience=50),
        "another's stop": lambda: script.fit((high, low), before=[impatient(lesson)], patience=50)[0],
        "nan": lambda: (best(nan, high, middle, nan, nan)[0], best(nan, nan, nan)),
    }


class Order:
    """A stream of random orders, as a loader's generator: it tells its state, in a tensor, and goes on from one."""

    def __init__(self, tt, seed):
        self.tt, self.state = tt, [int(seed), 0]

    def permutation(self, n):
        self.state[1] += 1
        return np.random.default_rng(self.state).permutation(n)

    def get_state(self):
        return self.tt.tensor(self.state)

    def set_state(self, state):
        self.state = state.tolist()


class Loader:
    """Batches of 8, in a new order in each epoch if there is a generator."""

    def __init__(self, tt, samples, generator=None):
        self.tt, self.samples, self.generator = tt, samples, generator

    def __iter__(self):
        x, y = self.samples
        order = np.arange(len(y)) if self.generator is None else self.generator.permutation(len(y))
        for start in range(0, len(y), 8):
            rows = order[start : start + 8]
            yield self.tt.tensor(x[rows]), self.tt.tensor(y[rows])


def noted(lesson, start):
    """A callback with a state: a number that grows at each epoch."""

    class Note(lesson.Callback):
        def __init__(self):
            self.seen = [start]

        def on_epoch_end(self, trainer):
            self.seen.append(trainer.history[-1]["train_loss"] + self.seen[-1])

        def state_dict(self):
            return {"seen": self.seen}

        def load_state_dict(self, state):
            self.seen = list(state["seen"])

    return Note()


class Nights:
    """Trainers that are made alike but for what a state must bring back."""

    def __init__(self, tt, lesson, rng):
        self.tt, self.lesson = tt, lesson
        [self.samples] = batches_of(rng, rng.integers(30, 40))
        self.weights, self.seeds = (weights_of(rng), weights_of(rng)), rng.integers(0, 1000, 2)

    def trainer(self, which, adam=False, schedule=False, shuffle=False, note=False):
        tt, model = self.tt, linear(self.tt, self.weights[which])
        model.register_buffer("which", tt.tensor([float(which)]))
        optimizer = (tt.optim.Adam if adam else tt.optim.SGD)(model.parameters(), lr=0.1)
        scheduler = tt.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.3) if schedule else None
        order = Order(tt, self.seeds[which]) if shuffle else None
        return self.lesson.Trainer(
            model, tt.nn.CrossEntropyLoss(), optimizer, Loader(tt, self.samples, order), scheduler=scheduler,
            callbacks=[noted(self.lesson, which + start) for start in (0.5, 7.5)] if note else [],
        )  # fmt: skip

    def resumed(self, **options):
        """A trainer that had done an epoch of its own, and goes on for two where another stopped after three; and the
        keys of the state."""
        first, second = self.trainer(0, **options), self.trainer(1, **options)
        first.fit(3)
        second.fit(1)
        state = first.state_dict()
        second.load_state_dict(state)
        second.fit(second.epoch + 2)
        return second, " ".join(sorted(state))


def figures(trainer):
    """Epoch, learning rate and loss of each epoch that there is a record of."""
    return trainer.epoch, np.float32([[row["epoch"], row["lr"], row["train_loss"]] for row in trainer.history])


@probe(
    "resume",
    hint="Everything that changes while it trains has a state: weights, optimizer, scheduler, random streams, "
    "epoch, history, callbacks; and a state is a copy that later training does not change.",
)
def resume(tt, lesson, rng):
    nights, seed = Nights(tt, lesson, rng), int(rng.integers(1e6))

    def record():
        trainer, keys = nights.resumed(note=True)
        return keys, figures(trainer), np.float32([callback.seen for callback in trainer.callbacks])

    def weights(**options):
        model = nights.resumed(**options)[0].model
        return *parameters(model), model.which.numpy()

    def streams():
        tt.manual_seed(seed)
        first, second = nights.trainer(0, shuffle=True), nights.trainer(1, shuffle=True)
        state = first.state_dict()
        drawn = tt.rand(4)
        second.load_state_dict(state)
        return drawn - tt.rand(4), weights(shuffle=True)

    def snapshot():
        first, second, third = (nights.trainer(which, adam=True) for which in (0, 1, 1))
        first.fit(2)
        state = first.state_dict()
        first.fit(4)
        for trainer in (second, third):
            trainer.load_state_dict(state)
            trainer.fit(trainer.epoch + 1)
        return figures(third), parameters(second.model), parameters(third.model)

    return {
        "weights and optimizer": lambda: weights(adam=True),
        "epoch, history, callbacks": record,
        "schedule": lambda: weights(schedule=True),
        "random streams": streams,
        "snapshot": snapshot,
    }


def network(tt, lesson):
    return tt.nn.Sequential(tt.nn.Linear(64, 32), tt.nn.ReLU(), tt.nn.Linear(32, 10))


def train(tt, lesson, rng, data):
    """The lesson's Trainer, eight epochs, each step by two batches and clipped."""
    model = network(tt, lesson)
    starts = {name: rng.normal(0, 0.2, tuple(p.shape)) for name, p in model.named_parameters()}
    model.load_state_dict({name: tt.tensor(start.astype("float32")) for name, start in starts.items()})
    batches = []
    for _ in range(40):
        rows = rng.integers(0, len(data["y"]), 32)
        batches.append((tt.tensor(data["x"][rows]), tt.tensor(data["y"][rows])))
    optimizer = tt.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    lesson.Trainer(model, tt.nn.CrossEntropyLoss(), optimizer, batches, accumulate=2, max_norm=1.0).fit(8)
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


probe.learns("step", 0.8, digits, train, share_right(network))
