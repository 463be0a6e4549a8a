"""Grades the submissions of a lesson: several at once, safe to interrupt at any moment and to run again."""

import json
import multiprocessing
import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.connection import wait

from grading import GradingError, grader, sandbox
from grading.classroom import Class
from grading.results import Result, read_result, result_file


@dataclass(frozen=True)
class Graded:
    """One submission: `how` is "graded", "kept" (it was graded before, and is unchanged) or what went wrong."""

    student: str
    points: float | None
    of: float | None
    how: str


def autograde(
    course: Class, lesson: str, students: list[str] | None = None, jobs: int = 1, sandboxed: bool = True
) -> Iterator[Graded]:
    """Grade `students`, or everybody who handed the lesson in; one seed, drawn now, for all.

    What is graded and unchanged is kept. Raises GradingError if another run is at work, SandboxError if the sandbox
    cannot be had or does not isolate.
    """
    there = sorted(file.parents[1].name for file in course.submitted.glob(f"*/{lesson}/{lesson}.ipynb"))
    if unknown := set(students or ()) - set(there):
        raise GradingError(f"{', '.join(sorted(unknown))} handed in no {lesson}: `python -m grading collect` first")
    with alone(course):
        if sandboxed:
            sandbox.prove(course.folder)
        waiting, seed = [], grader.new_seed()
        for student in students or there:
            before = read_result(result_file(course, lesson, student))
            if before and is_done(course, before, sandboxed):
                yield Graded(student, before.points, before.of, "kept")
            else:
                waiting.append(student)
        yield from in_parallel(course, lesson, waiting, jobs, seed, sandboxed)


def in_parallel(course, lesson, waiting, jobs, seed, sandboxed) -> Iterator[Graded]:
    """A worker that dies takes the submission it was at with it (it is tried again alone), not the run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["grading.preprocessors", "nbgrader.apps.api"])  # seconds, else for each worker
    again = []
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=die_with_parent) as pool:
        work = {pool.submit(grade_one, course, lesson, student, seed, sandboxed): student for student in waiting}
        for done in as_completed(work):
            try:
                yield done.result()
            except BrokenProcessPool:
                again.append(work[done])
    for student in again:
        with ProcessPoolExecutor(1, mp_context=context, initializer=die_with_parent) as pool:
            try:
                yield pool.submit(grade_one, course, lesson, student, seed, sandboxed).result()
            except BrokenProcessPool:
                yield Graded(student, None, None, "the grading process died on it, twice")


def grade_one(course: Class, lesson: str, student: str, seed: int, sandboxed: bool) -> Graded:
    """nbgrader's autograde for one submission, with our preprocessors (see config.py)."""
    from nbgrader.apps.api import NbGraderAPI

    warnings.filterwarnings("ignore", module="nbgrader")  # SQLAlchemy's, about nbgrader's own use of it
    config = course.configuration()
    config.SaveGrades.update(seed=seed, sandboxed=sandboxed)
    config.SandboxedExecute.sandboxed = sandboxed
    file = result_file(course, lesson, student)
    file.unlink(missing_ok=True)  # what is there from now on is of this submission
    api = NbGraderAPI(config=config)
    api.log_level = "ERROR"
    result = api.autograde(lesson, student, force=True)
    if not (result["success"] and file.exists()):
        return Graded(student, None, None, f"nbgrader: {result.get('log') or result.get('error')}")
    found = read_result(file)
    return Graded(student, found.points, found.of, "graded")


def is_done(course: Class, found: Result, sandboxed: bool) -> bool:
    """The result is of this very submission, and nbgrader finished its part too."""
    name = f"{found.student}/{found.lesson}/{found.lesson}.ipynb"
    if found.sha256 != sha256((course.submitted / name).read_bytes()).hexdigest():
        return False
    try:
        json.loads((course.autograded / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return found.sandboxed or not sandboxed


@contextmanager
def alone(course: Class):
    """Two runs on one class folder would write the same files: refuse the second. The lock dies with its process."""
    try:
        import fcntl
    except ImportError:
        raise GradingError("submissions are graded on Linux only: on Windows, in its WSL") from None
    with (course.folder / ".grading.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GradingError(
                f"somebody is grading in {course.folder} at this moment; wait until it is done"
            ) from None
        yield


def die_with_parent():
    """In a worker: end when the main process is gone, even by kill -9, so that nothing grades on unseen."""
    parent = multiprocessing.parent_process()

    def watch():
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
