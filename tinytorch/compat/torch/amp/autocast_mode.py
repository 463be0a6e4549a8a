"""`torch.autocast`: operations inside are computed as they would be outside, in the dtypes that they are given."""

import functools
import warnings

from ....tensor import dtype
from ...once import say_once

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

HERE = ("cpu", "cuda")  # the devices that a tensor may live on
OTHERS = ("xpu", "mps", "hpu", "mtia", "maia", "xla", "privateuseone", "ipu", "meta")


class autocast:
    """As a context or a decorator. It says once that nothing is cast."""

    def __init__(
        self, device_type: str, dtype: dtype | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type not in HERE + OTHERS:
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device, self.fast_dtype, self._enabled = device_type, dtype, False
        if enabled and device_type == "cuda" and not cuda_is_available():
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2)
        elif enabled:
            say_once("autocast: tinytorch computes in float32, for nothing would be faster in less")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __call__(self, function):
        @functools.wraps(function)
        def inside(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return inside


def cuda_is_available() -> bool:
    from ....cuda import is_available

    return is_available()


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` takes this device."""
    return device_type in HERE


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether operations are cast: never."""
    return False


is_autocast_cpu_enabled = is_autocast_enabled


def get_autocast_dtype(device_type: str) -> dtype:
    """The dtype to which would be cast: bfloat16 on the CPU, float16 elsewhere."""
    import tinytorch

    return tinytorch.bfloat16 if device_type in ("cpu", "xpu") else tinytorch.float16


def get_autocast_cpu_dtype() -> dtype:
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> dtype:
    return get_autocast_dtype("cuda")


def custom_fwd(fwd=None, *, device_type: str = "cuda", cast_inputs=None):
    """Decorates the forward of a Function of one's own; it is called as it is."""
    return fwd if fwd is not None else lambda function: function


def custom_bwd(bwd=None, *, device_type: str = "cuda"):
    """Decorates the backward of a Function of one's own; it is called as it is."""
    return bwd if bwd is not None else lambda function: function
