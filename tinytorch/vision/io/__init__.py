"""`torchvision.io`: images from files and to files, handed on from the companion that builds it."""

from ..._namespace import namespace

__getattr__, __dir__ = namespace(__name__, ("vision.io.image",))
