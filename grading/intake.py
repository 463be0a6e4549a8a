"""Takes in what students hand in: reads notebooks that nobody trusts, and makes each anew from the lesson's release.

Of a submission only the type, the source and the mark (nbgrader's grade_id) of its cells are taken over, within limits.
Its outputs, metadata, points and checks are never looked at.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import nbformat

from course.exporter import EXPORTED, write_whole
from course.workspace import release
from grading import archives
from grading.archives import NOTEBOOK, Entry, readable
from grading.course import Class, GradingError, lessons, source
from grading.submission import Lesson, metadata, reference

BRACKETS = 500_000  # each could be an object, which takes far more memory than the text of it
CELLS = 2000
CELL = 200_000  # characters of one cell
SOURCES = 2_000_000  # characters of all cells
KINDS = {"code": "code", "markdown": "markdown", "heading": "markdown", "raw": "raw"}  # headings: nbformat 3
NAMES = re.compile(r"^(?:async )?(?:def|class)[ \t]+(\w+)|^(\w+(?:\.\w+)*)[ \t]*=(?!=)", re.MULTILINE)
LOG = "received.json"  # beside the files as they were handed in: what came when, and what was odd about it


@dataclass(frozen=True)
class Plain:
    """All that is taken over of a cell. `id` is nbformat's own: it only tells which given cell this was."""

    kind: str
    source: str
    grade_id: str | None = None
    id: str | None = None


def read(raw: bytes) -> tuple[list[Plain], list[str]]:
    """The cells of a notebook file, and what was odd about it. GradingError if it is no notebook, or beyond the limits.

    Takes nbformat 4 and, from old tools, 3; a file that says another version, or none, is read by what it holds.
    """
    if len(raw) > NOTEBOOK:
        raise GradingError(f"it is larger than {NOTEBOOK // 2**20} MB: to be handed in with its outputs cleared")
    if raw.count(b"{") + raw.count(b"[") > BRACKETS:
        raise GradingError(f"it has more than {BRACKETS:,} brackets: to be handed in with its outputs cleared")
    twice = []

    def pairs_to_dict(pairs):
        found = dict(pairs)
        if len(found) < len(pairs) and not twice:
            twice.append("its JSON says a thing twice: the last counts")
        return found

    try:
        text = raw.decode(json.detect_encoding(raw))
        nb = json.loads(text, object_pairs_hook=pairs_to_dict)
    except (ValueError, RecursionError) as error:  # no JSON, not in UTF-8, nested too deeply, numbers without end
        raise GradingError(f"it is no notebook ({readable(type(error).__name__)}: {readable(error)})") from None
    cells, notes = taken(nb)
    return cells, twice + notes


def plain_cells(nb: dict) -> list[Plain]:
    """The cells of a notebook that is parsed already."""
    return taken(nb)[0]


def taken(nb) -> tuple[list[Plain], list[str]]:
    found = listed(nb, "cells")
    if not found:  # nbformat 3 kept them in worksheets
        found = [cell for sheet in listed(nb, "worksheets")[:CELLS] for cell in listed(sheet, "cells")[:CELLS]]
    if not found:
        raise GradingError("it is no notebook: it has no cells")
    if len(found) > CELLS:
        raise GradingError(f"it has {len(found)} cells, more than {CELLS}")
    plain = [cell for cell in map(plain_cell, found) if cell]
    if any(len(cell.source) > CELL for cell in plain) or sum(len(cell.source) for cell in plain) > SOURCES:
        raise GradingError(f"it has more source than {CELL:,} characters in a cell, or {SOURCES:,} in all")
    odd = len(found) - len(plain)
    return plain, [f"{odd} of its cells are malformed and were left out"] * bool(odd)


def listed(holder, key: str) -> list:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def plain_cell(cell) -> Plain | None:
    """None if it is malformed."""
    if not isinstance(cell, dict) or not isinstance(kind := cell.get("cell_type"), str) or kind not in KINDS:
        return None
    text = cell.get("source", cell.get("input"))  # nbformat 3 calls that of a code cell its input
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return None
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n")  # half a surrogate pair cannot be written
    mark = cell.get("metadata")
    for key in ("nbgrader", "grade_id"):
        mark = mark.get(key) if isinstance(mark, dict) else None
    return Plain(KINDS[kind], text, short(mark), short(cell.get("id")))


