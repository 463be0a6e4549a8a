"""torch.distributions: every distribution's methods beside PyTorch's, on drawn parameters, batches and events; draws; divergences."""

import itertools
import math
import warnings

import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch.autograd import gradcheck
from tinytorch.ops.gamma_sampling import dirichlet_slope, gamma_slope

warnings.filterwarnings("ignore", message="Ambiguous kl_divergence")


def covariance(rng, batch):
    a = rng.standard_normal((*batch, 3, 3))
    return a @ a.swapaxes(-1, -2) + np.eye(3)


KINDS = {  # kind of parameter -> (rng, batch) -> array
    "real": lambda rng, batch: rng.uniform(-2, 2, batch),
    "positive": lambda rng, batch: rng.uniform(0.3, 3, batch),
    "large": lambda rng, batch: rng.uniform(4.5, 9, batch),
    "above": lambda rng, batch: rng.uniform(2.5, 4, batch),
    "unit": lambda rng, batch: rng.uniform(0.1, 0.9, batch),
    "count": lambda rng, batch: np.full(batch, 5.0),
    "small": lambda rng, batch: rng.uniform(-0.4, 0.4, batch),
    "simplex": lambda rng, batch: rng.dirichlet([2.0, 1.0, 3.0], batch),
    "vector": lambda rng, batch: rng.uniform(-2, 2, (*batch, 3)),
    "positives": lambda rng, batch: rng.uniform(0.3, 3, (*batch, 3)),
    "matrix": lambda rng, batch: rng.standard_normal((*batch, 3, 2)),
    "covariance": covariance,
    "tril": lambda rng, batch: np.linalg.cholesky(covariance(rng, batch)),
}
EVENTS = {"simplex": 1, "vector": 1, "positives": 1, "matrix": 2, "covariance": 2, "tril": 2}

# name of the class, and of its parameters with their kinds; what stands in a tuple is handed over as it is
CASES = [
    ("Bernoulli", {"probs": "unit"}),
    ("Bernoulli", {"logits": "real"}),
    ("Beta", {"concentration1": "positive", "concentration0": "positive"}),
    ("Binomial", {"total_count": "count", "probs": "unit"}),
    ("Binomial", {"total_count": "count", "logits": "real"}),
    ("Categorical", {"probs": "simplex"}),
    ("Categorical", {"logits": "vector"}),
    ("Cauchy", {"loc": "real", "scale": "positive"}),
    ("Chi2", {"df": "positive"}),
    ("ContinuousBernoulli", {"probs": "unit"}),
    ("ContinuousBernoulli", {"logits": "real"}),
    ("Dirichlet", {"concentration": "positives"}),
    ("Exponential", {"rate": "positive"}),
    ("FisherSnedecor", {"df1": "positive", "df2": "large"}),
    ("Gamma", {"concentration": "positive", "rate": "positive"}),
    ("GeneralizedPareto", {"loc": "real", "scale": "positive", "concentration": "small"}),
    ("GeneralizedPareto", {"loc": "real", "scale": "positive", "concentration": (0.0,)}),
    ("Geometric", {"probs": "unit"}),
    ("Geometric", {"logits": "real"}),
    ("Gumbel", {"loc": "real", "scale": "positive"}),
    ("HalfCauchy", {"scale": "positive"}),
    ("HalfNormal", {"scale": "positive"}),
    ("InverseGamma", {"concentration": "large", "rate": "positive"}),
    ("Kumaraswamy", {"concentration1": "above", "concentration0": "above"}),
    ("LKJCholesky", {"dim": (3,), "concentration": "positive"}),
    ("Laplace", {"loc": "real", "scale": "positive"}),
    ("LogNormal", {"loc": "real", "scale": "unit"}),
    ("LogisticNormal", {"loc": "vector", "scale": "positives"}),
    ("LowRankMultivariateNormal", {"loc": "vector", "cov_factor": "matrix", "cov_diag": "positives"}),
    ("Multinomial", {"total_count": (4,), "probs": "simplex"}),
    ("Multinomial", {"total_count": (4,), "logits": "vector"}),
    ("MultivariateNormal", {"loc": "vector", "covariance_matrix": "covariance"}),
    ("MultivariateNormal", {"loc": "vector", "precision_matrix": "covariance"}),
    ("MultivariateNormal", {"loc": "vector", "scale_tril": "tril"}),
    ("NegativeBinomial", {"total_count": "positive", "probs": "unit"}),
    ("NegativeBinomial", {"total_count": "positive", "logits": "real"}),
    ("Normal", {"loc": "real", "scale": "positive"}),
    ("OneHotCategorical", {"probs": "simplex"}),
    ("OneHotCategoricalStraightThrough", {"logits": "vector"}),
    ("Pareto", {"scale": "positive", "alpha": "above"}),
    ("Poisson", {"rate": "positive"}),
    ("RelaxedBernoulli", {"temperature": "positive", "probs": "unit"}),
    ("RelaxedBernoulli", {"temperature": "positive", "logits": "real"}),
    ("RelaxedOneHotCategorical", {"temperature": (0.7,), "logits": "vector"}),
    ("StudentT", {"df": "large", "loc": "real", "scale": "positive"}),
    ("Uniform", {"low": "unit", "high": "positive"}),
    ("VonMises", {"loc": "real", "concentration": "positive"}),
    ("Weibull", {"scale": "positive", "concentration": "positive"}),
    ("Wishart", {"df": "large", "covariance_matrix": "covariance"}),
    ("Wishart", {"df": "large", "scale_tril": "tril"}),
    ("Wishart", {"df": "large", "precision_matrix": "covariance"}),
]
BATCHES = {"one": [()], "same": [(2, 3)], "broadcast": [(3,), (2, 1), ()]}
cases = pytest.mark.parametrize(("name", "parameters"), CASES, ids=[f"{n}-{'-'.join(p)}" for n, p in CASES])


