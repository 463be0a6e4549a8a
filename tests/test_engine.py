"""The machine of lessons 01 and 02 against PyTorch: broadcasting, the walk back, what is freed and what is refused."""

import numpy as np
import pytest
import torch
from alike import alike

import tinytorch as tt

rng = np.random.default_rng(0)
A, B, ROW, COLUMN = rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, 4), rng.uniform(0.5, 2, (3, 1))
SQUARE = rng.standard_normal((3, 3))
BOTH = pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
@pytest.mark.parametrize("pair", [(A, B), (A, ROW), (ROW, COLUMN), (COLUMN, A), (np.array(1.5), A)], ids=lambda p: str(p[0].shape))
def test_arithmetic_with_broadcasting(symbol, pair):
    alike(lambda t, a, b: eval(f"a {symbol} b"), *pair, layouts=("plain", "transposed"))


@pytest.mark.parametrize("call", [
    lambda t, a: a.exp(), lambda t, a: a.log(), lambda t, a: -a, lambda t, a: 2 / a - 1,
    lambda t, a: a.sum(), lambda t, a: a.sum(0), lambda t, a: a.sum((0, 1), keepdim=True), lambda t, a: a.mean(),
    lambda t, a: a.mean(1), lambda t, a: a.mean(0, keepdim=True), lambda t, a: a.amax(1), lambda t, a: a.amax((0, 1)),
    lambda t, a: a.reshape(2, 6), lambda t, a: a.reshape(2, 2, 3).permute(2, 0, 1), lambda t, a: a.T, lambda t, a: a.expand(2, 3, 4),
    lambda t, a: a[1], lambda t, a: a[:, ::2], lambda t, a: a[[0, 0, 2]], lambda t, a: a[..., None, -1], lambda t, a: a[[0, 2, 0], [1, 3, 1]],
])  # fmt: skip
def test_one_input(call):
    alike(call, A)


def test_a_maximum_that_ties_is_shared():
    alike(lambda t, a: a.amax(1), np.array([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]), twice=False)


@pytest.mark.parametrize(("a", "b"), [((2, 3), (3, 4)), ((3, 3), (3, 3)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((3,), (3, 4)),
                                      ((2, 3), (3,)), ((3,), (3,)), ((1, 2, 3), (5, 3, 2))])
def test_matrix_products(a, b):
    alike(lambda t, x, y: x @ y, rng.standard_normal(a), rng.standard_normal(b))


def test_the_derivative_of_a_product_is_not_symmetric():
    alike(lambda t, x: (x @ x.T) @ x, SQUARE)


@BOTH
def test_a_value_used_several_times_collects_every_gradient(t):
    a = t.tensor(3.0, requires_grad=True)
    b = a + a
    c = b * b
    d = b + c
    (d * c).backward()
    assert a.grad.item() == 2 * (36 + 42 * 12 + 36 * 12)


@BOTH
def test_a_late_use_of_an_early_value(t):
    """The walk must not pass a node on before all who used it have given."""
    a = t.tensor(2.0, requires_grad=True)
    b = a * a
    c = ((b * 1.0) * 1.0) * 1.0
    (c * b + b).backward()
    assert a.grad.item() == 4 * 2.0**3 + 2 * 2.0


@BOTH
def test_gradients_add_up_over_calls(t):
    a = t.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        (a * a).sum().backward()
    assert a.grad.tolist() == [6.0, 12.0]


@BOTH
def test_a_gradient_belongs_to_its_leaf_alone(t):
    a, b = t.tensor([1.0, 2.0], requires_grad=True), t.tensor([3.0, 4.0], requires_grad=True)
    (a + b).sum().backward()
    (a * 2).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([3.0, 3.0], [1.0, 1.0])


@BOTH
def test_the_graph_is_used_once_unless_it_is_retained(t):
    a = t.tensor(2.0, requires_grad=True)
    b = (a * a).exp()
    b.backward(retain_graph=True)
    b.backward()
    with pytest.raises(RuntimeError, match="second time"):
        b.backward()
    assert a.grad.item() == pytest.approx(2 * 4 * np.exp(4.0), rel=1e-6)


@BOTH
def test_recording_is_switched_off_and_on_again(t):
    a = t.tensor(2.0, requires_grad=True)
    with t.no_grad():
        assert not (a * a).requires_grad
        with t.enable_grad():
            assert (a * a).requires_grad
        assert not (a * a).requires_grad
    assert (a * a).requires_grad
    with pytest.raises(KeyError), t.no_grad():
        raise KeyError
    assert (a * a).requires_grad and t.is_grad_enabled()


@BOTH
def test_detached_values_take_no_part(t):
    a = t.tensor(3.0, requires_grad=True)
    assert not a.detach().requires_grad
    (a * a.detach()).backward()
    assert a.grad.item() == 3.0
    with pytest.raises(RuntimeError):
        (a.detach() * 2).backward()


@BOTH
def test_a_changed_value_is_noticed(t):
    a = t.tensor([1.0, 2.0], requires_grad=True)
    b = a * 1.0
    c = (b * b).sum()
    b.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        c.backward()


@BOTH
def test_a_long_chain(t):
    a = t.tensor(1.0, requires_grad=True)
    b = a * 1.0
    for _ in range(20_000):
        b = b + a
    b.backward()
    assert a.grad.item() == 20_001.0


@BOTH
def test_dtypes_meet(t):
    one = {name: t.tensor([1], dtype=getattr(t, name)) for name in ("bool", "uint8", "int32", "int64", "float32", "float64")}
    found = {(a, b): str((x * y).dtype).split(".")[1] for a, x in one.items() for b, y in one.items()}
    assert found["int32", "float32"] == found["float32", "int64"] == "float32"
    assert found["uint8", "int32"] == "int32" and found["bool", "uint8"] == "uint8" and found["float32", "float64"] == "float64"
    assert str((one["float32"] * t.tensor(2.0, dtype=t.float64)).dtype).endswith("float32")
    assert str((one["int64"] * 0.5).dtype).endswith("float32")


def test_gradcheck_refuses_a_wrong_derivative():
    class Wrong(tt.Function):
        def forward(self, a):
            self.saved = (a,)
            return a * a

        def backward(self, grad):
            return grad * self.saved[0]

    x = tt.tensor(A, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"got .* expected"):
        tt.autograd.gradcheck(Wrong.apply, x)
    assert tt.autograd.gradcheck(lambda a: a * a, x)
