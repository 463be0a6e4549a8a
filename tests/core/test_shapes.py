"""02_autograd_shapes against PyTorch."""

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt

SIZES = st.integers(0, 3)
SHAPES = st.lists(SIZES, min_size=0, max_size=4).map(tuple)
FULL = st.lists(SIZES, min_size=1, max_size=4).map(tuple)


CALLS = [
    ((2, 3, 4), lambda t, x: x.contiguous().view(6, -1)),
    ((2, 3, 4), lambda t, x: x.flatten(1)),
    ((2, 3, 4), lambda t, x: t.flatten(x, 0, 1)),
    ((), lambda t, x: x.flatten()),
    ((2, 6), lambda t, x: x.unflatten(1, (2, -1))),
    ((2, 6), lambda t, x: t.unflatten(x, -1, (3, 2))),
    ((2, 3), lambda t, x: x.ravel()),
    ((2, 3), lambda t, x: x.reshape_as(t.zeros(3, 2))),
    ((2, 3), lambda t, x: x.contiguous().view_as(t.zeros(6))),
    ((2, 3, 4), lambda t, x: x.movedim(0, -1)),
    ((2, 3, 4), lambda t, x: t.movedim(x, (0, 1), (1, 2))),
    ((2, 3, 4), lambda t, x: x.moveaxis((-1, 0), (0, 1))),
    ((2, 3), lambda t, x: x.t()),
    ((3,), lambda t, x: t.t(x)),
    ((), lambda t, x: x.t()),
    ((2, 3), lambda t, x: x.swapaxes(0, 1)),
    ((2, 1), lambda t, x: x.expand_as(t.zeros(4, 2, 3))),
    ((2, 1), lambda t, x: t.broadcast_to(x, (2, 3))),
    ((1,), lambda t, x: x.broadcast_to((0, 2))),
    ((2, 3), lambda t, x: x.repeat(2, 1, 3)),
    ((3,), lambda t, x: x.repeat(0)),
    ((2, 3), lambda t, x: x.tile(2)),
    ((2,), lambda t, x: t.tile(x, (2, 2))),
    ((), lambda t, x: x.repeat(3)),
    ((2, 3), lambda t, x: x.repeat_interleave(2)),
    ((2, 3), lambda t, x: x.repeat_interleave(3, 0)),
    ((2, 3), lambda t, x: t.repeat_interleave(x, t.tensor([2, 0, 1]), dim=-1)),
    ((2, 3), lambda t, x: x.repeat_interleave(t.tensor([2]), 1)),
    ((2, 3, 4), lambda t, x: x.flip(0, -1)),
    ((2, 3), lambda t, x: t.flip(x, (1,))),
    ((2, 3), lambda t, x: t.fliplr(x)),
    ((3,), lambda t, x: t.flipud(x)),
    ((2, 3), lambda t, x: x.roll(1)),
    ((2, 3), lambda t, x: t.roll(x, (1, -2), (0, 1))),
    ((2, 0), lambda t, x: x.roll(1, 1)),
    ((3, 2), lambda t, x: x.roll((1, 1), (0, 0))),
    ((3, 4), lambda t, x: x.tril()),
    ((3, 4), lambda t, x: t.triu(x, 1)),
    ((2, 4, 3), lambda t, x: x.tril(-1)),
    ((0, 3), lambda t, x: x.triu()),
    ((3, 4), lambda t, x: x.diagonal()),
    ((3, 4), lambda t, x: t.diagonal(x, -1)),
    ((3, 4), lambda t, x: x.diagonal(5)),
    ((2, 3, 4), lambda t, x: x.diagonal(1, 2, 0)),
    ((3,), lambda t, x: x.diag()),
    ((3,), lambda t, x: t.diag(x, -2)),
    ((3, 4), lambda t, x: t.diag(x, 1)),
    ((2, 3), lambda t, x: t.diag_embed(x, 1)),
    ((2, 3), lambda t, x: x.diag_embed(0, 0, 2)),
    ((4, 5), lambda t, x: x.split(2)),
    ((4, 5), lambda t, x: t.split(x, [1, 0, 4], dim=1)),
    ((4, 5), lambda t, x: t.split(x, 3, -1)),
    ((4, 5), lambda t, x: x.split_with_sizes([3, 1])),
    ((4, 5), lambda t, x: x.chunk(3, 1)),
    ((2, 5), lambda t, x: t.chunk(x, 4)),
    ((0, 2), lambda t, x: x.chunk(3)),
    ((0, 2), lambda t, x: x.split(2)),
    ((7, 2), lambda t, x: x.tensor_split(3)),
    ((7, 2), lambda t, x: t.tensor_split(x, (1, 5, 9))),
    ((2, 3), lambda t, x: x.unbind()),
    ((2, 3), lambda t, x: t.unbind(x, -1)),
    ((4, 5), lambda t, x: x.narrow(1, 1, 3)),
    ((4, 5), lambda t, x: t.narrow(x, 0, -2, 2)),
    ((4, 5), lambda t, x: x.select(0, -1)),
    ((4, 5), lambda t, x: t.select(x, 1, 2)),
    ((), lambda t, x: t.atleast_1d(x)),
    ((3,), lambda t, x: t.atleast_2d(x)),
    ((3,), lambda t, x: t.atleast_3d(x)),
    ((3, 2), lambda t, x: t.atleast_3d([x, x[0]])),
    ((2, 3), lambda t, x: x.clone()),
    ((2, 1, 3), lambda t, x: x.mT),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_calls(number):
    shape, call = CALLS[number]
    alike(call, some(*shape), kinds=("float32",) if number % 2 else ("float64",))


@given(SHAPES, st.data())
def test_one_dimension_more_or_less(shape, data):
    array = some(*shape)
    alike(lambda t, x: x.squeeze(), array, twice=False)
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    alike(lambda t, x: t.unsqueeze(x, dim), array, twice=False)
    if shape:
        dims = tuple(data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1)))
        alike(lambda t, x: x.squeeze(dims[0] - len(shape)), array, twice=False)
        alike(lambda t, x: t.squeeze(x, dims), array, twice=False)
        start = data.draw(st.integers(0, len(shape) - 1))
        alike(lambda t, x: x.flatten(start), array, twice=False)


