"""Trains a milestone and measures what happened. The script trains; whatever is reported is counted here.

A script is a module with the constants YEAR, LESSONS (how many of the lessons it stands on), DATA, METRIC, BAR, SEEDS
(plain literals: they are read without importing the script) and the functions

    data()                         ((inputs, answers) to learn from, (inputs, answers) held out)
    build(seed)                    a fresh model
    loss(output, answers)          what training makes small
    train(model, examples, watch)  calls watch(done) in each step, while the gradients are there; done goes to 1
    predict(model, inputs)         the answers, one for each input
    plots(model)                   {name: matplotlib figure}
"""

import ast
import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
MODULES = {  # the file that each lesson exports, in their order
    "01 tensor": "tensor.py", "02 autograd": "autograd.py", "03 layers": "nn/module.py", "04 losses": "nn/losses.py",
    "05 optimizers": "optim/optimizer.py", "06 data": "data.py", "07 training": "training.py",
}  # fmt: skip


@dataclass(frozen=True)
class Milestone:
    """What is known of a script without running it."""

    name: str
    about: str
    year: int
    lessons: int
    data: str
    metric: str
    bar: float
    seeds: int

    def missing(self, package: Path) -> list[str]:
        """The lessons that it waits for in `package`."""
        needed = list(MODULES.items())[: self.lessons]
        return [lesson for lesson, file in needed if not (package / file).exists()]


def milestones(folder: Path = FOLDER) -> dict[str, Milestone]:
    """All milestones by name, oldest first."""
    found = []
    for file in folder.glob("*_[0-9]*.py"):
        tree, known = ast.parse(file.read_text(encoding="utf-8")), {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                names = [name.id for name in node.targets[0].elts]
                known |= dict(zip(names, ast.literal_eval(node.value), strict=True))
        about = ast.get_docstring(tree).split("\n")[0].partition(": ")[2].rstrip(".")
        constants = (known[key] for key in ("YEAR", "LESSONS", "DATA", "METRIC", "BAR", "SEEDS"))
        found.append(Milestone(file.stem, about, *constants))
    return {milestone.name: milestone for milestone in sorted(found, key=lambda m: m.year)}


JSON = (
    "name",
    "year",
    "seed",
    "data",
    "metric",
    "value",
    "bar",
    "passed",
    "parameters",
    "with_gradient",
    "moved",
    "loss_first",
    "loss_last",
    "seconds",
    "whose",
)


@dataclass
class Run:
    """One training, as measured. The figures stay None where the run did not come so far."""

    name: str
    year: int
    seed: int
    data: str
    metric: str
    value: float | None = None  # share of right answers on what was held out
    bar: float = 1.0
    passed: bool = False
    parameters: int = 0  # tensors
    with_gradient: int = 0  # of them, those that ever had a gradient other than zero
    moved: int = 0  # of them, those that are not as they were
    loss_first: float | None = None  # on all examples, before
    loss_last: float | None = None  # and after
    seconds: float = 0.0
    whose: str = ""
    reasons: list[str] = field(default_factory=list)  # why it did not pass
    numbers: int = 0  # in all parameters together
    right: int = 0
    asked: int = 0
    model: object = None
    error: Exception | None = None
    silent: list[str] = field(default_factory=list)  # parameters that no gradient has reached so far

    def record(self) -> dict:
        """What the JSON file holds."""
        found = {key: getattr(self, key) for key in JSON}
        return {key: None if isinstance(x, float) and not math.isfinite(x) else x for key, x in found.items()}


def measure(
    milestone: Milestone,
    seed: int,
    whose: str = "",
    watch: Callable = lambda done: None,
    damage: Callable | None = None,
) -> Run:
    """Train once and say what happened; an exception is a failed run, with the exception as `error`.

    `damage(model)` spoils the model before: a control, which must not pass.
    """
    run = Run(milestone.name, milestone.year, seed, milestone.data, milestone.metric, bar=milestone.bar, whose=whose)
    started = time.perf_counter()
    try:
        checks = train_and_count(run, watch, damage)
        run.reasons = [reason for good, reason in checks if not good]
    except Exception as error:
        run.error = error
        run.reasons = [f"{type(error).__name__}: {error}"]
        if run.silent:
            run.reasons.insert(0, f"no gradient reached {', '.join(run.silent)} before")
    run.passed = not run.reasons
    run.seconds = round(time.perf_counter() - started, 3)
    return run


def train_and_count(run: Run, watch: Callable, damage: Callable | None) -> list[tuple[bool, str]]:
    """Train, fill in what was measured, and return what must hold, each with what to say if it does not."""
    import tinytorch

    script = script_of(run)
    examples, _ = script.data()
    run.model = model = script.build(run.seed)
    if damage:
        damage(model)
    parameters = dict(model.named_parameters())
    before = {name: values(parameter) for name, parameter in parameters.items()}
    run.parameters, run.numbers = len(parameters), sum(array.size for array in before.values())
    silent = run.silent = list(parameters)

    def looked(done):
        for name in silent[:]:
            gradient = parameters[name].grad
            if gradient is not None and np.any(values(gradient)):
                silent.remove(name)
        run.with_gradient = len(parameters) - len(silent)
        watch(done)

    def loss():
        with tinytorch.no_grad():
            return script.loss(model(examples[0]), examples[1]).item()

    run.loss_first = loss()
    script.train(model, examples, looked)
    run.loss_last = loss()
    after = dict(model.named_parameters())
    still = [name for name in parameters if name not in after or np.array_equal(values(after[name]), before[name])]
    run.moved = len(parameters) - len(still)

    _, (inputs, answers) = script.data()  # read anew: nobody has touched these
    with tinytorch.no_grad():
        given, answers = script.predict(model, inputs).tolist(), answers.tolist()
    run.right, run.asked = sum(g == a for g, a in zip(given, answers, strict=True)), len(answers)
    run.value = run.right / run.asked
    fall = f"{run.loss_first:.4g} before, {run.loss_last:.4g} after"
    return [
        (run.value >= run.bar, f"{run.metric} {run.value:.1%} is below the bar of {run.bar:.0%}"),
        (run.parameters > 0, "the model has no parameters"),
        (not silent, f"no gradient ever reached {', '.join(silent)}"),
        (not still, f"never moved: {', '.join(still)}"),
        (run.loss_last < run.loss_first, f"the loss did not fall: {fall}"),
    ]


def script_of(run: Run):
    """The script as a module."""
    return importlib.import_module(f"milestones.{run.name}")


def values(tensor) -> np.ndarray:
    """A copy of a tensor's values."""
    return np.array(tensor.detach().numpy())
