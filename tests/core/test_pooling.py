"""Pooling over one and three dimensions, to a size, and by a norm, against PyTorch in value and gradient."""

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import adaptive_pooling
from tinytorch.nn import functional as F


def function(t, name):
    return getattr(t.nn.functional, name)


def functional(name, *args, **options):
    return lambda t, *tensors: function(t, name)(*tensors, *args, **options)


def distinct(*shape, seed=0):
    """No two numbers closer than float32 and differences can tell apart."""
    return np.random.default_rng(seed).permutation(np.arange(np.prod(shape))).reshape(shape) / 7.0


@st.composite
def windows(draw, dims, dilated):
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(dims))
    stride = draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 3)] * dims)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(dims)) if dilated else (1,) * dims
    sizes = tuple(
        d * (k - 1) + 1 + draw(st.integers(0, 4))  # smaller ones: a window may see nothing but padding
        for k, d in zip(kernel, dilation, strict=True)
    )
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
    batch = [draw(st.integers(1, 2))] if draw(st.booleans()) else []
    return (*batch, 2, *sizes), options | ({"dilation": dilation} if dilated else {})


@pytest.mark.parametrize("dims", [1, 3])
@settings(max_examples=20)
@given(data=st.data())
def test_max_pool(dims, data):
    shape, options = data.draw(windows(dims, True))
    alike(functional(f"max_pool{dims}d", **options), distinct(*shape), layouts=("plain",), twice=False)
    x = distinct(*shape)
    (_, ours), (_, theirs) = (
        function(t, f"max_pool{dims}d")(t.tensor(x), return_indices=True, **options) for t in (tt, torch)
    )
    assert ours.dtype is tt.int64 and ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("dims", [1, 3])
@settings(max_examples=20)
@given(data=st.data())
def test_avg_pool(dims, data):
    shape, options = data.draw(windows(dims, False))
    options["count_include_pad"] = data.draw(st.booleans())
    if dims == 3:
        options["divisor_override"] = data.draw(st.sampled_from([None, 5]))
    alike(functional(f"avg_pool{dims}d", **options), some(*shape), layouts=("plain",), twice=False)


@pytest.mark.parametrize("dims", [1, 2, 3])
@settings(max_examples=20)
@given(data=st.data())
def test_adaptive(dims, data):
    shape = [data.draw(st.integers(1, 2)), 2, *(data.draw(st.integers(1, 8)) for _ in range(dims))]
    shape = shape if data.draw(st.booleans()) else shape[1:]
    wanted = data.draw(
        st.one_of(
            st.integers(1, 9), st.tuples(*[st.one_of(st.integers(1, 9), st.none() if dims > 1 else st.just(2))] * dims)
        )
    )
    alike(functional(f"adaptive_avg_pool{dims}d", wanted), some(*shape), layouts=("plain",), twice=False)
    x = distinct(*shape)
    alike(functional(f"adaptive_max_pool{dims}d", wanted), x, layouts=("plain",), twice=False)
    name = f"adaptive_max_pool{dims}d"
    (_, ours), (_, theirs) = (function(t, name)(t.tensor(x), wanted, return_indices=True) for t in (tt, torch))
    assert ours.dtype is tt.int64 and ours.tolist() == theirs.tolist()


