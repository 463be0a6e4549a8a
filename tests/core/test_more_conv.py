"""Convolution over volumes and transposed convolution, against PyTorch in value and gradient."""

import numpy as np
import pytest
import torch
from against_torch import alike, some
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F


def functional(name, **options):
    return lambda t, *tensors: getattr(t.nn.functional, name)(*tensors, **options)


@st.composite
def transposed(draw, dims):
    """(input shape, weight shape, bias shape or None, options), all of which fit."""

    def each(low, high):
        if draw(st.booleans()):
            return (draw(st.integers(low, high)),) * dims
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, dilation = each(1, 3), each(1, 3), each(1, 3)
    more = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    padding = tuple(draw(st.integers(0, 2)) for _ in range(dims))
    sizes = [
        next(n for n in range(1, 20) if (n - 1) * s - 2 * p + d * (k - 1) + 1 >= 1) + draw(st.integers(0, 2))
        for k, s, d, p in zip(kernel, stride, dilation, padding, strict=True)
    ]
    groups = draw(st.integers(1, 2))
    channels, out = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    options = {"stride": stride, "padding": padding, "output_padding": more, "groups": groups, "dilation": dilation}
    batch = [draw(st.integers(0, 2))] if draw(st.integers(0, 3)) else []
    bias = (out * groups,) if draw(st.booleans()) else None
    return (*batch, channels, *sizes), (channels, out, *kernel), bias, options


@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
def test_conv_transpose(dims, data):
    shape, weight, bias, options = data.draw(transposed(dims))
    arrays = [some(*shape, seed=0), some(*weight, seed=1)] + ([some(*bias, seed=2)] if bias else [])
    alike(functional(f"conv_transpose{dims}d", **options), *arrays, layouts=("plain",), twice=False)


@settings(max_examples=15)
@given(data=st.data())
def test_conv3d(data):
    draw = data.draw
    kernel, stride, dilation, padding = (
        tuple(draw(st.integers(*ends)) for _ in range(3)) for ends in ((1, 3), (1, 2), (1, 2), (0, 2))
    )
    sizes = [
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 3))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    groups = draw(st.integers(1, 2))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    arrays = some(2, 2 * groups, *sizes), some(3 * groups, 2, *kernel, seed=1), some(3 * groups, seed=2)
    alike(functional("conv3d", **options), *arrays, layouts=("plain",), twice=False)


def test_layouts_and_twice():
    for dims in (1, 2, 3):
        call = functional(f"conv_transpose{dims}d", stride=2, padding=1, output_padding=1)
        alike(call, some(2, 3, *(3, 2, 2)[:dims]), some(3, 2, *(3, 2, 3)[:dims], seed=1), some(2, seed=2))
    alike(functional("conv3d", padding=1, stride=2), some(1, 2, 3, 4, 3), some(2, 2, 2, 3, 2, seed=1), some(2, seed=2))


@given(data=st.data())
def test_it_is_the_transposition(data):
    """<conv(x), y> = <x, conv_transpose(y)>, whatever PyTorch says."""
    draw = data.draw
    kernel, stride, padding, dilation = (draw(st.integers(*ends)) for ends in ((1, 3), (1, 3), (0, 1), (1, 2)))
    size = draw(st.integers(dilation * (kernel - 1) + 1, 9))
    x, weight = (tt.tensor(some(*s, seed=i)) for i, s in enumerate([(2, 3, size, size + 1), (4, 3, kernel, kernel)]))
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    forward = F.conv2d(x, weight, **options)
    y = tt.tensor(some(*forward.shape, seed=5))
    more = tuple((n + 2 * padding - dilation * (kernel - 1) - 1) % stride for n in x.shape[2:])
    back = F.conv_transpose2d(y, weight, output_padding=more, **options)
    assert back.shape == x.shape
    np.testing.assert_allclose((forward * y).sum().item(), (x * back).sum().item(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_output_size(dims):
    ours, theirs = (getattr(t.nn, f"ConvTranspose{dims}d")(2, 3, 3, stride=3, padding=1) for t in (tt, torch))
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    x = some(2, 2, *(3, 4, 2)[:dims]).astype(np.float32)
    least = theirs(torch.tensor(x)).shape
    for more in (0, 1, 2):
        wanted = [n + more for n in least[2:]]
        for size in (wanted, [2, 3, *wanted]):
            expected = theirs(torch.tensor(x), output_size=size)
            got = ours(tt.tensor(x), output_size=size)
            assert got.shape == tuple(expected.shape) == (2, 3, *wanted)
            np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), atol=1e-5)
    single = ours(tt.tensor(x[0]), output_size=[n + 1 for n in least[2:]])
    assert single.shape == (3, *(n + 1 for n in least[2:]))
    for bad in ([n + 3 for n in least[2:]], [n - 1 for n in least[2:]], [1] * (dims + 3)):
        for layer, t in ((ours, tt), (theirs, torch)):
            with pytest.raises(ValueError, match=r"output.size"):
                layer(t.tensor(x), output_size=bad)


