"""`torch.backends.mkl`: Intel's library of products, which tinytorch does not call."""

__all__ = ["is_available"]


def is_available() -> bool:
    return False
