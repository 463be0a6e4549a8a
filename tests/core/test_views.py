"""Views that are taken, kept and used while their base and its other views change in place, against PyTorch."""

import numpy as np
import pytest
import torch
from against_torch import same
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt

VIEWS = [
    lambda v: v[0],
    lambda v: v[-1:],
    lambda v: v[..., 1:],
    lambda v: v[..., ::2],
    lambda v: v.unsqueeze(0),
    lambda v: v.t() if v.ndim == 2 else v[None],
    lambda v: v.permute(*reversed(range(v.ndim))),
    lambda v: v[None].expand(2, *v.shape),
    lambda v: v.expand(3, *v.shape)[1],
    lambda v: v.detach(),
]
CHANGES = [
    lambda t, v, w: v.mul_(2),
    lambda t, v, w: v.add_(w[0]),
    lambda t, v, w: v.mul_(w[1]),
    lambda t, v, w: v.fill_(w[2]),
    lambda t, v, w: v.zero_(),
    lambda t, v, w: v.square_(),
    lambda t, v, w: v.__setitem__(0, w[0]),
    lambda t, v, w: v.__setitem__((..., 0), 3.0),
    lambda t, v, w: v.copy_(v.detach().clone() * w[1]),
]


def taken(program, t, tracked):
    """Run steps on a pool of views that grows: (view it, of which) or (change it, which). Returns base, pool, leaves, refusals."""
    x = t.tensor(np.arange(1.0, 13.0).reshape(3, 4), requires_grad=True)
    w = t.tensor([0.5, 1.5, 2.5], dtype=t.float64, requires_grad=True)
    pool = [x * 1 if tracked else t.ones(3, 4, dtype=t.float64)]
    refused = []
    for is_view, step, which in program:
        v = pool[which % len(pool)]
        try:
            if is_view:
                pool.append(VIEWS[step % len(VIEWS)](v))
            else:
                assert (
                    v.grad_fn is None or v.requires_grad
                )  # PyTorch renews what it is asked for, and does not ask itself here
                CHANGES[step % len(CHANGES)](t, v, w)
        except (RuntimeError, IndexError) as error:
            refused.append(type(error))
    return pool, (x, w), refused


steps = st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9))


@settings(max_examples=120, deadline=None)
@given(st.lists(steps, min_size=1, max_size=9), st.booleans(), st.randoms(use_true_random=False))
def test_programs_that_keep_views(program, tracked, random):
    last = random.randrange(10)
    results = []
    for t in (tt, torch):
        pool, leaves, refused = taken(program, t, tracked)
        chosen = pool[last % len(pool)]
        state = [chosen.requires_grad, refused]
        total = (
            sum((i + 1) * (v * v).sum() for i, v in enumerate(pool))
            + (chosen**3).sum()
            + 0 * (leaves[0].sum() + leaves[1].sum())
        )
        total.backward()
        results.append((state, [*pool, *(x.grad for x in leaves)]))
    (ours, mine), (theirs, others) = results
    assert ours == theirs
    same(mine, others, rtol=1e-9)


def test_views_of_views_are_renewed_along_the_chain():
    for t in (torch, tt):
        x = t.ones(4, 3, requires_grad=True)
        y = x * 2
        rows, first = y[1:], y[1:][0]
        corner = first[:2]
        y.mul_(3)
        rows[0].mul_(5)
        assert corner.tolist() == [30, 30]
        corner.sum().backward()
        assert x.grad.tolist() == [[0, 0, 0], [30, 30, 0], [0, 0, 0], [0, 0, 0]]


def test_a_view_begins_to_require_grad_with_its_base():
    for t in (torch, tt):
        w = t.ones(3, requires_grad=True)
        buffer = t.zeros(2, 3)
        row = buffer[1]
        assert not row.requires_grad
        buffer.copy_(w)
        assert row.requires_grad
        row.sum().backward()
        assert w.grad.tolist() == [1, 1, 1]


def test_what_pytorch_refuses():
    for t in (torch, tt):
        w = t.ones(4, requires_grad=True)
        with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
            w[:2].add_(1)
        y = w * 1
        with t.no_grad():
            view = y[0]
        with pytest.raises(RuntimeError, match="created in no_grad mode and is being modified inplace"):
            view.mul_(2)
        y.mul_(2)
        with pytest.raises(RuntimeError, match="created in no_grad mode and its base"):
            view * 2
        first, _ = (w * 1).chunk(2)
        with pytest.raises(RuntimeError, match="returns multiple views"):
            first.add_(1)
        y = w * 1
        first = y.unbind()[0]
        y.add_(1)
        with pytest.raises(RuntimeError, match="returns multiple views"):
            first * 2
        with t.no_grad():
            assert (view * 2).item() == 4, "nobody asks for its history"


