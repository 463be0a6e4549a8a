"""Derivatives as functions: torch.func and torch.autograd.functional, against PyTorch's."""

import numpy as np
import pytest
import torch
from test_vmap import BOTH, both, leaves

import tinytorch
from tinytorch.func import batching
from tinytorch.tensor import Pow

RNG = np.random.default_rng(0)
X, Y, W = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 3)), RNG.standard_normal((3, 4))


def cube(x):
    return (x**3 + x.sin()).sum()


def network(t):
    return lambda w, x: (x @ w).tanh()


FUNCTIONS = {
    "grad": lambda t, x, y, w: t.func.grad(cube)(x),
    "grad of several": lambda t, x, y, w: t.func.grad(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, y),
    "grad of the last": lambda t, x, y, w: t.func.grad(lambda a, b: (a * b**2).sum(), argnums=-1)(x, y),
    "grad of nested": lambda t, x, y, w: t.func.grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": x, "b": [y]}),
    "grad with aux": lambda t, x, y, w: t.func.grad(lambda a: (cube(a), {"twice": a * 2}), has_aux=True)(x),
    "grad_and_value": lambda t, x, y, w: t.func.grad_and_value(cube)(x),
    "grad_and_value with aux": lambda t, x, y, w: t.func.grad_and_value(lambda a: (cube(a), a * 2), has_aux=True)(x),
    "grad of grad": lambda t, x, y, w: t.func.grad(lambda a: t.func.grad(cube)(a).pow(2).sum())(x),
    "keywords": lambda t, x, y, w: t.func.grad(lambda a, power: (a**power).sum())(x, power=3),
    "vjp": lambda t, x, y, w: products(t.func.vjp(network(t), w, x), x @ w),
    "vjp of one": lambda t, x, y, w: products(t.func.vjp(lambda a: (a.sin(), a.sum()), x), (y, t.ones(()).double())),
    "jvp": lambda t, x, y, w: t.func.jvp(network(t), (w, x), (w * 2, y)),
    "jvp with aux": lambda t, x, y, w: t.func.jvp(lambda a: (a.sin(), a * 2), (x,), (y,), has_aux=True),
    "linearize": lambda t, x, y, w: products(t.func.linearize(network(t), w, x), w * 2, y),
    "jacrev": lambda t, x, y, w: t.func.jacrev(network(t))(w, x),
    "jacrev of both": lambda t, x, y, w: t.func.jacrev(network(t), argnums=(0, 1))(w, x),
    "jacrev in chunks": lambda t, x, y, w: t.func.jacrev(network(t), chunk_size=3)(w, x),
    "jacrev of a dict": lambda t, x, y, w: t.func.jacrev(lambda a: {"s": a.sin(), "p": (a[0] * a[1],)})(x),
    "jacfwd": lambda t, x, y, w: t.func.jacfwd(network(t), argnums=1)(w, x),
    "jacfwd of both": lambda t, x, y, w: t.func.jacfwd(network(t), argnums=(0, 1))(w, x),
    "jacobians of a jacobian": lambda t, x, y, w: t.func.jacfwd(t.func.jacrev(lambda a: a**3))(x),
    "jacrev of jacrev": lambda t, x, y, w: t.func.jacrev(t.func.jacrev(lambda a: (a**3).sum(0)))(x),
    "hessian": lambda t, x, y, w: t.func.hessian(cube)(x),
    "hessian of both": lambda t, x, y, w: t.func.hessian(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, y),
    "what does not depend": lambda t, x, y, w: t.func.jacrev(lambda a, b: b * 2)(x, y),
    "jvp in a vmap": lambda t, x, y, w: t.vmap(lambda a, b: t.func.jvp(lambda c: c.sin() * c, (a,), (b,)))(x, y),
    "vmap of a hessian": lambda t, x, y, w: t.vmap(t.func.hessian(cube))(x),
    "vmap of jacobians": lambda t, x, y, w: t.vmap(t.func.jacrev(network(t), argnums=1), (None, 0))(w, x),
    "jacobian of a vmap": lambda t, x, y, w: t.func.jacrev(lambda a: t.vmap(lambda b: (b * b.sum()).sin())(a))(x),
    "grad of a vmap": lambda t, x, y, w: t.func.grad(lambda a: t.vmap(cube)(a).pow(2).sum())(x),
    "functional jacobian": lambda t, x, y, w: t.autograd.functional.jacobian(network(t), (w, x), create_graph=True),
    "functional jacobian in one walk": lambda t, x, y, w: t.autograd.functional.jacobian(
        network(t), (w, x), create_graph=True, vectorize=True
    ),
    "functional hessian": lambda t, x, y, w: t.autograd.functional.hessian(cube, x, create_graph=True),
    "functional hessian of both": lambda t, x, y, w: t.autograd.functional.hessian(
        lambda a, b: (a**3 * b**2).sum(), (x, y), create_graph=True
    ),
    "functional vjp": lambda t, x, y, w: t.autograd.functional.vjp(network(t), (w, x), (x @ w) * 2, create_graph=True),
    "functional jvp": lambda t, x, y, w: t.autograd.functional.jvp(network(t), (w, x), (w * 2, y), create_graph=True),
    "functional vhp": lambda t, x, y, w: t.autograd.functional.vhp(cube, x, y, create_graph=True),
    "functional hvp": lambda t, x, y, w: t.autograd.functional.hvp(cube, x, y, create_graph=True),
}


