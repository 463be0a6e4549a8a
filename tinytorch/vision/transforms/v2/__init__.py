"""`torchvision.transforms.v2`: transforms of whole samples, handed on from the companion that builds them."""

from ...._namespace import namespace

__getattr__, __dir__ = namespace(__name__, ("vision.transforms.v2.samples",),
                                 elsewhere={"InterpolationMode": "vision.transforms.functional"})
