"""Constraints, transforms and their registries, beside PyTorch's."""

import numpy as np
import pytest
import torch

import tinytorch as tt


def tensors(t, *arrays):
    return [t.tensor(np.asarray(a, np.float64)) for a in arrays]


def same(ours, theirs, what="", rtol=1e-9, atol=1e-12):
    assert tuple(ours.shape) == tuple(theirs.shape), f"{what}: {tuple(ours.shape)}, PyTorch has {tuple(theirs.shape)}"
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol, err_msg=what)


NUMBERS = [-1.5, -1.0, 0.0, 0.3, 1.0, 2.0, 3.0, 3.5, float("nan"), float("inf")]
VECTORS = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-0.5, 0.5, 1.0], [2.0, 1.0, 0.0], [0.5, 0.5, 0.5]]
MATRICES = [
    np.eye(3), -np.eye(3), np.tri(3), np.tri(3).T, np.ones((3, 3)), np.diag([1.0, 0.0, 2.0]),
    [[2.0, 0.5, 0.0], [0.5, 1.0, 0.1], [0.0, 0.1, 1.0]], [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]],
]  # fmt: skip
CONSTRAINTS = {
    "real": lambda c: c.real, "boolean": lambda c: c.boolean, "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative, "unit_interval": lambda c: c.unit_interval,
    "greater_than": lambda c: c.greater_than(1.0), "greater_than_eq": lambda c: c.greater_than_eq(1.0),
    "less_than": lambda c: c.less_than(1.0), "interval": lambda c: c.interval(0.3, 3.0),
    "half_open_interval": lambda c: c.half_open_interval(0.3, 3.0), "integer_interval": lambda c: c.integer_interval(0, 2),
    "nonnegative_integer": lambda c: c.nonnegative_integer, "positive_integer": lambda c: c.positive_integer,
    "simplex": lambda c: c.simplex, "one_hot": lambda c: c.one_hot, "multinomial": lambda c: c.multinomial(2),
    "real_vector": lambda c: c.real_vector, "independent": lambda c: c.independent(c.positive, 1),
    "lower_triangular": lambda c: c.lower_triangular, "lower_cholesky": lambda c: c.lower_cholesky,
    "corr_cholesky": lambda c: c.corr_cholesky, "square": lambda c: c.square, "symmetric": lambda c: c.symmetric,
    "positive_definite": lambda c: c.positive_definite, "positive_semidefinite": lambda c: c.positive_semidefinite,
    "cat": lambda c: c.cat([c.positive, c.interval(0.0, 1.0)], -1, [1, 2]),
    "stack": lambda c: c.stack([c.positive, c.real, c.unit_interval], -1),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name):
    ours, theirs = (CONSTRAINTS[name](t.distributions.constraints) for t in (tt, torch))
    assert repr(ours) == repr(theirs) or name in ("cat", "stack")
    assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)
    groups = (
        [MATRICES]
        if ours.event_dim == 2
        else [VECTORS]
        if ours.event_dim == 1 or name in ("cat", "stack")
        else [NUMBERS, VECTORS]
    )
    for group in groups:
        wanted = torch.stack([theirs.check(torch.tensor(np.asarray(x, np.float64))) for x in group])
        got = tt.stack([ours.check(tt.tensor(np.asarray(x, np.float64))) for x in group])
        assert got.dtype is tt.bool
        same(got, wanted, name)


def test_dependent_constraints():
    for t in (tt, torch):
        c = t.distributions.constraints
        assert c.is_dependent(c.dependent) and not c.is_dependent(c.real)
        assert c.is_dependent(t.distributions.Uniform.support) and not c.is_dependent(
            t.distributions.Uniform(0.0, 1.0).support
        )
        assert t.distributions.Uniform.support.event_dim == 0 and not t.distributions.Uniform.support.is_discrete
        assert c.dependent(is_discrete=True, event_dim=1).event_dim == 1
        with pytest.raises(ValueError):
            c.dependent.check(t.zeros(2))
        with pytest.raises(NotImplementedError):
            c.dependent.event_dim
    assert set(torch.distributions.constraints.__all__) <= set(dir(tt.distributions.constraints))


