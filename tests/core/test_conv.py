"""Convolution and pooling of lesson 08 against PyTorch: sizes and options drawn at random, corners, errors, layers."""

import math

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch.nn import conv

NAMESPACES = {tt: F, torch: torch.nn.functional}
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
CONV_OF = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}


def both(name):
    return {t: getattr(namespace, name) for t, namespace in NAMESPACES.items()}


# Windows


@given(data=st.data())
def test_windows_and_the_way_back(data):
    n = data.draw(st.integers(1, 3))
    kernel, stride, dilation = (
        data.draw(st.tuples(*[st.integers(1, high)] * n), label=what)
        for what, high in (("kernel", 3), ("stride", 3), ("dilation", 2))
    )
    sizes = [d * (k - 1) + 1 + data.draw(st.integers(0, 4)) for k, d in zip(kernel, dilation, strict=True)]
    x = some(2, *sizes)
    view = conv.windows(x, kernel, stride, dilation)
    assert np.shares_memory(view, x), "a copy"
    for place in np.ndindex(*view.shape):
        start, tap = place[1 : 1 + n], place[1 + n :]
        at = [i * s + j * d for i, s, j, d in zip(start, stride, tap, dilation, strict=True)]
        assert view[place] == x[(place[0], *at)]
    parts = some(*view.shape, seed=1)  # <windows(x), parts> == <x, add_windows(parts)>
    back = conv.add_windows(parts, x.shape, stride, dilation)
    np.testing.assert_allclose((view * parts).sum(), (x * back).sum(), rtol=1e-9, atol=1e-9)


def test_windows_of_any_memory():
    x = some(5, 4, 2).astype(np.float32).transpose(2, 1, 0)[:, ::-1]
    assert not x.flags.c_contiguous
    view = conv.windows(x, (2, 3), (1, 1), (1, 1))
    assert view.shape == (2, 3, 3, 2, 3) and view[1, 2, 1, 0, 2] == x[1, 2, 3]


# Convolution


