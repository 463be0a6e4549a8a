"""What users call says what it returns, with types that exist: editors and checkers of their programs go by it."""

import importlib
import inspect
import types
import typing

import pytest

NAMESPACES = [
    "",
    ".nn.functional",
    ".nn.init",
    ".nn.utils",
    ".special",
    ".linalg",
    ".distributions",
    ".fft",
    ".signal.windows",
]


def functions(namespace: str) -> dict:
    """PyTorch's functions that it hands on, but for those in one line, which cannot be annotated."""
    ours, theirs = (importlib.import_module(f"{package}{namespace}") for package in ("tinytorch", "torch"))
    found = {name: getattr(ours, name) for name in dir(ours) if name[0] != "_" and hasattr(theirs, name)}
    return {
        name: inspect.unwrap(value)
        for name, value in found.items()
        if isinstance(value, types.FunctionType) and value.__name__ != "<lambda>"
    }


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_public_functions_say_what_they_return(namespace):
    found = functions(namespace)
    assert found
    silent = [name for name, function in found.items() if "return" not in typing.get_type_hints(function)]
    assert not silent, f"write what these return: def {silent[0]}(...) -> Tensor"