def drawn(name, parameters, batches, seed=0):
    """{parameter: array, or what is handed over as it is}, with the batches in turn."""
    rng = np.random.default_rng([seed, len(name)])
    if name == "RelaxedBernoulli" and len(batches) > 1:
        batches = [(), (3,)]  # PyTorch's temperature does not broadcast over a batch
    result = {}
    for (key, kind), batch in zip(parameters.items(), itertools.cycle(batches)):
        result[key] = kind if isinstance(kind, tuple) else KINDS[kind](rng, batch)
    if name == "Uniform":
        result["high"] = result["high"] + 1
    return result


def build(t, name, arrays, **options):
    """(the distribution, its parameters as leaves)."""
    leaves = {}
    for key, value in arrays.items():
        number = isinstance(value, tuple)
        whole = number and isinstance(value[0], int)
        leaves[key] = value[0] if whole else t.tensor(value[0] if number else value, dtype=t.float64)
        if not whole and key != "total_count":
            leaves[key].requires_grad_()
    distribution = getattr(t.distributions, name)(**leaves, **options)
    return distribution, [x for x in leaves.values() if hasattr(x, "shape") and x.requires_grad]


def pair(name, arrays, **options):
    return [build(t, name, arrays, **options) for t in (tt, torch)]


def attempt(call):
    """(result, None), or (None, the kind of error)."""
    try:
        return call(), None
    except (NotImplementedError, ValueError, RuntimeError) as error:
        return None, type(error)


def same(ours, theirs, what, rtol=1e-9, atol=1e-10):
    assert tuple(ours.shape) == tuple(theirs.shape), f"{what}: {tuple(ours.shape)}, PyTorch has {tuple(theirs.shape)}"
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol, err_msg=what, equal_nan=True
    )


def values_for(theirs, count=4):
    """Draws of PyTorch's, as an array."""
    torch.manual_seed(1)
    return theirs.sample((count,)).detach().numpy()


