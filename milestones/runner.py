"""Trains a milestone and measures what happened. The script trains; whatever is reported is counted here.

A script is a module with the constants YEAR, DATA, METRIC, BAR, SEEDS (plain literals: they are read without importing
the script; the lessons that it stands on are in course/plan.toml) and the functions

    data()                         ((inputs, answers) to learn from, (inputs, answers) held out)
    build(seed)                    a fresh model
    loss(output, answers)          what training makes small, a mean over the examples
    train(model, examples, watch)  calls watch(done) in each step, while the gradients are there; done goes to 1
    predict(model, inputs)         the answers, one for each input
    plots(model)                   {name: matplotlib figure}

A script may also have

    score(model, inputs, answers)  a number that is measured instead of the share of right answers
    LOWER = True                   the score is better the lower, no share; METRIC says of what ("bits per character")
    notes(model)                   {label: text}, printed under the table: baselines, comparisons
    DATASETS = {name: (DATA, BAR, SEEDS)} and use(name, folder): what `--data name` trains on instead

The model is in eval mode whenever it is measured, and in train mode when `train` gets it.
"""

import ast
import contextlib
import importlib
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from course.plan import plan

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Milestone:
    """What is known of a script without running it."""

    name: str
    about: str
    year: int
    data: str
    metric: str
    bar: float
    seeds: int
    lower: bool = False
    datasets: dict = field(default_factory=dict, hash=False)
    chosen: str = ""  # what --data said

    def on(self, name: str) -> "Milestone":
        """The same on other data."""
        data, bar, seeds = self.datasets[name]
        return replace(self, data=data, bar=bar, seeds=seeds, chosen=name)

    def missing(self, package: Path) -> list[str]:
        """The lessons that it waits for in `package`."""
        return [lesson for lesson in self.lessons if not (package / plan().lessons[lesson].files[0]).exists()]

    @property
    def lessons(self) -> list[str]:
        """The lessons that it stands on, with all that those need."""
        return plan().needed(*plan().milestones[self.name])


def milestones(folder: Path = FOLDER) -> dict[str, Milestone]:
    """All milestones by name, oldest first."""
    found = []
    for file in folder.glob("*_[0-9]*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = constants_of(tree)
        about = ast.get_docstring(tree).split("\n")[0].partition(": ")[2].rstrip(".")
        constants = [known[key] for key in ("YEAR", "DATA", "METRIC", "BAR", "SEEDS")]
        optional = [known.get("LOWER", False), known.get("DATASETS", {})]
        found.append(Milestone(file.stem, about, *constants, *optional))
    return {milestone.name: milestone for milestone in sorted(found, key=lambda m: (m.year, m.name))}


def constants_of(tree: ast.Module) -> dict:
    """{name: value} of what a script sets to plain literals, one or several at a time."""
    known = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            names = (
                [ast.unparse(name) for name in target.elts] if isinstance(target, ast.Tuple) else [ast.unparse(target)]
            )
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue  # not a literal: none of ours
            known |= dict(zip(names, value if isinstance(target, ast.Tuple) else [value], strict=True))
    return known


def shown(value: float, lower: bool = False) -> str:
    """A share in percent, with a decimal where it has one; the value of another metric as it is."""
    return f"{value:.3f}" if lower else f"{value:.1%}".replace(".0%", "%")


JSON = (
    "name",
    "year",
    "seed",
    "data",
    "metric",
    "value",
    "bar",
    "lower",
    "passed",
    "parameters",
    "with_gradient",
    "moved",
    "loss_first",
    "loss_last",
    "seconds",
    "whose",
    "notes",
)


@dataclass
class Run:
    """One training, as measured. The figures stay None where the run did not come so far."""

    name: str
    year: int
    seed: int
    data: str
    metric: str
    value: float | None = None  # share of right answers on what was held out, or the script's score
    bar: float = 1.0
    lower: bool = False  # the score is better the lower
    passed: bool = False
    parameters: int = 0  # tensors
    with_gradient: int = 0  # of them, those that ever had a gradient other than zero
    moved: int = 0  # of them, those that did not stay as they were
    loss_first: float | None = None  # on all examples, before
    loss_last: float | None = None  # and after
    seconds: float = 0.0
    whose: str = ""
    notes: dict = field(default_factory=dict)  # what else the script has to say: {label: text}
    reasons: list[str] = field(default_factory=list)  # why it did not pass
    numbers: int = 0  # in all parameters together
    right: int = 0
    asked: int = 0
    model: Any = None
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
    steps: int | None = None,
) -> Run:
    """Train once and say what happened; an exception is a failed run, with the exception as `error`.

    `damage(model)` spoils the model before: a control, which must not pass. After `steps` looks of the training it is
    cut short, and only what the gradients did is judged.
    """
    one = milestone
    run = Run(one.name, one.year, seed, one.data, one.metric, bar=one.bar, lower=one.lower, whose=whose)
    started = time.perf_counter()
    try:
        checks = train_and_count(run, watch, damage, steps)
        run.reasons = [reason for good, reason in checks if not good]
    except Exception as error:
        run.error = error
        run.reasons = [f"{type(error).__name__}: {error}"]
        if run.silent:
            run.reasons.insert(0, f"no gradient reached {', '.join(run.silent)} before")
    run.passed = not run.reasons
    run.seconds = round(time.perf_counter() - started, 3)
    return run


