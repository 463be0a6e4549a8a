"""JupyterLab in a workspace: it opens on the README, and shows a learner nothing that only instructors use."""

import json
import os
import shutil
import sys
from pathlib import Path

from course.plan import ROOT

FOLDER = ".jupyter"
PANELS = ["formgrader", "assignment-list", "course-list", "create-assignment", "menu"]  # nbgrader's, of no use here
SERVED = ["formgrader", "assignment_list", "course_list"]
HIDDEN = [*(f"@jupyter/nbgrader:{name}" for name in PANELS), "@jupyterlab/apputils-extension:announcements"]
SETTINGS = {
    "labconfig/page_config.json": {"disabledExtensions": dict.fromkeys(HIDDEN, True)},
    "labconfig/default_setting_overrides.json": {
        "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
        "@jupyterlab/notebook-extension:tracker": {
            "codeCellConfig": {"lineWrap": True}
        },  # nothing is cut, however narrow
    },
    "jupyter_server_config.json": {
        "ServerApp": {
            "ip": "localhost",
            "jpserver_extensions": {f"nbgrader.server_extensions.{name}": False for name in SERVED},
        },
        "LabApp": {"default_url": "/lab/tree/README.md"},
    },
}


def place_launcher(workspace: Path):
    """`python -m course` and `from course import begin` find the course from here, or say what to do."""
    (workspace / ".course-python").write_text(sys.executable + "\n", encoding="utf-8")
    for folder in (workspace, workspace / "given"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "course" / "launcher.py", folder / "course.py")


def place_settings(workspace: Path):
    for name, settings in SETTINGS.items():
        file = workspace / FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "jupyterlab", "--ServerApp.root_dir=.", *options]


def environment(workspace: Path) -> dict[str, str]:
    """For JupyterLab, its kernels and its terminals: a shell's start file may set PATH anew, hardly ever PYTHONPATH."""
    found = {
        "PATH": Path(sys.executable).parent,
        "PYTHONPATH": workspace,
        "JUPYTER_CONFIG_PATH": workspace / FOLDER,
    }
    before = {name: os.environ.get(name, "") for name in found}
    return {name: f"{first}{os.pathsep}{before[name]}".rstrip(os.pathsep) for name, first in found.items()}
