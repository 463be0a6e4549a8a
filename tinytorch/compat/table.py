"""What PyTorch has under which path, read from pytorch_names.py when it is first asked for."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .._namespace import LESSON_FILES

PACKAGE = Path(__file__).parents[1]
# Where the classes of these folders of ours are in PyTorch; those of other folders are where they are here.
AREAS = {"": "torch", "ops": "torch", "data": "torch.utils.data", "compat": ""}


class Module(NamedTuple):
    """A module of PyTorch's: names only it has, names that one above it has too, of those the ones from elsewhere."""

    only: frozenset
    shared: frozenset
    guests: frozenset
    whole: bool  # whether it may have more, which the table does not name

    @property
    def names(self) -> frozenset:
        return self.only | self.shared | self.guests


@functools.cache
def table() -> dict:
    """{path: Module}."""
    from .pytorch_names import TABLE

    found = {}
    for line in TABLE.strip().replace("\n  ", " ").split("\n"):
        path, _, names = line.partition(":")
        parts = [frozenset(part.split()) for part in names.replace("*", "").split("|")]
        found[path] = Module(*parts, *[frozenset()] * (3 - len(parts)), whole=names.endswith("*"))
    return found


def above(path: str) -> Iterator[str]:
    """The paths above, the nearest first."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def whole(path: str) -> bool:
    """Whether PyTorch may have anything below `path`: the table does not list all of it."""
    private = any(part.startswith("_") for part in path.split("."))
    return private or any(one in table() and table()[one].whole for one in (path, *above(path)))


def is_module(path: str) -> bool:
    """Whether PyTorch has such a module."""
    return path != "torch.Tensor" and (path in table() or (path.startswith("torch.") and whole(path)))


def has(path: str, name: str) -> bool:
    """Whether PyTorch's module `path` has `name`."""
    return name.startswith("_") or whole(path) or (path in table() and name in table()[path].names)


def handed_on(path: str, name: str) -> bool:
    """Whether PyTorch's module `path` has `name` together with a module above it."""
    known = table().get(path)
    return known is not None and (name in known.shared or name in known.guests)


@functools.cache
def homes(area: str) -> dict:
    """{name: path of the module that defines it} for all that PyTorch has in `area`, as "torch.nn"."""
    found = {}
    for path, module in table().items():
        if path == area or (path.startswith(area + ".") and area != "torch"):
            found |= {name: path for name in module.only if name not in found}
            found |= dict.fromkeys(module.shared, path)
    return found


def home(module: str, name: str) -> str | None:
    """Where PyTorch defines the class `name` that tinytorch's `module` ("nn.conv") does; None if it has none."""
    area = module.partition(".")[0] if "." in module else ""
    area = AREAS.get(area, f"torch.{area}")
    if not area:  # in compat/torch/ every file lies where PyTorch has it
        area = "torch" + module.removeprefix("compat.torch")
    own = f"torch.{module}"  # a file that is where PyTorch has it, as autograd
    found = (homes(own) if own in table() else {}).get(name) or homes(area).get(name)
    return found or (homes("torch.autograd").get(name) if area == "torch" else None)


def file_of(module: str) -> Path | None:
    """The file of tinytorch's `module` ("nn.conv"; "" is the package), if it is there."""
    place = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def place(path: str) -> str | None:
    """The module of tinytorch that answers for PyTorch's `path`; None if there is none, or PyTorch has no such path."""
    if not is_module(path):
        return None
    short = path.removeprefix("torch").lstrip(".")
    places = (short,) if short in LESSON_FILES else (short, f"compat.torch.{short}")
    return next((one for one in places if file_of(one)), None)


def is_here(path: str) -> bool:
    """Whether anything of PyTorch's module `path` is here: a file, or names of its own that modules above it have."""
    known = table().get(path)
    return place(path) is not None or (known is not None and bool(known.shared))
