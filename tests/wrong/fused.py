"""Wrong implementations of lesson 15's companion, several operations as one: see wrong/__init__.py."""

import math

import numpy as np

from tinytorch.kernels import adam, cross_entropy
from tinytorch.tensor import Tensor
from wrong.tools import replace, wrong

FILE = "test_fused.py::"


@wrong(FILE + "test_cross_entropy_as_in_pytorch")
def kept_probabilities_without_the_one():
    """The gradient is the softmax, whatever the class."""
    right = cross_entropy.KeptCrossEntropy.backward

    def backward(self, grad):
        return right(self, grad) if isinstance(grad, Tensor) else self.probabilities * grad[:, None]

    cross_entropy.KeptCrossEntropy.backward = backward


@wrong(FILE + "test_cross_entropy_twice_and_on_a_graph_that_is_kept")
def kept_probabilities_written_into():
    """Right once; a second walk through the same graph finds the gradient of the first."""
    right = cross_entropy.KeptCrossEntropy.backward

    def backward(self, grad):
        if isinstance(grad, Tensor):
            return right(self, grad)
        self.probabilities *= grad[:, None]
        self.probabilities[np.arange(len(grad)), self.classes] -= grad
        return self.probabilities

    cross_entropy.KeptCrossEntropy.backward = backward


@wrong(FILE + "test_cross_entropy_as_in_pytorch")
def average_with_the_gradient_of_a_sum():
    cross_entropy.Average.backward = lambda self, grad: np.full(self.a_shape, grad, grad.dtype)


@wrong(FILE + "test_classes_that_need_a_second_look")
def negative_classes_taken_for_right():
    replace(
        cross_entropy.class_indices,
        lambda name, target, ignore_index, classes: (
            (target.array, None) if max(target.array, default=0) < classes else NotImplemented
        ),
    )


@wrong(FILE + "test_adam_takes_the_lessons_steps")
def fused_adam_with_eps_moved_but_not_scaled():
    """eps beside sqrt(v) as it is, where it should be multiplied by the root that moved out."""
    right = adam.adam_update

    def adam_update(p, grad, state, group):
        t = 1 + (int(state["step"].array) if "step" in state else 0)
        return right(p, grad, state, {**group, "eps": group["eps"] / math.sqrt(1 - group["betas"][1] ** t)})

    replace(right, adam_update)
