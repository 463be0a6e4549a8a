"""Weights that are results of others, by parametrizations and by hooks, against PyTorch's."""

import copy
import pickle

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch import nn
from tinytorch.nn.utils import parametrizations, parametrize

BOTH = (tinytorch, torch)
P = {tinytorch: parametrize, torch: torch.nn.utils.parametrize}
NORMS = {tinytorch: parametrizations, torch: torch.nn.utils.parametrizations}

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def alike(make, seed=0):
    """The same module in both packages, with the same numbers."""
    ours, theirs = (make(t) for t in BOTH)
    rng = np.random.default_rng(seed)
    theirs, values = theirs.double(), {}
    for name, value in theirs.state_dict().items():
        values[name] = rng.standard_normal(tuple(value.shape))
    theirs.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    ours.double().load_state_dict({name: tinytorch.from_numpy(value.copy()) for name, value in values.items()})
    return ours, theirs


def same(ours, theirs, rtol=1e-9):
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=rtol)


def trained(t, module, x, steps=3):
    """The output after some steps, and all parameters by their names."""
    optimizer = t.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        (module(t.from_numpy(x)) ** 2).sum().backward()
        optimizer.step()
    return [module(t.from_numpy(x)), *module.parameters()]


def symmetric(t):
    class Symmetric(t.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, x):
            return x.triu()

    return Symmetric()


def rank_one(t):
    class RankOne(t.nn.Module):
        def forward(self, u, v):
            return u.unsqueeze(-1) @ v.unsqueeze(0)

        def right_inverse(self, x):
            return x[:, 0], x[0]

    return RankOne()


def doubled(t):
    class Doubled(t.nn.Module):
        def forward(self, x):
            return 2 * x

    return Doubled()


CASES = {
    "symmetric": (symmetric, lambda t: t.nn.Linear(4, 4), "weight"),
    "two originals": (rank_one, lambda t: t.nn.Linear(4, 4), "weight"),
    "no inverse": (doubled, lambda t: t.nn.Linear(4, 4), "weight"),
    "of a bias": (doubled, lambda t: t.nn.Linear(4, 3), "bias"),
    "of a convolution": (doubled, lambda t: t.nn.Conv1d(4, 3, 1, bias=False), "weight"),
}


