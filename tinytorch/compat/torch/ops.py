"""`torch.ops`: operations that a program has defined (torch.library). PyTorch's own have other names here."""

from types import SimpleNamespace

from ..missing import stand_in

__all__ = ["aten", "higher_order", "load_library", "loaded_libraries", "prims", "profiler", "quantized"]

# PyTorch's own operations, by its inner names: they may be mentioned, and say that they are not here when they are called.
aten, prims, profiler = stand_in("torch.ops.aten"), stand_in("torch.ops.prims"), stand_in("torch.ops.profiler")
higher_order, quantized = stand_in("torch.ops.higher_order"), stand_in("torch.ops.quantized")

loaded_libraries = set()


def load_library(path) -> None:
    """OSError: a compiled extension is made for PyTorch's own memory, and of no use here."""
    raise OSError(f"tinytorch cannot load {path}: it is compiled for PyTorch")


def define(name: str, operation) -> None:
    """torch.ops.NAMESPACE.OPERATION is there from now on."""
    namespace, _, short = name.partition("::")
    vars(globals().setdefault(namespace, SimpleNamespace()))[short] = operation
    if namespace not in __all__:
        __all__.append(namespace)


def find(name: str):
    """The operation "namespace::name", or None."""
    namespace, _, short = name.partition("::")
    return getattr(globals().get(namespace), short, None)
