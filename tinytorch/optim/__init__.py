"""`torch.optim`: the optimizers, handed on from the lessons that build them."""

from .._face import face

__getattr__, __dir__ = face(__name__, ("optim.optimizer", "optim.more"), keep=lambda value: isinstance(value, type))
