"""`torch.backends.xnnpack`: a library for phones, which tinytorch does not call."""

__all__ = ["is_available"]


def is_available() -> bool:
    return False
