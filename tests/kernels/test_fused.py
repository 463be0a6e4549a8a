"""Several operations as one: the same numbers, gradients and errors as the lesson's composition."""

import itertools

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch import as_tensor, backends, enable_grad, gradcheck, int64, nn, randn, tensor, uint8
from tinytorch.autograd import grad
from tinytorch.kernels import adam
from tinytorch.kernels import cross_entropy as one_pass
from tinytorch.kernels import linear as one_node
from tinytorch.nn.module import linear
from tinytorch.optim import optimizer

SHAPES = [((4, 3), 5), ((3,), 5), ((2, 4, 3), 1), ((2, 1, 4, 3), 5), ((1, 1), 2), ((6, 1), 1)]


def parts(shape, out, kind="float32", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size).astype(kind) for size in (shape, (out, shape[-1]), (out,))]


def compare(arrays, wants, with_bias, atol):
    """Value and gradients of the fused form beside the composition's and PyTorch's."""
    found = []
    for library, form in (
        (tensor, one_node.linear),
        (tensor, linear.plain),
        (torch.tensor, torch.nn.functional.linear),
    ):
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
        found = grad((one_node.linear(*inputs) ** 3).sum(), inputs, create_graph=True)
        return sum((each**2).sum() for each in found)

    assert gradcheck(one_node.linear, (x, weight, bias)) and gradcheck(one_node.linear, (x, weight))

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
    assert one_node.linear(*given) is NotImplemented


def test_it_is_what_a_layer_uses():
    layer, x = nn.Linear(4, 2), randn(3, 4)
    with backends.use("numpy"):
        assert type(layer(x).grad_fn).__name__ == "LinearFunction"
        with pytest.raises(RuntimeError, match=r"Linear\(4, 2\): the input's last dimension is 3, expected 4"):
            layer(randn(3, 3))
    node = layer(x).grad_fn
    assert node.saved[1] is None, "the input wants no gradient: the weight need not stay in memory"
    assert (as_tensor(node.saved[0]) == x).all()


def cross_entropy(library, scores, classes, **options):
    scores = library.tensor(scores, requires_grad=True)
    loss = library.nn.functional.cross_entropy(scores, library.tensor(classes), **options)
    loss.backward()
    return loss.detach().numpy(), scores.grad.numpy(), loss


@pytest.mark.parametrize("scale", [1.0, 50.0, 1e4])
@pytest.mark.parametrize("kind, atol", [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("shape", [(7, 4), (1, 1), (5, 1), (1, 300)])
def test_cross_entropy_as_in_pytorch(shape, kind, atol, scale):
    rng = np.random.default_rng(0)
    scores = (scale * rng.standard_normal(shape)).astype(kind)
    classes = rng.integers(0, shape[1], shape[0])
    for options in ({}, {"reduction": "sum"}, {"ignore_index": int(classes[0])}, {"label_smoothing": 0.1}):
        ours, theirs = (cross_entropy(library, scores, classes, **options) for library in (tinytorch, torch))
        for got, expected in zip(ours[:2], theirs[:2], strict=True):
            assert got.dtype == expected.dtype and got.shape == expected.shape
            np.testing.assert_allclose(got, expected, atol=atol * max(scale, 1), rtol=1e-5)


def test_cross_entropy_with_infinite_scores():
    for row in ([np.inf, 0.0], [-np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 0.0]):
        scores = np.array([row, [1.0, 2.0]], np.float32)
        ours, theirs = (cross_entropy(library, scores, [1, 0])[:2] for library in (tinytorch, torch))
        for got, expected in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_cross_entropy_twice_and_on_a_graph_that_is_kept():
    scores = tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)

    def loss(scores):
        return nn.functional.cross_entropy(scores, tensor([0, 2, 1, 1]))

    @enable_grad()
    def slope(scores):
        scores = scores if scores.requires_grad else scores.requires_grad_()
        return (grad(loss(scores), scores, create_graph=True)[0] ** 2).sum()

    assert gradcheck(loss, scores) and gradcheck(slope, scores)
    total = loss(scores)
    total.backward(retain_graph=True)
    once = scores.grad.numpy().copy()
    total.backward()
    np.testing.assert_allclose(scores.grad.numpy(), 2 * once)


@pytest.mark.parametrize("classes, ignored", [([0, 3], -100), ([-1, 0], -100), ([1, 0], 1), ([], -100)])
def test_classes_that_need_a_second_look(classes, ignored):
    assert one_pass.class_indices("", tensor(classes, dtype=int64), ignored, 3) is NotImplemented
    assert one_pass.class_indices("", tensor([1, 2], dtype=uint8), ignored, 3) is NotImplemented


def test_classes_out_of_range_are_refused():
    for wrong in (3, -1, -(2**63), 2**63 - 1):
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
            nn.functional.cross_entropy(randn(2, 3), tensor([0, wrong]))


SETTINGS = {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0, "amsgrad": False}


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 1, 3), (0, 3)])
def test_adam_takes_the_lessons_steps(shape, kind):
    rng = np.random.default_rng(0)
    start = rng.standard_normal(shape).astype(kind)
    ours, theirs, states = start.copy(), start.copy(order="F"), ({}, {})
    for step in range(6):
        gradient = (rng.standard_normal(shape) * 10.0 ** (step - 3)).astype(kind)
        assert adam.adam_update(ours, gradient, states[0], SETTINGS) is None
        optimizer.adam_update.plain(theirs, gradient, states[1], SETTINGS)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5 if kind == "float32" else 1e-12)
    for name, kept in states[1].items():
        np.testing.assert_allclose(states[0][name].numpy(), kept.numpy(), rtol=1e-5)
        assert states[0][name].dtype is kept.dtype
    if ours.size:
        assert (ours != start).all()


def test_adam_with_gradients_that_overflow():
    ours, theirs, states = np.ones(4, np.float32), np.ones(4, np.float32), ({}, {})
    with np.errstate(all="ignore"):
        for gradient in ([1e30, -np.inf, np.nan, 0], [1, 1, 1, 1], [0, 0, 0, 0]):
            gradient = np.array(gradient, np.float32)
            adam.adam_update(ours, gradient, states[0], SETTINGS)
            optimizer.adam_update.plain(theirs, gradient, states[1], SETTINGS)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("setting", [{"amsgrad": True}, {"weight_decay": 0.1}])
def test_adams_rarer_options_are_the_lessons(setting):
    assert adam.adam_update(np.ones(3), np.ones(3), {}, SETTINGS | setting) is NotImplemented
    assert adam.adam_update(np.ones(()), np.ones(()), {}, SETTINGS) is NotImplemented
