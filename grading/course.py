"""The class folder: where everything that one class hands in and gets back lies. And how lessons are named."""

import difflib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]  # the repository: its modules/ are the source of every assignment

CONFIG = '''\
"""nbgrader's settings for this class; read by `nbgrader` and by JupyterLab's Formgrader when started in this folder."""

import sys

if {root!r} not in sys.path:
    sys.path.insert(0, {root!r})  # the course: its lessons, its reference, its judge

from grading.config import configure

configure(get_config(), __file__)
'''


class GradingError(Exception):
    """Something that the user can put right; the message says how."""


@dataclass(frozen=True)
class Class:
    """The folder of one class. The comments name what lies in each of its folders."""

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder).resolve())

    @property
    def source(self) -> Path:
        """LESSON/LESSON.ipynb: links to the lessons in modules/, without their companions, which hold no grades."""
        return self.folder / "source"

    @property
    def release(self) -> Path:
        """LESSON/LESSON.ipynb: what students get."""
        return self.folder / "release"

    @property
    def received(self) -> Path:
        """STUDENT/LESSON/: every file as it was handed in, never opened by anything but intake.read."""
        return self.folder / "received"

    @property
    def submitted(self) -> Path:
        """STUDENT/LESSON/LESSON.ipynb: rebuilt from the newest of them."""
        return self.folder / "submitted"

    @property
    def autograded(self) -> Path:
        """STUDENT/LESSON/LESSON.ipynb: as it ran."""
        return self.folder / "autograded"

    @property
    def judged(self) -> Path:
        """LESSON/STUDENT.json: what the judge found."""
        return self.folder / "judged"

    @property
    def feedback(self) -> Path:
        """STUDENT/LESSON/LESSON.html: for the student."""
        return self.folder / "feedback"

    @property
    def report(self) -> Path:
        """LESSON.html and tables for Canvas and Moodle: for the instructor."""
        return self.folder / "report"

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange, for a class whose students work on this machine."""
        return self.folder / "exchange"

    @property
    def database(self) -> str:
        """The URL of the gradebook."""
        return f"sqlite:///{self.folder / 'gradebook.db'}"

    def configuration(self):
        """nbgrader's configuration of this class, from its nbgrader_config.py."""
        from traitlets.config.loader import PyFileConfigLoader

        return PyFileConfigLoader("nbgrader_config.py", path=str(self.folder)).load_config()

    def create(self):
        """Make what is missing of it; nothing that exists is written over."""
        for folder in (
            self.release, self.received, self.submitted, self.autograded, self.judged, self.feedback, self.report,
            self.exchange,
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nbgrader_config.py"
        if not config.exists():
            config.write_text(CONFIG.format(root=str(ROOT)), encoding="utf-8")
        for lesson in lessons():
            link = self.source / lesson / f"{lesson}.ipynb"
            if not os.path.lexists(link):
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(source(lesson))


@cache
def lessons() -> tuple[str, ...]:
    """The lessons of the course, as "08_convolution", in order."""
    return tuple(sorted(folder.name for folder in ROOT.glob("modules/*") if source(folder.name).exists()))


def source(lesson: str) -> Path:
    """The lesson's notebook with its solutions."""
    return ROOT / "modules" / lesson / f"{lesson}.ipynb"


def lesson_named(text: str) -> str:
    """The lesson that is meant by "8", "08", "convolution" or "08_convolution"."""
    text = text.strip().lower().removesuffix(".ipynb")
    for lesson in lessons():
        number, _, title = lesson.partition("_")
        if text in (lesson, title, number, number.lstrip("0")):
            return lesson
    words = {word: lesson for lesson in lessons() for word in (lesson, lesson[3:])}
    close = dict.fromkeys(words[word] for word in difflib.get_close_matches(text, words, n=3, cutoff=0.5))
    meant = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(lessons())}"
    raise GradingError(f"there is no lesson {text[:60]!r}: {meant}")
