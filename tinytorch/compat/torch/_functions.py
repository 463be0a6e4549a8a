"""Functions of `torch` that it has in `torch.nn.functional` with other arguments: their order, numbers for words."""

from ...nn import functional as F
from ...tensor import Tensor

__all__ = [
    "adaptive_max_pool1d", "alpha_dropout", "alpha_dropout_", "batch_norm", "ctc_loss", "dropout", "dropout_",
    "embedding", "feature_alpha_dropout", "feature_dropout", "grid_sampler", "group_norm", "instance_norm", "kl_div",
    "layer_norm",
]  # fmt: skip
REDUCTIONS = ("none", "mean", "sum")  # by their numbers


def adaptive_max_pool1d(input, output_size) -> tuple:
    """(maxima, places)."""
    return F.adaptive_max_pool1d(input, output_size, return_indices=True)


def batch_norm(
    input, weight, bias, running_mean, running_var, training: bool, momentum: float, eps: float, cudnn_enabled: bool
) -> Tensor:
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input, weight, bias, running_mean, running_var, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps: float = 1e-5, cudnn_enable: bool = True) -> Tensor:
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(input, num_groups: int, weight=None, bias=None, eps: float = 1e-5, cudnn_enabled: bool = True) -> Tensor:
    return F.group_norm(input, num_groups, weight, bias, eps)


def embedding(weight, indices, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:
    padding = None if padding_idx == -1 else padding_idx
    return F.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def dropping(name: str, inplace: bool = False):
    """The function `name`, with `p` and `train` both to be said."""

    def drop(input, p: float, train: bool) -> Tensor:
        return getattr(F, name)(input, p, train, inplace)

    return drop


dropout, dropout_ = dropping("dropout"), dropping("dropout", True)
alpha_dropout, alpha_dropout_ = dropping("alpha_dropout"), dropping("alpha_dropout", True)
feature_dropout, feature_alpha_dropout = dropping("dropout2d"), dropping("feature_alpha_dropout")


def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank: int = 0, reduction: int = 1, zero_infinity: bool = False
) -> Tensor:
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, REDUCTIONS[reduction], zero_infinity)


def kl_div(input, target, reduction: int = 1, *, log_target: bool = False) -> Tensor:
    return F.kl_div(input, target, reduction=REDUCTIONS[reduction], log_target=log_target)


def grid_sampler(input, grid, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    modes, paddings = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    return F.grid_sample(input, grid, modes[interpolation_mode], paddings[padding_mode], align_corners)
