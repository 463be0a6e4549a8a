"""`torchvision.transforms`: changes of single images, handed on from the companions that build them."""

from ..._namespace import namespace

MODULES = ("vision.transforms.transforms", "vision.transforms.autoaugment", "vision.transforms.functional")
NAMES = frozenset("""
    AugMix AutoAugment AutoAugmentPolicy CenterCrop ColorJitter Compose ConvertImageDtype ElasticTransform FiveCrop
    GaussianBlur Grayscale InterpolationMode Lambda LinearTransformation Normalize PILToTensor Pad RandAugment
    RandomAdjustSharpness RandomAffine RandomApply RandomAutocontrast RandomChoice RandomCrop RandomEqualize
    RandomErasing RandomGrayscale RandomHorizontalFlip RandomInvert RandomOrder RandomPerspective RandomPosterize
    RandomResizedCrop RandomRotation RandomSolarize RandomVerticalFlip Resize TenCrop ToPILImage ToTensor
    TransformedDataset TrivialAugmentWide
""".split())

__getattr__, __dir__ = namespace(__name__, MODULES, keep=lambda value: getattr(value, "__name__", None) in NAMES,
                            elsewhere={"Scale": MODULES[0], "RandomSizedCrop": MODULES[0]})
