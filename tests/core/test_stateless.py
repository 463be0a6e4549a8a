"""Modules as functions of their parameters, and layers that wait for their first input."""

import copy

import numpy as np
import pytest
import torch
from test_parametrize import alike, same

import tinytorch
from tinytorch import nn
from tinytorch.nn.utils import stateless

BOTH = (tinytorch, torch)


def functional_call(t):
    return stateless.functional_call if t is tinytorch else torch.func.functional_call


def network(t):
    return t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Tanh(), t.nn.BatchNorm1d(4), t.nn.Linear(4, 2))


def test_other_parameters_as_pytorch():
    ours, theirs = alike(network)
    rng, results = np.random.default_rng(1), []
    x, values = (
        rng.standard_normal((5, 3)),
        {name: rng.standard_normal(tuple(p.shape)) for name, p in theirs.named_parameters()},
    )
    for t, module in zip(BOTH, (ours, theirs)):
        given = {name: t.tensor(value, requires_grad=True) for name, value in values.items() if name != "3.bias"}
        buffers = {"2.running_mean": t.zeros(4).double(), "2.running_var": t.ones(4).double()}
        before = {name: value.clone() for name, value in module.state_dict().items()}
        output = functional_call(t)(module, (given, buffers), t.tensor(x))
        (output**2).sum().backward()
        after = module.state_dict()
        assert all(t.equal(before[name], after[name]) for name in before if "num_batches" not in name)
        assert module[0].weight.grad is None and module[3].bias.grad is not None
        results.append([output, *(p.grad for p in given.values()), *buffers.values()])
    for a, b in zip(*results, strict=True):
        same(a, b)


def test_parameters_that_are_results():
    """As in learning to learn: the step is differentiated."""
    results = []
    ours, theirs = alike(lambda t: t.nn.Linear(2, 1))
    for t, module in zip(BOTH, (ours, theirs)):
        x, rate = t.tensor([[1.0, 2.0]]).double(), t.tensor(0.1).double().requires_grad_()
        loss = (module(x) ** 2).sum()
        grads = t.autograd.grad(loss, list(module.parameters()), create_graph=True)
        moved = {name: p - rate * g for (name, p), g in zip(module.named_parameters(), grads)}
        (functional_call(t)(module, moved, (x,)) ** 2).sum().backward()
        results.append([rate.grad, module.weight.grad])
    for a, b in zip(*results, strict=True):
        same(a, b)


def test_tied_parameters():
    for t in BOTH:
        module = t.nn.Sequential(t.nn.Linear(2, 2, bias=False), t.nn.Linear(2, 2, bias=False))
        module[1].weight = module[0].weight
        eye, call = t.eye(2), functional_call(t)
        assert call(module, {"0.weight": 2 * eye}, eye).tolist() == (4 * eye).tolist()
        assert call(module, {"0.weight": 2 * eye}, eye, tie_weights=False).tolist() != (4 * eye).tolist()
        with pytest.raises(ValueError, match="tied"):
            call(module, {"0.weight": eye, "1.weight": 2 * eye}, eye)
        assert module[0].weight is module[1].weight


def test_arguments_and_errors():
    for t in BOTH:
        call, layer, x = functional_call(t), t.nn.Linear(2, 1), t.ones(1, 2)
        given = {"weight": t.ones(1, 2), "bias": t.zeros(1)}
        assert call(layer, given, x).item() == call(layer, given, (x,), {}).item() == 2
        assert call(layer, given, kwargs={"input": x}).item() == call(layer, [given], x, strict=True).item() == 2
        assert call(layer, given | {"color": x}, x).item() == 2
        for wrong in ({"weight": t.ones(1, 2)}, given | {"color": x}):
            with pytest.raises(RuntimeError, match="key"):
                call(layer, wrong, x, strict=True)
        with pytest.raises(ValueError, match="multiple dictionaries"):
            call(layer, (given, given), x)
        before = layer.weight
        with pytest.raises(RuntimeError):
            call(layer, given, t.ones(1, 3))
        assert layer.weight is before, "it is put back after an error, too"


