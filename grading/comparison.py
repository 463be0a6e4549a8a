"""Compares what a student's package answered with what the reference answers, part by part."""

import numpy as np

from grading.answers import Answers
from grading.lesson import Lesson
from grading.reference import expectations, reference_modules, training_data
from grading.results import Part

RELATIVE = {"float32": 1e-4, "float64": 1e-7}  # of the largest expected number; whole numbers must be equal


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
    luck, bar = held_out(lesson, exercise, shuffled, seed), lesson.probes[exercise].learns.bar
    if score >= bar and score > luck:
        return Part("learning", True)
    message = "trained with your code, it does not reach what it should on data that it never saw"
    return Part("learning", False, message, f"{score:.1%}", f"{bar:.1%}, where luck gives {luck:.1%}")


def held_out(lesson: Lesson, exercise: str, weights: dict, seed: int) -> float:
    learns, weights = lesson.probes[exercise].learns, {name.partition("/")[2]: each for name, each in weights.items()}
    tt, module = reference_modules(lesson)
    with np.errstate(all="ignore"), tt.backends.use("numpy"):
        return float(learns.measure(tt, module, weights, training_data(lesson, exercise, seed)[1]))
