"""`torch.nn`: modules and parameters, handed on from the lessons that build them."""

from .._namespace import namespace

MODULES = ("nn.module", "nn.buffer", "nn.moving", "nn.module_hooks", "nn.containers", "nn.flatten", "nn.bilinear", "nn.basic_activations", "nn.losses", "nn.activations", "nn.distance",
           "nn.regression_losses", "nn.probability_losses", "nn.margin_losses", "nn.ctc", "nn.rrelu", "nn.adaptive_softmax", "nn.inplace_activations", "nn.conv", "nn.conv3d", "nn.conv_transpose", "nn.pooling",
           "nn.window_pooling", "nn.adaptive_pooling", "nn.resampling", "nn.pixelshuffle", "nn.fold", "nn.grid_sample", "nn.unpooling",
           "nn.fractional_pooling", "nn.with_indices", "nn.padding", "nn.norm", "nn.dropout", "nn.residual",
           "nn.instance_norm", "nn.channel_dropout", "nn.sync_batch_norm", "nn.local_response_norm", "nn.lazy", "nn.lazy_layers", "nn.embedding",
           "nn.embedding_bag", "nn.attention", "nn.attention_functional", "nn.transformer", "nn.rnn", "nn.rnn_cell")


def _is_module(value):
    """Classes, but no Functions: those are nodes of the graph."""
    from ..tensor import Function

    return isinstance(value, type) and not issubclass(value, Function)


__getattr__, __dir__ = namespace(__name__, MODULES, keep=_is_module)
