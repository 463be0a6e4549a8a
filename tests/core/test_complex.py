"""Complex numbers and their derivatives, as in PyTorch: d/dx + i d/dy."""

import warnings

import numpy as np
import pytest
import torch

import tinytorch as tt

CALLS = {
    "add": lambda t, z, w: z + w * 2 + 1j,
    "sub": lambda t, z, w: 1j - z - w,
    "mul": lambda t, z, w: z * w,
    "div": lambda t, z, w: z / w,
    "pow": lambda t, z, w: z**2 + w**0.5,
    "pow of two": lambda t, z, w: z**w,
    "neg": lambda t, z, w: -z,
    "exp": lambda t, z, w: z.exp(),
    "log": lambda t, z, w: z.log(),
    "sqrt": lambda t, z, w: z.sqrt(),
    "trigonometry": lambda t, z, w: z.sin() + w.cos() * z.tan(),
    "hyperbolic": lambda t, z, w: z.sinh() * w.cosh() + z.tanh(),
    "sigmoid": lambda t, z, w: z.sigmoid(),
    "reciprocal": lambda t, z, w: z.reciprocal() + w.rsqrt(),
    "sum": lambda t, z, w: z.sum(0),
    "mean": lambda t, z, w: z.mean(),
    "prod": lambda t, z, w: z.prod(),
    "cumsum": lambda t, z, w: z.cumsum(0),
    "matmul": lambda t, z, w: z.reshape(1, 3) @ w.reshape(3, 1),
    "einsum": lambda t, z, w: t.einsum("i,j->ij", z, w),
    "broadcast": lambda t, z, w: z * w.reshape(3, 1),
    "views": lambda t, z, w: z[1:].reshape(2, 1).T.expand(2, 2),
    "cat": lambda t, z, w: t.cat([z, w, z]),
    "where": lambda t, z, w: t.where(t.tensor([True, False, True]), z, w),
    "gather": lambda t, z, w: z[[0, 0, 2]],
    "abs": lambda t, z, w: z.abs(),
    "angle": lambda t, z, w: z.angle(),
    "sgn": lambda t, z, w: z.sgn() * w,
    "conj": lambda t, z, w: z.conj() * w,
    "parts": lambda t, z, w: z.real * w.imag,
    "as real": lambda t, z, w: t.view_as_real(z) * t.tensor([1.0, 2.0], dtype=t.float64),
    "to real and back": lambda t, z, w: t.view_as_complex(t.view_as_real(z).flip(0).contiguous()),
    "complex": lambda t, z, w: t.complex(z.real, w.abs()),
    "polar": lambda t, z, w: t.polar(z.abs(), w.imag),
    "norm": lambda t, z, w: z.norm() + w.norm(1),
    "var": lambda t, z, w: z.var() + w.std(),
    "mH": lambda t, z, w: z.reshape(1, 3).mH @ w.reshape(1, 3),
    "vdot": lambda t, z, w: t.vdot(z, w),
    "dot": lambda t, z, w: t.dot(z, w),
    "to float": lambda t, z, w: z.to(t.float64),
    "in place": lambda t, z, w: (z * 1).mul_(w).add_(1j),
    "linear": lambda t, z, w: t.nn.functional.linear(z, w.reshape(1, 3)),
}
NUMBERS = np.array([[1 + 2j, -0.5 + 0.25j, 0.75 - 1j], [0.5 - 0.5j, 2 + 1j, -1 - 0.5j]])


def upstream(y):
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal(tuple(y.shape))
    return numbers + 1j * rng.standard_normal(tuple(y.shape)) if y.is_complex() else numbers


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore:Casting complex values")
def test_values_and_derivatives(name):
    results = []
    for t in (tt, torch):
        z, w = (t.tensor(row, requires_grad=True) for row in NUMBERS)
        y = CALLS[name](t, z, w)
        grads = t.autograd.grad(y, [z, w], t.tensor(upstream(y)), create_graph=True, allow_unused=True)
        grads = [t.zeros_like(x) if g is None else g for g, x in zip(grads, (z, w))]
        total = sum((g * g.conj()).real.sum() for g in grads)
        twice = [t.zeros_like(z)] * 2
        if total.requires_grad:
            twice = t.autograd.grad(total, [z, w], allow_unused=True)
            twice = [t.zeros_like(z) if g is None else g for g in twice]
        results.append([x.detach().resolve_conj().numpy() for x in (y, *grads, *twice)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["mul", "exp", "abs", "sgn", "matmul", "angle", "var"])
def test_derivatives_by_differences(name):
    """dL = Re(conj(grad) dz), for a small dz in any direction."""
    z, w = (tt.tensor(row, requires_grad=True) for row in NUMBERS)
    size = lambda z: float((CALLS[name](tt, z, w.detach()).abs() ** 2).sum())
    (CALLS[name](tt, z, w).abs() ** 2).sum().backward()
    for direction in (1, 1j, 0.6 - 0.8j):
        step = np.array([1e-6 * direction, 0, 0])
        at = z.detach().numpy()
        slope = (size(tt.tensor(at + step)) - size(tt.tensor(at - step))) / 2e-6
        assert slope == pytest.approx((z.grad.numpy().conj() * step).real.sum() * 1e6, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", ["lt", "max", "min", "sort", "argmax", "argmin", "topk", "floor", "ceil", "trunc", "round", "clamp",
                                  "relu", "sign", "maximum", "remainder", "floor_divide", "median", "erf", "atan2", "softmax",
                                  "cummax", "fmod"])  # fmt: skip
