"""What stands in for a name of PyTorch's that is not here: it can be imported and mentioned, and says so when it is used.

Programs import more than they call. A question whether a name is there (`hasattr`, or an import or a mention inside a
`try` that is ready for a no) gets the truth.
"""

import ast
import dis
import functools
import importlib
import linecache
import sys
from pathlib import Path

# Files whose frames stand between a program and the question that it asks.
ONES_OWN = (
    str(Path(__file__).with_name("missing.py")),
    str(Path(__file__).with_name("finder.py")),
    str(Path(__file__).parents[1] / "_namespace.py"),
    str(Path(importlib.__file__).parent),
    "<frozen importlib",
)
READY = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}


class Missing(type):
    """The type of all stand-ins. They are classes: annotations, `isinstance` and `class A(B)` take them."""

    def __call__(cls, *args, **kwargs):
        raise NotImplementedError(cls.__why__)

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(f"type object '{cls.__name__}' has no attribute '{name}'")
        return stand_in(f"{cls.__module__}.{cls.__qualname__}.{name}")

    def __iter__(cls):
        raise NotImplementedError(cls.__why__)

    def __bool__(cls):
        raise NotImplementedError(cls.__why__)

    def __getitem__(cls, index):
        return cls

    def __repr__(cls):
        return f"<{cls.__module__}.{cls.__qualname__}, which tinytorch does not have>"


@functools.cache
def stand_in(path: str, why: str | None = None) -> Missing:
    """The stand-in for `path`: "torch.fx.symbolic_trace". Using it raises NotImplementedError, saying `why`."""
    module, _, name = path.rpartition(".")
    why = why or f"tinytorch has no {path}: this part of PyTorch is not there"
    return Missing(name, (), {"__module__": module, "__why__": why})


def is_missing(value) -> bool:
    return isinstance(value, Missing)


def program_frame():
    """The frame that asked: the nearest one that is neither here nor part of importing."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(ONES_OWN):
        frame = frame.f_back
    return frame


def instruction(frame) -> str:
    """What Python is doing in `frame`: LOAD_ATTR, IMPORT_FROM, CALL …"""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]]


def is_import(frame) -> bool:
    return instruction(frame).startswith("IMPORT")


def is_mention(frame) -> bool:
    """Whether the program names the thing (`torch.fx.wrap`, `from torch.fx import wrap`) and does not probe for it."""
    return instruction(frame).startswith(("LOAD", "IMPORT")) and not is_ready(frame)


def is_probe() -> bool:
    """Whether a path is imported on trial: inside such a `try`, or for `importlib.util.find_spec`."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(ONES_OWN):
        if frame.f_code.co_name == "find_spec" and "util" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return is_ready(frame)


def is_ready(frame) -> bool:
    """Whether the line that runs in `frame` stands in a `try` that catches what is raised for a missing name."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)  # the same list, until the file changes
    if _ready.get(frame.f_code.co_filename, (None,))[0] is not lines:
        _ready[frame.f_code.co_filename] = lines, ready_lines("".join(lines))
    return any(first <= frame.f_lineno <= last for first, last in _ready[frame.f_code.co_filename][1])


_ready = {}  # file -> (its lines, where they are ready)


def ready_lines(source: str) -> list:
    """(first line, last line) of the body of each such `try`."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a notebook's cell with magics
        return []
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try) and any(map(catches, node.handlers))]
    return [(node.body[0].lineno, node.body[-1].end_lineno) for node in tries]


def catches(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in READY for kind in kinds)
