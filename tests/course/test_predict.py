"""Predictions: hidden until there is a guess, then told whether and why."""

import numpy as np
import pytest

from course import predict


@pytest.mark.parametrize(
    ("guess", "actual", "right"),
    [
        ((2, 3), (2, 3), True),
        ((2, 3), lambda: (3, 2), False),
        ([2, 3], (2, 3), True),
        (0.33, 1 / 3, True),
        (1, 1.0, True),
        (0.3, 1 / 3, False),
        (" Yes", "yes", True),
        (True, False, False),
        ((2, (1, 0.5)), (2, [1, 0.5]), True),
        ((2,), (2, 3), False),
        (np.array([0.5, 0.5]), [0.5, 0.5], True),
        (np.array([1, 2]), (1, 3), False),
        ([[1, 2]], np.array([[1, 2]]), True),
        ("False", False, True),
        ("26", 26, True),
        ("27", 26, False),
        ("torch.float32", "float32", True),
        ("(2,3)", (2, 3), True),
        ("an array", "array", False),
    ],
)
def test_a_guess_is_told(guess, actual, right, capsys):
    predict(guess, actual, "Because.")
    said = capsys.readouterr().out
    assert said.endswith("Because.\n") and said.startswith("\033[32mYes" if right else "You said")


def test_without_a_guess_nothing_is_given_away(capsys):
    predict(..., lambda: 1 / 0, "Because of 7.")
    said = capsys.readouterr().out
    assert "guess" in said and "7" not in said
