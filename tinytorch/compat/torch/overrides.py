"""`torch.overrides`: `__torch_function__`, which tinytorch does not ask for: nothing takes an operation's place."""

from ...tensor import Tensor

__all__ = [
    "handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
    "is_tensor_like", "is_tensor_method_or_property",
]  # fmt: skip


def has_torch_function(relevant_args) -> bool:
    return False


def has_torch_function_variadic(*args) -> bool:
    return False


has_torch_function_unary = has_torch_function_variadic


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """`public_api` itself is called."""
    return public_api(*args, **kwargs)


def is_tensor_like(inp) -> bool:
    return isinstance(inp, Tensor)


def is_tensor_method_or_property(func) -> bool:
    return getattr(Tensor, getattr(func, "__name__", ""), None) is func
