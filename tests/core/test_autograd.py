"""Lesson 02: the walk, its modes and hooks, what it frees, and its limits."""

import contextlib
import gc
import itertools
import sys
import threading
import tracemalloc
import weakref

import matplotlib
import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch import backends
from tinytorch.ops.drawing import Trace, draw_graph
from tinytorch.tensor import Function

matplotlib.use("agg")
both = pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])  # a test that both pass says what is meant


@pytest.fixture(autouse=True, params=["quick", "lessons"])
def way(request):
    """Each test runs with the operators and the backward pass of lesson 15, and with the lessons' own."""
    with backends.use("lessons") if request.param == "lessons" else contextlib.nullcontext():
        yield


def grads(t, *args, **options):
    return (tt.autograd.grad if t is tt else torch.autograd.grad)(*args, **options)


def leaf(t, *numbers, **options):
    return t.tensor(
        [float(n) for n in numbers] if len(numbers) > 1 else float(numbers[0]), requires_grad=True, **options
    )


@both
def test_accumulates(t):
    a = leaf(t, 1, 2)
    (a * a).sum().backward()
    (a * 3).sum().backward()
    assert a.grad.tolist() == [5, 7]
    a.grad = None
    (a + a).sum().backward()
    assert a.grad.tolist() == [2, 2]


@both
def test_used_many_times(t):
    a = leaf(t, 3)
    b = a + a
    c = b * b + b
    c.backward()
    assert a.grad.item() == 26
    assert a.grad.requires_grad is False and a.grad.grad_fn is None


@both
def test_an_early_value_used_late_and_at_once(t):
    """Whatever the order of the edges: a node is passed on when all who used it have given, not when it is first met."""
    for combine in (lambda b, c: b + c, lambda b, c: c + b):
        a = leaf(t, 2)
        b = a * a
        combine(b, ((b * 1.0) * 1.0) * b).backward()
        assert a.grad.item() == 2 * 2.0 + 4 * 2.0**3


@both
def test_diamonds_deep(t):
    a = leaf(t, 1, dtype=t.float64)
    b = a
    for _ in range(40):  # 2 ** 40 paths
        b = b + b
    b.backward()
    assert a.grad.item() == 2.0**40


@both
def test_leaves_do_not_share_a_gradient(t):
    a, b = leaf(t, 1, 2), leaf(t, 3, 4)
    upstream = t.tensor([1.0, 1.0])
    (a + b).backward(upstream)
    a.grad.mul_(10.0)
    assert b.grad.tolist() == [1, 1] and upstream.tolist() == [1, 1]
    a.grad, b.grad = None, None
    (a + b).sum().backward()
    (a * 1).sum().backward()  # adds to a.grad in place
    assert a.grad.tolist() == [2, 2] and b.grad.tolist() == [1, 1]
    c = leaf(t, 1, 2)
    c.backward(upstream)
    c.grad.mul_(5.0)
    assert upstream.tolist() == [1, 1]


@both
def test_leaves_of_views_do_not_share(t):
    a, b = leaf(t, 1, 2, 3, 4), leaf(t, 1, 2, 3, 4)
    t.stack([a.reshape(2, 2), b.reshape(2, 2)]).sum().backward()
    a.grad.mul_(0.0)
    assert b.grad.tolist() == [1, 1, 1, 1]


@both
def test_second_backward_raises(t):
    a = leaf(t, 2)
    b = a * a
    b.backward()
    with pytest.raises(RuntimeError, match="second time"):
        b.backward()
    c = (a * a).exp()
    c.backward(retain_graph=True)
    c.backward()
    with pytest.raises(RuntimeError):
        c.backward()


@both
def test_errors(t):
    with pytest.raises(RuntimeError, match="does not require grad"):
        t.tensor([1.0]).sum().backward()
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (leaf(t, 1, 2) * 2).backward()
    with pytest.raises(RuntimeError, match=r"[Mm]ismatch in shape"):
        (leaf(t, 1, 2) * 2).backward(t.ones(3))
    a, b = leaf(t, 1), leaf(t, 2)
    with pytest.raises(RuntimeError, match="not have been used"):
        grads(t, a * 2, b)
    assert grads(t, a * 2, [a, b], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="does not require grad"):
        grads(t, a * 2, t.tensor(1.0))
    with pytest.raises(RuntimeError):
        (a * 2).requires_grad = False
    with pytest.raises(RuntimeError):
        a.grad = t.ones(3)


