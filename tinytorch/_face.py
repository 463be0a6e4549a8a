"""How the faces of the package find a name: lazily, so that a package with some of its lessons only still imports."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def load(module: str):
    """tinytorch's module `module`, or None where its lesson has not been exported. Errors inside it are not hidden."""
    name = f"tinytorch.{module}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in (name, name.rpartition(".")[0]):
            return None
        raise


def exported(module: str) -> dict:
    """The names that `module` exports, with their values; empty where it is not there."""
    found = load(module)
    return {name: getattr(found, name) for name in found.__all__} if found else {}


def explain(package: str, name: str) -> str:
    """Why `package` has no `name`. In a learner's package, names.json says which lesson builds what."""
    table, path = HERE / "names.json", f"{package}.{name}".removeprefix("tinytorch.")
    for lesson, modules in (json.loads(table.read_text()) if table.exists() else {}).items():
        if any(path == module or name in names for module, names in modules.items() if not load(module)):
            return f"{package}.{name} is built in lesson {lesson[:2]} ({lesson}), which you have not exported yet"
    return f"{package} has no '{name}': not every name of PyTorch is here"


def face(package: str, lookup, names=dict):
    """`__getattr__` and `__dir__` (PEP 562) for a face: submodules first, then whatever `lookup(name)` finds.

    `lookup` raises KeyError for a name it does not know; `names()` lists those that it does.
    """

    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        asked_by_import = sys._getframe(1).f_code.co_filename == "<frozen importlib._bootstrap>"
        if name != "tensor" and hasattr(sys.modules[package], "__path__") and importlib.util.find_spec(f"{package}.{name}"):
            return importlib.import_module(f"{package}.{name}")
        try:
            value = lookup(name)
        except KeyError:
            # `from tinytorch import x` would replace an AttributeError's message with one that helps nobody
            raise (ImportError if asked_by_import else AttributeError)(explain(package, name)) from None
        setattr(sys.modules[package], name, value)  # found once is found for good
        return value

    def __dir__():
        folder = HERE.joinpath(*package.split(".")[1:])  # of a face that is no package there is none, and no submodule
        submodules = {file.stem for file in folder.glob("*.py")} | {file.parent.name for file in folder.glob("*/__init__.py")}
        return sorted(set(names()) | {name for name in submodules if not name.startswith("_")})

    return __getattr__, __dir__
