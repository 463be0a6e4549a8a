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


def named(lesson: Notebook, text: str, exactly: bool = False) -> str:
    """The exercise that is meant by its name, its number in the lesson, or something that it defines; if not `exactly`,
    also by words of its name or section."""
    exercises, word = lesson.exercises, text.strip().lower().removeprefix("check-")
    for number, (name, cell) in enumerate(exercises.items(), start=1):
        if word in (name.lower(), str(number), *(each.lower() for each in definitions(cell.source))):
            return name
    begun = [name for name in exercises if name.lower().startswith(word)]
    found = begun or [name for name, cell in exercises.items() if word in f"{name} {cell.section}".lower()]
    if len(found) == 1 and word and not exactly:
        return found[0]
    known = "".join(f"\n  {number} {name}: {cell.section}" for number, (name, cell) in enumerate(exercises.items(), 1))
    what = f"there is no one exercise {text[:60]!r} in this lesson; it has" if text else "which exercise?"
    raise CourseError(what + known)


def reset(workspace: Path, lesson: str, name: str) -> str:
    """Put a cell back as the lesson has it, that of an exercise, of a check ("check-" and the exercise), or any by its
    id; what stood in it is kept. Returns what to tell."""
    notebook = workspace / f"{lesson}.ipynb"
    release = workspace / FOLDER / notebook.name
    source = load(release) if release.exists() else blank(load(plan().notebook(lesson)))
    nb, there = load(notebook), parsed(source).cells
    place = [name_of(cell) for cell in there].index(name)
    cells = parsed(nb).cells
    old = [at for at, cell in enumerate(cells) if name_of(cell) == name]
    at = old[0] if old else place_for(there[:place], cells)
    stood = "\n\n\n".join(cells[each].source for each in old)
    kept = keep(workspace, lesson, name, stood) if old and stood != there[place].source else None
    new = [raw for number, raw in enumerate(nb["cells"]) if number not in old]
    nb["cells"] = [*new[:at], source["cells"][place], *new[at:]]
    notebook.write_text(dumped(nb), encoding="utf-8")
    told = f"{name} in {notebook.name} is as it was at first"
    told += f"; what stood there lies in {kept.relative_to(workspace)}" if kept else ""
    return f"{told}. If the notebook is open: File > Reload Notebook from Disk."


def name_of(cell: Cell) -> str:
    return cell.nbgrader.get("grade_id", cell.id)


def blank(nb: dict) -> dict:
    """The lesson without its solutions."""
    for cell, raw in zip(parsed(nb).cells, nb["cells"], strict=True):
        raw["source"] = cell.released
    return nb


def place_for(above: tuple[Cell, ...], cells: tuple[Cell, ...]) -> int:
    """Where a cell belongs in a notebook that has lost it: below the last of those `above` it that is still there."""
    known = {cell.id for cell in above}
    return max((at + 1 for at, cell in enumerate(cells) if cell.id in known), default=0)


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
    told = f"{exercise}, hint {level} of {len(hints)}: {hints[level - 1]}"
    if shown < len(hints):
        return told
    return f"{told}\n(That is the last; `python -m course solution {lesson} {exercise}` shows the solution.)"


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
    """The exercise's solution. Before one's own answer has passed, that is written down and said ever after in the
    package's first line."""
    noted = progress(workspace / f"{lesson}.ipynb").get(exercise, {})
    tried, passed = len(noted.get("failed", [])), noted.get("passed")
    if tried < TRIES and not now and not passed:
        raise CourseError(
            f"{tried} different answers to {exercise} have failed its check; after {TRIES} its solution is shown. "
            f"`python -m course hint {lesson} {exercise}` gives a hint, and --now shows the solution at once; that it "
            "was looked up is said ever after."
        )
    cell = read(plan().notebook(lesson)).exercises[exercise]
    if cell.is_blank or cell.solved == cell.source:
        raise CourseError("this copy of the course holds no solutions: ask whoever gave it to you")
    if passed:
        return cell.solved.rstrip()
    record_solution(workspace / "tinytorch", lesson, exercise)
    return f"{cell.solved.rstrip()}\n\n# {describe(workspace / 'tinytorch').text}"
