"""Wrong implementations of what lesson 09 builds: see wrong/__init__.py."""

import numpy as np

import tinytorch
from tinytorch.nn import channel_dropout, dropout, norm, residual
from tinytorch.nn.utils.weight_norm import norm_except
from wrong.tools import function, replace, wrong

OVER_BATCHES = "test_norm.py::test_modules_over_several_batches"
BATCH = f"{OVER_BATCHES}[float32-BatchNorm1d-0]"
PLAIN_AVERAGE = "test_norm.py::test_the_plain_average_of_all_batches"
BY_HAND = "test_norm.py::test_running_statistics_by_hand"
DROPS = "test_norm.py::test_dropout_drops_and_scales[0.5-Dropout]"


@wrong(*function("NormalizeFunction"))
def normalization_with_detached_statistics():
    replace(norm.normalize_gradient, lambda grad, x_hat, rstd, dims: grad * rstd)


@wrong(*function("NormalizeFunction"))
def normalization_with_a_gradient_of_ones():
    replace(norm.normalize_gradient, lambda grad, x_hat, rstd, dims: np.ones_like(grad))


@wrong(*function("NormalizeFunction"))
def normalization_whose_gradient_forgets_the_variance():
    def normalize_gradient(grad, x_hat, rstd, dims):
        return rstd * (grad - grad.mean(dims, keepdims=True))

    replace(norm.normalize_gradient, normalize_gradient)


@wrong(*function("NormalizeFunction"))
def normalization_whose_gradient_forgets_the_scale():
    right = norm.normalize_gradient
    replace(right, lambda grad, x_hat, rstd, dims: right(grad, x_hat, np.ones_like(rstd), dims))


@wrong("test_norm.py::test_layer_norm")
def normalization_by_the_unbiased_variance():
    def standardize(x, dims, eps):
        mean, variance = x.mean(dims, keepdims=True), x.var(dims, keepdims=True, ddof=1)
        rstd = 1 / np.sqrt(variance + eps)
        return (x - mean) * rstd, mean, variance, rstd

    replace(norm.standardize, standardize)


@wrong("test_norm.py::test_batch_norm_in_training")
def normalization_with_eps_outside_the_root():
    def standardize(x, dims, eps):
        mean, variance = x.mean(dims, keepdims=True), x.var(dims, keepdims=True)
        rstd = 1 / (np.sqrt(variance) + eps)
        return (x - mean) * rstd, mean, variance, rstd

    replace(norm.standardize, standardize)


@wrong("test_norm.py::test_float32_with_a_large_mean")
def variance_as_a_difference_of_squares():
    def standardize(x, dims, eps):
        mean = x.mean(dims, keepdims=True)
        variance = np.maximum((x * x).mean(dims, keepdims=True) - mean * mean, 0)
        rstd = 1 / np.sqrt(variance + eps)
        return (x - mean) * rstd, mean, variance, rstd

    replace(norm.standardize, standardize)


@wrong("test_norm.py::test_batch_norm_in_training", BATCH)
def batch_norm_over_the_channels():
    right = norm.NormalizeFunction.apply.__func__

    def apply(cls, input, dims, eps, watch=None):
        if watch is None:
            return right(cls, input, dims=dims, eps=eps)
        return right(cls, input, dims=tuple(range(1, input.ndim)), eps=eps)

    norm.NormalizeFunction.apply = classmethod(apply)


@wrong(BATCH, BY_HAND)
def running_statistics_with_the_momentum_inverted():
    right = norm.update_running
    replace(right, lambda *args: right(*args[:-1], 1 - args[-1]))


@wrong(BY_HAND, PLAIN_AVERAGE)
def running_variance_that_is_biased():
    right = norm.update_running
    replace(right, lambda mean, var, m, v, n, momentum: right(mean, var, m, v * ((n - 1) / n), n, momentum))


@wrong(BY_HAND)
def running_statistics_that_move_in_evaluation():
    def checked(module, input):
        module.training = True
        return right(module, input)

    right = norm._BatchNorm.forward
    norm._BatchNorm.forward = checked


@wrong(BATCH)
def running_statistics_that_nobody_uses():
    right = norm.batch_norm

    def batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps):
        return right(input, running_mean if training else None, running_var, weight, bias, True, momentum, eps)

    replace(right, batch_norm)


