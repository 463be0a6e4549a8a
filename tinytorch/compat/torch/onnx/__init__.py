"""`torch.onnx`: models in ONNX's format, which tinytorch does not write."""

__all__ = ["is_in_onnx_export", "register_custom_op_symbolic", "unregister_custom_op_symbolic"]


def is_in_onnx_export() -> bool:
    return False


def register_custom_op_symbolic(symbolic_name: str, symbolic_fn, opset_version: int, custom_opsets=None) -> None:
    """Accepted: how an operation would be written."""


def unregister_custom_op_symbolic(symbolic_name: str, opset_version: int) -> None:
    """Accepted."""
