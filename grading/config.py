"""nbgrader's settings for a class folder, in one place. nbgrader_config.py in the folder calls `configure`."""

import os
import sys
from pathlib import Path

from grading.classroom import Class

# The submission is made anew from the lesson's release before anything runs, so that nothing of it is believed.
SANITIZE = [
    "grading.preprocessors.Rebuild",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# It runs in the sandbox for the instructor to look at; the points are the grader's.
AUTOGRADE = [
    "grading.preprocessors.SandboxedExecute",
    "grading.preprocessors.CapOutput",
    "grading.preprocessors.SaveGrades",
    "nbgrader.preprocessors.CheckCellMetadata",
]


def configure(c, config_file: str):
    """Write the settings of the class whose nbgrader_config.py is `config_file` into the configuration `c`."""
    course = Class(Path(config_file).parent)
    programs = str(Path(sys.executable).parent)  # nbgrader makes its gradebook by calling `alembic`, which lies there
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, (programs, os.environ.get("PATH"))))
    c.CourseDirectory.root = str(course.folder)
    c.CourseDirectory.course_id = "tinytorch"
    c.CourseDirectory.db_url = course.database
    c.Exchange.root = str(course.exchange)
    c.Exchange.cache = str(course.exchange / "cache")
    c.NbGrader.logfile = ""
    c.Rebuild.folder = str(course.folder)
    c.SaveGrades.folder = str(course.folder)
    c.Autograde.sanitize_preprocessors = SANITIZE
    c.Autograde.autograde_preprocessors = AUTOGRADE