def test_models_stacked():
    for t in BOTH:
        stack = stateless.stack_module_state if t is tinytorch else torch.func.stack_module_state
        models = [network(t) for _ in range(3)]
        parameters, buffers = stack(models)
        assert parameters["0.weight"].shape == (3, 4, 3) and parameters["0.weight"].is_leaf
        assert parameters["0.weight"].requires_grad and buffers["2.num_batches_tracked"].shape == (3,)
        assert t.equal(parameters["3.bias"][1], models[1][3].bias)
        with pytest.raises(RuntimeError, match="at least one"):
            stack([])
        with pytest.raises(RuntimeError, match="class"):
            stack([t.nn.Linear(1, 1), t.nn.Tanh()])
        with pytest.raises(RuntimeError, match="training"):
            stack([models[0], network(t).eval()])
        with pytest.raises(RuntimeError, match="requires_grad"):
            stack([models[0], network(t).requires_grad_(False)])


def test_skip_init():
    for t in BOTH:
        t.manual_seed(0)
        first = t.rand(1)
        t.manual_seed(0)
        layer = t.nn.utils.skip_init(t.nn.Linear, 3, 2, bias=False)
        assert layer.weight.shape == (2, 3) and layer.bias is None and t.equal(t.rand(1), first)
        with pytest.raises(RuntimeError, match="Module"):
            t.nn.utils.skip_init(dict)
        with pytest.raises(RuntimeError, match="device"):
            t.nn.utils.skip_init(t.nn.Tanh)


# Lazy layers.

LAZY = {
    "LazyLinear": (lambda n: n.LazyLinear(4), (5, 3)),
    "LazyLinear without bias": (lambda n: n.LazyLinear(4, bias=False), (2, 5, 3)),
    "LazyConv1d": (lambda n: n.LazyConv1d(4, 3, 2), (2, 3, 9)),
    "LazyConv2d": (lambda n: n.LazyConv2d(4, (3, 2), padding=1, groups=2), (2, 6, 5, 5)),
    "LazyConv2d of one example": (lambda n: n.LazyConv2d(4, 3, 1, 1, 1, 1, False), (3, 5, 5)),
    "LazyConv3d": (lambda n: n.LazyConv3d(2, 2), (1, 3, 3, 3, 3)),
    "LazyConvTranspose1d": (lambda n: n.LazyConvTranspose1d(4, 3), (2, 3, 5)),
    "LazyConvTranspose2d": (lambda n: n.LazyConvTranspose2d(4, 3, stride=2, groups=2), (2, 6, 4, 4)),
    "LazyConvTranspose3d": (lambda n: n.LazyConvTranspose3d(2, 2, bias=False), (1, 3, 3, 3, 3)),
    "LazyBatchNorm1d": (lambda n: n.LazyBatchNorm1d(), (5, 3)),
    "LazyBatchNorm2d": (lambda n: n.LazyBatchNorm2d(affine=False), (5, 3, 2, 2)),
    "LazyBatchNorm3d": (lambda n: n.LazyBatchNorm3d(track_running_stats=False), (5, 3, 2, 2, 2)),
    "LazyInstanceNorm1d": (lambda n: n.LazyInstanceNorm1d(momentum=0.3), (5, 3, 4)),
    "LazyInstanceNorm2d": (lambda n: n.LazyInstanceNorm2d(affine=False), (5, 3, 2, 2)),
    "LazyInstanceNorm3d": (lambda n: n.LazyInstanceNorm3d(), (5, 3, 2, 2, 2)),
}


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("case", LAZY)
def test_lazy_layers_as_pytorch(case):
    make, shape = LAZY[case]
    ours, theirs = (make(t.nn) for t in BOTH)
    assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
    assert [(n, repr(p)) for n, p in ours.named_parameters()] == [(n, repr(p)) for n, p in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.has_uninitialized_params() == theirs.has_uninitialized_params()
    before = list(ours.parameters())
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    ours(tinytorch.from_numpy(x)), theirs(torch.from_numpy(x))
    assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
    assert {n: tuple(p.shape) for n, p in ours.state_dict().items()} == {
        n: tuple(p.shape) for n, p in theirs.state_dict().items()
    }
    assert all(a is b for a, b in zip(before, ours.parameters(), strict=True)), "an optimizer knows them already"
    ours.load_state_dict({name: tinytorch.from_numpy(value.numpy()) for name, value in theirs.state_dict().items()})
    outputs = [module(t.from_numpy(x)) for t, module in zip(BOTH, (ours, theirs))]
    np.testing.assert_allclose(outputs[0].tolist(), outputs[1].tolist(), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_gives_the_shapes():
    source, target = (
        nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)),
        nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d()),
    )
    twin = copy.deepcopy(target)
    target.load_state_dict(source.state_dict())
    assert target[0].weight.equal(source[0].weight) and type(target[0]).__name__ == "LazyLinear"
    x = tinytorch.ones(2, 3)
    target.eval(), source.eval()
    assert target(x).equal(source(x)) and type(target[0]) is nn.Linear and target[0].in_features == 3
    twin.load_state_dict(nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d()).state_dict())
    assert twin.state_dict()["0.weight"] is twin[0].weight, "still without a shape"
    with pytest.raises(RuntimeError, match="uninitialized"):
        source.load_state_dict(twin.state_dict())


