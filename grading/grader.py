"""The grader: asks the student's package in the sandbox what the probes want to know, and decides the points.

It believes nothing that comes out of the sandbox: answers are plain arrays, read with limits (answers.py) and compared
with what the reference answers out here (comparison.py).
"""

import json
import secrets
import tempfile
from pathlib import Path

import numpy as np

from grading import sandbox, source_rules
from grading.answers import Answers, read_answers
from grading.comparison import compare_parts
from grading.lesson import ExportedCell, Lesson, only
from grading.package import grader_in_sandbox, package_for_grader
from grading.reference import training_data
from grading.results import Part, Verdict

PART_SECONDS = 10  # for one part of an exercise
LESSON_LIMITS = sandbox.Limits(wall_seconds=60)  # for all exercises of a lesson, or one alone
ALONE = "it learns, but so does other code: this counts beside another part that is right"


def new_seed() -> int:
    """Drawn when grading starts, so that nobody can prepare answers."""
    return secrets.randbits(63)


def grade(
    lesson: Lesson,
    students: tuple[ExportedCell, ...],
    seed: int,
    exercises: list[str] | None = None,
    sandboxed: bool = True,
) -> tuple[list[Verdict], list[str]]:
    """The verdicts on every exercise (or on `exercises`), and what the code tried that it should not.

    First the whole lesson as the student wrote it. An exercise that fails is then asked again with every other one from
    the reference: if it is right there, the mistake was another's, and costs nothing here.
    """
    exercises = exercises or list(lesson.points)
    refused = {exercise: source_rules.refuse(lesson, exercise, students) for exercise in exercises}
    untouched = {cell.exercise for cell in students if cell.source.strip() == lesson.blanks.get(cell.exercise)}
    whole = ask(lesson, students, exercises, seed, sandboxed)
    tried, verdicts = whole.tried + [f"stopped: {whole.stopped}"] * bool(whole.stopped), []
    for exercise in exercises:
        parts = compare_parts(lesson, exercise, whole, seed)
        if borrowed := source_rules.borrows(lesson, exercise, students):
            parts = [Part(part.name, False, borrowed) for part in parts]
        settled = exercise in untouched or refused[exercise] or all(part.right for part in parts)
        if not settled and not source_rules.looks_ahead(lesson, exercise, students):
            alone = ask(lesson, only(exercise, students, lesson), [exercise], seed, sandboxed)
            tried += alone.tried + [f"{exercise} stopped: {alone.stopped}"] * bool(alone.stopped)
            again = compare_parts(lesson, exercise, alone, seed)
            parts = [better(*both) for both in zip(parts, again, strict=True)]
        if not any(part.right for part in parts if part.name != "learning"):
            parts = [Part(part.name, False, ALONE) if part.right else part for part in parts]
        if refused[exercise]:
            parts = [Part(part.name, False, refused[exercise]) for part in parts]
        of = lesson.points[exercise]
        share = sum(part.right for part in parts) / len(parts)
        verdicts.append(Verdict(exercise, round(of * share, 2), of, parts, lesson.probes[exercise].hint))
    return verdicts, list(dict.fromkeys(tried))


def better(whole: Part, alone: Part) -> Part:
    """What is right counts. Else the run alone shows the exercise's own mistake, if it is a difference; an error's text
    is taken from the other run, since in the run alone student code could put the reference's solutions into it."""
    return whole if whole.right or not (alone.right or alone.got) else alone


def ask(
    lesson: Lesson, cells: tuple[ExportedCell, ...], exercises: list[str], seed: int, sandboxed: bool = True
) -> Answers:
    """Run the probes of `exercises` in a sandbox, on the package that `cells` make; paths are in its {root}."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        arrays = {}
        for exercise in exercises:
            if lesson.probes[exercise].learns:
                arrays |= {f"{exercise}|{k}": v for k, v in training_data(lesson, exercise, seed)[0].items()}
        np.savez(folder / "data.npz", **arrays)
        request = {
            "probes": lesson.subject,
            "modules": lesson.modules,
            "cells": [{"name": cell.exercise or "given", "source": cell.source} for cell in cells],
            "exercises": exercises,
            "seed": seed,
            "seconds": PART_SECONDS,
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        folders = {"/request": folder, "/package": package_for_grader(lesson), "/grader": grader_in_sandbox()}
        argv = [sandbox.PYTHON, "-IB", "{root}/grader/runner.py", "{root}/request/request.json", "{fd}"]
        outcome = sandbox.run(argv, folders, LESSON_LIMITS, sandboxed)
    answers = read_answers(outcome.answers, set(exercises))
    answers.stopped = outcome.stopped
    return answers