@cases
@pytest.mark.parametrize("batch", BATCHES)
def test_shapes_and_moments(name, parameters, batch):
    (ours, our_leaves), (theirs, their_leaves) = pair(name, drawn(name, parameters, BATCHES[batch]))
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape) and tuple(ours.event_shape) == tuple(theirs.event_shape)
    assert isinstance(ours.batch_shape, tt.Size) and isinstance(ours.event_shape, tt.Size)
    assert (ours.has_rsample, ours.has_enumerate_support) == (theirs.has_rsample, theirs.has_enumerate_support)
    assert repr(ours).replace("Size(", "").count(":") == repr(theirs).replace("Size(", "").count(":")
    assert repr(ours).split("(")[0] == name
    for attribute in ("mean", "mode", "variance", "stddev"):
        one, error = attempt(lambda a=attribute: getattr(ours, a))
        other, expected = attempt(lambda a=attribute: getattr(theirs, a))
        assert error is expected, f"{attribute}: {error}, PyTorch has {expected}"
        if not expected:
            if (name, attribute) == ("Kumaraswamy", "mode"):
                continue  # PyTorch's is nan: test_the_mode_of_kumaraswamy
            same(one, other, attribute, rtol=1e-6)
            if name == "LKJCholesky" or not other.requires_grad:
                continue
            slopes = [
                t.autograd.grad(x.sum(), leaves, allow_unused=True, retain_graph=True)
                for t, x, leaves in ((tt, one, our_leaves), (torch, other, their_leaves))
                if x.requires_grad
            ]
            assert len(slopes) == 2, f"{attribute} has no gradient"
            gradients_agree(*slopes, attribute, rtol=1e-5)


def gradients_agree(ours, theirs, what, rtol):
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a is None or b is None:  # not used at all is a gradient of zeros
            rest = a if b is None else b
            assert rest is None or not np.any(rest.detach().numpy()), f"gradient {i} of {what}"
        else:
            same(a, b, f"gradient {i} of {what}", rtol=rtol, atol=1e-7)


def outcome(t, distribution, method, args, leaves):
    """(value, its gradients) of a method, or the kind of error."""
    value, error = attempt(lambda: getattr(distribution, method)(*args))
    if error:
        return error, None, None
    inputs = [x for x in (*leaves, *args) if hasattr(x, "requires_grad") and x.requires_grad]
    if not value.requires_grad:
        return None, value, None
    above = t.tensor(np.random.default_rng(3).standard_normal(tuple(value.shape)))
    slopes, error = attempt(
        lambda: t.autograd.grad((value * above).sum(), inputs, allow_unused=True, retain_graph=True)
    )
    return None, value, error or slopes


DISCRETE = {"Bernoulli", "Binomial", "Categorical", "Geometric", "Multinomial", "NegativeBinomial", "Poisson"}


def methods_agree(name, arrays, value):
    """log_prob, cdf, icdf, entropy and perplexity, and the gradients of each."""
    discrete = name in DISCRETE or name.startswith("OneHot")
    results = []
    for t in (tt, torch):
        distribution, leaves = build(t, name, arrays)
        at = t.tensor(value)
        at = at if discrete or at.dtype is t.int64 else at.requires_grad_()
        u = t.tensor(np.random.default_rng(2).uniform(0.05, 0.95, (4, *distribution.batch_shape)))
        calls = [("log_prob", [at]), ("cdf", [at]), ("icdf", [u]), ("entropy", []), ("perplexity", [])]
        results.append({method: outcome(t, distribution, method, args, leaves) for method, args in calls})
    rtol = 1e-5 if name == "VonMises" else 1e-6  # PyTorch's Bessel functions are polynomials of few digits
    for method, (error, ours, our_slopes) in results[0].items():
        expected, theirs, their_slopes = results[1][method]
        assert error is expected, f"{method}: {error}, PyTorch has {expected}"
        if expected:
            continue
        same(ours, theirs, method, rtol=rtol, atol=1e-6)
        assert (our_slopes is None) == (their_slopes is None), f"{method}: gradients on one side only"
        if isinstance(their_slopes, type):  # PyTorch has none, of the incomplete gamma function along its shape
            assert our_slopes is their_slopes
        elif their_slopes is not None:
            gradients_agree(our_slopes, their_slopes, method, rtol=1e-5 if name != "VonMises" else 1e-4)


@cases
@pytest.mark.parametrize("batch", BATCHES)
def test_methods(name, parameters, batch):
    if name == "GeneralizedPareto":
        pytest.skip("PyTorch's raises in float64: test_generalized_pareto_in_float32")
    arrays = drawn(name, parameters, BATCHES[batch])
    methods_agree(name, arrays, values_for(build(torch, name, arrays)[0]))


