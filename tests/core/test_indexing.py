"""02_autograd_indexing against PyTorch. (Assignment is in test_inplace.py.)"""

import numpy as np
import pytest
import torch
import torch.nn.functional as torch_f
from against_torch import alike, same, some
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing._internal.common_methods_invocations import op_db

import tinytorch as tt
from tinytorch.ops import indexing

SIZES = st.integers(0, 3)
SHAPES = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


def indices(data, shape, high):
    count = int(np.prod(shape))
    return np.array(data.draw(st.lists(st.integers(0, high - 1), min_size=count, max_size=count)), np.int64).reshape(
        shape
    )


@given(SHAPES, st.data())
def test_gather_and_scatter(shape, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    index_shape = tuple(data.draw(st.integers(0, 3 if d == dim % len(shape) else n)) for d, n in enumerate(shape))
    index = indices(data, index_shape, shape[dim])
    source = some(*index_shape, seed=1)  # a larger one has no gradient in PyTorch
    alike(lambda t, x: t.gather(x, dim, t.tensor(index)), some(*shape), kinds=("float64",))
    alike(lambda t, x: x.gather(dim, t.tensor(index)), some(*shape), kinds=("float32",), twice=False)
    alike(lambda t, x, s: x.scatter_add(dim, t.tensor(index), s), some(*shape), source, kinds=("float64",))
    alike(lambda t, x: x.scatter(dim, t.tensor(index), 2.5), some(*shape), kinds=("float64",))
    alike(lambda t, x: t.scatter(x, dim, t.tensor(index), value=-1), some(*shape), kinds=("float32",), twice=False)
    once = np.zeros(index_shape, np.int64)  # where several go to one place PyTorch promises nothing
    if index.size and index_shape[dim] <= shape[dim]:
        once = np.broadcast_to(
            np.arange(index_shape[dim]).reshape(-1, *(1,) * (len(shape) - 1 - dim % len(shape))), index_shape
        ).copy()
        alike(lambda t, x, s: x.scatter(dim, t.tensor(once), s), some(*shape), source, kinds=("float64",))
        larger = some(*(n + 1 for n in index_shape), seed=2)
        ours, theirs = (t.tensor(some(*shape)).scatter_add(dim, t.tensor(index), t.tensor(larger)) for t in (tt, torch))
        same(ours, theirs)


@given(SHAPES, st.integers(0, 5), st.data())
def test_whole_slices(shape, count, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    index = indices(data, (count,), shape[dim])
    rows = list(shape)
    rows[dim] = count
    for layout in ("plain", "strided"):
        alike(lambda t, x: x.index_select(dim, t.tensor(index)), some(*shape), layouts=(layout,))
        alike(
            lambda t, x, s: x.index_add(dim, t.tensor(index), s),
            some(*shape),
            some(*rows),
            layouts=(layout,),
            kinds=("float64",),
        )
    alike(lambda t, x, s: t.index_add(x, dim, t.tensor(index), s, alpha=3), some(*shape), some(*rows), twice=False)
    alike(lambda t, x: x.index_fill(dim, t.tensor(index), 7.0), some(*shape), twice=False)
    alike(lambda t, x, v: x.index_fill(dim, t.tensor(index), v), some(*shape), some(), kinds=("float64",))
    if len(set(index.tolist())) == count:
        alike(lambda t, x, s: x.index_copy(dim, t.tensor(index), s), some(*shape), some(*rows), kinds=("float64",))


@settings(max_examples=15)
@given(SHAPES, st.data())
def test_take(shape, data):
    size = int(np.prod(shape))
    index = indices(data, (2, 3), size) - data.draw(st.sampled_from([0, size]))
    alike(lambda t, x: x.take(t.tensor(index)), some(*shape), kinds=("float64",), layouts=("plain",))
    order = np.argsort(some(*shape), axis=-1)
    alike(lambda t, x: x.take_along_dim(t.tensor(order), -1), some(*shape), kinds=("float64",))
    alike(
        lambda t, x: t.take_along_dim(x, t.tensor(order[..., :1]), dim=-1),
        some(*shape),
        kinds=("float32",),
        twice=False,
    )
    alike(
        lambda t, x: t.take_along_dim(x, t.tensor(order.ravel() % size)),
        some(*shape),
        kinds=("float32",),
        layouts=("plain",),
        twice=False,
    )


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 1), (3,), (2, 3)),
        ((), (3,), (1,)),
        ((0, 1), (1, 2), (1, 1)),
        ((3, 1, 2), (2,), (4, 2)),
    ],
)
def test_where(shapes):
    condition = np.random.default_rng(3).random(shapes[0]) > 0.5
    alike(lambda t, a, b: t.where(t.tensor(condition), a, b), some(*shapes[1]), some(*shapes[2]))
    alike(lambda t, a: t.where(t.tensor(condition), a, 2.0), some(*shapes[1]))
    alike(lambda t, a: t.where(t.tensor(condition), 2, a), some(*shapes[1]), twice=False)
    alike(lambda t, a, b: a.where(t.tensor(condition), b), some(*shapes[1]), some(*shapes[2]), twice=False)


