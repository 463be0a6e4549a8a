"""One call on tinytorch and on PyTorch: values, dtypes, first and second derivatives, several layouts in memory."""

import numpy as np
import torch

import tinytorch as tt

LAYOUTS = ("plain", "transposed", "strided")


def laid_out(t, array, layout):
    """(leaf, tensor with the values of `array`): the tensor is the leaf, or a view of it that is not contiguous."""
    if layout == "transposed" and array.ndim > 1:
        leaf = t.tensor(np.ascontiguousarray(array.T), requires_grad=True)
        return leaf, leaf.permute(*reversed(range(array.ndim)))
    if layout == "strided" and array.ndim:
        leaf = t.tensor(np.repeat(array, 2, -1), requires_grad=True)
        return leaf, leaf[..., ::2]
    leaf = t.tensor(array, requires_grad=True)
    return leaf, leaf


def listed(output):
    return list(output) if isinstance(output, (tuple, list)) else [output]


def same(ours, theirs, rtol=1e-5, atol=1e-6, what=""):
    ours, theirs = listed(ours), listed(theirs)
    assert len(ours) == len(theirs), f"{what}: {len(ours)} results, PyTorch has {len(theirs)}"
    for a, b in zip(ours, theirs, strict=True):
        assert isinstance(a, tt.Tensor), f"{what}: a {type(a).__name__}"
        assert a.shape == tuple(b.shape), f"{what}: shape {a.shape}, PyTorch has {tuple(b.shape)}"
        assert a.dtype.name == str(b.dtype)[6:], f"{what}: {a.dtype}, PyTorch has {b.dtype}"
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=atol, err_msg=what)


def derivatives(t, call, arrays, layout, twice):
    leaves, inputs = zip(*(laid_out(t, array, layout) for array in arrays), strict=True)
    outputs = listed(call(t, *[x * x / 2 + x for x in inputs] if twice else inputs))
    rng = np.random.default_rng(0)
    total = sum((y * t.tensor(np.asarray(rng.standard_normal(tuple(y.shape)), arrays[0].dtype))).sum() for y in outputs)
    grad = t.autograd.grad
    first = grad(total, leaves, create_graph=twice, allow_unused=True)
    found = [g for g in first if g is not None]
    second = [None] * len(leaves)
    if twice and found:
        again = sum(
            (g * t.tensor(np.asarray(rng.standard_normal(tuple(g.shape)), arrays[0].dtype))).sum() for g in found
        )
        second = grad(again, leaves, allow_unused=True)
    return outputs, [*first, *second]


def alike(call, *arrays, layouts=LAYOUTS, twice=True, kinds=("float32", "float64")):
    """`call(t, *tensors)` gives the same with t = tinytorch and t = torch, forward, backward, and twice."""
    for kind in kinds:
        for layout in layouts:
            for again in (False, True) if twice else (False,):
                given = [np.asarray(a, kind) for a in arrays]
                (ours, our_grads), (theirs, their_grads) = (
                    derivatives(t, call, given, layout, again) for t in (tt, torch)
                )
                what = f"{kind}, {layout}, shapes {[a.shape for a in given]}"
                rtol = 1e-4 if kind == "float32" else 1e-9
                same(ours, theirs, rtol, 1e-5, what)
                for i, (a, b) in enumerate(zip(our_grads, their_grads, strict=True)):
                    a = np.zeros(tuple(b.shape)) if a is None and b is not None else a
                    b = torch.zeros(a.shape, dtype=getattr(torch, kind)) if b is None and a is not None else b
                    if a is not None:
                        a = tt.tensor(a, dtype=getattr(tt, kind)) if isinstance(a, np.ndarray) else a
                        same(
                            a,
                            b,
                            rtol * 10,
                            1e-4,
                            f"{what}, {'gradient' if i < len(given) else 'second derivative'} {i}",
                        )


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)
