"""`torch.optim`: the optimizers, handed on from the lessons that build them."""

from .._face import exported, face


def _names():
    found = exported("optim.more") | exported("optim.optimizer")
    return {name: value for name, value in found.items() if isinstance(value, type)}


__getattr__, __dir__ = face(__name__, lambda name: _names()[name], _names)
