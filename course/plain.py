"""A cell as plain Python: what IPython makes of it, without its magics where they define nothing."""

import ast
import re
from dataclasses import replace

from course.notebook import DEFAULT_EXP, EXPORTED, Cell
from course.whose import CourseError

# `%%time` and `%%capture` run the rest of their cell in the notebook, so what that defines is there.
TRANSPARENT = re.compile(r"\s*%%(?:time|capture)\b[^\n]*(?:\n|$)")
LINE_MAGICS = (
    "matplotlib config load_ext reload_ext autoreload precision xmode pip conda uv pinfo pinfo2 timeit who whos ls pwd"
)
HARMLESS = {*LINE_MAGICS.split()}  # they define nothing that the rest could use
DIRECTIVE = re.compile(r"^#[ \t]*\|[^\n]*\n?", re.MULTILINE)


def exported_source(cell: Cell) -> str:
    """An exported cell as nbdev wants it: its line `#| export` first, then Python.

    CourseError names the cell where it is none, or where a magic of IPython's would be missing in a module.
    """
    source = as_python(cell)
    if EXPORTED.match(source):
        return source
    module = EXPORTED.search(cell.source)[1]
    return f"#| export {module}".rstrip() + "\n" + DIRECTIVE.sub("", source)


def as_python(cell: Cell) -> str:
    source = cell.source
    while magic := TRANSPARENT.match(source):
        source = source[magic.end() :]
    if not problem(source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager  # half a second, for the few cells that need it

    text = TransformerManager().transform_cell(source)
    if error := problem(text):
        line = f" at `{error.text.strip()}`" if error.text else ""
        raise CourseError(f"{cell.place} is no Python ({error.msg}{line}): mend it, run it, save, and export again")
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if is_harmless(node):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    text = "".join(lines)
    if "get_ipython()" in text:
        asked = next(line for line in source.splitlines() if re.search(r"^\s*[%!]|=\s*[%!]|\?", line))
        raise CourseError(
            f"{cell.place} is exported, and `{asked.strip()}` works in a notebook only: move that line to a cell of "
            "its own, which is not exported, then run, save, and export again"
        )
    return text


def problem(source: str) -> SyntaxError | None:
    try:
        compile(source, "cell", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    return None


def is_harmless(node: ast.stmt) -> bool:
    """A statement that IPython made of `%magic`, `!command` or `name?`, and that defines nothing."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called = ast.unparse(node.value.func)
    if called == "get_ipython().run_line_magic":
        return ast.literal_eval(node.value.args[0]) in HARMLESS
    return called == "get_ipython().system"


def plain(cell: Cell) -> Cell:
    """The cell as the exporter hands it to nbdev; empty where it exports nothing."""
    if cell.is_exported:
        return replace(cell, source=exported_source(cell))
    if cell.is_code:
        found = DEFAULT_EXP.search(cell.source)
        return replace(cell, source=f"#| default_exp {found[1]}" if found else "")
    return cell
