"""`torch.accelerator`: lesson 16's GPU, or the truth that there is none."""

__all__ = [
    "current_accelerator", "current_device_idx", "current_device_index", "device_count", "device_index", "empty_cache",
    "is_available", "max_memory_allocated", "memory_allocated", "memory_reserved", "reset_peak_memory_stats",
    "set_device_idx", "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    from ...cuda import is_available

    return is_available()


def device_count() -> int:
    from ...cuda import device_count

    return device_count()


def current_accelerator(check_available: bool = False):
    """The device "cuda", or None where there is no GPU."""
    from ...ops.conversion import device

    return device("cuda") if is_available() else None


def on_it(name: str):
    """The function `name` of torch.cuda. RuntimeError where there is no GPU."""
    import tinytorch.cuda

    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return getattr(tinytorch.cuda, name)


def current_device_index() -> int:
    return on_it("current_device")()


def set_device_index(device) -> None:
    on_it("set_device")(device)


current_device_idx, set_device_idx = current_device_index, set_device_index


def synchronize(device=None) -> None:
    on_it("synchronize")(device)


def empty_cache() -> None:
    on_it("empty_cache")()


def memory_allocated(device_index=None) -> int:
    return on_it("memory_allocated")(device_index)


def memory_reserved(device_index=None) -> int:
    return on_it("memory_reserved")(device_index)


def max_memory_allocated(device_index=None) -> int:
    return on_it("max_memory_allocated")(device_index)


def reset_peak_memory_stats(device_index=None) -> None:
    on_it("reset_peak_memory_stats")(device_index)


class device_index:
    """`with torch.accelerator.device_index(1):` works on that GPU inside; None changes nothing."""

    def __init__(self, device: int | None):
        self.inside = None if device is None else on_it("device")(device)

    def __enter__(self):
        if self.inside:
            self.inside.__enter__()

    def __exit__(self, *error):
        if self.inside:
            self.inside.__exit__(*error)
