"""What the tables of examples are made of, and the collector of every Function and Module that exists."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tinytorch as tt
from tinytorch import backends
from tinytorch.tensor import Function

# ---------------------------------------------------------------------------------------------- collecting what exists


# what programs find under PyTorch's names; the Functions there are the programs' own
COMPAT = "tinytorch.compat."


def subclasses(cls, outside: tuple = ()) -> dict:
    found, todo = {}, [cls]
    while todo:
        for sub in todo.pop().__subclasses__():
            todo.append(sub)
            counts = sub.__module__.startswith("tinytorch.") and not sub.__module__.startswith((COMPAT, *outside))
            if counts and is_written(sub):
                found[sub.__name__] = sub
    return found


def is_written(cls) -> bool:
    """Whether the class stands in its module's text: others are made while something runs, perhaps under its name."""
    return hasattr(sys.modules.get(cls.__module__), cls.__qualname__.partition(".")[0])


def existing(cls, abstract=(), outside: tuple = ()) -> dict:
    """{name: class} of all concrete subclasses of `cls` in the package, every module of which is imported.

    `outside`: starts of the names of modules whose classes are left out; they may share a name with one that counts.
    """
    for module in pkgutil.walk_packages(tt.__path__, "tinytorch."):
        if module.name.startswith(COMPAT):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name != "numba":
                raise
    return {name: sub for name, sub in subclasses(cls, outside).items() if name[0] != "_" and name not in abstract}


# they have a `compute` or `f` to be filled in only
ABSTRACT_FUNCTIONS = {"Unary", "Step", "Elementwise", "Straight", "Gated", "Factorization"}


# it raises where a derivative is wanted; tests/core/test_special.py
NOT_DIFFERENTIABLE = {"WithoutDerivative", "Heaviside"}


# what recurrent networks share
ABSTRACT_MODULES = {"RNNBase", "RNNCellBase"}


# they only call the module that they are given, on one device; tests/programs/corpus/cifar_resnet.py
WRAPPERS = {"DataParallel"}


# PyTorch's gradient, written by hand, is not that of its values; tests/core/test_rare.py
NOT_PYTORCHS_GRADIENT = {"CrossMapLRN2d"}


# what a program's own Function runs on; tests/core/test_custom_function.py
PROGRAMS = {"Call", "Output", "DelayedError"}


# what vmap puts between operations; tests/core/test_vmap.py
BETWEEN_LEVELS = {"Batch", "Unbatch", "Spread", "Collapse", "OneByOne", "Example", "Examples"}


# they compute what other Functions compute, faster, and take their places in the examples when numba computes
KERNELS = {f"tinytorch.{module}" for module in (*backends.MODULES["numpy"], *backends.MODULES["numba"])}
FORMS = {f"tinytorch.{module}" for module in backends.MODULES["cuda"]}  # tests/kernels/test_devices.py runs them


def functions() -> dict:
    return {
        name: sub
        for name, sub in existing(Function, ABSTRACT_FUNCTIONS | NOT_DIFFERENTIABLE | PROGRAMS | BETWEEN_LEVELS).items()
        if sub.__module__ not in KERNELS | FORMS
    }


def fused_functions() -> dict:
    return {name: sub for name, sub in existing(Function).items() if sub.__module__ in KERNELS}


def modules() -> dict:
    """But the lazy ones, which are of another class after their first call: tests/core/test_stateless.py.

    Nor those of vision, which PyTorch does not have: tests/core/test_transforms.py, test_boxes.py.
    """
    found = existing(tt.nn.Module, ABSTRACT_MODULES | WRAPPERS | NOT_PYTORCHS_GRADIENT, ("tinytorch.vision.",))
    return {name: sub for name, sub in found.items() if not issubclass(sub, tt.nn.LazyModuleMixin)}


# ------------------------------------------------------------------------------------------------------------- Functions

