"""The reference, out here: what it answers to the probes, and the data that it learns from and is measured on."""

import importlib
from functools import cache

import numpy as np

from grading.lesson import Lesson
from grading.probes import harness


def reference_modules(lesson: Lesson) -> tuple:
    """The package and the lesson's module, out here. It computes in numpy, as what is asked in the sandbox does."""
    return importlib.import_module("tinytorch"), importlib.import_module(lesson.module)


@cache
def expectations(lesson: Lesson, exercise: str, seed: int) -> dict:
    """What the reference answers: part -> {name: array}."""
    tt, module = reference_modules(lesson)
    probe, found = lesson.probes[exercise], {}
    for_training = training_data(lesson, exercise, seed)[0] if probe.learns else None
    with tt.backends.use("numpy"):
        for part, name, value in harness.ask(probe, tt, module, harness.generator(seed, exercise), for_training):
            if name is None:
                raise value
            found.setdefault(part, {})[name] = value
    return found


@cache
def training_data(lesson: Lesson, exercise: str, seed: int) -> tuple[dict, dict]:
    """What the exercise learns from, and what is held out and never enters the sandbox."""
    return lesson.probes[exercise].learns.data(np.random.default_rng([seed, 1, *exercise.encode()]))
