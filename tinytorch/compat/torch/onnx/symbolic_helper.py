"""`torch.onnx.symbolic_helper`: decorators of functions that only an export would call."""

__all__ = ["parse_args"]


def parse_args(*arg_descriptors):
    """Decorates a function, and leaves it as it is."""
    return lambda function: function
