"""`torch.nn`: modules and parameters, handed on from the lessons that build them."""

from .._face import face

MODULES = ("nn.module", "nn.containers", "nn.losses", "nn.activations", "nn.more_losses", "nn.conv", "nn.norm",
           "nn.embedding", "nn.attention", "nn.transformer")


def _is_module(value):
    """Classes, but no Functions: those are nodes of the graph."""
    from ..tensor import Function

    return isinstance(value, type) and not issubclass(value, Function)


__getattr__, __dir__ = face(__name__, MODULES, keep=_is_module)