def test_a_parameter_without_a_shape_is_no_empty_one():
    layer = nn.LazyLinear(3, dtype=tinytorch.float64)
    for use in (lambda p: p.sum(), lambda p: p * 2, lambda p: p.numel(), lambda p: p[0]):
        with pytest.raises(ValueError, match="UninitializedParameter"):
            use(layer.weight)
    with pytest.raises(RuntimeError, match="shape"):
        layer.weight.shape
    assert layer.weight.dtype is tinytorch.float64 and layer.float().weight.dtype is tinytorch.float32
    assert layer.weight.requires_grad and not layer.requires_grad_(False).weight.requires_grad
    optimizer = tinytorch.optim.SGD(nn.LazyLinear(2).requires_grad_().parameters(), lr=0.1)
    optimizer.zero_grad()


def scale(t, mixin):
    class Scale(mixin, t.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = t.nn.UninitializedParameter()

        def initialize_parameters(self, input):
            if self.has_uninitialized_params():
                self.weight.materialize(input.shape[1:])
                with t.no_grad():
                    self.weight.fill_(2.0)

        def forward(self, input):
            return input * self.weight

    return Scale()


def test_a_lazy_layer_that_programs_write():
    for t, mixin in ((tinytorch, nn.LazyModuleMixin), (torch, torch.nn.modules.lazy.LazyModuleMixin)):
        assert scale(t, mixin)(t.ones(2, 3)).tolist() == [[2, 2, 2]] * 2
        with pytest.raises(NotImplementedError, match="initialize_parameters"):
            mixin.initialize_parameters(t.nn.Linear(1, 1))


def renaming(t):
    """As programs rename old keys."""

    class Renaming(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = t.nn.Parameter(t.zeros(1))
            self._register_load_state_dict_pre_hook(self.rename)

        def rename(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
            if prefix + "w" in state_dict:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            if prefix + "broken" in state_dict:
                error_msgs.append("this one is broken")

    return Renaming()


def test_hooks_of_loading():
    for t in BOTH:
        model, old = (
            t.nn.Sequential(renaming(t), t.nn.Sequential(renaming(t))),
            {"0.w": t.ones(1), "1.0.w": 2 * t.ones(1)},
        )
        model.load_state_dict(old)
        assert model[0].weight.item() == 1 and model[1][0].weight.item() == 2 and "0.w" in old
        with pytest.raises(RuntimeError, match="this one is broken"):
            model.load_state_dict(old | {"0.broken": t.ones(1)})
