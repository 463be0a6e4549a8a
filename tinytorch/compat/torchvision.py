"""`import torchvision`: tinytorch.vision answers for it; what it does not have comes from torchvision's own Python files.

Those are found where torchvision is installed (its compiled operations are not touched, so `pip install --no-deps
torchvision` is enough); they import torch, which is tinytorch. Of the models there are no others.
"""

import ast
import enum
import functools
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from . import missing, table

VERSION = "0.28.0"  # of torchvision, whose names are followed
HOW = "tinytorch has no {}: it comes from torchvision's own Python files, pip install --no-deps torchvision"


def place(path: str) -> str | None:
    """The module of tinytorch that answers for "torchvision.ops.boxes"; None if there is none."""
    if is_its_own(path):
        return None
    ours = path.replace("torchvision", "vision", 1)
    return ours if table.file_of(ours) else None


def is_its_own(path: str) -> bool:
    """Whether torchvision's files are preferred where they are installed: our v2 knows no boxes and masks (tv_tensors)."""
    return f"{path}.".startswith("torchvision.transforms.v2.") and folder() is not None


@functools.cache
def folder() -> Path | None:
    """Where torchvision is installed."""
    spec = PathFinder.find_spec("torchvision", sys.path)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_spec(name: str, leading):
    """The spec of a module of torchvision: `leading` loads ours; or the installed file; or ModuleNotFoundError."""
    if name == "torchvision" or place(name):
        return importlib.machinery.ModuleSpec(name, leading, is_package=True)
    here = folder() and folder().joinpath(*name.split(".")[1:-1])
    spec = PathFinder.find_spec(name, [str(here)]) if here else None
    if spec and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
        return None
    if spec is None and not here and not missing.is_probe():
        raise ModuleNotFoundError(HOW.format(name), name=name)
    return spec


@functools.cache
def handed_on(path: str) -> dict:
    """{name: the module it comes from} for what the installed file of `path` imports from files beside it."""
    file = folder() and folder().joinpath(*path.split(".")[1:], "__init__.py")
    if not file or not file.is_file():
        return {}
    found = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            found |= {alias.asname or alias.name: f"{path}.{node.module}" for alias in node.names}
    return found


@functools.cache
def installed(path: str) -> ModuleType | None:
    """torchvision's own file for `path`, beside the module that answers for it; None for a package, or without torchvision."""
    parent, _, last = path.rpartition(".")
    file = folder() and folder().joinpath(*path.split(".")[1:]).with_suffix(".py")
    if not parent or not file or not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"{parent}._installed_{last}", file)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, kind in list(vars(module).items()):
        if isinstance(kind, enum.EnumMeta) and kind.__module__ == spec.name:
            put_ours(module, name, getattr(importlib.import_module(path), name))
    return module


def put_ours(module: ModuleType, name: str, ours: enum.EnumMeta) -> None:
    """Let a module of torchvision's use our enumeration in the place of its own, in its tables too."""
    own = {member: ours[member.name] for member in getattr(module, name)}
    setattr(module, name, ours)
    for mapping in [value for value in vars(module).values() if isinstance(value, dict) and own.keys() & value.keys()]:
        mapping.update([(own[key], mapping.pop(key)) for key in list(mapping) if key in own])


def extend(module: ModuleType, path: str) -> None:
    """Let `module`, which answers for torchvision's `path`, find what only torchvision's own files have."""
    own = vars(module).get("__getattr__")
    if not hasattr(module, "__path__"):
        module.__path__ = []

    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError(f"module '{path}' has no attribute '{name}'")
        if own and not is_its_own(f"{path}.{name}"):
            try:
                return own(name)
            except (AttributeError, ImportError):
                pass
        if (there := installed(path)) and hasattr(there, name):
            return getattr(there, name)
        if name in handed_on(path):
            return getattr(importlib.import_module(handed_on(path)[name]), name)
        if (path, name) == ("torchvision", "models") or (folder() and importlib.util.find_spec(f"{path}.{name}")):
            return importlib.import_module(f"{path}.{name}")
        error = ImportError if missing.is_import(missing.program_frame()) else AttributeError
        raise error(HOW.format(f"{path}.{name}") if folder() is None else f"tinytorch has no {path}.{name}")

    module.__getattr__ = __getattr__


class Distribution(importlib.metadata.Distribution):
    """What packages are told that ask which torchvision is installed, where it is not."""

    def read_text(self, filename):
        return f"Metadata-Version: 2.1\nName: torchvision\nVersion: {VERSION}\n" if filename == "METADATA" else None

    def locate_file(self, path):
        return table.PACKAGE.parent / path