@given(FULL, st.data())
def test_joining(shape, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    others = [tuple(data.draw(SIZES) if d == dim % len(shape) else n for d, n in enumerate(shape)) for _ in range(2)]
    arrays = [some(*s, seed=i) for i, s in enumerate([shape, *others])]
    alike(lambda t, *xs: t.cat(xs, dim), *arrays, twice=False)
    if len(shape) > 1:  # a (0,) vector takes a path of its own
        alike(lambda t, *xs: t.concat(xs, dim=dim), *arrays, layouts=("transposed",), kinds=("float64",))
    alike(lambda t, *xs: t.stack(xs, dim), arrays[0], some(*shape, seed=4), kinds=("float64",))
    alike(lambda t, *xs: t.hstack(xs), arrays[0], arrays[0], layouts=("plain",), twice=False)
    alike(lambda t, *xs: t.vstack(xs), arrays[0], arrays[0], layouts=("plain",), twice=False)


@settings(max_examples=15)
@given(FULL, st.integers(1, 4), st.data())
def test_splitting(shape, size, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    for call in (
        lambda t, x: x.split(size, dim),
        lambda t, x: x.chunk(size, dim),
        lambda t, x: x.tensor_split(size, dim),
    ):
        alike(call, some(*shape), twice=False, kinds=("float32",))


@settings(max_examples=15)
@given(st.lists(SIZES, min_size=2, max_size=4).map(tuple), st.integers(-3, 3), st.data())
def test_triangles_and_diagonals(shape, k, data):
    dim1, dim2 = data.draw(st.permutations(range(-len(shape), 0)))[:2]
    for call in (lambda t, x: x.tril(k), lambda t, x: x.triu(k)):
        alike(call, some(*shape), kinds=("float32",), layouts=("plain", "transposed"))
    alike(lambda t, x: x.diagonal(k, dim1, dim2), some(*shape), kinds=("float32",), layouts=("plain", "transposed"))


@settings(max_examples=15)
@given(SHAPES, st.data())
def test_repeating(shape, data):
    repeats = data.draw(st.lists(st.integers(0, 2), min_size=len(shape), max_size=len(shape) + 2))
    alike(lambda t, x: x.repeat(repeats), some(*shape), kinds=("float64",))
    alike(lambda t, x: x.tile(repeats[:2]), some(*shape), kinds=("float64",), twice=False)
    if shape:
        dim = data.draw(st.integers(-len(shape), len(shape) - 1))
        alike(lambda t, x: x.repeat_interleave(2, dim), some(*shape), kinds=("float64",), twice=False)


@pytest.mark.parametrize("indexing", ["ij", "xy"])
@pytest.mark.parametrize("sizes", [(2, 3), (2, 3, 4), (1, 0), (3,)])
def test_meshgrid(indexing, sizes):
    alike(lambda t, *xs: t.meshgrid(*xs, indexing=indexing), *[some(n) for n in sizes], layouts=("plain",), twice=False)
    alike(lambda t, *xs: t.meshgrid(xs, indexing=indexing), *[some(n) for n in sizes], layouts=("plain",), twice=False)


def test_broadcast_tensors():
    alike(lambda t, a, b: t.broadcast_tensors(a, b), some(2, 1), some(3), twice=False)


@pytest.mark.parametrize("kinds", [("int64", "float32"), ("float32", "float64"), ("bool", "uint8"), ("uint8", "int32")])
def test_joining_meets_in_one_dtype(kinds):
    ours, theirs = ([t.ones(2, dtype=getattr(t, kind)) for kind in kinds] for t in (tt, torch))
    same(tt.cat(ours), torch.cat(theirs))
    a, b = (t.ones(2, dtype=t.float32, requires_grad=True) for t in (tt, torch))
    for t, x in ((tt, a), (torch, b)):
        (t.cat([x, t.ones(1, dtype=t.float64)]) * 2).sum().backward()
    same(a.grad, b.grad)


def test_an_empty_vector_joins_anything():
    for t in (tt, torch):
        assert tuple(t.cat([t.zeros(0), t.ones(2, 3)]).shape) == (2, 3) and tuple(
            t.cat([t.zeros(0), t.zeros(0)]).shape
        ) == (0,)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.view(6),
        lambda x: x.view(3, 2).view(-1),
        lambda x: x[0],
        lambda x: x.unsqueeze(1),
        lambda x: x.squeeze(),
        lambda x: x.flatten(),
        lambda x: x.split(1)[1],
        lambda x: x.chunk(2, 1)[0],
        lambda x: x.unbind(1)[2],
        lambda x: x.narrow(1, 1, 2),
        lambda x: x.select(0, 1),
        lambda x: x.diagonal(),
        lambda x: x.diagonal(1, 1, 0),
        lambda x: x.movedim(0, 1),
        lambda x: x.t(),
        lambda x: x.expand(4, 2, 3),
    ],
)
def test_views_share_memory(call):
    x = tt.zeros(2, 3)
    assert np.shares_memory(call(x).array, x.array) and call(x)._base is x


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.flip(0),
        lambda x: x.roll(1, 0),
        lambda x: x.tril(),
        lambda x: x.repeat(1, 1),
        lambda x: x[:1, 0].repeat(3),
        lambda x: x.repeat_interleave(1),
        lambda x: x.clone(),
        lambda x: tt.cat([x]),
        lambda x: tt.stack([x]),
        lambda x: x.t().reshape(6),
        lambda x: x.flip(),
    ],
)
def test_copies_do_not(call):
    x = tt.ones(2, 3)
    assert not np.shares_memory(call(x).array, x.array)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(2, 3).t().view(6),
        lambda t: t.zeros(2, 3).view(5),
        lambda t: t.zeros(2, 3).flatten(1, 0),
        lambda t: t.zeros(6).unflatten(0, (4, -1)),
        lambda t: t.cat([t.zeros(2, 3), t.zeros(3, 2)]),
        lambda t: t.cat([t.zeros(2), t.zeros(2, 2)]),
        lambda t: t.cat([t.tensor(1.0)]),
        lambda t: t.stack([t.zeros(2), t.zeros(3)]),
        lambda t: t.zeros(4).split([1, 2]),
        lambda t: t.zeros(4).split(-1),
        lambda t: t.zeros(4).chunk(0),
        lambda t: t.zeros(4).narrow(0, 3, 2),
        lambda t: t.zeros(2, 2, 2).t(),
        lambda t: t.zeros(2, 2).repeat(2),
        lambda t: t.zeros(3).tril(),
        lambda t: t.zeros(2, 2).diagonal(0, 1, 1),
        lambda t: t.zeros(2, 2, 2).diag(),
        lambda t: t.zeros(2).roll((1, 2), (0,)),
        lambda t: t.zeros(3).fliplr(),
        lambda t: t.zeros(2, 3).flip(0, 0),
        lambda t: t.zeros(3).repeat_interleave(t.tensor([1, 2])),
        lambda t: t.zeros(3).repeat_interleave(-1),
        lambda t: t.tensor(1.0).chunk(2),
        lambda t: t.meshgrid(t.zeros(2, 2)),
        lambda t: t.meshgrid(t.zeros(2), indexing="no"),
        lambda t: t.zeros(2, 3).movedim((0, 1), (0,)),
    ],
)
def test_runtime_errors(call):
    for t in (torch, tt):
        with pytest.raises(RuntimeError):
            call(t)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(2).unsqueeze(2),
        lambda t: t.zeros(2).squeeze(1),
        lambda t: t.cat([t.zeros(2)], 1),
        lambda t: t.stack([t.zeros(2)], 2),
        lambda t: t.zeros(2).select(0, 2),
        lambda t: t.tensor(1.0).unbind(),
        lambda t: t.zeros(2).flip(1),
        lambda t: t.zeros(2).roll(1, 1),
        lambda t: t.zeros(2).movedim(0, 1),
        lambda t: t.zeros(2).narrow(0, 3, 0),
    ],
)
def test_index_errors(call):
    for t in (torch, tt):
        with pytest.raises(IndexError):
            call(t)