@st.composite
def convolutions(draw, n):
    """(shape of x, shape of weight, options) that fit."""
    groups = draw(st.integers(1, 3))
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    numbers = lambda low, high: draw(st.tuples(*[st.integers(low, high)] * n))
    kernel, stride, padding, dilation = numbers(1, 3), numbers(1, 3), numbers(0, 2), numbers(1, 2)
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    sizes = [size + draw(st.integers(0, 4)) for size in least]
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (draw(st.integers(0, 3)), channels, *sizes), (out, channels // groups, *kernel), options


@pytest.mark.parametrize("n", [1, 2])
@settings(max_examples=25)
@given(data=st.data())
def test_convolution_as_in_pytorch(n, data):
    shape, weight, options = data.draw(convolutions(n))
    function = both(f"conv{n}d")
    arrays = [some(*shape), some(*weight, seed=1), some(weight[0], seed=2)]
    arrays = arrays[: data.draw(st.integers(2, 3))]
    layout = data.draw(st.sampled_from(["plain", "transposed", "strided"]))
    alike(lambda t, *inputs: function[t](*inputs, **options), *arrays, layouts=(layout,), twice=shape[0] > 0)


@pytest.mark.parametrize("n", [1, 2, 3])
@settings(max_examples=20)
@given(data=st.data())
def test_arrays_over_one_two_and_three_dimensions(n, data):
    shape, weight_shape, options = data.draw(convolutions(n))
    x, weight = (torch.tensor(some(*s), requires_grad=True) for s in (shape, weight_shape))
    y = CONV_OF[n](x, weight, None, *options.values())
    upstream = torch.randn_like(y)
    y.backward(upstream)
    arrays = [a.detach().numpy() for a in (x, weight, upstream)]
    for kind in (np.float64, np.float32):
        a, w, g = (array.astype(kind) for array in arrays)
        for got, expected in (
            (conv.conv_forward(a, w, **options), y.detach()),
            (conv.conv_input_grad(g, w, shape, **options), x.grad),
            (conv.conv_weight_grad(g, a, weight_shape, **options), weight.grad),
        ):
            assert got.dtype == kind and got.flags.c_contiguous
            tolerance = 1e-10 if kind is np.float64 else 1e-4
            np.testing.assert_allclose(got, expected.numpy(), rtol=tolerance, atol=tolerance)


@given(data=st.data())
def test_loops_matrix_product_and_pytorch_agree(data):
    shape, weight, options = data.draw(convolutions(2))
    stride = options["stride"][0]
    x, w = some(*(max(s, k) for s, k in zip(shape, (0, 0, *weight[2:]), strict=True))), some(*weight, seed=1)
    x = x[:, : weight[1]]
    got = conv.conv2d_loops(x, w, stride)
    np.testing.assert_allclose(got, conv.conv_forward(x, w, (stride,) * 2, (0, 0), (1, 1), 1), atol=1e-10)
    np.testing.assert_allclose(got, torch.conv2d(torch.tensor(x), torch.tensor(w), stride=stride).numpy(), atol=1e-10)


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 5), (4, 3)])
@pytest.mark.parametrize("dilation", [1, 2, (3, 1)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_in_words(kernel, dilation, padding):
    function = both("conv2d")
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    call = lambda t, x, w: function[t](x, w, padding=padding, dilation=dilation)
    alike(call, some(2, 3, 13, 14), some(4, 3, *kernel, seed=1), layouts=("plain",), kinds=("float64",))


def test_one_image_without_a_batch():
    for n, sizes in ((1, (6,)), (2, (6, 5))):
        function = both(f"conv{n}d")
        arrays = some(3, *sizes), some(4, 3, *(2,) * n, seed=1), some(4, seed=2)
        alike(lambda t, *inputs, f=function: f[t](*inputs, padding=1), *arrays, layouts=("plain",))
    assert nn.Conv2d(3, 4, 3)(tt.randn(3, 6, 6)).shape == (4, 4, 4)


def test_memory_as_in_pytorch():
    y = F.conv2d(tt.randn(2, 3, 5, 5), tt.randn(4, 3, 3, 3), padding=1)
    assert y.is_contiguous() and y.view(2, -1).shape == (2, 100)


def test_no_gradient_that_nobody_asked_for():
    x, w, b = tt.randn(2, 3, 5, 5), tt.randn(4, 3, 3, 3), tt.randn(4)
    for wanted in range(3):
        inputs = [t.clone().requires_grad_(i == wanted) for i, t in enumerate((x, w, b))]
        F.conv2d(*inputs).sum().backward()
        assert [t.grad is not None for t in inputs] == [i == wanted for i in range(3)]


def test_a_saved_input_that_was_changed_is_found():
    x, w = tt.randn(2, 3, 5, 5), tt.randn(4, 3, 3, 3, requires_grad=True)
    y = F.conv2d(x, w).sum()
    x += 1
    with pytest.raises(RuntimeError, match=r"changed|modified"):
        y.backward()


ERRORS = [
    (
        lambda t, f: f.conv2d(t.ones(2, 1, 8, 8), t.ones(8, 3, 3, 3)),
        r"Conv2d\(3, 8\): the input has 1 channels, expected 3",
    ),
    (
        lambda t, f: f.conv2d(t.ones(1, 8, 8), t.ones(8, 3, 3, 3)),
        r"Conv2d\(3, 8\): the input has 1 channels, expected 3",
    ),
    (
        lambda t, f: f.conv2d(t.ones(8, 8), t.ones(8, 3, 3, 3)),
        r"torch.Size\(\[8, 8\]\), expected a batch \(N, C, H, W\) or one .*\(C, H, W\)",
    ),
    (lambda t, f: f.conv1d(t.ones(2, 2, 3, 8, 8), t.ones(8, 3, 3)), r"Conv1d\(3, 8\).*\(N, C, W\)"),
    (lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3)), "the weight has shape"),
    (
        lambda t, f: f.conv2d(t.ones(2, 3, 2, 8), t.ones(8, 3, 3, 3)),
        r"no window fits: the input's size is torch.Size\(\[2, 8\]\)",
    ),
    (
        lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), t.ones(3)),
        r"the bias has shape torch.Size\(\[3\]\), expected \(8,\)",
    ),
    (lambda t, f: f.conv2d(t.ones(2, 4, 8, 8), t.ones(5, 2, 3, 3), groups=2), "cannot be divided into groups=2"),
    (lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), stride=0), "stride=.0, 0., expected at least 1"),
    (
        lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), padding=-1),
        "padding=.-1, -1., expected at least 0",
    ),
    (lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), stride=(1, 2, 3)), "stride"),
    (lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), stride=2, padding="same"), "same"),
    (lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3), padding="full"), "full"),
    (
        lambda t, f: f.conv2d(t.ones(2, 3, 8, 8), t.ones(8, 3, 3, 3, dtype=t.float64)),
        "float32 and the weight .*float64",
    ),
    (lambda t, f: f.max_pool2d(t.ones(2, 3, 8, 8), 2, padding=2), "pad should be at most half"),
    (lambda t, f: f.avg_pool2d(t.ones(2, 3, 8, 8), 9), "no window fits"),
    (lambda t, f: f.max_pool2d(t.ones(2, 3, 8, 8), 9), "no window fits"),
    (lambda t, f: f.max_pool2d(t.ones(8, 8), 2), r"expected \(N, C, H, W\) or \(C, H, W\)"),
    (lambda t, f: f.max_pool2d(t.ones(2, 3, 8, 8), (1, 2, 3)), "kernel_size"),
    (lambda t, f: f.max_pool2d(t.ones(2, 3, 8, 8), 2, stride=-1), "stride"),
    (lambda t, f: f.avg_pool2d(t.ones(2, 3, 8, 8), 2, divisor_override=0), "divisor"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS)
