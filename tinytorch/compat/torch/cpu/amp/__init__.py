"""`torch.cpu.amp`: the older names of what is in torch.amp."""

from ...amp import autocast as any_autocast
from ...amp.grad_scaler import GradScaler as AnyScaler

__all__ = ["GradScaler", "autocast"]


class autocast(any_autocast):
    """`torch.autocast("cpu", ...)`."""

    def __init__(self, enabled: bool = True, dtype=None, cache_enabled: bool = True):
        super().__init__("cpu", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(AnyScaler):
    """`torch.amp.GradScaler("cpu", ...)`."""

    def __init__(self, *args, **options):
        super().__init__("cpu", *args, **options)
