"""01_tensor_creation against PyTorch."""

import copy
import pickle
from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch.ops import creation

KINDS = ["float32", "float64", "int64", "int32", "uint8", "bool"]


def kind(name, package):
    return getattr(package, name)


def same(ours, theirs, close=False):
    assert isinstance(ours, tt.Tensor)
    assert ours.shape == tuple(theirs.shape), (ours.shape, theirs.shape)
    assert repr(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1], (ours.dtype, theirs.dtype)
    (np.testing.assert_allclose if close else np.testing.assert_array_equal)(
        ours.detach().numpy(), theirs.detach().numpy()
    )


def both(values, name):
    array = np.array(values).astype(name)
    return tt.tensor(array), torch.tensor(array)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(2, 3),
        lambda t: t.zeros((2, 3), dtype=t.int64),
        lambda t: t.zeros([]),
        lambda t: t.zeros(0, 2),
        lambda t: t.ones(2, requires_grad=True),
        lambda t: t.ones((1,), dtype=t.bool),
        lambda t: t.full((2, 2), 3),
        lambda t: t.full((2,), 0.5),
        lambda t: t.full((), True),
        lambda t: t.full((3,), 2, dtype=t.float64),
        lambda t: t.eye(3),
        lambda t: t.eye(2, 4, dtype=t.int32),
        lambda t: t.eye(0),
        lambda t: t.arange(5),
        lambda t: t.arange(2, 5),
        lambda t: t.arange(0, 1, 0.25),
        lambda t: t.arange(5, 0, -2),
        lambda t: t.arange(5.0),
        lambda t: t.arange(1, 6, 2, dtype=t.float32),
        lambda t: t.arange(0),
        lambda t: t.arange(1, 1),
        lambda t: t.as_tensor([1, 2]),
        lambda t: t.as_tensor([1.5], dtype=t.float64),
        lambda t: t.zeros(2, device="cpu"),
        lambda t: t.zeros(2, device=t.device("cpu")),
        lambda t: t.zeros(t.tensor(2), 3),
        lambda t: t.from_numpy(np.arange(3.0)),
        lambda t: t.zeros_like(t.tensor([1, 2])),
        lambda t: t.ones_like(t.ones(2, 1), dtype=t.bool),
        lambda t: t.full_like(t.ones(2, dtype=t.float64), 7),
        lambda t: t.tensor([1, 2]).new_zeros(3),
        lambda t: t.ones(1).new_ones((2, 2)),
        lambda t: t.tensor([1]).new_full((2,), 5),
        lambda t: t.ones(1, dtype=t.float64).new_tensor([1, 2]),
        lambda t: t.linspace(0, 1, 1),
        lambda t: t.linspace(0, 1, 0),
    ],
)
def test_made_as_in_pytorch(call):
    ours, theirs = call(tt), call(torch)
    same(ours, theirs)
    assert ours.requires_grad == theirs.requires_grad and ours.is_leaf


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(1, 40))
def test_linspace(start, end, steps):
    np.testing.assert_allclose(
        tt.linspace(start, end, steps).numpy(), torch.linspace(start, end, steps).numpy(), atol=1e-5
    )


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-5, 5).filter(bool))
def test_arange(start, end, step):
    if (end - start) * step >= 0:
        same(tt.arange(start, end, step), torch.arange(start, end, step))
        same(tt.arange(start, end, step / 2), torch.arange(start, end, step / 2), close=True)
    else:
        for t in (tt, torch):
            with pytest.raises(RuntimeError):
                t.arange(start, end, step)