def test_where_meets_in_one_dtype_and_finds_places():
    for call in (
        lambda t: t.where(t.tensor([True, False]), 1, 2),
        lambda t: t.where(t.tensor([True, False]), 1.0, 2),
        lambda t: t.where(t.tensor([True, False]), t.tensor([1, 2]), 0.5),
        lambda t: t.where(t.tensor([True, False]), t.ones(2), t.tensor(1.0, dtype=t.float64)),
        lambda t: t.where(t.tensor([True, False]), t.ones(2), t.ones(2, dtype=t.float64)),
        lambda t: t.where(t.tensor([[0.0, 2.0], [3.0, 0.0]])),
        lambda t: t.where(t.tensor(True), 3, t.tensor([1])),
        lambda t: t.where(t.tensor([True, False]), t.tensor([True, True]), t.tensor([1, 2], dtype=t.int32)),
    ):
        same(call(tt), call(torch))


def test_where_stops_the_gradient_of_what_was_not_taken():
    x, y = tt.tensor([0.0, 4.0], requires_grad=True), torch.tensor([0.0, 4.0], requires_grad=True)
    for t, v in ((tt, x), (torch, y)):
        t.where(v > 0, 1 / v, v).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())
    x = tt.tensor([1.0, 2.0], requires_grad=True)
    tt.where(x > 1, x, tt.zeros(2)).backward(tt.tensor([float("inf"), 1.0]))
    assert x.grad.tolist() == [0, 1], "infinity times 0 must not get in"


@pytest.mark.parametrize(
    "shapes", [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (3,)), ((0, 3), (3,)), ((), (2,)), ((3,), ())]
)
def test_masked(shapes):
    mask = np.random.default_rng(1).random(shapes[1]) > 0.4
    alike(lambda t, x: x.masked_fill(t.tensor(mask), -2.0), some(*shapes[0]))
    alike(lambda t, x: t.masked_fill(x, t.tensor(mask), float("-inf")), some(*shapes[0]), twice=False)
    alike(lambda t, x, v: x.masked_fill(t.tensor(mask), v), some(*shapes[0]), some())
    alike(lambda t, x: x.masked_select(t.tensor(mask)), some(*shapes[0]), kinds=("float64",))


def test_masked_fill_keeps_the_dtype():
    for kind in ("float64", "int64", "int32", "uint8", "bool"):
        for value in (1, 0, 2.0, True, 1.5):
            if kind != "bool" or value in (0, 1):
                mask = [True, False, True]
                same(
                    tt.zeros(3, dtype=getattr(tt, kind)).masked_fill(tt.tensor(mask), value),
                    torch.zeros(3, dtype=getattr(torch, kind)).masked_fill(torch.tensor(mask), value),
                )


