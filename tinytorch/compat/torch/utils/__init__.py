"""`torch.utils` beside data."""

__all__ = ["swap_tensors"]


def swap_tensors(t1, t2) -> None:
    """Exchange two tensors of one class: whoever holds one of them then holds the other's values and history."""
    if type(t1) is not type(t2):
        raise RuntimeError(f"Cannot swap {type(t1).__name__} and {type(t2).__name__}: expected tensors of one class")
    for name in ("array", "_grad", "grad_fn", "_base", "_base_fn", "_hooks", "_requires_grad"):
        first, second = getattr(t1, name), getattr(t2, name)
        setattr(t1, name, second)
        setattr(t2, name, first)
    if hasattr(t1, "__dict__"):
        mine, theirs = dict(vars(t1)), dict(vars(t2))
        vars(t1).clear(), vars(t2).clear()
        vars(t1).update(theirs), vars(t2).update(mine)
