"""What code may not name: the thing that it should build, and what would do its work in the run alone.

These rules read source text, so whoever hides names gets round them; the report then says what was hidden. The points
are decided by the comparison of arrays, in comparison.py.
"""

import ast
import symtable
from functools import cache

import numpy as np

from grading.lesson import ExportedCell, Lesson
from grading.package import companion_sources
from grading.suspicious_code import suspicious

HIDING = frozenset(  # ways to a name that need not say it
    "getattr locals __dict__ __getattribute__ __init_subclass__ attrgetter methodcaller tb_frame gi_frame f_globals "
    "f_locals get_field get_type_hints timeit".split()
)


def refuse(lesson: Lesson, exercise: str, students: tuple[ExportedCell, ...]) -> str:
    """Why the exercise's own cell may not be graded: it names what the exercise asks to build."""
    forbidden = lesson.probes[exercise].forbids
    given = frozenset().union(*(words(cell.source) for cell in lesson.cells if not cell.exercise))
    for cell in students:
        own = cell.exercise == exercise
        if (own or cell.added) and (found := forbidden & words(cell.source) - (frozenset() if own else given)):
            return f"this exercise asks you to build it yourself: {', '.join(sorted(found))} may not be used"
    return ""


def borrows(lesson: Lesson, exercise: str, students: tuple[ExportedCell, ...]) -> str:
    """Why only the run alone counts: another exercise's cell names what this one may not use, and could hand it on."""
    forbidden = lesson.probes[exercise].forbids
    known = {cell.exercise: words(cell.source) for cell in lesson.cells}
    others = (cell for cell in students if cell.exercise not in (None, exercise) and forbidden)
    for cell in others:
        if found := forbidden & words(cell.source) - known[cell.exercise]:
            return f"your cell of {cell.exercise} uses {', '.join(sorted(found))}, which this exercise may not"
    return ""


def looks_ahead(lesson: Lesson, exercise: str, students: tuple[ExportedCell, ...]) -> bool:
    """Whether the exercise's code names what the lesson builds after it, or could reach it without a name. Then there
    is no run alone: the reference's later functions would do its work; two exercises could each call the other."""
    at = next(number for number, cell in enumerate(lesson.cells) if cell.exercise == exercise)
    own = lesson.cells[at].source
    after = [*(cell.source for cell in lesson.cells[at + 1 :]), *companion_sources(lesson)]
    later = {name for source in after for name in defined(source)} - defined(own) - {*dir(np), *dir(list)}
    later -= {name for cell in lesson.cells[: at + 1] for name in words(cell.source)}
    codes = [cell.source for cell in students if cell.exercise == exercise or cell.added]
    hiding = suspicious(codes, [own]) or any(HIDING & words(code) - words(own) for code in codes)
    return bool(hiding or any(later & taken(code) for code in codes))


@cache
def words(source: str) -> frozenset[str]:
    """The names, attributes, texts and imports in a cell; all but plain names also as ".name"."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = set()
    for node in nodes:
        used = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "value", None)
        names = [used] if isinstance(used, str) else []
        paths = [alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)]
        paths += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        paths += node.kwd_attrs if isinstance(node, ast.MatchClass) else []
        names += [name for path in paths for name in path.split(".")]  # `from scipy.special import softmax`
        found.update(names, (f".{name}" for name in names if not isinstance(node, ast.Name)))
    return frozenset(found)


@cache
def defined(source: str) -> frozenset[str]:
    """The functions and classes of a cell of the lesson's, or of a companion."""
    return frozenset(node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef))


@cache
def taken(source: str) -> frozenset[str]:
    """What a cell takes from outside: names that are not its functions' own variables, attributes, texts, imports."""
    try:
        tables = [symtable.symtable(source, "cell", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = {word[1:] for word in words(source) if word.startswith(".")}
    for table in tables:
        tables += table.get_children()
        top = table.get_type() == "module"
        found |= {name.get_name() for name in table.get_symbols() if name.is_referenced() and (top or name.is_global())}
    return frozenset(found)
