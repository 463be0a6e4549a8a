"""Solutions of lesson 07."""

from solutions.solution import Solutions

solutions = Solutions("07_training")
wrong, right = solutions.wrong, solutions.right

wrong("accuracy", "the share of the wrong", ("== labels", "!= labels"))
wrong("accuracy", "the count", (".mean()", ".sum()"))
wrong("accuracy", "over the wrong dimension", ("argmax(1)", "argmax(0)[:1]"))
wrong("accuracy", "a tensor", (".mean().item()", ".mean()"))
wrong("accuracy", "the share of all classes", (".mean().item()", ".sum().item() / scores.numel()"))
wrong("running-mean", "not weighted", ("mean * count", "mean"), ("+= count", "+= 1"))
wrong("running-mean", "the last one", ("self.total += mean * count", "self.total, self.count = mean * count, 0"))
wrong("running-mean", "zero before the first", ("math.nan", "0.0"))
wrong("running-mean", "nan where the sum is 0", ("if self.count else", "if self.total else"))
wrong("evaluate", "the mean of means", ("loss(scores, y).item(), len(y)", "loss(scores, y).item()"))
wrong("evaluate", "left in eval mode", ("model.train(was_training)", "model.eval()"))
wrong("evaluate", "always back to training", ("model.train(was_training)", "model.train()"))
wrong("evaluate", "in training mode", ("model.eval()\n", "pass\n"))
wrong("evaluate", "the model alone in eval mode", ("model.eval()\n", "model.training = False\n"))
wrong("evaluate", "records", ("tinytorch.no_grad()", "tinytorch.enable_grad()"))
wrong(
    "evaluate",
    "not put back after an error",
    (
        "    finally:\n        model.train(was_training)",
        "    except ValueError:\n        pass\n    model.train(was_training)",
    ),
)
wrong(
    "evaluate",
    "the error is swallowed",
    ("    finally:\n", "    except Exception:\n        pass\n    finally:\n"),
)
wrong("evaluate", "the parameters are frozen", ("    model.eval()\n", "    model.eval().requires_grad_(False)\n"))
wrong("confusion", "transposed", ("(labels, answers)", "(answers, labels)"))
wrong("confusion", "each pair once", ("np.add.at(matrix, (labels, answers), 1)", "matrix[labels, answers] += 1"))
wrong(
    "confusion",
    "only the classes that occur",
    ("(classes, classes), dtype", "(max(labels.max(), answers.max()) + 1,) * 2, dtype"),
)
wrong("confusion", "too narrow a dtype", ("np.int64", "np.int16"))
wrong("accumulate", "without scaling", (" * (len(y) / total)", ""))
wrong("accumulate", "by the number of parts", ("len(y) / total", "1 / len(parts)"))
wrong(
    "accumulate",
    "forgets what was there",
    ("mean = 0.0", "mean = 0.0\n    for p in model.parameters():\n        p.grad = None"),
)
wrong(
    "accumulate",
    "one backward for all",
    (
        "        part.backward()\n        mean += part.item()\n    return mean",
        "        mean = part + mean\n    mean.backward()\n    return mean.item()",
    ),
)
wrong("accumulate", "a size of its own", ("total = sum(len(y) for _, y in parts)", "total = 100"))
wrong("accumulate", "switches to training mode", ("mean = 0.0", "mean = 0.0\n    model.train()"))
wrong("step", "no zero_grad", ("optimizer.zero_grad()\n", "pass\n"))
wrong(
    "step",
    "zero_grad at the end",
    ("optimizer.zero_grad()\n", "pass\n"),
    ("optimizer.step()", "optimizer.step()\n    optimizer.zero_grad()"),
)
wrong(
    "step",
    "clipped before",
    (
        "    value = backward",
        "    if max_norm is not None:\n        clip_grad_norm_(model.parameters(), max_norm)\n        max_norm = None\n    value = backward",
    ),
)
wrong("step", "a bound of 0 is none", ("max_norm is not None", "max_norm"))
wrong("step", "does not move", ("optimizer.step()", "pass"))
wrong(
    "step",
    "a step for each batch",
    (
        "    value = backward_in_parts(model, loss, batches)",
        "    for each in batches:\n        value = backward_in_parts(model, loss, [each])",
    ),
)
wrong(
    "step",
    "each parameter clipped alone",
    ("clip_grad_norm_(model.parameters(), max_norm)", "[clip_grad_norm_([p], max_norm) for p in model.parameters()]"),
)
wrong(
    "step",
    "clipped without a bound, too",
    ("if max_norm is not None:", "max_norm = 5.0 if max_norm is None else max_norm\n    if True:"),
)
wrong("early-stopping", "patience one too many", ("self.waited >= self.patience", "self.waited > self.patience"))
wrong("early-stopping", "patience one too few", ("self.waited >= self.patience", "self.waited >= self.patience - 1"))
wrong(
    "early-stopping",
    "the wrong direction",
    ("self.is_better(value)", "self.best is None or (value > self.best) == (self.mode == 'min')"),
)
wrong("early-stopping", "mode ignored", ("self.is_better(value)", "self.best is None or value < self.best"))
wrong("early-stopping", "the weights are not copied", ("t.detach().clone()", "t"))
wrong("early-stopping", "the loss, whatever the metric", ("[self.metric]", '["loss"]'))
wrong("early-stopping", "waits in all", ("self.best, self.waited = value, 0", "self.best = value"))
wrong("early-stopping", "nothing restored", ("trainer.model.load_state_dict(self.weights)", "pass"))
wrong(
    "early-stopping",
    "an equal value is better",
    ("self.is_better(value)", "self.is_better(value) or value == self.best"),
)
wrong(
    "early-stopping",
    "takes back another's stop",
    ("self.best, self.waited = value, 0", "self.best, self.waited, trainer.stop = value, 0, False"),
)
wrong(
    "early-stopping",
    "the note is handed out",
    ("trainer.model.load_state_dict(self.weights)", "trainer.model.load_state_dict(self.weights, assign=True)"),
)
wrong("resume", "forgets the optimizer", ('self.optimizer.load_state_dict(state["optimizer"])', "pass"))
wrong("resume", "forgets the schedule", ('self.scheduler.load_state_dict(state["scheduler"])', "pass"))
wrong("resume", "forgets the order", ("generator.set_state(saved)", "pass"))
wrong("resume", "forgets the random stream", ('tinytorch.set_rng_state(state["random"])', "pass"))
wrong("resume", "forgets the callbacks", ("callback.load_state_dict(saved)", "pass"))
wrong(
    "resume",
    "the first callback only",
    ('zip(self.callbacks, state["callbacks"], strict=True)', 'zip(self.callbacks[:1], state["callbacks"])'),
)
wrong("resume", "forgets the epoch", ('self.epoch, self.history = state["epoch"],', "self.history ="))
wrong(
    "resume",
    "the history grows",
    (
        'self.epoch, self.history = state["epoch"], list(state["history"])',
        'self.epoch = state["epoch"]\n    self.history += state["history"]',
    ),
)
wrong(
    "resume",
    "no buffers",
    ('"model": self.model.state_dict()', '"model": dict(self.model.named_parameters())'),
    ('load_state_dict(state["model"])', 'load_state_dict(state["model"], strict=False)'),
)
wrong("resume", "no copy", ("copy.deepcopy(state)", "state"))
wrong("resume", "the history is shared", ('list(state["history"])', 'state["history"]'))

