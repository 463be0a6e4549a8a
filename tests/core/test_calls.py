"""Forms of calls that public programs use: numpy's names of arguments, `out=`, sizes by name, old orders of arguments."""

import warnings

import numpy as np
import pytest
import torch

import tinytorch as tt

X = np.array([[3.0, 1.0, 2.0], [0.5, -1.0, 4.0]], np.float32)

CALLS = {
    "rand size": lambda t, x: t.rand(size=(2, 3)) * 0,
    "randn size": lambda t, x: t.randn(size=(2, 3), pin_memory=False) * 0,
    "zeros size": lambda t, x: t.zeros(size=(2, 3)),
    "ones size": lambda t, x: t.ones(size=[2]),
    "empty size": lambda t, x: t.empty(size=(0, 2), memory_format=t.contiguous_format, pin_memory=False),
    "full size": lambda t, x: t.full(size=(2,), fill_value=3.0),
    "randint positions": lambda t, x: t.randint(0, 1, (2, 2)),
    "randint size": lambda t, x: t.randint(0, 1, size=(2,)),
    "tensor pin_memory": lambda t, x: t.tensor([1.0], pin_memory=False),
    "flip dims": lambda t, x: x.flip(dims=(0, 1)),
    "squeeze axis": lambda t, x: x[None].squeeze(axis=0),
    "unsqueeze axis": lambda t, x: t.unsqueeze(x, axis=1) if t is tt else x.unsqueeze(1),
    "softmax axis": lambda t, x: t.softmax(x, axis=-1),
    "log_softmax axis": lambda t, x: t.log_softmax(x, axis=0),
    "argsort axis": lambda t, x: x.argsort(axis=0),
    "sort axis": lambda t, x: t.sort(x, axis=1)[0],
    "argmax axis": lambda t, x: x.argmax(axis=1),
    "cat axis": lambda t, x: t.cat([x, x], axis=1),
    "concat axis": lambda t, x: t.concat((x, x), axis=0),
    "stack axis": lambda t, x: t.stack([x, x], axis=1),
    "chunk axis": lambda t, x: t.chunk(x, 3, axis=1)[1],
    "split axis": lambda t, x: t.split(x, 2, dim=1)[1],
    "sum axis": lambda t, x: x.sum(axis=1, keepdims=True),
    "mean dtype": lambda t, x: t.mean(x, dtype=t.float64),
    "mean axis": lambda t, x: t.mean(x, axis=0, keepdim=True),
    "max axis": lambda t, x: t.max(x, axis=1)[1],
    "cumsum axis": lambda t, x: t.cumsum(x, axis=1),
    "norm axis": lambda t, x: t.norm(x, dim=1),
    "unbind": lambda t, x: t.unbind(x, dim=1)[2],
    "tensor_split indices": lambda t, x: t.tensor_split(x, indices=(1,), dim=1)[1],
    "numpy force": lambda t, x: t.tensor(x.requires_grad_().numpy(force=True)),
    "add_ old": lambda t, x: t.zeros(2, 3).add_(2, x),
    "add old": lambda t, x: t.add(x, 0.5, x),
    "method add old": lambda t, x: x.add(0.5, x),
    "sub_ old": lambda t, x: t.zeros(2, 3).sub_(2, x),
    "addcmul_ old": lambda t, x: t.zeros(2, 3).addcmul_(0.5, x, x),
    "addcdiv_ old": lambda t, x: t.zeros(2, 3).addcdiv_(-0.5, x, x + 2),
    "addcdiv old": lambda t, x: t.addcdiv(x, 2, x, x + 2),
    "add out": lambda t, x: t.add(x, x, out=t.empty(2, 3)),
    "add alpha out": lambda t, x: t.add(x, x, alpha=2, out=t.zeros(2, 3)),
    "add out of another size": lambda t, x: t.add(x, x, out=t.empty(0)),
    "add out of another dtype": lambda t, x: t.add(x, x, out=t.empty(2, 3, dtype=t.float64)),
    "mul out": lambda t, x: t.mul(x, 2, out=t.empty(2, 3)),
    "sub out": lambda t, x: t.sub(x, 2, out=t.empty(2, 3)),
    "div out": lambda t, x: t.div(x, 2, out=t.empty(2, 3)),
    "matmul out": lambda t, x: t.matmul(x, x.t(), out=t.empty(2, 2)),
    "mm out": lambda t, x: t.mm(x, x.t(), out=t.empty(2, 2)),
    "maximum out": lambda t, x: t.maximum(x, x * 2, out=t.empty(2, 3)),
    "max out": lambda t, x: t.max(x, 1, out=(t.empty(0), t.empty(0, dtype=t.int64)))[1],
    "cat out": lambda t, x: t.cat([x, x], out=t.empty(0)),
    "stack out": lambda t, x: t.stack([x, x], 0, out=t.empty(2, 2, 3)),
    "exp out": lambda t, x: t.exp(x, out=x),
    "sin out of a view": lambda t, x: t.sin(x[:, 0], out=x[:, 1]),
    "sum out": lambda t, x: t.sum(x, 0, out=t.empty(3)),
    "rand out": lambda t, x: t.rand(2, 3, out=t.empty(2, 3)) * 0,
    "arange out": lambda t, x: t.arange(3, out=t.empty(3)),
    "zeros out": lambda t, x: t.zeros(3, out=t.ones(3)),
    "linspace out": lambda t, x: t.linspace(0, 1, 3, out=t.empty(0)),
    "eye out": lambda t, x: t.eye(2, out=t.empty(0)),
    "clamp out": lambda t, x: t.clamp(x, 0, 1, out=x),
    "where out": lambda t, x: t.where(x > 1, x, x * 0, out=x),
    "index_select out": lambda t, x: t.index_select(x, 1, t.tensor([0]), out=t.empty(0)),
    "gather out": lambda t, x: t.gather(x, 1, t.tensor([[0], [1]]), out=t.empty(0)),
    "eq out": lambda t, x: t.eq(x, x, out=t.empty(0, dtype=t.bool)),
    "range": lambda t, x: t.range(1, 3),
    "input by name": lambda t, x: t.add(input=x, other=x),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    ours, theirs = (CALLS[name](t, t.tensor(X)) for t in (tt, torch))
    assert str(ours.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1] and tuple(ours.shape) == tuple(
        theirs.shape
    )
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6)


