"""`import torch` and all paths below lead to this package: the same modules, the same classes.

Installed by start/sitecustomize.py at the start of a process, or by `%load_ext tinytorch`.
"""

import importlib
import importlib.metadata
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

from .. import _namespace
from . import missing, table, torchvision

VERSION = "2.13.0"  # of PyTorch, whose names and behaviour are followed


def install() -> None:
    """Let this process find tinytorch where it says torch. Raises ImportError where PyTorch itself has been imported."""
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    if "torch" in sys.modules:
        raise ImportError(
            "PyTorch itself has been imported in this process, and tinytorch can no longer take its place: start again, "
            "and load tinytorch first"
        )
    sys.meta_path.insert(0, Finder())
    package = sys.modules["tinytorch"]
    package.__version__, package.__name__ = (
        importlib.import_module("tinytorch.compat.torch.version").__version__,
        "torch",
    )
    extend(package, "torch")
    sys.modules["torch"] = package.torch = package  # PyTorch has torch.torch, too
    look_for_overrides(main_program())


class Finder:
    """Answers for torch and torchvision, and sees to it that tinytorch is this one, wherever the program puts others on its path."""

    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root == "tinytorch":
            return own_spec(name, path)
        if root == "torchvision":
            return torchvision.find_spec(name, Leading())
        watch_for_overrides(name, path)
        if root == "torch" and table.is_module(name) and (table.is_here(name) or not missing.is_probe()):
            return ModuleSpec(name, Leading(), is_package=True)
        return None

    def find_distributions(self, context=None):
        """For `importlib.metadata.version("torch")`."""
        asked = getattr(context, "name", None)
        found = [Distribution()] if asked is None or asked.lower() == "torch" else []
        if torchvision.folder() is None and (asked is None or asked.lower() == "torchvision"):
            found.append(torchvision.Distribution())
        return iter(found)

    def invalidate_caches(self):
        """Nothing is kept."""


def own_spec(name: str, path):
    """As usual, but for what happens once a file of ours has been run."""
    spec = PathFinder.find_spec(name, [str(table.PACKAGE.parent)] if path is None else path)
    if spec and isinstance(spec.loader, SourceFileLoader):
        spec.loader = Own(spec.loader.name, spec.loader.path)
    return spec


def watch_for_overrides(name: str, path) -> None:
    """Functions ask for `__torch_function__` from the moment on that a module of the program's own speaks of it."""
    if name.partition(".")[0] in sys.stdlib_module_names or name.partition(".")[0] in ("torch", "tinytorch"):
        return
    spec = PathFinder.find_spec(name, path)
    origin = spec.origin if spec else None
    if origin and origin.endswith(".py") and "site-packages" not in origin:
        look_for_overrides(Path(origin).read_bytes())


def look_for_overrides(source: bytes) -> None:
    """A subclass of Tensor is noticed when it is made; of any other class only its text tells that it has the method."""
    if b"__torch_function__" in source:
        importlib.import_module("tinytorch.overrides").arm()


def main_program() -> bytes:
    """The text of what this process was started to run, if it is a file or `-c CODE`; a module's is seen on import."""
    arguments = iter(sys.orig_argv[1:])
    for one in arguments:  # Python's own options; those of the program come after it
        if one in ("-W", "-X"):
            next(arguments)
        elif one == "-c":
            return next(arguments).encode()
        elif one == "-m":
            return b""
        elif not one.startswith("-"):
            return Path(one).read_bytes() if Path(one).is_file() else b""
    return b""


class Own(SourceFileLoader):
    """Loads a file of tinytorch; then its classes say where PyTorch has them, and PyTorch's other names are added."""

    def exec_module(self, module):
        super().exec_module(module)
        short = self.name.removeprefix("tinytorch").lstrip(".")
        if short.partition(".")[0] == "vision":
            self.as_in_torchvision(module, short.replace("vision", "torchvision", 1))
            return
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == self.name and (home := table.home(short, name)):
                value.__module__ = home
        path = f"torch.{short.removeprefix('compat.torch').strip('.')}".rstrip(".")
        if table.place(path) == short:
            extend(module, path)
        if short == "nn.module":
            module._checked_forward = forward
        if short == "profiler":
            importlib.import_module("tinytorch.compat.torch.profiler").with_pytorchs_names(module)
        if short == "nn.attention":  # what its out_proj is called in PyTorch, in prints and in pickles
            module.Linear = importlib.import_module("tinytorch.compat.torch.nn.modules.linear").NonDynamicallyQuantizableLinear

    def as_in_torchvision(self, module, path: str) -> None:
        for value in list(vars(module).values()):
            if isinstance(value, type) and value.__module__ == self.name:
                value.__module__ = path
        torchvision.extend(module, path)