@pytest.mark.parametrize("case", CASES)
def test_parametrized_layers_as_pytorch(case):
    parametrization, layer, name = CASES[case]
    ours, theirs = alike(layer)
    x = np.random.default_rng(1).standard_normal((5, 4, 1)[: 3 if "convolution" in case else 2])
    for t, module in zip(BOTH, (ours, theirs)):
        P[t].register_parametrization(module, name, parametrization(t))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    for a, b in zip(trained(tinytorch, ours, x), trained(torch, theirs, x), strict=True):
        same(a, b)
    for t, module in zip(BOTH, (ours, theirs)):
        assert P[t].is_parametrized(module) and P[t].is_parametrized(module, name)
        assert P[t].type_before_parametrizations(module) is type(module).__mro__[1]
        P[t].remove_parametrizations(module, name)
        assert not P[t].is_parametrized(module)
    assert sorted(ours.state_dict()) == sorted(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        same(ours.state_dict()[key], value)
    assert type(ours).__name__ == type(theirs).__name__


def test_several_after_one_another_and_assignment():
    ours, theirs = alike(lambda t: t.nn.Linear(3, 3))
    for t, module in zip(BOTH, (ours, theirs)):
        P[t].register_parametrization(module, "weight", symmetric(t))
        P[t].register_parametrization(module, "weight", symmetric(t))
        P[t].register_parametrization(module, "bias", doubled(t))
    same(ours.weight, theirs.weight)
    new = np.arange(9.0).reshape(3, 3)
    for t, module in zip(BOTH, (ours, theirs)):
        module.weight = t.from_numpy(new)
        with pytest.raises(RuntimeError, match="does not implement"):
            module.bias = t.zeros(3).double()
    same(ours.weight, theirs.weight)
    same(ours.parametrizations.weight.original, theirs.parametrizations.weight.original)


def test_the_parameter_stays_the_object_that_the_optimizer_knows():
    layer = nn.Linear(3, 3)
    weight = layer.weight
    parametrize.register_parametrization(layer, "weight", symmetric(tinytorch))
    assert layer.parametrizations.weight.original is weight
    parametrize.remove_parametrizations(layer, "weight")
    assert layer.weight is weight and layer.weight.equal(layer.weight.T)
    parametrize.register_parametrization(layer, "weight", doubled(tinytorch))
    before = layer.parametrizations.weight.original.detach().clone()
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight.equal(before)


def test_cached_computes_once():
    layer, calls = nn.Linear(3, 3), []

    class Counting(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 1

    parametrize.register_parametrization(layer, "weight", Counting(), unsafe=True)
    calls.clear()
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            assert layer.weight is first
        layer(tinytorch.ones(1, 3)).sum().backward()
        assert layer.weight is first and len(calls) == 1
    assert layer.weight is not first and len(calls) == 2


def test_copies_of_parametrized_modules():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", symmetric(tinytorch))
    twin = copy.deepcopy(layer)
    twin.parametrizations.weight.original.data.add_(1)
    assert not twin.weight.equal(layer.weight) and type(twin) is type(layer)
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(layer)


def shrinking(t):
    class Shrinking(t.nn.Module):
        def forward(self, x):
            return x[:1]

    return Shrinking()


def to_whole_numbers(t):
    class Whole(t.nn.Module):
        def forward(self, x):
            return x.long()

    return Whole()


def to_text(t):
    class Text(t.nn.Module):
        def forward(self, x):
            return x

        def right_inverse(self, x):
            return 5

    return Text()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, p, m: p.register_parametrization(m, "weight", shrinking(t)),
        lambda t, p, m: p.register_parametrization(m, "weight", to_whole_numbers(t)),
        lambda t, p, m: p.register_parametrization(m, "weight", to_text(t)),
        lambda t, p, m: p.register_parametrization(m, "color", symmetric(t)),
        lambda t, p, m: p.remove_parametrizations(m, "weight"),
        lambda t, p, m: p.remove_parametrizations(
            p.register_parametrization(m, "weight", rank_one(t)), "weight", leave_parametrized=False
        ),
        lambda t, p, m: p.register_parametrization(
            p.register_parametrization(m, "weight", symmetric(t)), "weight", shrinking(t)
        ),
        lambda t, p, m: p.ParametrizationList([], m.weight),
    ],
)
def test_errors_of_parametrizations(wrong):
    for t in BOTH:
        with pytest.raises(ValueError):
            wrong(t, P[t], t.nn.Linear(3, 3))


def test_unsafe_may_change_the_shape():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", shrinking(tinytorch), unsafe=True)
    assert layer(tinytorch.ones(2, 3)[:, :3]).shape == (2, 3) and layer.weight.shape == (1, 3)


def test_transfer():
    ours, theirs = alike(lambda t: t.nn.Linear(3, 3))
    for t, module in zip(BOTH, (ours, theirs)):
        P[t].register_parametrization(module, "weight", symmetric(t))
        other = P[t].transfer_parametrizations_and_params(module, t.nn.Linear(3, 3).double())
        assert P[t].is_parametrized(other, "weight")
        same(other.weight, module.weight)


