"""Lesson 15's quicker operators and backward pass: the same values, gradients, history and errors as lessons 01 and 02."""

import subprocess
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch
from tinytorch import Tensor, arange, autograd, backends, float64, nn, no_grad, ones, tensor
from tinytorch.tensor import Function, Observer, observers

OPERATORS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "matmul": lambda a, b: a @ b,
}


def leaves(*shapes, kind="float32"):
    rng = np.random.default_rng(0)
    return [tensor(np.asarray(rng.standard_normal(shape), kind), requires_grad=True) for shape in shapes]


def quickly(result: Tensor) -> bool:
    """Whether an operator of this file made it: only there nobody asks which of the saved arrays were inputs."""
    return result.grad_fn.saved == () or result.grad_fn.array_ids is None


def both_ways(call):
    """What `call()` gives with them, and as the lessons wrote it."""
    here = call()
    with backends.use("lessons"):
        return here, call()


def message(call) -> str:
    with pytest.raises((RuntimeError, TypeError, ValueError)) as raised:
        call()
    return f"{raised.type.__name__}: {raised.value}"


# The operators


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("shapes", [((2, 3), (3, 3)), ((3,), (3,)), ((2, 1, 3), (3, 1)), ((1, 1), (1, 1))], ids=str)
@pytest.mark.parametrize("wants", [(True, True), (True, False), (False, True), (False, False)], ids=str)
def test_a_result_is_as_the_lessons_make_it(name, shapes, wants):
    if name != "matmul" and shapes[0] == (2, 3):
        shapes = shapes[0], (1, 3)
    a, b = (x.requires_grad_(want) for x, want in zip(leaves(*shapes), wants, strict=True))

    def call():
        y = OPERATORS[name](a, b)
        node = y.grad_fn
        history = node and (
            type(node),
            node.shape,
            node.dtype,
            list(node.needs_input_grad),
            list(node.edges),
            node.hooks,
        )
        saved = [None if x is None else id(x) for x in node.saved] if node else []
        state = y.requires_grad, y.is_leaf, y.grad, y._base, y._base_fn, y._hooks, type(y.array), y.array.tobytes()
        return history, saved, state, y.shape, y.dtype

    here, there = both_ways(call)
    assert here == there
    if any(wants):
        assert quickly(OPERATORS[name](a, b))


@pytest.mark.parametrize("name", OPERATORS)
def test_what_does_not_fit_is_refused_in_the_lessons_words(name):
    a, b = leaves((2, 3), (4, 5))
    for other in (b, b.to(float64), "text", None, [1.0]):
        here, there = both_ways(lambda other=other: message(lambda: OPERATORS[name](a, other)))
        assert here == there


@pytest.mark.parametrize(
    "other", [2, 2.5, True, np.ones(3, "f4"), tensor(2.0, dtype=float64), arange(3), ones(3) > 0], ids=range(7)
)
def test_constants_and_other_dtypes_are_left_to_the_lessons(other):
    (a,) = leaves(3)
    for operator in (OPERATORS["add"], OPERATORS["mul"], lambda a, b: b * a, lambda a, b: b + a):
        here, there = both_ways(lambda operator=operator: operator(a, other))
        assert here.dtype is there.dtype and here.tolist() == there.tolist()
        assert here.grad_fn.edges[0] is a or here.grad_fn.edges[1] is a


def test_parameters_and_views_go_the_quick_way():
    (x,), layer = leaves((3, 2)), nn.Linear(2, 2)
    for result in (x * layer.bias, layer.bias + x, x @ layer.weight, x.T @ x, x[1] * x[2]):
        assert quickly(result) and type(result) is Tensor


def test_a_single_number_is_an_array():
    (a,) = leaves(())
    for operator in (OPERATORS["add"], OPERATORS["sub"], OPERATORS["mul"]):
        y = operator(a, a)
        assert type(y.array) is np.ndarray and y.shape == () and quickly(y)


def test_a_view_taken_before_a_change_is_renewed():
    def run():
        (a,) = leaves(3)
        b = a * 1
        view = b[:2]
        b.mul_(2.0)
        (view * view).sum().backward()
        return a.grad.tolist(), [*(8 * a.detach()[:2]).tolist(), 0]

    here, there = both_ways(run)
    assert here == there and here[0] == pytest.approx(here[1])


def test_nothing_is_recorded_without_grad():
    (a,) = leaves(3)
    with no_grad():
        y = a * a
    assert y.grad_fn is None and not y.requires_grad


# Observers see everything


class Names(Observer):
    """Writes down what it sees."""

    def __init__(self):
        self.seen = []

    def forward(self, run, function, *inputs, **options):
        self.seen.append(function.__name__)
        return run(*inputs, **options)

    def backward(self, run, node, grad):
        self.seen.append(f"{type(node).__name__}Backward")
        return run(node, grad)


