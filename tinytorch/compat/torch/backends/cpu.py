"""`torch.backends.cpu`: what the processor can do."""

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """ "DEFAULT": no operation of ours is written for one kind of processor."""
    return "DEFAULT"
