"""The judge: compares what the student's package answered with what the reference answers, and decides the points.

It runs outside the sandbox and believes nothing that comes out of it: answers are plain arrays, read with limits.
"""

import importlib
import io
import json
import math
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from grading import rules, sandbox
from grading.probes import tools
from grading.rules import probes
from grading.submission import Cell, Lesson, earlier_package, only

SECONDS = 10  # for one part of an exercise
LIMITS = sandbox.Limits(wall_seconds=60)  # for all exercises of a lesson, or one alone
DTYPES = {"float32", "float64", "int64", "int32", "uint8", "bool"}
HEADER = 8192  # bytes of one line of JSON
ANSWER = 8 * sandbox.MB  # bytes of one array
FRAMES = 50_000  # of one sandbox: each takes memory here
TRIED = 100  # things that one sandbox tried: what is beyond is not kept
OTHER = re.compile(r"(?:u?int|float|complex|<U|\|S)\d{1,5}|object")  # other dtypes that an answer is told to have
ALONE = "it learns, but so does other code: this counts beside another part that is right"
GRADING = Path(__file__).parent
RELATIVE = {"float32": 1e-4, "float64": 1e-7}  # of the largest expected number; whole numbers must be equal


@dataclass
class Part:
    """One part of an exercise: right, or the sentence that says what is wrong and where."""

    name: str
    right: bool
    message: str = ""
    got: str = ""
    expected: str = ""
    index: str = ""


@dataclass
class Verdict:
    exercise: str
    points: float
    of: float
    parts: list[Part]
    hint: str = ""


@dataclass
class Answers:
    """What came out of one sandbox: arrays by (exercise, part), errors, and what the student's code tried."""

    arrays: dict = field(default_factory=dict)  # (exercise, part) -> {name: array}
    errors: dict = field(default_factory=dict)  # (exercise, part or None) -> sentence
    tried: list = field(default_factory=list)
    stopped: str | None = None


def grade(
    lesson: Lesson, students: tuple[Cell, ...], seed: int, exercises: list[str] | None = None, sandboxed: bool = True
) -> tuple[list[Verdict], list[str]]:
    """The verdicts on every exercise (or on `exercises`), and what the code tried that it should not.

    First the whole lesson as the student wrote it. An exercise that fails is then asked again with every other one from
    the reference: if it is right there, the mistake was another's, and costs nothing here.
    """
    exercises = exercises or list(lesson.points)
    refused = {exercise: rules.refuse(lesson, exercise, students) for exercise in exercises}
    untouched = {cell.exercise for cell in students if cell.source.strip() == lesson.blanks.get(cell.exercise)}
    whole = ask(lesson, students, exercises, seed, sandboxed)
    tried, verdicts = whole.tried + [f"stopped: {whole.stopped}"] * bool(whole.stopped), []
    for exercise in exercises:
        parts = compare_parts(lesson, exercise, whole, seed)
        if borrowed := rules.borrows(lesson, exercise, students):
            parts = [Part(part.name, False, borrowed) for part in parts]
        settled = exercise in untouched or refused[exercise] or all(part.right for part in parts)
        if not settled and not rules.looks_ahead(lesson, exercise, students):
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
        verdicts.append(Verdict(exercise, round(of * share, 2), of, parts, probes(lesson)[exercise].hint))
    return verdicts, list(dict.fromkeys(tried))


def better(whole: Part, alone: Part) -> Part:
    """What is right counts. Else the run alone shows the exercise's own mistake, if it is a difference; an error's text
    is taken from the other run, since in the run alone student code could put the reference's solutions into it."""
    return whole if whole.right or not (alone.right or alone.got) else alone


def new_seed() -> int:
    """Drawn when grading starts, so that nobody can prepare answers."""
    return secrets.randbits(63)


@cache
def data(lesson: Lesson, exercise: str, seed: int) -> tuple[dict, dict]:
    """What the exercise learns from, and what is held out and never enters the sandbox."""
    return probes(lesson)[exercise].learns.data(np.random.default_rng([seed, 1, *exercise.encode()]))


@cache
def package(lesson: Lesson) -> Path:
    """The reference's package before the lesson, written once for this process."""
    return earlier_package(lesson, Path(_scratch().name) / lesson.name)


