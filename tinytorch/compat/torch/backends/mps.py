"""`torch.backends.mps`: Apple's GPU, which tinytorch does not use."""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    return False


is_built = is_available
