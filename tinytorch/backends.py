"""`torch.backends`: what computes (numpy, numba) and what is set for it, handed on from the dispatch of lesson 01."""

from ._namespace import namespace

__getattr__, __dir__ = namespace(__name__, ("dispatch",))
