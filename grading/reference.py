"""The reference, out here: what it answers to the probes, and the data that it learns from and is measured on."""

import importlib
from collections import ChainMap
from functools import cache
from types import SimpleNamespace

import numpy as np

from grading.lesson import Lesson
from grading.probes import harness


def reference_modules(lesson: Lesson) -> tuple:
    """The package, and all names of the lesson as its notebook has them, whatever file they lie in."""
    modules = [importlib.import_module(module) for module in lesson.modules]
    names = modules[0] if len(modules) == 1 else SimpleNamespace(**ChainMap(*map(vars, modules)))
    return importlib.import_module("tinytorch"), names


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