def short(value) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 100 else None


@cache
def template(lesson: str) -> nbformat.NotebookNode:
    """The lesson's release, made from modules/."""
    return nbformat.reads(release(source(lesson)), as_version=4)


def rebuild(lesson: Lesson, cells: list[Plain]) -> tuple[nbformat.NotebookNode, list[str]]:
    """The release with the student's solutions in it, and the cells that they added where they put them (metadata
    {"added": true}); and in sentences what an instructor should know. Rebuilding the result again changes nothing."""
    return Rebuilding(lesson, cells).result()


class Rebuilding:
    """One submission, matched against the release: each cell of the student's is a solution, a given cell, a check,
    or added by them."""

    def __init__(self, lesson: Lesson, cells: list[Plain]):
        self.lesson, self.cells, self.notes = lesson, cells, []
        self.nb = copy.deepcopy(template(lesson.name))
        self.own = self.nb.cells
        self.marked = {metadata(cell)["grade_id"]: at for at, cell in enumerate(self.own) if metadata(cell)}
        self.ids = {cell.id: at for at, cell in enumerate(self.own) if not metadata(cell)}
        self.sources = {squeezed(cell.source): at for at, cell in enumerate(self.own) if not metadata(cell)}
        self.places = [self.place(cell) for cell in cells]  # which cell of the release each is, None: added

    def result(self):
        kept, used = set(), set()  # numbers of the student's cells that are added, and that are solutions
        for exercise in self.lesson.points:
            solution, parts = self.solution(exercise)
            used.update(solution)
            kept.update(parts)
            if solution:
                text = "\n\n".join(self.cells[number].source for number in solution)
                self.own[self.marked[exercise]].source = self.exported(exercise, text)
        self.tell()
        after, last = {}, -1  # the place of a cell of the release -> what the student added after it
        for number, (cell, place) in enumerate(zip(self.cells, self.places)):
            last = last if place is None else place
            new = place is None and cell.source.strip() and number not in used
            if new or number in kept - used or self.edited(place, cell):
                after.setdefault(last, []).append(added(cell))
        self.nb.cells = after.get(-1, [])
        for place, own in enumerate(self.own):
            self.nb.cells += [own, *after.get(place, [])]
        for number, cell in enumerate(cell for cell in self.nb.cells if cell.metadata.get("added")):
            cell.id = f"added-{number}"
        return self.nb, self.notes

    def place(self, cell: Plain) -> int | None:
        if cell.grade_id in self.marked:
            return self.marked[cell.grade_id]
        same = self.sources.get(squeezed(cell.source))
        return same if same is not None else self.ids.get(cell.id)

    def edited(self, place: int | None, cell: Plain) -> bool:
        """A given cell that the student changed so that the package may lean on it (another import, say): both run."""
        if place is None or cell.kind != "code" or not cell.source.strip() or metadata(own := self.own[place]):
            return False  # one that was emptied is as good as deleted
        changed = squeezed(cell.source) != squeezed(own.source)
        return changed and bool(EXPORTED.search(cell.source) or EXPORTED.search(own.source))

    def solution(self, exercise: str) -> tuple[list[int], list[int]]:
        """Which of the student's cells are this exercise's, by number (none: it stays blank), and which of its cells
        are kept beside.

        The marked one; the last that defines what is asked for if there are copies; all of them if it was split. If
        none holds it, another cell that does: some editors drop the marks, and some students write beside the blank.
        """
        blank = self.own[self.marked[exercise]].source
        names = defined(blank)
        marked = [number for number, cell in enumerate(self.cells) if cell.grade_id == exercise]
        given = {"", squeezed(blank), *self.sources}
        filled = [number for number in marked if squeezed(self.cells[number].source) not in given]
        whole = [number for number in filled if names <= defined(self.cells[number].source)]
        if len(marked) > 1:
            self.notes.append(f"{exercise} is there {len(marked)} times: the last that was filled in counts")
        if whole:
            return whole[-1:], [number for number in filled if number not in whole]
        if names <= {name for number in filled for name in defined(self.cells[number].source)}:
            return filled, []
        beside = [
            number for number, cell in enumerate(self.cells)
            if cell.kind == "code" and names <= defined(cell.source) and self.unclaimed(number)
        ]  # fmt: skip
        if names and beside:
            why = "the marked cell is blank or holds something else" if marked else "its cell had lost its mark"
            self.notes.append(f"{exercise} was found by the name {', '.join(sorted(names))}: {why}")
            exported = [number for number in beside if EXPORTED.search(self.cells[number].source)]
            return (exported or beside)[-1:], []
        if not marked:
            self.notes.append(f"{exercise} is not there: it counts as blank")
        return filled[-1:], []

    def unclaimed(self, number: int) -> bool:
        """The cell is no exercise's by its mark, and not the release's own."""
        cell, place = self.cells[number], self.places[number]
        if cell.grade_id in self.lesson.points:  # or by a mark that another cell should have
            return not defined(self.own[place].source) <= defined(cell.source)
        return place is None or squeezed(cell.source) != squeezed(self.own[place].source)

    def exported(self, exercise: str, text: str) -> str:
        """With its line `#| export`, without which it would not be in the package."""
        if EXPORTED.search(text) or not EXPORTED.search(self.own[self.marked[exercise]].source):
            return text
        self.notes.append(f"{exercise} had lost its line `#| export`: it was put back")
        return f"#| export\n{text}"

    def tell(self):
        """Notes on what was changed that is not the student's to change."""
        checks = {mark: at for mark, at in self.marked.items() if mark not in self.lesson.points}
        there = {cell.grade_id: cell for cell in self.cells if cell.grade_id}
        gone = [mark for mark in checks if mark not in there]
        changed = [
            mark for mark, at in checks.items()
            if mark in there and squeezed(there[mark].source) != squeezed(self.own[at].source)
        ]  # fmt: skip
        strange = sorted({cell.grade_id for cell in self.cells if cell.grade_id} - self.marked.keys())
        texts = sorted(
            {cell.grade_id for cell in self.cells if cell.grade_id in self.lesson.points and cell.kind != "code"}
        )
        edits = [self.own[at].id for at, cell in zip(self.places, self.cells) if self.edited(at, cell)]
        for what, marks in {
            "checks that were changed; the lesson's own are used": changed,
            "checks that were deleted; the lesson's own are used": gone,
            "marks that the lesson does not have": strange,
            "exercises that were no code any more; read as code": texts,
            "given cells that were changed; the lesson's own run before them": edits,
        }.items():
            if marks:
                more = f" and {len(marks) - 5} more" if len(marks) > 5 else ""
                self.notes.append(f"{what}: {', '.join(map(readable, marks[:5]))}{more}")


