"""What a graph keeps, and how to keep less: torch.autograd.graph and torch.utils.checkpoint, as PyTorch's."""

import gc
import weakref

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import tinytorch
import tinytorch.utils.checkpoint

BOTH = pytest.mark.parametrize("t", [tinytorch, torch], ids=["tinytorch", "torch"])
REENTRANT = pytest.mark.parametrize("reentrant", [True, False])
pytestmark = pytest.mark.filterwarnings("ignore:.*use_reentrant.*")


def network(t):
    t.manual_seed(0)
    return t.nn.Sequential(
        t.nn.Linear(4, 8), t.nn.Tanh(), t.nn.BatchNorm1d(8), t.nn.Linear(8, 8), t.nn.GELU(), t.nn.Linear(8, 3)
    )


def gradients(t, run, model) -> list:
    x = t.linspace(-1, 1, 20).reshape(5, 4).requires_grad_()
    model.zero_grad()
    loss = (run(x) ** 2).sum()
    loss.backward()
    return [loss.detach(), x.grad, *(p.grad.clone() for p in model.parameters())]


def same(ours, theirs) -> None:
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-5, 1e-6)


@BOTH
@REENTRANT
def test_a_checkpoint_changes_nothing(t, reentrant):
    model = network(t).eval()
    checkpoint = t.utils.checkpoint.checkpoint
    plain = gradients(t, model, model)
    same(gradients(t, lambda x: checkpoint(model, x, use_reentrant=reentrant), model), plain)
    parts = lambda x: model[4:](checkpoint(model[2:4], model[:2](x), use_reentrant=reentrant))
    same(gradients(t, parts, model), plain)


@BOTH
@REENTRANT
@pytest.mark.parametrize("segments", [1, 2, 3, 6])
def test_segments(t, reentrant, segments):
    model = network(t).eval()
    run = lambda x: t.utils.checkpoint.checkpoint_sequential(model, segments, x, use_reentrant=reentrant)
    same(gradients(t, run, model), gradients(t, model, model))


@BOTH
@REENTRANT
def test_it_is_computed_twice(t, reentrant):
    """And batches are counted twice, as in PyTorch."""
    model, calls = network(t), []
    model[0].register_forward_hook(lambda *_: calls.append(1))
    gradients(t, lambda x: t.utils.checkpoint.checkpoint(model, x, use_reentrant=reentrant), model)
    assert len(calls) == 2 and model[2].num_batches_tracked == 2


@BOTH
@REENTRANT
def test_dropout_is_drawn_again(t, reentrant):
    drop = t.nn.Dropout(0.5)
    x = t.ones(1000, requires_grad=True)
    y = t.utils.checkpoint.checkpoint(lambda x: drop(x * 1), x, use_reentrant=reentrant)
    state = t.get_rng_state()
    y.sum().backward()
    assert t.equal(x.grad, y.detach()) and 0 < (y == 0).sum() < 1000
    assert t.equal(t.get_rng_state(), state)


@BOTH
def test_checkpoints_in_checkpoints(t):
    model = network(t).eval()
    checkpoint = lambda f, x: t.utils.checkpoint.checkpoint(f, x, use_reentrant=False)
    inner = lambda x: model[2:](checkpoint(model[:2], x))
    same(gradients(t, lambda x: checkpoint(inner, x), model), gradients(t, model, model))


@BOTH
def test_second_derivatives(t):
    x = t.tensor([0.5, 1.0], requires_grad=True)
    y = t.utils.checkpoint.checkpoint(lambda x: (x**4).sum(), x, use_reentrant=False)
    (first,) = t.autograd.grad(y, x, create_graph=True)
    (second,) = t.autograd.grad(first.sum(), x)
    assert second.tolist() == [3, 12]


@BOTH
def test_arguments_and_results(t):
    x = t.ones(3, requires_grad=True)
    checkpoint = t.utils.checkpoint.checkpoint
    found = checkpoint(lambda a, k, scale: {"y": a * scale, "k": k}, x, 7, scale=2.0, use_reentrant=False)
    found["y"].sum().backward()
    assert found["k"] == 7 and x.grad.tolist() == [2, 2, 2]
    with pytest.raises(ValueError):
        checkpoint(lambda a, scale: a * scale, x, scale=2.0, use_reentrant=True)
    with pytest.warns(UserWarning, match="requires_grad"):
        y = checkpoint(lambda a: (a * x).sum(), t.ones(3), use_reentrant=True)
    assert not y.requires_grad
    assert checkpoint(lambda a: (a * x).sum(), t.ones(3), use_reentrant=False).requires_grad
    with t.no_grad():
        assert not checkpoint(lambda a: a * 2, x, use_reentrant=False).requires_grad


