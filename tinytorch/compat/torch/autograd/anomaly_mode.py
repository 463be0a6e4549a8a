"""`torch.autograd.detect_anomaly`: the first backward that makes a nan raises, and says whose it was."""

import warnings

import numpy as np

from ....dispatch import to_numpy
from ....tensor import Observer, Tensor, observers

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class NanObserver(Observer):
    """Looks at what each backward returns."""

    def backward(self, run, node, grad):
        gradients = run(node, grad)
        for i, gradient in enumerate(gradients if isinstance(gradients, tuple) else (gradients,)):
            if gradient is not None and np.isnan(to_numpy(values_of(gradient))).any():
                name = f"{type(node).__name__}Backward0"
                raise RuntimeError(f"Function '{name}' returned nan values in its {i}th output.")
        return gradients


def values_of(gradient):
    return gradient.array if isinstance(gradient, Tensor) else gradient


observer = NanObserver()


class set_detect_anomaly:
    """Switches it on or off, for good or inside a `with`."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self.before = observer in observers
        switch(mode and check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *error):
        switch(self.before)


def switch(on: bool) -> None:
    if on and observer not in observers:
        observers.append(observer)
    if not on and observer in observers:
        observers.remove(observer)


class detect_anomaly(set_detect_anomaly):
    """On inside a `with`."""

    def __init__(self, check_nan: bool = True):
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for"
            " debugging.",
            stacklevel=2,
        )
        super().__init__(True, check_nan)
