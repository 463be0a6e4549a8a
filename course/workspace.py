"""The learner's workspace: release versions of the lessons, a tinytorch of their own, the milestones.

A lesson's kernel runs in the workspace, so `import tinytorch` finds workspace/tinytorch first; from given/, where the
companions lie, `begin` says where it is.
"""

import ast
import hashlib
import json
import shutil
from pathlib import Path

from course.exporter import is_generated, write_whole
from course.lab import place_launcher, place_settings
from course.plan import ROOT, file_of, plan
from course.released import FOLDER as RELEASED
from course.whose import CourseError, describe, read, record, title

PLACED = ".placed.json"  # what the course put into the workspace, by checksum: tells which files are newer by now

README = """\
# Your tinytorch

Open the first lesson below that you have not done. Work from top to bottom: fill the cells marked YOUR CODE HERE, run
the check below each, save, and run the last cell. It exports the lesson into `tinytorch/`, which is yours alone and
starts empty; the next lessons and the milestones run on it. After a restart of the kernel nothing is defined: choose
Run > Run All Above Selected Cell.

## Lessons

{lessons}

## Commands

In a terminal of JupyterLab, or any other, here or in a folder below:

| command | what |
|---|---|
| `python -m course status` | how far you are: each exercise, its points, what next |
| `python -m course hint 1 to-array` | a hint for an exercise; the next one each time |
| `python -m course reset 1 to-array` | an exercise's cell as it was at first; yours is kept in `kept/` |
| `python -m course solution 1 to-array` | its solution: to compare, once yours has passed; before that, after three \
different answers failed, and then it is said ever after |
| `python -m course catch-up 3` | fills what lesson 3 needs and you lack from the reference, and says so ever after |
| `python -m course update` | newer versions of the lessons around what you wrote |
| `python -m course doctor` | what is wrong where something does not work |
| `python -m milestones` | what your package can train by now |

`Validate` (in JupyterLab's toolbar) runs a notebook from top to bottom and says which checks fail. Copies of a lesson
are for trying things: only the notebook with the lesson's own name is exported.

## Companions

In `given/` lies the breadth of PyTorch, complete, to read and to try. Each lesson's last cell exports its companions.

{companions}
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
    text = notebook.read_text(encoding="utf-8")
    if '"solution": true' in text and "### BEGIN SOLUTION" not in text:  # in a students' bundle it is one already
        return text
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
    if (noted := root / "tinytorch" / "names.json").exists():  # a students' bundle, without the modules
        return json.loads(noted.read_text(encoding="utf-8"))

    def names(module: str) -> list[str]:
        return sorted({*built_names(ast.parse((root / "tinytorch" / file_of(module)).read_text(encoding="utf-8")))})

    return {name: {module: names(module) for module in one.modules} for name, one in plan(root).lessons.items()}


def built_names(tree: ast.Module):
    """`__all__` of an exported module, and the methods that it attaches to Tensor."""
    for node in (each for each in tree.body if isinstance(each, ast.Assign)):
        for target in node.targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Name) and part.id == "__all__":
                    yield from ast.literal_eval(node.value)
                elif isinstance(part, ast.Attribute) and ast.unparse(part.value) == "Tensor" and part.attr[0] != "_":
                    yield part.attr


def contents(root: Path = ROOT) -> dict[str, str]:
    """What a new workspace holds, by path; generated from the repository and the same each time."""
    files = {plan(root).place(notebook.stem): release(notebook) for notebook in plan(root).notebooks}
    for file in sorted([*root.glob("tinytorch/**/*.py"), *root.glob("milestones/**/*.py")]):
        if not is_generated(file):  # the namespaces and the milestones, not the lessons
            files[file.relative_to(root).as_posix()] = file.read_text(encoding="utf-8")
    return files | {"README.md": readme(root), "nbgrader_config.py": NBGRADER, "tinytorch/lessons.json": "{}\n"}


def readme(root: Path) -> str:
    """What JupyterLab opens on: links to the lessons in their order, and below them to the companions."""
    course, link = plan(root), "[{}]({})".format
    lessons = [f"- {link(title(name), course.place(name))}" for name in course.lessons]
    companions = [
        f"- {title(name)}: "
        + ", ".join(link(each.name.removeprefix(f"{name}_"), course.place(each.name)) for each in one.companions)
        for name, one in course.lessons.items()
        if one.companions
    ]
    return README.format(lessons="\n".join(lessons), companions="\n".join(companions))


def placed_in(workspace: Path) -> dict[str, str]:
    return read(workspace, PLACED) if (workspace / PLACED).exists() else {}


def is_old_layout(workspace: Path, root: Path = ROOT) -> bool:
    """Companions were placed beside the lessons in it: the layout before given/."""
    placed = placed_in(workspace)
    beside = {name.removesuffix(".ipynb") for name in placed if name.endswith(".ipynb") and "/" not in name}
    return not beside <= plan(root).lessons.keys()


def refuse_old_layout(workspace: Path, root: Path = ROOT):
    if is_old_layout(workspace, root):
        raise CourseError(
            f"{workspace} was made by an earlier version of the course, where companions lay beside the lessons. Close "
            f"JupyterLab and run, in the repository, `python -m course upgrade --workspace {workspace}`: it makes a "
            f"workspace of today's layout with all that you wrote, and keeps the old one as {workspace.name}-before."
        )


def create(workspace: Path, root: Path = ROOT) -> tuple[list[str], list[str]]:
    """Make the workspace, or complete it; returns what was added, and what is newer in the course than here.

    A file that exists is never written over: what a learner did stays, even if the course has moved on.
    """
    refuse_old_layout(workspace, root)
    placed, added, newer = placed_in(workspace), [], []
    for name, text in contents(root).items():
        checksum = hashlib.sha256(text.encode()).hexdigest()
        file = workspace / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            placed[name] = checksum
            added.append(name)
        if placed.get(name) != checksum:
            newer.append(name)
        elif name.endswith(".ipynb"):
            write_whole(workspace / RELEASED / name, text.encode())
    write_names(workspace, root)
    note_placed(workspace, placed)
    place_launcher(workspace)
    place_settings(workspace)
    return added, newer


def write_names(workspace: Path, root: Path):
    """The course's own note of what each lesson builds."""
    table = json.dumps(lessons(root), indent=1) + "\n"
    (workspace / "tinytorch" / "names.json").write_text(table, encoding="utf-8")


