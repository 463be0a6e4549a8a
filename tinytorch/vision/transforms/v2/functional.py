"""`torchvision.transforms.v2.functional`: the functions of both kinds of transforms, handed on."""

from ...._namespace import namespace

__getattr__, __dir__ = namespace(__name__, ("vision.transforms.functional", "vision.transforms.v2.images"))
