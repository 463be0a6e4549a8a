"""`torch.cuda.amp`: the older names of what is in torch.amp."""

from ...amp import autocast as any_autocast
from ...amp import custom_bwd, custom_fwd
from ...amp.grad_scaler import GradScaler as AnyScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(any_autocast):
    """`torch.autocast("cuda", ...)`."""

    def __init__(self, enabled: bool = True, dtype=None, cache_enabled: bool = True):
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(AnyScaler):
    """`torch.amp.GradScaler("cuda", ...)`."""

    def __init__(self, *args, **options):
        super().__init__("cuda", *args, **options)
