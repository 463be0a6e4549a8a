"""`torch.nn.utils`: gradients clipped, parameters as one vector, as results of others, masked; modules as functions."""

import sys
import types

from ..._namespace import namespace

FUNCTIONS = ("weight_norm", "spectral_norm")  # functions, as in PyTorch, although files have the same names


class _Utils(types.ModuleType):
    def __setattr__(self, name, value):
        """Python calls this, too, for each file that it has just imported."""
        if not (name in FUNCTIONS and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Utils
__getattr__, __dir__ = namespace(__name__, elsewhere={
    **dict.fromkeys(("clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"),
                    "nn.utils.clip_grad"),
    **dict.fromkeys(("parameters_to_vector", "vector_to_parameters"), "nn.containers"),
    **dict.fromkeys(("weight_norm", "remove_weight_norm"), "nn.utils.weight_norm"),
    **dict.fromkeys(("spectral_norm", "remove_spectral_norm"), "nn.utils.spectral_norm"),
    **dict.fromkeys(("fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"),
                    "nn.utils.fusion"),
    "skip_init": "nn.utils.init"})
