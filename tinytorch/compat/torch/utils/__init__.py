"""`torch.utils` beside data."""

__all__ = []
