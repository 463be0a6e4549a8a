"""Which cases of a table `make test` runs: the suite has more than its ten minutes hold."""

import pytest


def every(n: int, cases) -> list:
    """Parameters for pytest: each n-th case, and the others marked `breadth`, which `python -m course test-all` runs."""
    return [case if i % n == 0 else pytest.param(case, marks=pytest.mark.breadth) for i, case in enumerate(cases)]