def test_memory_is_shared_or_copied_as_promised():
    array = np.zeros(3, np.float32)
    assert np.shares_memory(tt.from_numpy(array).numpy(), array) and np.shares_memory(
        tt.as_tensor(array).numpy(), array
    )
    assert not np.shares_memory(tt.as_tensor(array, dtype=tt.float64).numpy(), array)
    x = tt.tensor([1.0], requires_grad=True)
    assert tt.as_tensor(x) is x and x.cpu() is x and x.contiguous() is x and x.float() is x
    with pytest.raises(TypeError):
        tt.from_numpy([1.0])
    with pytest.raises(TypeError):
        tt.from_numpy(np.array(["a"]))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.zeros(-1),
        lambda t: t.arange(0, 5, 0),
        lambda t: t.zeros(2, dtype=t.int64, requires_grad=True),
        lambda t: t.randint(3, 3, (2,)),
        lambda t: t.multinomial(t.tensor([0.0, 0.0]), 1),
        lambda t: t.bernoulli(t.tensor([1.5])),
        lambda t: t.randn(2, dtype=t.int64),
        lambda t: t.ones(2) & t.ones(2),
        lambda t: t.allclose(t.ones(2), t.ones(2, dtype=t.float64)),
        lambda t: t.normal(0.0, t.tensor([-1.0])),
        lambda t: t.bincount(t.tensor([-1])),
        lambda t: t.zeros(2) == t.zeros(3),
        lambda t: t.multinomial(t.ones(3), 0),
    ],
)
def test_errors_are_runtime_errors_as_in_pytorch(call):
    for t in (torch, tt):
        with pytest.raises(RuntimeError):
            call(t)


def test_other_errors():
    for t in (torch, tt):
        with pytest.raises(TypeError):
            ~t.ones(2)
        with pytest.raises(IndexError):
            t.zeros(0).argmax()
        with pytest.raises(TypeError):
            t.eq(t.ones(2), "a")
        with pytest.raises(TypeError):
            assert t.ones(2) < "a"
    for move in (
        lambda: tt.zeros(2, device="cuda"),
        lambda: tt.zeros(2).cuda(),
        lambda: tt.zeros(2).to("cuda:0"),
        lambda: tt.zeros(2).to("mps"),
    ):
        if not tt.cuda.is_available():
            with pytest.raises(RuntimeError, match="is not there"):
                move()
    with pytest.raises(RuntimeError, match="not enough"):  # PyTorch draws a category of weight 0 instead
        tt.multinomial(tt.tensor([1.0, 0.0]), 2)
    assert tt.get_default_dtype() is tt.float32 and not tt.cuda.is_available()


@pytest.mark.parametrize("a", KINDS)
def test_dtypes_meet_and_change_as_in_pytorch(a):
    ours, theirs = both([0, 1, 3], a)
    for b in KINDS:
        assert (
            tt.promote_types(kind(a, tt), kind(b, tt)).name
            == str(torch.promote_types(kind(a, torch), kind(b, torch)))[6:]
        )
        assert tt.can_cast(kind(a, tt), kind(b, tt)) == torch.can_cast(kind(a, torch), kind(b, torch))
        same(ours.to(kind(b, tt)), theirs.to(kind(b, torch)))
        same(ours.type(kind(b, tt)), theirs.type(kind(b, torch)))
        same(ours.type_as(both([1], b)[0]), theirs.type_as(both([1], b)[1]))
        same(ours.to(both([1], b)[0]), theirs.to(both([1], b)[1]))
        same(ours.to("cpu", kind(b, tt), copy=True), theirs.to("cpu", kind(b, torch)))
    for name in ("float", "double", "int", "long", "byte", "bool"):
        same(getattr(ours, name)(), getattr(theirs, name)())
    assert (
        ours.type() == theirs.type() and ours.element_size() == theirs.element_size() and ours.nbytes == theirs.nbytes
    )
    assert ours.is_floating_point() == theirs.is_floating_point() and tt.is_tensor(ours) and not tt.is_tensor(1)


def test_conversions_let_a_derivative_through():
    x = tt.tensor([1.0, 2.0], requires_grad=True)
    (x.double().to(tt.float32, copy=True).clone() * 2).sum().backward()
    assert x.grad.tolist() == [2, 2] and not x.long().requires_grad
    y = x.reshape(2, 1).expand(2, 3).T.contiguous()
    assert y.is_contiguous()
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_limits_of_dtypes():
    for name in ("float32", "float64"):
        ours, theirs = tt.finfo(kind(name, tt)), torch.finfo(kind(name, torch))
        for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours, field) == getattr(theirs, field), field
    for name in ("uint8", "int32", "int64"):
        ours, theirs = tt.iinfo(kind(name, tt)), torch.iinfo(kind(name, torch))
        assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, theirs.dtype)
    with pytest.raises(TypeError):
        tt.finfo(tt.int64)
    with pytest.raises(TypeError):
        tt.iinfo(tt.float32)


