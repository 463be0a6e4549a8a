"""What is attached to Tensor: each name once, and the same in whatever order the files are imported."""

import subprocess
import sys

MODULES = """
import importlib, pathlib, random, sys
import tinytorch

def names_of_modules():  # but those of compat, which attach nothing
    root = pathlib.Path(tinytorch.__path__[0])
    files = [file.relative_to(root.parent).with_suffix("") for file in root.rglob("[a-z]*.py")]
    return sorted(".".join(file.parts) for file in files if "compat" not in file.parts)
"""

PROGRAM = (
    MODULES
    + """
from tinytorch import _namespace

names = names_of_modules()
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
)


def attributes(seed: int) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(seed)], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


def test_the_order_of_imports_makes_no_difference():
    usual = attributes(0)
    assert "sigmoid tinytorch.nn.basic_activations sigmoid\n" in usual and "exp tinytorch.tensor exp\n" in usual
    assert attributes(1) == usual


ONCE = (
    MODULES
    + """
import builtins

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
for name in names_of_modules():
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ("numba", "cupy"):
            raise
places = {}
for name, module in log:
    if module not in WIDENING:
        places.setdefault(name, set()).add(module)
print(*sorted(name for name, modules in places.items() if len(modules) > 1))
"""
)


REPLACED = """
    __array__ __deepcopy__ __float__ __getitem__ __int__ __reduce_ex__ __repr__ _result_type logaddexp numpy
    renew_history size view
""".split()  # what a companion writes anew for more kinds of numbers or arguments, and what Parameter has of its own


def test_each_name_is_attached_by_one_file():
    done = subprocess.run([sys.executable, "-c", ONCE], capture_output=True, text=True)
    assert done.stdout.split() == REPLACED, done.stderr
