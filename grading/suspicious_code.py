"""What a submission's code mentions that no exercise needs. It decides no points: the instructor reads the report.

The sandbox and the grader do not depend on this; whoever hides such a word gets no further than who does not.
"""

import ast
from collections.abc import Iterable, Iterator

MODULES = frozenset(
    "asyncio atexit builtins cffi code ctypes cupy dis fcntl gc grading http importlib inspect IPython ipykernel "
    "jax linecache marshal mmap multiprocessing nbgrader numba os pathlib pickle pkgutil platform probes psutil pty "
    "requests resource runpy scipy shutil signal site sitecustomize sklearn socket sqlite3 sqlalchemy subprocess sys "
    "sysconfig tempfile tensorflow threading torch traceback tracemalloc types urllib usercustomize".split()
)
BUILTINS = frozenset(
    "__builtins__ __import__ __loader__ __spec__ compile eval exec get_ipython globals open vars".split()
)
ATTRIBUTES = frozenset(
    "__array_function__ __array_interface__ __array_struct__ __array_ufunc__ __bases__ __code__ __eq__ __globals__ "
    "__instancecheck__ __mro__ __ne__ __reduce__ __subclasses__ _getframe addaudithook currentframe ctypeslib "
    "displayhook excepthook input_transformers_cleanup meta_path path_hooks setprofile settrace".split()
)
TEXTS = (
    "/proc",
    "/grader",
    "/request",
    "/package",
    "gradebook",
    "nbgrader",
    "/modules",
    "/etc/",
    "request.json",
    "base64",
)


def suspicious(students: Iterable[str], reference: Iterable[str]) -> list[str]:
    """What the student's cells mention, and the reference's do not: imports, names, paths, changes to other modules."""
    known = {word for source in reference for word in mentioned(source)}
    return list(dict.fromkeys(word for source in students for word in mentioned(source) if word not in known))


def mentioned(source: str) -> Iterator[str]:
    lines = (line for line in source.splitlines() if line.lstrip().startswith(("%", "!")))
    yield from (f"line {line.strip()[:60]!r}" for line in lines)
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    imported = {}
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                module = getattr(node, "module", None) or alias.name
                imported[alias.asname or alias.name.split(".")[0]] = module
                if module.split(".")[0] in MODULES:
                    yield f"imports {module}"
    imported |= {"np": "numpy"}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in BUILTINS:
            yield f"mentions {node.id}"
        word = getattr(node, "attr", None) or getattr(node, "name", None)  # x.word, def word
        if isinstance(word, str) and word in ATTRIBUTES:
            yield f"mentions {word}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"mentions {text!r}" for text in TEXTS if text in node.value)
        yield from (f"changes {place}" for place in changes_to(node, imported))


def changes_to(node: ast.AST, imported: dict[str, str]) -> Iterator[str]:
    """`numpy.add = mine` and `setattr(numpy, ...)`: another module's attribute is assigned."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    for target in targets if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)) else ():
        for part in getattr(target, "elts", [target]):
            if isinstance(part, ast.Attribute) and root(part) in imported:
                yield f"{imported[root(part)]}: {written(part)}"
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("setattr", "delattr"):
        for place in node.args[:1]:
            if root(place) in imported:
                yield f"{imported[root(place)]}: {written(node)}"


def written(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:60]
    except RecursionError:
        return "something deeply nested"


def root(node: ast.AST) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", None)