@cases
def test_expand_and_enumerate(name, parameters):
    arrays = drawn(name, parameters, [(2, 1)])
    (ours, _), (theirs, _) = pair(name, arrays)
    if name == "RelaxedBernoulli":
        (ours, _), (theirs, _) = pair(name, {**arrays, "temperature": (0.7,)})
    ours, theirs = ours.expand((4, 2, 3)), theirs.expand((4, 2, 3))
    assert type(ours) is getattr(tt.distributions, name)
    assert tuple(ours.batch_shape) == (4, 2, 3) and tuple(ours.event_shape) == tuple(theirs.event_shape)
    value = values_for(theirs, 1)[0]
    if name != "GeneralizedPareto":
        same(ours.log_prob(tt.tensor(value)), theirs.log_prob(torch.tensor(value)), "log_prob", rtol=1e-5, atol=1e-6)
    assert ours.sample((2,)).shape == (2, 4, 2, 3, *ours.event_shape)
    for expand in (True, False) if theirs.has_enumerate_support else ():
        same(ours.enumerate_support(expand), theirs.enumerate_support(expand), "enumerate_support")


@cases
def test_the_same_draws(name, parameters):
    """As PyTorch's from the same seed; and the generator stands at the same place afterwards."""
    found = []
    for t, (distribution, _) in zip(
        (tt, torch), pair(name, drawn(name, parameters, BATCHES["broadcast"])), strict=True
    ):
        t.manual_seed(5)
        found.append([distribution.sample((9,)), distribution.sample()])
        found[-1] += [distribution.rsample((2, 3))] if distribution.has_rsample else []
        found[-1] += [t.randn(1), t.rand(1)]
    for ours, theirs in zip(*found, strict=True):
        same(ours, theirs, name, rtol=1e-6, atol=1e-7)


def test_the_same_draws_of_a_mixture():
    found = []
    for t in (tt, torch):
        t.manual_seed(6)
        choice = t.distributions.Categorical(t.tensor([[0.2, 0.8], [0.5, 0.5]]))
        parts = t.distributions.Gamma(t.tensor([[0.5, 3.0], [9.0, 20.0]]), 2.0)
        found.append([t.distributions.MixtureSameFamily(choice, parts).sample((7,)), t.rand(1)])
    for ours, theirs in zip(*found, strict=True):
        same(ours, theirs, "mixture", rtol=1e-6)


def test_bad_parameters_of_draws():
    for bad in (-1.0, math.nan):
        for draw in (tt._standard_gamma, tt._sample_dirichlet, tt.poisson):
            with pytest.raises(RuntimeError, match="non-negative"):
                draw(tt.tensor([1.0, bad]))
    for draw in (tt._standard_gamma, tt._sample_dirichlet, tt.poisson):
        with pytest.raises(NotImplementedError, match="int64"):
            draw(tt.tensor([1, 2]))
    for rate in (2.0**63, math.inf):
        with pytest.raises(RuntimeError, match="at most"):
            tt.poisson(tt.tensor([rate]))
    for count, chance in ((2.5, 0.5), (math.inf, 0.5), (math.nan, 0.5), (3.0, -0.1), (3.0, 1.1), (3.0, math.nan)):
        with pytest.raises(RuntimeError, match="binomial"):
            tt.binomial(tt.tensor([count]), tt.tensor([chance]))


def test_no_rejection_inside_of_vmap():
    for draw in (tt._standard_gamma, tt.poisson, lambda x: tt.distributions.VonMises(x, tt.ones(2)).sample()):
        with pytest.raises(RuntimeError, match="outside of vmap"):
            tt.vmap(lambda x, draw=draw: draw(tt.ones(2)) + x, randomness="different")(tt.ones(3, 2))


def test_nothing_is_drawn_on_meta():
    tt.manual_seed(0)
    state, many = tt.get_rng_state(), tt.ones(3, 2, device="meta")
    for drawn in (tt._standard_gamma(many), tt._sample_dirichlet(many), tt.poisson(many), tt.binomial(many, many)):
        assert drawn.is_meta and drawn.shape == (3, 2)
    assert state.equal(tt.get_rng_state())


