"""02_autograd_custom_function: Functions as programs write them, run on tinytorch and on PyTorch alike."""

import gc
import weakref

import numpy as np
import pytest
import torch
from against_torch import alike, some

import tinytorch as tt

once = {t: t.autograd.function.once_differentiable for t in (tt, torch)}


def cube(t):
    class Cube(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            assert not t.is_grad_enabled() and isinstance(x, t.Tensor)
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 3 * x * x * grad

    return Cube


def saves_its_result(t):
    class Exp(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            result = x.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx, grad):
            (result,) = ctx.saved_tensors
            return grad * result

    return Exp


def two_outputs(t):
    class Both(t.autograd.Function):
        @staticmethod
        def forward(ctx, a, b, power, unused=None):
            ctx.save_for_backward(a, None, b)
            ctx.power, ctx.shape, ctx.dtype = power, "its own", 3
            return a * b, "a note", a**power + b

        @staticmethod
        def backward(ctx, grad_product, note, grad_power):
            a, nothing, b = ctx.saved_tensors
            assert nothing is None and note is None and (ctx.shape, ctx.dtype) == ("its own", 3)
            grad_a = (
                grad_product * b + grad_power * ctx.power * a ** (ctx.power - 1) if ctx.needs_input_grad[0] else None
            )
            return grad_a, grad_product * a + grad_power, None, None

    return Both


def with_setup(t):
    class Scaled(t.autograd.Function):
        @staticmethod
        def forward(x, scale):
            return x * scale, x.sign()

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, scale = inputs
            ctx.scale = scale
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, grad, grad_of_sign):
            return grad * ctx.scale, None

    return Scaled


