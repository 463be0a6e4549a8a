"""Back from the largest numbers, windows at random, random slopes: against PyTorch, with what must hold whatever is drawn."""

import numpy as np
import pytest
import torch

import tinytorch

BOTH = pytest.mark.parametrize("t", [tinytorch, torch], ids=["tinytorch", "torch"])
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", [(2,), (3, 2), (3, 2, 1)])
def test_there_and_back(dims, options):
    """As in an autoencoder of images: overlapping windows may name a place twice, the gradient goes to both."""
    image, results = RNG.standard_normal((2, 3, *(7, 8, 5)[:dims])), []
    for t in (tinytorch, torch):
        x = t.tensor(image, requires_grad=True)
        pooled, places = getattr(t.nn, f"MaxPool{dims}d")(*options, return_indices=True)(x)
        back = getattr(t.nn, f"MaxUnpool{dims}d")(*options)(pooled, places, output_size=x.shape)
        (back * t.arange(back.numel()).reshape(back.shape)).sum().backward()
        results.append([back.detach().numpy(), places.numpy(), x.grad.numpy()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs)


@BOTH
def test_unpooling_refused(t):
    unpool, x, places = t.nn.functional.max_unpool2d, t.ones(1, 1, 2, 2), t.tensor([[[[0, 2], [8, 10]]]])
    assert unpool(x, places, 2).sum() == 4
    assert unpool(x, places, 2, output_size=(5, 5)).shape == unpool(x, places, 2, output_size=(1, 1, 5, 5)).shape
    for kind, wrong in (
        (RuntimeError, lambda: unpool(x, places + 10, 2)),
        (RuntimeError, lambda: unpool(x, places - 1, 2)),
        (RuntimeError, lambda: unpool(x, places[..., :1], 2)),
        (RuntimeError, lambda: unpool(x, places.int(), 2)),
        (RuntimeError, lambda: unpool(x[0, 0], places[0, 0], 2)),
        (ValueError, lambda: unpool(x, places, 2, output_size=(6, 4))),
        (ValueError, lambda: unpool(x, places, 2, output_size=(4, 4, 4))),
    ):
        with pytest.raises(kind):
            wrong()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("dims", [2, 3])
def test_windows_where_the_shares_say(dims, kind):
    image, shares = RNG.standard_normal((2, 3, *(9, 11, 8)[:dims])).astype(kind), RNG.random((2, 3, dims)).astype(kind)
    results = []
    for t in (tinytorch, torch):
        x = t.tensor(image, requires_grad=True)
        options = {"output_size": (4, 6, 5)[:dims], "return_indices": True, "_random_samples": t.tensor(shares)}
        y, places = getattr(t.nn, f"FractionalMaxPool{dims}d")((2, 3, 2)[:dims], **options)(x)
        (y * t.arange(y.numel()).reshape(y.shape)).sum().backward()
        results.append([y.detach().numpy(), places.numpy(), x.grad.numpy()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@BOTH
def test_fractional_pooling(t):
    x = t.arange(100.0).reshape(1, 1, 10, 10)
    t.manual_seed(0)
    layer = t.nn.FractionalMaxPool2d(2, output_ratio=(0.5, 0.7))
    found = [layer(x) for _ in range(20)]
    assert all(y.shape == (1, 1, 5, 7) and y.max() == 99 for y in found)
    assert len({tuple(y.reshape(-1).tolist()) for y in found}) > 1
    for kind, wrong in (
        (ValueError, lambda: t.nn.FractionalMaxPool2d(2)),
        (ValueError, lambda: t.nn.FractionalMaxPool2d(2, 3, 0.5)),
        (ValueError, lambda: t.nn.FractionalMaxPool3d(2, output_ratio=1.5)),
        (ValueError, lambda: t.nn.functional.fractional_max_pool2d(x, 2)),
        (RuntimeError, lambda: t.nn.functional.fractional_max_pool2d(x, 2, output_size=10)),
    ):
        with pytest.raises(kind):
            wrong()


@BOTH
def test_random_slopes(t):
    x = t.linspace(-2, 1, 300).requires_grad_()
    t.manual_seed(0)
    layer = t.nn.RReLU(0.2, 0.6)
    y = layer(x)
    y.sum().backward()
    negative = x.detach() <= 0
    slopes = x.grad[negative]
    assert (slopes >= 0.2).all() and (slopes <= 0.6).all() and slopes.std() > 0.05
    assert t.equal(x.grad[~negative], t.ones_like(x.grad[~negative]))
    assert t.allclose(y.detach(), x.detach() * x.grad)
    still = layer.eval()(x.detach())
    assert t.allclose(still, t.where(negative, x.detach() * 0.4, x.detach()))
    z = x.detach().clone()
    assert t.nn.functional.rrelu_(z) is z and t.allclose(z, t.nn.functional.rrelu(x.detach()))
    assert repr(t.nn.RReLU(inplace=True)) == "RReLU(lower=0.125, upper=0.3333333333333333, inplace=True)"
    with pytest.raises(RuntimeError):
        t.nn.functional.rrelu(x, 0.5, 0.2, training=True)


@BOTH
def test_channels_at_the_floor(t):
    t.manual_seed(0)
    x = t.ones(50, 20, 3, 2)
    y = t.nn.FeatureAlphaDropout(0.4)(x)
    assert t.equal(y, y[..., :1, :1].expand(50, 20, 3, 2))
    kept = (y[..., 0, 0] > 0).float().mean()
    assert 0.5 < kept < 0.7 and len(set(y.reshape(-1).tolist())) == 2
    assert t.equal(t.nn.FeatureAlphaDropout().eval()(x), x)
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        t.nn.functional.feature_alpha_dropout(t.ones(3), training=True)
