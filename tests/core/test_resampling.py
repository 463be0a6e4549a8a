"""Images at other sizes and in other arrangements, against PyTorch in value and gradient."""

import numpy as np
import pytest
import torch
from against_torch import alike, some
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F

small = st.integers(1, 3)
sides = st.integers(1, 9)


def functional(name, *args, **options):
    return lambda t, *tensors: getattr(t.nn.functional, name)(*tensors, *args, **options)


MODES = {1: ["nearest", "nearest-exact", "linear"], 2: ["nearest", "nearest-exact", "bilinear", "bicubic"]}
MODES[3] = ["nearest", "nearest-exact", "trilinear"]


@given(data=st.data(), dims=st.integers(1, 3), by_size=st.booleans())
def test_interpolate(data, dims, by_size):
    mode = data.draw(st.sampled_from(MODES[dims]))
    shape = [data.draw(small), data.draw(small), *(data.draw(sides) for _ in range(dims))]
    options = {"mode": mode}
    if "nearest" not in mode:
        options["align_corners"] = data.draw(st.sampled_from([None, False, True]))
    if by_size:
        options["size"] = tuple(data.draw(sides) for _ in range(dims))
    else:
        options["scale_factor"] = tuple(data.draw(st.sampled_from([1, 1.5, 2, 2.3, 3])) for _ in range(dims))
        options["recompute_scale_factor"] = data.draw(st.sampled_from([None, True]))
    alike(functional("interpolate", **options), some(*shape), layouts=("plain",), twice=False)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("old", range(1, 40, 3))
def test_nearest_picks_the_same_pixels(kind, mode, old):
    """Where a place falls on the border of two pixels, one rounding more would pick another one."""
    row = np.arange(old, dtype=kind).reshape(1, 1, old)
    for new in range(1, 80, 2):
        ours, theirs = F.interpolate(tt.tensor(row), new, mode=mode), torch.tensor(row)
        assert ours.tolist() == torch.nn.functional.interpolate(theirs, new, mode=mode).tolist(), f"{old} to {new}"
    for factor in (0.5, 0.7, 1.3, 2, 2.5, 3.1):
        if old * factor >= 1:
            ours, theirs = (
                t.nn.functional.interpolate(t.tensor(row), scale_factor=factor, mode=mode) for t in (tt, torch)
            )
            assert ours.tolist() == theirs.tolist(), f"{old} times {factor}"


def test_interpolate_layouts_and_twice():
    for mode in MODES[2]:
        alike(functional("interpolate", scale_factor=2.0, mode=mode), some(2, 3, 4, 3))


def test_interpolate_a_nan_stays_where_it_is():
    x = tt.zeros(1, 1, 6)
    x[0, 0, 5] = float("nan")
    assert F.interpolate(x, 12, mode="linear")[0, 0, :8].tolist() == [0.0] * 8


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 1, 4), {}),
        ((1, 1, 4), {"size": 3, "scale_factor": 2}),
        ((1, 1, 4), {"size": 3, "align_corners": True}),
        ((1, 1, 4), {"size": 3, "mode": "bilinear"}),
        ((1, 1, 4, 4), {"size": 3, "mode": "linear"}),
        ((1, 1, 4, 4), {"size": (3,)}),
        ((1, 1, 4, 4), {"scale_factor": (2.0, 2.0, 2.0)}),
        ((1, 1, 4, 4), {"size": 3, "mode": "cubist"}),
        ((1, 1, 4, 4), {"size": 0}),
        ((1, 1, 4, 4), {"size": 4, "recompute_scale_factor": True}),
        ((1, 4), {"size": 3}),
        ((1, 1, 4, 4), {"size": 3, "antialias": True}),
        ((1, 1, 4), {"size": 3, "mode": "linear", "antialias": True}),
    ],
)
def test_interpolate_errors(shape, options):
    with pytest.raises(Exception) as theirs:
        torch.nn.functional.interpolate(torch.zeros(shape), **options)
    with pytest.raises(theirs.type):
        F.interpolate(tt.zeros(*shape), **options)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align_corners", [None, True, False])
@pytest.mark.parametrize("options", [{"size": (3, 20)}, {"size": (5, 2)}, {"scale_factor": (0.37, 1.7)}])
def test_interpolate_antialias(mode, align_corners, options):
    options = {"mode": mode, "align_corners": align_corners, "antialias": True, **options}
    alike(functional("interpolate", **options), some(2, 3, 9, 7))
    x = some(1, 2, 9, 7).astype("float32")
    one, other = (functional("interpolate", **options)(t, t.tensor(x, requires_grad=True)) for t in (tt, torch))
    assert one.grad_fn.name() == other.grad_fn.name()


def test_interpolate_names_the_mode():
    with pytest.raises(NotImplementedError, match="called bilinear"):
        F.interpolate(tt.zeros(1, 1, 4, 4), 3, mode="linear")
    with pytest.raises(ValueError, match="2 numbers"):
        F.interpolate(tt.zeros(1, 1, 4, 4), (3, 3, 3))


