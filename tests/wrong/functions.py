"""Wrong implementations of vmap, of derivatives as functions and of checkpoints: see wrong/__init__.py."""

import numpy as np

from tinytorch.func import batching, derivatives
from tinytorch.utils import checkpoint
from wrong.tools import replace, wrong


@wrong("test_checkpoint.py::test_dropout_is_drawn_again[False-tinytorch]")
def checkpoint_that_draws_other_numbers_the_second_time():
    checkpoint.set_rng_state = lambda state: None


@wrong("test_checkpoint.py::test_nothing_is_kept")
def checkpoint_that_keeps_everything():
    checkpoint.Frame = lambda *args: None


@wrong("test_vmap.py::test_operations[shapes]")
def vmap_that_turns_the_examples_around():
    """The dimension of the examples is counted as one of theirs."""
    batching.RULES[np.flip] = lambda function, level, a, axis=None: a.like(function(a.array, axis))


@wrong("test_vmap.py::test_indices_that_differ")
def vmap_whose_indices_are_those_of_the_first_example():
    right = batching.get_each
    replace(
        right,
        lambda a, index: right(
            a, tuple(p.like(p.array[:1].repeat(p.count, 0)) if hasattr(p, "level") else p for p in index)
        ),
    )


@wrong("test_vmap.py::test_gradients_of_each_example")
def gradients_that_are_summed_over_the_examples():
    """A tensor that all examples share gets one derivative for all instead of one for each."""
    derivatives.running = []


@wrong("test_func.py::TestBothAlike::test_no_grad[tinytorch]")
def grad_that_obeys_no_grad_outside():
    derivatives.enable_grad = derivatives.functools.partial(batching.contextlib.nullcontext)