RANGES = {  # away from the corners of abs, relu, floor and their like
    "any": lambda rng, shape: rng.uniform(0.2, 1.9, shape) * rng.choice([-1.0, 1.0], shape),
    "positive": lambda rng, shape: rng.uniform(0.3, 2.0, shape),
    "unit": lambda rng, shape: rng.uniform(-0.6, 0.6, shape),
    "probability": lambda rng, shape: rng.uniform(0.1, 0.6, shape),
}


@dataclass
class Example:
    call: Callable
    spec: str = "*"
    values: str = "any"
    twice: bool = True  # whether PyTorch has the second derivative

    def shapes(self, draw=None) -> list:
        """Shapes of the inputs, with sizes from `draw(low, high)`; without it, small ones that broadcast, none empty."""
        if self.spec in ("*", "*,*"):
            full = [draw(0, 3) for _ in range(draw(0, 3))] if draw else [2, 3]
            if self.spec == "*":
                return [tuple(full)]
            if draw is None:
                return [(2, 3), (3,)]
            return [
                tuple(1 if draw(0, 3) == 0 else n for n in full)[draw(0, len(full)) if draw(0, 1) else 0 :]
                for _ in "ab"
            ]
        letters = sorted(set(self.spec) - set(",0123456789"))
        size = {c: int(c) for c in self.spec if c.isdigit()} | {
            c: draw(0 if c.isupper() else 1, 3) if draw else 2 + i % 3 for i, c in enumerate(letters)
        }
        return [tuple(size[c] for c in part) for part in self.spec.split(",")]

    def arrays(self, rng, draw=None) -> list:
        return [np.asarray(RANGES[self.values](rng, shape)) for shape in self.shapes(draw)]


def both(ours, theirs):
    """A call for a Function that has no public name: `ours(*inputs)` here, `theirs(torch, *inputs)` there."""
    return lambda t, *inputs: ours(*inputs) if t is tt else theirs(t, *inputs)


def made(name: str, **options):
    """The Function itself, where the namespace has no name for it."""
    return lambda *inputs: functions()[name].apply(*inputs, **options)


def changed(write):
    """A copy of the first input after `write(copy, *others)` has changed it in place."""

    def call(t, x, *others):
        copy = x * 1
        write(copy, *others)
        return copy

    return call


def column_tripled(a):
    """(a copy of `a` after its first column was tripled in place, and that column, a view)."""
    copy = a * 1
    column = copy[:, 0]
    column.mul_(3.0)
    return copy, column * 1


def put(t, x, shape, index):
    return t.zeros(shape, dtype=x.dtype).index_put(index, x, accumulate=True)


def index(t, *numbers):
    return t.tensor([int(n) if not isinstance(n, list) else n for n in numbers])


E = Example


@dataclass
class Draw:
    """Inputs of a module: arrays that want a gradient, or, in a tuple of one, constants."""

    rng: np.random.Generator

    def any(self, *shape):
        return RANGES["any"](self.rng, shape)

    def positive(self, *shape):
        return RANGES["positive"](self.rng, shape)

    def probability(self, *shape):
        return RANGES["probability"](self.rng, shape)

    def labels(self, *shape, classes=3):
        return (self.rng.integers(0, classes, shape),)

    def signs(self, *shape):
        return (self.rng.choice([-1.0, 1.0], shape),)

    def target(self, *shape):
        return (self.rng.uniform(0.1, 0.9, shape),)


def holding(t, forward, **parts):
    """A module with the given parts and `forward(self, *inputs)`."""

    class Holder(t.nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

        def forward(self, *inputs):
            return forward(self, *inputs)

    return Holder()


def activation(name, *args, **options):
    return [(lambda t: getattr(t.nn, name)(*args, **options), lambda d: [d.any(4, 3)])]


def loss(name, inputs, *options):
    return [
        (lambda t, o=o: getattr(t.nn, name)(**o), inputs)
        for o in ({}, {"reduction": "sum"}, {"reduction": "none"}, *options)
    ]


def parameters(t):
    return [t.nn.Parameter(t.ones(3) * 0.5), t.nn.Parameter(t.ones(3))]


def x(d):
    return [d.any(4, 3)]
