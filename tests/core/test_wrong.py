"""Grade the grader: the suite must catch every wrong implementation of tests/wrong, one by one.

Each is put in place in a fork of this process, which runs the tests that should notice. A test that fails by its own
assertion (or by an error that the package raises on purpose) has caught it; a crash in the wrong code itself has not.
"""

import gc
import json
import os
from pathlib import Path

import pytest
import torch
from sampling import every
from wrong import WRONG

FILES = {file.name: file for file in Path(__file__).parents[1].rglob("test_*.py")}
CAUGHT = {"AssertionError", "RuntimeError", "RuntimeWarning", "Failed"}  # Failed: by pytest.raises, pytest.warns


class Watcher:
    """A pytest plugin that notes how many tests passed, and the exceptions of those that did not."""

    def __init__(self):
        self.passed, self.raised = 0, []

    def pytest_runtest_logreport(self, report):
        self.passed += report.when == "call" and report.passed

    def pytest_exception_interact(self, call, report):
        self.raised.append([type(call.excinfo.value).__name__, report.nodeid, str(call.excinfo.value)[:2000]])


@pytest.fixture(scope="module", autouse=True)
def slow_imports():
    """Once here, not in each fork: the first optimizer of PyTorch's takes seconds."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)]).step()


def where(test: str) -> str:
    """pytest's name of a test of which the file is named without its folder."""
    file, *inside = test.split("::")
    return "::".join([str(FILES[file]), *inside])


def run(tests, spoil, folder) -> Watcher:
    """Run `tests` in a fork of this process, after `spoil()`; at most one failure is waited for."""
    result, output = folder / "result.json", folder / "output.txt"
    gc.freeze()  # what is here stays: the child need not go through it, which would copy its memory, too
    child = os.fork()
    if child == 0:  # never return into the pytest of the parent
        try:
            with output.open("wb") as file:
                for stream in (1, 2):
                    os.dup2(file.fileno(), stream)
            spoil()
            watcher = Watcher()
            options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
            pytest.main([*options, *(where(test) for test in tests)], plugins=[watcher])
            result.write_text(json.dumps(vars(watcher)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert result.exists(), output.read_text()[-3000:]
    found = Watcher()
    vars(found).update(json.loads(result.read_text()))
    assert found.passed or found.raised, output.read_text()[-3000:]  # no tests at all
    return found


def test_there_are_enough():
    assert len(WRONG) >= 24


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a wrong implementation runs in a fork")
@pytest.mark.parametrize("name", every(5, WRONG))
def test_is_caught(name, tmp_path):
    spoil, tests = WRONG[name]
    found = run(tests, spoil, tmp_path)
    assert found.raised, f"{name}: {found.passed} tests passed on a wrong implementation"
    kind, test, message = found.raised[0]
    print("caught by", test, "after", found.passed, "that passed:", message.splitlines()[0])
    assert kind in CAUGHT, f"{name} crashed instead of being caught, in {test}: {kind}: {message}"
