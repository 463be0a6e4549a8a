"""Finds the notebooks in what an LMS or nbgrader's exchange hands out, and whose each is.

Nothing here writes a file, and no name in an archive ever becomes a path: a name is only read for a student's name,
and that is made harmless. A student decides what is in a file, how it is called and, in a zip of their own, everything.

Sources of the layouts: Canvas, lib/content_zipper.rb (`get_filename`, `sanitize_user_name`) and
Attachment.make_unique_filename; Moodle, mod/assign (folders of "download all submissions" and the flat names without
folders; older ones end with an underscore); nbgrader, exchange/default/submit.py and collect.py.
"""

import hashlib
import io
import mmap
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from course.plan import plan
from grading import GradingError

MB = 2**20
NOTEBOOK = 16 * MB  # bytes of a notebook; its JSON takes up to thirty times that in memory
ZIP = 32 * MB  # bytes of a zip that a student handed in
MEMBERS = 10_000  # files in a folder or archive; in a student's zip a hundredth
UNPACKED, RATIO = 1024 * MB, 100  # what an archive may unpack to: this much, and so many times its own size

CANVAS = re.compile(r"(?:(?P<name>.+?)_)??(?:LATE_)?(?P<number>\d+|anon_[A-Za-z0-9]+)_(?P<attachment>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_file_?")
MOODLE_FILE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_file_(?P<file>.+)")
EXCHANGE = re.compile(r"(?P<name>[^+]+)\+(?P<lesson>[^+]+)\+(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^+]*(\+.*)?")
COPY = re.compile(r"(?i)([ _-]*(\(\d+\)|copy\d*( of)?)|-\d{1,2})+$")  # "-1", " (2)", "-Copy1": browsers and Canvas
JUNK = re.compile(r"(?i)__macosx|\..*|timestamp\.txt|submission_secret\.txt|thumbs\.db|desktop\.ini|.*\.html?")


@dataclass(frozen=True)
class Entry:
    """One file of a student's; `newer` compares with others of the same student."""

    student: str
    file: str
    newer: tuple[int, float]  # Canvas' number of the attachment, and the time; a later one is newer
    read: Callable[[int], bytes]  # at most so many bytes of it; raises GradingError
    note: str = ""


@dataclass(frozen=True)
class Found:
    """A file before it is known whose it is."""

    parts: tuple[str, ...]
    when: float
    read: Callable[[int], bytes]
    owner: str = ""  # who made its folder, in an exchange


def entries(path: Path) -> Iterator[Entry | str]:
    """The files in a folder or zip, by student, older ones first; what was refused as a sentence."""
    if not path.exists():
        raise GradingError(f"there is no {path}")
    found, each = [], None
    for each in in_folder(path) if path.is_dir() else in_zip(path):
        if isinstance(each, str):
            yield each
        elif not any(JUNK.fullmatch(part) for part in each.parts):
            found.append(each)
    if each is None:
        raise GradingError(f"{path} holds no files")
    around = wrapping([each.parts for each in found])
    known = []
    for each in found:
        entry = whose(each, each.parts[around:])
        if isinstance(entry, str):
            yield entry
        else:
            known.append(entry)
    yield from sorted(known, key=lambda entry: (entry.student, entry.newer))


