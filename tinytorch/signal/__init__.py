"""`torch.signal`: windows."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__)
