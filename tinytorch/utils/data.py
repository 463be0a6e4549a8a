"""`torch.utils.data`: data sets and loaders, handed on from lesson 06."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__, ("data.dataloader", "data.workers", "data.stack"))
