"""`torch.nn`: modules and parameters, handed on from the lessons that build them."""

from .._face import exported, face

MODULES = ("module", "containers", "losses", "activations", "more_losses", "conv", "norm", "embedding", "attention", "transformer")


def _names():
    """The classes that the lessons export, except Functions, which are nodes of the graph and no modules."""
    from ..tensor import Function

    found = {}
    for module in reversed(MODULES):
        found.update((name, value) for name, value in exported(f"nn.{module}").items()
                     if isinstance(value, type) and not issubclass(value, Function))
    return found


__getattr__, __dir__ = face(__name__, lambda name: _names()[name], _names)
