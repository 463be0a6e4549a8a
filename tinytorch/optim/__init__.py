"""`torch.optim`: the optimizers, handed on from the lesson that builds them and its companions."""

from .._namespace import namespace

FILES = ("optimizer", "adagrad", "rmsprop", "adadelta", "rprop", "asgd", "adamax", "nadam", "radam", "sparse_adam",
         "adafactor", "muon", "lbfgs")


def _is_optimizer(value):
    """The schedules that lesson 05 builds beside the optimizers are in lr_scheduler."""
    from .optimizer import Optimizer

    return isinstance(value, type) and issubclass(value, Optimizer)


__getattr__, __dir__ = namespace(__name__, [f"optim.{file}" for file in FILES], keep=_is_optimizer)
