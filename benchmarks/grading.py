"""Grading a class: submissions a minute and peak memory, undisturbed and killed twice, beside plain nbgrader.

    python -m benchmarks.grading [--submissions 60] [--jobs 2]

The submissions are those of `python -m grading demo` that do no harm (plain nbgrader has no walls), over and over.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from nbgrader.api import Gradebook
from rich.console import Console
from rich.progress import track
from rich.table import Table

from grading import demo
from grading.classroom import Class
from grading.collect import collect
from grading.release import generate

ROOT = Path(__file__).parents[1]
LESSON = demo.LESSON
HARMLESS = ("ada", "bela", "chen", "dora", "emil", "fay", "gus", "hana", "ivan")
PLAIN = """\
c = get_config()
c.CourseDirectory.course_id = "tinytorch"
c.NbGrader.logfile = ""
c.Exchange.root = "exchange"
c.Execute.timeout = 60
"""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--submissions", type=int, default=60)
    options.add_argument("--jobs", type=int, default=2)
    arguments = options.parse_args()
    table = Table("run", "submissions", "minutes", "a minute", "peak memory, MB")
    with tempfile.TemporaryDirectory(prefix="tinytorch-load-") as scratch:
        folder = Path(scratch)
        whole = handed_in(Class(folder / "undisturbed"), arguments.submissions)
        killed, plain = folder / "killed", folder / "plain"
        shutil.copytree(whole.folder, killed, symlinks=True)
        command = [sys.executable, "-m", "grading", "autograde", LESSON, "--jobs", str(arguments.jobs), "--class"]
        table.add_row("undisturbed", *figures(arguments.submissions, *measure([*command, str(whole.folder)], ROOT)))
        table.add_row("killed twice", *figures(arguments.submissions, *kill_twice(command, Class(killed), arguments)))
        prepare_plain(plain, whole)
        nbgrader = [str(Path(sys.executable).parent / "nbgrader"), "autograde", LESSON]
        table.add_row("plain nbgrader", *figures(arguments.submissions, *measure(nbgrader, plain)))
        first, second = grades(whole.folder), grades(killed)
        same, rows = first == second, len(first)
        console = Console()
        console.print(table)
        console.print(f"{rows} grades each time; after being killed they are {'the same' if same else 'NOT THE SAME'}")
        by_nbgrader = grades(plain)
        for kind in HARMLESS:
            both = ({round(each[name], 2) for name in each if name.startswith(kind)} for each in (first, by_nbgrader))
            console.print(f"{kind}: the grader gives {next(both)}, plain nbgrader {next(both)}")
        sys.exit(not same or rows != arguments.submissions)


def handed_in(course: Class, count: int) -> Class:
    """A class in which `count` students handed in."""
    course.create()
    generate(course, LESSON)
    kinds = demo.submissions(LESSON, course)
    with tempfile.TemporaryDirectory() as uploads:
        for number, kind in zip(range(count), itertools.cycle(HARMLESS)):
            file = Path(uploads, f"{kind}{number:03}", f"{LESSON}.ipynb")
            file.parent.mkdir()
            file.write_text(json.dumps(kinds[kind][1]), encoding="utf-8")
        list(track(collect(course, Path(uploads)), "collecting", total=count))
    return course


def prepare_plain(folder: Path, whole: Class):
    """The same submissions as nbgrader's own settings grade them: in this process's rights, by the checks' outputs."""
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(PLAIN)
    shutil.copytree(whole.submitted, folder / "submitted")
    shutil.copytree(whole.source, folder / "source")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [Path(sys.executable).parent / "nbgrader", "generate_assignment", LESSON, "--create"],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds, and the largest memory of the process tree in MB."""
    started = time.monotonic()
    process = start(command, folder)
    with peak_of(process) as peak:
        process.wait()
    return time.monotonic() - started, peak()


def kill_twice(command: list[str], course: Class, arguments) -> tuple[float, float]:
    """By kill -9, after a third and after two thirds of the submissions."""
    seconds, memory = 0.0, 0.0
    for share in (1 / 3, 2 / 3):
        started = time.monotonic()
        process = start([*command, str(course.folder)], ROOT)
        with peak_of(process) as peak:
            while len(list(course.judged.glob("*/*.json"))) < share * arguments.submissions and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            process.wait()
        seconds, memory = seconds + time.monotonic() - started, max(memory, peak())
    last, peak = measure([*command, str(course.folder)], ROOT)
    return seconds + last, max(memory, peak)


def start(command: list[str], folder: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip


class peak_of:
    """Watches a process and all below it; called at the end, gives the largest proportional memory in MB."""

    def __init__(self, process: subprocess.Popen):
        self.pid, self.largest, self.over = process.pid, 0, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return lambda: self.largest / 2**20

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while not self.over.wait(0.25):
            try:
                top = psutil.Process(self.pid)
                self.largest = max(self.largest, sum(map(memory, [top, *top.children(recursive=True)])))
            except psutil.NoSuchProcess:
                return


def memory(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def figures(count: int, seconds: float, megabytes: float) -> list[str]:
    return [str(count), f"{seconds / 60:.1f}", f"{count / seconds * 60:.1f}", f"{megabytes:.0f}"]


def grades(folder: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        found = [(each.student.id, each.score) for each in gradebook.assignment_submissions(LESSON)]
    assert len(found) == len(dict(found)), "somebody is there twice"
    return dict(found)


if __name__ == "__main__":
    main()