@both
def test_grad_leaves_grad_alone(t):
    a, b = leaf(t, 1, 2), leaf(t, 3, 4)
    c = a * b
    da, db, dc = grads(t, (c * c).sum(), [a, b, c])
    assert (da.tolist(), db.tolist(), dc.tolist()) == ([18, 64], [6, 32], [6, 16])
    assert a.grad is None and b.grad is None
    assert grads(t, [a.sum(), (a * a).sum()], a)[0].tolist() == [3, 5]
    assert grads(t, a * 2, a, t.tensor([1.0, 10.0]))[0].tolist() == [2, 20]


@both
def test_inputs_may_come_one_by_one(t):
    a, b = leaf(t, 2.0), leaf(t, 5.0)
    assert [g.item() for g in grads(t, a * b, (x for x in (a, b)))] == [5, 2]


LAYOUTS = {
    "rows": lambda t: t.ones(3, 4),
    "columns": lambda t: t.ones(4, 3).t(),
    "a part": lambda t: t.ones(3, 8)[:, ::2],
    "stretched": lambda t: t.ones(4).expand(3, 4),
}


@both
@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.filterwarnings("ignore:Using backward")
def test_a_gradient_lies_as_its_leaf_does(t, make, create_graph):
    w = make(t).requires_grad_()
    for result in (w.t() @ w, t.ones(2, 4) @ w.t(), w.t() * t.ones(4, 3), w.permute(1, 0).exp()):
        w.grad = None
        result.sum().backward(create_graph=create_graph)
        assert w.grad.stride() == ((1, 3) if w.stride() == (1, 3) else (4, 1))
        w.grad.t().view(-1) if w.stride() == (1, 3) else w.grad.view(-1)


@both
def test_backward_of_chosen_inputs(t):
    a, b = leaf(t, 1), leaf(t, 2)
    (a * b).backward(inputs=[a])
    assert a.grad.item() == 2 and b.grad is None
    (a * b).backward(inputs=b)
    assert a.grad.item() == 2 and b.grad.item() == 1
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (a * b).backward(inputs=[])


@both
@pytest.mark.parametrize("kept", [False, True])
def test_backward_of_a_chosen_result(t, kept):
    a = leaf(t, 3.0)
    h = a.exp()
    if kept:
        h.retain_grad()
    (h * h).backward(inputs=[h])
    assert h.grad.item() == pytest.approx(2 * h.item()) and a.grad is None


@both
def test_only_what_leads_to_the_inputs_is_walked(t):
    a, b = leaf(t, 1.5), leaf(t, 2.5)
    h, seen = a.exp(), []
    h.sum().backward()  # and so the graph of h is freed
    h.register_hook(lambda grad: seen.append("h"))
    a.register_hook(lambda grad: seen.append("a"))
    assert grads(t, (h * b).sum(), b)[0].item() == pytest.approx(h.item())
    assert not seen and grads(t, (h * 2).sum(), h)[0].item() == 2 and seen == ["h"]
    with pytest.raises(RuntimeError, match="second time"):
        grads(t, (h * 2).sum(), a)
    assert grads(t, ((h * b) ** 2).sum(), h, create_graph=True)[0].item() == pytest.approx(2 * 2.5**2 * h.item())


@both
def test_create_graph(t):
    x = leaf(t, 2, dtype=t.float64)
    y = x**4
    for expected in (32, 48, 48, 24):
        (y,) = grads(t, y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)
    a = leaf(t, 3)
    (a**3).backward(create_graph=True)
    assert a.grad.grad_fn is not None
    a.grad.backward()
    assert a.grad.item() == 27 + 18


def test_create_graph_of_a_function_that_is_not_twice_differentiable():
    class Once(Function):
        def forward(self, a):
            return a * 2

        def backward(self, grad):
            return grad * 2

    a = leaf(tt, 1)
    with pytest.raises(RuntimeError, match="Once cannot be differentiated again"):
        tt.autograd.grad(Once.apply(a), a, create_graph=True)
    assert tt.autograd.grad(Once.apply(a), a)[0].item() == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda g: g.sum(), "shape"),
        (lambda g: g.astype(np.float64), "float64"),
        (lambda g: (g, g), "2 gradients"),
    ],
)
def test_wrong_backward_is_caught(answer, message):
    class Wrong(Function):
        def forward(self, a):
            return a * 2

        def backward(self, grad):
            return answer(grad)

    with pytest.raises(RuntimeError, match=message):
        Wrong.apply(leaf(tt, 1, 2)).sum().backward()


