"""`torch.classes`: C++ classes of extensions, which cannot be loaded here."""

from .ops import load_library, loaded_libraries

__all__ = ["load_library", "loaded_libraries"]