def products(result, *vectors):
    value, function = result[:2]
    return value, function(*vectors)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "linearize"])  # PyTorch's is cut off there
def test_as_pytorch(name):
    """And the results may be differentiated by whoever stands outside."""
    both(lambda t, x, y, w: (FUNCTIONS[name](t, x, y, w), 0 * (x * y).sum() * w.sum()), X, Y, W)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nobody_outside(name):
    both(lambda t, *given: finished(FUNCTIONS[name](t, *given)), X, Y, W, grad=False)
    for t in BOTH:
        results = leaves(FUNCTIONS[name](t, *(t.tensor(x) for x in (X, Y, W))))
        assert name.startswith("functional") or not any(y.requires_grad for y in results)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "vmap" in name or "jac" in name])
def test_example_after_example(name, monkeypatch):
    """What does not go through numpy's functions alone is computed so, and derivatives put other examples around it."""
    monkeypatch.setattr(batching, "lenient", lambda operation: operation)
    both(lambda t, x, y, w: (FUNCTIONS[name](t, x, y, w), 0 * (x * y).sum() * w.sum()), X, Y, W)


def test_kernels_of_other_devices_change_nothing():
    """A Function that asks kernels first is still taken for all examples at once."""
    tinytorch.zeros(1, device="meta")
    assert hasattr(Pow.forward, "plain")
    powers = batching.lenient(Pow)
    many = batching.Batched(X, 1)
    assert np.array_equal(powers.apply(tinytorch.Tensor.wrap(many), tinytorch.tensor(3.0)).array.array, X**3.0)


def finished(results):
    return [y.detach() for y in leaves(results)]


@pytest.mark.parametrize("t", BOTH, ids=["tinytorch", "torch"])
class TestBothAlike:
    def test_functional_results_have_no_history(self, t):
        x = t.ones(3, requires_grad=True)
        F = t.autograd.functional
        for y in leaves([F.jacobian(t.sin, x), F.hessian(cube, x), F.vjp(t.sin, x, x), F.hvp(cube, x, x)]):
            assert not y.requires_grad
        columns = F.jacobian(t.sin, x.detach(), vectorize=True, strategy="forward-mode")
        assert t.allclose(columns, F.jacobian(t.sin, x))

    def test_what_is_refused(self, t):
        x, F = t.ones(3), t.autograd.functional
        for wrong in (
            lambda: t.func.grad(lambda a: a * 2)(x),
            lambda: t.func.grad(lambda a: 3.0)(x),
            lambda: t.func.grad(cube, argnums=1)(x),
            lambda: t.func.grad(cube, has_aux=True)(x),
            lambda: t.func.jvp(t.sin, x, x),
            lambda: t.func.jvp(t.sin, (x,), (t.ones(2),)),
            lambda: t.func.vjp(t.sin, x)[1](t.ones(2)),
            lambda: F.vjp(t.sin, x),
            lambda: F.vjp(t.sin, x, t.ones(2)),
            lambda: F.hessian(t.sin, x),
            lambda: F.jacobian(lambda a: t.ones(2), x, strict=True),
            lambda: F.jacobian(lambda a: a, x, strict=True, vectorize=True),
        ):
            with pytest.raises(RuntimeError):
                wrong()
        with pytest.raises(TypeError):
            F.jacobian(t.sin, 3.0)
        with pytest.raises(NotImplementedError):
            F.jacobian(t.sin, x, strategy="forward-mode")
        with pytest.raises(ValueError):
            t.func.jacrev(t.sin, chunk_size=0)

    def test_no_grad(self, t):
        """That of the outside does not hold inside; that of the inside does."""
        x = t.tensor([1.0, 2.0])
        with t.no_grad():
            assert t.func.grad(cube)(x).tolist() == pytest.approx([3 + np.cos(1), 12 + np.cos(2)])

        def half(a):
            with t.no_grad():
                fixed = a**2
            return (a * fixed).sum()

        assert t.func.grad(half)(x).tolist() == [1, 4]

    def test_parameters_keep_no_gradient(self, t):
        layer = t.nn.Linear(3, 1)
        parameters = dict(layer.named_parameters())
        found = t.func.grad(lambda p: t.func.functional_call(layer, p, t.ones(2, 3)).sum())(parameters)
        assert found["weight"].tolist() == [[2, 2, 2]] and layer.weight.grad is None

    def test_gradients_in_batches(self, t):
        x = t.tensor([1.0, 2.0, 3.0], requires_grad=True)
        (rows,) = t.autograd.grad(x**2, x, t.eye(3), is_grads_batched=True)
        assert t.equal(rows, t.diag(2 * x.detach()))

    def test_gradients_that_are_not_there(self, t):
        x, unused = t.ones(2, requires_grad=True), t.ones(3, requires_grad=True)
        assert t.autograd.grad(x.sum(), (x, unused), materialize_grads=True)[1].tolist() == [0, 0, 0]
        assert t.autograd.grad(x.sum(), (x, unused), allow_unused=True)[1] is None
        with pytest.raises(RuntimeError):
            t.autograd.grad(x.sum(), (x, unused))
        with pytest.raises(ValueError):
            t.autograd.grad(x.sum(), (x, unused), allow_unused=False, materialize_grads=True)


def test_names():
    for name in ("grad", "vmap", "functional_call", "stack_module_state"):
        assert callable(getattr(tinytorch.func, name)) and callable(getattr(torch.func, name))
    assert tinytorch.vmap is tinytorch.func.vmap
