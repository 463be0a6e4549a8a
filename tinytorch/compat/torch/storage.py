"""`torch.storage`: blocks of memory."""

from ...ops.storage import TypedStorage, UntypedStorage
from ...serialization import _load_from_bytes

__all__ = ["TypedStorage", "UntypedStorage", "_load_from_bytes"]
