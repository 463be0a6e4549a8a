"""The learner's workspace: release versions of the lessons, a tinytorch of their own, the milestones.

It lies flat: a notebook's kernel runs in the workspace, so `import tinytorch` finds workspace/tinytorch first.
"""

import ast
import hashlib
import json
import shutil
from pathlib import Path

from course.exporter import default_exp, file_of, is_generated, module_text
from course.whose import CourseError, describe, read, record, title

ROOT = Path(__file__).parents[1]  # the repository that `course` is installed from; its tinytorch is the reference
PLACED = ".placed.json"  # what the course put into the workspace, by checksum: tells which lessons are newer by now

README = """\
# Your tinytorch

Open `01_tensor.ipynb`. Work from top to bottom: fill the cells marked YOUR CODE HERE, run the check below each, save,
and run the last cell. It exports the lesson into `tinytorch/`, which is yours alone and starts empty; the next lessons
and the milestones run on it.
`Validate` (in JupyterLab's toolbar) runs a notebook from top to bottom and says which checks fail.

In a terminal of JupyterLab:

    python -m course status       which lessons you have built
    python -m course catch-up 3   fills the lessons before 3 that you lack from the reference, and says so ever after
    python -m milestones          what your package can train by now

`make lab` in the repository opens this workspace again. Nothing in it is ever overwritten: a newer
version of a lesson arrives when you rename or remove yours and run `make lab` again.
"""

# nbgrader looks for this file where it runs. Nothing is handed in from here, so its exchange stays in the workspace.
NBGRADER = """\
c = get_config()
c.CourseDirectory.course_id = "tinytorch"
c.Exchange.root = ".nbgrader/exchange"
c.Exchange.cache = ".nbgrader/cache"
c.NbGrader.logfile = ""
c.Execute.timeout = 60
"""


def release(notebook: Path) -> str:
    """The student's version of a lesson, made by nbgrader's own steps: no solutions, no hidden tests, checks locked."""
    import nbformat  # with nbgrader, three seconds that only this function needs
    from nbgrader import preprocessors as steps

    nb, resources = nbformat.read(notebook, as_version=4), {}
    for step in (
        steps.CheckCellMetadata,
        steps.LockCells,
        steps.ClearSolutions,
        steps.ClearOutput,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
        steps.CheckCellMetadata,
    ):
        nb, resources = step().preprocess(nb, resources)
    text = nbformat.writes(nb) + "\n"
    for word in ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN"):
        if word in text:
            raise CourseError(f"the release of {notebook.name} still holds {word!r}")
    return text


def lessons(root: Path = ROOT) -> dict[str, dict[str, list[str]]]:
    """For each lesson of the course, the modules that it builds and the names in each: names.json of a workspace."""
    table = {}
    for notebook in sorted(root.glob("modules/*/*.ipynb")):
        if module := default_exp(notebook):
            names = built_names(ast.parse(module_text(notebook, root)))
            table.setdefault(notebook.parent.name, {})[module] = sorted(set(names))
    return table


def built_names(tree: ast.Module):
    """`__all__` of an exported module, and the methods that it attaches to Tensor."""
    for node in tree.body:
        for target in node.targets if isinstance(node, ast.Assign) else []:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Name) and part.id == "__all__":
                    yield from ast.literal_eval(node.value)
                elif isinstance(part, ast.Attribute) and ast.unparse(part.value) == "Tensor" and part.attr[0] != "_":
                    yield part.attr


def contents(root: Path = ROOT) -> dict[str, str]:
    """What a new workspace holds, by path; generated from the repository and the same each time."""
    files = {notebook.name: release(notebook) for notebook in sorted(root.glob("modules/*/*.ipynb"))}
    for file in sorted([*root.glob("tinytorch/**/*.py"), *root.glob("milestones/**/*.py")]):
        if not is_generated(file):  # the faces and the milestones, not the lessons
            files[file.relative_to(root).as_posix()] = file.read_text(encoding="utf-8")
    return files | {"README.md": README, "nbgrader_config.py": NBGRADER, "tinytorch/lessons.json": "{}\n"}


def create(workspace: Path, root: Path = ROOT) -> tuple[list[str], list[str]]:
    """Make the workspace, or complete it; returns what was added, and what is newer in the course than here.

    A file that exists is never written over: what a learner did stays, even if the course has moved on.
    """
    placed = json.loads((workspace / PLACED).read_text()) if (workspace / PLACED).exists() else {}
    added, newer = [], []
    for name, text in contents(root).items():
        checksum = hashlib.sha256(text.encode()).hexdigest()
        file = workspace / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            placed[name] = checksum
            added.append(name)
        elif placed.get(name) != checksum:
            newer.append(name)
    table = json.dumps(lessons(root), indent=1) + "\n"  # the course's own note of what each lesson builds
    (workspace / "tinytorch" / "names.json").write_text(table, encoding="utf-8")
    (workspace / PLACED).write_text(json.dumps(placed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return added, newer


def catch_up(number: int, workspace: Path | None = None, root: Path = ROOT) -> list[str]:
    """Fill the lessons before `number` that the learner lacks from the reference, their own untouched; returns them."""
    package = (workspace or Path.cwd()) / "tinytorch"
    if not (package / "lessons.json").exists():
        raise CourseError(f"{package.parent} is no workspace: run this in yours (`make lab` makes one)")
    known = [int(lesson[:2]) for lesson in read(package, "names.json")]
    if not 2 <= number <= max(known) + 1:
        raise CourseError(
            f"catch up to lesson {number}? There are lessons {min(known)} to {max(known)}: `catch-up 3` fills "
            "what you lack of 1 and 2"
        )
    filled = [
        lesson
        for lesson in read(package, "names.json")
        if int(lesson[:2]) < number and lesson not in read(package, "lessons.json")
    ]
    for lesson in filled:
        for module in read(package, "names.json")[lesson]:
            name = file_of(module)
            if not (package / name).exists():
                shutil.copyfile(root / "tinytorch" / name, package / name)
        record(package, lesson, "reference")
    print("from the reference:", ", ".join(map(title, filled)) or "nothing was missing")
    print(describe(package).text)
    return filled
