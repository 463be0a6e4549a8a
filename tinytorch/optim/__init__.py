"""`torch.optim`: the optimizers, handed on from the lessons that build them."""

from .._namespace import namespace

# The schedules are in lr_scheduler, also those that lesson 05 builds beside the optimizers.
__getattr__, __dir__ = namespace(__name__, ("optim.optimizer", "optim.adaptive"), keep=lambda value: isinstance(value, type) and not value.__name__.endswith("LR"))
