"""`torch.cpu`: the one device that is always there."""

import contextlib

__all__ = [
    "Stream", "StreamContext", "current_device", "current_stream", "device_count", "is_available", "is_initialized",
    "set_device", "stream", "synchronize",
]  # fmt: skip


class Stream:
    """The CPU has a single queue."""

    def __init__(self, priority: int = -1):
        pass

    def wait_stream(self, stream) -> None:
        """What came before has been done."""


class StreamContext(contextlib.nullcontext):
    """A context that changes nothing."""


def stream(stream) -> StreamContext:
    return StreamContext()


def current_stream(device=None) -> Stream:
    return Stream()


def is_available() -> bool:
    return True


is_initialized = is_available


def device_count() -> int:
    return 1


def current_device() -> str:
    return "cpu"


def set_device(device) -> None:
    """There is one."""


def synchronize(device=None) -> None:
    """All has been done."""
