"""Lesson 15's checks run a kernel with care: what would read foreign memory, or cannot be compiled, is told with its line."""

import pytest

numba = pytest.importorskip("numba")
import numpy as np  # noqa: E402

from tinytorch.kernels.measuring import carefully  # noqa: E402


@numba.njit
def one_too_far(x, result):
    for i in range(len(x)):
        result[i] = x[i + 1]


@numba.njit
def doubled(x, result):
    for i in range(len(x)):
        result[i] = 2 * x[i]
    return len(x)


@numba.njit
def of_a_name_that_is_not_there(x, result):
    result[0] = nowhere(x)  # noqa: F821


@numba.njit
def not_to_be_compiled(x, result):
    result[0] = x.astype("a text")


@numba.njit
def blank(x, result):
    raise NotImplementedError()


def test_a_right_kernel_gives_what_it_gives():
    x, result = np.arange(3.0), np.zeros(3)
    assert carefully(doubled, x, result) == 3 and result.tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (one_too_far, r"line \d+ of its cell, `result\[i\] = x\[i \+ 1\]`: index 3 is out of bounds.*checks no bounds"),
        (doubled.py_func, "doubled is not compiled: the line `@compiled` above `def doubled` is missing"),
        (of_a_name_that_is_not_there, "numba cannot compile it: .*nowhere.*line"),
        (not_to_be_compiled, "numba cannot compile it: .*As plain Python it stops at line"),
    ],
    ids=["out of bounds", "plain Python", "an unknown name", "an unknown dtype"],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_changed(kernel, said):
    x, result = np.arange(3.0), np.zeros(3)
    with pytest.raises(AssertionError, match=f"(?s){said}"):
        carefully(kernel, x, result)
    assert x.tolist() == [0, 1, 2] and result.tolist() == [0, 0, 0]


def test_a_blank_is_a_blank():
    with pytest.raises(NotImplementedError):
        carefully(blank, np.zeros(1), np.zeros(1))