def test_layout():
    ours, theirs = tt.zeros(2, 3, 4), torch.zeros(2, 3, 4)
    for change in (lambda x: x, lambda x: x.permute(2, 0, 1), lambda x: x[:, ::2], lambda x: x[:, :1].expand(2, 5, 4)):
        assert change(ours).stride() == change(theirs).stride() and change(ours).stride(-1) == change(theirs).stride(-1)
        assert change(ours).is_contiguous() == change(theirs).is_contiguous()
    assert ours.nelement() == 24 and ours.device == tt.device("cpu") and str(ours.device) == str(theirs.device)
    assert repr(ours.device) == repr(theirs.device) and tt.device("cpu:0") != tt.device("cpu")


COMPARE = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]


@pytest.mark.parametrize("name", COMPARE)
def test_comparison_and_logic(name):
    for a in KINDS:
        for b in KINDS:
            (x, x_), (y, y_) = both([[0], [1], [2]], a), both([0, 2, 1, 2], b)
            same(getattr(tt, name)(x, y), getattr(torch, name)(x_, y_))
            same(getattr(x, name)(y), getattr(x_, name)(y_))
        if name in COMPARE[:6]:
            for number in (1, 0.5, True):
                same(getattr(x, name)(number), getattr(x_, name)(number))
                same(getattr(x, f"__{name}__")(number), getattr(x_, f"__{name}__")(number))
                same(getattr(x, f"__{name}__")(y), getattr(x_, f"__{name}__")(y_))
        same(tt.logical_not(x), torch.logical_not(x_))
    assert not getattr(tt.ones(2, requires_grad=True), name)(tt.ones(2)).requires_grad


@pytest.mark.parametrize(
    "name", ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]
)
def test_bits(name):
    for a in ("int64", "int32", "uint8", "bool"):
        for b in ("int64", "int32", "uint8", "bool"):
            if "shift" in name and "bool" in (a, b):
                continue
            (x, x_), (y, y_) = both([[0], [1], [6]], a), both([0, 1, 3], b)
            same(getattr(tt, name)(x, y), getattr(torch, name)(x_, y_))
        same(getattr(x, name)(2), getattr(x_, name)(2)) if a != "bool" else None
        same(~x, ~x_)
    same(x & 1 | x ^ x, x_ & 1 | x_ ^ x_)
    same(5 & tt.tensor([4, 7]), 5 & torch.tensor([4, 7]))


def test_equality_as_a_whole():
    x, y = tt.tensor([1.0, tt.nan]), torch.tensor([1.0, torch.nan])
    for t, v in ((tt, x), (torch, y)):
        assert not t.equal(v, v) and not t.allclose(v, v) and t.allclose(v, v, equal_nan=True)
        assert not t.equal(t.ones(2), t.ones(3)) and t.equal(t.zeros(0), t.zeros(0)) and t.ones(2).equal(t.ones(2))
        assert t.isclose(t.tensor([1.0, 2.0]), t.tensor([1.0001, 2.0]), rtol=1e-3).tolist() == [True, True]
        assert t.isnan(v).tolist() == [False, True] and t.isfinite(v).tolist() == [True, False] and not v.isinf().any()
        assert (v == None) is False and 1.0 in v and 3.0 not in v  # noqa: E711
        assert t.isin(t.tensor([1, 2]), t.tensor([2, 3])).tolist() == [False, True]
        assert {v: 1}[v] == 1 and v in {v}