LAYERS = {
    "Linear": (lambda t: t.nn.Linear(4, 6), (5, 4)),
    "Conv2d": (lambda t: t.nn.Conv2d(2, 3, 3), (2, 2, 5, 5)),
    "ConvTranspose2d": (lambda t: t.nn.ConvTranspose2d(2, 3, 3), (2, 2, 4, 4)),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_as_a_parametrization(layer, dim):
    make, shape = LAYERS[layer]
    ours, theirs = alike(make)
    x = np.random.default_rng(1).standard_normal(shape)
    for t, module in zip(BOTH, (ours, theirs)):
        NORMS[t].weight_norm(module, dim=dim)
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(trained(tinytorch, ours, x), trained(torch, theirs, x), strict=True):
        same(a, b)


def buffers_alike(ours, theirs):
    """PyTorch's power method starts from other random vectors: give it ours."""
    with torch.no_grad():
        for (name, a), (_, b) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
            assert a.shape == tuple(b.shape), name
            b.copy_(torch.from_numpy(a.numpy().copy()))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("way", ["parametrization", "hook"])
@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "dim": 1, "eps": 1e-3}], ids=str)
def test_spectral_norm(layer, way, options):
    make, shape = LAYERS[layer]
    ours, theirs = alike(make)
    x = np.random.default_rng(1).standard_normal(shape)
    for t, module in zip(BOTH, (ours, theirs)):
        (NORMS[t] if way == "parametrization" else t.nn.utils).spectral_norm(module, **options)
    assert sorted(ours.state_dict()) == sorted(theirs.state_dict()) and repr(ours) == repr(theirs)
    buffers_alike(ours, theirs)
    for a, b in zip(trained(tinytorch, ours, x), trained(torch, theirs, x), strict=True):
        same(a, b, 1e-7)
    for t, module in zip(BOTH, (ours, theirs)):
        module.eval()
        before = module(t.from_numpy(x))
        assert t.equal(before, module(t.from_numpy(x))), "in evaluation nothing moves"
        if way == "hook":
            t.nn.utils.remove_spectral_norm(module)
            same(module(t.from_numpy(x)), before)
            with pytest.raises(ValueError, match="not found"):
                t.nn.utils.remove_spectral_norm(module)
    if way == "hook":
        assert sorted(ours.state_dict()) == sorted(theirs.state_dict())


def test_spectral_norm_of_a_gan_goes_back_through_two_calls():
    """loss = D(real) - D(fake): the vectors of the first call must not be changed by the second."""
    for normed in (parametrizations.spectral_norm, nn.utils.spectral_norm):
        tinytorch.manual_seed(0)
        layer = normed(nn.Linear(3, 3))
        (layer(tinytorch.randn(2, 3)) - layer(tinytorch.randn(2, 3))).sum().backward()
        assert all(p.grad is not None for p in layer.parameters())


@pytest.mark.parametrize(
    "wrong, error",
    [
        (lambda t: NORMS[t].spectral_norm(t.nn.Linear(2, 2), "color"), ValueError),
        (lambda t: NORMS[t].spectral_norm(t.nn.Linear(2, 2), n_power_iterations=0), ValueError),
        (lambda t: NORMS[t].spectral_norm(t.nn.Linear(2, 2), dim=2), IndexError),
        (lambda t: t.nn.utils.spectral_norm(t.nn.Linear(2, 2), n_power_iterations=0), ValueError),
        (lambda t: t.nn.utils.spectral_norm(t.nn.utils.spectral_norm(t.nn.Linear(2, 2))), RuntimeError),
        (lambda t: t.nn.utils.spectral_norm(t.nn.Linear(2, 2, bias=False), "bias"), ValueError),
    ],
)
def test_errors_of_the_norms(wrong, error):
    for t in BOTH:
        with pytest.raises(error):
            wrong(t)


def test_files_and_functions_of_the_same_name():
    import tinytorch.nn.utils.spectral_norm
    import tinytorch.nn.utils.weight_norm  # noqa: F401
    from tinytorch.nn.utils.spectral_norm import SpectralNorm
    from tinytorch.nn.utils.weight_norm import WeightNorm

    assert callable(nn.utils.spectral_norm) and callable(nn.utils.weight_norm)
    layer = nn.utils.weight_norm(nn.utils.spectral_norm(nn.Linear(2, 2)), "bias", dim=None)
    kinds = [type(hook) for hook in layer._forward_pre_hooks.values()]
    assert kinds == [SpectralNorm, WeightNorm]


