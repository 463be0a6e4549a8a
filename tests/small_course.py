"""A course of four small lessons, as real ones are built, and a learner's workspace of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.exporter import export_all

ROOT = Path(__file__).parents[1]
EXERCISE = {"grade": False, "grade_id": "double", "locked": False, "schema_version": 3, "solution": True, "task": False}
CHECK = {
    "grade": True,
    "grade_id": "check-double",
    "locked": True,
    "points": 5,
    "schema_version": 3,
    "solution": False,
    "task": False,
}


PLAN = """
[milestones]
two_2000 = ["02_two"]

[01_one]
needs = []
exports = "tensor"
required = ["ops.creation"]

[02_two]
needs = ["01_one"]
exports = "autograd"

[03_six]
needs = ["02_two"]
exports = "nn.module"

[04_ten]
needs = ["01_one"]
exports = "data"
breadth = [{ exports = "datasets", needs = ["02_two"] }]
"""


def lesson(folder, name, module, head, answer="return 2 * x"):
    """A lesson as a real one is built: begin, an exercise with its check, export."""
    cells = [
        new_code_cell(f'from course import begin\n\nbegin("{name}")', id="begin"),
        new_code_cell(f"#| default_exp {module}", id="default"),
        new_code_cell(f'#| export\n"""A module."""\n\n{head}', id="head"),
        new_markdown_cell("## 1. Two\n\n<details><summary>Hint 1</summary>Which operator?</details>", id="text"),
        new_code_cell(
            f"#| export\ndef double(x):\n    ### BEGIN SOLUTION\n    {answer}\n    ### END SOLUTION",
            id="double",
            metadata={"nbgrader": EXERCISE},
        ),
        new_code_cell("assert double(2) == 4, f'got {double(2)}'", id="check", metadata={"nbgrader": CHECK}),
        new_code_cell(f'from course import export\n\nexport("{name}")', id="export"),
    ]
    nb = new_notebook(
        cells=cells, metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )
    (folder / "modules" / name[:6]).mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, folder / "modules" / name[:6] / f"{name}.ipynb")


def companion(folder, name, module, source):
    begin = f'from course import begin\n\nbegin("{name}")'
    cells = [
        begin,
        f"#| default_exp {module}",
        f"#| export\n{source}",
        f'from course import export\n\nexport("{name}")',
    ]
    nb = new_notebook(cells=[new_code_cell(source, id=f"c{number:03}") for number, source in enumerate(cells)])
    nbformat.write(nb, folder / "modules" / name[:6] / f"{name}.ipynb")


def make(root: Path):
    """A repository with four small lessons under the real namespaces; the first and the last have a companion.

    It has a copy of `course`, with a plan of its own: where PYTHONPATH names it, it is found first.
    """
    namespaces = [*(ROOT / "tinytorch").rglob("__init__.py"), ROOT / "tinytorch/_namespace.py"]
    for file in [*namespaces, *(ROOT / "course").glob("*.py")]:
        target = root / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    lesson(root, "01_one", "tensor", "class Tensor:\n    pass")
    companion(root, "01_one_creation", "ops.creation", "three = 3")
    lesson(root, "02_two", "autograd", "from tinytorch.tensor import Tensor\n\nTensor.two = 2")
    lesson(root, "03_six", "nn.module", "from tinytorch.autograd import Tensor")
    lesson(root, "04_ten", "data", "from tinytorch.tensor import Tensor")
    companion(root, "04_ten_datasets", "datasets", "from tinytorch.autograd import double\n\nfour = double(2)")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, root / name)
    (root / "course/plan.toml").write_text(PLAN)
    export_all(root)


def cell(notebook, name="double"):
    """The cell `name` of a notebook's file, as JSON; and a function that writes the file."""
    nb = json.loads(notebook.read_text())
    found = next(each for each in nb["cells"] if each["id"] == name)
    return found, lambda: notebook.write_text(json.dumps(nb))


def write(notebook, source, name="double"):
    """Put `source` into a cell of the notebook's file."""
    found, save = cell(notebook, name)
    found["source"] = source
    save()


def edit(notebook, old, new):
    """Change the notebook's file, as saving it does."""
    text = notebook.read_text()
    assert json.dumps(old)[1:-1] in text
    notebook.write_text(text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))


def solve(notebook, answer="return 2 * x"):
    nb = nbformat.read(notebook, as_version=4)
    next(cell for cell in nb.cells if cell.id == "double").source = f"#| export\ndef double(x):\n    {answer}"
    nbformat.write(nb, notebook)


SHELL = """
import json, sys, traitlets.config
from IPython.core.interactiveshell import InteractiveShell
settings = traitlets.config.Config(HistoryManager={"hist_file": ":memory:"}, InteractiveShell={"colors": "nocolor"})
shell, errors = InteractiveShell.instance(config=settings), []
shell.showtraceback = shell.showsyntaxerror = lambda *arguments, **options: None
for source in json.load(sys.stdin):
    result = shell.run_cell(source, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    if error:
        errors.append(f"{type(error).__name__}: {error}")
print(json.dumps(errors), file=sys.stderr)
"""


def execute(notebook, change=lambda nb: None):
    """Run its cells where it lies, as a kernel's shell does; returns what they printed, and their errors.

    `change` edits what runs, not what is saved. (`execute_in_kernel` does the same in a real kernel, three times slower.)
    """
    nb = nbformat.read(notebook, as_version=4)
    change(nb)
    return run(notebook.parent, [cell.source for cell in nb.cells if cell.cell_type == "code"])


def run(folder, sources):
    """Run cells of these `sources` in one shell; returns what they printed, and their errors."""
    command = [sys.executable, "-c", SHELL]
    ran = subprocess.run(command, cwd=folder, input=json.dumps(sources), capture_output=True, text=True)
    return ran.stdout, json.loads(ran.stderr.splitlines()[-1])


def command(folder, *arguments, python=sys.executable):
    """`python -m course ...` in `folder`: its exit status, and what it printed."""
    environment = os.environ | {"COLUMNS": "200"}
    ran = subprocess.run(
        [python, "-m", "course", *arguments], cwd=folder, capture_output=True, text=True, env=environment
    )
    return ran.returncode, ran.stdout + ran.stderr


def sources_of(notebook):
    """Its code by the cells' ids."""
    nb = nbformat.read(notebook, as_version=4)
    return {cell.id: cell.source for cell in nb.cells if cell.cell_type == "code"}


def execute_in_kernel(notebook):
    nb = nbformat.read(notebook, as_version=4)
    NotebookClient(nb, timeout=60, allow_errors=True, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
    return (
        "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"),
        [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"],
    )