SHAPES = [(), (1,), (5,), (2, 3), (3, 1, 2), (2, 0), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", KINDS)
def test_where_how_many_in_what_order(shape, name):
    array = np.random.default_rng(0).integers(0, 3, shape).astype(name)
    x, y = tt.tensor(array), torch.tensor(array)
    for dim in [None, *range(-len(shape), len(shape))]:
        for keepdim in (False, True):
            for call in ("argmax", "argmin"):
                if name == "bool" or (array.size if dim is None else shape[dim]) == 0:
                    continue
                ours, theirs = [getattr(v, call)(dim, keepdim) for v in (x, y)]
                assert ours.shape == tuple(theirs.shape)
                if len(set(array.ravel())) == array.size:  # among equals PyTorch promises nothing
                    same(ours, theirs)
            for call in ("any", "all"):
                same(getattr(x, call)(dim, keepdim), getattr(y, call)(dim, keepdim))
        same(x.count_nonzero(dim), y.count_nonzero(dim))
        if dim is not None:
            same(x.argsort(dim, stable=True), y.argsort(dim=dim, stable=True))
            same(x.argsort(dim, descending=True, stable=True), y.argsort(dim=dim, descending=True, stable=True))
    if len(shape) > 1:
        same(x.any((0, 1)), y.any((0, 1)))
    same(x.nonzero(), y.nonzero())
    for ours, theirs in zip(x.nonzero(as_tuple=True), y.nonzero(as_tuple=True), strict=True):
        same(ours, theirs)
    same(x.unique(), y.unique())
    for ours, theirs in zip(
        x.unique(return_inverse=True, return_counts=True),
        y.unique(return_inverse=True, return_counts=True),
        strict=True,
    ):
        same(ours, theirs)
    if len(shape) == 2 and array.size:
        for ours, theirs in zip(
            x.unique(return_inverse=True, dim=0), y.unique(return_inverse=True, dim=0), strict=True
        ):
            same(ours, theirs)


def test_extremes_with_nan_and_axis():
    for t in (tt, torch):
        x = t.tensor([[1.0, t.nan, 3.0], [0.0, 5.0, 2.0]])
        assert x.argmax(1).tolist() == [1, 1] and x.argmax(axis=0).tolist()[2] == 0
        assert x.argsort().tolist() == [[0, 2, 1], [0, 2, 1]] and x.argsort(descending=True).tolist() == [
            [1, 2, 0],
            [1, 2, 0],
        ]


def test_counting_and_searching():
    x, y = both([3, 1, 1, 0], "int64")
    same(x.bincount(), y.bincount())
    same(tt.bincount(x, minlength=6), torch.bincount(y, minlength=6))
    same(tt.bincount(x, tt.ones(4)), torch.bincount(y, torch.ones(4)))
    for right in (False, True):
        a, b = both([1, 3, 3, 5], "float32"), both([[0, 3], [5, 6]], "float32")
        same(tt.searchsorted(a[0], b[0], right=right), torch.searchsorted(a[1], b[1], right=right))
        same(tt.bucketize(b[0], a[0], right=right), torch.bucketize(b[1], a[1], right=right))


def test_generator():
    g = tt.Generator()
    assert (
        g.manual_seed(5) is g
        and g.initial_seed() == 5
        and tt.manual_seed(3) is tt.default_generator
        and tt.initial_seed() == 3
    )
    tt.randint(10, (3,))
    tt.rand(3)
    state = tt.get_rng_state()
    assert state.dtype is tt.uint8
    draws = [
        lambda: tt.rand(5),
        lambda: tt.randn(3),
        lambda: tt.randperm(7),
        lambda: tt.randint(100, (4,)),
        lambda: tt.normal(0.0, 1.0, (3,)),
    ]
    first = [draw().tolist() for draw in draws]
    tt.set_rng_state(state)
    assert first == [draw().tolist() for draw in draws]
    other = tt.Generator().set_state(state)
    assert tt.rand(5, generator=other).tolist() == first[0] and other.initial_seed() == 3
    assert tt.Generator().seed() != tt.Generator().seed()
    assert tt.rand(3, generator=g.manual_seed(-1)).tolist() == tt.rand(3, generator=g.manual_seed(-1)).tolist()
    with pytest.raises(TypeError):
        g.set_state(tt.zeros(3))


def test_distributions():
    tt.manual_seed(0)
    x = tt.rand(20000)
    assert x.numpy().min() >= 0 and x.numpy().max() < 1 and abs(x.mean().item() - 0.5) < 0.01 and x.dtype is tt.float32
    x = tt.randn(20000, dtype=tt.float64)
    assert abs(x.mean().item()) < 0.03 and abs((x**2).mean().item() - 1) < 0.03 and x.dtype is tt.float64
    x = tt.randint(-2, 3, (5000,))
    assert (
        set(x.tolist()) == {-2, -1, 0, 1, 2}
        and x.dtype is tt.int64
        and tt.randint(2, (3,), dtype=tt.float32).dtype is tt.float32
    )
    assert sorted(tt.randperm(50).tolist()) == list(range(50)) and tt.randperm(0).shape == (0,)
    x = tt.normal(tt.full((20000,), 3.0), 2.0)
    assert abs(x.mean().item() - 3) < 0.05 and x.dtype is tt.float32
    assert tt.normal(tt.zeros(2, 1), tt.ones(3)).shape == (2, 3) and tt.normal(1, 2, (0,)).shape == (0,)
    p = tt.full((20000,), 0.3)
    assert abs(tt.bernoulli(p).mean().item() - 0.3) < 0.02 and abs(p.bernoulli(0.8).mean().item() - 0.8) < 0.02
    weights = tt.tensor([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])
    for replacement, count in ((True, 8000), (False, 1)):
        drawn = [tt.multinomial(weights, count, replacement).numpy() for _ in range(1 if replacement else 3000)]
        drawn = np.concatenate(drawn, 1)
        assert (drawn[0] != 1).all() and (drawn[1] != 2).all()
        np.testing.assert_allclose([(drawn[0] == 2).mean(), (drawn[1] == 0).mean()], [0.75, 0.5], atol=0.03)
    assert tt.multinomial(tt.ones(4), 4).shape == (4,) and sorted(tt.multinomial(tt.ones(4), 4).tolist()) == [
        0,
        1,
        2,
        3,
    ]
    for like in (tt.rand_like, tt.randn_like, lambda v: tt.randint_like(v, 5), tt.empty_like):
        assert (
            like(tt.zeros(2, 3, dtype=tt.float64)).shape == (2, 3)
            and like(tt.zeros(2, dtype=tt.float64)).dtype is tt.float64
        )


class Named(tt.Tensor):
    """As Parameter: a subclass with attributes."""


def test_copies():
    x = tt.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    y = copy.deepcopy(x)
    assert (
        y.tolist() == [1, 2]
        and y.requires_grad
        and y.grad.tolist() == [3, 3]
        and not np.shares_memory(y.array, x.array)
    )
    z = copy.copy(x)
    assert np.shares_memory(z.array, x.array) and z.requires_grad and z is not x
    a, b = copy.deepcopy([x, x])
    assert a is b, "the same tensor twice stays the same tensor twice"
    for t in (tt, torch):
        with pytest.raises(RuntimeError, match="graph leaves"):
            copy.deepcopy(t.ones(2, requires_grad=True) * 2)
        made = pickle.loads(pickle.dumps(t.ones(2, requires_grad=True) * 2))
        assert made.is_leaf and made.requires_grad and made.tolist() == [2, 2], "its history stays behind"
    again = pickle.loads(pickle.dumps(x.reshape(2, 1).detach()))
    assert again.shape == (2, 1) and again.tolist() == [[1], [2]] and not again.requires_grad
    named = Named([1.0])
    named.label = "weight"
    for copied in (copy.deepcopy(named), copy.copy(named), pickle.loads(pickle.dumps(named))):
        assert type(copied) is Named and copied.label == "weight"
    again.array[0] = 5  # an unpickled tensor can be written to


def test_format_and_constants():
    assert f"{tt.tensor(0.12345):.2f}" == "0.12" and f"{tt.tensor(3):3d}" == "  3" and "tensor" in f"{tt.ones(2)}"
    with pytest.raises(TypeError):
        f"{tt.ones(2):.2f}"
    assert (tt.pi, tt.inf, tt.e) == (torch.pi, torch.inf, torch.e) and tt.nan != tt.nan


def test_all_public_names_have_docstrings():
    for name in creation.__all__:
        value = getattr(creation, name)
        if callable(value) and name not in (
            "arg_extreme",
            "converter",
            "contains",
            "deepcopy_tensor",
            "reduce_tensor",
            "same_dtype",
            "one_sided",
            "tensor_format",
            "compare",
            "logic",
        ):
            assert value.__doc__, name


@pytest.mark.parametrize("data", [deque([1.0, 2.0]), deque([1, 2]), range(3), deque()], ids=repr)
def test_any_sequence_is_data(data):
    ours, theirs = tt.tensor(data), torch.tensor(data)
    assert ours.tolist() == theirs.tolist() and str(ours.numpy().dtype) == str(theirs.numpy().dtype)
