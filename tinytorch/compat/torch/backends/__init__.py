"""`torch.backends`: settings of libraries. What computes here takes none of them; they are kept as they are set."""

__all__ = ["disable_global_flags", "flags_frozen"]


def disable_global_flags() -> None:
    """Accepted."""


def flags_frozen() -> bool:
    return False
