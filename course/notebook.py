"""The one reader of notebooks: what a lesson's cells are, and how solutions and exports are marked in them.

(nbformat would take two seconds to import; a notebook is JSON.)
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from course.whose import CourseError

# A formatter makes "# |" of nbdev's "#|", and a learner may write a comment above it: both are read as they are meant.
EXPORTED = re.compile(r"^#[ \t]*\|[ \t]*exports?\b[ \t]*([\w.]*)", re.MULTILINE)
DEFAULT_EXP = re.compile(r"^#[ \t]*\|[ \t]*default_exp[ \t]+([\w.]+)", re.MULTILINE)
MARKERS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION[^\n]*", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[ \t]*\n?", re.MULTILINE | re.DOTALL)
STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]  # what nbgrader leaves where a solution was
BLANK = re.compile(r"^\s*raise NotImplementedError\(\)", re.MULTILINE)
IPYTHON = re.compile(r"^(?:[%!].*|[\w.]+\?\??[ \t]*)$", re.MULTILINE)  # `%magic`, `!command`, `name?`
HEADING = re.compile(r"^##+ +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, its `source` in one piece; `section` is the last heading (##, ###) at or above it."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    id: str = ""
    metadata: dict = field(default_factory=dict, hash=False)
    section: str = ""

    @property
    def nbgrader(self) -> dict:
        return self.metadata.get("nbgrader", {})

    @property
    def is_code(self) -> bool:
        return self.kind == "code"

    @property
    def is_exported(self) -> bool:
        return self.is_code and bool(EXPORTED.search(self.source))

    @property
    def exercise(self) -> str | None:
        """The exercise's id, if a student fills this cell in."""
        return self.nbgrader["grade_id"] if self.nbgrader.get("solution") else None

    @property
    def checks(self) -> str | None:
        """The exercise that this cell checks, if it is a check that earns points."""
        return self.nbgrader["grade_id"].removeprefix("check-") if self.nbgrader.get("grade") else None

    @property
    def is_blank(self) -> bool:
        """Something is left to fill in."""
        return self.is_code and bool(BLANK.search(self.source))

    @property
    def place(self) -> str:
        """Where a reader finds it: the section, and its first line of code."""
        lines = [line for line in self.source.splitlines() if line.strip() and not line.startswith(("#", "%%"))]
        begins = f"the cell that begins `{lines[0]}`" if lines else "an empty cell"
        return f'{begins}, in section "{self.section}"' if self.section else begins

    @property
    def released(self) -> str:
        """The source with each solution replaced by the stub, as students get it."""
        return SOLUTION.sub(r"\1" + r"\n\1".join(STUB), self.source)

    @property
    def solved(self) -> str:
        """The source with its solutions, as the package gets it: without the lines that mark them, and hidden tests."""
        return without_markers(self.source)


@dataclass(frozen=True)
class Notebook:
    """The cells of a notebook, and what a course asks of them."""

    cells: tuple[Cell, ...]

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_code]

    @property
    def exported(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_exported]

    @property
    def exercises(self) -> dict[str, Cell]:
        """The cell of each exercise by its id, in the notebook's order."""
        return {cell.exercise: cell for cell in self.cells if cell.exercise}

    @property
    def points(self) -> dict[str, float]:
        """What each exercise's check earns, in the notebook's order."""
        return {cell.checks: cell.nbgrader["points"] for cell in self.cells if cell.checks}

    def answer(self, exercise: str, sources: list[str]) -> str:
        """What answers an exercise of this lesson where `sources` run one after another: the cells that last define
        what is asked for, in one text. What the lesson makes of it later (`Tensor.sum = total`) is no answer.
        """
        given = {cell.source.strip() for cell in self.exported if not cell.exercise}
        last = last_definitions([source.strip() for source in sources if source.strip() not in given])
        names = definitions(self.exercises[exercise].source)
        return "\n\n".join(dict.fromkeys(last[name] for name in names if name in last))

    @property
    def default_exp(self) -> str | None:
        """The module that it exports to, as `nn.losses`; None if it exports nothing."""
        found = (DEFAULT_EXP.search(cell.source) for cell in self.code)
        return next((match[1] for match in found if match), None)

    @property
    def modules(self) -> list[str]:
        """All modules that it exports to: that of `default_exp`, then those named at cells (`#| export nn.pooling`)."""
        named = [EXPORTED.search(cell.source)[1] or self.default_exp for cell in self.exported]
        return list(dict.fromkeys(filter(None, [self.default_exp, *named]))) if named else []

    @property
    def heading(self) -> str | None:
        """The first line of its text."""
        return next((cell.source.splitlines()[0].lstrip("# ") for cell in self.cells if cell.kind == "markdown"), None)


def last_definitions(sources: list[str]) -> dict[str, str]:
    return {key: source for source in sources for key in definitions(source)}


def definitions(source: str) -> list[str]:
    """What a cell defines or attaches at its top level: names, and targets as `Tensor.mean`."""
    try:
        body = ast.parse(IPYTHON.sub("", source)).body
    except SyntaxError:  # it ran, so it failed; the cell that replaced it is another
        return []
    found = [node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return found + [ast.unparse(target) for target in targets]


def used_when_run(source: str) -> set[str]:
    """The names that a cell reads as it runs: not those that its functions read later, when they are called."""
    try:
        todo: list = ast.parse(IPYTHON.sub("", source)).body
    except SyntaxError:
        return set()
    found = set()
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            todo += [*getattr(node, "decorator_list", []), *node.args.defaults, *filter(None, node.args.kw_defaults)]
            continue
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            found.add(ast.unparse(node))
        todo += ast.iter_child_nodes(node)
    return found


def without_markers(source: str) -> str:
    return HIDDEN.sub("", MARKERS.sub("", source))


def load(notebook: Path) -> dict:
    """A notebook's file as it is, to change something in it."""
    try:
        return json.loads(notebook.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"{notebook} is no notebook ({error}): repair it or move it away, then again") from None


def dumped(nb: dict) -> str:
    return json.dumps(nb, indent=1, ensure_ascii=False) + "\n"


def read(notebook: Path) -> Notebook:
    """A notebook file of the course, or of a learner's workspace. (Strangers' files: grading's intake.)"""
    return parsed(json.loads(notebook.read_text(encoding="utf-8")))


def parsed(nb: dict) -> Notebook:
    """A notebook that is parsed already, as JSON or by nbformat."""
    cells, section = [], ""
    for cell in nb["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            section = (HEADING.findall(source) or [section])[-1]
        cells.append(Cell(cell["cell_type"], source, cell.get("id", ""), cell["metadata"], section))
    return Notebook(tuple(cells))