def test_type_errors():
    for t in (torch, tt):
        for call in (lambda t: t.cat(t.zeros(2, 2)), lambda t: t.cat([t.zeros(2), 1]), lambda t: t.stack(["a"])):
            with pytest.raises(TypeError):
                call(t)
    with pytest.raises((RuntimeError, ValueError)):
        tt.cat([])


@pytest.mark.parametrize(
    "options", [{}, {"n": 2}, {"n": 0}, {"n": 9}, {"dim": 0}, {"dim": 1, "prepend": 1}, {"append": 2, "prepend": 1}]
)
def test_diff(options):
    extra = {name: value for name, value in options.items() if name in ("prepend", "append")}
    rest = {name: value for name, value in options.items() if name not in extra}
    alike(
        lambda t, x, *more: t.diff(x, **rest, **dict(zip(extra, more))),
        some(3, 4),
        *(some(3, n) for n in extra.values()),
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.tensor(1.0).diff(),
        lambda t: t.ones(3).diff(-1),
        lambda t: t.ones(3).diff(prepend=t.ones(1, 1)),
        lambda t: t.ones(2, 3).diff(append=t.ones(1, 1)),
    ],
)
def test_diff_of_what_does_not_fit(call):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            call(t)
    assert tt.tensor([True, False, False]).diff().tolist() == [True, False]
