"""`torch.backends`: what computes (numpy, numba) and what is set for it, handed on from the dispatch of lesson 01."""

from ._face import face

__getattr__, __dir__ = face(__name__, ("dispatch",))
