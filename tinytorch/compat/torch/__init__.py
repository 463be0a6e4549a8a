"""What PyTorch has besides tensors: its own machinery, and machines. Each file lies where PyTorch has it.

These are the names of `torch` itself. The files import as little as they can: PyTorch's names are asked for in programs
that only use a few of them, and in learners' packages that have only some of the lessons.
"""

from types import ModuleType

from ..._namespace import load
from .amp import autocast, get_autocast_dtype, is_autocast_enabled
from .amp import get_autocast_cpu_dtype, get_autocast_gpu_dtype, is_autocast_cpu_enabled
from .compiler import compile
from ._settings import (
    are_deterministic_algorithms_enabled,
    get_default_device,
    get_deterministic_debug_mode,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    is_deterministic_algorithms_warn_only_enabled,
    is_warn_always_enabled,
    set_default_device,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_num_threads,
    set_warn_always,
    use_deterministic_algorithms,
)

__all__ = [
    "OutOfMemoryError", "SymBool", "SymFloat", "SymInt", "are_deterministic_algorithms_enabled", "autocast", "compile",
    "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "get_default_device",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_autocast_cpu_enabled", "is_autocast_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_storage", "is_warn_always_enabled", "set_default_device",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms", "_assert", "_check",
    "_check_index", "_check_is_size", "_check_not_implemented", "_check_tensor_all", "_check_tensor_all_with",
    "_check_type", "_check_value", "_check_with",
    "_foreach_copy_", "_shape_as_tensor", "clear_autocast_cache", "get_device_module", "has_cuda", "has_cudnn",
    "has_lapack", "has_mkl", "has_mps", "has_openmp", "has_spectral", "sym_float", "sym_int", "sym_max", "sym_min",
    "sym_not",
]  # fmt: skip


# What the machine's PyTorch would be built with: numpy has its own BLAS and LAPACK.
has_cuda = has_cudnn = has_mkl = has_mps = has_openmp = False
has_lapack = has_spectral = True
sym_float, sym_int, sym_max, sym_min = float, int, max, min


class OutOfMemoryError(RuntimeError):
    """What PyTorch raises when a GPU's memory is full."""


def sym_not(a) -> bool:
    return not a


def clear_autocast_cache() -> None:
    """There is none."""


def get_device_module(device=None) -> ModuleType:
    """`torch.cpu`, `torch.cuda`, ...: the module of a kind of device."""
    from importlib import import_module

    return import_module(f"tinytorch.compat.torch.{str(device or 'cpu').partition(':')[0]}")


def _shape_as_tensor(input):
    """The shape, as a tensor of whole numbers."""
    tensor = load("tensor")
    return tensor.tensor(tuple(input.shape), dtype=tensor.int64)


def _foreach_copy_(self, src, non_blocking: bool = False) -> None:
    """`copy_`, for each tensor of a list and its source."""
    for target, source in zip(self, src, strict=True):
        target.copy_(source, non_blocking)


class SymInt:
    """PyTorch's compiler makes numbers of this class; here there are none."""


class SymFloat:
    """PyTorch's compiler makes numbers of this class; here there are none."""


class SymBool:
    """PyTorch's compiler makes truths of this class; here there are none."""


def _assert(condition, message: str) -> None:
    """`assert`, as a function."""
    assert condition, message


def _check_with(error_type, cond: bool, message=None) -> None:
    """Raises `error_type` with what `message()` says, unless `cond`. TypeError where that is no bool."""
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if not cond:
        raise error_type(str(message()) if message else "Expected cond to be True, but got False.")


def _check(cond: bool, message=None) -> None:
    """`_check_with` RuntimeError; the functions below are its like."""
    _check_with(RuntimeError, cond, message)


def _check_index(cond: bool, message=None) -> None:
    _check_with(IndexError, cond, message)


def _check_value(cond: bool, message=None) -> None:
    _check_with(ValueError, cond, message)


def _check_type(cond: bool, message=None) -> None:
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond: bool, message=None) -> None:
    _check_with(NotImplementedError, cond, message)


def _check_is_size(i: int, message=None, *, max=None) -> None:
    """Raises RuntimeError unless 0 <= i, and i <= max."""
    _check(bool(i >= 0 and (max is None or i <= max)), message)


def _check_tensor_all_with(error_type, cond, message=None) -> None:
    """`_check_with` for a tensor of truth values: all shall hold."""
    if not isinstance(cond, load("tensor").Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype.name != "bool":
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, cond.all().item(), message)


def _check_tensor_all(cond, message=None) -> None:
    """`_check_tensor_all_with` RuntimeError."""
    _check_tensor_all_with(RuntimeError, cond, message)


def typename(obj) -> str:
    """The full name of the type of `obj`; of a tensor the name of its kind."""
    tensor = load("tensor")
    if tensor and isinstance(obj, tensor.Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def is_storage(obj) -> bool:
    """Whether `obj` is a storage of PyTorch's."""
    return type(obj).__name__.endswith("Storage") and type(obj).__module__.startswith(("torch", "tinytorch"))
