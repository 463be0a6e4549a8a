"""The kernels for images: each beside its numpy form and PyTorch, over shapes, options, dtypes and extreme values."""

import math

import numpy as np
import pytest
import torch
from against_torch import alike
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import backends
from tinytorch.autograd import gradcheck
from tinytorch.nn import conv, pooling
from tinytorch.nn import functional as F

if "numba" not in backends.available():
    pytest.skip("numba is not installed", allow_module_level=True)
with backends.use("numba"):  # registers the kernels
    pass

CONVOLUTIONS = ("conv_forward", "batch_input_grad", "batch_weight_grad")
POOLS = ("max_pool_forward", "max_pool_backward", "avg_pool_forward", "avg_pool_backward")


@pytest.fixture(autouse=True, scope="module")
def numba():
    with backends.use("numba"):
        yield


def answered(name: str, *args, **options) -> bool:
    """Whether one of the kernels takes these arguments."""
    kernels = backends.kernels["numba"][f"nn.{'pooling' if name in POOLS else 'conv'}.{name}"].values()
    return any(kernel(*args, **options) is not NotImplemented for kernel in kernels)


def agree(name: str, *args, **options):
    """The dispatched function gives what its numpy form gives, in type too; returns that."""
    function = getattr(pooling if name in POOLS else conv, name)
    ours, expected = function(*args, **options), function.plain(*args, **options)
    for got, want in zip(*(x if isinstance(x, tuple) else (x,) for x in (ours, expected)), strict=True):
        assert got.shape == want.shape and (got.dtype == want.dtype or want.dtype == np.int64)  # a place may be smaller
        size = np.abs(want[np.isfinite(want)]).max(initial=1)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5 * size)
    return expected


def laid_out(rng, shape, dtype, layout: str):
    """Numbers of that shape: without gaps, turned around in memory, every second one of a larger array, or not to be written."""
    x = rng.standard_normal((*shape[:-1], 2 * shape[-1]) if layout == "gaps" else shape).astype(dtype)
    if layout == "gaps":
        return x[..., ::2]
    if layout == "read-only":
        x.flags.writeable = False
    return np.asfortranarray(x) if layout == "turned" else x


LAYOUTS = st.sampled_from(["plain", "plain", "turned", "gaps", "read-only"])


