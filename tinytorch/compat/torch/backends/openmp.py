"""`torch.backends.openmp`: threads inside of PyTorch's operations, which tinytorch does not call."""

__all__ = ["is_available"]


def is_available() -> bool:
    return False
