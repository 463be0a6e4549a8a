"""Wrong implementations of what public programs rely on: indices, views, hooks, numbers out of range, Functions of their own."""

import numpy as np

from tinytorch import autograd
from tinytorch.ops import conversion, custom_function, gradient_hooks, inplace, subscripts
from tinytorch.tensor import Tensor, in_dtype
from wrong.tools import replace, wrong


@wrong("test_subscripts.py::test_reading")
def numbers_among_index_arrays():
    """numpy's order of dimensions."""

    def in_two_steps(input, index):
        parts = [subscripts.plain_part(part, "cpu") for part in subscripts.parts_of(index)]
        return None, tuple(parts)

    replace(subscripts.in_two_steps, in_two_steps)


@wrong("test_subscripts.py::test_reading")
def uint8_taken_for_positions():
    replace(subscripts.index_array, lambda part, device: part.array if isinstance(part, Tensor) else part)


@wrong("test_subscripts.py::test_assignment")
def assignment_to_a_copy():
    """x[0, :, [0, 1]] = value writes into what was picked."""
    right = inplace.in_two_steps

    def in_two_steps(input, index):
        view, arrays = right(input, index)
        return (view, arrays) if view is None or arrays is None else (None, (..., 0))

    inplace.in_two_steps = in_two_steps


@wrong("test_views.py::test_programs_that_keep_views")
def views_with_their_old_history():
    Tensor.renew_history = lambda view: None


@wrong("test_views.py::test_parts_of_expanded_tensors")
def gradients_of_an_expanded_view_overwritten():
    def forward(self, a, region):
        self.region = region
        whole, part = region.lay(a)
        whole[...] = 0
        part[...] = a
        return whole

    inplace.PlaceRegion.forward = forward


@wrong("test_views.py::test_a_hook_returns_a_gradient_of_the_same_kind")
def hooks_may_return_anything():
    replace(gradient_hooks.check_hook, lambda hook, given, result: None)


@wrong("test_views.py::test_hooks_stay_with_the_value_and_retain_grad_moves")
def retained_gradients_of_the_old_value():
    inplace.keeper_of = lambda input, node: None


@wrong("test_views.py::test_the_gradient_given_to_backward")
def gradients_of_any_dtype():
    right = autograd.first_gradient

    def first_gradient(output, gradient):
        return right(output, gradient) if gradient is None else gradient

    replace(right, first_gradient)


@wrong("test_out_of_range.py::test_what_stores_a_number_refuses_what_does_not_fit")
def numbers_cut_to_size():
    replace(in_dtype, lambda numbers, kind: np.array(numbers).astype(kind.numpy)[()])


@wrong("test_custom_function.py::test_values_and_derivatives_once_and_twice")
def saved_outputs_without_history():
    custom_function.Call.restored = lambda self, kept, source: Tensor.wrap(getattr(kept, "array", kept))


@wrong("test_custom_function.py::test_values_and_derivatives_once_and_twice")
def only_the_last_output_has_a_gradient():
    right = custom_function.Output.backward

    def backward(self, grad):
        self.edges[0].received.clear()
        return right(self, grad)

    custom_function.Output.backward = backward


@wrong("test_shared_memory.py::test_views_of_one_base")
def each_copy_for_itself():
    replace(conversion.copied, lambda array, memo: array.copy())


@wrong("test_autograd.py::test_hooks_after_accumulation[quick-tinytorch]")
def hooks_after_accumulation_called_before():
    right = autograd.accumulate

    def accumulate(leaf, grad, given):
        after = list(leaf._hooks.after) if leaf._hooks is not None else []
        for hook in after:
            hook(leaf)
        if after:
            leaf._hooks.after.clear()
        right(leaf, grad, given)
        if after:
            leaf._hooks.after.extend(after)

    replace(autograd.accumulate, accumulate)


@wrong("test_subscripts.py::test_slices_with_steps[tinytorch]")
def slices_with_steps_left_to_numpy():
    """Which turns a tensor round for a negative one."""
    replace(subscripts.is_usual, lambda part: isinstance(part, (int, slice)))