CALLS = {
    "cube": lambda t, x, y: cube(t).apply(x),
    "result saved": lambda t, x, y: saves_its_result(t).apply(x) * y,
    "twice": lambda t, x, y: cube(t).apply(x) * cube(t).apply(cube(t).apply(y)),
    "both outputs": lambda t, x, y: (lambda p, note, q: p * q)(*two_outputs(t).apply(x, y, 3)),
    "one of two outputs": lambda t, x, y: two_outputs(t).apply(x, y, 2, None)[2],
    "an output twice": lambda t, x, y: (lambda p, note, q: p * p + p * 2)(*two_outputs(t).apply(x, y, 3)),
    "setup_context": lambda t, x, y: (lambda p, sign: p * sign * y)(*with_setup(t).apply(x, 1.5)),
    "the same input twice": lambda t, x, y: two_outputs(t).apply(x, x, 2)[0] + y,
    "a constant": lambda t, x, y: two_outputs(t).apply(x.detach(), y, 2)[0] + x,
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives_once_and_twice(name):
    alike(CALLS[name], some(3, 2), some(3, 2, seed=1), kinds=("float64",))


def test_gradcheck():
    for t in (torch, tt):
        x, y = (t.tensor(some(3, seed=i), requires_grad=True) for i in range(2))
        assert t.autograd.gradcheck(cube(t).apply, (x,))
        assert t.autograd.gradcheck(lambda x, y, t=t: two_outputs(t).apply(x, y, 3)[::2], (x, y))


def test_what_forward_and_the_results_know():
    for t in (torch, tt):
        seen = []

        class Look(t.autograd.Function):
            @staticmethod
            def forward(ctx, x, y, n, seen=seen):
                seen.append(ctx.needs_input_grad)
                return x + y, (x > 0), x

            @staticmethod
            def backward(ctx, *grads, seen=seen):
                seen.append([g if g is None else tuple(g.shape) for g in grads])
                return grads[0] + grads[2], None, None

        x, y = t.ones(2, requires_grad=True), t.ones(2)
        total, mask, same_as_x = Look.apply(x, y, 3)
        assert seen == [(True, False, False)]
        assert total.requires_grad and not total.is_leaf and not mask.requires_grad
        assert same_as_x is not x and same_as_x.requires_grad and not same_as_x.is_leaf
        assert "LookBackward" in repr(total.grad_fn)
        same_as_x.sum().backward()
        assert seen[1] == [(2,), (2,), (2,)] and x.grad.tolist() == [1, 1]
        with t.no_grad():
            assert not Look.apply(x, y, 3)[0].requires_grad
        assert not Look.apply(y, y, 3)[0].requires_grad
        assert isinstance(total.grad_fn, object) and not isinstance(total, tuple)


def test_unused_outputs_without_materializing():
    for t in (torch, tt):
        seen = []

        class Pair(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.set_materialize_grads(False)
                return x * 2, x * 3

            @staticmethod
            def backward(ctx, a, b, seen=seen):
                seen.append((a is None, b is None))
                return a * 2 if b is None else None

        x = t.ones(2, requires_grad=True)
        first, second = Pair.apply(x)
        first.sum().backward()
        assert x.grad.tolist() == [2, 2] and seen == [(False, True)]
        x.grad = None
        first, second = Pair.apply(x)
        second.sum().backward()
        assert x.grad is None


def test_changes_in_place():
    for t in (torch, tt):

        class ExpInPlace(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.exp_()
                ctx.mark_dirty(x)
                ctx.save_for_backward(x)
                return x

            @staticmethod
            def backward(ctx, grad):
                return grad * ctx.saved_tensors[0]

        x = t.tensor([0.0, 1.0], requires_grad=True)
        y = x * 1
        assert ExpInPlace.apply(y) is y
        y.sum().backward()
        assert x.grad.tolist() == pytest.approx([1, np.e])
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            ExpInPlace.apply(t.ones(2, requires_grad=True))
        assert ExpInPlace.apply(t.zeros(2)).tolist() == [1, 1]

        class Forgets(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.mark_dirty(x)
                return x * 2

        with pytest.raises(RuntimeError, match="marked as dirty"):
            Forgets.apply(t.ones(2, requires_grad=True) * 1)

        y = x * 1
        z = saves_its_result(t).apply(y)
        z.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.sum().backward()


def test_in_place_on_a_view():
    for t in (torch, tt):

        class Double(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.mark_dirty(x)
                return x.mul_(2)

            @staticmethod
            def backward(ctx, grad):
                return grad * 2

        x = t.ones(3, requires_grad=True)
        y = x * 3
        Double.apply(y[1:])
        y.sum().backward()
        assert y.tolist() == [3, 6, 6] and x.grad.tolist() == [3, 6, 6]


def test_a_second_time():
    for t in (torch, tt):
        x = t.tensor([2.0], requires_grad=True)
        y = cube(t).apply(x)
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.tolist() == [24]
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()


def test_once_differentiable():
    for t in (torch, tt):

        class Square(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            @once[t]
            def backward(ctx, grad, t=t):
                assert not t.is_grad_enabled()
                return 2 * ctx.saved_tensors[0] * grad

        x = t.tensor([3.0], requires_grad=True)
        Square.apply(x).backward()
        assert x.grad.tolist() == [6]
        (slope,) = t.autograd.grad((Square.apply(x) ** 2).sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            slope.sum().backward()


def returning(t, what, inputs=1):
    class Given(t.autograd.Function):
        @staticmethod
        def forward(ctx, x, *others):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return what(t, grad)

    x = t.ones(2, 3, requires_grad=True)
    Given.apply(x, *[2.0] * (inputs - 1)).sum().backward()
    return x.grad


@pytest.mark.parametrize(
    "what, inputs",
    [
        (lambda t, g: (g, g), 1),
        (lambda t, g: g, 2),
        (lambda t, g: (g, g), 2),
        (lambda t, g: 1.0, 1),
        (lambda t, g: g[:1], 1),
        (lambda t, g: g[0, 0], 1),
    ],
)
def test_gradients_that_do_not_fit_are_refused(what, inputs):
    for t in (torch, tt):
        with pytest.raises(RuntimeError):
            returning(t, what, inputs)


@pytest.mark.parametrize(
    "what, inputs",
    [
        (lambda t, g: (g, None, None), 1),
        (lambda t, g: None, 1),
        (lambda t, g: g.double(), 1),
        (lambda t, g: g.expand(4, 2, 3), 1),
        (lambda t, g: (g * 2, None), 2),
    ],
)
def test_gradients_that_can_be_made_to_fit(what, inputs):
    ours, theirs = returning(tt, what, inputs), returning(torch, what, inputs)
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours.dtype is tt.float32 and ours.tolist() == theirs.tolist()


def test_what_cannot_be_done():
    for t in (torch, tt):

        class NoBackward(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 1

        class SavesNumbers(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x, 3)
                return x * 1

        class Child(cube(t)):
            @staticmethod
            def backward(ctx, grad):
                return grad * 0 + 7

        x = t.ones(2, requires_grad=True)
        with pytest.raises(NotImplementedError):
            NoBackward.apply(x).sum().backward()
        with pytest.raises(TypeError):
            SavesNumbers.apply(x)
        Child.apply(x).sum().backward()
        assert x.grad.tolist() == [7, 7], "a subclass may have another backward"


def test_backward_may_use_autograd_itself():
    """As activation checkpointing does: nothing is saved but the input, and forward runs again."""
    for t in (torch, tt):

        class Checkpoint(t.autograd.Function):
            @staticmethod
            def forward(ctx, run, x):
                ctx.run = run
                ctx.save_for_backward(x)
                return run(x)

            @staticmethod
            def backward(ctx, grad, t=t):
                x = ctx.saved_tensors[0].detach().requires_grad_()
                with t.enable_grad():
                    y = ctx.run(x)
                y.backward(grad)
                return None, x.grad

        w = t.tensor([0.5], requires_grad=True)
        x = t.tensor([2.0], requires_grad=True)
        Checkpoint.apply(lambda x, w=w: (x * w).sin(), x * 3).sum().backward()
        assert x.grad.tolist() == pytest.approx([1.5 * np.cos(3)], rel=1e-5)
        assert w.grad.tolist() == pytest.approx([6 * np.cos(3)], rel=1e-5)


def test_nothing_keeps_the_graph_alive():
    gc.collect()
    gc.disable()
    try:
        x = tt.ones(3, requires_grad=True)
        y = saves_its_result(tt).apply(x)
        node = weakref.ref(y.grad_fn.edges[0])
        y.sum().backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_the_lesson_form_stays():
    class Double(tt.autograd.Function):
        def forward(self, a):
            assert isinstance(a, np.ndarray)
            return a * 2

        def backward(self, grad):
            return grad * 2

    x = tt.ones(2, requires_grad=True)
    y = Double.apply(x)
    y.sum().backward()
    assert type(y.grad_fn) is Double and x.grad.tolist() == [2, 2]
