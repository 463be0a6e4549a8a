"""Models that must not pass: one layer of each is kept from learning. Accuracy alone would often not notice."""

import tinytorch.nn.functional as F
from tinytorch import nn


def first(model, kind):
    return next((layer for layer in model.modules() if isinstance(layer, kind)), None)


def frozen(model):
    """The first layer keeps the values it began with."""
    first(model, nn.Linear).requires_grad_(False)


def detached_weight(model, contract: bool = False):
    """The first layer computes with its weight's values, without their history: right numbers, no learning."""
    layer = first(model, nn.Linear)
    layer.forward = lambda x: F.linear(x, layer.weight.detach(), layer.bias)
    layer.gradient_contract = contract


def detached_activation(model, contract: bool = False):
    """What the hidden layer hands on has lost its history: all that is before it learns nothing."""
    layer = first(model, nn.Tanh)
    layer.forward = lambda x: type(layer).forward(layer, x).detach()
    layer.gradient_contract = contract


CONTROLS = {"layer frozen": frozen, "weight detached": detached_weight, "activation detached": detached_activation}
