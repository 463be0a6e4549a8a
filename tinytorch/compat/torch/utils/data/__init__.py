"""`torch.utils.data` beside lesson 06."""

import types

from .....data.dataloader import DataLoader, Dataset, Sampler
from .distributed import DistributedSampler

__all__ = ["DistributedSampler"]

for _kind in (Dataset, Sampler, DataLoader):  # as in `class Mine(Dataset[int])`
    _kind.__class_getitem__ = classmethod(types.GenericAlias)