def in_folder(path: Path) -> Iterator[Found | str]:
    count = 0
    for folder, folders, files in os.walk(path):
        folders.sort()
        for link in [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            yield f"{readable(link)}: refused, it is a link"
        for name in sorted(files):
            file = Path(folder, name)
            status = file.lstat()
            count += 1
            if count > MEMBERS:
                raise GradingError(f"{path} holds more than {MEMBERS} files: collect a folder that holds one lesson's")
            if not stat.S_ISREG(status.st_mode):
                yield f"{readable(name)}: refused, it is no plain file but a link or a device"
            else:
                yield Found(
                    parts_of(file.relative_to(path).parts), status.st_mtime, reading(file), owner_of(file.parent)
                )


def reading(file: Path):
    def read(limit: int) -> bytes:
        # never through a link that took the file's place meanwhile, never waiting for a pipe (Windows: as bytes)
        flags = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        with os.fdopen(os.open(file, os.O_RDONLY | flags), "rb") as stream:
            return at_most(stream.read(limit + 1), limit)

    return read


def owner_of(folder: Path) -> str:
    try:
        return folder.owner()
    except (KeyError, NotImplementedError):
        return "somebody unknown"


def at_most(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise GradingError(f"it is larger than {limit // MB} MB")
    return data


def in_zip(path: Path) -> Iterator[Found | str]:
    """The files of a zip on the disk."""
    size = path.stat().st_size
    if not size:
        raise GradingError(f"{path} is empty")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield from members(path, data, size, MEMBERS, str(path))


def members(file, data, size: int, most: int, name: str) -> Iterator[Found | str]:
    """The files of the zip `file` whose bytes are `data`; each is read within the limits, and so are all together."""
    # each file has an entry with this signature, and zipfile would read them all into memory at once
    if sum(1 for _ in zip(re.finditer(b"PK\x01\x02", data), range(most + 1))) > most:
        raise GradingError(f"{name} holds more than {most} files")
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # whatever a forged archive does to its reader
        raise GradingError(f"{name} is no zip that can be read: {readable(error)}") from None
    left = [UNPACKED + RATIO * size]
    for info in archive.infolist():
        if info.is_dir():
            continue
        if why := refused(info):
            yield f"{readable(info.filename)}: refused, {why}"
        else:
            yield Found(parts_of(info.filename.split("/")), when(info), unpacking(archive, info, left))


def refused(info: zipfile.ZipInfo) -> str:
    """Why this member of an archive is not even opened."""
    parts, kind = info.filename.split("/"), stat.S_IFMT(info.external_attr >> 16)
    if info.orig_filename != info.filename or any(unicodedata.category(c) == "Cc" for c in info.filename):
        return "its name holds control characters"
    if (
        "\\" in info.filename
        or re.match("[A-Za-z]:", parts[0])
        or {"", ".", ".."} & set(parts)
        or len(info.filename) > 1000
    ):
        return "its name leads out of the archive, or nowhere"
    if kind not in (0, stat.S_IFREG):
        return "it is no plain file but a link or a device"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in an unusual way"
    return ""


def unpacking(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: list[int]):
    def read(limit: int) -> bytes:
        if info.file_size > limit:
            raise GradingError(f"it is larger than {limit // MB} MB")
        try:
            with archive.open(info) as stream:
                data = stream.read(limit + 1)  # whatever size its header tells
        except Exception as error:  # whatever a forged archive does to its reader
            raise GradingError(f"it cannot be unpacked: {readable(error)}") from None
        left[0] -= len(data)
        if left[0] < 0:
            raise GradingError("the archive unpacks to more than it should: unpack it yourself and collect the folder")
        return at_most(data, limit)

    return read


def when(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def in_students_zip(entry: Entry) -> Iterator[Entry | str]:
    """The files of a zip that a student handed in, all of that student's, whatever their names say."""
    data = entry.read(ZIP)
    for each in members(io.BytesIO(data), data, len(data), MEMBERS // 100, readable(entry.file)):
        if isinstance(each, str):
            yield each
        elif not any(JUNK.fullmatch(part) for part in each.parts):
            yield Entry(entry.student, each.parts[-1], entry.newer, each.read)


def parts_of(path) -> tuple[str, ...]:
    """Folders and file of a path, less the folders that are named as a lesson: in any layout they say nothing new."""
    *folders, file = path
    return *(folder for folder in folders if folder not in plan().lessons), file


def wrapping(paths: list[tuple[str, ...]]) -> int:
    """How many folders lie around everything, as when a folder of submissions was zipped."""
    levels = zip(*(parts[:-1] for parts in paths))
    common = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    if any(len(parts) > common + 1 for parts in paths):
        return common  # folders of students lie in it
    named = [flat(parts[-1], 0) for parts in paths]
    many = all(named) and len({student for student, *_ in named}) > 1
    return common if many else max(0, common - 1)  # files that say whose they are; or the folder of one student


def whose(found: Found, parts: tuple[str, ...]) -> Entry | str:
    """Whose a file is. The outermost folder decides, since a student may call a file as they like."""
    *folders, file = parts
    time, note = plausible(found.when), ""
    newer = 0, time
    if folders and (match := EXCHANGE.fullmatch(folders[0])):
        student, newer = match["name"], (0, plausible(match["when"]))
        if found.owner and found.owner != student:
            note = f"handed in as {readable(student)}, but {readable(found.owner)} made the folder"
    elif folders:
        match = MOODLE.fullmatch(folders[0])
        student = f"{match['name']}_{match['number']}" if match else folders[0]
    elif named := flat(file, time):
        student, file, newer = named
    else:
        return f"{readable(file)}: refused, it does not say whose it is; put it into a folder with the student's name"
    return Entry(folder_name(student), file, newer, found.read, note)


def plausible(time: float | str) -> float:
    """Seconds since 1970; 0 for what is no time, before it or still to come."""
    try:
        seconds = datetime.fromisoformat(f"{time}+00:00").timestamp() if isinstance(time, str) else time
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < datetime.now(UTC).timestamp() + 86400 else 0.0


def flat(file: str, time: float) -> tuple[str, str, tuple] | None:
    """Student, the file's own name and how new it is, from the name of a file that lies in no student's folder."""
    if match := MOODLE_FILE.fullmatch(file):
        return f"{match['name']}_{match['number']}", match["file"], (0, time)
    if match := CANVAS.fullmatch(file):
        student = "_".join(filter(None, (match["name"], match["number"])))
        return student, match["file"], (int(match["attachment"][:18]), time)
    stem = COPY.sub("", Path(file).stem)  # jane_08_convolution.ipynb, or jane.ipynb
    for lesson in plan().lessons:
        stem = stem.replace(lesson, "")
    return (stem.strip(" _-."), file, (0, time)) if stem.strip(" _-.") else None


def folder_name(name: str) -> str:
    """A student's name that can be a folder's, a page's, an address' and a pattern's; another for each other name."""
    name = unicodedata.normalize("NFC", name)
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in " _-.,'@()" else "-" for c in name)
    kept = kept.strip(" .-'")
    if len(kept.encode()) > 120:
        kept = kept.encode()[:100].decode(errors="ignore").strip(" .-'")
    if kept and kept == name:
        return name
    return f"{kept or 'student'}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}"


def readable(text) -> str:
    """Untrusted text for a note: short, printable, in one line."""
    text = "".join(c if c.isprintable() else "?" for c in str(text)[:200])
    return text if len(text) <= 80 else f"{text[:77]}..."
