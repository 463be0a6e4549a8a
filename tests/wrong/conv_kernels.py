"""Wrong kernels for convolutions with strides and groups, and for what stands around them: see wrong/__init__.py."""

from types import SimpleNamespace

import numpy as np

from tinytorch.kernels import conv_planes, norm
from wrong.tools import replace, wrong

FILE = "test_kernels_conv.py::"


@wrong(FILE + "test_strides_and_groups", FILE + "test_groups_of_one_channel")
def taps_side_by_side_whatever_the_dilation():
    right = conv_planes.plane_in_parts
    replace(
        right, lambda size, kernel_size, stride, padding, dilation: right(size, kernel_size, stride, padding, (1, 1))
    )


@wrong(FILE + "test_the_batch_is_taken_in_parts")
def columns_of_the_first_part_again():
    """Each part of the batch gets the gradient of the first images."""
    right = conv_planes.with_gaps
    first = []

    def with_gaps(grad, wide, groups):
        first.append(grad)
        return right(first[0][: len(grad)] if len(first[0]) >= len(grad) else grad, wide, groups)

    replace(right, with_gaps)


@wrong(FILE + "test_extreme_values_stay_where_they_belong")
def infinite_weights_times_the_gaps():
    """Where no window ends, infinity times zero is nan: the kernels for planes do not look for it."""
    conv_planes.np = SimpleNamespace(**vars(np) | {"isfinite": lambda x: np.True_})


@wrong(FILE + "test_batch_norm_in_use")
def running_statistics_of_another_day():
    """The derivative is computed with the statistics as they are when it is asked for."""
    right = norm.FusedStandardize.forward

    def forward(self, x, weight, bias, mean, variance, eps):
        result = right(self, x, weight, bias, mean, variance, eps)
        self.means = mean
        return result

    norm.FusedStandardize.forward = forward
