"""Lesson 01 against PyTorch."""

import copy
import operator

import numpy as np
import pytest
import torch
from against_torch import alike
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
}


@st.composite
def broadcasting(draw, count=2):
    """Shapes that broadcast, empty and one-element dimensions among them."""
    full = draw(st.lists(st.integers(0, 4), max_size=4))
    shapes = []
    for _ in range(count):
        shape = [1 if draw(st.booleans()) and draw(st.booleans()) else n for n in full]
        shapes.append(tuple(shape[draw(st.integers(0, len(full))) :] if draw(st.booleans()) else shape))
    return shapes


def numbers(shape, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 2.0, shape)


@pytest.mark.parametrize("name", OPERATORS)
@given(shapes=broadcasting())
def test_operators(name, shapes):
    a, b = numbers(shapes[0]), numbers(shapes[1], 1)
    alike(lambda t, a, b: OPERATORS[name](a, b), a, b, layouts=("plain", "transposed"))


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("number", [2, 0.5, -1.5, 3.0, True])
def test_operators_with_numbers(name, number):
    if name == "sub" and number is True:  # PyTorch refuses
        return
    base = abs(number) if name == "pow" else number
    alike(lambda t, a: OPERATORS[name](a, number), numbers((2, 3)))
    alike(lambda t, a: OPERATORS[name](base, a), numbers((2, 3)))


@pytest.mark.parametrize(
    "call",
    [
        lambda t, a: -a,
        lambda t, a: +a,
        lambda t, a: a.exp(),
        lambda t, a: a.log(),
        lambda t, a: t.exp(a),
        lambda t, a: a * a + a,
        lambda t, a: a**0,
        lambda t, a: a**1,
        lambda t, a: a**2,
        lambda t, a: a**0.5,
        lambda t, a: a**-1,
    ],
)
@given(shape=st.lists(st.integers(0, 3), max_size=4))
def test_elementwise(call, shape):
    alike(call, numbers(tuple(shape)))


DIMS = [None, 0, 1, -1, (0,), (0, 1), (0, -1), (0, 1, 2)]


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions(dim, keepdim):
    for shape in [(2, 3, 4), (1, 1, 1), (2, 1, 3)]:
        array = numbers(shape)
        alike(lambda t, a: a.sum(dim, keepdim=keepdim), array)
        alike(lambda t, a: a.mean(dim, keepdim=keepdim), array)
        alike(lambda t, a: a.amax(() if dim is None else dim, keepdim=keepdim), array)
    alike(lambda t, a: a.sum(dim, keepdim=keepdim), numbers((2, 0, 3)))
    alike(lambda t, a: a.mean(dim, keepdim=keepdim), numbers((2, 0, 3)))


def test_reductions_of_nothing_and_of_one():
    alike(lambda t, a: a.sum(), numbers(()))
    alike(lambda t, a: a.sum(0), numbers(()))
    alike(lambda t, a: a.amax(-1), numbers(()))
    alike(lambda t, a: a.sum(axis=1, keepdims=True), numbers((2, 3)))
    for t in (tt, torch):
        with pytest.raises(IndexError):
            t.zeros(0, 3).amax(0)
        with pytest.raises(RuntimeError):
            t.tensor([1, 2]).mean()
        with pytest.raises(IndexError):
            t.zeros(2, 3).sum(2)


def test_amax_shares_ties():
    for t in (tt, torch):
        x = t.tensor([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]], requires_grad=True)
        x.amax(1).sum().backward()
        assert x.grad.tolist() == [[0, 0.5, 0.5], [1, 0, 0]]


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_sums_of_each_dtype(kind):
    ours, theirs = [t.tensor([[1, 0], [1, 1]], dtype=getattr(t, kind)).sum(0) for t in (tt, torch)]
    assert ours.tolist() == theirs.tolist() and ours.dtype.name == str(theirs.dtype)[6:]


