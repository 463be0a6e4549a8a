"""Layers as one node: the same numbers, gradients and errors as the lesson's composition."""

import itertools

import numpy as np
import pytest
import torch

from tinytorch import as_tensor, backends, enable_grad, fused, gradcheck, nn, randn, tensor
from tinytorch.autograd import grad
from tinytorch.nn.module import linear

SHAPES = [((4, 3), 5), ((3,), 5), ((2, 4, 3), 1), ((2, 1, 4, 3), 5), ((1, 1), 2), ((6, 1), 1)]


def parts(shape, out, kind="float32", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size).astype(kind) for size in (shape, (out, shape[-1]), (out,))]


def compare(arrays, wants, with_bias, atol):
    """Value and gradients of the fused form beside the composition's and PyTorch's."""
    found = []
    for library, form in ((tensor, fused.linear), (tensor, linear.plain), (torch.tensor, torch.nn.functional.linear)):
        given = [library(a) for a in arrays]
        for each, want in zip(given, wants, strict=True):
            each.requires_grad_(want)
        if not with_bias:
            given[2] = None
        output = form(*given)
        weights = np.cos(np.arange(output.detach().numpy().size)).reshape(output.shape).astype(arrays[0].dtype)
        wanted = [each for each in given if each is not None and each.requires_grad]
        if wanted:
            (output * library(weights)).sum().backward()
        found.append([output.detach().numpy(), *(each.grad.numpy() for each in wanted)])
    for ours, composed, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=atol, rtol=1e-5)
        np.testing.assert_allclose(composed, theirs, atol=atol, rtol=1e-5)


@pytest.mark.parametrize("shape, out", SHAPES)
@pytest.mark.parametrize("kind, atol", [("float32", 1e-5), ("float64", 1e-12)])
def test_values_and_gradients(shape, out, kind, atol):
    for wants in itertools.product([True, False], repeat=3):
        for with_bias in (True, False):
            compare(parts(shape, out, kind), wants, with_bias, atol)


def test_any_order_in_memory():
    x, weight, bias = parts((3, 4), 5)
    compare([np.asfortranarray(x), weight.T.copy().T, np.repeat(bias, 2)[::2]], (True, True, True), True, 1e-5)
    wide = np.broadcast_to(x, (2, 3, 4))
    compare([wide.transpose(1, 0, 2), weight, bias], (True, True, True), True, 1e-5)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_it_can_be_differentiated_twice(shape):
    x, weight, bias = (tensor(a, requires_grad=True) for a in parts(shape, 4, "float64"))

    def slopes(*inputs):
        found = grad((fused.linear(*inputs) ** 3).sum(), inputs, create_graph=True)
        return sum((each**2).sum() for each in found)

    assert gradcheck(fused.linear, (x, weight, bias)) and gradcheck(fused.linear, (x, weight))

    @enable_grad()
    def twice(*inputs):
        return slopes(*[each if each.requires_grad else each.requires_grad_() for each in inputs])

    assert gradcheck(twice, (x, weight, bias))


@pytest.mark.parametrize(
    "given",
    [
        (randn(2, 3), randn(5, 4), randn(5)),
        (randn(2, 4), randn(5, 4), randn(4)),
        (randn(2, 4), randn(5, 4), randn(1, 5)),
        (randn(2, 4), randn(4)),
        (randn(2, 4).double(), randn(5, 4)),
        (randn(2, 4), randn(5, 4), randn(5).double()),
        (randn(0, 4), randn(5, 4)),
        (tensor(1.0), randn(5, 4)),
        (tensor([[1, 2]]), tensor([[3, 4]])),
        ([[1.0]], randn(5, 1)),
    ],
    ids=range(10),
)
def test_what_does_not_fit_is_left_to_the_lesson(given):
    assert fused.linear(*given) is NotImplemented


def test_it_is_what_a_layer_uses():
    layer, x = nn.Linear(4, 2), randn(3, 4)
    with backends.use("numpy"):
        assert type(layer(x).grad_fn).__name__ == "LinearFunction"
        with pytest.raises(RuntimeError, match=r"Linear\(4, 2\): the input's last dimension is 3, expected 4"):
            layer(randn(3, 3))
    node = layer(x).grad_fn
    assert node.saved[1] is None, "the input wants no gradient: the weight need not stay in memory"
    assert (as_tensor(node.saved[0]) == x).all()