@cache
def inside() -> Path:
    """What of the grading the sandbox sees, copied once for this process: an edit meanwhile would ask otherwise."""
    folder = Path(_scratch().name) / "grader"
    shutil.copytree(GRADING / "probes", folder / "probes", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(GRADING / "runner.py", folder / "runner.py")
    return folder


@cache
def _scratch() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="tinytorch-judge-")


@cache
def expectations(lesson: Lesson, exercise: str, seed: int) -> dict:
    """What the reference answers: part -> {name: array}."""
    tt, module = reference(lesson)
    probe, found = probes(lesson)[exercise], {}
    for_training = data(lesson, exercise, seed)[0] if probe.learns else None
    with tt.backends.use("numpy"):
        for part, name, value in tools.ask(probe, tt, module, tools.generator(seed, exercise), for_training):
            if name is None:
                raise value
            found.setdefault(part, {})[name] = value
    return found


def reference(lesson: Lesson) -> tuple:
    """The package and the lesson's module, out here. It computes in numpy, as what is asked in the sandbox does."""
    return importlib.import_module("tinytorch"), importlib.import_module(lesson.module)


def ask(lesson: Lesson, cells: tuple[Cell, ...], exercises: list[str], seed: int, sandboxed: bool = True) -> Answers:
    """Run the probes of `exercises` in a sandbox, on the package that `cells` make; paths are in its {root}."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        arrays = {}
        for exercise in exercises:
            if probes(lesson)[exercise].learns:
                arrays |= {f"{exercise}|{k}": v for k, v in data(lesson, exercise, seed)[0].items()}
        np.savez(folder / "data.npz", **arrays)
        request = {
            "probes": lesson.probes,
            "module": lesson.module,
            "public": lesson.public,
            "cells": [{"name": cell.exercise or "given", "source": cell.source} for cell in cells],
            "exercises": exercises,
            "seed": seed,
            "seconds": SECONDS,
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        folders = {"/request": folder, "/package": package(lesson), "/grader": inside()}
        argv = [sandbox.PYTHON, "-IB", "{root}/grader/runner.py", "{root}/request/request.json", "{fd}"]
        outcome = sandbox.run(argv, folders, LIMITS, sandboxed)
    answers = read(outcome.answers, set(exercises))
    answers.stopped = outcome.stopped
    return answers


def read(raw: bytes, exercises: set[str]) -> Answers:
    """The frames of runner.py, as far as they are well formed; the first bad one ends the reading."""
    found, stream, frames = Answers(), io.BytesIO(raw), 0
    while line := stream.readline(HEADER):
        try:
            frames = within(frames + 1, FRAMES)
            header = json.loads(line)
            data = stream.read(within(header["bytes"], ANSWER))
            if "tried" in header:
                told = f"{header['tried']!s:.60} {header['what']!s:.200}"
                found.tried += [told] * (len(found.tried) < TRIED)
            elif "error" in header:
                key = str(header.get("exercise")), header.get("part")
                found.errors.setdefault(key, said(header))
            elif header.get("exercise") in exercises:
                array = plain_array(header, data)
                found.arrays.setdefault((header["exercise"], header["part"]), {}).setdefault(header["name"], array)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.tried.append("answers that are no answers")
            break
    return found


def said(header: dict) -> str:
    """An error of the student's code as one sentence, with the line of their cell."""
    sentence = f"{header['error']!s:.80}: {header['message']!s:.1000}"
    if "cell" not in header:
        return sentence
    return f"{sentence} (cell {header['cell']!s:.60}, line {header['line']!s:.6}: `{str(header['code']).strip():.200}`)"


def within(number, limit: int) -> int:
    if type(number) is not int or not 0 <= number <= limit:
        raise ValueError("a size beyond the limit")
    return number


def plain_array(header: dict, data: bytes):
    """The array that a frame describes, or the sentence that says why it is none."""
    if header["dtype"] not in DTYPES:
        known = OTHER.fullmatch(header["dtype"])  # a free text could tell what the run alone sees
        return f"an array of dtype {header['dtype']}" if known else "an array of another dtype"
    dtype, shape = np.dtype(header["dtype"]), tuple(within(size, ANSWER) for size in header["shape"])
    within(math.prod(size or 1 for size in shape), ANSWER)  # beside a 0, sizes of any length could tell it too
    if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError("a shape that does not fit the bytes")
    return np.frombuffer(data, dtype).reshape(shape)


