"""The activations of lesson 04 and its companion against PyTorch: values, derivatives, options, corners."""

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
import tinytorch.nn as nn
import tinytorch.nn.functional as F

SMOOTH = [
    ("sigmoid", {}),
    ("tanh", {}),
    ("logsigmoid", {}),
    ("hardswish", {}),
    ("softplus", {}),
    ("softplus", {"beta": 2.5, "threshold": 3}),
    ("softsign", {}),
    ("tanhshrink", {}),
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("celu", {}),
    ("celu", {"alpha": 2.0}),
    ("selu", {}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("silu", {}),
    ("mish", {}),
]
STRAIGHT = [
    ("relu", {}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": -0.2, "max_val": 2.0}),
    ("hardsigmoid", {}),
    ("hardshrink", {}),
    ("hardshrink", {"lambd": 0.1}),
    ("softshrink", {}),
    ("softshrink", {"lambd": 1.0}),
    ("threshold", {"threshold": 0.1, "value": 20.0}),
]
INPLACE = ["relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu", "celu", "selu", "silu", "mish"]


def ids(cases):
    return [f"{name}{list(options.values()) or ''}" for name, options in cases]


def both(name):
    return {tt: getattr(F, name), torch: getattr(torch.nn.functional, name)}


@pytest.mark.parametrize("name, options", SMOOTH + STRAIGHT, ids=ids(SMOOTH + STRAIGHT))
@pytest.mark.parametrize("shape", [(3, 5), (), (0, 2)], ids=str)
def test_values_and_derivatives(name, options, shape):
    function = both(name)
    twice = name != "hardsigmoid"  # PyTorch's cannot be differentiated twice
    alike(lambda t, x: function[t](x, **options), 3 * some(*shape), layouts=("plain", "transposed"), twice=twice)


@given(x=st.lists(st.floats(-60, 60, width=32), max_size=8), which=st.sampled_from(SMOOTH + STRAIGHT))
def test_any_values(x, which):
    name, options = which
    function, x = both(name), np.array(x, np.float32)
    ours, theirs = tt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = function[tt](ours, **options), function[torch](theirs, **options)
    a.sum().backward()
    b.sum().backward()
    same(a, b, 1e-5, 1e-6, name)
    same(ours.grad, theirs.grad, 1e-5, 1e-6, name)


EXTREMES = [-math.inf, -1e30, -1000.0, -104.0, -88.8, -20.1, -3.0, -1.0, -0.5, -1e-30, -0.0, 0.0, 1e-30, 0.5, 1.0, 3.0, 6.0,
            20.1, 88.8, 104.0, 1000.0, 1e30, math.inf, math.nan]  # fmt: skip


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("name, options", SMOOTH + STRAIGHT, ids=ids(SMOOTH + STRAIGHT))
def test_extremes(name, options, kind):
    function = both(name)
    x = np.array(EXTREMES, kind)
    ours, theirs = tt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no overflow anywhere
        a = function[tt](ours, **options)
        a.backward(tt.ones_like(a))  # a sum of nan, inf and -inf warns or not, as the order of the additions has it
    b = function[torch](theirs, **options)
    b.backward(torch.ones_like(b))
    same(a, b, 1e-5, 1e-6 if name == "gelu" and kind == "float32" else 1e-30, name)
    finite = np.isfinite(x) & np.isfinite(theirs.grad.numpy()) & (np.abs(x) < 1e20)
    np.testing.assert_allclose(
        ours.grad.numpy()[finite], theirs.grad.numpy()[finite], rtol=1e-4, atol=1e-6, err_msg=name
    )
    assert np.isfinite(ours.grad.numpy()[np.abs(x) <= 1000]).all()


@pytest.mark.parametrize("name, options", SMOOTH, ids=ids(SMOOTH))
def test_gradcheck(name, options):
    x = tt.tensor(2 * some(4, 3), requires_grad=True)
    assert tt.autograd.gradcheck(lambda a: both(name)[tt](a, **options), x)


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "hardtanh", "threshold", "sigmoid", "tanh", "softsign", "tanhshrink"]
)
def test_integers(name):
    options = {"threshold": 1, "value": 7} if name == "threshold" else {}
    same(both(name)[tt](tt.tensor([-2, 0, 1, 9]), **options), both(name)[torch](torch.tensor([-2, 0, 1, 9]), **options))


