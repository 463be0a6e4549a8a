"""`torch.nn`: modules and parameters, handed on from the lessons that build them."""

from .._face import face

MODULES = ("nn.module", "nn.containers", "nn.losses", "nn.activations", "nn.more_losses", "nn.conv", "nn.more_conv",
           "nn.pooling", "nn.resampling", "nn.norm", "nn.more_norm", "nn.embedding", "nn.embedding_bag", "nn.attention",
           "nn.encoder_decoder")


def _is_module(value):
    """Classes, but no Functions: those are nodes of the graph."""
    from ..tensor import Function

    return isinstance(value, type) and not issubclass(value, Function)


__getattr__, __dir__ = face(__name__, MODULES, keep=_is_module)
