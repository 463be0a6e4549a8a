"""`torch.nn.functional`: the functions behind the modules, handed on from the lessons that build them."""

from types import FunctionType

from .. import nn
from .._face import exported, face

ELSEWHERE = {"pad": "ops.indexing", "one_hot": "ops.indexing"}


def _names():
    found = {}
    for module in reversed(nn.MODULES):
        found.update((name, value) for name, value in exported(f"nn.{module}").items() if isinstance(value, FunctionType))
    for name, module in ELSEWHERE.items():
        found.update((name, value) for key, value in exported(module).items() if key == name)
    return found


__getattr__, __dir__ = face(__name__, lambda name: _names()[name], _names)