@cases
def test_draws(name, parameters):
    """Their mean and variance, within five standard errors; the support; and the dtype."""
    (ours, _), (theirs, _) = pair(name, drawn(name, parameters, [(2,)]))
    count = 8000
    tt.manual_seed(3)
    x = ours.sample((count,))
    assert not x.requires_grad and tuple(x.shape) == (count, 2, *theirs.event_shape)
    assert str(x.dtype).split(".")[1] == str(theirs.sample().dtype).split(".")[1]
    assert ours.support.check(x).all() and theirs.support.check(torch.tensor(x.numpy())).all()
    (mean, _), (variance, _) = (attempt(lambda a=a: getattr(theirs, a).detach().numpy()) for a in ("mean", "variance"))
    if mean is None or name in ("Categorical", "VonMises", "Cauchy", "HalfCauchy"):
        return
    x = x.numpy().astype(np.float64)
    error = np.sqrt(variance / count)
    assert (np.abs(x.mean(0) - mean) < 5 * error + 1e-9).all()
    fourth = ((x - x.mean(0)) ** 4).mean(0)
    assert (np.abs(x.var(0) - variance) < 5 * np.sqrt(fourth / count) + 1e-9).all()


NO_MOMENTS = {"Cauchy", "HalfCauchy", "LKJCholesky", "LogisticNormal", "RelaxedBernoulli", "RelaxedOneHotCategorical"}
REPARAMETERIZED = [
    case
    for case in CASES
    if getattr(torch.distributions, case[0]).has_rsample and case[0] not in NO_MOMENTS and "Straight" not in case[0]
]


@pytest.mark.parametrize(
    ("name", "parameters"), REPARAMETERIZED, ids=[f"{n}-{'-'.join(p)}" for n, p in REPARAMETERIZED]
)
def test_pathwise_gradients(name, parameters):
    """The mean of the gradients of x and x * x is the gradient of their means, within five standard errors."""
    arrays, count = drawn(name, parameters, [()]), 3000
    theirs, their_leaves = build(torch, name, arrays)
    many = lambda x: np.array(np.broadcast_to(x, (count, *np.shape(x))))
    ours, leaves = build(tt, name, {key: many(x[0] if isinstance(x, tuple) else x) for key, x in arrays.items()})
    tt.manual_seed(4)
    x = ours.rsample()
    assert x.requires_grad
    for power in (1, 2):
        moment = theirs.mean.sum() if power == 1 else (theirs.variance + theirs.mean**2).sum()
        expected = torch.autograd.grad(moment, their_leaves, allow_unused=True, retain_graph=True)
        found = tt.autograd.grad((x**power).sum(), leaves, allow_unused=True, retain_graph=True)
        for got, want in zip(found, expected, strict=True):
            if want is not None:
                error = 5 * got.numpy().std(0) / np.sqrt(count) + 1e-9
                assert (np.abs(got.numpy().mean(0) - want.numpy()) < error).all(), f"x ** {power}"


def test_straight_through_has_the_gradient_of_the_probabilities():
    for t in (tt, torch):
        t.manual_seed(0)
        logits, weights = t.tensor([0.1, 0.5, -0.2], requires_grad=True), t.tensor([1.0, 2.0, 3.0])
        distribution = t.distributions.OneHotCategoricalStraightThrough(logits=logits)
        x = distribution.rsample()
        assert x.sum().item() == pytest.approx(1) and x.max().item() == pytest.approx(1)
        (found,) = t.autograd.grad((x * weights).sum(), logits, retain_graph=True)
        (expected,) = t.autograd.grad((distribution.probs * weights).sum(), logits)
        assert found.tolist() == pytest.approx(expected.tolist())


def test_slopes_of_gamma_numbers():
    """Beside PyTorch's, whose approximations have three or four digits."""
    rng = np.random.default_rng(0)
    a = np.exp(rng.uniform(-3, 7, 300))
    x = rng.gamma(a)
    theirs = torch._standard_gamma_grad(torch.tensor(a), torch.tensor(x)).numpy()
    np.testing.assert_allclose(gamma_slope(a, x), theirs, rtol=3e-3)
    a, b = np.exp(rng.uniform(-2, 4, (2, 300)))
    x = rng.beta(a, b).clip(1e-8, 1 - 1e-8)
    theirs = torch._dirichlet_grad(torch.tensor(x), torch.tensor(a), torch.tensor(a + b)).numpy()
    ours = dirichlet_slope(x, a, a + b)
    assert (np.isclose(ours, theirs, rtol=2e-2)).mean() > 0.97
    assert np.isfinite(gamma_slope(np.array([1e-3, 1e4]), np.array([1e-300, 1e4]))).all()


# Divergences


