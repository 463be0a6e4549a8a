"""Takes in what students hand in: every file is kept in received/, the newest is rebuilt into submitted/."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import nbformat

from course.exporter import write_whole
from course.notebook import DEFAULT_EXP
from course.plan import plan
from grading import GradingError, archives
from grading.archives import NOTEBOOK, Entry, readable
from grading.classroom import Class
from grading.lesson import load_lesson
from grading.rebuild import rebuild, released_text
from grading.submission import SubmittedCell, read_submission

LOG = "received.json"  # beside the files as they were handed in: what came when, and what was odd about it


def collect(course: Class, path: Path) -> Iterator[tuple[str | None, str | None, list[str]]]:
    """Take in a folder or a zip: for each file of it (student, lesson, notes), without a lesson where it was refused.

    What came is kept in received/; the newest is rebuilt into submitted/. Collecting the same again changes nothing.
    """
    for entry in archives.entries(path):
        if isinstance(entry, str):
            yield None, None, [entry]
            continue
        try:
            files = list(archives.in_students_zip(entry)) if entry.file.lower().endswith(".zip") else [entry]
        except (GradingError, OSError) as error:
            yield entry.student, None, [f"{readable(entry.file)}: refused, {readable(error)}"]
            continue
        for file in files:
            if isinstance(file, str):
                yield entry.student, None, [file]
            elif name_without_copy(file.file) not in {companion.name for companion in plan().companions}:
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
        cells, notes = read_submission(raw)
    except GradingError as error:
        refused = str(error)
    lesson, wrong = lesson_of(entry.file, cells)
    if lesson is None:
        return entry.student, None, [f"{name}: refused, {refused or 'it is none of the lessons'}"]
    received = Received(course, entry.student, lesson)
    number = checksum(raw)
    if received.has(number, entry.newer):
        return entry.student, lesson, ["was collected before"]
    nb, more = rebuild(load_lesson(lesson), cells) if not refused else (None, [])
    said = [note for note in (entry.note, *notes, wrong, *more) if note]
    if received.put(raw, number, entry, said, refused) and nb:
        received.submit(nb, entry.newer[1])
    elif nb:
        said = [*said, "older than what counts: kept in received/"]
    received.save()
    return (entry.student, lesson, said) if nb else (entry.student, None, [f"{name}: refused, {refused}"])


def checksum(data: bytes) -> str:
    return sha256(data).hexdigest()


def name_without_copy(file: str) -> str:
    return archives.COPY.sub("", Path(file).stem)


def lesson_of(file: str, cells: list[SubmittedCell]) -> tuple[str | None, str]:
    """The lesson that a notebook is, by its name, or else by its cells' marks; and a note where they disagree."""
    named = next((lesson for lesson in plan().lessons if lesson in file), None)
    marks = {cell.grade_id for cell in cells}
    like = {lesson: len(marks & load_lesson(lesson).points.keys()) for lesson in plan().lessons}
    most = max(like, key=like.get)
    if not like[most] and exports_no_lesson(cells):  # a companion, maybe by a name that it had before
        return None, ""
    if named is None:
        return (most if like[most] else None), ""
    other = like[most] and not like[named]
    return named, f"called {named}, but its cells are of {most}" if other else ""


def exports_no_lesson(cells: list[SubmittedCell]) -> bool:
    exported = {match[1] for cell in cells if (match := DEFAULT_EXP.search(cell.source))}
    return bool(exported) and exported.isdisjoint(each for lesson in plan().lessons.values() for each in lesson.exports)


class Received:
    """What one student handed in for one lesson: received/STUDENT/LESSON/, and the log of it."""

    def __init__(self, course: Class, student: str, lesson: str):
        self.lesson = lesson
        self.folder = course.received / student / lesson
        self.submitted = course.submitted / student / lesson / f"{lesson}.ipynb"
        log = self.folder / LOG
        self.log = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}

    @property
    def counts(self) -> dict | None:
        """The newest that was not refused; of equally new ones the last that came."""
        good = [record for record in self.log.values() if not record["refused"]]
        return max(good, key=lambda record: (record["newer"], record["came"]), default=None)

    @property
    def notes(self) -> list[str]:
        """What was odd about the one that counts."""
        return self.counts["notes"] if self.counts else []

    @property
    def is_rebuilt(self) -> bool:
        """What lies in submitted/ was made here, from the release as it is now. (It is not if nbgrader's own collect
        brought it, or if somebody changed it.)"""
        made = self.counts and self.counts.get("made")
        return made == [checksum(self.submitted.read_bytes()), checksum(released_text(self.lesson).encode())]

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
        text = (nbformat.writes(nb) + "\n").encode()
        write_whole(self.submitted, text)
        self.counts["made"] = [checksum(text), checksum(released_text(self.lesson).encode())]

    def save(self):
        """Last of all: what was interrupted before is done again."""
        write_whole(self.folder / LOG, json.dumps(self.log, indent=1).encode())