class Enough(Exception):
    """Ends a training that is to be cut short."""


def train_and_count(
    run: Run, watch: Callable, damage: Callable | None, steps: int | None = None
) -> list[tuple[bool, str]]:
    """Train, fill in what was measured, and return what must hold, each with what to say if it does not."""
    script = script_of(run)
    examples, _ = script.data()
    run.model = model = script.build(run.seed)
    if damage:
        damage(model)
    parameters = dict(model.named_parameters())
    before = {name: values(parameter) for name, parameter in parameters.items()}
    run.parameters, run.numbers = len(parameters), sum(array.size for array in before.values())
    silent = run.silent = list(parameters)
    still = list(parameters)  # as they were, so far: a value that moved may come back to where it began
    looks = itertools.count(1)

    def looked(done):
        for name in silent[:]:
            gradient = parameters[name].grad
            if gradient is not None and np.any(values(gradient)):
                silent.remove(name)
        still[:] = [name for name in still if np.array_equal(values(parameters[name]), before[name])]
        run.with_gradient = len(parameters) - len(silent)
        watch(done)
        if next(looks) == steps:
            raise Enough

    if steps is None:
        run.loss_first = mean_loss(script, model, *examples)
    model.train()
    with contextlib.suppress(Enough):
        script.train(model, examples, looked)
    after = dict(model.named_parameters())
    still = [name for name in still if name not in after or np.array_equal(values(after[name]), before[name])]
    run.moved = len(parameters) - len(still)
    learned = [
        (run.parameters > 0, "the model has no parameters"),
        (not silent, f"no gradient ever reached {', '.join(silent)}"),
        (not still, f"never moved: {', '.join(still)}"),
    ]
    if steps is not None:
        return learned

    run.loss_last = mean_loss(script, model, *examples)
    run.value = held_out(run, script, model)
    figure, bar = shown(run.value, run.lower), shown(run.bar, run.lower)
    good = run.value <= run.bar if run.lower else run.value >= run.bar
    fall = f"{run.loss_first:.4g} before, {run.loss_last:.4g} after"
    return [
        (good, f"{run.metric} {figure} is {'above' if run.lower else 'below'} the bar of {bar}"),
        *learned,
        (run.loss_last < run.loss_first, f"the loss did not fall: {fall}"),
    ]


def mean_loss(script, model, inputs, answers, size: int = 500) -> float:
    """The loss over all examples, `size` at a time."""
    import tinytorch

    model.eval()
    total = 0.0
    with tinytorch.no_grad():
        for i in range(0, len(inputs), size):
            part = answers[i : i + size]
            total += script.loss(model(inputs[i : i + size]), part).item() * len(part)
    return total / len(inputs)


def held_out(run: Run, script, model, size: int = 500) -> float:
    """The share of right answers on what is held out, or the script's score."""
    import tinytorch

    _, (inputs, answers) = script.data()  # read anew: nobody has touched these
    model.eval()
    with tinytorch.no_grad():
        if hasattr(script, "score"):
            return float(script.score(model, inputs, answers))
        parts = [script.predict(model, inputs[i : i + size]).tolist() for i in range(0, len(inputs), size)]
    given, answers = [answer for part in parts for answer in part], answers.tolist()
    run.right, run.asked = sum(g == a for g, a in zip(given, answers, strict=True)), len(answers)
    return run.right / run.asked


def take_notes(run: Run):
    """What the script says beside its figures; an exception there makes the run fail, as any other."""
    script = script_of(run)
    if run.error is None and hasattr(script, "notes"):
        run.model.eval()
        try:
            run.notes = script.notes(run.model)
        except Exception as error:
            run.error, run.passed = error, False
            run.reasons.append(f"{type(error).__name__} in the notes: {error}")


def script_of(run):
    """The script of a Run or a Milestone, as a module."""
    return importlib.import_module(f"milestones.{run.name}")


def values(tensor) -> np.ndarray:
    """A copy of a tensor's values."""
    return np.array(tensor.detach().numpy())
