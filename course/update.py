"""A newer version of the course arrives in a workspace, beside what its learner wrote; nothing of that is lost."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from course.exercise import KEPT
from course.exporter import write_whole
from course.lab import place_launcher, place_settings
from course.merge import digest, merged
from course.notebook import EXPORTED, Notebook, dumped, load, parsed
from course.plan import ROOT, plan
from course.released import FOLDER as RELEASED
from course.whose import read
from course.workspace import contents, note_placed, placed_in, refuse_old_layout, write_names


@dataclass
class Report:
    """What was done, by name; `again` are lessons whose notebook must be run to its last cell once more."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def __str__(self):
        lines = [
            f"{text}: {', '.join(names)}"
            for text, names in (
                ("new", self.new),
                ("newer now, as you had not changed it", self.replaced),
                ("newer now around what you wrote", self.merged),
                ("as it was before, to look at or to delete", self.kept),
                ("to be run and exported by you, from the first to the last cell", self.again),
            )
            if names
        ]
        return "\n".join(lines) or "your workspace has the newest of everything"


def update(workspace: Path, root: Path = ROOT) -> Report:
    refuse_old_layout(workspace, root)
    placed, report = placed_in(workspace), Report()
    exports = {}  # of each notebook that was exported, what it exported before
    for name, text in contents(root).items():
        file, now = workspace / name, checksum(text)
        if file.exists() and placed.get(name) == now and (workspace / RELEASED / name).exists() >= is_notebook(name):
            continue
        if is_notebook(name) and file.exists():
            exports[Path(name).stem] = exported(parsed(load(file)))
        bring(workspace, name, text, placed.get(name), report)
        if is_notebook(name):
            write_whole(workspace / RELEASED / name, text.encode())
        placed[name] = now
    write_names(workspace, root)
    note_placed(workspace, placed)
    place_launcher(workspace)
    place_settings(workspace)
    bring_package(workspace, exports, report, root)
    return report


def bring(workspace: Path, name: str, text: str, placed: str | None, report: Report):
    """One file of the course's, in its newer version; a notebook around what the learner wrote in theirs."""
    file, theirs = workspace / name, False
    if not file.exists():
        report.new.append(name)
    elif (before := file.read_text(encoding="utf-8")) == text:
        return
    elif checksum(before) != placed:
        theirs = True
        if is_notebook(name):
            old, base = load(file), workspace / RELEASED / name
            text = dumped(merged(old, json.loads(text), digests(base)))
            if sources(json.loads(text)) == sources(old):
                return
            theirs = not base.exists() or sources(old) != sources(load(base))  # else it was only run
    if theirs:
        report.kept.append(keep(workspace, file))
        report.merged += [name] * is_notebook(name)
    if file.exists() and name not in report.merged:
        report.replaced.append(name)
    write_whole(file, text.encode())


def bring_package(workspace: Path, exports: dict[str, list[str]], report: Report, root: Path):
    """What the package has from the reference is copied anew; what is the learner's own is theirs to export."""
    package, course = workspace / "tinytorch", plan(root)
    for name, note in read(package, "lessons.json").items():
        lesson = course.lessons.get(name)
        if lesson and note["whose"] == "reference":
            for file in [*lesson.files, *(file for companion in lesson.companions for file in companion.files)]:
                if (package / file).exists():
                    shutil.copyfile(root / "tinytorch" / file, package / file)
        elif lesson:
            both = [name, *(companion.name for companion in lesson.companions)]
            now = {each: exported(parsed(load(workspace / course.place(each)))) for each in both if each in exports}
            report.again += [f"{name}.ipynb"] * any(now[each] != exports[each] for each in now)


def keep(workspace: Path, file: Path) -> str:
    """A copy of `file` under kept/; its path in the workspace."""
    place = workspace / KEPT / "before-update" / file.relative_to(workspace)
    number, copy = 1, place
    while copy.exists():
        number += 1
        copy = place.with_name(f"{place.stem}-{number}{place.suffix}")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, copy)
    return copy.relative_to(workspace).as_posix()


def digests(base: Path) -> set[str]:
    """Of the cells that the course gave; where that is not known, all that differs counts as the learner's."""
    given = sources(load(base)) if base.exists() else []
    return {digest(text) for source in given for text in (source, EXPORTED.sub("#| export", source))}


def sources(nb: dict) -> list[str]:
    return [cell.source for cell in parsed(nb).cells]


def exported(notebook: Notebook) -> list[str]:
    return [cell.source.strip() for cell in notebook.exported]


def is_notebook(name: str) -> bool:
    return name.endswith(".ipynb")


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