def note_placed(workspace: Path, placed: dict[str, str]):
    (workspace / PLACED).write_text(json.dumps(placed, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def catch_up(name: str | int, workspace: Path | None = None, root: Path = ROOT) -> list[str]:
    """Fill what the lesson or companion `name` needs (of "all", every lesson) and the learner lacks from the reference.

    Their own lessons are not touched. Returns what was filled.
    """
    package, course = (workspace or Path.cwd()) / "tinytorch", plan(root)
    if not (package / "lessons.json").exists():
        raise CourseError(f"{package.parent} is no workspace: run this in yours (`python -m course lab` makes one)")
    wanted = list(course.lessons) if name == "all" else course.before(str(name))
    lacking = [lesson for lesson in wanted if lesson not in read(package, "lessons.json")]
    fill(package, lacking, root)
    print("from the reference:", ", ".join(map(title, lacking)) or "nothing was missing")
    print(describe(package).text)
    return lacking


def fill(package: Path, lessons: list[str], root: Path = ROOT):
    """Copy `lessons` from the reference into a learner's package, with all companions that can stand there then."""
    course = plan(root)
    ready = course.ready({*read(package, "lessons.json"), *lessons})
    own = [file for name in lessons for file in course.lessons[name].files]
    if lacking := [name for name in lessons if not (root / "tinytorch" / course.lessons[name].files[0]).exists()]:
        raise CourseError(
            f"this copy of the course holds no solution of {', '.join(map(title, lacking))}: do them first, or ask "
            "whoever gave it to you"
        )
    for file in [*own, *(file for companion in ready for file in companion.files)]:
        if not (package / file).exists():
            (package / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "tinytorch" / file, package / file)
    for name in lessons:
        record(package, name, "reference")