@BOTH
def test_another_way_the_second_time(t):
    ways = iter([lambda x: x.sin(), lambda x: x.sin().exp().cos() * x])
    x = t.ones(3, requires_grad=True)
    y = t.utils.checkpoint.checkpoint(lambda x: next(ways)(x), x, use_reentrant=False, early_stop=False)
    with pytest.raises(t.utils.checkpoint.CheckpointError):
        y.sum().backward()


def test_nothing_is_kept():
    kept = []

    def function(x):
        y = x.exp()
        kept.append(weakref.ref(y.array))
        return y.sin().sum()

    x = tinytorch.ones(10, requires_grad=True)
    y = tinytorch.utils.checkpoint.checkpoint(function, x, use_reentrant=False)
    gc.collect()
    assert kept[0]() is None
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos(np.e) * np.e, 1e-5)


@BOTH
def test_a_function_of_the_program(t):
    class Square(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = t.tensor([1.0, 3.0], requires_grad=True)
    t.utils.checkpoint.checkpoint(lambda x: Square.apply(x * 2).sum(), x, use_reentrant=False).backward()
    assert x.grad.tolist() == [8, 24]
    x.grad = None
    packed = []
    with t.autograd.graph.saved_tensors_hooks(lambda a: packed.append(1) or a.clone(), lambda a: a):
        y = Square.apply(x * 2).sum()
    y.backward()
    assert x.grad.tolist() == [8, 24] and packed


@BOTH
def test_hooks_of_what_is_saved(t):
    log = []

    def pack(x):
        log.append("pack")
        return x.detach().numpy().tolist()

    def unpack(x):
        log.append("unpack")
        return t.tensor(x)

    x = t.tensor([1.0, 2.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = (x * x).exp()
    assert "unpack" not in log and log
    y.sum().backward()
    assert log.count("pack") == log.count("unpack")
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.array([1, 2]) * np.exp([1, 4]), 1e-5)


@BOTH
def test_what_unpack_gives_counts(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x * 10):
        y = x**3
    y.sum().backward()
    assert x.grad.tolist() == [300, 1200]


@BOTH
def test_hooks_around_a_network(t):
    model = network(t).eval()
    with t.autograd.graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x):
        hooked = gradients(t, model, model)
    with t.autograd.graph.save_on_cpu():
        on_cpu = gradients(t, model, model)
    same(hooked, gradients(t, model, model))
    same(on_cpu, hooked)


@BOTH
def test_hooks_disabled(t):
    hooks = lambda: t.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x)
    with t.autograd.graph.disable_saved_tensors_hooks("not now"), pytest.raises(RuntimeError, match="not now"):
        hooks().__enter__()
    with hooks():
        assert t.ones(1).requires_grad is False


@BOTH
@pytest.mark.parametrize("mode", ["all", "any"])
def test_a_hook_of_several_tensors(t, mode):
    log = []
    a, b = (t.tensor(x, requires_grad=True) for x in (1.0, 2.0))
    handle = t.autograd.graph.register_multi_grad_hook((a, b), lambda g: log.append(g), mode=mode)
    for _ in range(2):
        (a * 3 + b * 5).backward()
    assert len(log) == 2
    if mode == "all":
        assert [[float(g) for g in found] for found in log] == [[3, 5], [3, 5]]
    handle.remove()
    (a * b).backward()
    assert len(log) == 2


@BOTH
@pytest.mark.parametrize("use_reentrant", [True, False])
def test_changes_in_place_inside_of_a_checkpoint(t, use_reentrant):
    """The arrays that are saved the second time are younger than the nodes that they are for."""
    x = t.tensor([[1.0, -2.0, 3.0]], requires_grad=True)
    w = t.tensor([[0.5], [1.0], [2.0]], requires_grad=True)
    checkpoint = t.utils.checkpoint.checkpoint
    checkpoint(lambda x: t.relu_(x * 2).mm(w), x, use_reentrant=use_reentrant).sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 4.0]] and w.grad.tolist() == [[2.0], [0.0], [6.0]]


@BOTH
def test_a_hook_that_changes_what_it_unpacks(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda kept: kept.clone(), lambda kept: kept.clone().mul_(10)):
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]


@BOTH
def test_versions(t):
    x = t.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    t.autograd.graph.increment_version(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    with pytest.raises(RuntimeError):
        t.autograd.graph.get_gradient_edge(t.ones(2))
    assert t.autograd.graph.get_gradient_edge(z).node is z.grad_fn