@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put(accumulate):
    i, j = [0, 1, 1], [2, 0, 2]
    alike(lambda t, x, v: x.index_put((t.tensor(i), t.tensor(j)), v, accumulate), some(2, 3), some(3))
    alike(lambda t, x, v: t.index_put(x, (t.tensor(i[:2]),), v, accumulate), some(2, 3), some(3))
    alike(
        lambda t, x, v: x.index_put((t.tensor([True, False]),), v, accumulate), some(2, 3), some(1), kinds=("float64",)
    )
    if accumulate:
        alike(lambda t, x, v: x.index_put((t.tensor([1, 1, 1]), t.tensor(j)), v, True), some(2, 3), some(3))


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple), st.data())
def test_pad_with_a_constant(shape, data):
    count = data.draw(st.integers(1, len(shape)))
    pads = data.draw(st.lists(st.integers(-2, 3), min_size=2 * count, max_size=2 * count))
    if all(
        shape[-1 - i] + pads[2 * i] + pads[2 * i + 1] > 0 and max(-pads[2 * i], -pads[2 * i + 1]) <= shape[-1 - i]
        for i in range(count)
    ):
        value = data.draw(st.sampled_from([None, 0.0, 1.5]))
        functional = lambda t: torch_f if t is torch else indexing
        alike(
            lambda t, x: functional(t).pad(x, pads, value=value),
            some(*shape),
            kinds=("float64",),
            layouts=("plain", "transposed"),
        )


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    "shape, pads",
    [
        ((2, 3, 4), (2, 1)),
        ((2, 4), (3, 0)),
        ((1, 2, 4, 3), (1, 2, 3, 0)),
        ((2, 3, 4), (1, 1, 2, 2)),
        ((1, 1, 3, 3, 3), (1, 2, 2, 1, 0, 1)),
        ((2, 3, 4), (-1, 1)),
        ((1, 2, 4, 3), (0, 0, 2, -1)),
    ],
)
def test_pad_with_the_values_themselves(mode, shape, pads):
    functional = lambda t: torch_f if t is torch else indexing
    if mode == "circular" and (min(pads) < 0 or (len(pads), len(shape)) == (4, 3)):
        return  # PyTorch's own rules for these are narrower
    alike(lambda t, x: functional(t).pad(x, pads, mode=mode), some(*shape), kinds=("float64",), layouts=("plain",))
    alike(lambda t, x: functional(t).pad(x, pads, mode), some(*shape), kinds=("float32",), twice=False)


def test_pad_zero_size_and_other_dtypes():
    for functional, t in ((indexing, tt), (torch_f, torch)):
        assert tuple(functional.pad(t.zeros(0, 2), (1, 1, 2, 0)).shape) == (2, 4)
        assert functional.pad(t.tensor([[1, 2]]), (1, 0), value=7).tolist() == [[7, 1, 2]]