def test_parts_of_expanded_tensors():
    for t in (torch, tt):
        x = t.zeros(4)
        wide = x.expand(3, 4)
        wide[0] = 1
        wide[2].add_(1)
        assert x.tolist() == [2, 2, 2, 2]
        for change in (lambda w: w.add_(1), lambda w: w[:, 0].mul_(2), lambda w: w.__setitem__((slice(None), 0), 1)):
            with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
                change(wide)
        wide.fill_(5)
        wide[:, 0].zero_()
        assert x.tolist() == [0, 5, 5, 5]
        w = t.ones(4, requires_grad=True)
        y = w * 1
        wide = y.expand(3, 4)
        wide[1] *= 3
        (y * 2 + wide.sum(0)).sum().backward()
        assert w.grad.tolist() == [15, 15, 15, 15]


def test_hooks_stay_with_the_value_and_retain_grad_moves():
    for t in (torch, tt):
        seen = []
        x = t.ones(2, requires_grad=True)
        y = x * 1
        y.retain_grad()
        y.retain_grad()
        y.register_hook(lambda g, seen=seen: seen.append(("old", g.tolist())))
        y.mul_(3)
        y.register_hook(lambda g: g * 2)
        assert y.retains_grad
        y.sum().backward()
        assert y.grad.tolist() == [2, 2], "the hooks come first"
        assert seen == [("old", [6, 6])] and x.grad.tolist() == [6, 6]

        y = x * 1
        y.retain_grad()
        y[0].mul_(3)
        y[1] = 7
        (y * 2).sum().backward()
        assert y.grad.tolist() == [2, 2]

        y = x * 1
        view = y[1:]
        view.retain_grad()
        y.mul_(3)
        (view * 2).sum().backward()
        assert view.grad.tolist() == [2]
        with pytest.raises(RuntimeError, match="can't retain_grad"):
            t.ones(2).retain_grad()


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda t, g: g[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (lambda t, g: g[None], RuntimeError, "has changed the size of value"),
        (lambda t, g: g.double(), RuntimeError, "has changed the type of value"),
        (lambda t, g: g.long(), RuntimeError, "has changed the type of value"),
        (lambda t, g: 3, TypeError, "hook.* returned 'int'"),
    ],
)
def test_a_hook_returns_a_gradient_of_the_same_kind(wrong, error, words):
    for t in (torch, tt):
        for on_leaf in (True, False):
            x = t.ones(3, requires_grad=True)
            y = x * 2
            (x if on_leaf else y).register_hook(lambda g, t=t: wrong(t, g))
            with pytest.raises(error, match=words):
                y.sum().backward()
            assert x.grad is None


def test_the_gradient_given_to_backward():
    for t in (torch, tt):
        for kind in ("float64", "int64", "float32"):
            x = t.ones(3, requires_grad=True)
            (x * 2).backward(t.ones(3, dtype=getattr(t, kind)))
            assert x.grad.tolist() == [2, 2, 2] and x.grad.dtype is t.float32
            (got,) = t.autograd.grad(x * 2, x, t.ones(3, dtype=getattr(t, kind)))
            assert got.dtype is t.float32
        for wrong in (t.ones(1, 3), t.tensor(1.0), t.ones(2)):
            with pytest.raises(RuntimeError, match="Mismatch in shape"):
                (x * 2).backward(wrong)
        with pytest.raises(TypeError):
            (x * 2).backward([1.0, 2, 3])


AS_OTHER_NUMBERS = [
    lambda t, x: x.view(t.int32),
    lambda t, x: x.view(t.uint8),
    lambda t, x: x.view(t.float64),
    lambda t, x: x.view(dtype=t.complex64),
    lambda t, x: x.t().view(t.int32),
    lambda t, x: x[:, :2].view(t.int64),
    lambda t, x: x[1].view(t.int16),
    lambda t, x: x[0, 1].view(t.int32),
]


@pytest.mark.parametrize("call", AS_OTHER_NUMBERS)
def test_bytes_as_numbers_of_another_dtype(call):
    ours, theirs = (t.arange(12.0).reshape(3, 4) for t in (tt, torch))
    other, expected = call(tt, ours), call(torch, theirs)
    np.testing.assert_array_equal(other.numpy(), expected.numpy())
    assert str(other.dtype).split(".")[1] == str(expected.dtype).split(".")[1]
    other.fill_(0)
    expected.fill_(0)  # the same memory
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x[:, :3].view(t.float64),
        lambda t, x: x.t().view(t.uint8),
        lambda t, x: x[0, 0].view(t.uint8),
    ],
)
def test_bytes_that_make_no_numbers_of_another_dtype(call):
    for t in (tt, torch):
        with pytest.raises(RuntimeError, match=r"self\..* to view .* as .* \(different element sizes\)"):
            call(t, t.arange(12.0).reshape(3, 4))


def test_bytes_as_other_numbers_have_no_history():
    for t in (tt, torch):
        assert not t.ones(2, requires_grad=True).view(t.int32).requires_grad