right(
    "accuracy",
    "a loop",
    """def accuracy(scores, labels) -> float:
    hits = 0
    for row, label in zip(scores.detach().numpy(), labels.numpy()):
        hits += int(np.argmax(row) == label)
    return hits / len(labels)
""",
)
right(
    "running-mean",
    "the mean moves",
    """class RunningMean:
    def __init__(self):
        self.mean, self.n = math.nan, 0

    def update(self, mean, count=1):
        self.n += count
        old = 0.0 if math.isnan(self.mean) else self.mean
        self.mean = old + (mean - old) * count / self.n

    @property
    def value(self):
        return self.mean
""",
)
right(
    "evaluate",
    "a decorator, and one function for loss and metrics",
    """@tinytorch.no_grad()
def evaluate(model, loss, loader, metrics):
    measures = {"loss": lambda scores, y: loss(scores, y).item(), **metrics}
    sums, n, before = dict.fromkeys(measures, 0.0), 0, model.training
    try:
        model.eval()
        for x, y in loader:
            scores = model(x)
            n += len(y)
            for name, measure in measures.items():
                sums[name] += measure(scores, y) * len(y)
    finally:
        model.train(before)
    return {name: value / n for name, value in sums.items()}
""",
)
right(
    "confusion",
    "by bincount",
    (
        "np.add.at(matrix, (labels, answers), 1)",
        "matrix += np.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)",
    ),
)
right(
    "accumulate",
    "the gradient handed to backward",
    """def backward_in_parts(model, loss, parts):
    sizes = np.array([len(y) for _, y in parts])
    shares = (sizes / sizes.sum()).tolist()
    values = []
    for share, (x, y) in zip(shares, parts):
        part = loss(model(x), y)
        part.backward(tinytorch.tensor(share, dtype=part.dtype))
        values.append(share * part.item())
    return sum(values)
""",
)
right(
    "step",
    "gradients forgotten through the model",
    ("optimizer.zero_grad()", "for p in model.parameters():\n        p.grad = None"),
    ("if max_norm is not None:\n        clip", "if max_norm is None:\n        pass\n    else:\n        clip"),
)
right(
    "early-stopping",
    "deepcopy, and a count of what is left",
    (
        "self.weights = {name: t.detach().clone() for name, t in trainer.model.state_dict().items()}",
        "self.weights = copy.deepcopy(trainer.model.state_dict())",
    ),
    (
        "trainer.stop = trainer.stop or self.waited >= self.patience",
        "if self.waited == self.patience:\n                trainer.stop = True",
    ),
)
right(
    "resume",
    "gathered by names, by a helper",
    """def trainer_state(self):
    state = {name: copy.deepcopy(getattr(self, name)) for name in ("epoch", "history")}
    for name, part in own_parts(self):
        state[name] = copy.deepcopy(part.state_dict()) if part else None
    state["random"] = tinytorch.get_rng_state()
    state["orders"] = [copy.deepcopy(g.get_state()) for g in generators(self.train)]
    state["callbacks"] = [copy.deepcopy(c.state_dict()) for c in self.callbacks]
    return state


def load_trainer_state(self, state):
    state = copy.deepcopy(state)
    self.epoch, self.history = state["epoch"], state["history"]
    for name, part in own_parts(self):
        if part:
            part.load_state_dict(state[name])
    for i, g in enumerate(generators(self.train)):
        g.set_state(state["orders"][i])
    for i, c in enumerate(self.callbacks):
        c.load_state_dict(state["callbacks"][i])
    tinytorch.set_rng_state(state["random"])


Trainer.state_dict, Trainer.load_state_dict = trainer_state, load_trainer_state
""",
    added="""def own_parts(trainer):
    return [(name, getattr(trainer, name)) for name in ("model", "optimizer", "scheduler")]
""",
)
