"""`torch.jit`: functions and modules run as they are written, so what would be compiled is handed back as it came."""

from typing import Final

from ..._namespace import load as load_module

__all__ = [
    "Attribute", "Error", "Final", "annotate", "enable_onednn_fusion", "export", "fork", "freeze", "load",
    "ignore", "interface", "is_scripting", "is_tracing", "isinstance", "onednn_fusion_enabled",
    "optimize_for_inference", "optimized_execution", "run_frozen_optimizations", "save", "script", "script_if_tracing",
    "script_method", "set_fusion_strategy", "trace", "trace_module", "unused", "wait", "_overload_method",
    "_script_if_tracing",
]  # fmt: skip


def save(m, f, _extra_files=None):
    """Raises NotImplementedError: TorchScript's archives hold programs for PyTorch's own interpreter."""
    raise NotImplementedError(
        "torch.jit.save: tinytorch writes no TorchScript; save the weights, torch.save(model.state_dict(), file)"
    )


def load(f, map_location=None, _extra_files=None, _restore_shapes: bool = False):
    """Raises NotImplementedError: TorchScript's archives hold programs for PyTorch's own interpreter."""
    raise NotImplementedError(
        "torch.jit.load: tinytorch reads no TorchScript; load weights into a module that Python defines"
    )


class Error(RuntimeError):
    """What PyTorch raises inside of compiled code."""


def same(thing):
    """The function or class that is decorated, as it is."""
    return thing


export = interface = script_method = script_if_tracing = _script_if_tracing = _overload_method = same


def script(obj, optimize=None, _frames_up: int = 0, _rcb=None, example_inputs=None):
    """`obj` itself: a function, a class or a module."""
    return obj


def trace(func, example_inputs=None, optimize=None, check_trace: bool = True, **options):
    """`func` itself: a function or a module."""
    return func


def trace_module(mod, inputs: dict, optimize=None, check_trace: bool = True, **options):
    """`mod` itself."""
    return mod


def freeze(mod, preserved_attrs=None, optimize_numerics: bool = True):
    """`mod` itself. Raises RuntimeError while it is training, as in PyTorch."""
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before "
            "freezing."
        )
    return mod


def optimize_for_inference(mod, other_methods=None):
    """`mod` itself."""
    return mod


def run_frozen_optimizations(mod, optimize_numerics: bool = True, preserved_methods=None) -> None:
    """Nothing is left to do."""


def ignore(drop=False, **kwargs):
    """Decorates what shall not be compiled, with or without brackets."""
    return drop if callable(drop) else same


def unused(fn):
    """Decorates what is not called once compiled."""
    return fn


def is_scripting() -> bool:
    """Whether this runs in compiled code: never."""
    return False


def is_tracing() -> bool:
    """Whether what happens is being recorded: never."""
    return False


def annotate(the_type, the_value):
    """`the_value` itself."""
    return the_value


def Attribute(value, type):
    """`value` itself."""
    return value


def isinstance(obj, target_type) -> bool:
    """Whether `obj` is a `target_type`, without what stands in its brackets: List[int] is a list."""
    import builtins
    import typing

    return builtins.isinstance(obj, typing.get_origin(target_type) or target_type)


def fork(func, *args, **kwargs):
    """`func` is called at once; `wait` gives its result."""
    return func(*args, **kwargs)


def wait(future):
    """The result of what was started by `fork`."""
    return future


def set_fusion_strategy(strategy: list) -> list:
    """Accepted."""
    return strategy


def enable_onednn_fusion(enabled: bool) -> None:
    """Accepted."""


def onednn_fusion_enabled() -> bool:
    return False


class optimized_execution:
    """Accepted, as a context."""

    def __init__(self, should_optimize: bool = True):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def __getattr__(name):
    """`ScriptModule`, a Module, which is there once lesson 03 is."""
    module = load_module("nn.module") if name == "ScriptModule" else None
    if module is None:
        raise AttributeError(f"tinytorch has no torch.jit.{name}")
    globals()[name] = type(
        "ScriptModule", (module.Module,), {"__module__": "torch.jit._script", "__doc__": "A Module."}
    )
    return globals()[name]
