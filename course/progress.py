"""What a learner's checks have said, kept in the workspace's .progress/: `status`, `hint` and `solution` ask it."""

import ast
import hashlib
import json
from pathlib import Path

from course.exporter import write_whole
from course.notebook import BLANK

FOLDER = ".progress"


def progress(notebook: Path) -> dict[str, dict]:
    """What is noted of each exercise of a lesson: `passed`; `answer` and `check`, checksums of what ran last; `failed`,
    those of the different answers that did; `hints`, how many were shown.

    A file that cannot be read counts for nothing: the checks can be run again.
    """
    try:
        return json.loads(file_of(notebook).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def note(notebook: Path, exercise: str, **what):
    """Write down `what` of an exercise, if the notebook lies in a workspace."""
    if (notebook.parent / "tinytorch" / "lessons.json").exists():
        found = progress(notebook)
        found[exercise] = found.get(exercise, {}) | what
        write_whole(file_of(notebook), (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())


def note_check(notebook: Path, exercise: str, answer: str, check: str, passed: bool):
    """Write down what `check` said to `answer`, and count the different ones that failed: a blank is none."""
    failed = progress(notebook).get(exercise, {}).get("failed", [])
    if not passed and not BLANK.search(answer):
        failed = [*dict.fromkeys([*failed, meaning(answer)])]
    note(notebook, exercise, passed=passed, answer=checksum(answer), check=checksum(check), failed=failed)


def last_checked(notebook: Path) -> float:
    """When a check of the lesson last ran, in seconds; 0 if none did."""
    return file_of(notebook).stat().st_mtime if file_of(notebook).exists() else 0


def file_of(notebook: Path) -> Path:
    return notebook.parent / FOLDER / f"{notebook.stem}.json"


def checksum(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def meaning(answer: str) -> str:
    """The checksum of what an answer does: comments and white space make no other answer."""
    try:
        return checksum(ast.dump(ast.parse(answer)))
    except SyntaxError:
        return checksum(answer)