def forward(module, args, kwargs, since=None):
    """A call without lesson 03's contract: public programs may cut their history on purpose, as PyTorch lets them."""
    return module.forward(*args, **kwargs)


class Leading:
    """The loader of a path of PyTorch's: it gives the module of ours that answers for it, or one that hands names on."""

    def create_module(self, spec):
        place = torchvision.place(spec.name) if spec.name.startswith("torchvision") else table.place(spec.name)
        if place is None:
            return ModuleType(spec.name, f"`{spec.name}`: what tinytorch has of it, from the modules above.")
        module = importlib.import_module(f"tinytorch.{place}".rstrip("."))
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        if hasattr(self, "spec"):
            module.__spec__ = self.spec  # importing has written its own over it
        else:
            extend(module, module.__name__)


def extend(module: ModuleType, path: str) -> None:
    """Let `module`, which answers for PyTorch's `path`, find PyTorch's other names: above it, or a stand-in."""
    own = vars(module).get("__getattr__")
    if not hasattr(module, "__path__"):
        module.__path__ = []  # it may have modules below, as torch.autograd.function

    def __getattr__(name):
        if name == "__all__":
            return star(path, own, __getattr__)
        if name == "__future__" and path == "torch":  # a module of PyTorch's
            return importlib.import_module("torch.__future__")
        if name.startswith("__"):
            raise AttributeError(f"module '{path}' has no attribute '{name}'")
        why = f"tinytorch has no {path}.{name}"
        if own:
            try:
                return own(name)
            except (AttributeError, ImportError) as error:
                why = str(error)
        beside = _namespace.besides(
            f"compat.{path}"
        )  # PyTorch's machinery beside a lesson's file, as torch.nn.attention
        if name in beside:
            return beside[name]
        private = any(
            part.startswith("_") for part in (name, *path.split(".")[-2:])
        )  # as torch.utils.data._utils.collate
        if path != "torch" and (private or table.handed_on(path, name)):
            try:
                above = getattr(importlib.import_module(path.rpartition(".")[0]), name)
                if not missing.is_missing(above):
                    return above
                why = above.__why__
            except (AttributeError, ImportError) as error:
                why = str(error)
        return absent(path, name, why)

    module.__getattr__ = __getattr__


def star(path: str, own, find) -> list:
    """What `from path import *` gives: those of PyTorch's names that are here, and the modules below."""
    known = table.table()[path].names if path in table.table() else set()
    try:
        names = known.intersection(own("__all__"))
    except (TypeError, AttributeError):  # it is not one of our namespaces
        names = {name for name in known if not missing.is_missing(find(name))}
    below = {one.rpartition(".")[2] for one in table.table() if one.rpartition(".")[0] == path and table.is_here(one)}
    return sorted(names if path == "torch" else names | below)


def absent(path: str, name: str, why: str):
    """A stand-in where the program only mentions the name; an error, saying `why`, where it wants to know."""
    frame, full = missing.program_frame(), f"{path}.{name}"
    mentioned = missing.is_mention(frame)
    if full in table.table() and full != "torch.Tensor" and (mentioned or table.is_here(full)):
        return importlib.import_module(full)
    if mentioned and table.has(path, name):
        return missing.stand_in(full, why)
    raise (ImportError if missing.is_import(frame) else AttributeError)(why)


class Distribution(importlib.metadata.Distribution):
    """What packages are told that ask which torch is installed."""

    FILES = {"METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {VERSION}\n", "top_level.txt": "torch\n"}

    def read_text(self, filename):
        return self.FILES.get(filename)

    def locate_file(self, path):
        return table.PACKAGE.parent / path
