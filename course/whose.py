"""Whose tinytorch is it? A learner must never pass on somebody else's code, so everything that runs says so first."""

import importlib.util
import json
from dataclasses import dataclass, field
from pathlib import Path

SOLUTIONS = "solutions.json"  # in a learner's package: {lesson: exercises whose solution was shown}


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
    text = f"your tinytorch: {len(mine)} of {len(read(folder, 'names.json'))} lessons"
    return Whose(text + helped(folder, lessons), False, folder, lessons)


def helped(package: Path, lessons: dict[str, str]) -> str:
    """What in a learner's package is not their own work: lessons from the reference, solutions that they looked up."""
    borrowed = [title(name) for name, whose in sorted(lessons.items()) if whose != "yours"]
    if len(borrowed) > 3:
        borrowed = [f"{len(borrowed)} lessons"]
    seen = read(package, SOLUTIONS) if (package / SOLUTIONS).exists() else {}
    looked_up = [f"{', '.join(exercises)} of {title(name)}" for name, exercises in sorted(seen.items())]
    parts = [f"{', '.join(borrowed)} from the reference"] * bool(borrowed)
    parts += [f"solutions looked up: {', '.join(looked_up)}"] * bool(looked_up)
    return f" ({'; '.join(parts)})" if parts else ""


def workspace_above(folder: Path) -> Path | None:
    """The workspace that `folder` lies in, however deep."""
    return next((each for each in (folder, *folder.parents) if (each / "tinytorch" / "lessons.json").exists()), None)


def read(package: Path, name: str) -> dict:
    return json.loads((package / name).read_text(encoding="utf-8"))


def record(package: Path, lesson: str, whose: str):
    """Write down that `lesson` in `package` is "yours" or from the "reference"."""
    notes = read(package, "lessons.json") | {lesson: {"whose": whose}}
    (package / "lessons.json").write_text(json.dumps(notes, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def record_solution(package: Path, lesson: str, exercise: str):
    """Write down that the solution of an exercise was shown."""
    seen = read(package, SOLUTIONS) if (package / SOLUTIONS).exists() else {}
    seen[lesson] = sorted({*seen.get(lesson, []), exercise})
    (package / SOLUTIONS).write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def title(lesson: str) -> str:
    return lesson.replace("_", " ")
