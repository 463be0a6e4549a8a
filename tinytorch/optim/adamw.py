"""`torch.optim.adamw`, handed on from lesson 05."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__, elsewhere={"AdamW": "optim.optimizer"})
