"""`torch.backends.mkldnn`: Intel's library for networks, which tinytorch does not call."""

import contextlib
import sys

__all__ = ["allow_tf32", "deterministic", "enabled", "flags", "is_available", "set_flags"]

enabled = allow_tf32 = True
deterministic = False


def is_available() -> bool:
    return False


def set_flags(_enabled=None, _deterministic=None, _allow_tf32=None, *more) -> tuple:
    """Set those that are not None; returns the three settings as they were."""
    module, before = sys.modules[__name__], (enabled, deterministic, allow_tf32)
    for name, value in zip(
        ("enabled", "deterministic", "allow_tf32"), (_enabled, _deterministic, _allow_tf32), strict=True
    ):
        if value is not None:
            setattr(module, name, value)
    return before


@contextlib.contextmanager
def flags(enabled=False, deterministic=False, allow_tf32=True, **more):
    """These settings inside a `with`."""
    before = set_flags(enabled, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)
