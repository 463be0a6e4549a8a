"""Wrong implementations of lesson 08's companions, and of augmentation: see wrong/__init__.py."""

import math

import numpy as np

from tinytorch.nn import adaptive_pooling, conv, conv_transpose, fold, pixelshuffle, resampling, window_pooling
from tinytorch.vision.datasets import vision
from tinytorch.vision.transforms import functional, on_tensors, transforms
from wrong.tools import function, replace, wrong

TRANSPOSED = "test_more_conv.py::test_conv_transpose[2]"


@wrong("test_registry.py::test_module_learns[ConvTranspose2d-0]")
def transposed_layer_cut_off_from_its_weight():
    right = conv_transpose.transposed_convolution

    def transposed_convolution(n, input, weight, *more):
        return right(n, input, weight.detach(), *more)

    replace(right, transposed_convolution)


@wrong("test_more_conv.py::test_it_is_the_transposition", TRANSPOSED)
def transposed_convolution_with_its_kernel_turned():
    right = conv_transpose.transposed_convolution

    def transposed_convolution(n, input, weight, *more, **options):
        return right(n, input, weight.flip(*range(2, n + 2)), *more, **options)

    replace(right, transposed_convolution)


@wrong(TRANSPOSED)
def output_padding_on_the_left():
    right = conv_transpose.transposed_convolution

    def transposed_convolution(
        n, input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
    ):
        more = conv.each(output_padding, n, "output_padding")
        less = right(n, input, weight, bias, stride, padding, 0, groups, dilation)
        return conv_transpose.pad(less, [number for m in reversed(more) for number in (m, 0)])

    replace(right, transposed_convolution)


@wrong("test_more_conv.py::test_output_size[2]")
def output_size_that_is_not_heard():
    conv_transpose._ConvTransposeNd.padding_for = lambda self, input, output_size: self.output_padding


@wrong(*function("ResampleFunction"))
def enlarged_pixel_with_the_gradient_of_one_copy():
    """Assigned where it must be added: of the new pixels made from one old one, only the last counts."""

    def spread(grad, taps, dim, size):
        out, before = np.zeros((*grad.shape[:dim], size, *grad.shape[dim + 1 :]), grad.dtype), (slice(None),) * dim
        shape = [-1 if d == dim else 1 for d in range(grad.ndim)]
        for index, weight in taps:
            out[(*before, index)] = grad if weight is None else grad * weight.reshape(shape).astype(grad.dtype)
        return out

    replace(resampling.spread, spread)


@wrong("test_resampling.py::test_interpolate")
def corners_always_aligned():
    right = resampling.places_between
    replace(right, lambda old, new, scale, align_corners: right(old, new, scale, True))


@wrong("test_resampling.py::test_interpolate")
def interpolation_half_a_pixel_off():
    right = resampling.places_between

    def places_between(old, new, scale, align_corners):
        return right(old, new, scale, align_corners) + (0.0 if align_corners else 0.5 * (1 - old / new))

    replace(right, places_between)


@wrong("test_resampling.py::test_shuffles", "test_registry.py::test_module_as_in_pytorch[float64-PixelShuffle-0]")
def pixel_shuffle_in_another_order_of_channels():
    """The r * r parts as the slow dimension of the channels, as other libraries have it."""

    def pixel_shuffle(input, upscale_factor):
        *batch, channels, h, w = input.shape
        r, n = upscale_factor, len(batch)
        parts = input.reshape(*batch, r, r, channels // (r * r), h, w)
        shape = (*batch, channels // (r * r), h * r, w * r)
        return parts.permute(*range(n), n + 2, n + 3, n, n + 4, n + 1).reshape(*shape)

    replace(pixelshuffle.pixel_shuffle, pixel_shuffle)


@wrong("test_resampling.py::test_unfold_and_fold", *function("FoldFunction"))
def fold_that_averages():
    """What lies in several windows is divided by their number."""
    right = fold.from_columns

    def from_columns(a, shape, **options):
        return right(a, shape, **options) / np.maximum(right(np.ones_like(a), shape, **options), 1)

    replace(right, from_columns)


@wrong("test_pooling.py::test_the_windows_of_adaptive_pooling", "test_pooling.py::test_adaptive[1]")
def adaptive_windows_that_do_not_overlap():
    def adaptive_windows(old, new):
        starts, ends = np.arange(new) * old // new, (np.arange(new) + 1) * old // new
        ends = np.maximum(ends, starts + 1)
        return np.minimum(starts[:, None] + np.arange((ends - starts).max()), ends[:, None] - 1)

    replace(adaptive_pooling.adaptive_windows, adaptive_windows)


@wrong("test_pooling.py::test_adaptive[2]")
def adaptive_mean_that_counts_a_pixel_twice():
    """Narrow windows repeat their last pixel, and the mean counts it again."""

    def mean_taps(old, new):
        places = adaptive_pooling.adaptive_windows(old, new)
        return [(index, np.full(new, 1 / places.shape[1])) for index in places.T]

    replace(adaptive_pooling.mean_taps, mean_taps)


@wrong("test_pooling.py::test_lp_pool2d")
def norm_of_the_mean_instead_of_the_sum():
    right = window_pooling.rooted_mean
    replace(right, lambda mean, count, norm_type: right(mean, 1, norm_type))


# Augmentation, the companion of lesson 06


@wrong("test_transforms.py::test_rotation", "test_transforms.py::test_rotation_is_counterclockwise_and_in_range")
def rotation_clockwise():
    right = functional.inverse_affine
    replace(right, lambda center, angle, *more: right(center, -angle, *more))


@wrong("test_transforms.py::test_random_crop_is_every_piece_equally_often")
def crop_that_never_reaches_the_last_place():
    right = transforms.whole_number
    replace(right, lambda low, high: right(low, max(1, high - 1)))


@wrong("test_transforms.py::test_drawn_from_the_global_stream_and_the_source_is_safe")
def erasing_written_into_the_data_set():
    right = on_tensors.erase
    replace(right, lambda img, i, j, h, w, v, inplace=False: right(img, i, j, h, w, v, True))


@wrong("test_transforms.py::test_drawn_from_the_global_stream_and_the_source_is_safe")
def randomness_that_no_seed_repeats():
    replace(transforms.uniform, lambda low, high: np.random.default_rng().uniform(low, high))


@wrong("test_transforms.py::test_erasing")
def area_taken_for_a_side():
    right = math.sqrt
    transforms.math = type("math", (), {"sqrt": lambda x: right(x) / 2, "inf": math.inf, "prod": math.prod})


@wrong("test_transforms.py::test_augmentation_is_for_training_only")
def augmentation_of_what_is_measured():
    """The transform of one data set stays for the next."""
    right, last = vision.Images.__init__, []

    def __init__(self, data, targets, transform=None, target_transform=None, root=None):
        last.append(transform)
        right(self, data, targets, transform or next((t for t in last if t), None), target_transform, root)

    vision.Images.__init__ = __init__