def squeezed(text: str) -> str:
    """Without white space at the ends of lines: editors change that."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def defined(text: str) -> set[str]:
    """What a cell defines at its top level, also if it does not compile: `conv_forward`, `Tensor.mean`."""
    return {first or second for first, second in NAMES.findall(text)}


def added(cell: Plain) -> nbformat.NotebookNode:
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    return new[cell.kind](cell.source, metadata={"added": True})


def collect(course: Class, path: Path) -> Iterator[tuple[str | None, str | None, list[str]]]:
    """Take in a folder or a zip: for each file of it (student, lesson, notes), without a lesson where it was refused.

    What came is kept in received/; the newest is rebuilt into submitted/. Collecting the same again changes nothing.
    """
    for entry in archives.entries(path):
        if isinstance(entry, str):
            yield None, None, [entry]
            continue
        try:
            files = list(archives.inside(entry)) if entry.file.lower().endswith(".zip") else [entry]
        except (GradingError, OSError) as error:
            yield entry.student, None, [f"{readable(entry.file)}: refused, {readable(error)}"]
            continue
        for file in files:
            if isinstance(file, str):
                yield entry.student, None, [file]
            elif stem(file.file) not in companions():
                yield take_in(course, file)


def take_in(course: Class, entry: Entry) -> tuple[str, str | None, list[str]]:
    """One file of a student's."""
    name = readable(entry.file)
    if not entry.file.lower().endswith(".ipynb"):
        return entry.student, None, [f"{name}: refused, it is no notebook"]
    try:
        raw = entry.read(NOTEBOOK)
    except (GradingError, OSError) as error:
        return entry.student, None, [f"{name}: refused, {readable(error)}"]
    refused, cells, notes = "", [], []
    try:
        cells, notes = read(raw)
    except GradingError as error:
        refused = str(error)
    lesson, wrong = lesson_of(entry.file, cells)
    if lesson is None:
        return entry.student, None, [f"{name}: refused, {refused or 'it is none of the lessons'}"]
    shelf = Shelf(course, entry.student, lesson)
    number = sha256(raw).hexdigest()
    if shelf.has(number, entry.newer):
        return entry.student, lesson, ["was collected before"]
    nb, more = rebuild(reference(lesson), cells) if not refused else (None, [])
    said = [note for note in (entry.note, *notes, wrong, *more) if note]
    if shelf.put(raw, number, entry, said, refused) and nb:
        shelf.submit(nb, entry.newer[1])
    elif nb:
        said = [*said, "older than what counts: kept in received/"]
    shelf.save()
    return (entry.student, lesson, said) if nb else (entry.student, None, [f"{name}: refused, {refused}"])


