"""`torch._utils`: gradients of several tensors as one row of numbers, and back."""

from ...ops.shapes import cat

__all__ = ["_flatten_dense_tensors", "_unflatten_dense_tensors"]


def _flatten_dense_tensors(tensors):
    """All numbers in one dimension."""
    return cat([x.reshape(-1) for x in tensors])


def _unflatten_dense_tensors(flat, tensors) -> tuple:
    """The numbers in the shapes of `tensors`. Views."""
    parts = flat.split([x.numel() for x in tensors])
    return tuple(part.view_as(x) for part, x in zip(parts, tensors, strict=True))
