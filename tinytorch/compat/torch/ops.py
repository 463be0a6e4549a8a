"""`torch.ops`: operations that a program has defined (torch.library). PyTorch's own have other names here."""

from types import SimpleNamespace

__all__ = ["load_library", "loaded_libraries"]

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