def test_out_is_what_is_returned():
    for t in (tt, torch):
        out = t.zeros(2, 3)
        assert t.add(t.ones(2, 3), 1, out=out) is out and out.sum().item() == 12
        first = out[0]
        t.mul(out, 2, out=out)
        assert first.tolist() == [4, 4, 4]
        with pytest.raises(RuntimeError, match="can't be cast"):
            t.add(t.ones(2), 1.5, out=t.zeros(2, dtype=t.int64))
        with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
            t.add(t.ones(2, requires_grad=True), 1, out=t.zeros(2))
        with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
            t.add(t.ones(2), 1, out=t.zeros(2, requires_grad=True))
        with t.no_grad():
            assert t.add(t.ones(2, requires_grad=True), 1, out=t.zeros(2)).tolist() == [2, 2]


def test_the_old_order_is_warned_of():
    with pytest.warns(UserWarning, match="deprecated"):
        tt.zeros(2).add_(2, tt.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tt.zeros(2).add_(tt.ones(2), alpha=2)


def test_gradients_with_old_arguments():
    for t in (tt, torch):
        x = t.tensor([1.0, 2.0], requires_grad=True)
        (g,) = t.autograd.grad(
            outputs=(x * x).sum(),
            inputs=x,
            grad_outputs=t.tensor(1.0),
            create_graph=True,
            retain_graph=True,
            only_inputs=True,
        )
        assert g.tolist() == [2, 4]
        y = t.tensor([1.0], requires_grad=True)
        assert t.autograd.grad(x.sum(), [x, y], allow_unused=True, materialize_grads=True)[1].tolist() == [0]
        z = t.tensor([0.5, 1.5], dtype=t.float64, requires_grad=True)
        assert t.autograd.gradcheck(
            lambda z: z.exp(), (z,), check_batched_grad=False, check_undefined_grad=False, fast_mode=False,
            check_backward_ad=True, check_forward_ad=False, nondet_tol=0.0,
        )  # fmt: skip
        w = t.tensor([1 + 2j, -0.5j], dtype=t.complex128, requires_grad=True)
        assert t.autograd.gradcheck(lambda w: (w * w).exp().abs(), (w,)) and t.autograd.gradcheck(
            lambda w: w * w.conj(), w
        )