CONVOLUTIONS = {
    "Conv1d": (lambda t: t.nn.Conv1d(3, 4, 3), lambda t: t.nn.BatchNorm1d(4), (2, 3, 7), False),
    "Conv2d": (
        lambda t: t.nn.Conv2d(3, 4, 3, groups=1, bias=False),
        lambda t: t.nn.BatchNorm2d(4),
        (2, 3, 6, 6),
        False,
    ),
    "Conv3d": (lambda t: t.nn.Conv3d(1, 2, 2), lambda t: t.nn.BatchNorm3d(2, affine=False), (2, 1, 4, 4, 4), False),
    "ConvTranspose2d": (lambda t: t.nn.ConvTranspose2d(3, 4, 3), lambda t: t.nn.BatchNorm2d(4), (2, 3, 4, 4), True),
    "Linear": (lambda t: t.nn.Linear(3, 4), lambda t: t.nn.BatchNorm1d(4), (5, 3), None),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_fusion_as_pytorch(case):
    layer, normalization, shape, transpose = CONVOLUTIONS[case]
    ours, theirs = alike(lambda t: t.nn.Sequential(layer(t), normalization(t)))
    x, outputs = np.random.default_rng(1).standard_normal(shape), []
    for t, module in zip(BOTH, (ours, theirs)):
        module[1].running_var.abs_()
        with pytest.raises(AssertionError, match="eval"):
            t.nn.utils.fuse_conv_bn_eval(*module)
        module.eval()
        fuse = t.nn.utils.fuse_linear_bn_eval if transpose is None else t.nn.utils.fuse_conv_bn_eval
        fused = fuse(*module, **({} if transpose is None else {"transpose": transpose}))
        same(fused(t.from_numpy(x)), module(t.from_numpy(x)), 1e-7)
        assert isinstance(fused.weight, t.nn.Parameter) and fused is not module[0]
        outputs.append((fused.weight, fused.bias))
    for a, b in zip(*outputs, strict=True):
        same(a, b)
        assert a.requires_grad == b.requires_grad


@pytest.mark.parametrize("kind", [2, 1, 3.0, float("inf")])
def test_total_norm_and_clipping_by_it(kind):
    rng = np.random.default_rng(0)
    grads, results = [rng.standard_normal(shape) for shape in ((2, 3), (4,), ())], []
    for t in BOTH:
        parameters = [t.zeros(g.shape).double().requires_grad_() for g in grads] + [t.zeros(1).requires_grad_()]
        for p, g in zip(parameters, grads, strict=False):
            p.grad = t.tensor(g)
        total = t.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], kind)
        t.nn.utils.clip_grads_with_norm_(parameters, 0.5, total)
        results.append([total, *(p.grad for p in parameters[:3])])
        with pytest.raises(RuntimeError, match="non-finite"):
            t.nn.utils.get_total_norm([t.tensor(float("inf"))], error_if_nonfinite=True)
        assert t.nn.utils.get_total_norm([]).item() == 0 and parameters[3].grad is None
        with pytest.warns(FutureWarning, match="clip_grad_norm_"):
            t.nn.utils.clip_grad_norm(parameters, 0.1, kind)
    for a, b in zip(*results, strict=True):
        same(a, b)


