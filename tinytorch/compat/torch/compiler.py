"""`torch.compile` and `torch.compiler`: every function and module runs as it is written."""

from collections.abc import Callable

from ..once import say_once

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "list_backends", "reset", "set_stance",
]  # fmt: skip


def compile(
    model: Callable | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend=None,
    mode: str | None = None,
    options: dict | None = None,
    disable: bool = False,
    **others,
) -> Callable:
    """`model` itself, a function or a module; without one, a decorator that does the same."""
    say_once("torch.compile returns what it is given: tinytorch runs programs as they are written")
    return model if model is not None else lambda function: function


def disable(fn=None, recursive: bool = True, *, reason: str | None = None):
    """`fn` itself, as nothing is compiled; without one, a decorator that does the same."""
    return fn if fn is not None else lambda function: function


def allow_in_graph(fn):
    """`fn` itself."""
    return fn


def assume_constant_result(fn):
    """`fn` itself."""
    return fn


def is_compiling() -> bool:
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    """Forget what was compiled: nothing."""


def cudagraph_mark_step_begin() -> None:
    """Nothing is recorded that could begin anew."""


def list_backends(exclude_tags=("debug", "experimental")) -> list:
    return []


class set_stance:
    """Accepted, also as a context or a decorator."""

    def __init__(self, stance: str = "default", **options):
        pass

    def __call__(self, function):
        return function

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None
