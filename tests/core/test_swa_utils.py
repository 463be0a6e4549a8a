"""Averages of models against PyTorch's."""

import copy

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch.optim import swa_utils
from tinytorch.tensor import Tensor, tensor


def networks():
    """The same network here and in PyTorch."""
    result = []
    for t in (tinytorch, torch):
        model = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4), t.nn.ReLU(), t.nn.Linear(4, 2))
        rng = np.random.default_rng(0)
        for p in model.parameters():
            p.data.copy_(t.from_numpy(rng.standard_normal(tuple(p.shape)).astype("float32")))
        result.append(model)
    return result


def agree(ours, theirs):
    ours, theirs = ours.state_dict(), theirs.state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert str(ours[name].dtype) == f"tiny{value.dtype}"
        np.testing.assert_allclose(ours[name].numpy(), value.numpy(), rtol=1e-5, atol=1e-6, err_msg=name)


AVERAGES = {
    "mean": lambda s: {},
    "mean, buffers too": lambda s: {"use_buffers": True},
    "moving": lambda s: {"avg_fn": s.get_ema_avg_fn(0.9)},
    "moving, all at once": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn(0.9), "use_buffers": True},
    "means all at once": lambda s: {"multi_avg_fn": s.get_swa_multi_avg_fn()},
    "a function of the program's": lambda s: {"avg_fn": lambda average, value, count: 0.1 * value + 0.9 * average},
}


@pytest.mark.parametrize("case", AVERAGES)
def test_averages_as_pytorch(case):
    models = networks()
    averaged = [
        module.AveragedModel(model, **AVERAGES[case](module))
        for module, model in zip((swa_utils, torch.optim.swa_utils), models, strict=True)
    ]
    for step in range(4):
        x = np.random.default_rng(step).standard_normal((5, 3)).astype("float32")
        for t, model, average in zip((tinytorch, torch), models, averaged, strict=True):
            optimizer = t.optim.SGD(model.parameters(), lr=0.1)
            (model(t.from_numpy(x)) ** 2).sum().backward()
            optimizer.step()
            average.update_parameters(model)
        agree(*averaged)
    x = np.random.default_rng(9).standard_normal((5, 3)).astype("float32")
    batches = [x[:2], x[2:]]
    for t, module, average in zip((tinytorch, torch), (swa_utils, torch.optim.swa_utils), averaged, strict=True):
        average.eval()
        module.update_bn([(t.from_numpy(batch), None) for batch in batches], average)
        assert not average.training and average.module[1].momentum == 0.1
    agree(*averaged)
    ours, theirs = (average(t.from_numpy(x)) for t, average in zip((tinytorch, torch), averaged, strict=True))
    np.testing.assert_allclose(ours.tolist(), theirs.tolist(), rtol=1e-4, atol=1e-5)


def test_an_averaged_model_is_its_own():
    model, _ = networks()
    before = copy.deepcopy(model.state_dict())
    averaged = swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    for p in model.parameters():
        p.data.add_(1.0)
    averaged.update_parameters(model)
    assert np.allclose(averaged.module[0].weight.tolist(), before["0.weight"].numpy() + 0.5)
    assert np.allclose(model[0].weight.tolist(), before["0.weight"].numpy() + 1) and averaged.n_averaged.item() == 2
    with pytest.raises(AssertionError, match="Only one"):
        swa_utils.AveragedModel(model, avg_fn=max, multi_avg_fn=max)
    with pytest.raises(ValueError, match="decay"):
        swa_utils.get_ema_avg_fn(1.5)
    swa_utils.update_bn([Tensor()], tinytorch.nn.Linear(1, 1))  # nothing to do: the data is not even looked at


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"anneal_epochs": 5, "anneal_strategy": "linear"},
        {"anneal_epochs": 0},
        {"anneal_epochs": 3, "swa_lr": [0.02, 0.3]},
    ],
    ids=str,
)
def test_swalr_as_pytorch(options):
    rates = []
    for t, module in ((tensor, tinytorch.optim), (torch.tensor, torch.optim)):
        p, q = t([1.0], requires_grad=True), t([1.0], requires_grad=True)
        p.grad = q.grad = t([0.0])
        optimizer = module.SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1)
        schedule, seen = module.swa_utils.SWALR(optimizer, **{"swa_lr": 0.05} | options), []
        for epoch in range(15):
            optimizer.step()
            schedule.step()
            seen.append(schedule.get_last_lr())
            if epoch == 2:  # as if somebody had gone on from a saved state
                state = schedule.state_dict()
                schedule = module.swa_utils.SWALR(optimizer, **{"swa_lr": 0.05} | options)
                schedule.load_state_dict(state)
        rates.append(seen)
        with pytest.raises(ValueError, match="anneal_strategy"):
            module.swa_utils.SWALR(optimizer, 0.1, anneal_strategy="poly")
        with pytest.raises(ValueError, match="anneal_epochs"):
            module.swa_utils.SWALR(optimizer, 0.1, anneal_epochs=-1)
    np.testing.assert_allclose(*rates, rtol=1e-9)
