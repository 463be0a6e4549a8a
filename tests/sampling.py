"""Which cases of a table `make test` runs: the suite has more than its ten minutes hold."""

import pytest


def every(n: int, cases) -> list:
    """Parameters for pytest: each n-th case, and the others marked `breadth`, which `python -m course test-all` runs."""
    more = lambda case: pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.breadth)
    return [case if i % n == 0 else more(case) for i, case in enumerate(cases)]
