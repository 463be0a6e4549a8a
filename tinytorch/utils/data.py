"""`torch.utils.data`: data sets and loaders, handed on from lesson 06."""

from .._face import exported, face


def _names():
    return exported("data_workers") | exported("data")


__getattr__, __dir__ = face(__name__, lambda name: _names()[name], _names)
