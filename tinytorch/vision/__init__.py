"""Pictures: data sets and transforms, as in torchvision."""

from .._face import face

__getattr__, __dir__ = face(__name__)