@pytest.mark.parametrize("name", ["softplus", "elu", "selu", "celu", "gelu", "silu", "mish", "leaky_relu", "hardswish",
                                  "hardsigmoid", "logsigmoid", "hardshrink", "softshrink", "softmax", "log_softmax"])  # fmt: skip
def test_integers_refused(name):
    options = {"dim": 0} if "softmax" in name else {}
    with pytest.raises(NotImplementedError, match="float"):
        both(name)[tt](tt.tensor([1, 2]), **options)
    with pytest.raises(RuntimeError):
        both(name)[torch](torch.tensor([1, 2]), **options)


@pytest.mark.parametrize("option", [np.float64(0.3), 1])
def test_options_do_not_widen(option):
    x = tt.tensor([-1.0, 2.0], requires_grad=True)
    for y in (F.elu(x, option), F.leaky_relu(x, option), F.softplus(x, option), F.hardshrink(x, option)):
        assert y.dtype is tt.float32
        assert tt.autograd.grad(y.sum(), x)[0].dtype is tt.float32


@pytest.mark.parametrize("name", INPLACE)
def test_inplace(name):
    results = {}
    for t in (tt, torch):
        leaf = t.tensor([-2.0, -0.3, 0.4, 5.0], requires_grad=True)
        x = leaf * 1.5
        y = both(name)[t](x, inplace=True)
        assert y is x
        (y * y).sum().backward()
        results[t] = x.detach(), leaf.grad
        with pytest.raises(RuntimeError, match="leaf"):
            both(name)[t](leaf, inplace=True)
    same(results[tt], results[torch])


def test_inplace_is_noticed():
    x = tt.tensor([1.0, -2.0], requires_grad=True)
    y = x * 1.0
    z = y * y
    F.relu(y, inplace=True)
    with pytest.raises(RuntimeError, match="inplace"):
        z.sum().backward()


def test_methods_are_functions():
    x = tt.tensor([[-1.0, 2.0]])
    for name in ("relu", "sigmoid", "tanh"):
        assert getattr(tt, name)(x).tolist() == getattr(x, name)().tolist() == getattr(F, name)(x).tolist()
    for name in ("softmax", "log_softmax"):
        assert getattr(tt, name)(x, 1).tolist() == getattr(x, name)(1).tolist() == getattr(F, name)(x, dim=1).tolist()
        assert getattr(tt, name)(x, dim=-1, dtype=tt.float64).dtype is tt.float64


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
class TestSoftmax:
    @pytest.mark.parametrize("shape, dim", [((2, 3), 0), ((2, 3), -1), ((2, 3, 4), 1), ((4,), 0), ((), 0), ((), -1),
                                            ((0, 3), 1), ((3, 0), 1), ((3, 0), 0), ((2, 1), 1)])  # fmt: skip
    def test_shapes(self, name, shape, dim):
        alike(lambda t, x: both(name)[t](x, dim), 2 * some(*shape), layouts=("plain", "transposed"))

    @pytest.mark.parametrize("kind", ["float32", "float64"])
    def test_extremes(self, name, kind):
        x = np.array(
            [[1000, 1001, 1002], [-1000, 0, 1000], [-np.inf, 0, 1], [-np.inf, -np.inf, 3], [-2000, -2000, -2000]], kind
        )
        x = -x if name == "softmin" else x
        ours, theirs = tt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        a, b = both(name)[tt](ours, 1), both(name)[torch](theirs, 1)
        same(a, b, 1e-5, 0)
        up = some(5, 3).astype(kind)
        a.backward(tt.tensor(up))
        b.backward(torch.tensor(up))
        same(ours.grad, theirs.grad, 1e-4, 1e-6)

    def test_nothing_left(self, name):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            row = tt.tensor([[-math.inf, -math.inf]])
            assert np.isnan(both(name)[tt](-row if name == "softmin" else row, 1).tolist()).all()

    def test_dtype(self, name):
        x = some(2, 3).astype(np.float32)
        same(
            both(name)[tt](tt.tensor(x), dim=1, dtype=tt.float64),
            both(name)[torch](torch.tensor(x), dim=1, dtype=torch.float64),
        )
        same(
            both(name)[tt](tt.tensor([1, 2]), dim=0, dtype=tt.float32),
            both(name)[torch](torch.tensor([1, 2]), dim=0, dtype=torch.float32),
        )

    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (1, 2, 3, 4)])
    def test_implicit_dim(self, name, shape):
        x = some(*shape)
        with pytest.warns(UserWarning, match="Implicit dimension"):
            ours = both(name)[tt](tt.tensor(x))
        with pytest.warns(UserWarning):
            theirs = both(name)[torch](torch.tensor(x))
        same(ours, theirs)

    @pytest.mark.parametrize("dim", [2, -3])
    def test_dim_out_of_range(self, name, dim):
        with pytest.raises(IndexError, match=r"\[-2, 1\]"):
            both(name)[tt](tt.tensor([[1.0]]), dim)


