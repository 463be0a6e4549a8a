"""The class folder: where everything that one class hands in and gets back lies."""

import os
from dataclasses import dataclass
from pathlib import Path

from course.plan import ROOT, plan

CONFIG = '''\
"""nbgrader's settings for this class; read by `nbgrader` and by JupyterLab's Formgrader when started in this folder."""

import sys

if {root!r} not in sys.path:
    sys.path.insert(0, {root!r})  # the course: its lessons, its reference, its grader

from grading.config import configure

configure(get_config(), __file__)
'''


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
        """STUDENT/LESSON/: every file as it was handed in, never opened by anything but submission.read."""
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
        """LESSON/STUDENT.json: what the grader found: see results.py."""
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
        for lesson in plan().lessons:
            link = self.source / lesson / f"{lesson}.ipynb"
            if not os.path.lexists(link):
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(plan().notebook(lesson))
