"""What lesson 08's probes ask for, by PyTorch."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def convolve(x, weight, stride, padding, dilation, groups):
    conv = (F.conv1d, F.conv2d, F.conv3d)[len(stride) - 1]
    return conv(x, weight, None, stride, padding, dilation, groups)


def forward(x, weight, *options):
    return convolve(torch.tensor(x), torch.tensor(weight), *options)


def gradient(of_weight, grad, given, shape, options):
    """The gradient of one input of the shape; the other is `given`."""
    wanted = torch.zeros(shape, dtype=torch.from_numpy(grad).dtype, requires_grad=True)
    given = torch.tensor(given)
    y = convolve(given, wanted, *options) if of_weight else convolve(wanted, given, *options)
    return torch.autograd.grad(y, wanted, torch.tensor(grad))[0]


def windows(x, kernel, stride, dilation):
    """numpy's own windows, wide enough for the dilation, of which every so many and every so many taps are taken."""
    axes, reach = range(-len(kernel), 0), [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(axes))
    return view[(..., *(slice(None, None, step) for step in (*stride, *dilation)))]


def add_windows(parts, shape, stride, dilation):
    """The gradient of cutting out the windows, which are those of numbers that say where they lie."""
    n, size = len(stride), int(np.prod(shape))
    places = windows(np.arange(size).reshape(shape), parts.shape[-n:], stride, dilation)
    x = torch.zeros(size, dtype=torch.from_numpy(parts).dtype)
    return x.index_add(0, torch.tensor(places.ravel()), torch.tensor(parts.ravel())).reshape(shape)


def largest(view, kernel):
    return tuple(torch.tensor(view).flatten(-len(kernel)).max(-1))


def add_to_largest(places, grad, which, kernel):
    """Window by window: of each, numpy's place of the winner."""
    for window in np.ndindex(*grad.shape):
        places[window][np.unravel_index(which[window], kernel)] += grad[window]


lesson = SimpleNamespace(
    conv2d_loops=lambda x, w, stride=1: forward(x, w, (stride, stride), (0, 0), (1, 1), 1),
    windows=windows,
    conv_forward=forward,
    conv_weight_grad=lambda grad, x, shape, *options: gradient(True, grad, x, shape, options),
    conv_input_grad=lambda grad, weight, shape, *options: gradient(False, grad, weight, shape, options),
    add_windows=add_windows,
    Conv2d=nn.Conv2d,
    MaxPool2d=nn.MaxPool2d,
    largest=largest,
    add_to_largest=add_to_largest,
)
