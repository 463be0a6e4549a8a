"""`torch._tensor`: the class Tensor, and what rebuilds its subclasses from a pickle."""

from ...pickling import _rebuild_from_type_v2
from ...tensor import Tensor

__all__ = ["Tensor", "_rebuild_from_type_v2"]
