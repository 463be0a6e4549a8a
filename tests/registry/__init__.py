"""Every Function and every Module of the package, each with examples that run on tinytorch and on PyTorch alike.

A Function's example is a call `(t, *inputs)`, where t is `tinytorch` or `torch`, the shapes of its inputs and the range
of their values. Shapes: "*" is any shape, "*,*" two that broadcast, "nk,km" two with these sizes; a capital may be 0.
A Module's example is how to make it, `(t) -> module`, and its inputs, drawn from `d`.

Each file beside this one, tools.py aside, may have a table FUNCTIONS and a table MODULES.
"""

import importlib
import pkgutil

from registry.tools import Draw, functions, fused_functions, modules

FUNCTIONS, MODULES = {}, {}

for _file in pkgutil.iter_modules(__path__):
    for _name, _table in (("FUNCTIONS", FUNCTIONS), ("MODULES", MODULES)):
        _more = getattr(importlib.import_module(f"registry.{_file.name}"), _name, {})
        assert not _table.keys() & _more.keys(), f"two files have examples for {sorted(_table.keys() & _more.keys())}"
        _table.update(_more)

__all__ = ["FUNCTIONS", "MODULES", "Draw", "functions", "fused_functions", "modules"]