@pytest.mark.parametrize(
    "shape, weights", [((5,), ()), ((5,), (1,)), ((4, 3), (3,)), ((4, 3), (1,)), ((2, 3, 4, 2), (3,)), ((), ())]
)
def test_prelu(shape, weights):
    alike(
        lambda t, x, w: both("prelu")[t](x, w),
        some(*shape),
        np.abs(some(*weights, seed=1)),
        layouts=("plain", "transposed"),
    )


def test_prelu_errors():
    with pytest.raises(RuntimeError, match="3 and channel size = 4"):
        F.prelu(tt.zeros(2, 4), tt.zeros(3))
    with pytest.raises(RuntimeError, match="float64"):
        F.prelu(tt.zeros(2, 4), tt.zeros(4, dtype=tt.float64))


@pytest.mark.parametrize("shape, dim", [((4,), -1), ((2, 6), 1), ((4, 3), 0), ((2, 4, 3), -2), ((0, 4), 1)])
def test_glu(shape, dim):
    alike(lambda t, x: both("glu")[t](x, dim), some(*shape), layouts=("plain", "transposed"))


def test_glu_errors():
    with pytest.raises(RuntimeError, match="even"):
        F.glu(tt.zeros(2, 3))
    with pytest.raises(RuntimeError, match="scalars"):
        F.glu(tt.tensor(1.0))


def test_wrong_options():
    x = tt.tensor([1.0])
    for call, error in [
        (lambda: F.gelu(x, approximate="erf"), RuntimeError),
        (lambda: F.softshrink(x, -1), RuntimeError),
        (lambda: F.celu(x, 0), RuntimeError),
        (lambda: F.hardtanh(x, 2, 1), ValueError),
        (lambda: nn.Softmax2d()(x), ValueError),
    ]:
        with pytest.raises(error):
            call()


@pytest.mark.parametrize(
    "options", [{}, {"p": 1}, {"p": 3, "dim": 0}, {"p": math.inf}, {"dim": -1, "eps": 10.0}], ids=str
)
def test_normalize(options):
    alike(
        lambda t, x: both("normalize")[t](x, **options),
        some(3, 4),
        layouts=("plain",),
        twice=options.get("p") != math.inf,
    )


@pytest.mark.parametrize(
    "shapes, dim", [(((3, 4), (3, 4)), 1), (((3, 4), (4,)), -1), (((2, 3, 4), (2, 1, 4)), 2), (((4,), (4,)), 0)]
)
def test_cosine_similarity(shapes, dim):
    alike(
        lambda t, a, b: both("cosine_similarity")[t](a, b, dim),
        some(*shapes[0]),
        some(*shapes[1], seed=1),
        layouts=("plain",),
    )


@pytest.mark.parametrize("options", [{}, {"p": 1}, {"p": 3.0, "keepdim": True}, {"eps": 0.5}], ids=str)
def test_pairwise_distance(options):
    alike(
        lambda t, a, b: both("pairwise_distance")[t](a, b, **options),
        some(3, 4),
        some(3, 4, seed=1),
        layouts=("plain",),
    )
    alike(lambda t, a, b: both("pairwise_distance")[t](a, b, **options), some(4), some(4, seed=1), layouts=("plain",))


