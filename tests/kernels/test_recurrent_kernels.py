"""The kernels of recurrent networks: asked where they should be, alike to numpy's and PyTorch's results elsewhere too."""

import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch import backends, nn
from tinytorch.autograd import graph_order

pytestmark = pytest.mark.skipif("numba" not in backends.available(), reason="numba is not installed")
KINDS = {"RNN": "FusedElman", "LSTM": "FusedLSTM", "GRU": "FusedGRU"}
by_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def numba():
    with backends.use("numba"):
        yield


def nodes(output) -> set:
    return {type(node).__name__ for node in graph_order([output.grad_fn])}


def values(t, *shape, seed=0):
    return t.tensor(np.random.default_rng(seed).standard_normal(shape).astype("float32"), requires_grad=True)


@by_kind
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}]
)
@pytest.mark.parametrize("size", [1, 5, 37])
def test_as_pytorch_in_float32(kind, options, size):
    tt.manual_seed(0)
    modules = [getattr(t.nn, kind)(3, size, **options) for t in (tt, torch)]
    modules[1].load_state_dict({name: torch.tensor(x.numpy()) for name, x in modules[0].state_dict().items()})
    found = []
    for t, module in zip((tt, torch), modules, strict=True):
        x = values(t, 40, 6, 3)
        output, state = module(x)
        states = state if isinstance(state, tuple) else (state,)
        total = sum((y * values(t, *y.shape, seed=1).detach()).sum() for y in (output, *states))
        total.backward()
        found.append([y.detach().numpy() for y in (output, *states, x.grad, *(p.grad for p in module.parameters()))])
    used = nodes(modules[0](values(tt, 40, 6, 3))[0])
    assert KINDS[kind] in used and "Recurrence" not in used
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * max(1, np.abs(theirs).max()))


@by_kind
def test_what_is_no_float32_is_left_to_the_lesson(kind):
    module = getattr(nn, kind)(3, 4, dtype=tt.float64)
    assert "Recurrence" in nodes(module(values(tt, 5, 2, 3).double())[0])


def test_a_projection_is_left_to_operations():
    assert not {"FusedLSTM", "Recurrence"} & nodes(nn.LSTM(3, 4, proj_size=2)(values(tt, 5, 2, 3))[0])


@by_kind
def test_an_empty_batch(kind):
    output, _ = getattr(nn, kind)(3, 4)(tt.zeros(5, 0, 3))
    assert output.shape == (5, 0, 4)


@by_kind
def test_the_other_backend_on_the_way_back(kind):
    """What was computed with kernels is led back by them, whatever is in use by then; and the other way round."""
    tt.manual_seed(0)
    module, found = getattr(nn, kind)(3, 4), []
    for forth in ("numba", "lessons"):
        for back in ("numba", "lessons"):
            x = values(tt, 5, 2, 3)
            with backends.use(forth):
                output, _ = module(x)
            with backends.use(back):
                found.append(tt.autograd.grad(output.sum(), [x, *module.parameters()]))
    for each in found[1:]:
        for ours, first in zip(each, found[0], strict=True):
            np.testing.assert_allclose(ours.numpy(), first.numpy(), rtol=1e-4, atol=1e-5)


@by_kind
def test_large_numbers_stay_finite(kind):
    module = getattr(nn, kind)(3, 4)
    x = (values(tt, 5, 2, 3) * 1e4).detach().requires_grad_()
    output, _ = module(x)
    output.sum().backward()
    assert np.isfinite(output.detach().numpy()).all() and np.isfinite(x.grad.numpy()).all()
    assert np.isnan(module(tt.full((2, 1, 3), float("nan")))[0].detach().numpy()).all()


@by_kind
def test_an_output_may_be_changed_in_place(kind):
    module, gradients = getattr(nn, kind)(3, 4), []
    for change in (lambda output: output * 2, lambda output: output.mul_(2.0)):
        x = values(tt, 5, 2, 3).detach().requires_grad_()
        change(module(x)[0]).sum().backward()
        gradients.append(x.grad.numpy())
    np.testing.assert_array_equal(*gradients)


@by_kind
def test_what_was_kept_is_freed(kind):
    output, _ = getattr(nn, kind)(3, 4)(values(tt, 5, 2, 3))
    node = next(node for node in graph_order([output.grad_fn]) if type(node).__name__ == KINDS[kind])
    assert "states" in vars(node)
    output.sum().backward()
    assert not vars(node) and node.saved is None


def test_nothing_is_shared_with_what_was_given():
    """The first state is copied in: the results of two calls from one state do not touch it, nor each other."""
    module, h = nn.GRU(3, 4), tt.zeros(1, 2, 4)
    first, _ = module(values(tt, 5, 2, 3), h)
    kept = first.detach().numpy().copy()
    second, _ = module(values(tt, 5, 2, 3, seed=1), h)
    assert np.array_equal(first.detach().numpy(), kept) and (h.numpy() == 0).all()
    assert not np.shares_memory(first.detach().numpy(), second.detach().numpy())


def test_tanh_to_the_last_digits():
    from tinytorch.kernels.rnn import tanh

    x = np.concatenate([np.linspace(-12, 12, 4001), np.geomspace(1e-30, 1, 400), [np.inf, -np.inf]]).astype("float32")
    got = np.array([tanh(number) for number in x])
    np.testing.assert_allclose(got, np.tanh(x.astype("float64")), rtol=3e-7)
    assert np.isnan(tanh(np.float32("nan")))