KL = {
    "Bernoulli": {"probs": "unit"}, "Beta": {"concentration1": "positive", "concentration0": "positive"},
    "Binomial": {"total_count": "count", "probs": "unit"}, "Categorical": {"probs": "simplex"},
    "Cauchy": {"loc": "real", "scale": "positive"}, "ContinuousBernoulli": {"probs": "unit"},
    "Dirichlet": {"concentration": "positives"}, "Exponential": {"rate": "positive"},
    "Gamma": {"concentration": "positive", "rate": "positive"}, "Geometric": {"probs": "unit"},
    "Gumbel": {"loc": "real", "scale": "positive"}, "HalfNormal": {"scale": "positive"},
    "Laplace": {"loc": "real", "scale": "positive"}, "LogNormal": {"loc": "real", "scale": "positive"},
    "LowRankMultivariateNormal": {"loc": "vector", "cov_factor": "matrix", "cov_diag": "positives"},
    "MultivariateNormal": {"loc": "vector", "covariance_matrix": "covariance"},
    "Normal": {"loc": "real", "scale": "positive"}, "OneHotCategorical": {"probs": "simplex"},
    "Pareto": {"scale": "positive", "alpha": "above"}, "Poisson": {"rate": "positive"},
    "Uniform": {"low": "unit", "high": "unit"}, "Chi2": {"df": "positive"},
    "Wishart": {"df": "large", "scale_tril": "tril"},
}  # fmt: skip
PAIRS = [
    (p, q)
    for p, q in itertools.product(KL, KL)
    if torch.distributions.kl._dispatch_kl(getattr(torch.distributions, p), getattr(torch.distributions, q))
    is not NotImplemented
]


def test_all_pairs_are_here():
    registered = {tuple(kind.__name__ for kind in pair) for pair in torch.distributions.kl._KL_REGISTRY}
    tt.distributions.Normal
    ours = {tuple(kind.__name__ for kind in pair) for pair in tt.distributions.kl._KL_REGISTRY}
    assert registered <= ours, sorted(registered - ours)
    abstract = {"ExponentialFamily", "Independent", "TransformedDistribution"}
    assert {p for p, q in registered} - abstract <= set(KL)


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=[f"{p}-{q}" for p, q in PAIRS])
def test_divergence(p, q):
    for batches in ([()], [(2, 3)], [(3,), (2, 1)]):
        results = []
        for t in (tt, torch):
            one, leaves = build(t, p, kl_arrays(p, batches, 1))
            other, more = build(t, q, kl_arrays(q, batches, 2, wide=q == "Uniform" and p == "Uniform"))
            value, error = attempt(lambda one=one, other=other, t=t: t.distributions.kl_divergence(one, other))
            slopes = None
            if not error and value.requires_grad:
                slopes = t.autograd.grad(value.sum(), [*leaves, *more], allow_unused=True)
            results.append((value, error, slopes))
        (ours, error, our_slopes), (theirs, expected, their_slopes) = results
        if expected is RuntimeError and batches[1:] and error is None:
            continue  # PyTorch cannot broadcast batches of low rank with others
        assert error is expected
        if not expected:
            np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6, atol=1e-9)
            if their_slopes and not np.isinf(theirs.detach().numpy()).any():
                gradients_agree(our_slopes, their_slopes, f"kl of {p} and {q}", rtol=1e-5)


def kl_arrays(name, batches, seed, wide=False):
    arrays = drawn(name, KL[name], batches, seed)
    if name == "Uniform":
        arrays["high"] = arrays["high"] if not wide else arrays["high"] + 1
        arrays = {"low": 0.3 * arrays["low"] - (0.5 if wide else 0), "high": 0.4 + 0.5 * arrays["high"]}
    return arrays


def test_divergences_of_independent_and_transformed():
    for t in (tt, torch):
        d = t.distributions
        p, q = (d.Normal(t.tensor([0.0, loc]), t.tensor([1.0, 2.0])) for loc in (1.0, 3.0))
        whole = d.kl_divergence(d.Independent(p, 1), d.Independent(q, 1))
        assert whole.item() == pytest.approx(d.kl_divergence(p, q).sum().item()) == pytest.approx(0.5)
        with pytest.raises(NotImplementedError):
            d.kl_divergence(d.Independent(p, 1), d.Independent(q, 0))
        with pytest.raises(NotImplementedError):
            d.kl_divergence(d.LogNormal(0.0, 1.0), d.HalfNormal(1.0))
        with pytest.raises(NotImplementedError):
            d.kl_divergence(p, d.VonMises(0.0, 1.0))


