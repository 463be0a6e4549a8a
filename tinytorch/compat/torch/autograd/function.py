"""`torch.autograd.function`: what an operation of one's own is made with."""

from ....ops.custom_function import FunctionCtx, once_differentiable
from ....tensor import Function

__all__ = ["Function", "FunctionCtx", "once_differentiable"]
