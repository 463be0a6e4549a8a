"""01_tensor_subscripts and assignment by index against PyTorch: drawn mixtures of all that may stand in square brackets."""

import warnings

import numpy as np
import pytest
import torch
from against_torch import same
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt


@st.composite
def indices(draw, shape):
    """An index of a tensor of `shape`, whose arrays have sizes that broadcast, mostly."""
    length, parts, dim = draw(st.integers(1, 3)), [], 0
    number = lambda n: draw(st.integers(-n, n - 1))
    numbers = lambda n: draw(st.lists(st.integers(-n, n - 1), min_size=length, max_size=length))
    boolean = lambda: draw(st.booleans())
    a_slice = lambda: slice(*(draw(st.sampled_from(ends)) for ends in ([None, 0, 1, -1], [None, 2, -1], [None, 1, 2])))
    while dim < len(shape) and draw(st.integers(0, 5)):
        n, kind = shape[dim], draw(st.integers(0, 10))
        dim += kind not in (3, 4, 5)
        mask = draw(st.lists(st.booleans(), min_size=n, max_size=n))
        parts.append(
            [
                always(number(n)),
                always(a_slice()),
                always(a_slice()),
                always(None),
                always(boolean()) if boolean() else always(None),
                tensor_of(boolean()),
                tensor_of(number(n)),
                always(numbers(n)),
                tensor_of(numbers(n), (-1, 1)),
                tensor_of(mask, (-1,), draw(st.sampled_from(["bool", "uint8"]))),
                always(np.array(numbers(n))),
            ][kind]
        )
    if dim < len(shape) and boolean():
        parts.insert(draw(st.integers(0, len(parts))), always(...))
        parts = parts if boolean() else [*parts, always(draw(st.integers(0, shape[-1] - 1)))]
    alone = len(parts) == 1 and boolean()
    return Index(parts[0] if alone else lambda t: tuple(part(t) for part in parts))


def always(part):
    return lambda t: part


def tensor_of(values, shape=(), kind=None):
    return lambda t: t.tensor(values, dtype=kind and getattr(t, kind)).reshape(shape)


class Index:
    """Makes an index with the tensors of either library; a failing test shows it."""

    def __init__(self, make):
        self.make = make

    def __call__(self, t):
        return self.make(t)

    def __repr__(self):
        return repr(self.make(torch))


def outcome(run):
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            result = run()
        except (IndexError, RuntimeError, ValueError, TypeError) as error:
            return None if "masked_fill_ only supports boolean masks" in str(error) else type(error)
    return result, any("uint8" in str(warning.message) for warning in noted)


def compare(run):
    ours, theirs = outcome(lambda: run(tt)), outcome(lambda: run(torch))
    if theirs is None:  # one value for all that a mask of uint8 names: PyTorch stumbles over its own kind of mask
        return
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours == theirs
        return
    same(ours[0], theirs[0])
    assert ours[1] == theirs[1], "the warning of uint8 as a mask"


SHAPE = (2, 3, 4)


def leaf(t, shape=SHAPE):
    return t.tensor(np.arange(np.prod(shape), dtype=np.float64).reshape(shape), requires_grad=True)


@settings(max_examples=200)
@given(indices(SHAPE))
def test_reading(index):
    def run(t):
        x = leaf(t)
        y = x[index(t)]
        (y * t.tensor(np.random.default_rng(0).standard_normal(tuple(y.shape)))).sum().backward()
        return y, x.grad

    compare(run)


@settings(max_examples=150)
@given(
    indices(SHAPE),
    st.sampled_from(["number", "tensor", "part", "tracked number", "tracked part", "add"]),
    st.booleans(),
)
def test_assignment(index, kind, through_a_view):
    def run(t):
        x, w = leaf(t), t.tensor(2.5, dtype=t.float64, requires_grad=True)
        y = x * 1 if "tracked" in kind or through_a_view else t.zeros(SHAPE, dtype=t.float64)
        place = y.permute(1, 2, 0).permute(2, 0, 1) if through_a_view else y
        part = tuple(place[index(t)].shape)
        value = t.tensor(np.random.default_rng(0).standard_normal(part))
        if kind == "add":
            place[index(t)] += w
        else:
            place[index(t)] = {"number": 7, "tensor": value, "part": value[:1] if len(part) else value}.get(
                kind, value * w if "part" in kind else w
            )
        ((y**2).sum() + 0 * (x.sum() + w)).backward()
        return y, x.grad, w.grad

    def once_each():
        """Where an index names an entry twice PyTorch promises nothing about the order of assignments."""
        places = torch.arange(24).reshape(SHAPE)[index(torch)]
        return places.unique().numel() == places.numel()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            simple = kind in ("number", "tracked number") or once_each()
        except (IndexError, RuntimeError):
            simple = True
    if simple:
        compare(run)


@pytest.mark.parametrize(
    "index",
    [5, [5], (0, 0, 0, 0), 1.0, (0, 1.5), slice(None, None, -1), ([0, 1], [0, 1, 2]), [True, False, True], ([True, False], [True]), (None, 2, 3)],
)  # fmt: skip
def test_refusals(index):
    compare(lambda t: leaf(t)[index])


def test_refusals_of_tensors():
    compare(lambda t: leaf(t)[t.tensor(1.0)])
    compare(lambda t: leaf(t)[t.tensor([1.0])])
    compare(lambda t: leaf(t)[t.tensor([True, False, True])])
    compare(lambda t: leaf(t)[:, t.tensor([2, 3])])
    for t in (torch, tt):
        with pytest.raises(TypeError):
            t.zeros(3)[0] = "a"


def test_lists_as_tuples_and_as_tensors():
    compare(lambda t: leaf(t)[[]])
    compare(lambda t: leaf(t)[()])
    compare(lambda t: leaf(t)[[True, False]])
    compare(lambda t: leaf(t)[[[0, 1], [1, 0]]])
    compare(lambda t: leaf(t)[[slice(0, 1), 0]])
    compare(lambda t: leaf(t)[[t.tensor(0), t.tensor(2)]])
    compare(lambda t: leaf(t)[range(2)])
    compare(lambda t: leaf(t)[:, [[0, 1], [2, 0]]])
    compare(lambda t: leaf(t)[np.int64(1), np.array([0, 2])])
    compare(lambda t: leaf(t)[t.tensor(0) : t.tensor(1)])


def test_what_numbers_and_slices_name_is_a_view():
    for t in (torch, tt):
        x = t.zeros(2, 3)
        x[1][t.tensor(2)] += 5
        x[0, t.tensor(1)].add_(3)
        assert x.tolist() == [[0, 3, 0], [0, 0, 5]]


@pytest.mark.parametrize("t", [tt, torch])
def test_slices_with_steps(t):
    x = t.arange(12).reshape(3, 4)
    assert x[::2, 1::2].tolist() == [[1, 3], [9, 11]] and x[-1, -3:].tolist() == [9, 10, 11] and x[5:].shape == (0, 4)
    for index in (slice(None, None, -1), (0, slice(3, 0, -1)), slice(None, None, 0)):
        with pytest.raises(ValueError, match=r"step (must be greater than|cannot be) zero"):
            x[index]
    with pytest.raises(IndexError, match="too many indices"):
        x[0, 0, 0]
    with pytest.raises(IndexError, match=r"out of bounds|out of range"):
        x[0, 4]
