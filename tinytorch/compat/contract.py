"""The contract of lesson 03 for programs of the world: PyTorch's behaviour is the law there, so who breaks it is warned.

A module of a public program may cut its history on purpose. In a lesson that is a mistake, and an error.
"""

import warnings
import weakref


def warn_only(module) -> None:
    """Let tinytorch.nn.module, which has just been loaded, warn where it would raise."""
    check, told = module._Call.check_exactly, weakref.WeakSet()

    def check_exactly(self, sources, args) -> None:
        if self.module in told:
            return
        try:
            check(self, sources, args)
        except RuntimeError as error:
            told.add(self.module)  # once: to find the lines to show takes longer than most layers do
            warnings.warn(str(error), UserWarning, stacklevel=2)

    module._Call.check_exactly = check_exactly
