"""The probes: the reference passes, nothing that is not built does, no part can be guessed, PyTorch answers the same."""

import functools
import importlib

import nbformat
import numpy as np
import pytest
from bubblewrap import needs_bubblewrap

from course.plan import ROOT, plan
from course.workspace import release
from grading import comparison, grader, reference
from grading.lesson import load_lesson, students_cells
from grading.probes import harness

SEEDS = (1, 2, 3)
LESSONS = list(plan().lessons)
PROBED = [name for name in LESSONS if (ROOT / "grading/probes" / f"{load_lesson(name).subject}.py").exists()]
EXERCISES = [(name, exercise) for name in PROBED for exercise in load_lesson(name).points]

each_lesson = pytest.mark.parametrize("name", PROBED, ids=lambda name: f"{name[:2]}-")
each_exercise = pytest.mark.parametrize("name, exercise", EXERCISES, ids=[f"{n[:2]}-{e}" for n, e in EXERCISES])


def bare(name, exercise):
    """The probe without its training."""
    probe = functools.partial(load_lesson(name).probes[exercise])
    probe.learns = None
    return probe


def answers(name, exercise, seed, tt=None, lesson=None):
    """part -> {name: array}, on the reference or on `tt` and `lesson`."""
    tt = tt or importlib.import_module("tinytorch")
    lesson = lesson or reference.reference_modules(load_lesson(name))[1]
    rng, untouched = (harness.generator(seed, exercise) for _ in range(2))
    found = {}
    for part, what, value in harness.ask(bare(name, exercise), tt, lesson, rng, None):
        if what is None:
            raise value
        found.setdefault(part, {})[what] = value
    bare(name, exercise)(tt, lesson, untouched)
    assert rng.bit_generator.state == untouched.bit_generator.state, "draw from rng before, not inside a part"
    return found


@functools.cache
def expected(name, exercise, seed):
    return answers(name, exercise, seed)


def differs(got, wanted):
    return any(comparison.compare(what, got[what], wanted[what]) if what in got else True for what in wanted)


@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_has_a_probe_and_a_hint(name):
    assert name in PROBED, f"grading/probes/{load_lesson(name).subject}.py is missing"
    probes = load_lesson(name).probes
    assert not load_lesson(name).points.keys() ^ probes.keys(), "exercises without a probe, or the other way round"
    assert not [exercise for exercise, probe in probes.items() if not probe.hint], "probes without a hint"


@each_lesson
@needs_bubblewrap
def test_the_reference_gets_full_points_in_the_sandbox(name):
    lesson = load_lesson(name)
    verdicts, tried = grader.grade(lesson, lesson.cells, seed=grader.new_seed())
    assert all(verdict.points == verdict.of for verdict in verdicts), verdicts
    assert not tried


@each_lesson
@needs_bubblewrap
def test_the_release_as_it_is_gets_no_points(name):
    blank = students_cells(nbformat.reads(release(ROOT / "modules" / name / f"{name}.ipynb"), as_version=4))
    verdicts, _ = grader.grade(load_lesson(name), blank, seed=grader.new_seed())
    assert not [verdict for verdict in verdicts if verdict.points], "points for nothing"


@each_exercise
def test_no_part_can_be_guessed(name, exercise):
    for part, wanted in expected(name, exercise, SEEDS[0]).items():
        for number in (0, 1):
            guess = {what: np.full_like(array, number) for what, array in wanted.items()}
            assert differs(guess, wanted), f"{part}: answers of only {number} pass"
        other = expected(name, exercise, SEEDS[1])[part]
        assert differs(other, wanted), f"{part}: the answers of another seed pass"


@each_exercise
def test_pytorch_answers_the_same(name, exercise):
    torch = pytest.importorskip("torch")
    on_torch = importlib.import_module(f"probes_on_torch.{load_lesson(name).subject}")
    if why := getattr(on_torch.lesson, "not_in_pytorch", {}).get(exercise):
        pytest.skip(f"not in PyTorch: {why}")
    for seed in SEEDS:
        theirs = answers(name, exercise, seed, getattr(on_torch, "tt", torch), on_torch.lesson)
        ours = expected(name, exercise, seed)
        assert theirs.keys() == ours.keys()
        for part, wanted in ours.items():
            assert theirs[part].keys() == wanted.keys(), part
            for what, array in wanted.items():
                difference = comparison.compare(what, theirs[part][what], array)
                assert not difference, f"{part}, seed {seed}: PyTorch gives {difference[1]}: {difference}"


@each_lesson
def test_few_exercises_are_not_compared_with_pytorch(name):
    pytest.importorskip("torch")
    exceptions = getattr(
        importlib.import_module(f"probes_on_torch.{load_lesson(name).subject}").lesson, "not_in_pytorch", {}
    )
    assert exceptions.keys() <= load_lesson(name).points.keys()
    assert len(exceptions) <= 3


def learning(name):
    return [exercise for exercise, probe in load_lesson(name).probes.items() if probe.learns]


def trained(name, exercise, seed):
    """The weights that the reference learns, by the names that the grader gives them."""
    lesson, probe = load_lesson(name), load_lesson(name).probes[exercise]
    module, for_training = reference.reference_modules(lesson)[1], reference.training_data(lesson, exercise, seed)[0]
    weights = probe.learns.train(
        importlib.import_module("tinytorch"), module, np.random.default_rng(seed), for_training
    )
    return dict(harness.arrays_of("learning", weights))


@each_lesson
@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 8), marks=pytest.mark.breadth)], ids=["", "more"])
def test_training_reaches_the_bar(name, seeds):
    for exercise in learning(name):
        for seed in seeds:
            weights = trained(name, exercise, seed)
            part = comparison.learned(load_lesson(name), exercise, weights, weights, seed)
            assert part.right, f"{exercise}, seed {seed}: {part}"


@each_lesson
def test_what_was_not_trained_does_not_reach_the_bar(name, monkeypatch):
    def no_gradient(leaf, grad, given):
        leaf.grad = type(leaf).wrap(np.zeros_like(leaf.array))

    lesson, seed, rng = load_lesson(name), 0, np.random.default_rng(0)
    for exercise in learning(name):
        weights = trained(name, exercise, seed)
        shuffled = {what: rng.permutation(weight.ravel()).reshape(weight.shape) for what, weight in weights.items()}
        with monkeypatch.context() as patched:
            patched.setattr("tinytorch.autograd.accumulate", no_gradient)
            untrained = trained(name, exercise, seed)
        for what, got in [("shuffled", shuffled), ("untrained", untrained)]:
            part = comparison.learned(lesson, exercise, got, weights, seed)
            assert not part.right, f"{what} weights pass: {comparison.held_out(lesson, exercise, got, seed)}"
