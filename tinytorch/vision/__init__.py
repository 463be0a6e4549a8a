"""Pictures, as in torchvision: data sets, transforms, operations on boxes and regions, reading and writing."""

from .._namespace import namespace

__version__ = "0.28.0"  # of torchvision, whose names are followed

_find, __dir__ = namespace(__name__)


def get_image_backend() -> str:
    """What reads images: Pillow."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Accepts "PIL". Raises ValueError for anything else."""
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Images are read by Pillow: 'PIL'")


def disable_beta_transforms_warning() -> None:
    """There is no such warning."""


def _is_tracing() -> bool:
    """What torchvision's models ask: whether what happens is being recorded. Never."""
    return False


def __getattr__(name):
    return _find(name)