def compare_parts(lesson: Lesson, exercise: str, answers: Answers, seed: int) -> list[Part]:
    """Right or wrong, for each part of the exercise."""
    parts = []
    for part, expected in expectations(lesson, exercise, seed).items():
        got = answers.arrays.get((exercise, part), {})
        if not expected.keys() <= got.keys():
            parts.append(Part(part, False, why_missing(answers, exercise, part)))
        elif part == "learning":
            parts.append(learned(lesson, exercise, got, expected, seed))
        else:
            found = (compare(name, got[name], expected[name]) for name in expected)
            difference = next(filter(None, found), None)
            parts.append(Part(part, not difference, *(difference or ())))
    return parts


def why_missing(answers: Answers, exercise: str, part: str) -> str:
    """The exercise's cell failed, or this part, or another that ended the exercise, or the sandbox was stopped."""
    of_this = {where: error for (name, where), error in answers.errors.items() if name == exercise}
    first = next(iter(of_this.values()), None)
    stopped = f"it was stopped ({answers.stopped})" if answers.stopped else "it gave no answer"
    return of_this.get(None) or of_this.get(part) or first or stopped


def learned(lesson: Lesson, exercise: str, got: dict, expected: dict, seed: int) -> Part:
    """Measures the trained weights in the reference, on data that the sandbox never saw, and beside them luck: the same
    numbers shuffled."""
    for name, weight in expected.items():
        if isinstance(got[name], str) or (got[name].shape, got[name].dtype) != (weight.shape, weight.dtype):
            return Part("learning", False, f"{name} must be {weight.dtype} of shape {weight.shape}")
    got = {name: got[name] for name in expected}  # a layer with more parameters than the reference's must not stop us
    score = held_out(lesson, exercise, got, seed)
    rng = np.random.default_rng(seed)
    shuffled = {name: rng.permutation(weight.ravel()).reshape(weight.shape) for name, weight in got.items()}
    luck, bar = held_out(lesson, exercise, shuffled, seed), probes(lesson)[exercise].learns.bar
    if score >= bar and score > luck:
        return Part("learning", True)
    message = "trained with your code, it does not reach what it should on data that it never saw"
    return Part("learning", False, message, f"{score:.1%}", f"{bar:.1%}, where luck gives {luck:.1%}")


def held_out(lesson: Lesson, exercise: str, weights: dict, seed: int) -> float:
    learns, weights = probes(lesson)[exercise].learns, {name.partition("/")[2]: each for name, each in weights.items()}
    tt, module = reference(lesson)
    with np.errstate(all="ignore"), tt.backends.use("numpy"):
        return float(learns.measure(tt, module, weights, data(lesson, exercise, seed)[1]))


def compare(name: str, got, expected: np.ndarray) -> tuple | None:
    """None if equal by the rules; else (sentence, got, expected, index).

    The rules: shape and dtype are the same. Whole numbers and bools are equal. Floats differ by at most RELATIVE of
    their dtype, times the largest finite expected magnitude (at least 1); nan and infinities stand at the same places.
    """
    if isinstance(got, str):
        return f"{name} is {got}, expected {expected.dtype}", got, str(expected.dtype), ""
    if got.shape != expected.shape:
        return f"{name} has another shape", str(got.shape), str(expected.shape), ""
    if got.dtype != expected.dtype:
        return f"{name} has another dtype", str(got.dtype), str(expected.dtype), ""
    if got.dtype.kind == "f":
        finite = np.isfinite(expected)
        scale = max(1.0, np.abs(expected[finite]).max(initial=0))
        with np.errstate(invalid="ignore"):
            close = np.abs(got.astype(np.float64) - expected) <= RELATIVE[str(expected.dtype)] * scale
        same = np.where(finite, close, (got == expected) | (np.isnan(got) & np.isnan(expected)))
    else:
        same = got == expected
    if same.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(same))[0])
    place = f"[{', '.join(map(str, index))}]" if got.ndim else ""
    first = np.atleast_1d(got)[index], np.atleast_1d(expected)[index]
    wrong = f"{np.size(same) - np.count_nonzero(same)} of {np.size(same)} numbers differ"
    return f"{name}: {wrong}", f"{first[0]:.6g}", f"{first[1]:.6g}", place
