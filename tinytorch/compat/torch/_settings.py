"""Switches of the whole process. PyTorch has these functions in `torch` itself."""

import sys
import warnings

from ...ops.conversion import CPU, as_device, device
from ..once import say_once

PRECISIONS = ("highest", "high", "medium")
_now = {"matmul": "highest", "deterministic": False, "warn only": False, "warn always": False, "threads": None}


def set_num_threads(num: int) -> None:
    """How many threads one operation may use: in the products of BLAS, and in kernels."""
    if not isinstance(num, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    import numpy
    import threadpoolctl

    threadpoolctl.threadpool_limits(limits=num)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(num, numba.config.NUMBA_NUM_THREADS))
    _now["threads"] = num


def get_num_threads() -> int:
    """How many threads one operation may use."""
    if _now["threads"]:
        return _now["threads"]
    import numpy
    import threadpoolctl

    return max([pool["num_threads"] for pool in threadpoolctl.threadpool_info()], default=1)


def set_num_interop_threads(num: int) -> None:
    """Accepted: operations run one after another here."""
    if not isinstance(num, int) or num < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")


def get_num_interop_threads() -> int:
    """How many operations run at a time: one."""
    return 1


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: products of float32 have their full precision, whatever less would be enough."""
    if precision in PRECISIONS:
        _now["matmul"] = precision
    else:
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the call has no effect", stacklevel=2)


def get_float32_matmul_precision() -> str:
    return _now["matmul"]


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: on the CPU every operation here gives the same numbers each time."""
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms(): argument 'mode' must be bool, not {type(mode).__name__}")
    _now["deterministic"], _now["warn only"] = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    return _now["deterministic"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    return _now["warn only"]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms`, by "default" (0), "warn" (1) or "error" (2)."""
    names = ["default", "warn", "error"]
    if debug_mode not in (*names, 0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, 2 or one of {names}, but got {debug_mode!r}")
    level = names.index(debug_mode) if isinstance(debug_mode, str) else debug_mode
    use_deterministic_algorithms(level > 0, warn_only=level == 1)


def get_deterministic_debug_mode() -> int:
    return 0 if not _now["deterministic"] else 1 if _now["warn only"] else 2


def set_flush_denormal(mode: bool) -> bool:
    """Whether the processor could be told to take the smallest numbers for zero: it is not told here."""
    return False


def set_warn_always(b: bool) -> None:
    _now["warn always"] = b


def is_warn_always_enabled() -> bool:
    return _now["warn always"]


def set_default_device(device: device | str | None) -> None:
    """Where new tensors live; None is the CPU. RuntimeError for a device that is not there."""
    if as_device(device).type != "cpu":
        say_once(f"new tensors are made on the CPU: give device={str(device)!r} to what shall live elsewhere")


def get_default_device() -> device:
    """Where new tensors live: on the CPU."""
    return CPU
