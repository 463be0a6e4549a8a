"""`torch._dynamo`: what programs say to PyTorch's compiler, and is accepted here."""

from types import SimpleNamespace

from .compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset

__all__ = [
    "allow_in_graph", "assume_constant_result", "config", "disable", "disallow_in_graph", "forbid_in_graph",
    "graph_break", "is_compiling", "mark_dynamic", "mark_static", "mark_static_address", "maybe_mark_dynamic", "reset",
]  # fmt: skip

config = SimpleNamespace(suppress_errors=False, cache_size_limit=8, recompile_limit=8, verbose=False)
disallow_in_graph = forbid_in_graph = allow_in_graph


def graph_break(msg: str = "") -> None:
    """There is no graph to break."""


def mark_dynamic(t, index, **options) -> None:
    """Every size may change."""


mark_static = mark_static_address = maybe_mark_dynamic = mark_dynamic