TRANSFORMS = {
    "exp": lambda d, t: d.ExpTransform(),
    "power": lambda d, t: d.PowerTransform(t.tensor([2.0, 0.5, -1.0], dtype=t.float64)),
    "sigmoid": lambda d, t: d.SigmoidTransform(),
    "softplus": lambda d, t: d.SoftplusTransform(),
    "tanh": lambda d, t: d.TanhTransform(),
    "abs": lambda d, t: d.AbsTransform(),
    "affine": lambda d, t: d.AffineTransform(1.0, -2.0),
    "affine of tensors": lambda d, t: d.AffineTransform(*tensors(t, [1.0, 2.0, 3.0], [[-1.0], [2.0]])),
    "affine of vectors": lambda d, t: d.AffineTransform(*tensors(t, [1.0, 2.0, 3.0], [-1.0, 2.0, 0.5]), event_dim=1),
    "softmax": lambda d, t: d.SoftmaxTransform(),
    "stick breaking": lambda d, t: d.StickBreakingTransform(),
    "lower cholesky": lambda d, t: d.LowerCholeskyTransform(),
    "positive definite": lambda d, t: d.PositiveDefiniteTransform(),
    "correlations": lambda d, t: d.CorrCholeskyTransform(),
    "composed": lambda d, t: d.ComposeTransform(
        [d.AffineTransform(0.5, 2.0), d.TanhTransform(), d.AffineTransform(1.0, -3.0)]
    ),
    "composed of vectors": lambda d, t: d.ComposeTransform([d.AffineTransform(0.5, 2.0), d.StickBreakingTransform()]),
    "inverse": lambda d, t: d.SigmoidTransform().inv,
    "inverse of vectors": lambda d, t: d.ComposeTransform([d.ExpTransform(), d.AffineTransform(0.0, 2.0)]).inv,
    "independent": lambda d, t: d.IndependentTransform(d.ExpTransform(), 1),
    "reshape": lambda d, t: d.ReshapeTransform((3,), (3, 1)),
    "cat": lambda d, t: d.CatTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], -1, [1, 2]),
    "stack": lambda d, t: d.StackTransform([d.ExpTransform(), d.TanhTransform(), d.AffineTransform(0.0, 3.0)], -1),
    "cumulative": lambda d, t: d.CumulativeDistributionTransform(d.Normal(*tensors(t, 0.5, 2.0))),
}
INPUTS = {"lower cholesky": (2, 3, 3), "positive definite": (2, 3, 3)}
POSITIVE = {"power", "inverse", "inverse of vectors"}
NO_WAY_BACK = {"abs", "softmax"}


def points(name):
    rng = np.random.default_rng(len(name))
    shape = INPUTS.get(name, (2, 3))
    return rng.uniform(0.1, 0.9, shape) if name in POSITIVE else rng.uniform(-2, 2, shape)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("cached", [False, True])
def test_transforms(name, cached):
    results = []
    for t in (tt, torch):
        f = TRANSFORMS[name](t.distributions, t)
        if cached and (t is tt or name not in ("cat", "stack")):
            f = f.with_cache()
        x = t.tensor(points(name)).requires_grad_()
        y = f(x)
        assert (f(x) is y) == cached or isinstance(f, t.distributions.ComposeTransform) or t is torch
        back = f.inv(y)
        parts = [y, *t.autograd.grad(y.sum(), x, retain_graph=True)]
        parts += [back, f.inv(y.detach() * 1)] if name not in NO_WAY_BACK else []
        if name not in NO_WAY_BACK | {"lower cholesky", "positive definite"}:
            stretch = f.log_abs_det_jacobian(x, y)
            parts += [stretch]
            if stretch.requires_grad:
                parts += t.autograd.grad(stretch.sum(), x, allow_unused=True, retain_graph=True)
            parts += [f.inv.log_abs_det_jacobian(y, x)]
        shapes = [tuple(f.forward_shape(x.shape)), tuple(f.inverse_shape(y.shape))]
        kinds = [repr(f.domain), repr(f.codomain), f.bijective] if name not in ("cat", "stack") else [f.bijective]
        results.append((parts, shapes, kinds))
        assert f.inv.inv is f and f == f and f != t.distributions.ReshapeTransform((1,), (1,))
    (ours, our_shapes, our_kinds), (theirs, their_shapes, their_kinds) = results
    assert our_shapes == their_shapes and our_kinds == their_kinds
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a is None or b is None:
            rest = a if b is None else b
            assert rest is None or not np.any(rest.numpy())
        else:
            same(a, b, f"part {i} of {name}", rtol=1e-7, atol=1e-9)


def test_signs_and_equality():
    for t in (tt, torch):
        d = t.distributions
        assert d.AffineTransform(0.0, -2.0).sign == -1 and d.ExpTransform().sign == 1
        assert d.ComposeTransform([d.AffineTransform(0.0, -2.0), d.AffineTransform(0.0, -1.0)]).sign == 1
        assert d.PowerTransform(t.tensor(-1.0)).sign == -1
        assert d.ExpTransform() == d.ExpTransform() and d.ExpTransform() != d.TanhTransform()
        assert d.AffineTransform(1.0, t.tensor(2.0)) == d.AffineTransform(1.0, t.tensor(2.0))
        assert d.AffineTransform(1.0, 2.0) != d.AffineTransform(1.0, 3.0)
        assert d.PowerTransform(2.0) == d.PowerTransform(2.0) != d.PowerTransform(3.0)
        assert d.ExpTransform().inv == d.ExpTransform().inv
        assert d.identity_transform(t.ones(2)).tolist() == [1, 1]
        with pytest.raises(NotImplementedError):
            d.SoftmaxTransform().sign
        with pytest.raises(ValueError):
            d.ExpTransform(cache_size=2)
        with pytest.raises(ValueError):
            d.ReshapeTransform((2,), (3,))
        with pytest.raises(ValueError):
            d.CorrCholeskyTransform().forward_shape((2,))


