"""Solutions of lesson 08."""

from solutions.tools import Solutions

solutions = Solutions("08_convolution")
solutions.wrong("conv-forward", "the sign is turned", ("return np.asc", "product = -product\n    return np.asc"))
