"""`torch._C`: what programs ask PyTorch's C++ side, and has an answer here."""

import contextlib

from ...overrides import DisableTorchFunctionSubclass, _disabled_torch_function_impl

__all__ = ["DispatchKeySet", "_ExcludeDispatchKeyGuard", "_get_tracing_state", "_is_tracing", "_log_api_usage_once"]


def _get_tracing_state():
    return None


def _is_tracing() -> bool:
    return False


def _log_api_usage_once(event: str) -> None:
    """Nobody is told."""


class DispatchKeySet(frozenset):
    """Which of PyTorch's layers an operation passes; here there is one."""

    def __new__(cls, *keys):
        return super().__new__(cls, keys)

    def __or__(self, other):
        return DispatchKeySet(*self, *other)


class _ExcludeDispatchKeyGuard(contextlib.nullcontext):
    """A context that changes nothing."""