def test_errors(call, match):
    with pytest.raises(RuntimeError):
        call(torch, torch.nn.functional)
    with pytest.raises(RuntimeError, match=match):
        call(tt, F)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda t: t.nn.Conv2d(3, 8, 3, groups=2), "divisible by groups"),
        (lambda t: t.nn.Conv2d(4, 7, 3, groups=2), "divisible by groups"),
        (lambda t: t.nn.Conv2d(4, 8, 3, groups=0), "positive"),
        (lambda t: t.nn.Conv2d(4, 8, 3, padding="full"), "full"),
        (lambda t: t.nn.Conv2d(4, 8, 3, stride=2, padding="same"), "strided"),
        (lambda t: t.nn.Conv1d(4, 8, 3, padding_mode="mirror"), "padding_mode"),
    ],
)
def test_errors_of_layers(make, match):
    with pytest.raises(ValueError):
        make(torch)
    with pytest.raises(ValueError, match=match):
        make(tt)


# Layers


def twins(name, *args, **options):
    ours, theirs = (getattr(t.nn, name)(*args, **options) for t in (tt, torch))
    theirs.load_state_dict({k: torch.tensor(v.detach().numpy()) for k, v in ours.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": (2, 3), "padding": "same", "dilation": (1, 2)},
        {"kernel_size": 3, "padding": (2, 1), "stride": 2, "groups": 2, "bias": False},
        {"kernel_size": 2, "padding": "valid"},
    ],
)
def test_layer_as_in_pytorch(mode, options):
    ours, theirs = twins("Conv2d", 4, 6, padding_mode=mode, **options)
    assert repr(ours) == repr(theirs)
    x = some(2, 4, 6, 7).astype(np.float32)
    results = []
    for t, layer in ((tt, ours), (torch, theirs)):
        leaf = t.tensor(x, requires_grad=True)
        y = layer(leaf)
        (y * y).sum().backward()
        results.append([y, leaf.grad, *(p.grad for p in layer.parameters())])
    same(*results, rtol=1e-3, atol=1e-3)


def test_repr():
    for make in (
        lambda t: t.nn.Conv1d(3, 8, 5, 2, 1, 2, 1, False),
        lambda t: t.nn.Conv1d(3, 8, 5, padding="same"),
        lambda t: t.nn.Conv2d(3, 8, (3, 1), groups=1, padding=(0, 1)),
        lambda t: t.nn.Conv2d(4, 8, 3, groups=2, bias=False, padding=1, padding_mode="circular"),
        lambda t: t.nn.MaxPool2d(2),
        lambda t: t.nn.MaxPool2d((3, 2), 1, 1, ceil_mode=True),
        lambda t: t.nn.AvgPool2d(3, (2, 1), 1),
    ):
        assert repr(make(tt)) == repr(make(torch))


def test_attributes_and_state():
    ours, theirs = twins("Conv2d", 4, 6, 3, padding=1, groups=2)
    for name in (
        "in_channels",
        "out_channels",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "groups",
        "padding_mode",
    ):
        assert getattr(ours, name) == getattr(theirs, name)
    assert list(ours.state_dict()) == ["weight", "bias"] and ours.weight.shape == (6, 2, 3, 3)
    assert nn.Conv1d(4, 6, 3).kernel_size == (3,) and nn.Conv2d(1, 1, 1, dtype=tt.float64).weight.dtype is tt.float64


def test_first_values():
    tt.manual_seed(0)
    layer, bound = nn.Conv2d(8, 64, 5, groups=2), 1 / math.sqrt(4 * 25)
    for parameter in layer.parameters():
        numbers = parameter.detach().numpy()
        assert np.abs(numbers).max() <= bound and np.abs(numbers).max() > 0.9 * bound
        assert abs(numbers.mean()) < 0.2 * bound and abs(numbers.std() - bound / math.sqrt(3)) < 0.1 * bound


