"""`torch.backends.opt_einsum`: in which order einsum multiplies; numpy decides it here."""

__all__ = ["enabled", "is_available", "strategy"]

enabled, strategy = False, None


def is_available() -> bool:
    return False
