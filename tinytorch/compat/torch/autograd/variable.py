"""`torch.autograd.Variable`, in which PyTorch wrapped tensors before 0.4; a Variable is a Tensor since."""

import warnings

from ....tensor import Tensor, tensor

__all__ = ["Variable"]


class VariableMeta(type):
    def __instancecheck__(cls, other):
        return isinstance(other, Tensor)


class Variable(metaclass=VariableMeta):
    """`Variable(x, requires_grad=True)` is a tensor on x's memory. `volatile` has no effect any more: use no_grad."""

    def __new__(cls, data=None, requires_grad: bool = False, volatile=None):
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2
            )
        result = tensor([]) if data is None else data.detach()
        result.requires_grad = requires_grad
        return result
