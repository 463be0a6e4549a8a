"""`torch.random`: the state of the random numbers."""

import contextlib

from ...ops.generator import get_rng_state, manual_seed, set_rng_state

__all__ = ["fork_rng", "manual_seed"]


@contextlib.contextmanager
def fork_rng(devices=None, enabled: bool = True, **options):
    """Inside a `with`, random numbers are drawn as anywhere; afterwards the state is what it was before."""
    if not enabled:
        yield
        return
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)
