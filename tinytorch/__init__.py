"""tinytorch: PyTorch's names, built lesson by lesson in modules/. This face only hands names on."""

import sys
import types

from ._face import face

__version__ = "0.1.0"

# The modules whose names are tinytorch's own, in the order of the lessons.
TENSOR_LEVEL = ("tensor", "ops.creation", "autograd", "ops.elementwise", "ops.reductions", "ops.shapes", "ops.indexing",
                "ops.linalg", "ops.inplace")
ATTACHING = ("nn.losses", "nn.activations")  # `x.relu()`, `tinytorch.softmax`: their modules belong to nn
ALIASES = {"bool": "bool_", "float": "float32", "double": "float64", "int": "int32", "long": "int64"}


def _with_methods(found):
    """A method of Tensor is a function too (`tinytorch.exp`), and Python's names for numbers are dtypes."""
    methods = vars(found["Tensor"]) if found else {}
    found = {name: value for name, value in methods.items() if isinstance(value, types.FunctionType) and name[0] != "_"} | found
    return found | {alias: found[name] for alias, name in ALIASES.items() if name in found}


class _Package(types.ModuleType):
    """`tinytorch.tensor` is the function, as in PyTorch, although a file has the same name."""

    def __setattr__(self, name, value):
        if not (name == "tensor" and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
__getattr__, __dir__ = face(__name__, TENSOR_LEVEL, elsewhere={"save": "serialization", "load": "serialization"},
                            attaching=ATTACHING, finish=_with_methods)
