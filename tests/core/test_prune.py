"""Pruning against PyTorch's."""

import numpy as np
import pytest
import torch
from test_parametrize import alike, same
from torch.nn.utils import prune as torch_prune

import tinytorch
from tinytorch import nn
from tinytorch.nn.utils import prune

BOTH = (tinytorch, torch)
PRUNE = {tinytorch: prune, torch: torch_prune}


def scores(t):
    return t.from_numpy(np.random.default_rng(5).permutation(24).reshape(4, 6).astype("float64"))


CASES = {
    "identity": lambda t, p, m: p.identity(m, "weight"),
    "share": lambda t, p, m: p.l1_unstructured(m, "weight", 0.3),
    "number": lambda t, p, m: p.l1_unstructured(m, "bias", 2),
    "none": lambda t, p, m: p.l1_unstructured(m, "weight", 0),
    "all": lambda t, p, m: p.l1_unstructured(m, "weight", 1.0),
    "by scores": lambda t, p, m: p.l1_unstructured(m, "weight", 0.5, importance_scores=scores(t)),
    "rows": lambda t, p, m: p.ln_structured(m, "weight", 0.5, n=2, dim=0),
    "columns": lambda t, p, m: p.ln_structured(m, "weight", 2, n=1, dim=-1),
    "columns by the largest": lambda t, p, m: p.ln_structured(m, "weight", 1, n=float("inf"), dim=1),
    "columns by scores": lambda t, p, m: p.ln_structured(m, "weight", 1, n=2, dim=1, importance_scores=scores(t)),
    "mask": lambda t, p, m: p.custom_from_mask(m, "weight", scores(t) > 10),
    "twice": lambda t, p, m: p.l1_unstructured(p.l1_unstructured(m, "weight", 0.3), "weight", 0.5),
    "rows, then entries": lambda t, p, m: p.l1_unstructured(p.ln_structured(m, "weight", 1, 2, 0), "weight", 0.5),
    "entries, then columns": lambda t, p, m: p.ln_structured(p.l1_unstructured(m, "weight", 9), "weight", 0.5, 2, -1),
    "entries, then a mask, then rows": lambda t, p, m: p.ln_structured(
        p.custom_from_mask(p.l1_unstructured(m, "weight", 5), "weight", scores(t) > 5), "weight", 1, 2, 0
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_as_pytorch(case):
    ours, theirs = alike(lambda t: t.nn.Linear(6, 4))
    x = np.random.default_rng(1).standard_normal((5, 6))
    for t, module in zip(BOTH, (ours, theirs)):
        assert CASES[case](t, PRUNE[t], module) is module
        assert PRUNE[t].is_pruned(module)
        optimizer = t.optim.SGD(module.parameters(), lr=0.1)
        (module(t.from_numpy(x)) ** 2).sum().backward()
        optimizer.step()
        module(t.from_numpy(x))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        same(ours.state_dict()[name], value)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    kinds = [[type(hook).__name__ for hook in m._forward_pre_hooks.values()] for m in (ours, theirs)]
    assert kinds[0] == kinds[1]
    for t, module in zip(BOTH, (ours, theirs)):
        for name in ("weight", "bias"):
            if hasattr(module, f"{name}_mask"):
                PRUNE[t].remove(module, name)
        assert not PRUNE[t].is_pruned(module)
        with pytest.raises(ValueError, match="has to be pruned"):
            PRUNE[t].remove(module, "weight")
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for name, value in theirs.state_dict().items():
        same(ours.state_dict()[name], value)
    same(ours(tinytorch.from_numpy(x)), theirs(torch.from_numpy(x)))


@pytest.mark.parametrize("method", ["L1Unstructured", "scores"])
def test_several_parameters_as_one(method):
    ours, theirs = alike(lambda t: t.nn.Sequential(t.nn.Linear(6, 4), t.nn.Linear(4, 3)))
    for t, module in zip(BOTH, (ours, theirs)):
        p, parameters = PRUNE[t], [(module[0], "weight"), (module[1], "weight"), (module[1], "bias")]
        p.l1_unstructured(module[1], "weight", 2)
        given = {(module[0], "weight"): scores(t)} if method == "scores" else None
        p.global_unstructured(parameters, p.L1Unstructured, importance_scores=given, amount=0.4)
        with pytest.raises(TypeError, match="unstructured"):
            p.global_unstructured(parameters, p.LnStructured, amount=1, n=2)
        with pytest.raises(TypeError, match="Iterable"):
            p.global_unstructured(5, p.L1Unstructured, amount=1)
        with pytest.raises(TypeError, match="dict"):
            p.global_unstructured(parameters, p.L1Unstructured, importance_scores=[], amount=1)
    for name, value in theirs.state_dict().items():
        same(ours.state_dict()[name], value)


def test_random_methods():
    tinytorch.manual_seed(0)
    layer = nn.Linear(50, 40)
    prune.random_unstructured(layer, "weight", 0.25)
    assert (layer.weight_mask == 0).sum().item() == 500
    first = layer.weight_mask.clone()
    prune.random_structured(layer, "weight", 10, dim=0)
    gone = (layer.weight_mask == 0).all(1)
    assert 10 <= gone.sum().item() <= 12 and (layer.weight_mask <= first).all()
    assert layer.weight_mask[~gone].equal(first[~gone]), "what is left of the rows is as it was"


def alternate(t):
    class Alternate(PRUNE[t].BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, tensor, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    return Alternate


def test_a_method_that_programs_write():
    ours, theirs = alike(lambda t: t.nn.Linear(6, 4))
    for t, module in zip(BOTH, (ours, theirs)):
        alternate(t).apply(module, "weight")
        alternate(t).apply(module, "weight")
        assert isinstance(next(iter(module._forward_pre_hooks.values())), PRUNE[t].PruningContainer)
    same(ours.weight_mask, theirs.weight_mask)
    for t in BOTH:
        pruned = alternate(t)().prune(t.arange(5.0))
        assert pruned.tolist() == [0, 1, 0, 3, 0]


@pytest.mark.parametrize(
    "wrong, error",
    [
        (lambda t, p, m: p.l1_unstructured(m, "weight", 1.5), ValueError),
        (lambda t, p, m: p.l1_unstructured(m, "weight", -1), ValueError),
        (lambda t, p, m: p.l1_unstructured(m, "weight", 100), ValueError),
        (lambda t, p, m: p.l1_unstructured(m, "weight", "half"), TypeError),
        (lambda t, p, m: p.ln_structured(m, "bias", 1, 2, 0), ValueError),
        (lambda t, p, m: p.ln_structured(m, "weight", 1, 2, 2), IndexError),
        (lambda t, p, m: p.custom_from_mask(m, "weight", t.ones(3)), AssertionError),
        (lambda t, p, m: p.l1_unstructured(m, "weight", 1, importance_scores=t.ones(3)), AssertionError),
        (lambda t, p, m: p.l1_unstructured(m, "color", 1), AttributeError),
        (lambda t, p, m: p.PruningContainer(p.Identity()).add_pruning_method(5), (TypeError, AttributeError)),
        (lambda t, p, m: p.BasePruningMethod(), TypeError),
    ],
)
def test_errors(wrong, error):
    for t in BOTH:
        module = t.nn.Linear(6, 4)
        with pytest.raises(error):
            wrong(t, PRUNE[t], module)
        assert sorted(module.state_dict()) == ["bias", "weight"], "it is as it was"
        assert isinstance(module.weight, t.nn.Parameter)