@wrong(PLAIN_AVERAGE)
def plain_average_that_forgets_to_count():
    right = norm._BatchNorm.forward

    def forward(self, input):
        self.num_batches_tracked.zero_()
        return right(self, input)

    norm._BatchNorm.forward = forward


@wrong("test_norm.py::test_group_norm")
def groups_that_are_interleaved():
    right = norm.group_norm

    def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
        n, c = input.shape[:2]
        mixed = input.reshape(n, num_groups, c // num_groups, -1).transpose(1, 2).reshape(input.shape)
        back = right(mixed, num_groups, None, None, eps).reshape(n, c // num_groups, num_groups, -1).transpose(1, 2)
        shape = (1, c, *[1] * (input.ndim - 2))
        x_hat = back.reshape(input.shape)
        x_hat = x_hat if weight is None else x_hat * weight.reshape(shape)
        return x_hat if bias is None else x_hat + bias.reshape(shape)

    replace(right, group_norm)


@wrong(*function("RMSNormalizeFunction"))
def rms_norm_with_detached_statistics():
    norm.RMSNormalizeFunction.backward = lambda self, grad: grad * self.rstd


@wrong("test_norm.py::test_rms_norm", "test_norm.py::test_the_output_forgets_scale_and_shift_of_its_input")
def rms_norm_that_subtracts_the_mean():
    right = norm.RMSNormalizeFunction.forward
    norm.RMSNormalizeFunction.forward = lambda self, x, dims, eps: right(
        self, x - x.mean(dims, keepdims=True), dims, eps
    )


@wrong(DROPS)
def dropout_without_the_scale():
    replace(dropout.dropped, lambda input, p: input * (tinytorch.rand(input.shape) >= p).to(input.dtype))


@wrong("test_norm.py::test_dropout_drops_and_scales[0.9-Dropout]")
def dropout_with_the_mask_inverted():
    replace(dropout.dropped, lambda input, p: input * ((tinytorch.rand(input.shape) < p).to(input.dtype) / (1 - p)))


@wrong(DROPS, "test_norm.py::test_functions_drop_in_training_only")
def dropout_that_drops_in_evaluation():
    right = dropout.dropout
    replace(right, lambda input, p=0.5, training=True, inplace=False: right(input, p, True, inplace))


@wrong("test_norm.py::test_dropout_takes_the_default_generator")
def dropout_with_random_numbers_of_its_own():
    rng = np.random.default_rng(0)

    def dropped(input, p):
        return input * tinytorch.tensor((rng.random(input.shape) >= p) / (1 - p), dtype=input.dtype)

    replace(dropout.dropped, dropped)


@wrong("test_norm.py::test_dropout_drops_and_scales[0.5-Dropout2d]")
def channel_dropout_that_drops_pixels():
    replace(channel_dropout.dropped_channels, lambda input, p, single: dropout.dropped(input, p))


@wrong("test_registry.py::test_module_as_in_pytorch[float64-BasicBlock-0]")
def residual_block_without_its_shortcut():
    def forward(self, input):
        inner = tinytorch.relu(self.bn1(self.conv1(input)))
        shortcut = input if self.downsample is None else self.downsample(input)
        return tinytorch.relu(self.bn2(self.conv2(inner)) + shortcut * 0.0)

    residual.BasicBlock.forward = forward


@wrong("test_norm.py::test_weight_norm[0-Linear-shape0]", "test_norm.py::test_weight_norm[1-Linear-shape0]")
def weight_norm_of_the_whole_weight():
    right = norm_except
    replace(right, lambda v, dim: right(v, 0) * 0 + right(v, None))


@wrong(*function("NormalizeFunction"))
def second_derivative_without_the_variance():
    """Right once; the derivative of the derivative takes the deviation for a constant."""
    right = norm.recorded_normalization

    def recorded_normalization(x, dims, eps, centered=True):
        x_hat, rstd = right(x, dims, eps, centered)
        return x_hat, rstd.detach()

    replace(right, recorded_normalization)


@wrong(*function("RMSNormalize"))
def rms_norm_whose_second_derivative_subtracts_a_mean():
    right = norm.recorded_normalization
    replace(right, lambda x, dims, eps, centered=True: right(x, dims, eps))