def test_what_has_no_meaning_is_refused(name):
    """None of two complex numbers is the larger one."""
    arguments = {"lt": 1, "maximum": 1, "atan2": 1, "topk": 2, "clamp": 3, "remainder": 4, "fmod": 4, "floor_divide": 4, "softmax": 5,
                 "cummax": 5}.get(name)  # fmt: skip
    for t in (tt, torch):
        z = t.tensor([1j, 2.0])
        if not hasattr(z, name):
            assert t is tt
            continue
        args = {None: (), 1: (z,), 2: (1,), 3: (0, 1), 4: (2,), 5: (0,)}[arguments]
        with pytest.raises((RuntimeError, NotImplementedError)):
            getattr(z, name)(*args)


def test_real_tensors_among_them():
    for t in (tt, torch):
        x = t.tensor([1.0, -2.0], requires_grad=True)
        z = t.tensor([1 + 1j, 2j], requires_grad=True)
        y = x * z
        y.backward(t.tensor([1 + 0j, 1j]))
        assert x.grad.dtype is t.float32 and x.grad.tolist() == [1, 2] and z.grad.tolist() == [1, -2j]
        assert x.conj() is x and x.real is x and not x.is_complex() and z.is_complex() and t.is_complex(z)
        assert x.angle().tolist() == pytest.approx([0, np.pi]) and t.isreal(z).tolist() == [False, False]
        with pytest.raises(RuntimeError, match="imag is not implemented"):
            x.imag
        with pytest.raises(RuntimeError):
            t.view_as_real(x)


def test_parts_are_views():
    for t in (tt, torch):
        z = t.tensor([1 + 2j, 3 + 4j])
        z.real.mul_(10)
        z.imag[0] = 7
        t.view_as_real(z)[1, 1] = -1
        z.real += 1
        assert z.tolist() == [11 + 7j, 31 - 1j]
        pairs = t.tensor([[1.0, 2.0], [3.0, 4.0]])
        t.view_as_complex(pairs).mul_(1j)
        assert pairs.tolist() == [[-2, 1], [-4, 3]]


def test_changes_of_a_part_cannot_be_recorded():
    z = tt.tensor([1 + 2j], requires_grad=True) * 1
    with pytest.raises(NotImplementedError, match="cannot be recorded"):
        z.real.mul_(2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t: t.view_as_complex(t.zeros(2, 3)),
        lambda t: t.view_as_complex(t.zeros(2, 2).t()),
        lambda t: t.view_as_complex(t.zeros(3, 3)[:, :2]),
        lambda t: t.view_as_complex(t.zeros(2, 2, dtype=t.int64)),
        lambda t: t.complex(t.zeros(2), t.zeros(2).double()),
        lambda t: t.complex(t.zeros(2).long(), t.zeros(2).long()),
        lambda t: t.polar(t.zeros(2), t.zeros(2).double()),
        lambda t: t.tensor([1j], requires_grad=True).sum().backward(),
        lambda t: t.zeros(2, 2, 3).H,
        lambda t: t.zeros(3).mH,
    ],
)
def test_errors(wrong):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            wrong(t)


def test_conversions():
    for t in (tt, torch):
        z = t.tensor([1 + 2j, 0j])
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            x = z.float()
        assert t is torch or "discards the imaginary part" in str(noted[0].message)  # PyTorch says so once
        assert x.tolist() == [1, 0] and x.dtype is t.float32 and z.bool().tolist() == [True, False]
        assert t.tensor([1.0]).cfloat().dtype is t.complex64 and t.tensor([1.0]).cdouble().dtype is t.complex128
        assert complex(z[0]) == 1 + 2j == z[0].item() and float(t.tensor(2 + 0j)) == 2
        for convert in (float, int):
            with pytest.raises((RuntimeError, TypeError)):
                convert(z[0])
        assert bool(z[0]) and not bool(z[1])


def test_a_phase_is_learnt():
    """Gradient descent on the phases and sizes of three waves that shall add up to a signal."""
    steps = tt.arange(32) / 32
    target = tt.sin(steps * 2 * np.pi * 3 + 0.7) * 2
    weights = tt.tensor([0.1 + 0j] * 3, requires_grad=True)
    waves = tt.stack([tt.polar(tt.ones(32), steps * 2 * np.pi * k) for k in (1, 2, 3)])
    optimizer = tt.optim.SGD([weights], lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        loss = (((weights[:, None] * waves).sum(0).real - target) ** 2).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-6 and weights[2].abs().item() == pytest.approx(2, rel=1e-3)
