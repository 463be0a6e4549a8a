"""How the namespaces of the package find a name: lazily, so that a package with some of its lessons only still imports."""

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
LESSON_FILES = ("autograd", "profiler")  # whole namespaces in PyTorch: what they lack is in compat/torch/, see add_names


def load(module: str):
    """tinytorch's module `module`, or None where its lesson has not been exported. Errors inside it are not hidden."""
    name = f"tinytorch.{module}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def exported(module: str) -> dict:
    """The names that `module` exports, with their values; empty where it is not there, fewer while it is loading."""
    there = vars(load(module) or object)
    return {name: there[name] for name in there.get("__all__", ()) if name in there}


def sizes(modules: Sequence[str]) -> tuple:
    """How many modules there are, and how many names in `modules` and in Tensor: it changes when any of them is added."""
    there = (sys.modules.get(f"tinytorch.{module}") for module in modules)
    tensor = vars(sys.modules.get("tinytorch.tensor") or object).get("Tensor", object)
    return len(sys.modules), len(vars(tensor)), *(len(vars(module)) for module in there if module)


def besides(module: str) -> dict:
    """The names of a module of compat/torch/; none where it is not there, or stands on a lesson that is not."""
    try:
        return exported(module) if there(module) else {}
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tinytorch."):
            return {}
        raise


def there(module: str) -> bool:
    """Whether tinytorch's module `module` has a file."""
    place = HERE.joinpath(*module.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def add_names(module, beside: str) -> None:
    """Let `module`, which a lesson exports, hand on what `beside` has of PyTorch's names for it."""
    own = vars(module).get("__getattr__")

    def __getattr__(name):
        if not name.startswith("__") and there(f"{beside}.{name}"):
            return importlib.import_module(f"tinytorch.{beside}.{name}")
        found = {} if name.startswith("__") else besides(beside)
        if own and name not in found:
            return own(name)
        if name not in found:
            raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")
        return found[name]

    module.__getattr__ = __getattr__


def namespace(package: str, modules: Sequence[str] = (), keep: Callable = lambda value: True, elsewhere: dict | None = None,
              attaching: Sequence[str] = (), finish: Callable = lambda found: found):
    """`__getattr__` and `__dir__` (PEP 562) for the namespace `package`.

    It hands on its submodules, then what `modules` export (the first that has a name wins) as far as `keep(value)` agrees,
    then the names of `elsewhere`, each from the module given for it. `attaching` are modules that are loaded because they
    add methods to Tensor; their own names are not handed on. `finish` may add to what the modules gave. Last come the
    names and modules of compat/torch/, where PyTorch's own machinery is answered for, under the same path.
    """
    elsewhere, me = elsewhere or {}, sys.modules[package]
    beside = f"compat.torch{package.removeprefix('tinytorch')}"
    if not hasattr(me, "__path__"):
        me.__path__ = []  # `from namespace import x` asks importlib only where the namespace is a package: see asked_by_import

    kept, kept_of = {}, None

    def collect():
        nonlocal kept, kept_of
        for module in (*reversed(modules), *attaching):
            load(module)
        if kept_of != (state := sizes(modules)):
            found = {}
            for module in reversed(modules):
                found.update((name, value) for name, value in exported(module).items() if keep(value))
            kept, kept_of = besides(beside) | finish(found), state
        return kept

    def missing(name):
        """Why there is no `name`. A learner's package has names.json, which says what each lesson builds."""
        table, path = HERE / "names.json", f"{package}.{name}".removeprefix("tinytorch.")
        for lesson, built in json.loads(table.read_text()).items() if table.exists() else ():
            for module, names in built.items():
                ours = module in (*modules, *attaching, elsewhere.get(name))
                if (path == module or (ours and name in names)) and load(module) is None:
                    return f"{package}.{name} is built in lesson {lesson.replace('_', ' ')}, which you have not exported yet"
        return f"{package} has no '{name}': not every name of PyTorch is here"

    def __getattr__(name):
        if name == "__all__":  # of `from namespace import *`, which PyTorch's own modules do not come with
            return sorted(set(collect()) | {name for name, module in elsewhere.items() if name in exported(module)})
        if name.startswith("__"):
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        asked_by_import = sys._getframe(1).f_code.co_filename == "<frozen importlib._bootstrap>"
        if name not in ("tensor", *elsewhere) and importlib.util.find_spec(f"{package}.{name}"):
            return importlib.import_module(f"{package}.{name}")
        try:
            if name not in LESSON_FILES and there(f"{beside}.{name}"):
                value = importlib.import_module(f"tinytorch.{beside}.{name}")
            else:
                value = exported(elsewhere[name])[name] if name in elsewhere else collect()[name]
        except KeyError:
            # `from tinytorch import x` would replace an AttributeError's message by one that helps nobody
            raise (ImportError if asked_by_import else AttributeError)(missing(name)) from None
        setattr(me, name, value)  # found once is found for good
        return value

    def __dir__():
        folders = [HERE.joinpath(*module.split(".")) for module in (package.partition(".")[2], beside)]  # files have none
        files = {file.stem for folder in folders for file in folder.glob("*.py")}
        files |= {file.parent.name for folder in folders for file in folder.glob("*/__init__.py")}
        others = {name for name, module in elsewhere.items() if name in exported(module)}
        return sorted(set(collect()) | others | {name for name in files if not name.startswith("_")})

    return __getattr__, __dir__