def test_register_kl(monkeypatch):
    for t in (tt, torch):
        d = t.distributions
        monkeypatch.setattr(d.kl, "_KL_REGISTRY", dict(d.kl._KL_REGISTRY))

        class Own(d.Normal):
            pass

        one, other = Own(0.0, 1.0), d.Normal(1.0, 1.0)
        assert d.kl_divergence(one, other).item() == pytest.approx(0.5), "by its base"

        @d.register_kl(Own, d.Normal)
        def divergence(p, q):
            return "mine"

        assert d.kl_divergence(one, other) == "mine" and d.kl_divergence(other, one) != "mine"
        with pytest.raises(TypeError):
            d.register_kl(3, Own)


# What users do wrong


@pytest.mark.parametrize(
    "wrong",
    [
        lambda d, t: d.Normal(0.0, -1.0),
        lambda d, t: d.Normal(float("nan"), 1.0),
        lambda d, t: d.Normal("a", 1.0),
        lambda d, t: d.Bernoulli(),
        lambda d, t: d.Bernoulli(0.5, 0.5),
        lambda d, t: d.Bernoulli(1.5),
        lambda d, t: d.Categorical(probs=t.tensor(0.5)),
        lambda d, t: d.Categorical(probs=t.tensor([-0.1, 1.1])),
        lambda d, t: d.Uniform(1.0, 0.0),
        lambda d, t: d.Dirichlet(t.tensor(1.0)),
        lambda d, t: d.Geometric(0.0),
        lambda d, t: d.MultivariateNormal(t.zeros(2)),
        lambda d, t: d.MultivariateNormal(t.zeros(2), t.eye(2), scale_tril=t.eye(2)),
        lambda d, t: d.MultivariateNormal(t.zeros(2), -t.eye(2)),
        lambda d, t: d.LowRankMultivariateNormal(t.zeros(2), t.zeros(3, 1), t.ones(2)),
        lambda d, t: d.Wishart(0.5, t.eye(3)),
        lambda d, t: d.LKJCholesky(1),
        lambda d, t: d.Independent(d.Normal(0.0, 1.0), 1),
        lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), 3),
        lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), d.StickBreakingTransform()),
        lambda d, t: d.Normal(0.0, 1.0).log_prob(1.0),
        lambda d, t: d.Exponential(1.0).log_prob(t.tensor(-1.0)),
        lambda d, t: d.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2)),
        lambda d, t: d.Dirichlet(t.ones(3)).log_prob(t.ones(2) / 2),
        lambda d, t: d.Bernoulli(0.5).log_prob(t.tensor(0.5)),
        lambda d, t: d.Bernoulli(0.5).rsample(),
        lambda d, t: d.Poisson(1.0).cdf(t.tensor(1.0)),
        lambda d, t: d.Poisson(1.0).entropy(),
        lambda d, t: d.Normal(0.0, 1.0).enumerate_support(),
        lambda d, t: d.Binomial(t.tensor([1.0, 2.0]), t.tensor([0.5, 0.5])).enumerate_support(),
        lambda d, t: d.Multinomial(t.tensor(2), t.ones(2)),
        lambda d, t: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(t.zeros(2), 1.0)),
        lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(3)), d.Normal(t.zeros(2), 1.0)),
        lambda d, t: d.Distribution.set_default_validate_args(3),
        lambda d, t: d.Distribution().mean,
        lambda d, t: d.Distribution().support,
    ],
)
def test_errors_are_pytorchs(wrong):
    errors = []
    for t in (tt, torch):
        with pytest.raises(Exception) as error:
            wrong(t.distributions, t)
        errors.append(error.type)
    assert issubclass(errors[0], errors[1]), errors


def test_validation_can_be_switched_off():
    for t in (tt, torch):
        d = t.distributions
        assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
        assert d.Exponential(1.0, validate_args=False).log_prob(t.tensor(-1.0)).item() == pytest.approx(1.0)
        d.Distribution.set_default_validate_args(False)
        try:
            d.Normal(0.0, -1.0)
        finally:
            d.Distribution.set_default_validate_args(True)
        with pytest.raises(ValueError):
            d.Normal(0.0, -1.0, validate_args=True)


