"""Mistakes that show in special cases only; tests/wrong has an implementation with each."""

import numpy as np
import pytest
import torch
from alike import alike

import tinytorch as tt


@pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])
def test_an_early_value_used_late_and_at_once(t):
    """Whatever the order of the edges: a node is passed on when all who used it have given, not when it is first met."""
    for combine in (lambda b, c: b + c, lambda b, c: c + b):
        a = t.tensor(2.0, requires_grad=True)
        b = a * a
        combine(b, ((b * 1.0) * 1.0) * b).backward()
        assert a.grad.item() == 2 * 2.0 + 4 * 2.0**3


def test_square_matrices_leave_a_choice_of_what_to_transpose():
    rng = np.random.default_rng(0)
    alike(lambda t, a, b: a @ b, rng.standard_normal((3, 3)), rng.standard_normal((3, 3)))
    alike(lambda t, a, b: a @ b, rng.standard_normal((2, 3, 3)), rng.standard_normal((2, 3, 3)))