@given(old=st.integers(1, 40), new=st.integers(1, 40))
def test_the_windows_of_adaptive_pooling(old, new):
    """By the definition, one window after the other."""
    got = adaptive_pooling.adaptive_windows(old, new)
    for i, places in enumerate(got.tolist()):
        assert sorted(set(places)) == list(range(i * old // new, -((-(i + 1) * old) // new)))


def test_layouts_and_twice():
    for name, args in (
        ("adaptive_avg_pool2d", (3,)),
        ("adaptive_avg_pool2d", ((2, 1),)),
        ("adaptive_avg_pool1d", (2,)),
    ):
        alike(functional(name, *args), some(2, 3, 4, 5)[(0,) if "1d" in name else ()])
    for name, args in (("max_pool1d", (2,)), ("avg_pool1d", (2, 1)), ("adaptive_max_pool1d", (3,))):
        alike(functional(name, *args), distinct(2, 3, 7), twice=False)


def test_equal_numbers_give_the_first_the_gradient():
    for name in ("max_pool1d", "adaptive_max_pool1d"):
        alike(functional(name, 2), np.zeros((1, 1, 4)), layouts=("plain",), twice=False)


@given(windows(1, False), st.sampled_from([1.0, 2.0, 3.0]))
def test_lp_pool1d(window, p):
    shape, options = window
    options.pop("padding")
    options |= {"kernel_size": options["kernel_size"][0], "stride": options["stride"] and options["stride"][0]}
    shape = (*shape[:-1], shape[-1] + 2)
    alike(functional("lp_pool1d", p, **options), np.abs(some(*shape)) + 0.1, layouts=("plain",), twice=False)


@given(windows(2, False), st.sampled_from([1, 2.0, 3.5]))
def test_lp_pool2d(window, p):
    shape, options = window
    options.pop("padding")
    shape = (*shape[:-2], shape[-2] + 2, shape[-1] + 2)
    alike(functional("lp_pool2d", p, **options), np.abs(some(*shape)) + 0.1, layouts=("plain",), twice=False)


def test_lp_pool_of_negative_sums():
    x = tt.tensor([[[-3.0, -1.0, 2.0, 1.0]]])
    same(F.lp_pool1d(x, 1.0, 2), torch.nn.functional.lp_pool1d(torch.tensor(x.tolist()), 1.0, 2))


MAKERS = [
    lambda n: n.MaxPool1d(3, stride=2, padding=1),
    lambda n: n.MaxPool3d((1, 2, 2), ceil_mode=True),
    lambda n: n.AvgPool1d(3, 2, 1),
    lambda n: n.AvgPool3d(2),
    lambda n: n.AdaptiveAvgPool1d(3),
    lambda n: n.AdaptiveAvgPool2d((None, 4)),
    lambda n: n.AdaptiveMaxPool2d((5, 4), return_indices=True),
    lambda n: n.AdaptiveAvgPool3d(2),
    lambda n: n.LPPool1d(2, 3, stride=1),
    lambda n: n.LPPool2d(1.5, (3, 2)),
]


@pytest.mark.parametrize("make", MAKERS)
def test_modules_look_as_in_pytorch(make):
    assert repr(make(nn)) == repr(make(torch.nn))


def test_modules_return_places():
    x = distinct(2, 3, 6)
    for name, args in (("MaxPool1d", (2,)), ("AdaptiveMaxPool1d", (4,))):
        ours, theirs = (getattr(t.nn, name)(*args, return_indices=True)(t.tensor(x)) for t in (tt, torch))
        assert [a.tolist() for a in ours] == [b.tolist() for b in theirs]


@pytest.mark.parametrize(
    ("name", "shape", "args"),
    [
        ("max_pool1d", (1, 2, 3), (4,)),
        ("max_pool1d", (3,), (2,)),
        ("avg_pool1d", (1, 2, 3), (2, 1, 2)),
        ("adaptive_avg_pool2d", (1, 2, 3, 0), (2,)),
        ("adaptive_avg_pool2d", (2, 3), (2,)),
        ("adaptive_avg_pool2d", (1, 2, 3, 3), ((2, 2, 2),)),
        ("adaptive_max_pool1d", (1, 2, 3), (-1,)),
        ("adaptive_max_pool2d", (1, 2, 3), ((2,),)),
    ],
)
def test_errors(name, shape, args):
    with pytest.raises(Exception):  # noqa: B017
        getattr(torch.nn.functional, name)(torch.zeros(shape), *args)
    with pytest.raises((RuntimeError, ValueError), match=name):
        getattr(F, name)(tt.zeros(*shape), *args)


def test_integers_are_pooled_as_in_pytorch():
    """The mean of integers is one: cut off towards zero."""
    numbers = [[[[3, -7, 2, 5], [1, -2, 0, -9]]]]
    for name, options in (("max_pool2d", {"padding": 1}), ("avg_pool2d", {}), ("avg_pool2d", {"divisor_override": -3})):
        ours, theirs = (getattr(t.nn.functional, name)(t.tensor(numbers), 2, **options) for t in (tt, torch))
        assert ours.dtype is tt.int64 and ours.tolist() == theirs.tolist()
