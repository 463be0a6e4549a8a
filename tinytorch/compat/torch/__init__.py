"""What PyTorch has besides tensors: its own machinery, and machines. Each file lies where PyTorch has it.

These are the names of `torch` itself. The files import as little as they can: PyTorch's names are asked for in programs
that only use a few of them, and in learners' packages that have only some of the lessons.
"""

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


def get_device_module(device=None):
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


def _check(cond, message=None) -> None:
    """Raises RuntimeError with what `message()` says, unless `cond`."""
    if not cond:
        raise RuntimeError(message() if message else "Expected cond to be True")


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