def test_texts():
    for t in (tt, torch):
        d = t.distributions
        assert repr(d.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
        assert repr(d.Independent(d.Normal(0.0, 1.0).expand((1,)), 1)).startswith("Independent(Normal(loc: ")
        assert repr(d.Bernoulli(t.tensor(0.25))) == "Bernoulli(probs: 0.25)"
        assert repr(d.constraints.unit_interval) == "Interval(lower_bound=0.0, upper_bound=1.0)"
        assert repr(d.constraints.real_vector) == "IndependentConstraint(Real(), 1)"


def test_mixtures():
    for components, event in ((lambda d, t: d.Normal(t.tensor([[-1.0, 2.0], [0.0, 1.0]]), t.tensor([0.5, 1.0])), ()),
                              (lambda d, t: d.MultivariateNormal(t.tensor([[0.0, 1.0], [2.0, 2.0]]), t.eye(2)), (2,))):  # fmt: skip
        results = []
        for t in (tt, torch):
            d = t.distributions
            weights = t.tensor([[0.3, 0.7], [0.5, 0.5]] if not event else [0.3, 0.7], requires_grad=True)
            mixture = d.MixtureSameFamily(d.Categorical(weights), components(d, t))
            at = t.tensor(np.float32([0.2, 0.9]))
            log_prob = mixture.log_prob(at)
            parts = [log_prob, mixture.mean, mixture.variance, *t.autograd.grad(log_prob.sum(), weights)]
            results.append(parts + ([mixture.cdf(at)] if not event else []))
            assert mixture.sample((3,)).shape == (3, *mixture.batch_shape, *event)
            assert tuple(mixture.expand((5, *mixture.batch_shape)).sample().shape) == (5, *mixture.batch_shape, *event)
        for ours, theirs in zip(*results, strict=True):
            same(ours, theirs, "mixture", rtol=1e-5, atol=1e-6)


def test_exponential_families():
    """Their entropy by backpropagation, where PyTorch has it."""
    for name, parameters in CASES:
        if not issubclass(getattr(torch.distributions, name), torch.distributions.ExponentialFamily):
            continue
        found = []
        for t in (tt, torch):
            distribution, _ = build(t, name, drawn(name, parameters, [(3,)]))
            found.append(attempt(lambda d=distribution, t=t: t.distributions.ExponentialFamily.entropy(d)))
        (ours, error), (theirs, expected) = found
        assert error is expected, name
        if not expected:
            same(ours, theirs, name, rtol=1e-6)


def test_the_mode_of_kumaraswamy():
    """PyTorch's formula takes the logarithm of negative numbers: its mode is nan everywhere."""
    x = np.linspace(0.001, 0.999, 999)
    ours = tt.distributions.Kumaraswamy(2.0, 3.0)
    assert ours.mode.item() == pytest.approx(x[np.argmax(ours.log_prob(tt.tensor(x)).numpy())], abs=2e-3)
    assert np.isnan(tt.distributions.Kumaraswamy(0.5, 3.0).mode.item())


def test_generalized_pareto_in_float32():
    """In float64 PyTorch's compares its concentration with a float32 zero, and raises."""
    for concentration in (-0.3, 0.0, 0.4):
        results = []
        for t in (tt, torch):
            parameters = [t.tensor(x, requires_grad=True) for x in (0.5, 2.0, concentration)]
            distribution = t.distributions.GeneralizedPareto(*parameters)
            x = t.tensor([0.6, 1.5, 4.0])
            log_prob = distribution.log_prob(x)
            found = [log_prob, distribution.cdf(x), distribution.icdf(x / 5), distribution.entropy()]
            results.append([*found, *t.autograd.grad(log_prob.sum(), parameters, allow_unused=True)])
        results = results if concentration else [found[:-1] for found in results]  # whose slope is 0 in PyTorch
        for ours, theirs in zip(*results):
            if theirs is not None:
                same(ours, theirs, f"concentration {concentration}", rtol=1e-4, atol=1e-6)
    zero, at = tt.zeros(1, dtype=tt.float64, requires_grad=True), tt.tensor([0.3, 0.8], dtype=tt.float64)
    of = lambda c: tt.distributions.GeneralizedPareto(tt.zeros(1, dtype=tt.float64), 1.0, c)
    gradcheck(lambda c: [of(c).log_prob(at), of(c).icdf(at), of(c).cdf(at)], zero)