@pytest.mark.parametrize("trivialized", [True, False])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (1, 3), (2, 4, 3)], ids=str)
def test_orthogonal(shape, kind, trivialized):
    """The three maps, their gradients, and assignment where PyTorch has it."""
    made = [t.nn.Module() for t in BOTH]
    x, new = np.random.default_rng(0).standard_normal((2, *shape))
    for t, module in zip(BOTH, made):
        module.weight = t.nn.Parameter(t.from_numpy(x.copy()))
        assert NORMS[t].orthogonal(module, orthogonal_map=kind, use_trivialization=trivialized) is module
    ours, theirs = made
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    if trivialized:  # it completes the base by random columns; PyTorch's is the QR of others
        base = made[0].parametrizations.weight[0].base
        assert base.shape == made[1].parametrizations.weight[0].base.shape
        ours.load_state_dict({name: tinytorch.from_numpy(v.numpy()) for name, v in theirs.state_dict().items()})
    for _ in range(3):
        same(ours.weight, theirs.weight)
        for t, module in zip(BOTH, made):
            w = module.weight
            gram = w.mT @ w if w.shape[-1] <= w.shape[-2] else w @ w.mT
            expected = np.broadcast_to(np.eye(min(shape[-2:])), gram.shape)
            np.testing.assert_allclose(gram.detach().numpy(), expected, atol=1e-9)
            (w * t.from_numpy(new)).sum().backward()
            original = module.parametrizations.weight.original
            original.data -= 0.1 * original.grad
            original.grad = None
    same(ours.parametrizations.weight.original, theirs.parametrizations.weight.original)
    outcomes = []
    for t, module in zip(BOTH, made):
        try:
            module.weight = t.from_numpy(np.linalg.qr(new.swapaxes(-1, -2) if shape[-1] > shape[-2] else new)[0])
        except Exception as error:
            outcomes.append((type(error), str(error)))
        else:
            outcomes.append(np.abs(module.weight.detach().numpy()).round(6).tolist())
    assert outcomes[0] == outcomes[1] or (isinstance(outcomes[0][0], type) and outcomes[0][0] is outcomes[1][0])


def test_orthogonal_takes_on_what_is_assigned_and_stays():
    for kind in ("matrix_exp", "cayley", "householder"):
        tinytorch.manual_seed(0)
        layer = parametrizations.orthogonal(nn.Linear(3, 6).double(), orthogonal_map=kind)
        twin = parametrizations.orthogonal(nn.Linear(3, 6).double(), orthogonal_map=kind)
        layer.weight = tinytorch.nn.init.orthogonal_(tinytorch.empty(6, 3).double())
        twin.load_state_dict(layer.state_dict())
        same(twin.weight, layer.weight, 1e-12)
        before = layer.weight.detach()
        parametrize.remove_parametrizations(layer, "weight")
        assert isinstance(layer.weight, nn.Parameter)
        same(layer.weight, before, 1e-12)


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley"])
def test_orthogonal_of_complex_matrices(kind):
    x = np.random.default_rng(0).standard_normal((2, 5, 3))
    made = [t.nn.Module() for t in BOTH]
    for t, module in zip(BOTH, made):
        module.weight = t.nn.Parameter(t.from_numpy(x[0] + 1j * x[1]))
        NORMS[t].orthogonal(module, orthogonal_map=kind)
        result = module.weight
        np.testing.assert_allclose((result.mH @ result).detach().numpy(), np.eye(3), atol=1e-9)
        start = [t.view_as_complex(t.from_numpy(y)) for y in np.random.default_rng(1).standard_normal((2, 5, 5, 2))]
        module.parametrizations.weight[0].base = start[0]
        module.parametrizations.weight.original.data += start[1][:, :3]
        (module.weight.real**3).sum().backward()
    ours, theirs = made
    same(ours.weight, theirs.weight)
    same(ours.parametrizations.weight.original.grad, theirs.parametrizations.weight.original.grad)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, m: NORMS[t].orthogonal(m, "color"),
        lambda t, m: NORMS[t].orthogonal(m, "bias"),
        lambda t, m: NORMS[t].orthogonal(m, orthogonal_map="qr"),
        lambda t, m: setattr(NORMS[t].orthogonal(m), "weight", t.zeros(3, 2)),
        lambda t, m: NORMS[t].orthogonal(m.to(t.complex64), orthogonal_map="householder"),
    ],
)
def test_errors_of_orthogonal(wrong):
    for t in BOTH:
        with pytest.raises(ValueError):
            wrong(t, t.nn.Linear(3, 3))
