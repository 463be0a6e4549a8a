"""What a learner can ask for one exercise: its blank cell again, hints, and after honest tries its solution."""

import html
import re
from pathlib import Path

from course.notebook import Cell, Notebook, definitions, dumped, load, parsed, read
from course.plan import plan
from course.progress import note, progress
from course.released import FOLDER, released_lesson
from course.whose import CourseError, describe, record_solution

TRIES = 3  # different answers that must have failed before a solution is shown
KEPT = "kept"
DETAILS = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)


def named(lesson: Notebook, text: str) -> str:
    """The exercise that is meant by its name, its number in the lesson, something that it defines, or its section."""
    exercises, word = lesson.exercises, text.strip().lower()
    for number, (name, cell) in enumerate(exercises.items(), start=1):
        if word in (name.lower(), str(number), *(each.lower() for each in definitions(cell.source))):
            return name
    found = [name for name, cell in exercises.items() if word in f"{name} {cell.section}".lower()]
    if len(found) == 1:
        return found[0]
    known = "".join(f"\n  {number} {name}: {cell.section}" for number, (name, cell) in enumerate(exercises.items(), 1))
    raise CourseError(f"there is no one exercise {text[:60]!r} in this lesson; it has{known}")


def reset(workspace: Path, lesson: str, exercise: str) -> str:
    """Put the exercise's cell back as the lesson has it, and keep what stood in it; returns what to tell."""
    notebook = workspace / f"{lesson}.ipynb"
    release = workspace / FOLDER / notebook.name
    source = load(release) if release.exists() else blank(load(plan().notebook(lesson)))
    nb, there = load(notebook), parsed(source)
    fresh = source["cells"][[cell.exercise for cell in there.cells].index(exercise)]
    cells = parsed(nb).cells
    old = [at for at, cell in enumerate(cells) if cell.nbgrader.get("grade_id") == exercise]
    at = old[0] if old else place_for(exercise, there, cells)
    kept = keep(workspace, lesson, exercise, "\n\n\n".join(cells[each].source for each in old)) if old else None
    new = [raw for number, raw in enumerate(nb["cells"]) if number not in old]
    nb["cells"] = [*new[:at], fresh, *new[at:]]
    notebook.write_text(dumped(nb), encoding="utf-8")
    told = f"{exercise} in {notebook.name} is as it was at first"
    told += f"; what stood there lies in {kept.relative_to(workspace)}" if kept else ""
    return f"{told}. If the notebook is open: File > Reload Notebook from Disk."


def blank(nb: dict) -> dict:
    """The lesson without its solutions."""
    for cell, raw in zip(parsed(nb).cells, nb["cells"], strict=True):
        raw["source"] = cell.released
    return nb


def place_for(exercise: str, lesson: Notebook, cells: tuple[Cell, ...]) -> int:
    """Where its cell belongs in a notebook that has lost it: below the last cell before it that is still there."""
    before = [cell.id for cell in lesson.cells[: [cell.exercise for cell in lesson.cells].index(exercise)]]
    return max((at + 1 for at, cell in enumerate(cells) if cell.id in before), default=0)


def keep(workspace: Path, lesson: str, name: str, text: str, ending: str = ".py") -> Path:
    """Write `text` into a new file under kept/."""
    folder = workspace / KEPT / lesson
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + len(list(folder.glob(f"{name}-*{ending}")))
    while (file := folder / f"{name}-{number}{ending}").exists():
        number += 1
    file.write_text(text, encoding="utf-8")
    return file


def hint(workspace: Path, lesson: str, exercise: str, level: int | None) -> str:
    """The hint of that level, or the next that was not shown yet; from the lesson, where it is folded away."""
    notebook = workspace / f"{lesson}.ipynb"
    hints = hints_of(released_lesson(workspace, lesson), exercise)
    if not hints:
        return f"{exercise} has no hints; the text above its cell in {notebook.name} says what is asked for."
    shown = progress(notebook).get(exercise, {}).get("hints", 0)
    level = level or min(shown + 1, len(hints))
    if not 1 <= level <= len(hints):
        raise CourseError(f"{exercise} has {len(hints)} hints: a level is a number from 1 to {len(hints)}")
    note(notebook, exercise, hints=max(level, shown))
    return f"{exercise}, hint {level} of {len(hints)}: {hints[level - 1]}"


def hints_of(lesson: Notebook, exercise: str) -> list[str]:
    """The folded hints that stand between the exercise or check before and this exercise's check."""
    found, own = [], False
    for cell in lesson.cells:
        if cell.checks == exercise:
            return found
        if cell.nbgrader:
            found, own = (found if cell.exercise == exercise else []), cell.exercise == exercise or own
        elif cell.kind == "markdown":
            found += [plain(text) for head, text in DETAILS.findall(cell.source) if "hint" in head.lower()]
    return found if own else []


def plain(text: str) -> str:
    """HTML as text for a terminal."""
    text = re.sub(r"</?code>", "`", text)
    text = re.sub(r"</?pre>", "\n", text)
    return html.unescape(re.sub(r"<[^<>]+>", "", text)).strip()


def solution(workspace: Path, lesson: str, exercise: str, now: bool) -> str:
    """The exercise's solution, which is written down and said ever after in the package's first line."""
    tried = len(progress(workspace / f"{lesson}.ipynb").get(exercise, {}).get("failed", []))
    if tried < TRIES and not now:
        raise CourseError(
            f"{tried} different answers to {exercise} have failed its check; after {TRIES} its solution is shown. "
            f"`python -m course hint {lesson} {exercise}` gives a hint, and --now shows the solution at once; that it "
            "was looked up is said ever after."
        )
    cell = read(plan().notebook(lesson)).exercises[exercise]
    if cell.is_blank or cell.solved == cell.source:
        raise CourseError("this copy of the course holds no solutions: ask whoever gave it to you")
    record_solution(workspace / "tinytorch", lesson, exercise)
    return f"{cell.solved.rstrip()}\n\n# {describe(workspace / 'tinytorch').text}"
