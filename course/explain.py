"""Why a check failed, in a learner's words: the sentence of its assertion; or where their answer stopped, what usually
lies behind such an error, and what the check had called with which values."""

import ast
import linecache
import math
import re
import reprlib
import traceback
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType

from course.notebook import BLANK, STUB, Notebook, definitions

# What usually lies behind an error of Python's or numpy's, by a part of its text; the first that fits.
LIKELY = {
    "division by zero": "a case without elements",
    "zero-size array": "a case without elements: the maximum of nothing fails, unless it is given an `initial`",
    "truth value of an array|value of Tensor with more than one": "`if`, `and`, `or` with a whole array: for some"
    " elements use a mask, as in `best[mask] = value[mask]`, with `&` and `|`; for whether there is one, `is not None`",
    "ufunc 'bitwise_": "`|` and `&` bind tighter than `>` and `==`: put each comparison into parentheses",
    "requires a 0 or 1-dimensional input|boolean array indexing assignment": "the right side needs the same mask",
    "boolean index did not match": "a mask of another shape: np.where lets it broadcast",
    "setting an array element with a sequence": "one place and many numbers for it: is a sum missing?",
    "read-only": "`+=` or the like on an array that belongs to somebody else: write old + new",
    "axes don't match": "transpose wants a number for each dimension: print the shape",
    "only 0-dimensional arrays|only length-1 arrays|only size-1 arrays": "an array where one number is wanted",
    "zip\\(\\) argument": "two lists that should be as long as each other: print both",
    "has no len\\(\\)": "a generator gives its elements once, and has no length: make a tuple of it",
    "cannot be interpreted as an integer": "`/` where `//` is meant, or several numbers where one is wanted",
    "__array_ufunc__|does not support ufuncs": "numpy's function on a Tensor: an array is its `.array`",
    "not supported between instances of": "a comparison of things of different kinds: print the type of each",
    "view size is not compatible": "`view` never copies: `reshape` does where it must",
    "unexpected keyword argument '(dim|keepdim|axis|keepdims)'": "numpy says `axis` and `keepdims`, PyTorch and Tensors"
    " say `dim` and `keepdim`",
    "unexpected keyword argument": "a signature that was changed: its arguments are part of the exercise",
    "positional argument": "a signature that was changed, or a call with an argument too many or too few",
    "NoneType": "a function or method that ends without `return` gives None; what may be missing is asked by `is None`",
    "is not defined|referenced before assignment|not associated with a value": "a name that is spelled otherwise, that"
    " not every branch sets, or whose cell has not run in this kernel",
    "object has no attribute": "a value of another kind than was meant (an array for a Tensor, say), or a note that was"
    " never kept",
    "KeyError": "a key that is not there, or no longer: print the dictionary's keys",
    "broadcast|matmul": "two shapes that do not fit: print both before the line that failed",
    "reshape": "a shape with another number of elements: print what goes in",
    "out of bounds|out of range|axis": "an index or a dimension that this input does not have: try the case by hand",
    "recursion": "a function that calls itself without coming nearer to an end",
}
LARGEST = 8  # elements of an array that is shown; of a larger one only its shape is
SILENT = (ModuleType, FunctionType, MethodType, BuiltinFunctionType, type)