@pytest.fixture
def names():
    one = Names()
    observers.append(one)
    yield one
    observers.remove(one)


def test_an_observer_sees_every_operation_and_every_backward(names):
    a, b = leaves((2, 2), (2, 2))
    ((a + b) * a - b @ a).sum().backward()
    assert names.seen[:5] == ["Add", "Mul", "MatMul", "Sub", "Sum"]
    assert names.seen[5:7] == ["SumBackward", "SubBackward"]
    assert sorted(names.seen[7:]) == ["AddBackward", "MatMulBackward", "MulBackward"]


def test_an_observer_sees_second_derivatives(names):
    (a,) = leaves(2)
    (grad,) = autograd.grad((a * a).sum(), a, create_graph=True)
    names.seen.clear()
    autograd.grad(grad.sum(), a)
    assert {"AddBackward", "MulBackward"} <= {*names.seen}


def test_what_an_observer_returns_counts():
    class Double(Observer):
        def forward(self, run, function, *inputs, **options):
            return run(*inputs, **options) * 2 if function.__name__ == "Add" else run(*inputs, **options)

    (a,) = leaves(2)
    observers.append(Double())
    try:
        doubled = a + a
    finally:
        observers.pop()
    assert doubled.tolist() == (4 * a).tolist() and quickly(a * a)