def test_one_hot():
    for values, classes in (([0, 2, 1], -1), ([[0], [3]], 5), ([], 3), (2, -1)):
        array = np.array(values, np.int64)
        same(tt.nn.functional.one_hot(tt.tensor(array), classes), torch_f.one_hot(torch.tensor(array), classes))
    for functional, t in ((indexing, tt), (torch_f, torch)):
        for values, classes in (([-1], -1), ([3], 2)):
            with pytest.raises(RuntimeError):
                functional.one_hot(t.tensor(values), classes)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(2, 3).gather(1, t.tensor([[3]])),
        lambda t: t.zeros(2, 3).gather(1, t.tensor([[-1]])),
        lambda t: t.zeros(2, 3).gather(1, t.tensor([0])),
        lambda t: t.zeros(2, 3).gather(1, t.zeros(3, 1, dtype=t.int64)),
        lambda t: t.zeros(2, 3).gather(0, t.zeros(1, 1)),
        lambda t: t.zeros(2).scatter(0, t.tensor([2]), 1.0),
        lambda t: t.zeros(2).scatter(0, t.tensor([0, 1]), t.zeros(1)),
        lambda t: t.zeros(2).scatter(0, t.tensor([0]), t.zeros(1, dtype=t.float64)),
        lambda t: t.zeros(2).index_add(0, t.tensor([0]), t.zeros(2)),
        lambda t: t.where(t.tensor([1.0]), t.ones(1), t.ones(1)),
        lambda t: t.where(t.tensor([True]), t.ones(2), t.ones(3)),
        lambda t: t.zeros(2).masked_fill(t.tensor([1, 0]), 1.0),
        lambda t: t.zeros(2).masked_fill(t.tensor([True, False]), t.ones(2)),
        lambda t: t.zeros(2).masked_fill(t.tensor([True, False, True]), 1.0),
        lambda t: t.zeros(2).masked_select(t.tensor([1, 0])),
        lambda t: t.zeros(2).index_put((t.tensor([0]),), t.zeros(1, dtype=t.float64)),
        lambda t: t.zeros(3).index_put((t.tensor([0, 1]),), t.zeros(3)),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2, 3), (1,)),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2), (1, 1, 1, 1)),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2, 3), (3, 0), "reflect"),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2, 3), (-2, -2)),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2, 3), (4, 0), "circular"),
        lambda t: (torch_f if t is torch else indexing).pad(t.zeros(2), (1, 1), "no"),
    ],
)
def test_runtime_errors(call):
    for t in (torch, tt):
        with pytest.raises(RuntimeError):
            call(t)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(2).index_select(0, t.tensor([2])),
        lambda t: t.zeros(2).index_select(0, t.tensor([[0]])),
        lambda t: t.zeros(2).index_select(1, t.tensor([0])),
        lambda t: t.zeros(2).take(t.tensor([2])),
        lambda t: t.zeros(2).index_add(0, t.tensor([2]), t.zeros(1)),
        lambda t: t.zeros(2).index_fill(0, t.tensor([2]), 1.0),
        lambda t: t.zeros(2)[t.tensor([2])],
    ],
)
def test_index_errors(call):
    for t in (torch, tt):
        with pytest.raises(IndexError):
            call(t)


def test_type_errors():
    for t in (torch, tt):
        for call in (
            lambda t: t.zeros(2).gather(0, [0]),
            lambda t: t.zeros(2).index_select(0, [0]),
            lambda t: t.where([True], t.ones(1), t.ones(1)),
            lambda t: t.zeros(2).scatter(0, t.tensor([0])),
        ):
            with pytest.raises(TypeError):
                call(t)


def test_zero_dimensions_and_empty_indices():
    for call in (
        lambda t: t.tensor(3.0).gather(0, t.tensor(0)),
        lambda t: t.tensor(3.0).gather(0, t.tensor([0, 0])),
        lambda t: t.tensor(3.0).scatter(0, t.tensor(0), 5.0),
        lambda t: t.ones(3).gather(0, t.tensor(1)),
        lambda t: t.tensor(3.0).scatter_add(0, t.tensor([0, 0]), t.ones(2)),
        lambda t: t.ones(3).gather(0, t.tensor([], dtype=t.int64)),
        lambda t: t.ones(3).take(t.tensor(1)),
        lambda t: t.ones(2, 3).scatter_add(0, t.zeros(0, 3, dtype=t.int64), t.ones(0, 3)),
        lambda t: t.ones(3).index_select(0, t.tensor(1)),
        lambda t: t.ones(3).index_select(0, t.tensor([1], dtype=t.int32)),
    ):
        same(call(tt), call(torch))


def test_the_way_back_of_an_embedding_is_exact_in_float32():
    rng = np.random.default_rng(0)
    index, grad = rng.integers(0, 50, 2000), rng.standard_normal((2000, 8), dtype=np.float32)
    x = tt.zeros(50, 8, requires_grad=True)
    x.index_select(0, tt.tensor(index)).backward(tt.tensor(grad))
    expected = np.zeros((50, 8))
    np.add.at(expected, index, grad)
    np.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-4)


