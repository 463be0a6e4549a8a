"""Whose tinytorch is it? A learner must never pass on somebody else's code, so everything that runs says so first."""

import importlib.util
import json
from dataclasses import dataclass, field
from pathlib import Path


class CourseError(Exception):
    """Something that the learner can put right; the message says how."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the sentence, without our frames."""
        return [f"\033[31mCourseError: {self}\033[0m"]


@dataclass(frozen=True)
class Whose:
    """The owner of a package: one sentence to print, and for a learner's package, each lesson's origin."""

    text: str
    is_reference: bool
    package: Path
    lessons: dict = field(default_factory=dict)  # lesson -> "yours" or "reference"


def describe(package=None) -> Whose:
    """Whose `package` is: a folder, an imported module, or by default what `import tinytorch` finds here.

    A learner's package has lessons.json beside its namespaces (which lessons are theirs), names.json (which there are).
    """
    if package is None:
        found = importlib.util.find_spec("tinytorch")
        if found is None:
            where = "open the notebook from your workspace (`python -m course lab`)"
            raise CourseError(f"there is no tinytorch here: {where}")
        package = found.origin
    folder = Path(getattr(package, "__file__", package)).resolve()
    folder = folder.parent if folder.suffix == ".py" else folder
    if not (folder / "lessons.json").exists():
        return Whose("the reference tinytorch", True, folder)
    lessons = {name: note["whose"] for name, note in read(folder, "lessons.json").items()}
    mine = [name for name, whose in lessons.items() if whose == "yours"]
    borrowed = ", ".join(title(name) for name, whose in sorted(lessons.items()) if whose != "yours")
    text = f"your tinytorch: {len(mine)} of {len(read(folder, 'names.json'))} lessons"
    return Whose(text + (f" ({borrowed} from the reference)" if borrowed else ""), False, folder, lessons)


def read(package: Path, name: str) -> dict:
    return json.loads((package / name).read_text(encoding="utf-8"))


def record(package: Path, lesson: str, whose: str):
    """Write down that `lesson` in `package` is "yours" or from the "reference"."""
    notes = read(package, "lessons.json") | {lesson: {"whose": whose}}
    (package / "lessons.json").write_text(json.dumps(notes, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def title(lesson: str) -> str:
    return lesson.replace("_", " ")
