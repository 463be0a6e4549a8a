"""tinytorch: PyTorch's names, built lesson by lesson in modules/. This face only hands names on."""

import sys
import types

from ._face import exported, face

__version__ = "0.1.0"

# Every module that adds to Tensor, in the order of the lessons.
TENSOR_LEVEL = ("tensor", "ops.creation", "autograd", "ops.elementwise", "ops.reductions", "ops.shapes", "ops.indexing",
                "ops.linalg", "ops.inplace")
ALIASES = {"bool": "bool_", "float": "float32", "double": "float64", "int": "int32", "long": "int64"}
ELSEWHERE = {"save": "serialization", "load": "serialization"}


def _names():
    """Everything at tensor level: what the modules export, and each method of Tensor as a function."""
    found = {}
    for module in reversed(TENSOR_LEVEL):
        found.update(exported(module))
    methods = vars(found["Tensor"]) if found else {}
    found = {name: value for name, value in methods.items() if isinstance(value, types.FunctionType) and name[0] != "_"} | found
    return found | {alias: found[name] for alias, name in ALIASES.items() if name in found}


def _lookup(name):
    return exported(ELSEWHERE[name])[name] if name in ELSEWHERE else _names()[name]


class _Package(types.ModuleType):
    """`tinytorch.tensor` is the function, as in PyTorch, although a file has the same name."""

    def __setattr__(self, name, value):
        if not (name == "tensor" and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


__getattr__, __dir__ = face(__name__, _lookup, _names)
sys.modules[__name__].__class__ = _Package
