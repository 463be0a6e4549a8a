"""Carries a workspace of the first layout (companions beside the lessons) over to today's; the old one stays beside it.

old_layout.json says what that layout was: `attributes` and `modules` that have other names now, lines that the course
gave within an exercise and has `dropped`, and, to tell what it gave from what a learner wrote, checksums: of each
lesson's given cells and blanks, and of each companion.
"""

import json
import re
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from course.exporter import module_texts, write
from course.lesson import companions_to_write
from course.merge import digest, merged
from course.notebook import Cell, dumped, load, parsed
from course.notebook import read as read_notebook
from course.plan import file_of, plan
from course.refusals import refuse_blanks, refuse_broken
from course.whose import CourseError, read, record, title
from course.workspace import PLACED, create, fill, is_old_layout

OLD = json.loads(Path(__file__).with_name("old_layout.json").read_text(encoding="utf-8"))
ATTRIBUTES = re.compile(rf"(?<=\.)({'|'.join(OLD['attributes'])})\b")
MODULES = re.compile(rf"\btinytorch\.({'|'.join(map(re.escape, OLD['modules']))})\b")
NOT_CARRIED = {"__pycache__", ".ipynb_checkpoints"}


@dataclass
class Report:
    """What was done, by name; `again` are lessons whose notebook must be run to its last cell once more."""

    backup: Path
    notebooks: list[str] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __str__(self):
        return "\n".join(
            f"{text}: {', '.join(names)}"
            for text, names in (
                ("as it was, your workspace lies in", [str(self.backup)]),
                ("what you wrote is in the new version of", self.notebooks),
                ("exported again into your tinytorch", self.exported),
                ("to be run and exported by you, from the first to the last cell", self.again),
                ("kept as they were, beside the new ones", self.kept),
            )
            if names
        )


def upgrade(workspace: Path) -> Report:
    """Make a workspace of today's layout with all that the learner wrote, in the place of `workspace`.

    That is renamed only when the new one is complete: whatever fails before, nothing has happened.
    """
    if not is_old_layout(workspace):
        raise CourseError(f"{workspace} has today's layout, or is no workspace: there is nothing to carry over")
    new, backup = (workspace.with_name(f"{workspace.name}-{word}") for word in ("new", "before"))
    if taken := [folder for folder in (new, backup) if folder.exists()]:
        raise CourseError(f"{taken[0]} is in the way: move or rename it, then again")
    report = Report(backup)
    try:
        create(new)
        bring_files(workspace, new, report)
        bring_lessons(workspace, new, report)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    workspace.rename(backup)
    new.rename(workspace)
    return report


def bring_files(old: Path, new: Path, report: Report):
    """What the learner made is copied, what they wrote in lessons is carried over, and what else they changed of the
    course's is kept beside the new one."""
    placed, package = read(old, PLACED), old / "tinytorch"
    made = {package / file_of(module) for modules in read(package, "names.json").values() for module in modules}
    made |= {old / PLACED, package / "names.json", package / "lessons.json"}
    for file in sorted(old.rglob("*")):
        name = file.relative_to(old).as_posix()
        if file.is_dir() or file in made or NOT_CARRIED & {*file.parts} or is_untouched(file, placed.get(name)):
            continue
        if name in placed and file.stem in plan().lessons:
            (new / name).write_text(carried(load(file), load(new / name), file.stem), encoding="utf-8")
            report.notebooks.append(name)
            continue
        place = name
        if name in placed and file.suffix == ".ipynb":  # a companion
            place = f"given/{file.stem}.mine.ipynb"
        elif (new / name).exists():
            place = f"{name}.mine"
        report.kept += [place] * (place != name)
        (new / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, new / place)
        if file.suffix == ".ipynb":
            rename_in(new / place)


def is_untouched(file: Path, checksum: str | None) -> bool:
    """It is as the course placed it, or a companion that was only run and saved."""
    if sha256(file.read_bytes()).hexdigest() == checksum:
        return True
    sources = [cell.source for cell in parsed(load(file)).cells] if file.stem in OLD["companions"] else []
    return bool(sources) and digest("\n".join(sources)) == OLD["companions"][file.stem]


def carried(old: dict, new: dict, lesson: str) -> str:
    """The lesson's new version with what a learner wrote in the `old` one."""
    checks = {digest(cell.source) for cell in parsed(old).cells if cell.checks}
    return dumped(merged(old, new, {*OLD["given"].get(lesson, "").split(), *checks}, renamed))


def renamed(cell: Cell) -> str:
    """The source, with the names of today where it uses a name of the first layout, and without its dropped lines."""
    if not cell.is_code:
        return cell.source
    source = "\n".join(line for line in cell.source.split("\n") if line not in OLD["dropped"]).rstrip("\n")
    source = ATTRIBUTES.sub(lambda match: OLD["attributes"][match[0]], source)
    return MODULES.sub(lambda match: f"tinytorch.{OLD['modules'][match[1]]}", source)


def rename_in(notebook: Path):
    nb = load(notebook)
    for cell, raw in zip(parsed(nb).cells, nb["cells"], strict=True):
        raw["source"] = renamed(cell)
    notebook.write_text(dumped(nb), encoding="utf-8")


def bring_lessons(old: Path, new: Path, report: Report):
    """The lessons of the package: the learner's own are exported again, where their notebook is what they exported."""
    whose = {name: note["whose"] for name, note in read(old / "tinytorch", "lessons.json").items()}
    fill(new / "tinytorch", [name for name in whose if whose[name] == "reference"])
    for name in [name for name in plan().lessons if whose.get(name) == "yours"]:
        try:
            export_again(name, old, new)
            report.exported.append(title(name))
        except (CourseError, SyntaxError):
            report.again.append(f"{name}.ipynb")


def export_again(name: str, old: Path, new: Path):
    """Raises CourseError where that would export something else than the learner did, or what does not import."""
    before, notebook, package = old / f"{name}.ipynb", new / f"{name}.ipynb", new / "tinytorch"
    expected = module_texts(before, old) if before.exists() else {}
    exported = {module: old / "tinytorch" / file_of(module) for module in expected}
    there = {module: file.read_text(encoding="utf-8") for module, file in exported.items() if file.exists()}
    if not expected or there != expected:
        raise CourseError("it was changed since it was exported")
    refuse_blanks(read_notebook(notebook))
    files = [notebook, *(new / plan().place(each.name) for each in companions_to_write(package, name))]
    each = [module_texts(file, new) for file in files]
    texts = {file_of(module): text for modules in each for module, text in modules.items()}
    refuse_broken(package, texts)
    for file, text in texts.items():
        write(package / file, text)
    record(package, name, "yours")
