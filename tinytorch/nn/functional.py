"""`torch.nn.functional`: the functions behind the modules, handed on from the lessons that build them."""

from types import FunctionType

from .._face import face
from . import MODULES

__getattr__, __dir__ = face(__name__, MODULES, keep=lambda value: isinstance(value, FunctionType),
                            elsewhere={"pad": "ops.indexing", "one_hot": "ops.indexing"})