@both
def test_hooks(t):
    a = leaf(t, 1, 2)
    b = a * 2
    seen = []
    first = b.register_hook(lambda g: seen.append(g.tolist()))
    b.register_hook(lambda g: g * 10)
    last = a.register_hook(lambda g: g + 1)
    b.sum().backward()
    assert seen == [[1, 1]] and a.grad.tolist() == [21, 21]
    first.remove()
    last.remove()
    a.grad = None
    (a * 3).sum().backward()
    assert a.grad.tolist() == [3, 3] and len(seen) == 1
    with pytest.raises(RuntimeError):
        t.tensor(1.0).register_hook(print)


@both
def test_hooks_of_leaves_in_grad(t):
    a = leaf(t, 1, 2)
    a.register_hook(lambda g: g * 2)
    (g,) = grads(t, (a * 3).sum(), a)
    assert g.tolist() == [6, 6] and a.grad is None


@both
def test_retain_grad(t):
    a = leaf(t, 1, 2)
    b = a * 2
    b.retain_grad()
    (b * b).sum().backward()
    assert b.grad.tolist() == [4, 8] and a.grad.tolist() == [8, 16]
    c = a * 2
    c.retain_grad()
    c.sum().backward()
    c.grad.mul_(0.0)
    assert a.grad.tolist() == [10, 18]


@both
def test_modes(t):
    a = leaf(t, 1)
    with t.no_grad():
        assert not (a * 2).requires_grad and not t.is_grad_enabled()
        with t.enable_grad():
            assert (a * 2).requires_grad
        assert not (a * 2).requires_grad
    with t.inference_mode():
        assert not (a * 2).requires_grad
    with t.set_grad_enabled(False):
        assert not (a * 2).requires_grad

    @t.no_grad()
    def decorated(x):
        return x * 2

    assert not decorated(a).requires_grad and (a * 2).requires_grad and t.is_grad_enabled()
    with pytest.raises(KeyError), t.no_grad():
        raise KeyError
    assert t.is_grad_enabled()

    def recorded(x):
        return (x * 2).requires_grad

    for decorate, expected in [
        (t.set_grad_enabled(False), False),
        (t.inference_mode(), False),
        (t.inference_mode(False), True),
        (t.enable_grad(), True),
    ]:
        once = decorate(recorded)
        assert t.is_grad_enabled()  # which the decoration of a function leaves alone
        assert [once(a), once(a)] == [expected, expected] and t.is_grad_enabled()


@both
def test_modes_are_of_one_thread(t):
    a, seen = leaf(t, 1), []
    with t.no_grad():
        thread = threading.Thread(target=lambda: seen.append((a * 2).requires_grad))
        thread.start()
        thread.join()
        assert seen == [True] and not (a * 2).requires_grad


def test_threads_each_walk_their_own_graph():
    results = {}

    def work(seed):
        rng = np.random.default_rng(seed)
        w = tt.tensor(rng.random((8, 8)), requires_grad=True)
        for _ in range(50):
            ((w @ w).exp() / 100).sum().backward()
        results[seed] = w.grad.numpy() / 50

    for _ in range(2):
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        before = dict(results)
        results.clear()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for seed, value in before.items():
            np.testing.assert_allclose(results[seed], value)
    assert len(results) == 4


@both
def test_detach_cuts(t):
    a = leaf(t, 2)
    (a * a.detach()).backward()
    assert a.grad.item() == 2
    with pytest.raises(RuntimeError):
        a.detach().backward()
    shared = leaf(t, 1, 2).detach()
    assert shared.requires_grad is False and shared.is_leaf


@both
def test_numpy_is_locked(t):
    a = leaf(t, 1, 2)
    with pytest.raises(RuntimeError, match="requires grad"):
        a.numpy()
    with pytest.raises(RuntimeError):
        np.asarray(a * 2)
    assert a.detach().numpy().tolist() == [1, 2] and (a * 2).tolist() == [2, 4] and a.sum().item() == 3


