"""Wrong implementations of lesson 08: see wrong/__init__.py."""

import numpy as np

from tinytorch.nn import conv, pooling
from wrong.tools import function, replace, wrong

CONVOLUTION = "test_conv.py::test_convolution_as_in_pytorch[2]"
MAX_POOL = "test_conv.py::test_max_pool_as_in_pytorch"


@wrong("test_conv.py::test_loops_matrix_product_and_pytorch_agree", *function("Convolution"))
def filters_turned_around():
    """A convolution as in mathematics, the kernel from its end: PyTorch's is a cross-correlation."""
    right = conv.conv_forward

    def conv_forward(x, weight, *args, **options):
        turned = weight[(slice(None), slice(None), *(slice(None, None, -1),) * (weight.ndim - 2))]
        return right(x, turned, *args, **options)

    replace(right, conv_forward)


@wrong("test_conv.py::test_windows_and_the_way_back", *function("Convolution"))
def overlaps_that_overwrite():
    """Where windows overlap, the last part stays instead of the sum."""
    right = conv.add_windows

    def add_windows(parts, shape, stride, dilation):
        result, n = np.zeros(shape, parts.dtype), len(stride)
        kernel = parts.shape[-n:]
        places = conv.windows(result, kernel, stride, dilation)
        for tap in np.ndindex(*kernel):
            places[(..., *tap)] = parts[(..., *tap)]
        return result

    replace(right, add_windows)


@wrong("test_conv.py::test_windows_and_the_way_back", CONVOLUTION)
def windows_that_swap_stride_and_dilation():
    right = conv.windows

    def windows(x, kernel_size, stride, dilation):
        view = right(x, kernel_size, stride, dilation)
        n = len(kernel_size)
        steps = view.strides
        lead, moves, inside = steps[: -2 * n], steps[-2 * n : -n], steps[-n:]
        swapped = (
            (*lead, *inside, *moves)
            if all(k <= c for k, c in zip(kernel_size, view.shape[-2 * n :], strict=False))
            else steps
        )
        low = sum((size - 1) * step for size, step in zip(view.shape, swapped, strict=True))
        if low >= x.nbytes:  # never read outside the array
            return right(x, kernel_size, stride, (1,) * n)
        return np.lib.stride_tricks.as_strided(x, view.shape, swapped)

    replace(right, windows)


@wrong(*function("Convolution"), CONVOLUTION)
def weight_gradient_averaged_over_the_batch():
    right = conv.conv_weight_grad

    def conv_weight_grad(grad, x, *args, **options):
        return right(grad, x, *args, **options) / max(1, len(x))

    replace(right, conv_weight_grad)


@wrong(CONVOLUTION, "test_conv.py::test_arrays_over_one_two_and_three_dimensions[2]")
def input_gradient_cut_one_off():
    """The padding is cut from the input's gradient on one side only."""
    right = conv.cropped

    def cropped(x, padding):
        return right(np.roll(x, 1, -1), padding) if padding[-1] and x.ndim > 3 else right(x, padding)

    def conv_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
        conv.cropped = cropped
        try:
            return wrapped(grad, weight, input_shape, stride, padding, dilation, groups)
        finally:
            conv.cropped = right

    wrapped = conv.conv_input_grad
    replace(wrapped, conv_input_grad)


@wrong("test_registry.py::test_module_learns[Conv2d-0]", "test_conv.py::test_no_gradient_that_nobody_asked_for")
def frozen_bias():
    """The bias is added, and its gradient forgotten."""
    right = conv.Convolution.backward

    def backward(self, grad):
        found = right(self, grad)
        return found if len(found) < 3 or found[2] is None else (*found[:2], None)

    conv.Convolution.backward = backward


@wrong(
    "test_registry.py::test_module_as_in_pytorch[float32-Conv2d-0]",
    "test_conv.py::test_a_network_of_them_as_in_pytorch",
)
def detached_weight():
    """The layer computes with a copy of its weight that has no history."""

    def forward(self, input):
        input, padding = self.padded(input)
        weight = self.weight.detach()
        return conv.conv2d(input, weight, self.bias, self.stride, padding, self.dilation, self.groups)

    conv.Conv2d.forward = forward


@wrong("test_conv.py::test_the_first_of_equal_numbers_gets_the_gradient", MAX_POOL)
def maxima_whose_ties_all_get_the_whole():
    def add_to_largest(places, grad, which, kernel_size):
        best = which * 0 + grad * 0
        for tap in np.ndindex(*kernel_size):
            places[(..., *tap)] += grad + best

    replace(pooling.add_to_largest, add_to_largest)


@wrong(MAX_POOL)
def max_pool_around_zeros():
    """The padding holds 0 instead of -inf, and wins over negative numbers."""
    right = pooling.pool_windows

    def pool_windows(x, value, *args, **options):
        return right(x, 0, *args, **options)

    replace(right, pool_windows)


@wrong("test_conv.py::test_avg_pool_as_in_pytorch")
def average_over_all_numbers_at_the_edge():
    """count_include_pad makes no difference."""
    right = pooling.pool_divisor

    def pool_divisor(*args, count_include_pad=True, **options):
        return right(*args, count_include_pad=True, **options)

    replace(right, pool_divisor)


@wrong(*function("PickFromWindows"))
def the_first_of_each_window_is_picked():
    right = pooling.pool_indices
    replace(right, lambda which, *args, **options: right(which * 0, *args, **options))


@wrong("test_pooling.py::test_integers_are_pooled_as_in_pytorch")
def means_of_integers_rounded_down():
    """-3 // 2 is -2; PyTorch cuts off towards zero."""
    right = pooling.avg_pool_forward

    def avg_pool_forward(x, divisor, **options):
        total = right(x, 1, **options)
        return total / divisor if total.dtype.kind == "f" else total // divisor

    replace(right, avg_pool_forward)