def test_masked_scatter():
    rows, all_of_them = [[True], [False], [True]], [[True, False, True], [False, False, True], [True, True, False]]
    for chosen in (rows, all_of_them, [True, False, True], [[False] * 3] * 3):
        alike(lambda t, x, s, chosen=chosen: x.masked_scatter(t.tensor(chosen), s), some(3, 3), some(4, 2))
        alike(lambda t, x, s, chosen=chosen: t.masked_scatter(x, t.tensor(chosen), s), some(3, 3), some(8))
        alike(lambda t, x, s, chosen=chosen: (x * 1).masked_scatter_(t.tensor(chosen), s), some(3, 3), some(6))
    alike(lambda t, x, s: x.masked_scatter(t.tensor(all_of_them), s), some(3), some(9))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(3).masked_scatter(t.tensor([True, True, True]), t.ones(2)),
        lambda t: t.zeros(3).masked_scatter(t.tensor([True, True, True]), t.ones(3, dtype=t.int64)),
        lambda t: t.zeros(3).masked_scatter(t.tensor([1, 1, 1]), t.ones(3)),
        lambda t: t.zeros(3).masked_scatter(t.tensor([True, False]), t.ones(3)),
        lambda t: t.zeros(3).masked_scatter_(t.tensor([[True] * 3] * 2), t.ones(6)),
    ],
)
def test_masked_scatter_of_what_does_not_fit(call):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            call(t)


@pytest.mark.parametrize(
    "op", [op for op in op_db if op.name == "_segment_reduce"], ids=lambda op: op.variant_test_name
)
def test_segment_reduce(op):
    """PyTorch's own samples, values and gradients."""
    count = 0
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
        x, kwargs = sample.input.detach(), sample.kwargs
        values = {n: tt.from_numpy(v.numpy().copy()) if torch.is_tensor(v) else v for n, v in kwargs.items()}
        theirs, ours = x.clone().requires_grad_(), tt.from_numpy(x.numpy().copy()).requires_grad_()
        a = torch.segment_reduce(theirs, *sample.args, **kwargs)
        b = tt.segment_reduce(ours, *sample.args, **values)
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-12)
        upstream = np.random.default_rng(0).standard_normal(a.shape)
        a.backward(torch.from_numpy(upstream))
        b.backward(tt.from_numpy(upstream))
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)
        count += 1
    assert count > 20


@pytest.mark.parametrize("how", ["sum", "mean", "max", "min", "prod"])
@pytest.mark.parametrize("initial", [None, 2.0, -1.0])
def test_segment_reduce_of_empty_stretches_equals_and_zeros(how, initial):
    values = [3.0, 3.0, 1.0, 0.0, 0.0, -2.0, 2.0, 0.0, 5.0]
    for lengths in ([3, 0, 2, 4], [9], [0, 0, 9], [1] * 9):
        results = []
        for t in (tt, torch):
            x = t.tensor(values, dtype=t.float64, requires_grad=True)
            result = t.segment_reduce(x, how, lengths=t.tensor(lengths), initial=initial)
            result.nan_to_num(0.0, 0.0, 0.0).sum().backward()
            results.append([*result.tolist(), *x.grad.tolist()])
        np.testing.assert_allclose(*results)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, x: t.segment_reduce(x, "sum", lengths=t.tensor([3, 1])),
        lambda t, x: t.segment_reduce(x, "sum", lengths=t.tensor([-1, 7])),
        lambda t, x: t.segment_reduce(x, "sum"),
        lambda t, x: t.segment_reduce(x, "median", lengths=t.tensor([6])),
        lambda t, x: t.segment_reduce(x, "sum", indices=t.tensor([6])),
        lambda t, x: t.segment_reduce(x.reshape(2, 3), "sum", lengths=t.tensor([3, 3]), axis=1),
        lambda t, x: t.segment_reduce(x.sum(), "sum", lengths=t.tensor([1])),
        lambda t, x: t.segment_reduce(x, "sum", offsets=t.tensor([0, 4, 2])),
        lambda t, x: t.segment_reduce(x.long(), "sum", lengths=t.tensor([6])),
    ],
)
def test_errors_of_segment_reduce(wrong):
    for t in (tt, torch):
        with pytest.raises((RuntimeError, NotImplementedError)):
            wrong(t, t.arange(6.0))
    with pytest.raises(RuntimeError, match="beyond the 6"):  # PyTorch reads what lies behind
        tt.segment_reduce(tt.arange(6.0), "sum", offsets=tt.tensor([0, 9]))
