"""`torch.types`: names for annotations."""

from ...ops.conversion import device, dtype
from ...tensor import Tensor

__all__ = ["Device", "Number", "Storage", "_device", "_dtype", "_int", "_float", "_bool", "_size", "_TensorOrTensors"]

Number = int | float | bool
Device = device | str | int | None
Storage = object
_TensorOrTensors = Tensor | tuple
_device, _dtype, _int, _float, _bool, _size = device, dtype, int, float, bool, tuple