def explanation(exercise: str, error: Exception, tb, lesson: Notebook) -> list[str]:
    """The lines that a red check of `lesson` shows, the most telling first."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(tb) if is_cell(frame)]
    given = {cell.source.strip() for cell in lesson.code if not cell.exercise}
    theirs = [each for each in frames[1:] if cell_source(each[0]) not in given]
    if isinstance(error, AssertionError) and not theirs:  # of the check, or of a judge that it called
        return [f"check-{exercise}: {error or source_line(*frames[-1])}"]
    if isinstance(error, NotImplementedError) and not error.args:
        return [f"check-{exercise}: {blank(frames[-1][0], lesson)}"]
    kind, told = type(error).__name__, str(error) or type(error).__name__
    lines = [f"check-{exercise}: the code that it tries stopped with {kind}: {told}"]
    path = [f"  in {frame.f_code.co_name}: {source_line(frame, line)}" for frame, line in theirs or frames[1:][-1:]]
    lines += path if len(path) < 7 else [*path[:3], f"  ... {len(path) - 6} calls further in", *path[-3:]]
    hints = (hint for part, hint in LIKELY.items() if re.search(part, f"{kind}: {told}"))
    lines += [f"  often: {hint}" for hint in hints][:1]
    return lines + (asked(*frames[0]) if frames else [])


def asked(frame: FrameType, line: int) -> list[str]:
    """What the check ran when it stopped, and with which values."""
    there = [name for name in names_read(cell_source(frame), line) if name in frame.f_locals]
    values = {name: shown(frame.f_locals[name]) for name in there}
    told = [f"    where {name} = {value}" for name, value in values.items() if value]
    return [f"  the check ran   {source_line(frame, line)}", *told[:4]]


def blank(frame: FrameType, lesson: Notebook) -> str:
    """What to do about the `raise NotImplementedError()` that the check came upon."""
    source = cell_source(frame)
    for name, cell in lesson.exercises.items():
        if set(definitions(cell.source)) & set(definitions(source)):
            if without_stubs(source) == without_stubs(cell.released):
                return f"exercise {name} is still blank: fill it in where it says YOUR CODE HERE"
            if len(BLANK.findall(source)) < len(BLANK.findall(cell.released)):
                return f"a blank of exercise {name} is still to be filled in, where it says YOUR CODE HERE"
            return f"the line `{STUB[1]}` still stands in exercise {name}: take it away"
    return f"{frame.f_code.co_name} is still blank: fill it in where it says YOUR CODE HERE"


def without_stubs(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines() if line.strip() and line.strip() not in STUB]


def is_cell(frame: FrameType) -> bool:
    """The frame runs a cell of the notebook, not a package."""
    name = frame.f_code.co_filename
    return name.startswith("<ipython-input") or "ipykernel_" in name


def cell_source(frame: FrameType) -> str:
    return "".join(linecache.getlines(frame.f_code.co_filename)).strip()


def source_line(frame: FrameType, line: int) -> str:
    return linecache.getline(frame.f_code.co_filename, line).strip()


def names_read(source: str, line: int) -> list[str]:
    """Which variables tell what a line of a check did: those of the loops around it, then those that it reads."""
    try:
        around = [node for node in ast.walk(ast.parse(source)) if spans(node, line)]
    except SyntaxError:  # a magic
        return []
    loops = [target for node in around if isinstance(node, ast.For) for target in ast.walk(node.target)]
    *_, statement = (node for node in around if isinstance(node, ast.stmt))
    below = {inner for each in getattr(statement, "body", []) for inner in ast.walk(each)}
    parts = [node for node in ast.walk(statement) if node not in below]
    own = {node.arg for node in parts if isinstance(node, ast.arg)}  # a lambda's, and a comprehension's
    own |= {part.id for node in parts if isinstance(node, ast.comprehension) for part in names(*ast.walk(node.target))}
    read = [node for node in names(*parts) if isinstance(node.ctx, ast.Load) and node.id not in own]
    read.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in [*names(*loops), *read]))


def names(*nodes: ast.AST) -> list[ast.Name]:
    return [node for node in nodes if isinstance(node, ast.Name)]


def spans(node: ast.AST, line: int) -> bool:
    return isinstance(node, (ast.stmt, ast.expr)) and node.lineno <= line <= node.end_lineno


def shown(value) -> str | None:
    """A value in one line, an array of many elements by its shape; None for what says nothing, as a module."""
    if isinstance(value, SILENT) or type(value).__module__.startswith("numpy.random"):
        return None
    shape = getattr(value, "shape", ())
    if isinstance(shape, tuple) and math.prod(shape) > LARGEST:
        return f"{type(value).__name__} of shape {tuple(shape)}, {getattr(value, 'dtype', '')}"
    short = reprlib.Repr()
    short.maxother = short.maxstring = 120
    return " ".join(short.repr(value).split())
