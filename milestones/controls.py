"""Models that must not pass: one layer of each kind is kept from learning. Accuracy alone would often not notice."""

from collections import Counter
from functools import partial

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn

KINDS = {  # how the names of a kind's classes end or begin
    "convolution": ("Conv1d", "Conv2d", "Conv3d"),
    "normalization": ("Norm", "Norm1d", "Norm2d"),
    "embedding": ("Embedding", "Positions"),
    "attention": ("Attention",),
    "recurrence": ("RNN", "LSTM", "GRU"),
    "linear": ("Linear",),
}
STEPS = 8  # of training are enough for a gradient to reach every layer


def first(model, kind: str, alone: bool = False):
    """The first layer of a kind that has parameters, or None; `alone`: one that shares them with no other."""
    owners = Counter(id(p) for layer in model.modules() for p in layer.parameters(recurse=False))
    for layer in model.modules():
        parameters = list(layer.parameters())
        fits = not alone or all(owners[id(p)] == 1 for p in parameters)
        if parameters and fits and type(layer).__name__.endswith(KINDS[kind]):
            return layer
    return None


def frozen(model, kind: str = "linear"):
    """The layer keeps the values it began with."""
    first(model, kind).requires_grad_(False)


def cut(model, kind: str, contract: bool = False):
    """The layer is computed outside the graph: right numbers, no learning, in it and in what only it leads to."""
    layer = first(model, kind, alone=True)
    forward = layer.forward

    def forward_without_history(*inputs, **options):
        with tinytorch.no_grad():
            return forward(*inputs, **options)

    layer.forward = forward_without_history
    layer.gradient_contract = contract


def detached_weight(model, contract: bool = False):
    """The first linear layer computes with its weight's values, without their history."""
    layer = first(model, "linear")
    layer.forward = lambda x: F.linear(x, layer.weight.detach(), layer.bias)
    layer.gradient_contract = contract


def detached_activation(model, contract: bool = False):
    """What the first activation hands on has lost its history: all that is before it learns nothing."""
    layer = activation(model)
    layer.forward = lambda x: type(layer).forward(layer, x).detach()
    layer.gradient_contract = contract


def activation(model):
    return next((layer for layer in model.modules() if isinstance(layer, (nn.Tanh, nn.ReLU))), None)


def controls(model) -> dict:
    """{name: function of a model} of all that can be spoiled in a model like this one."""
    found: dict = {}
    for kind in KINDS:
        if first(model, kind) is not None:
            found[f"{kind} frozen"] = partial(frozen, kind=kind)
        if first(model, kind, alone=True) is not None:
            found[f"{kind} cut"] = partial(cut, kind=kind)
    if first(model, "linear") is not None:
        found["linear, weight detached"] = detached_weight
    if activation(model) is not None:
        found["activation detached"] = detached_activation
    return found