def test_zero_vectors():
    for name in ("normalize", "cosine_similarity", "pairwise_distance"):
        grads = {}
        for t in (tt, torch):
            x = t.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
            args = (x,) if name == "normalize" else (x, t.tensor([[1.0, 0.0], [3.0, 4.0]]))
            y = both(name)[t](*args)
            y.sum().backward()
            grads[t] = y, x.grad
        same(grads[tt], grads[torch], 1e-4, 1e-5, name)


def test_gumbel_softmax():
    tt.manual_seed(0)
    scores = tt.tensor([[2.0, 0.0, -1.0]] * 4000, requires_grad=True)
    soft, hard = F.gumbel_softmax(scores, 0.5), F.gumbel_softmax(scores, hard=True)
    np.testing.assert_allclose(soft.sum(1).detach().numpy(), 1, rtol=1e-5)
    rows = hard.detach().numpy().round(5)
    assert set(np.unique(rows)) == {0.0, 1.0} and (rows.sum(1) == 1).all()
    np.testing.assert_allclose(rows.mean(0), torch.tensor([2.0, 0.0, -1.0]).softmax(0).numpy(), atol=0.03)
    (hard * tt.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert np.abs(scores.grad.numpy()).max() > 0


MODULES = [
    ("ReLU", {}), ("ReLU", {"inplace": True}), ("ReLU6", {}), ("ReLU6", {"inplace": True}), ("Sigmoid", {}), ("Tanh", {}),
    ("LogSigmoid", {}), ("LeakyReLU", {}), ("LeakyReLU", {"negative_slope": 0.2, "inplace": True}), ("PReLU", {}),
    ("PReLU", {"num_parameters": 4, "init": 0.1}), ("ELU", {}), ("ELU", {"alpha": 2.0, "inplace": True}), ("SELU", {}),
    ("SELU", {"inplace": True}), ("CELU", {}), ("CELU", {"alpha": 0.5, "inplace": True}), ("GELU", {}),
    ("GELU", {"approximate": "tanh"}), ("SiLU", {}), ("SiLU", {"inplace": True}), ("Mish", {}), ("Mish", {"inplace": True}),
    ("Softplus", {}), ("Softplus", {"beta": 2, "threshold": 5}), ("Softsign", {}), ("Hardtanh", {}),
    ("Hardtanh", {"min_val": -2.0, "max_val": 0.5, "inplace": True}), ("Hardsigmoid", {}), ("Hardsigmoid", {"inplace": True}),
    ("Hardswish", {}), ("Hardswish", {"inplace": True}), ("Tanhshrink", {}), ("Softshrink", {}), ("Softshrink", {"lambd": 0.1}),
    ("Hardshrink", {}), ("Hardshrink", {"lambd": 0.1}), ("Threshold", {"threshold": 0.1, "value": 20}),
    ("Threshold", {"threshold": 0.1, "value": 20, "inplace": True}), ("GLU", {}), ("GLU", {"dim": 1}), ("Softmax", {"dim": 1}),
    ("LogSoftmax", {"dim": -1}), ("Softmin", {"dim": 2}), ("Softmax2d", {}),
]  # fmt: skip


@pytest.mark.parametrize("name, options", MODULES, ids=ids(MODULES))
def test_modules(name, options):
    ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    results = {}
    for t, module in ((tt, copy.deepcopy(ours)), (torch, theirs)):
        leaf = t.tensor(some(2, 4, 3, 2).astype(np.float32), requires_grad=True)
        y = module(leaf * 1.0)
        (y * y).sum().backward()
        results[t] = [y, leaf.grad, *(p.grad for p in module.parameters())]
    same(results[tt], results[torch], 1e-4, 1e-5, name)


def test_similarity_modules():
    a, b = some(3, 4), some(3, 4, seed=1)
    for name, options in [("CosineSimilarity", {"dim": 0}), ("PairwiseDistance", {"p": 1, "keepdim": True})]:
        ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
        assert repr(ours) == repr(theirs)
        same(ours(tt.tensor(a), tt.tensor(b)), theirs(torch.tensor(a), torch.tensor(b)), 1e-5, 1e-6)


def test_prelu_learns():
    module = nn.PReLU(3)
    module(tt.tensor(some(5, 3).astype(np.float32))).sum().backward()
    assert (np.abs(module.weight.grad.numpy()) > 0).all()
