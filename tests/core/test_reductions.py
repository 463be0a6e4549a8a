"""Reductions, order and norms against PyTorch."""

import math
import pickle

import numpy as np
import pytest
import torch
from against_torch import alike
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt

inf, nan = math.inf, math.nan


def numbers(shape, seed=0):
    return np.random.default_rng(seed).permutation(math.prod(shape)).reshape(shape) * 0.1 + 0.15  # no two are equal


shapes = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
flags = st.booleans()
REDUCTIONS = {
    "max": lambda t, a, dim, keepdim: t.max(a, dim, keepdim)[0],
    "min": lambda t, a, dim, keepdim: a.min(dim, keepdim=keepdim).values,
    "median": lambda t, a, dim, keepdim: a.median(dim, keepdim)[0],
    "amin": lambda t, a, dim, keepdim: t.amin(a, dim, keepdim),
    "aminmax": lambda t, a, dim, keepdim: (
        a.aminmax(dim=dim, keepdim=keepdim).min * 2 + a.aminmax(dim=dim, keepdim=keepdim).max
    ),
    "var": lambda t, a, dim, keepdim: a.var(dim, unbiased=False, keepdim=keepdim),
    "std": lambda t, a, dim, keepdim: t.cat([a, -a, a * 2], dim).std(dim, keepdim=keepdim),
    "var_mean": lambda t, a, dim, keepdim: t.var_mean(a, dim, correction=0, keepdim=keepdim),
    "std_mean": lambda t, a, dim, keepdim: t.std_mean(t.cat([a, -a, a * 2], dim), dim, correction=2, keepdim=keepdim),
    "prod": lambda t, a, dim, keepdim: a.prod(dim, keepdim),
    "cumsum": lambda t, a, dim, keepdim: a.cumsum(dim),
    "logsumexp": lambda t, a, dim, keepdim: a.logsumexp(dim, keepdim),
    "sort": lambda t, a, dim, keepdim: a.sort(dim, descending=keepdim)[0],
    "topk": lambda t, a, dim, keepdim: a.topk(1, dim, largest=keepdim)[0],
    **{f"norm{p}": lambda t, a, dim, keepdim, p=p: a.norm(p, dim, keepdim) for p in (1, 2, 3, 0.5, inf, -inf, "fro")},
}


@pytest.mark.parametrize("name", REDUCTIONS)
@given(shapes, flags, st.data())
def test_along_a_dimension(name, shape, keepdim, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    alike(lambda t, a: REDUCTIONS[name](t, a, dim, keepdim), numbers(shape), layouts=("plain", "transposed"))


WHOLE = {
    "max": lambda t, a: a.max(),
    "min": lambda t, a: t.min(a),
    "median": lambda t, a: a.median(),
    "aminmax": lambda t, a: a.aminmax(),
    "var": lambda t, a: a.var(),
    "var0": lambda t, a: a.var(correction=0),
    "std": lambda t, a: a.std(False),
    "prod": lambda t, a: a.prod(),
    "norm": lambda t, a: a.norm(),
    "norm1": lambda t, a: t.norm(a, 1),
    "norm3": lambda t, a: a.norm(p=3),
    "norm0": lambda t, a: a.norm(0) + a.sum() * 0,
    "several": lambda t, a: a.var((0, 1), keepdim=True) + a.logsumexp((0, 1)) + a.norm(dim=(0, 1)) + a.amin((0, 1)),
    "of two": lambda t, a: t.max(a, a * a) + t.min(a, a * 0.5) + a.max(a * 2),
    "pair": lambda t, a: t.max(a, 0).values + a.min(0).values,
}


@pytest.mark.parametrize("name", WHOLE)
def test_of_all(name):
    alike(WHOLE[name], numbers((3, 4)))


@pytest.mark.parametrize(
    ("call", "values"),
    [
        (lambda t, x: x.max(), [1, 3, 3]),
        (lambda t, x: x.max(0)[0], [1, 3, 3]),
        (lambda t, x: x.min(), [1, 1, 3]),
        (lambda t, x: x.median(), [1, 1, 3]),
        (lambda t, x: x.norm(), [0, 0]),
        (lambda t, x: x.norm(1), [0, -2]),
        (lambda t, x: x.norm(inf), [3, -3, 1]),
        (lambda t, x: x.norm(-inf), [3, -3, 5]),
        (lambda t, x: x.norm(3), [0, 0]),
        (lambda t, x: x.norm(0.5), [0, 1]),
        (lambda t, x: x.norm(1.5), [0, 1]),
        (lambda t, x: x.norm(2, 0), [[0, 1], [0, 2]]),
        (lambda t, x: x.prod(), [0, 2, 3]),
        (lambda t, x: x.prod(), [0, 0, 3]),
        (lambda t, x: x.prod(0), [[0, 2], [0, 3]]),
        (lambda t, x: x.std(), [1, 1]),
        (lambda t, x: x.std(), [1]),
        (lambda t, x: x.var(), [1]),
        (lambda t, x: x.std(correction=0), [1]),
        (lambda t, x: x.logsumexp(0), [-inf, -inf]),
        (lambda t, x: x.logsumexp(0), [inf, 1]),
        (lambda t, x: x.logsumexp(0), [1000, 999]),
        (lambda t, x: x.max(), [1, nan, 2]),
        (lambda t, x: x.max(0)[0], [1, nan, 2]),
        (lambda t, x: x.median(), [1, nan, 2]),
        (lambda t, x: x.sort()[0], [1, nan, 2, nan]),
        (lambda t, x: x.sort(descending=True)[0], [1, nan, 2, nan]),
        (lambda t, x: x.topk(2)[0], [1, nan, 2]),
    ],
)
def test_corners(call, values):
    results = []
    for t in (tt, torch):
        x = t.tensor(values, dtype=t.float64, requires_grad=True)
        y = call(t, x)
        y.sum().backward()
        results.append((y.tolist(), x.grad.tolist()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_dtypes(kind):
    calls = [
        lambda a: a.max(),
        lambda a: a.max(1),
        lambda a: a.min(0, True),
        lambda a: a.prod(),
        lambda a: a.prod(0),
        lambda a: a.cumsum(1),
        lambda a: a.sort(dim=1, stable=True),
        lambda a: a.sort(dim=0, descending=True, stable=True),
        lambda a: a.amin(1),
        lambda a: a.cumsum(0),
    ]
    for i, call in enumerate(calls):
        outcomes = []
        for t in (tt, torch):
            result = call(t.tensor([[1, 0, 1], [0, 1, 1]], dtype=getattr(t, kind)))
            result = [*result] if isinstance(result, tuple) else [result]
            outcomes.append([(str(r.dtype).split(".")[-1], r.tolist()) for r in result])
        assert outcomes[0] == outcomes[1], f"call {i}"


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, nan, -1.0, inf]), min_size=1, max_size=6), flags)
def test_sort_is_stable_and_places_nan(values, descending):
    ours, theirs = [t.sort(t.tensor(values), stable=True, dim=0, descending=descending) for t in (tt, torch)]
    np.testing.assert_array_equal(ours.values.tolist(), theirs.values.tolist())
    assert ours.indices.tolist() == theirs.indices.tolist()


