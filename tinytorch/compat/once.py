"""Saying a thing once."""

import functools
import warnings


@functools.cache
def say_once(message: str) -> None:
    """A warning that the program sees only the first time, wherever it comes from."""
    warnings.warn(message, UserWarning, stacklevel=3)
