"""`torch.utils.data`: data sets and loaders, handed on from lesson 06."""

from .._face import face

__getattr__, __dir__ = face(__name__, ("data.dataloader", "data.workers"))
