"""`torch.nn.attention` beside lesson 12's file: which kernels may compute attention. Here there is one, PyTorch's MATH."""

import contextlib
from enum import IntEnum

__all__ = ["SDPBackend", "WARN_FOR_UNFUSED_KERNELS", "list_flash_attention_impls", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(IntEnum):
    """The kernels of `scaled_dot_product_attention`."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends, set_priority: bool = False):
    """A choice of kernels, which is accepted: all of them compute the same, and here the same one does."""
    backends = [backends] if isinstance(backends, SDPBackend) else list(backends)
    if not backends or not all(isinstance(one, SDPBackend) for one in backends):
        raise AssertionError(f"Backend must be an instance of SDPBackend or a list of SDPBackend instances: {backends}")
    yield {}


def list_flash_attention_impls() -> list:
    """None."""
    return []