@both
def test_change_in_place_of_what_is_needed_raises(t):
    for change in (
        lambda x: x.mul_(2.0),
        lambda x: x.__setitem__(0, 5.0),
        lambda x: x[0].add_(1.0),
        lambda x: x.reshape(-1).zero_(),
    ):
        a = leaf(t, 1, 2)
        b = a * 1
        c = b * b  # saves b
        change(b)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            c.sum().backward()
    a = leaf(t, 1, 2)
    b = a * 1
    c = b + 1  # saves nothing
    b.mul_(2.0)
    c.sum().backward()
    assert a.grad.tolist() == [1, 1]
    b = a * 1
    with t.no_grad():
        version = b._version
        b.add_(1.0)
    assert b._version > version


@both
def test_a_leaf_is_not_changed_in_place(t):
    a = leaf(t, 1, 2)
    with pytest.raises(RuntimeError, match="leaf"):
        a.mul_(2.0)
    with t.no_grad():
        a.mul_(2.0)
    assert a.tolist() == [2, 4]


def test_everything_saved_is_freed_after_backward():
    a = tt.randn(100, requires_grad=True)
    saved, y = [], a
    for step in (
        lambda x: x * 2,
        tt.exp,
        lambda x: x / 3,
        tt.tanh,
        tt.sigmoid,
        lambda x: x**2,
        lambda x: x.cumsum(0),
        lambda x: x.clamp(-1, 1),
        lambda x: x.maximum(x * 0.5),
        tt.sqrt,
        lambda x: x.reshape(10, 10).amax(1),
    ):
        y = step(y)
        for array in [
            *y.grad_fn.saved,
            *(v for v in getattr(y.grad_fn, "__dict__", {}).values() if isinstance(v, np.ndarray)),
        ]:
            if isinstance(array, np.ndarray) and array is not a.array:
                saved.append(weakref.ref(array))
    loss, y, array = y.sum(), None, None
    nodes = (
        [weakref.ref(node) for node in tt.autograd.graph_order([loss.grad_fn])]
        if hasattr(Function, "__weakref__")
        else []
    )
    assert any(ref() is not None for ref in saved)
    gc.disable()
    try:
        loss.backward()
        assert not [ref().shape for ref in saved if ref() is not None], "saved arrays are alive after backward"
        del loss
        assert not [ref() for ref in nodes if ref() is not None], "nodes are alive: is there a cycle?"
    finally:
        gc.enable()


def test_a_graph_without_backward_is_freed_at_once():
    gc.disable()
    try:
        a = tt.randn(10, requires_grad=True)
        b = (a * 2).exp()
        b.retain_grad()
        array = weakref.ref(b.array)
        tensor = weakref.ref(b)
        del b
        assert tensor() is None and array() is None
    finally:
        gc.enable()


def test_a_chain_of_100_000():
    a = leaf(tt, 1)
    y = a
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert a.grad.item() == 1
    y = a
    for _ in range(100_000):
        y = y * 1.0
    del y  # never walked: deleting it must not recurse either
    gc.collect()


def test_work_grows_with_the_length_of_a_chain_not_with_its_square():
    def calls(length):
        y, count = leaf(tt, 1), 0

        def counted(frame, event, argument):
            nonlocal count
            count += 1

        for _ in range(length):
            y = y * 1.0
        sys.setprofile(counted)
        y.backward()
        sys.setprofile(None)
        return count

    assert calls(2000) < 2.1 * calls(1000)