@given(r=small, c=small, h=small, w=small, batch=st.lists(small, max_size=2))
def test_shuffles(r, c, h, w, batch):
    up, down = some(*batch, c * r * r, h, w), some(*batch, c, h * r, w * r)
    alike(functional("pixel_shuffle", r), up, layouts=("plain",), kinds=("float64",))
    alike(functional("pixel_unshuffle", r), down, layouts=("plain",), kinds=("float64",))
    x = some(2, r * c, h, w)
    ours = F.channel_shuffle(tt.tensor(x), r)
    assert ours.tolist() == torch.nn.functional.channel_shuffle(torch.tensor(x), r).tolist()
    back = F.channel_shuffle(ours, c)
    assert back.tolist() == x.tolist(), "dealt twice, with the other count of groups, the channels are back"


@pytest.mark.parametrize(
    ("name", "shape", "number"),
    [
        ("pixel_shuffle", (3, 4, 4), 2),
        ("pixel_shuffle", (4, 4), 2),
        ("pixel_unshuffle", (3, 4, 5), 2),
        ("pixel_unshuffle", (3, 5, 4), 2),
        ("channel_shuffle", (1, 3, 4, 4), 2),
    ],
)
def test_shuffle_errors(name, shape, number):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            getattr(t.nn.functional, name)(t.zeros(*shape), number)


@st.composite
def windows(draw):
    two = st.tuples(small, small)
    kernel, dilation, stride = draw(two), draw(two), draw(two)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    size = tuple(
        max(1, d * (k - 1) + 1 - 2 * p + draw(st.integers(0, 4)))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    return size, {"kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": stride}


@given(windows(), small, st.integers(0, 2), st.booleans())
def test_unfold_and_fold(window, c, n, batched):
    size, options = window
    shape = (n, c, *size) if batched else (c, *size)
    alike(functional("unfold", **options), some(*shape), layouts=("plain",), kinds=("float64",))
    columns = F.unfold(tt.zeros(*shape), **options).shape
    alike(functional("fold", size, **options), some(*columns), layouts=("plain",), kinds=("float64",))


def test_unfold_layouts():
    alike(functional("unfold", 2, padding=1), some(2, 3, 4, 5))
    alike(functional("fold", (4, 5), 2), some(2, 8, 12))


def test_unfold_then_product_is_a_convolution():
    x, weight = some(2, 3, 7, 8), some(4, 3, 3, 2)
    product = tt.tensor(weight).reshape(4, -1) @ F.unfold(tt.tensor(x), (3, 2), 1, 1, 2)
    expected = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(weight), padding=1, stride=2)
    np.testing.assert_allclose(product.reshape(*expected.shape).numpy(), expected.numpy(), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("unfold", (1, 1, 2, 2), {"kernel_size": 3}),
        ("unfold", (1, 1, 4, 4), {"kernel_size": 0}),
        ("unfold", (1, 1, 4, 4), {"kernel_size": 2, "stride": 0}),
        ("unfold", (1, 1, 4, 4), {"kernel_size": 2, "padding": -1}),
        ("fold", (1, 5, 9), {"output_size": 4, "kernel_size": 2}),
        ("fold", (1, 4, 8), {"output_size": 4, "kernel_size": 2}),
    ],
)
def test_unfold_errors(name, shape, options):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            getattr(t.nn.functional, name)(t.zeros(*shape), **options)
    with pytest.raises(RuntimeError, match="expected an input of shape"):
        F.unfold(tt.zeros(2, 2), 1)
    with pytest.raises(RuntimeError, match="expected an input of shape"):
        F.fold(tt.zeros(4), 4, 2)


PADS = [f"{kind}Pad{d}d" for kind in ("Constant", "Zero", "Reflection", "Replication", "Circular") for d in (1, 2, 3)]


@pytest.mark.parametrize("name", PADS)
def test_borders(name):
    dims = int(name[-2])
    more = (0.5,) if name.startswith("Constant") else ()
    for padding in (1, tuple(i % 3 for i in range(1, 2 * dims + 1))):
        ours, theirs = (getattr(t.nn, name)(padding, *more) for t in (tt, torch))
        assert repr(ours) == repr(theirs)
        for shape in ((2, 3, 4, 5, 6)[: dims + 2], (3, 4, 5, 6)[: dims + 1]):
            alike(lambda t, x, o=ours, p=theirs: (o if t is tt else p)(x), some(*shape), layouts=("plain",))


def test_border_errors():
    with pytest.raises(RuntimeError, match="2D or 3D input"):
        nn.ReflectionPad1d(1)(tt.zeros(2, 2, 3, 4))
    with pytest.raises(RuntimeError, match="at most 1"):
        nn.ReflectionPad1d(2)(tt.zeros(1, 1, 2))
    with pytest.raises(ValueError, match="a number or 4"):
        nn.ZeroPad2d((1, 2))


@pytest.mark.parametrize(
    "make",
    [
        lambda n: n.Upsample(scale_factor=2),
        lambda n: n.Upsample(size=(3, 4), mode="bilinear", align_corners=True),
        lambda n: n.UpsamplingNearest2d(scale_factor=(2, 3)),
        lambda n: n.UpsamplingBilinear2d(size=5),
        lambda n: n.PixelShuffle(2),
        lambda n: n.PixelUnshuffle(3),
        lambda n: n.ChannelShuffle(2),
        lambda n: n.Unfold((2, 3), dilation=2),
        lambda n: n.Fold((4, 5), 2, padding=1),
    ],
)
def test_modules_look_as_in_pytorch(make):
    assert repr(make(nn)) == repr(make(torch.nn))