def test_an_operator_of_somebody_elses_is_left_alone():
    program = (
        "import tinytorch.autograd; from tinytorch.tensor import Mul, Tensor, binary, tensor\n"
        "class MyMul(Mul): pass\n"
        "Tensor.__mul__, Tensor.__add__ = binary(MyMul), lambda a, b: 'mine'\n"
        "import tinytorch; tinytorch.ones, tinytorch.backends.use('numpy')\n"
        "a = tensor([1.0], requires_grad=True)\n"
        "print(type((a * a).grad_fn).__name__, a + a, (a - a).grad_fn.edges.__class__.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["MyMul", "mine", "tuple"], done.stderr


def test_a_subclass_of_numpys_arrays_stays_one():
    masked = np.ma.array([1.0, 2.0], mask=[0, 1], dtype="f4")
    here, there = both_ways(lambda: type((Tensor.wrap(masked) * Tensor.wrap(masked)).array))
    assert here is there is np.ma.MaskedArray


# The walk


@st.composite
def programs(draw):
    """Steps of a program on three leaves: (operator, the positions of its two operands among all values so far)."""
    steps = []
    for n in range(3, draw(st.integers(4, 15))):
        steps.append(
            (
                draw(st.sampled_from(["add", "sub", "mul", "exp", "sum"])),
                draw(st.integers(0, n - 1)),
                draw(st.integers(0, n - 1)),
            )
        )
    return steps


def run(steps):
    """Bytes of the values and of every gradient, with those that hooks and grad() see on the way."""
    values, seen = leaves((2, 3), (3,), (2, 1)), []
    inputs = list(values)
    for name, i, j in steps:
        a, b = values[i], values[j]
        y = a.sum(0, keepdim=True) if name == "sum" else (a * 0.1).exp() if name == "exp" else OPERATORS[name](a, b)
        y.register_hook(lambda g, name=name: seen.append((name, g.numpy().tobytes())))
        values.append(y)
    loss = (values[-1] * values[-1]).sum() + values[-2].sum()
    found = autograd.grad(loss, values[3:], retain_graph=True, allow_unused=True)
    loss.backward()
    return [
        x if x is None else x.detach().numpy().tobytes() for x in (*values, *found, *(x.grad for x in inputs))
    ], seen


@given(programs())
def test_any_program_has_the_lessons_gradients_to_the_last_bit(steps):
    here, there = both_ways(lambda: run(steps))
    assert here == there


def wrong(answer):
    class Wrong(Function):
        def forward(self, a, b):
            return a + b

        def backward(self, grad):
            return answer(grad)

    return Wrong


@pytest.mark.parametrize(
    "answer",
    [
        lambda g: (g, g),  # of a column: a broadcast not undone
        lambda g: (g[:, :1], g[0]),  # fits where it is added, but is too small
        lambda g: (g[:, :1].astype("f8"), g),
        lambda g: (g[:, :1],),
        lambda g: g[:, :1],
        lambda g: (g[:, :1], g, None),
    ],
    ids=range(6),
)
def test_a_wrong_backward_is_named(answer):
    def call():
        column, row = leaves((2, 1), (2, 3))
        row = row * 1.0
        return message((wrong(answer).apply(column, row) + row).sum().backward)

    here, there = both_ways(call)
    assert here == there and "Wrong.backward returned" in here


def test_a_wrong_backward_is_called_once():
    answers = [lambda g: (g.astype("f8"), g), lambda g: (g, g)]
    a, b = leaves(2, 2)
    with pytest.raises(RuntimeError, match=r"Wrong\.backward returned a gradient of shape \(2,\) and float64"):
        wrong(lambda g: answers.pop(0)(g)).apply(a, b).sum().backward()
    assert len(answers) == 1


def test_a_function_may_keep_whatever_it_likes():
    class Keep(Function):
        def forward(self, a):
            self.array = a
            return a * 2

        def backward(self, grad):
            return grad * 2

    def call():
        (a,) = leaves(3)
        (found,) = autograd.grad((Keep.apply(a) * a).sum(), a)
        return (found - 4 * a).tolist()

    assert both_ways(call) == ([0, 0, 0], [0, 0, 0])


def test_arrays_are_freed_as_soon_as_by_the_lessons():
    """At each hook: which of the arrays before and after it are gone."""

    def call():
        (a,) = leaves(4)
        made, gone = [a * a], []
        for _ in range(3):
            made.append((made[-1] * made[-1]).exp() * made[-1])
        arrays = [weakref.ref(x.array) for x in made]
        for x in made:
            x.register_hook(lambda g: gone.append([array() is None for array in arrays]))
        loss = (made.pop() * 2.0).sum()
        del made, x
        loss.backward()
        return gone

    here, there = both_ways(call)
    assert here == there and here[-1].count(True) > 1


def test_the_peak_of_memory_is_the_lessons():
    (w,) = leaves((300, 300))

    def peak():
        y = w
        for _ in range(6):
            y = y.tanh() * y + w
        tracemalloc.start()
        y.sum().backward()
        found = tracemalloc.get_traced_memory()[1] / w.array.nbytes
        tracemalloc.stop()
        return round(found, 1)

    here, there = both_ways(peak)
    assert here <= there


def test_nothing_saved_can_be_walked_again_and_what_was_saved_cannot():
    a, b = leaves(2, 2)
    for y, again in (((a + b), True), ((a * b), False), ((a @ b), False)):
        y.backward(ones(*y.shape))
        if again:
            y.backward(ones(*y.shape))
        else:
            assert "a second time" in message(lambda y=y: y.backward(ones(*y.shape)))


def test_second_derivatives_of_either_input():
    for wants in ((True, False), (False, True), (True, True)):
        a, b = (x.requires_grad_(want) for x, want in zip(leaves((3, 3), (3, 3), kind="float64"), wants, strict=True))
        wanted = [x for x in (a, b) if x.requires_grad]

        def twice(a=a, b=b, wanted=wanted):
            y = ((a * b) @ b + (a * a * b)).exp().sum()
            first = autograd.grad(y, wanted, create_graph=True)
            return [g.numpy().tobytes() for g in autograd.grad(sum((g * g).sum() for g in first), wanted)]

        here, there = both_ways(twice)
        assert here == there


@pytest.mark.parametrize("name", ["mul", "matmul", "truediv", "pow"])
def test_second_derivatives_where_two_inputs_share_one_array(name):
    """Which of them wants a derivative is not told by the array."""
    operator = OPERATORS.get(name) or {"truediv": lambda a, b: a / b, "pow": lambda a, b: a**b}[name]

    def second(t, pair):
        x = t.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=t.float64, requires_grad=True)
        a, b = pair(x)
        wanted = [p for p in {id(p): p for p in (a, b, x)}.values() if p.requires_grad]
        grad = t.autograd.grad
        first = grad(operator(a, b).sum(), wanted, create_graph=True, allow_unused=True)
        first = [g for g in first if g is not None]
        again = grad(sum((g * (1 + w)).sum() for g, w in zip(first, wanted)), wanted, allow_unused=True)
        return [None if g is None else g.tolist() for g in again]

    for pair in (
        lambda x: (x.detach(), x),
        lambda x: (x, x.detach()),
        lambda x: (x, x.detach().requires_grad_()),
        lambda x: (x, x),
    ):
        here, there = both_ways(lambda pair=pair: second(tinytorch, pair))
        for ours in (here, there):
            for got, expected in zip(ours, second(torch, pair), strict=True):
                np.testing.assert_allclose(got or 0, expected or 0)


def test_gradients_that_two_inputs_share_are_not_written_into():
    a, b = leaves(2, 2)
    given = ones(2)
    (a + b + a).backward(given)
    assert a.grad.tolist() == [2, 2] and b.grad.tolist() == given.tolist() == [1, 1]


@pytest.mark.parametrize("first", ["tinytorch.tensor", "tinytorch.autograd", "tinytorch.nn", "tinytorch.text"])
def test_they_are_in_place_whatever_is_imported_first(first):
    program = (
        f"import {first}, tinytorch.autograd, sys\n"
        "Tensor = sys.modules['tinytorch.tensor'].Tensor\n"
        "print({getattr(Tensor, name).__module__ for name in ('__add__', '__sub__', '__mul__', '__matmul__')})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "{'tinytorch.kernels.operators'}", done.stderr
