"""`torch.backends.cusparselt`: NVIDIA's library for sparse products, which tinytorch does not call."""

__all__ = ["is_available"]


def is_available() -> bool:
    return False
