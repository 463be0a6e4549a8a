"""`python -m tinytorch --check PATH…`: which names of PyTorch do programs need that are not here?

Programs are parsed, not run: a name counts where it is imported or mentioned, unless the line stands in a `try` that is
ready for a no. Of tensors only those methods are seen that nothing else in Python has.
"""

import ast
import functools
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

from . import finder, missing, table


def check(paths: list) -> int:
    """Print what is missing, file by file. The exit status is 1 if anything is."""
    if not paths:
        print("python -m tinytorch --check PATH...: files (.py, .ipynb), or folders of them", file=sys.stderr)
        return 2
    absent = [path for path in paths if not Path(path).exists()]
    if absent:
        print(f"not there: {', '.join(absent)}", file=sys.stderr)
        return 2
    finder.install()
    found = {file: needs(file) for file in files(map(Path, paths))}
    for file, names in found.items():
        if names:
            print(f"{file}: " + ", ".join(f"{name} (line {line})" if line else name for name, line in names.items()))
    lacking = sum(map(bool, found.values()))
    print(f"{len(found) - lacking} of {len(found)} files need nothing that is not here")
    return int(lacking > 0)


def files(paths):
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in (".py", ".ipynb") and file.is_file())
        else:
            yield path


def needs(file: Path) -> dict:
    """{missing name: the first line that needs it}; of what cannot be read, the error."""
    try:
        source = source_of(file)
        tree = ast.parse(source)
    except (SyntaxError, ValueError, KeyError) as error:
        return {f"cannot be read ({error})": None}
    program = Program(missing.ready_lines(source))
    program.visit(tree)
    return {name: line for name, line in program.mentioned.items() if not is_there(name)}


def source_of(file: Path) -> str:
    """The program; of a notebook, its cells, without what is IPython's own."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.suffix != ".ipynb":
        return text
    cells = ("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    kept = []
    for cell in cells:
        lines = [("pass" if line.lstrip()[:1] in ("%", "!", "?") else line) for line in cell.splitlines()]
        kept.append("" if cell.lstrip().startswith("%%") else "\n".join(lines))
    return "\n".join(kept)


class Program(ast.NodeVisitor):
    """Collects the dotted names of PyTorch's that a program mentions."""

    def __init__(self, ready: list):
        self.ready, self.names, self.mentioned = ready, {}, {}  # names: the program's own name -> the dotted name

    def note(self, name: str, line: int) -> None:
        if not any(first <= line <= last for first, last in self.ready):
            self.mentioned.setdefault(name, line)

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name.split(".")[0] == "torch":
                self.note(alias.name, node.lineno)
                self.names[alias.asname or "torch"] = alias.name if alias.asname else "torch"

    def visit_ImportFrom(self, node):
        if not node.level and node.module.split(".")[0] == "torch":
            for alias in node.names:
                self.note(node.module if alias.name == "*" else f"{node.module}.{alias.name}", node.lineno)
                self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_Attribute(self, node):
        name = self.dotted(node)
        if name:
            self.note(name, node.lineno)
            return
        if node.attr in tensor_methods():
            self.note(f"torch.Tensor.{node.attr}", node.lineno)
        self.generic_visit(node)

    def dotted(self, node) -> str | None:
        """The dotted name of `F.relu`; None where it does not begin at torch."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        inner = self.dotted(node.value) if isinstance(node, ast.Attribute) else None
        return inner and f"{inner}.{node.attr}"


@functools.cache
def tensor_methods() -> frozenset:
    """The methods of PyTorch's tensors that no type of Python's or numpy's has, by name."""
    import numpy as np

    usual = (str, list, dict, set, slice, bytes, int, float, object, Path, np.ndarray, np.generic, np.random.Generator)
    return table.table()["torch.Tensor"].only - {name for kind in usual for name in dir(kind)}


@functools.cache
def is_there(name: str) -> bool:
    """Whether the dotted name leads to something here. What is below a class or a value of ours is not looked at."""
    value, path = importlib.import_module("torch"), "torch"
    for part in name.split(".")[1:]:
        if not hasattr(value, "__path__") and not isinstance(value, type):
            return True
        path = f"{path}.{part}"
        private = (
            "._" in path and not isinstance(value, type) and not hasattr(value, part)
        )  # torch.utils.data._utils: what is above may have its names
        if table.is_module(path) and (private or table.is_here(path)):
            importlib.import_module(path)
        value = getattr(value, part, None) if hasattr(value, part) else missing.Missing
        if value is missing.Missing:
            return False
    return not isinstance(value, ModuleType) or table.is_here(path)  # else it stands in for what is not here
