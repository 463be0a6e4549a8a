"""`torch.nn` beside the lessons' layers."""

from ....nn.module import Module
from .parallel.data_parallel import DataParallel

__all__ = ["DataParallel"]
