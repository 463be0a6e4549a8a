"""`torch.library`: operations that a program defines. They are Python functions here, and called as such."""

import importlib

from . import ops

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "impl", "impl_abstract", "register_autograd", "register_fake",
    "register_kernel", "triton_op", "wrap_triton",
]  # fmt: skip


class CustomOpDef:
    """An operation "namespace::name", also at torch.ops.namespace.name. What only a compiler needs is accepted."""

    def __init__(self, name: str, function):
        self.function, self.differentiable = function, None
        self.__name__, self.__doc__ = name, function.__doc__
        ops.define(name, self)

    def __call__(self, *args, **kwargs):
        if self.differentiable is not None and not kwargs:
            return self.differentiable.apply(*args)
        return self.function(*args, **kwargs)

    def register_autograd(self, backward, /, *, setup_context=None) -> None:
        """From now on `backward(ctx, *gradients)` is the derivative; `setup_context(ctx, inputs, output)` keeps for it."""
        autograd = importlib.import_module("tinytorch.autograd")

        def forward(ctx, *inputs):
            output = self.function(*inputs)
            if setup_context:
                setup_context(ctx, inputs, output)
            return output

        steps = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        self.differentiable = type(self.__name__, (autograd.Function,), steps)

    def register_fake(self, fn, /):
        return fn

    def register_kernel(self, device_types, fn=None, /):
        return fn if fn is not None else lambda function: function


def custom_op(name: str, fn=None, /, *, mutates_args=(), device_types=None, schema=None, tags=None):
    """Makes `fn`, or the function that is decorated, the operation `name`."""
    return CustomOpDef(name, fn) if fn is not None else lambda function: CustomOpDef(name, function)


triton_op = custom_op


def wrap_triton(triton_kernel, /):
    """`triton_kernel` itself."""
    return triton_kernel


def register_autograd(op, backward, /, *, setup_context=None, lib=None) -> None:
    """Gives the operation `op`, or the one of that name, a derivative; one that is not there is passed over."""
    found = ops.find(op) if isinstance(op, str) else op
    if isinstance(found, CustomOpDef):
        found.register_autograd(backward, setup_context=setup_context)


def register_fake(op, func=None, /, *, lib=None, _stacklevel=1, allow_override=False):
    """Accepted: what a compiler would call instead. A decorator without `func`."""
    return func if func is not None else lambda function: function


impl_abstract = register_fake


def register_kernel(op, device_types, func=None, /, *, lib=None):
    """Accepted: there is one kernel, the function itself. A decorator without `func`."""
    return func if func is not None else lambda function: function


def define(qualname, schema="", *, lib=None, tags=()):
    """Accepted: `impl` brings the function."""


def impl(qualname: str, types, func=None, *, lib=None):
    """Makes `func` the operation `qualname`, on the CPU. A decorator without `func`."""
    if func is None:
        return lambda function: impl(qualname, types, function)
    if types in ("CPU", "cpu", "default", "CompositeExplicitAutograd", "CompositeImplicitAutograd"):
        CustomOpDef(qualname, func)
    return func


class Library:
    """Operations under one namespace."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        self.ns, self.dispatch_key = ns, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags=()) -> str:
        return schema.partition("(")[0]

    def impl(self, op_name, fn, dispatch_key: str = "", **options) -> None:
        impl(f"{self.ns}::{op_name}", dispatch_key or self.dispatch_key, fn)
