"""Pictures: data sets and transforms, as in torchvision."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__)
