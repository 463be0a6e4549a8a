"""`torchvision.datasets`: data sets of images, handed on from the companions that build them."""

from ..._namespace import namespace

MODULES = ("vision.datasets.vision", "vision.datasets.digits", "vision.datasets.mnist", "vision.datasets.cifar",
           "vision.datasets.folder", "vision.datasets.fakedata", "vision.datasets.svhn", "vision.datasets.stl10",
           "vision.datasets.food101", "vision.datasets.celeba", "vision.datasets.voc", "vision.datasets.sbd",
           "vision.datasets.coco", "vision.datasets.lsun", "vision.datasets.utils")

__getattr__, __dir__ = namespace(__name__, MODULES)
