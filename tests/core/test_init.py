"""nn.init, held to PyTorch's: the same distributions, the same errors, the same marks left behind."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

import tinytorch
from tinytorch import nn, zeros
from tinytorch.nn import init

# name, options
RANDOM = [
    ("uniform_", {}),
    ("uniform_", {"a": -2.0, "b": 5.0}),
    ("normal_", {}),
    ("normal_", {"mean": 3.0, "std": 0.1}),
    ("trunc_normal_", {}),
    ("trunc_normal_", {"mean": 1.0, "std": 2.0, "a": 0.0, "b": 1.5}),
    ("trunc_normal_", {"std": 0.02}),
    ("xavier_uniform_", {}),
    ("xavier_uniform_", {"gain": 3.0}),
    ("xavier_normal_", {"gain": 0.5}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": math.sqrt(5)}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "tanh"}),
    ("kaiming_normal_", {"a": 0.2, "nonlinearity": "leaky_relu"}),
    ("orthogonal_", {}),
    ("orthogonal_", {"gain": 2.0}),
]
FIXED = [("constant_", {"val": 2.5}), ("ones_", {}), ("zeros_", {}), ("eye_", {})]


@pytest.mark.parametrize("shape", [(60, 40), (20, 10, 3, 4)], ids=["matrix", "convolution"])
@pytest.mark.parametrize("name, options", RANDOM, ids=str)
def test_the_same_distribution(name, options, shape):
    """A Kolmogorov-Smirnov test of 2,400 numbers against PyTorch's."""
    tinytorch.manual_seed(0)
    torch.manual_seed(0)
    ours = getattr(init, name)(zeros(*shape), **options).numpy().ravel()
    theirs = getattr(torch.nn.init, name)(torch.zeros(*shape), **options).numpy().ravel()
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    assert abs(ours.std() / theirs.std() - 1) < 0.1 and abs(ours.mean() - theirs.mean()) < 0.1 * max(
        theirs.std(), abs(theirs.mean())
    )
    if "normal" not in name and name != "orthogonal_":
        assert abs(ours).max() <= abs(theirs).max() * 1.01 and abs(ours).max() >= abs(theirs).max() * 0.99


@pytest.mark.parametrize("name, options", FIXED, ids=str)
@pytest.mark.parametrize("shape", [(2, 3), (4, 2), (3, 3), (0, 2)])
def test_the_same_values(name, options, shape):
    ours = getattr(init, name)(tinytorch.rand(*shape), **options)
    assert ours.tolist() == getattr(torch.nn.init, name)(torch.rand(*shape), **options).tolist()


@pytest.mark.parametrize("name, options", [*RANDOM, *FIXED], ids=str)
@pytest.mark.parametrize("dtype", [tinytorch.float32, tinytorch.float64])
def test_in_place_outside_history(name, options, dtype):
    p = nn.Parameter(zeros(4, 5, dtype=dtype))
    memory, version = p.array, p._version
    assert getattr(init, name)(p, **options) is p
    assert p.array is memory and p._version > version and p.is_leaf and p.requires_grad and p.dtype is dtype
    if name not in ("zeros_", "eye_"):
        assert (p != 0).all()


@pytest.mark.parametrize("name, options", RANDOM, ids=str)
def test_generators(name, options):
    def draw(**more):
        return getattr(init, name)(zeros(4, 5), **options, **more).tolist()

    first = draw(generator=tinytorch.Generator().manual_seed(1))
    assert (
        draw(generator=tinytorch.Generator().manual_seed(1))
        == first
        != draw(generator=tinytorch.Generator().manual_seed(2))
    )
    tinytorch.manual_seed(3)
    default = draw()
    assert draw() != default
    tinytorch.manual_seed(3)
    assert draw() == default


def test_a_change_that_backward_needs_is_noticed():
    p = nn.Parameter(tinytorch.ones(3))
    loss = (p * p).sum()
    init.zeros_(p)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_part_of_a_parameter():
    p = nn.Parameter(zeros(4, 3))
    init.ones_(p[1:3])
    assert p.tolist() == [[0] * 3, [1] * 3, [1] * 3, [0] * 3]


@pytest.mark.parametrize(
    "nonlinearity, param",
    [
        ("linear", None),
        ("conv2d", None),
        ("conv_transpose3d", None),
        ("sigmoid", None),
        ("tanh", None),
        ("relu", None),
        ("selu", None),
        ("leaky_relu", None),
        ("leaky_relu", 0.2),
        ("leaky_relu", 3),
    ],
)
def test_gain(nonlinearity, param):
    assert init.calculate_gain(nonlinearity, param) == torch.nn.init.calculate_gain(nonlinearity, param)


@pytest.mark.parametrize("lib, tt", [(init, tinytorch), (torch.nn.init, torch)], ids=["tinytorch", "torch"])
def test_errors(lib, tt):
    vector, matrix = tt.zeros(3), tt.zeros(3, 2)
    for call in [
        lambda: lib.calculate_gain("swish"),
        lambda: lib.calculate_gain("leaky_relu", True),
        lambda: lib.eye_(vector),
        lambda: lib.xavier_uniform_(vector),
        lambda: lib.xavier_normal_(vector),
        lambda: lib.kaiming_uniform_(vector),
        lambda: lib.kaiming_normal_(vector),
        lambda: lib.kaiming_normal_(matrix, mode="fan_both"),
        lambda: lib.orthogonal_(vector),
        lambda: lib.kaiming_uniform_(matrix, nonlinearity="swish"),
    ]:
        with pytest.raises(ValueError):
            call()
    for call in (
        lambda: lib.kaiming_uniform_(tt.zeros(0, 3)),
        lambda: lib.kaiming_normal_(tt.zeros(0, 3)),
        lambda: lib.trunc_normal_(tt.zeros(3), mean=9.0),
    ):
        with pytest.warns(UserWarning):
            call()
    assert lib.orthogonal_(tt.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(zeros(*shape), gain=2.0).reshape(shape[0], -1).numpy()
    w = w if shape[0] <= w.shape[1] else w.T
    np.testing.assert_allclose(w @ w.T, 4 * np.eye(len(w)), atol=1e-5)


def test_truncated_far_out():
    values = init.trunc_normal_(zeros(1000), a=1.5, b=3.0).numpy()
    assert values.min() >= 1.5 and values.max() <= 3 and values.mean() < 2


def test_scale_is_kept_through_many_layers():
    tinytorch.manual_seed(0)
    x = tinytorch.randn(50, 300)
    for _ in range(20):
        x = (x @ init.kaiming_normal_(zeros(300, 300), nonlinearity="relu").T).clamp(min=0)
    assert 0.3 < (x * x).mean().item() < 3
