"""Predict, then reveal: a lesson asks what will happen before it shows it. Nothing is graded."""

import re

from course.checks import GREEN, PLAIN


def predict(guess, actual, why: str):
    """Say whether `guess` is what comes out, and why. `...` is no guess yet: the answer stays hidden.

    `actual` is the value, or a function that computes it. A guess that is a float may be off by a hundredth.
    """
    if guess is ...:
        print("Your guess first: write it in the place of the dots, then run the cell again.")
        return
    actual = actual() if callable(actual) else actual
    if same(guess, actual):
        print(f"{GREEN}Yes, {actual!r}.{PLAIN} {why}")
    else:
        print(f"You said {guess!r}, and it is {actual!r}. {why}")


def same(guess, actual) -> bool:
    guess, actual = (value.tolist() if hasattr(value, "tolist") else value for value in (guess, actual))
    if isinstance(guess, str) or isinstance(actual, str):  # "(2, 3)", "False", float32 or torch.float32 for "float32"
        guess, actual = (re.sub(r"\b[A-Za-z_]\w*\.(?=[a-z])|\s", "", str(value)).lower() for value in (guess, actual))
        return guess == actual
    if isinstance(actual, (tuple, list)) and isinstance(guess, (tuple, list)):
        return len(guess) == len(actual) and all(map(same, guess, actual))
    if isinstance(actual, float) and isinstance(guess, (int, float)):
        return abs(guess - actual) <= 0.01 * abs(actual)
    return guess == actual
