"""What is attached to Tensor: each name once, and the same in whatever order the files are imported."""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, pkgutil, random, sys
import tinytorch
from tinytorch import _namespace

names = sorted(module.name for module in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."))
seed = int(sys.argv[1])
random.Random(seed).shuffle(names)
if seed == 0:
    names.insert(0, "tinytorch.tensor")
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ("numba", "cupy"):
            raise
for name, value in sorted(vars(sys.modules["tinytorch.tensor"].Tensor).items()):
    function = getattr(value, "fget", value)
    print(name, getattr(function, "__module__", ""), getattr(function, "__qualname__", ""))
"""


def attributes(seed: int) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(seed)], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def expected():
    found = attributes(0)
    assert "sigmoid tinytorch.nn.basic_activations sigmoid\n" in found and "exp tinytorch.tensor exp\n" in found
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_imports_makes_no_difference(seed, expected):
    assert attributes(seed) == expected


ONCE = """
import builtins, sys
import tinytorch  # loads nothing yet

WIDENING = {  # what wraps methods that are there
    "tinytorch.dispatch",  # kernels
    "tinytorch.func.batching",
    "tinytorch.ops.old_forms",  # old orders of arguments
    "tinytorch.ops.sparse",
}

log, build = [], builtins.__build_class__

class Logging(type):
    def __setattr__(cls, name, value):
        log.append((name, sys._getframe(1).f_globals["__name__"]))
        super().__setattr__(name, value)

def build_logging(body, name, *bases, **options):
    return build(body, name, *bases, **({"metaclass": Logging} if name == "Tensor" and not bases else {}), **options)

builtins.__build_class__ = build_logging
import importlib, pkgutil
for module in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in ("numba", "cupy"):
            raise
places = {}
for name, module in log:
    if module not in WIDENING:
        places.setdefault(name, set()).add(module)
print(*sorted(name for name, modules in places.items() if len(modules) > 1))
"""


REPLACED = """
    __array__ __deepcopy__ __float__ __getitem__ __int__ __reduce_ex__ __repr__ _result_type logaddexp numpy
    renew_history size view
""".split()  # what a companion writes anew for more kinds of numbers or arguments, and what Parameter has of its own


def test_each_name_is_attached_by_one_file():
    done = subprocess.run([sys.executable, "-c", ONCE], capture_output=True, text=True)
    assert done.stdout.split() == REPLACED, done.stderr
