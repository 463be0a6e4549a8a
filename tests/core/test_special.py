"""Special functions: corners, beside PyTorch's; their samples and derivatives are in test_op_samples and test_registry."""

import math

import numpy as np
import pytest
import torch

import tinytorch as tt

CORNERS = [0.0, -0.0, -1.0, -2.0, 0.5, 1.0, 2.0, -2.3, 1e-30, 1e30, math.inf, -math.inf, math.nan]
NAMES = """
    digamma entr erfc erfcx erfinv gammaln i0 i0e i1 i1e log_ndtr logit ndtr ndtri sinc bessel_j1 modified_bessel_k0
""".split()


def same(ours, theirs, rtol=1e-5):
    assert ours.shape == tuple(theirs.shape) and str(ours.dtype)[10:] == str(theirs.dtype)[6:]
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=1e-30)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_corners(name, kind):
    same(*(getattr(t.special, name)(t.tensor(CORNERS, dtype=getattr(t, kind))) for t in (tt, torch)))


@pytest.mark.parametrize("name", NAMES)
def test_integers_become_float32(name):
    same(*(getattr(t.special, name)(t.tensor([[0, 1], [2, 3]])) for t in (tt, torch)))


def test_nothing_times_a_logarithm():
    x, y = [0.0, 0.0, 0.0, 2.0, math.nan], [0.0, math.nan, -1.0, 0.0, 1.0]
    for name in ("xlogy", "xlog1py"):
        results = []
        for t in (tt, torch):
            a, b = (t.tensor(values, requires_grad=True) for values in (x, y))
            result = getattr(t.special, name)(a, b)
            results.append([result, *t.autograd.grad(result.sum(), (a, b))])
        for ours, theirs in zip(*results):
            same(ours, theirs)
    assert tt.xlogy(2, tt.tensor(3)).item() == pytest.approx(2 * math.log(3))
    with pytest.raises(TypeError, match="expected a Tensor"):
        tt.xlogy(1.0, 2.0)
    with pytest.raises(RuntimeError, match="do not broadcast"):
        tt.xlogy(tt.ones(2), tt.ones(3))


def test_orders_and_dimensions():
    x = tt.tensor([0.4, 3.0])
    for n in range(5):
        same(tt.polygamma(n, x), torch.polygamma(n, torch.tensor([0.4, 3.0])), rtol=1e-5)
        same(x.polygamma(n), torch.tensor([0.4, 3.0]).polygamma(n), rtol=1e-5)
    with pytest.raises(RuntimeError, match="negative n"):
        tt.polygamma(-1, x)
    same(tt.mvlgamma(x + 1, 3), torch.mvlgamma(torch.tensor([1.4, 4.0]), 3))
    with pytest.raises(RuntimeError, match="greater than or equal to 1"):
        tt.mvlgamma(x, 0)


def test_in_place():
    for name, args in [
        ("lgamma", ()),
        ("digamma", ()),
        ("erfc", ()),
        ("logit", (0.2,)),
        ("polygamma", (1,)),
        ("xlogy", (2.0,)),
    ]:
        ours, theirs = (t.tensor([0.3, 0.7]) for t in (tt, torch))
        assert getattr(ours, f"{name}_")(*args) is ours
        same(ours, getattr(theirs, f"{name}_")(*args))


def test_what_has_no_derivative_says_so():
    x = tt.tensor([0.5, 1.5], requires_grad=True)
    one = tt.ones(2)
    for name, result in {
        "bessel_j0": tt.special.bessel_j0(x),
        "airy_ai": tt.special.airy_ai(x),
        "hermite_polynomial_h": tt.special.hermite_polynomial_h(x, 2),
        "igamma: input": tt.igamma(x, one),
        "igammac: input": tt.igammac(x, one),
        "zeta: self": tt.special.zeta(x + 1, one),
    }.items():
        with pytest.raises(NotImplementedError, match=f"derivative for '{name}'"):
            result.sum().backward()


def test_degrees():
    x = np.linspace(-1.5, 1.5, 7)
    for name in [name for name in dir(torch.special) if "polynomial" in name]:
        for n in ([0, 1, 2, 5, -1, 3, 4], 3, 2.7):
            n_of = lambda t, n=n: t.tensor(n) if isinstance(n, list) else n
            same(*(getattr(t.special, name)(t.tensor(x), n_of(t)) for t in (tt, torch)), rtol=1e-12)
    same(*(t.special.legendre_polynomial_p(0.5, t.tensor([0, 1, 2])) for t in (tt, torch)))


def test_the_slope_of_log_ndtr_far_on_the_left():
    """The quotient of the density and the chance, both of which are 0 in floats."""
    x = tt.tensor([-50.0, -300.0, 3.0, 50.0], dtype=tt.float64, requires_grad=True)
    (slope,) = tt.autograd.grad(tt.special.log_ndtr(x).sum(), x)
    np.testing.assert_allclose(slope.tolist()[:2], [50.01998, 300.00333], rtol=1e-6)
    assert 0 < slope.tolist()[2] < 0.005 and slope.tolist()[3] == 0