def test_nothing_and_one():
    for call in (
        lambda a: a.max(1)[0],
        lambda a: a.median(1)[1],
        lambda a: a.var(0),
        lambda a: a.std(),
        lambda a: a.prod(),
        lambda a: a.prod(0),
        lambda a: a.norm(),
        lambda a: a.norm(dim=0),
        lambda a: a.norm(dim=1),
        lambda a: a.logsumexp(0),
        lambda a: a.logsumexp(1),
        lambda a: a.cumsum(0),
        lambda a: a.sort(0)[0],
        lambda a: a.topk(0, 0)[0],
        lambda a: a.median(),
    ):
        ours, theirs = call(tt.zeros(0, 3)), call(torch.zeros(0, 3))
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_array_equal(ours.tolist(), theirs.tolist())
    for call in (
        lambda a: a.max(0),
        lambda a: a.sort(),
        lambda a: a.topk(1),
        lambda a: a.median(-1),
        lambda a: a.min(0, True),
    ):
        ours, theirs = call(tt.tensor(3.0)), call(torch.tensor(3.0))
        assert [x.tolist() for x in ours] == [x.tolist() for x in theirs] and ours.values.shape == ()
    alike(
        lambda t, a: a.var(correction=0) + a.norm() + a.prod() + a.cumsum(0) + a.logsumexp(0),
        np.array(2.0),
        twice=False,
    )


def test_names():
    result = tt.tensor([1.0, 3.0, 2.0]).max(dim=0)
    assert result.values.item() == 3 and result.indices.item() == 1 and result.indices.dtype is tt.int64
    values, indices = tt.sort(tt.tensor([2, 1]))
    assert values.tolist() == [1, 2] and indices.tolist() == [1, 0]
    assert tt.tensor([[1.0, 2.0]]).max(axis=1, keepdims=True).values.tolist() == [[2]]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: t.zeros(0, 3).max(), RuntimeError),
        (lambda t: t.zeros(0, 3).max(0), IndexError),
        (lambda t: t.zeros(0, 3).median(0), IndexError),
        (lambda t: t.tensor([1]).var(), RuntimeError),
        (lambda t: t.ones(2).var(0, unbiased=True, correction=1), TypeError),
        (lambda t: t.tensor([1]).norm(), RuntimeError),
        (lambda t: t.zeros(0).norm(inf), RuntimeError),
        (lambda t: t.ones(3).topk(4), RuntimeError),
        (lambda t: t.ones(3).topk(-1), RuntimeError),
        (lambda t: t.ones(3).max(1), IndexError),
        (lambda t: t.ones(3).var(2), IndexError),
        (lambda t: t.ones(3).cumsum(1), IndexError),
        (lambda t: t.ones(3).norm(dim=3), IndexError),
        (lambda t: t.ones(3).sort(1), IndexError),
    ],
)
def test_errors(call, error):
    for t in (tt, torch):
        with pytest.raises(error):
            call(t)


@pytest.mark.parametrize("dim", [None, 0, 1])
def test_second_derivative_of_a_product_with_zeros(dim):
    a = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 3.0]])
    alike(lambda t, x: x.prod() if dim is None else x.prod(dim), a)


@pytest.mark.parametrize("name", ["max", "min", "median", "sort", "topk"])
def test_values_and_indices_are_shown_as_pytorchs(name):
    ours, theirs = (getattr(t.tensor([[3.0, 1.0], [2.0, 4.0]]), name)(1) for t in (tt, torch))
    assert repr(ours) == repr(theirs) and ours._fields == ("values", "indices")
    assert tuple(pickle.loads(pickle.dumps(ours)).indices.flatten().tolist()) == tuple(
        theirs.indices.flatten().tolist()
    )