def test_a_frozen_layer_hands_the_gradient_on():
    layer = nn.Conv2d(2, 3, 3).requires_grad_(False)
    x = tt.randn(1, 2, 5, 5, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.abs().sum() > 0 and layer.weight.grad is None


def test_a_detached_layer_is_named():
    class Detached(nn.Conv2d):
        def forward(self, input):
            return super().forward(input).detach()

    class Rebuilt(nn.Conv2d):
        def forward(self, input):
            return F.conv2d(input, tt.tensor(self.weight.tolist()), self.bias)

    for kind, lost in ((Detached, "bias"), (Rebuilt, "weight")):
        with pytest.raises(RuntimeError, match=f"{kind.__name__}.*{lost}"):
            kind(2, 3, 3)(tt.randn(1, 2, 5, 5))


# Pooling


@st.composite
def poolings(draw):
    numbers = lambda low, high: draw(st.tuples(*[st.integers(low, high)] * 2))
    kernel, stride, dilation = numbers(1, 4), numbers(1, 4), numbers(1, 2)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    sizes = [max(1, d * (k - 1) + 1) + draw(st.integers(0, 5)) for k, d in zip(kernel, dilation, strict=True)]
    return sizes, kernel, {"stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}, dilation


@settings(max_examples=30)
@given(drawn=poolings(), batch=st.sampled_from([(2, 3), (3,), (0, 2)]), ties=st.booleans())
def test_max_pool_as_in_pytorch(drawn, batch, ties):
    sizes, kernel, options, dilation = drawn
    x = some(*batch, *sizes)
    x = np.round(x) if ties else x
    function = both("max_pool2d")
    alike(lambda t, x: function[t](x, kernel, dilation=dilation, **options), x, layouts=("plain",), twice=False)
    if batch[0]:
        ours, theirs = (
            function[t](t.tensor(x), kernel, dilation=dilation, return_indices=True, **options) for t in (tt, torch)
        )
        same(ours, theirs)


@settings(max_examples=30)
@given(
    drawn=poolings(),
    batch=st.sampled_from([(2, 3), (3,), (0, 2)]),
    include=st.booleans(),
    divisor=st.sampled_from([None, 3]),
)
def test_avg_pool_as_in_pytorch(drawn, batch, include, divisor):
    sizes, kernel, options, _ = drawn
    function = both("avg_pool2d")
    options = options | {"count_include_pad": include, "divisor_override": divisor}
    alike(lambda t, x: function[t](x, kernel, **options), some(*batch, *sizes), layouts=("plain",), twice=False)


@pytest.mark.parametrize("layout", ["transposed", "strided"])
def test_pooling_of_any_memory(layout):
    for name in ("max_pool2d", "avg_pool2d"):
        function = both(name)
        alike(lambda t, x, f=function: f[t](x, 3, 2, 1), some(2, 3, 5, 6), layouts=(layout,), twice=False)


def test_max_pool_of_infinities_and_nan():
    x = np.full((1, 1, 4, 4), -np.inf)
    x[0, 0, 3, 3], x[0, 0, 0, 3] = 1, np.nan
    for kernel, stride, padding in ((2, 2, 1), (3, 1, 1), (2, 2, 0)):
        results = [
            (y, index, leaf.grad)
            for t in (tt, torch)
            for leaf in [t.tensor(x, requires_grad=True)]
            for y, index in [NAMESPACES[t].max_pool2d(leaf, kernel, stride, padding, return_indices=True)]
            for _ in [y.backward(t.ones(*y.shape, dtype=t.float64))]
        ]
        same(*results)


def test_the_first_of_equal_numbers_gets_the_gradient():
    x = tt.ones(1, 1, 2, 2, requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[[1, 0], [0, 0]]]]


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.MaxPool2d(2),
        lambda t: t.nn.MaxPool2d(3, 1, 1, 1, True, True),
        lambda t: t.nn.AvgPool2d((2, 3)),
        lambda t: t.nn.AvgPool2d(3, 2, 1, True, False, 5),
    ],
)
def test_pooling_layers(make):
    x = some(2, 3, 7, 6)
    same(make(tt)(tt.tensor(x)), make(torch)(torch.tensor(x)))


def test_a_network_of_them_as_in_pytorch():
    """Two convolutions, pooling and a linear layer, trained for five steps on the same numbers."""

    def network(t):
        torch.manual_seed(0)
        return t.nn.Sequential(
            t.nn.Conv2d(1, 4, 3, padding=1), t.nn.ReLU(), t.nn.MaxPool2d(2), t.nn.Conv2d(4, 6, 3), t.nn.ReLU(),
            t.nn.AvgPool2d(2), t.nn.Flatten(), t.nn.Linear(6, 3),
        )  # fmt: skip

    theirs, ours = network(torch), network(tt)
    ours.load_state_dict({k: tt.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x, labels = some(6, 1, 8, 8).astype(np.float32), np.arange(6) % 3
    losses = []
    for t, net in ((tt, ours), (torch, theirs)):
        optimizer = t.optim.SGD(net.parameters(), lr=0.5)
        for _ in range(5):
            loss = t.nn.functional.cross_entropy(net(t.tensor(x)), t.tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(losses[:5], losses[5:], rtol=1e-4)
    assert losses[4] < losses[0]
