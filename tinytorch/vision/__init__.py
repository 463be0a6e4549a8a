"""Pictures: data sets, transforms, operations on boxes and regions, reading and writing, as in torchvision."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__)