MAKERS = [
    lambda n: n.Conv3d(2, 4, (1, 2, 3), stride=(1, 2, 1), padding=1, dilation=2, groups=2, bias=False),
    lambda n: n.Conv3d(2, 4, 3, padding="same", padding_mode="circular"),
    lambda n: n.ConvTranspose1d(4, 6, 4, stride=2, padding=1, groups=2),
    lambda n: n.ConvTranspose2d(4, 6, (4, 3), stride=2, output_padding=1, dilation=2),
    lambda n: n.ConvTranspose3d(2, 3, 2, bias=False),
]


@pytest.mark.parametrize("make", MAKERS)
def test_modules_look_as_in_pytorch(make):
    ours, theirs = make(nn), make(torch.nn)
    assert repr(ours) == repr(theirs)
    shapes = {name: tuple(p.shape) for name, p in theirs.named_parameters()}
    assert {name: p.shape for name, p in ours.named_parameters()} == shapes


@pytest.mark.parametrize("name", ["Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"])
def test_first_values(name):
    """Drawn from the same intervals as PyTorch's."""
    tt.manual_seed(0)
    for ours, theirs in zip(*(getattr(t.nn, name)(16, 32, 3).parameters() for t in (tt, torch)), strict=True):
        bound, expected = ours.abs().max().item(), theirs.abs().max().item()
        assert abs(bound / expected - 1) < 0.2 and abs(ours.mean().item()) < bound / 2


@pytest.mark.parametrize(
    ("shapes", "options", "match"),
    [
        (((1, 3, 4, 4), (2, 3, 3, 3)), {}, "3 channels, expected 2"),
        (((3, 4), (3, 3, 3, 3)), {}, "N, C, H, W"),
        (((1, 3, 4, 4), (3, 3, 3)), {}, "expected 4 dimensions"),
        (((1, 3, 4, 4), (3, 2, 3, 3), (3,)), {}, "bias has shape"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"groups": 2}, "groups=2"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"output_padding": 1}, "smaller than either stride or dilation"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"stride": 0}, "stride"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"padding": -1}, "padding"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"padding": 3}, "nothing is left"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"stride": (1, 2, 3)}, "stride"),
    ],
)
def test_errors(shapes, options, match):
    with pytest.raises(RuntimeError):
        torch.nn.functional.conv_transpose2d(*(torch.zeros(s) for s in shapes), **options)
    with pytest.raises(RuntimeError, match=match):
        F.conv_transpose2d(*(tt.zeros(*s) for s in shapes), **options)


def test_more_errors():
    with pytest.raises(RuntimeError, match="float64"):
        F.conv_transpose1d(tt.zeros(1, 2, 3), tt.zeros(2, 1, 2, dtype=tt.float64))
    for n in (nn, torch.nn):
        with pytest.raises(ValueError, match='Only "zeros"'):
            n.ConvTranspose2d(1, 1, 2, padding_mode="reflect")
        with pytest.raises(ValueError, match="divisible by groups"):
            n.ConvTranspose2d(3, 2, 2, groups=2)
    with pytest.raises(RuntimeError, match="expected 2"):
        nn.Conv3d(2, 1, 1)(tt.zeros(1, 3, 2, 2, 2))
