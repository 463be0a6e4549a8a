"""`torch._utils`: what rebuilds tensors from a pickle; gradients of several tensors as one row of numbers, and back."""

from ...ops.shapes import cat
from ...pickling import (
    _rebuild_meta_tensor_no_storage,
    _rebuild_parameter,
    _rebuild_parameter_with_state,
    _rebuild_tensor,
    _rebuild_tensor_v2,
    _rebuild_tensor_v3,
)

__all__ = [
    "_rebuild_meta_tensor_no_storage", "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_tensor",
    "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_flatten_dense_tensors", "_unflatten_dense_tensors",
]  # fmt: skip


def _flatten_dense_tensors(tensors):
    """All numbers in one dimension."""
    return cat([x.reshape(-1) for x in tensors])


def _unflatten_dense_tensors(flat, tensors) -> tuple:
    """The numbers in the shapes of `tensors`. Views."""
    parts = flat.split([x.numel() for x in tensors])
    return tuple(part.view_as(x) for part, x in zip(parts, tensors, strict=True))