def test_thousands_of_steps_do_not_grow():
    w = leaf(tt, 0.5)

    def steps(n):
        for _ in range(n):
            (w * w).backward()
            w.grad = None

    steps(1000)
    gc.collect()
    tracemalloc.start(1)
    steps(2000)
    before = tracemalloc.get_traced_memory()[0]
    steps(2000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 10_000, f"{grown} bytes in 2000 steps"


def test_gradcheck_finds_mistakes():
    class Half(Function):
        def forward(self, a):
            return a * a

        def backward(self, grad):
            return grad

    x = leaf(tt, 1, 2, dtype=tt.float64)
    with pytest.raises(RuntimeError, match="input 0 at index"):
        tt.autograd.gradcheck(Half.apply, x)
    assert tt.autograd.gradcheck(Half.apply, x, raise_exception=False) is False
    assert tt.autograd.gradcheck(lambda x: x * x, x)
    with pytest.raises(ValueError, match="float64"):
        tt.autograd.gradcheck(lambda x: x * x, leaf(tt, 1))


def test_graph_is_drawn():
    w, b = leaf(tt, 2), leaf(tt, 1)
    ax = tt.autograd.draw_graph((w * 3.0 + b) ** 2, {"w": w, "b": b})
    texts = {text.get_text().split("\n")[0] for text in ax.texts}
    assert {"w", "b", "Mul", "Add", "Pow"} <= texts


def test_leaves_of_many_numbers_are_drawn_side_by_side():
    """Whether a leaf has its box is a question of identity: == of two Tensors compares their numbers."""
    leaves = {name: tt.ones(2, 3, requires_grad=True) for name in "abcd"}
    a, b, c, d = leaves.values()
    texts = {text.get_text().split("\n")[0] for text in draw_graph((a * b + c * d).sum(), leaves).texts}
    assert set("abcd") < texts


def test_a_trace_sees_the_backward_pass_step_by_step():
    a = leaf(tt, 3)
    with Trace() as trace:
        b = a + a
        c = b * b
        d = b + c
        d.backward()
    assert [node for node, *_ in trace.steps] == [d.grad_fn, c.grad_fn, b.grad_fn]
    assert [trace.arrived(count).get(b.grad_fn) for count in range(4)] == [None, 1, 13, 13]
    assert trace.arrived()[a] == 26 and a not in trace.arrived(2)
    later = a + a
    assert set(trace.values) == {b.grad_fn, c.grad_fn, d.grad_fn} and later.grad_fn not in trace.values


def test_a_drawing_shows_each_use_values_and_gradients():
    a = leaf(tt, 3)
    with Trace() as trace:
        b = a + a
        d = b + b * b
        d.backward()
    ax = draw_graph(d, {"a": a, "b": b}, trace)
    texts = [text.get_text() for text in ax.texts]
    assert {"a\n3\ngrad 26", "b = Add\n6\ngrad 13", "Mul\n36\ngrad 1", "Add\n42\ngrad 1"} < set(texts)
    assert texts.count("") == 6, "an arrow for each use, two from a"
    assert "a\n3" in [text.get_text() for text in draw_graph(d, {"a": a}, trace, step=2).texts]


def test_no_arrow_runs_behind_a_box():
    x = leaf(tt, 2)
    y = ((x * 3.0 + 1.0).exp() + x + x * x) * (x - 1.0).exp()
    ax = draw_graph(y)
    lines = [line.get_xydata() for line in ax.lines]
    lines += [np.array([text.xyann, text.xy]) for text in ax.texts if not text.get_text()]
    boxes = np.array([(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in ax.patches])
    for start, end in (pair for line in lines for pair in itertools.pairwise(line)):
        points = start + np.linspace(0, 1, 50)[:, None, None] * (end - start)
        low, high = boxes[:, :2] + 1e-6, boxes[:, :2] + boxes[:, 2:] - 1e-6
        assert not ((points > low) & (points < high)).all(-1).any()


@pytest.mark.parametrize("t", [tt, torch])
def test_hooks_after_accumulation(t):
    """An optimizer for each parameter, which steps as soon as its gradient is there and gives the memory back."""
    t.manual_seed(0)
    model, seen = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Linear(4, 2)), []
    optimizers = {p: t.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step(p):
        seen.append((tuple(p.shape), p.grad is not None))
        optimizers[p].step()
        optimizers[p].zero_grad()

    handles = [p.register_post_accumulate_grad_hook(step) for p in model.parameters()]
    before = [p.detach().clone() for p in model.parameters()]
    model(t.ones(2, 3)).sum().backward()
    assert sorted(seen) == [((2,), True), ((2, 4), True), ((4,), True), ((4, 3), True)]
    assert all(p.grad is None and not t.equal(p, old) for p, old in zip(model.parameters(), before))
    for handle in handles:
        handle.remove()
    model(t.ones(2, 3)).sum().backward()
    assert len(seen) == 4 and all(p.grad is not None for p in model.parameters())
    with pytest.raises(RuntimeError, match="non-leaf"):
        (model[0].weight * 2).register_post_accumulate_grad_hook(step)
    with pytest.raises(RuntimeError, match="doesn't require grad"):
        t.ones(2).register_post_accumulate_grad_hook(step)