TO = [name for name in CONSTRAINTS if name not in (
    "boolean", "integer_interval", "nonnegative_integer", "positive_integer", "one_hot", "multinomial", "square",
    "symmetric", "lower_triangular")]  # fmt: skip


@pytest.mark.parametrize("name", TO)
@pytest.mark.parametrize("registry", ["transform_to", "biject_to"])
def test_registries(name, registry):
    """Into each constraint the transform that PyTorch takes, too."""
    if registry == "biject_to" and name in ("lower_cholesky", "positive_definite", "positive_semidefinite"):
        for t in (tt, torch):
            with pytest.raises(NotImplementedError, match="Cannot transform"):
                t.distributions.biject_to(CONSTRAINTS[name](t.distributions.constraints))
        return
    results = []
    for t in (tt, torch):
        constraint = CONSTRAINTS[name](t.distributions.constraints)
        f = getattr(t.distributions, registry)(constraint)
        shape = (2, 3, 3) if name in ("lower_cholesky", "positive_definite", "positive_semidefinite") else (2, 3)
        y = f(t.tensor(np.random.default_rng(0).uniform(-2, 2, shape)))
        assert constraint.check(y).all()
        results.append((type(f).__name__, y))
    assert results[0][0] == results[1][0]
    same(results[0][1], results[1][1], name, rtol=1e-7)


def test_own_constraints_are_registered():
    for t in (tt, torch):
        d = t.distributions

        class Even(d.constraints.Constraint):
            pass

        with pytest.raises(NotImplementedError):
            d.biject_to(Even())

        @d.biject_to.register(Even)
        def to_even(constraint, d=d):
            return d.AffineTransform(0, 2)

        assert d.biject_to(Even())(t.tensor(3)).item() == 6
        with pytest.raises(TypeError):
            d.transform_to.register(3, to_even)


CHAINS = {
    "one number": lambda d, t: (d.Normal(*tensors(t, 0.5, 2.0)), [d.ExpTransform(), d.AffineTransform(1.0, -3.0)]),
    "a batch by its transform": lambda d, t: (d.Normal(*tensors(t, 0.5, 2.0)), [d.AffineTransform(*tensors(t, [0.0, 1.0], [2.0, 3.0]))]),
    "a vector": lambda d, t: (d.Normal(*tensors(t, [0.5, 0.1], [2.0, 1.0])), [d.StickBreakingTransform()]),
    "a vector of a batch": lambda d, t: (d.Normal(*tensors(t, np.zeros((4, 2)), np.ones(2))), [d.ExpTransform(), d.StickBreakingTransform()]),
    "a matrix": lambda d, t: (d.Normal(*tensors(t, np.zeros(6), np.ones(6))), [d.ReshapeTransform((6,), (2, 3)), d.AffineTransform(0.0, 2.0)]),
    "correlations": lambda d, t: (d.Normal(*tensors(t, np.zeros(3), np.ones(3))), d.CorrCholeskyTransform()),
    "nothing": lambda d, t: (d.Normal(*tensors(t, 0.5, 2.0)), []),
    "of a normal vector": lambda d, t: (d.MultivariateNormal(*tensors(t, np.zeros(2), np.eye(2))), [d.AffineTransform(0.0, 2.0, event_dim=1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_transformed_distributions(name):
    ours, theirs = (t.distributions.TransformedDistribution(*CHAINS[name](t.distributions, t)) for t in (tt, torch))
    assert (tuple(ours.batch_shape), tuple(ours.event_shape)) == (tuple(theirs.batch_shape), tuple(theirs.event_shape))
    torch.manual_seed(0)
    value = theirs.sample((5,)).numpy()
    same(ours.log_prob(tt.tensor(value)), theirs.log_prob(torch.tensor(value)), "log_prob")
    assert repr(ours.support) == repr(theirs.support)
    tt.manual_seed(0)
    drawn = ours.rsample((5,))
    assert ours.support.check(drawn).all() and tuple(drawn.shape) == value.shape
    wider = ours.expand((3, *ours.batch_shape))
    assert tuple(wider.sample((2,)).shape) == (2, 3, *theirs.batch_shape, *theirs.event_shape)
    if name in ("one number", "a batch by its transform"):
        u = np.linspace(0.1, 0.9, 5)[:, None]
        same(ours.icdf(tt.tensor(u)), theirs.icdf(torch.tensor(u)), "icdf")
        same(ours.cdf(tt.tensor(value)), theirs.cdf(torch.tensor(value)), "cdf")


def test_a_flow_learns():
    """Gradients flow through log_prob into the transforms."""
    tt.manual_seed(0)
    d = tt.distributions
    data = tt.randn(500) * 0.5 + 2
    loc, log_scale = tt.zeros(1, requires_grad=True), tt.zeros(1, requires_grad=True)
    optimizer = tt.optim.Adam([loc, log_scale], lr=0.05)
    for _ in range(300):
        flow = d.TransformedDistribution(d.Normal(tt.zeros(1), tt.ones(1)), [d.AffineTransform(loc, log_scale.exp())])
        loss = -flow.log_prob(data.unsqueeze(-1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert abs(loc.item() - 2) < 0.1 and abs(log_scale.exp().item() - 0.5) < 0.05