@st.composite
def convolutions(draw, strides=(1,), most_groups: int = 1):
    """(shape of x, shape of weight, options) of a convolution over one or two dimensions."""
    n = draw(st.integers(1, 2))
    numbers = lambda low, high: tuple(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))
    groups, kernel_size, dilation, padding = (
        draw(st.integers(1, most_groups)),
        numbers(1, 4),
        numbers(1, 2),
        numbers(0, 3),
    )
    reach = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel_size, dilation, padding, strict=True)]
    sizes = [max(1, least) + draw(st.integers(0, 9)) for least in reach]
    inputs, outputs = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 9))
    stride = tuple(draw(st.sampled_from(strides)) for _ in range(n))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (draw(st.integers(1, 4)), inputs, *sizes), (outputs, inputs // groups, *kernel_size), options


@given(case=convolutions(), layouts=st.tuples(LAYOUTS, LAYOUTS, LAYOUTS), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_convolution(case, layouts, seed):
    (shape, weight_shape, options), rng = case, np.random.default_rng(seed)
    x, weight = (
        laid_out(rng, s, np.float32, layout) for s, layout in zip((shape, weight_shape), layouts, strict=False)
    )
    y = agree("conv_forward", x, weight, **options)
    assert answered("conv_forward", x, weight, **options) and conv.conv_forward(x, weight, **options).flags.c_contiguous
    grad = laid_out(rng, y.shape, np.float32, layouts[2])
    agree("batch_input_grad", grad, weight, x.shape, **options)
    agree("batch_weight_grad", grad, x, weight.shape, **options)
    assert answered("batch_weight_grad", grad, x, weight.shape, **options)


@given(case=convolutions(strides=(1, 2, 3), most_groups=3), layouts=st.tuples(LAYOUTS, LAYOUTS, LAYOUTS))
def test_strides_and_groups(case, layouts):
    """With them only the gradient of the input has a kernel; see the next test for groups of one channel."""
    (shape, weight_shape, options), rng = case, np.random.default_rng(0)
    assume(options["groups"] > 1 or set(options["stride"]) != {1})
    x, weight = (laid_out(rng, s, np.float32, way) for s, way in zip((shape, weight_shape), layouts, strict=False))
    y = agree("conv_forward", x, weight, **options)
    grad = laid_out(rng, y.shape, np.float32, layouts[2])
    agree("batch_input_grad", grad, weight, x.shape, **options)
    assert answered("batch_input_grad", grad, weight, x.shape, **options)
    agree("batch_weight_grad", grad, x, weight.shape, **options)


@given(
    case=convolutions(strides=(1, 2, 3)),
    channels=st.integers(2, 5),
    filters=st.integers(1, 3),
    layouts=st.tuples(LAYOUTS, LAYOUTS, LAYOUTS),
)
@settings(max_examples=60)
def test_groups_of_one_channel(case, channels, filters, layouts):
    (shape, weight_shape, options), rng = case, np.random.default_rng(0)
    shape, weight_shape = (shape[0], channels, *shape[2:]), (channels * filters, 1, *weight_shape[2:])
    options["groups"] = channels
    x, weight = (laid_out(rng, s, np.float32, way) for s, way in zip((shape, weight_shape), layouts, strict=False))
    y = agree("conv_forward", x, weight, **options)
    grad = laid_out(rng, y.shape, np.float32, layouts[2])
    agree("batch_input_grad", grad, weight, x.shape, **options)
    agree("batch_weight_grad", grad, x, weight.shape, **options)
    for name, args in zip(CONVOLUTIONS, [(x, weight), (grad, weight, x.shape), (grad, x, weight.shape)], strict=True):
        assert answered(name, *args, **options)


@pytest.mark.parametrize(
    "options", [{"padding": 1}, {"stride": (2, 3)}, {"dilation": 2, "padding": (0, 4)}, {"padding": "same"}]
)
def test_groups_as_in_pytorch(options):
    """Several images, and several filters a channel: each channel meets its own."""
    rng = np.random.default_rng(0)
    alike(
        lambda t, *x: t.nn.functional.conv2d(*x, groups=4, **options),
        *(rng.standard_normal(s).astype(np.float32) for s in ((3, 4, 6, 7), (8, 1, 3, 3), (8,))),
        layouts=("plain", "transposed"),
        kinds=("float32",),
        twice=True,
    )


@pytest.mark.parametrize(("channels", "filters", "size"), [(40, 33, 3), (33, 64, 4), (20, 40, 2)])
def test_few_windows(channels, filters, size):
    """More channels than windows: BLAS has the product."""
    rng, options = np.random.default_rng(0), {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    x, weight = (
        rng.standard_normal(s).astype(np.float32) for s in ((2, channels, size, size), (filters, channels, 3, 3))
    )
    y = agree("conv_forward", x, weight, **options)
    agree("batch_input_grad", y, weight, x.shape, **options)
    agree("batch_weight_grad", y, x, weight.shape, **options)


def test_the_batch_is_taken_in_parts():
    """Columns for a few images at a time: as many results as images, also where the last part is smaller."""
    rng, options = np.random.default_rng(0), {"stride": (2, 2), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    weight, grad = (rng.standard_normal(s).astype(np.float32) for s in ((8, 16, 3, 3), (7, 8, 20, 20)))
    agree("batch_input_grad", grad, weight, (7, 16, 40, 40), **options)


@given(case=convolutions(strides=(1, 2, 3), most_groups=3))
def test_convolutions_in_float64_are_numpys(case):
    (shape, weight_shape, options), rng = case, np.random.default_rng(0)
    x, weight = (rng.standard_normal(s) for s in (shape, weight_shape))
    y = agree("conv_forward", x, weight, **options)
    for name, args in zip(CONVOLUTIONS, [(x, weight), (y, weight, x.shape), (y, x, weight.shape)], strict=True):
        agree(name, *args, **options)
        assert not answered(name, *args, **options)


@pytest.mark.parametrize("size", [(1, 900), (40, 33), (3, 7)])
@pytest.mark.parametrize(("channels", "filters"), [(1, 6), (7, 5), (20, 12)])
def test_several_bands(size, channels, filters):
    """More places than a kernel takes at once, and numbers of channels and filters that are no multiples."""
    rng, options = np.random.default_rng(0), {"stride": (1, 1), "padding": (1, 2), "dilation": (1, 1), "groups": 1}
    x, weight = (rng.standard_normal(s).astype(np.float32) for s in ((5, channels, *size), (filters, channels, 3, 5)))
    y = agree("conv_forward", x, weight, **options)
    agree("batch_input_grad", y, weight, x.shape, **options)
    ours = conv.batch_weight_grad(y, x, weight.shape, **options)
    exact = conv.batch_weight_grad.plain(y.astype(np.float64), x.astype(np.float64), weight.shape, **options)
    np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [(0, 0, 0, 0), (1, 1, 3, 5), (0, 1, 2, 0)])
@pytest.mark.parametrize(
    ("kernel_size", "stride", "groups"), [(1, 1, 1), (3, 1, 1), (1, 2, 1), (3, 2, 1), (3, 1, 2), (3, 2, 2)]
)
def test_extreme_values_stay_where_they_belong(value, place, kernel_size, stride, groups):
    p = kernel_size // 2
    rng = np.random.default_rng(0)
    options = {"stride": (stride, stride), "padding": (p, p), "dilation": (1, 1), "groups": groups}
    x, grad = (rng.standard_normal((2, c, 4 * s, 6 * s)).astype(np.float32) for c, s in ((2, stride), (6, 1)))
    weight = rng.standard_normal((6, 2 // groups, kernel_size, kernel_size)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        for changed in (x, grad, None):
            if changed is None:
                weight[4, -1, -1, 0] = value
            else:
                kept, changed[place] = changed[place], value
            agree("conv_forward", x, weight, **options)
            agree("batch_input_grad", grad, weight, x.shape, **options)
            agree("batch_weight_grad", grad, x, weight.shape, **options)
            if changed is not None:
                changed[place] = kept


def test_nothing_to_convolve():
    for n, channels in [(0, 2), (2, 0)]:
        x, weight = tt.zeros(n, channels, 5, 6), tt.zeros(3, channels, 3, 3)
        assert F.conv2d(x, weight).shape == (n, 3, 3, 4)


@given(case=convolutions(), with_bias=st.booleans())
@settings(max_examples=15)
def test_convolution_as_in_pytorch(case, with_bias):
    (shape, weight_shape, options), rng = case, np.random.default_rng(0)
    arrays = [
        rng.standard_normal(s).astype(np.float32) for s in (shape, weight_shape, weight_shape[:1])[: 2 + with_bias]
    ]
    name = f"conv{len(shape) - 2}d"
    alike(
        lambda t, *x: getattr(t.nn.functional, name)(*x, **options),
        *arrays,
        layouts=("plain", "transposed"),
        kinds=("float32",),
        twice=True,
    )


def test_second_derivatives_and_float64():
    rng = np.random.default_rng(0)
    x, weight, bias = (
        tt.tensor(rng.standard_normal(s), requires_grad=True) for s in ((2, 2, 4, 5), (3, 2, 3, 2), (3,))
    )
    assert gradcheck(lambda *inputs: F.conv2d(*inputs, padding=1), (x, weight, bias))
    assert gradcheck(lambda x: F.max_pool2d(x, 2).relu(), (x,))


@st.composite
def poolings(draw):
    """(shape, options) of a pooling over two dimensions; every third is of 2 x 2 windows side by side."""
    if draw(st.integers(0, 2)) == 0:
        kernel_size, stride, padding, dilation = (2, 2), (2, 2), (0, 0), (1, 1)
    else:
        two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))
        kernel_size, stride, dilation = two(1, 4), two(1, 3), two(1, 2)
        padding = tuple(
            draw(st.integers(0, (d * (k - 1) + 1) // 2)) for k, d in zip(kernel_size, dilation, strict=True)
        )
    reach = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    shape = (*draw(st.sampled_from([(), (3,), (2, 3)])), *(least + draw(st.integers(0, 7)) for least in reach))
    options = {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "ceil_mode": draw(st.booleans()),
    }
    return shape, options


VALUES = {
    "any": lambda rng, shape: rng.standard_normal(shape),
    "equal ones": lambda rng, shape: rng.integers(0, 2, shape),
    "nan": lambda rng, shape: np.where(rng.random(shape) < 0.2, np.nan, rng.standard_normal(shape)),
    "inf": lambda rng, shape: (
        np.where(rng.random(shape) < 0.4, np.inf, rng.standard_normal(shape)) * rng.choice([-1, 1], shape)
    ),
    "nothing but -inf": lambda rng, shape: np.full(shape, -np.inf),
}


@given(case=poolings(), kind=st.sampled_from(sorted(VALUES)), layout=LAYOUTS, seed=st.integers(0, 99))
@settings(max_examples=80)
def test_max_pool(case, kind, layout, seed):
    (shape, options), rng = case, np.random.default_rng(seed)
    x = VALUES[kind](rng, shape).astype(np.float32)
    x = np.asfortranarray(x) if layout == "turned" else x
    best, which = agree("max_pool_forward", x, **options)
    small = pooling.max_pool_forward(x, **options)[1]
    grad = laid_out(rng, best.shape, np.float32, layout)
    for places in (which, small):
        np.testing.assert_allclose(
            pooling.max_pool_backward(grad, places, shape, **options),
            pooling.max_pool_backward.plain(grad, which, shape, **options),
            rtol=1e-5,
            atol=1e-6,
        )
    places = pooling.pool_indices(small, shape[-2:], **options)
    np.testing.assert_array_equal(places, pooling.pool_indices(which, shape[-2:], **options))


@pytest.mark.parametrize("kernel_size", [(2, 3), (6, 5), (1, 40), (30, 30)])
@pytest.mark.parametrize(("stride", "padding", "ceil_mode"), [(1, 0, False), (3, 0, True), (2, 1, True), (40, 0, True)])
@pytest.mark.parametrize("value", [0, math.inf, math.nan])
def test_avg_pool(kernel_size, stride, padding, ceil_mode, value):
    """With a divisor for each window, and one for all; large windows have a kernel, small ones are numpy's."""
    rng, padding = np.random.default_rng(0), tuple(min(padding, k // 2) for k in kernel_size)
    options = {"kernel_size": kernel_size, "stride": (stride,) * 2, "padding": padding, "dilation": (1, 1)}
    shape = (2, 3, *(max(k - 2, 4) if ceil_mode and stride > 1 else k + 3 for k in kernel_size))
    x = rng.standard_normal(shape).astype(np.float32)
    x[1, 2, 3, 0] = value
    counts = pooling.pool_counts(shape[2:], **options, ceil_mode=ceil_mode)
    for divisor in (np.float32(7), rng.uniform(1, 9, counts).astype(np.float32)):
        y = agree("avg_pool_forward", x, divisor, **options, ceil_mode=ceil_mode)
        agree("avg_pool_backward", y, shape, divisor, **options, ceil_mode=ceil_mode)
        large = math.prod(kernel_size) > 25
        assert answered("avg_pool_forward", x, divisor, **options, ceil_mode=ceil_mode) == large
        assert answered("avg_pool_backward", y, shape, divisor, **options, ceil_mode=ceil_mode) == large


def test_the_place_is_a_small_number():
    x = np.random.default_rng(0).standard_normal((2, 3, 40, 40)).astype(np.float32)
    for k, dtype in [(2, np.uint8), (3, np.uint8), (20, np.uint16)]:
        options = {"kernel_size": (k, k), "stride": (k, k), "padding": (0, 0), "dilation": (1, 1)}
        assert pooling.max_pool_forward(x, **options)[1].dtype == dtype and answered("max_pool_forward", x, **options)
    assert not answered("max_pool_forward", x.astype(np.float64), **options)


@pytest.mark.parametrize(
    "options", [{}, {"stride": 1}, {"padding": 1, "kernel_size": 3}, {"ceil_mode": True, "return_indices": True}]
)
def test_max_pool_as_in_pytorch(options):
    array = np.random.default_rng(0).standard_normal((2, 3, 7, 9)).astype(np.float32)
    call = lambda t, x: t.nn.functional.max_pool2d(x, **{"kernel_size": 2} | options)
    if "return_indices" in options:
        for ours, theirs in zip(call(tt, tt.tensor(array)), call(torch, torch.tensor(array)), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    else:
        alike(call, array, kinds=("float32",), twice=False)


@given(shape=st.lists(st.integers(0, 6), max_size=4), seed=st.integers(0, 99))
def test_relu(shape, seed):
    rng = np.random.default_rng(seed)
    array = rng.standard_normal(shape).astype(np.float32)
    array[rng.random(shape) < 0.2] = rng.choice([0, -0.0, np.inf, -np.inf, np.nan])
    found = []
    for backend in ("numpy", "numba"):
        with backends.use(backend):
            x = tt.tensor(array, requires_grad=True)
            y = x.relu()
            y.backward(tt.tensor(np.full(shape, 3, np.float32)))
            found.append((y.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("inplace", [False, True])
def test_silu_as_in_pytorch(inplace):
    array = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32) * 4
    alike(lambda t, x: t.nn.functional.silu(x * 1, inplace=inplace), array, kinds=("float32",), twice=True)
    x = tt.tensor(array)
    assert (F.silu(x, inplace=inplace) is x) == inplace


def test_relu_otherwise():
    array = np.random.default_rng(0).standard_normal((4, 6))
    x = tt.tensor(array.astype(np.float32))
    assert F.relu(x, inplace=True) is x and (x.numpy() >= 0).all()
    leaf = tt.tensor(array.astype(np.float32), requires_grad=True)
    y = F.relu(leaf * 2, inplace=True)
    y.backward(tt.full(y.shape, 3.0))
    np.testing.assert_array_equal(leaf.grad.numpy(), 6 * (leaf.detach().numpy() > 0))
    alike(lambda t, x: (x.relu() ** 3 * x).relu(), array.astype(np.float32), twice=True, kinds=("float32",))


@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 3, 5, 6), (1, 2, 3, 1), (3, 1, 2, 2, 3)])
@pytest.mark.parametrize("mean", [0, 1000])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_as_in_pytorch(shape, mean, training):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype(np.float32) for s in (shape, shape[1:2], shape[1:2])]
    arrays[0] += mean
    upstream, found = rng.standard_normal(shape).astype(np.float32), []
    for t in (tt, torch):
        leaves = [t.tensor(a, requires_grad=True) for a in arrays]
        running = t.full(shape[1:2], mean + 0.5), t.full(shape[1:2], 2.0)
        y = t.nn.functional.batch_norm(leaves[0], *running, *leaves[1:], training=training)
        y.backward(t.tensor(upstream).swapaxes(0, 1).swapaxes(0, 1))
        found.append([x.detach().numpy() for x in (y, *running, *(x.grad for x in leaves))])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 if mean else 1e-5)


def test_batch_norm_in_use():
    """Its node, its second derivative, and running statistics that move on before the derivative is asked for."""
    rng = np.random.default_rng(0)
    x, weight, bias = (tt.tensor(rng.standard_normal(s).astype(np.float32)) for s in ((2, 3, 4), (3,), (3,)))
    mean, variance = tt.full((3,), 0.5), tt.full((3,), 2.0)
    leaves = [each.requires_grad_() for each in (x, weight, bias)]
    y = F.batch_norm(x, mean, variance, weight, bias)
    assert type(y.grad_fn).__name__ == "FusedStandardize"
    expected = [g.numpy() for g in tt.autograd.grad(y.square().sum(), leaves, retain_graph=True)]
    mean.add_(7.0)
    variance.mul_(3.0)
    for ours, theirs in zip(tt.autograd.grad(y.square().sum(), leaves), expected, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)
    arrays = [each.detach().numpy() for each in leaves]
    call = lambda t, *x: t.nn.functional.batch_norm(x[0], t.full((3,), 0.5), t.full((3,), 2.0), *x[1:])
    alike(call, *arrays, kinds=("float32",), twice=True)
    mean.requires_grad_()  # then it is a variable as others
    F.batch_norm(x, mean, variance, weight, bias).square().sum().backward()
    assert mean.grad.abs().sum() > 0


def test_batch_norm_otherwise():
    x, parts = tt.ones(2, 3, 4), (tt.zeros(3), tt.ones(3), tt.ones(3, requires_grad=True), tt.zeros(3))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(x[:1, :, :1], *parts, training=True)
    array = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    array[0, 1, 2] = np.nan
    y = F.batch_norm(tt.tensor(array), *parts, training=True).detach().numpy()
    assert np.isnan(y[:, 1]).all() and np.isfinite(y[:, ::2]).all()


def test_no_large_copies():
    """A network's step keeps, beside its activations, no matrix of windows: one has nine numbers for every pixel."""
    import tracemalloc

    x, weight = tt.randn(32, 16, 28, 28), tt.randn(16, 16, 3, 3, requires_grad=True)
    F.conv2d(x, weight, padding=1).sum().backward()
    tracemalloc.start()
    F.conv2d(x, weight, padding=1).sum().backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * x.array.nbytes, f"{peak / x.array.nbytes:.1f} times the input"


def test_a_network_learns_the_same():
    """Three steps with kernels and without come to the same losses."""
    losses = []
    for backend in ("numpy", "numba"):
        with backends.use(backend):
            tt.manual_seed(0)
            layers = [
                tt.nn.Conv2d(1, 6, 5, padding=2),
                tt.nn.BatchNorm2d(6),
                tt.nn.ReLU(),
                tt.nn.MaxPool2d(2),
                tt.nn.Conv2d(6, 8, 3),
                tt.nn.ReLU(),
            ]
            model = tt.nn.Sequential(*layers, tt.nn.MaxPool2d(2), tt.nn.Flatten(), tt.nn.Linear(72, 10))
            optimizer = tt.optim.SGD(model.parameters(), lr=0.1)
            x, y = tt.randn(8, 1, 16, 16), tt.randint(0, 10, (8,))
            for _ in range(3):
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
    np.testing.assert_allclose(losses[:3], losses[3:], rtol=1e-4)
