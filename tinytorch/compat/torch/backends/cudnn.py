"""`torch.backends.cudnn`: NVIDIA's library for networks, which tinytorch does not call."""

import contextlib
import sys

__all__ = [
    "allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags", "is_acceptable", "is_available",
    "set_flags", "version",
]  # fmt: skip

enabled = allow_tf32 = True
benchmark = deterministic = False
benchmark_limit = 10
SETTINGS = ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")


def is_available() -> bool:
    return False


def is_acceptable(tensor) -> bool:
    """Whether the library would take this tensor."""
    return False


def version() -> int | None:
    return None


def set_flags(
    _enabled=None, _benchmark=None, _benchmark_limit=None, _deterministic=None, _allow_tf32=None, *more
) -> tuple:
    """Set those that are not None; returns the five settings as they were."""
    module, given = sys.modules[__name__], (_enabled, _benchmark, _benchmark_limit, _deterministic, _allow_tf32)
    before = tuple(getattr(module, name) for name in SETTINGS)
    for name, value in zip(SETTINGS, given, strict=True):
        if value is not None:
            setattr(module, name, value)
    return before


@contextlib.contextmanager
def flags(enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True, **more):
    """These settings inside a `with`."""
    before = set_flags(enabled, benchmark, benchmark_limit, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)
