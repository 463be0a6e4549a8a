"""`torch.mps`: Apple's GPU, which tinytorch does not use."""

__all__ = ["device_count", "is_available", "manual_seed"]


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def manual_seed(seed: int) -> None:
    """There is nothing to seed."""
