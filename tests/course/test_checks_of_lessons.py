"""Every check of a lesson can be run again, at any time: after its own failure, and after all others."""

import contextlib
import io
import multiprocessing
import signal
import symtable

import nbformat
import pytest
from run_notebook import SECONDS, as_in_a_kernel
from sampling import every
from solutions import WRONG

from course.notebook import read
from course.plan import plan

SHORT = ["02_autograd"]
LESSONS = [*SHORT, *(name for name in plan().lessons if name not in SHORT)]
SAMPLED = [*SHORT, *every(100, [None, *LESSONS[len(SHORT) :]])[1:]]


def cells_of(lesson):
    nb = nbformat.read(plan().notebook(lesson), as_version=4)
    return [cell for cell in nb.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("lesson", plan().lessons)
def test_no_check_defines_a_name_of_its_lesson(lesson):
    """A loop over `operands` in a check, where the lesson exports a function of that name, breaks what comes later."""
    notebook = read(plan().notebook(lesson))
    theirs = {name for cell in notebook.exported for name in assigned(cell.solved)}
    for cell in notebook.cells:
        if cell.checks:
            assert not theirs & assigned(cell.source), f"check-{cell.checks}"


@pytest.mark.parametrize("lesson", plan().lessons)
def test_no_check_needs_what_another_defined(lesson):
    """Nor does a cell further down: a check's names are gone when it has run."""
    given, of_checks = set(), {}
    for cell in read(plan().notebook(lesson)).code:
        names = assigned(cell.solved)
        if cell.checks:
            of_checks |= dict.fromkeys(names - given, cell.checks)
        else:
            given |= names
        lacking = (used(table(cell.solved)) - given - names) & of_checks.keys()
        assert not lacking, f"{cell.id} uses {lacking}, of the check of {[of_checks[name] for name in lacking]}"


@pytest.mark.parametrize("lesson", plan().lessons)
def test_what_a_check_uses_is_not_used_for_something_else_below(lesson):
    """A `net` that is another one further down: the check would fail when it is run again."""
    code = read(plan().notebook(lesson)).code
    theirs = {name for cell in code if cell.is_exported for name in assigned(cell.solved)}
    for at, check in enumerate(code):
        if check.checks:
            needs = used(table(check.source)) - assigned(check.source) - theirs
            for below in code[at + 1 :]:
                if not below.checks:
                    assert not needs & assigned(below.source), f"{check.id} and {below.id}"


def table(source):
    return symtable.symtable("\n".join(line for line in source.splitlines() if line.strip()[:1] != "%"), "", "exec")


def assigned(source):
    return {s.get_name() for s in table(source).get_symbols() if s.is_assigned() or s.is_imported()}


def used(found, top=True):
    """Names that code takes from the notebook's."""
    names = {s.get_name() for s in found.get_symbols() if s.is_referenced() and (top or s.is_global())}
    return names.union(*(used(each, False) for each in found.get_children()))


@pytest.mark.parametrize("lesson", SAMPLED)
def test_checks_can_be_run_again(lesson):
    said, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=run_again, args=(lesson, theirs))
    child.start()
    theirs.close()
    assert said.poll(SECONDS), "a cell hangs"
    problems, failed = said.recv()
    child.join()
    assert not problems, "\n".join(problems)
    assert failed > len(read(plan().notebook(lesson)).exercises), "wrong answers fail"


def run_again(lesson, answers):
    problems, failed = [], 0
    with contextlib.redirect_stdout(io.StringIO()) as text:
        shell, cells = as_in_a_kernel(plan().notebook(lesson).parent), cells_of(lesson)

        def succeeds(source):
            signal.alarm(60)
            try:
                return shell.run_cell(source, store_history=True).success
            finally:
                signal.alarm(0)

        signal.signal(signal.SIGALRM, signal.default_int_handler)
        checks = {}
        for cell in cells:
            if not succeeds(cell.source):
                problems.append(f"{cell.id} fails")
            if cell.metadata.get("nbgrader", {}).get("grade"):
                checks[cell.metadata.nbgrader.grade_id.removeprefix("check-")] = cell.source
        right = {cell.metadata.nbgrader.grade_id: cell.source for cell in cells if is_exercise(cell)}
        for exercise in reversed(checks):
            if not succeeds(checks[exercise]):
                problems.append(f"check-{exercise} fails after those below it: {text.getvalue()[-600:]}")
        for exercise, name, wrong in wrong_answers(lesson, right):
            succeeds(wrong)
            failed += not succeeds(checks[exercise])
            succeeds(right[exercise])
            if not succeeds(checks[exercise]):
                problems.append(f"check-{exercise} fails after {name!r} was put right: {text.getvalue()[-600:]}")
    answers.send((problems, failed))


def is_exercise(cell):
    return cell.metadata.get("nbgrader", {}).get("solution")


def wrong_answers(lesson, right):
    """Two of each exercise's, and the blank."""
    for exercise, cell in read(plan().notebook(lesson)).exercises.items():
        yield exercise, "blank", cell.released
        found = [each for each in WRONG if (each.lesson, each.exercise) == (lesson, exercise)]
        for each in found[:2]:
            yield (
                exercise,
                each.name,
                "\n\n".join(part.source for part in each.cells if part.added or part.exercise == exercise),
            )
