"""Lesson 03 by PyTorch."""

import math
from types import SimpleNamespace

from torch import nn


def linear(input, weight, bias=None):
    """With the lesson's words where the sizes differ."""
    if input.shape[-1] != weight.shape[1]:
        out, expected = weight.shape
        raise RuntimeError(
            f"Linear({expected}, {out}): the input's last dimension is {input.shape[-1]}, expected {expected}"
        )
    return nn.functional.linear(input, weight, bias)


def uniform_bound(fan_in, gain):
    return math.sqrt(3.0) * gain / math.sqrt(fan_in) if fan_in else 0.0


def state_errors(own, given, strict):
    """What PyTorch's own load_state_dict says of a module with these buffers, with shapes as tuples."""
    module = nn.Module()
    for name, value in own.items():
        module.register_buffer(name, value)
    try:
        module.load_state_dict(given, strict=strict)
    except RuntimeError as error:
        lines = str(error).split("\n\t")[1:]
        kinds = ("Missing", "Unexpected", "size")  # PyTorch has the unexpected ones first
        lines.sort(key=lambda line: next(i for i, kind in enumerate(kinds) if line.startswith(kind)))
        return lines
    return []


lesson = SimpleNamespace(
    Parameter=nn.Parameter,
    Module=nn.Module,
    Linear=nn.Linear,
    Sequential=nn.Sequential,
    linear=linear,
    uniform_bound=uniform_bound,
    state_errors=state_errors,
    not_in_pytorch={"unreached": "PyTorch does not check that a layer's output depends on its parameters"},
)
