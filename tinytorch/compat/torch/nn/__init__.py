"""`torch.nn` beside the lessons' layers."""

from ....nn.module import Module  # noqa: F401  lesson 03 must be there
from .parallel.data_parallel import DataParallel

__all__ = ["DataParallel"]
