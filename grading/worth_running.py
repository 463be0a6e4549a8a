"""Which cells of a rebuilt submission are worth running in the notebook's kernel."""

import ast
import re

from course.notebook import parsed


def worth_running(nb) -> list[tuple[int, dict]]:
    """The cells, with their places, that the lesson exports, its checks, what the student wrote, and those that define
    a name which these need. The lesson's other demonstrations cost most of the time and say nothing of the submission.
    """
    chosen, needed = [], set()
    for index, cell in reversed(list(enumerate(parsed(nb).cells))):
        if cell.is_code:
            defined, used = names_in(cell.source)
            if cell.is_exported or cell.nbgrader or cell.metadata.get("added") or defined & needed:
                chosen.append((index, nb.cells[index]))
                needed = (needed - defined) | used
    return chosen[::-1]


def names_in(source: str) -> tuple[set[str], set[str]]:
    """What the cell defines at its top level, and what it uses without binding it somewhere."""
    try:
        body = ast.parse(re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE)).body  # without the magics
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    used, bound, defined = set(), set(), set()
    top: list[ast.AST] = list(body)
    for node in (inner for each in body for inner in ast.walk(each)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    while top:
        node = top.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif not isinstance(node, ast.Lambda):
            top += ast.iter_child_nodes(node)
    return defined, used - bound - defined