def stem(file: str) -> str:
    return archives.COPY.sub("", Path(file).stem)


@cache
def companions() -> set[str]:
    """The notebooks beside a lesson's; they are given and hold no exercises."""
    return {file.stem for lesson in lessons() for file in source(lesson).parent.glob("*.ipynb")} - {*lessons()}


def lesson_of(file: str, cells: list[Plain]) -> tuple[str | None, str]:
    """The lesson that a notebook is, by its name, or else by its cells' marks; and a note where they disagree."""
    named = next((lesson for lesson in lessons() if lesson in file), None)
    marks = {cell.grade_id for cell in cells}
    like = {lesson: len(marks & reference(lesson).points.keys()) for lesson in lessons()}
    most = max(like, key=like.get)
    if named is None:
        return (most if like[most] else None), ""
    other = like[most] and not like[named]
    return named, f"called {named}, but its cells are of {most}" if other else ""


def notes(course: Class, student: str, lesson: str) -> list[str]:
    """What was odd about the submission that counts."""
    file = course.submitted / student / lesson / f"{lesson}.ipynb"
    by_hand = rebuild(reference(lesson), read(file.read_bytes())[0])[1]  # where nbgrader collected it: nothing else is
    shelf = Shelf(course, student, lesson)
    return [*(shelf.counts["notes"] if shelf.counts else []), *by_hand]


class Shelf:
    """What one student handed in for one lesson: received/STUDENT/LESSON/, and the log of it."""

    def __init__(self, course: Class, student: str, lesson: str):
        self.folder = course.received / student / lesson
        self.submitted = course.submitted / student / lesson / f"{lesson}.ipynb"
        log = self.folder / LOG
        self.log = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}

    @property
    def counts(self) -> dict | None:
        """The newest that was not refused; of equally new ones the last that came."""
        good = [record for record in self.log.values() if not record["refused"]]
        return max(good, key=lambda record: (record["newer"], record["came"]), default=None)

    def has(self, number: str, newer: tuple) -> bool:
        record = self.log.get(number)
        done = record and (record["refused"] or self.submitted.exists())
        return bool(done) and record["newer"] >= list(newer)

    def put(self, raw: bytes, number: str, entry: Entry, said: list[str], refused: str) -> bool:
        """Keep the file as it came; True if it is the one that counts."""
        time = datetime.fromtimestamp(entry.newer[1], UTC)
        file = self.folder / f"{time:%Y%m%dT%H%M%SZ}-{number[:8]}.ipynb"
        if not self.log and self.submitted.exists():  # brought by nbgrader's own collect
            write_whole(self.folder / "by-nbgrader-collect.ipynb", self.submitted.read_bytes())
        write_whole(file, raw)
        self.log[number] = record = {
            "file": file.name,
            "called": readable(entry.file),
            "newer": list(entry.newer),
            "came": datetime.now(UTC).isoformat(),
            "refused": refused,
            "notes": said,
        }
        return self.counts is record

    def submit(self, nb: nbformat.NotebookNode, time: float):
        stamp = f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S.%f} UTC\n"
        write_whole(self.submitted.with_name("timestamp.txt"), stamp.encode())
        write_whole(self.submitted, (nbformat.writes(nb) + "\n").encode())

    def save(self):
        """Last of all: what was interrupted before is done again."""
        write_whole(self.folder / LOG, json.dumps(self.log, indent=1).encode())
