"""`torch.nn.modules`: where PyTorch keeps its layers; here they come from `torch.nn`."""

from ....._namespace import load
from .....nn import MODULES
from . import utils as utils


def __getattr__(name):
    """Bases that programs ask for, as `_BatchNorm`: our files have them, too, and do not hand them on."""
    if name.startswith("_") and not name.startswith("__"):
        for module in MODULES:
            if isinstance(found := vars(load(module) or object).get(name), type):
                return found
    raise AttributeError(f"tinytorch has no torch.nn.modules.{name}")
