"""`torch.utils.data` beside lesson 06."""

from .distributed import DistributedSampler

__all__ = ["DistributedSampler"]