@given(st.lists(st.integers(0, 3), min_size=2, max_size=4), st.data())
def test_views(shape, data):
    array = numbers(tuple(shape))
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    d0, d1 = data.draw(st.integers(-len(shape), len(shape) - 1)), data.draw(st.integers(-len(shape), len(shape) - 1))
    alike(lambda t, a: a.permute(order), array)
    alike(lambda t, a: a.transpose(d0, d1) * 2, array)
    alike(lambda t, a: a.mT @ a, array, kinds=("float64",))
    alike(lambda t, a: a.reshape(*reversed(shape)), array)
    alike(lambda t, a: a.reshape(1, *shape).expand(3, *[-1] * len(shape)), array)


INDICES = [
    0,
    -1,
    slice(1, None),
    slice(None, None, 2),
    None,
    ...,
    (0, 1),
    (slice(None), 0),
    (..., 0),
    (None, slice(1), None),
    [0, 1, 1],
    ([0, 1], [1, 0]),
    (slice(None), [0, 0, 2]),
    (1, slice(0, 0)),
    (..., None),
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing(index):
    alike(lambda t, a: a[index], numbers((2, 3, 4)))


def test_indexing_by_tensors():
    array = numbers((3, 4))
    alike(lambda t, a: a[t.tensor([0, 2, 2])], array)
    alike(lambda t, a: a[t.tensor([[0, 1], [2, 2]]), t.tensor([1, 3])], array)
    alike(lambda t, a: a[a > 1], array, twice=False)
    alike(lambda t, a: a[t.tensor([True, False, True])], array)
    for t in (tt, torch):
        with pytest.raises(IndexError):
            t.zeros(3)[3]
        with pytest.raises(IndexError):
            t.zeros(3)[t.tensor([0.5])]


MATMULS = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((6, 1, 2, 3), (5, 3, 4)),
    ((2, 0), (0, 3)),
    ((0, 2), (2, 3)),
    ((1, 1), (1, 1)),
    ((4, 1, 2, 3), (1, 5, 3, 1)),
]


@pytest.mark.parametrize("shapes", MATMULS, ids=str)
def test_matmul(shapes):
    alike(lambda t, a, b: a @ b, numbers(shapes[0]), numbers(shapes[1], 1))


def test_square_matrices_leave_a_choice_of_what_to_transpose():
    alike(lambda t, a, b: a @ b, numbers((3, 3)), numbers((3, 3), 1))
    alike(lambda t, a, b: a @ b, numbers((2, 3, 3)), numbers((2, 3, 3), 1))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: t.ones(3) + t.ones(4), RuntimeError),
        (lambda t: t.ones(2, 3) @ t.ones(2, 3), RuntimeError),
        (lambda t: t.ones(2) @ t.ones(2).double(), RuntimeError),
        (lambda t: t.tensor(1.0) @ t.ones(2), RuntimeError),
        (lambda t: t.ones(6).reshape(4, -1), RuntimeError),
        (lambda t: t.ones(6).reshape(5), RuntimeError),
        (lambda t: t.ones(2, 3).permute(0, 0), RuntimeError),
        (lambda t: t.ones(2, 3).permute(0), RuntimeError),
        (lambda t: t.ones(2, 3).transpose(0, 2), IndexError),
        (lambda t: t.ones(2).expand(3), RuntimeError),
        (lambda t: len(t.tensor(1.0)), TypeError),
        (lambda t: list(t.tensor(1.0)), TypeError),
        (lambda t: bool(t.ones(2)), RuntimeError),
        (lambda t: t.ones(2).item(), RuntimeError),
        (lambda t: t.tensor([1, 2], requires_grad=True), RuntimeError),
        (lambda t: t.ones(2, requires_grad=True).numpy(), RuntimeError),
        (lambda t: t.tensor([1]) ** -1, RuntimeError),
        (lambda t: t.tensor([True]) - t.tensor([True]), RuntimeError),
        (lambda t: t.ones(2) + "a", TypeError),
        (lambda t: (t.ones(2, requires_grad=True) * 2).numpy(), RuntimeError),
        (lambda t: t.ones(2, 3).sum((0, 0)), RuntimeError),
    ],
)
def test_errors(call, error):
    for t in (tt, torch):
        with pytest.raises(error):
            call(t)


def test_history():
    a = tt.tensor([1.0, 2.0], requires_grad=True)
    b = a * 2
    assert a.is_leaf and not b.is_leaf and b.requires_grad and b.grad_fn.edges[0] is a
    assert b.detach().grad_fn is None and not b.detach().requires_grad and np.shares_memory(b.detach().numpy(), b.array)
    assert (tt.tensor([1.0]) * 2).grad_fn is None


def test_data_is_copied():
    source = np.ones(3, np.float32)
    copy = tt.tensor(source)
    source[0] = 5
    assert copy.tolist() == [1, 1, 1]
    assert tt.tensor(source).numpy().dtype == np.float32 and tt.tensor([1.5]).dtype is tt.float32


NAN, INF = float("nan"), float("inf")
PRINTED = [
    1.5,
    3.0,
    [1.0, 2.0],
    [-0.659, 2],
    [[1, 2], [3, 400]],
    [True, False],
    [],
    [1e-8, 1.0],
    [NAN, INF],
    [NAN, 1.0],
    [0.0, 0.0],
]
PRINTED += [
    [INF, -2.5],
    [1e10, 1.0],
    [1e-6],
    [123456789.0, 1.0],
    [999.0, 1.0],
    [1001.0, 1.0],
    [1.5, -INF],
    [123456.789] * 7,
]


@pytest.mark.parametrize("value", PRINTED, ids=str)
def test_repr_is_that_of_pytorch(value):
    assert repr(tt.tensor(value)) == repr(torch.tensor(value))


def test_repr_notes_what_is_not_the_default():
    assert repr(tt.tensor([1.0], requires_grad=True)) == repr(torch.tensor([1.0], requires_grad=True))
    assert repr(tt.tensor([1], dtype=tt.uint8)) == "tensor([1], dtype=tinytorch.uint8)"
    assert "grad_fn=" in repr(tt.tensor([1.0], requires_grad=True) * 2)


def test_a_name_that_is_not_here_says_so():
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'fft'"):
        tt.tensor(1.0).fft
    assert not hasattr(tt.tensor(1.0), "fft")


def test_an_index_is_one_whole_number():
    for make in (tt.tensor, torch.tensor):
        assert [operator.index(make(one)) for one in (3, [4], [[5]], True)] == [3, 4, 5, 1]
        for wrong in ([1, 2], 1.5, [], [[1.0]]):
            with pytest.raises(
                TypeError, match="only integer tensors of a single element can be converted to an index"
            ):
                operator.index(make(wrong))


def test_a_tensor_keeps_what_a_program_notes_on_it():
    import copy
    import pickle

    for t in (tt, torch):
        x = t.ones(2)
        x.note = "scale"
        assert x.note == "scale" and not hasattr(x * 1, "note")
        assert [copy.copy(x).note, copy.deepcopy(x).note, pickle.loads(pickle.dumps(x)).note] == ["scale"] * 3


@pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])
def test_a_tensor_takes_attributes_of_any_name(t):
    x = t.ones(2)
    x.g, x.label = 3, "x"
    assert (x.g, x.label) == (3, "x") and copy.deepcopy(x).g == 3
    assert not any(hasattr(y, "g") for y in (x * 1, x.clone(), x.detach(), x[0], t.nn.Parameter(x)))
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'other'"):
        x.other


def test_a_subclass_with_its_own_new():
    """As torchvision's tv_tensors: __new__ takes arguments of its own and gives `data` another class."""

    class Labelled(tt.Tensor):
        def __new__(cls, data, *, label=None):
            made = tt.as_tensor(data).as_subclass(cls)
            made.label = label
            return made

    made = Labelled(tt.tensor([1, 2], dtype=tt.uint8), label="a")
    assert type(made) is Labelled and made.label == "a" and made.dtype is tt.uint8 and made.tolist() == [1, 2]
