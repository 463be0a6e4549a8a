"""The schedules against PyTorch's, epoch by epoch."""

import math
import warnings

import numpy as np
import pytest
import torch

from tinytorch import optim
from tinytorch.optim import lr_scheduler
from tinytorch.tensor import tensor


class Scale:
    """A factor with state, which a saved LambdaLR keeps."""

    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


CASES = {
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.3),
    "StepLR every epoch": lambda s, o: s.StepLR(o, 1),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 10, 10, 30], 0.5),
    "MultiStepLR unsorted, from 0": lambda s, o: s.MultiStepLR(o, [20, 0, 5]),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR long": lambda s, o: s.ConstantLR(o, 0.2, 30),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR each": lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), Scale(0.9)]),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR down": lambda s, o: s.LinearLR(o, 1.0, 0.1, 20),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 30, 2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 50, 1e-4),
    "CosineAnnealingLR up again": lambda s, o: s.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "CosineAnnealingWarmRestarts longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 1e-3),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, 60),
    "OneCycleLR each": lambda s, o: s.OneCycleLR(o, [0.5, 0.1], epochs=6, steps_per_epoch=10, pct_start=0.5),
    "OneCycleLR linear": lambda s, o: s.OneCycleLR(
        o, 0.5, 55, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0
    ),
    "OneCycleLR three": lambda s, o: s.OneCycleLR(
        o, 0.5, 70, three_phase=True, base_momentum=0.8, max_momentum=[0.9, 0.95]
    ),
    "OneCycleLR rate only": lambda s, o: s.OneCycleLR(o, 0.5, 60, cycle_momentum=False),
    "SequentialLR": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 10), s.CosineAnnealingLR(o, 40)], [10]),
    "SequentialLR of many": lambda s, o: s.SequentialLR(
        o,
        [
            s.ConstantLR(o, 0.1, 8),
            s.StepLR(o, 3, 0.5),
            s.ExponentialLR(o, 0.9),
            s.LambdaLR(o, Scale(0.8)),
            s.MultiStepLR(o, [2, 4]),
            s.PolynomialLR(o, 6),
            s.CosineAnnealingWarmRestarts(o, 4),
        ],
        [5, 12, 20, 25, 33, 40],
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.9)]),
    "SequentialLR of SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.ConstantLR(o, 0.1, 8), s.StepLR(o, 3, 0.5)], [4]), s.ExponentialLR(o, 0.9)], [15]
    ),
    "SequentialLR of a product": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 8), s.MultiplicativeLR(o, lambda epoch: 0.9)], [10]
    ),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 0.95, Scale(0.999)]),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 5, 8, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, mode="exp_range", gamma=0.98, base_momentum=0.7),
    "CyclicLR by a function": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, scale_fn=Scale(0.9), cycle_momentum=False),
    "CyclicLR by the step": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, scale_fn=Scale(0.99), scale_mode="iterations"),
    "two at once": lambda s, o: (s.StepLR(o, 10, 0.5), s.ExponentialLR(o, 0.95))[1],
}


def optimizers(name="SGD"):
    """The same optimizer with two groups here and in PyTorch."""
    result = []
    for make, library in ((tensor, optim), (torch.tensor, torch.optim)):
        p, q = make([1.0], requires_grad=True), make([2.0], requires_grad=True)
        p.grad, q.grad = make([0.1]), make([0.1])
        options = {"momentum": 0.9} if name == "SGD" else {}
        result.append(getattr(library, name)([{"params": [p]}, {"params": [q], "lr": 0.02}], lr=0.1, **options))
    return result


def settings(optimizer):
    return [[group["lr"], group.get("momentum", 0), *group.get("betas", ())] for group in optimizer.param_groups]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("case", CASES)
def test_as_pytorch_over_50_epochs(case, name):
    make, (a, b) = CASES[case], optimizers(name)
    ours, theirs = make(lr_scheduler, a), make(torch.optim.lr_scheduler, b)
    for _ in range(50):
        np.testing.assert_allclose(settings(a), settings(b), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ours.get_last_lr(), theirs.get_last_lr(), rtol=1e-9, atol=1e-12)
        assert getattr(ours, "last_epoch", 0) == getattr(theirs, "last_epoch", 0)
        a.step()
        b.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours.step()
            theirs.step()
    for p, q in zip(a.param_groups, b.param_groups, strict=True):
        np.testing.assert_allclose(p["params"][0].tolist(), q["params"][0].tolist(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_saved_schedule_resumes(case):
    make, (a, _), (c, _) = CASES[case], optimizers(), optimizers()
    first = make(lr_scheduler, a)
    for _ in range(13):
        a.step()
        first.step()
    second = make(lr_scheduler, c)
    saved = first.state_dict()
    assert "optimizer" not in saved
    c.load_state_dict(a.state_dict())
    second.load_state_dict(saved)
    assert second.get_last_lr() == first.get_last_lr()
    for _ in range(30):
        first.step()
        c.step()
        second.step()
        assert settings(a) == settings(c)


@pytest.mark.parametrize("case", [case for case in CASES if case != "SequentialLR of many"])
def test_states_go_both_ways(case):
    """All that PyTorch saves of a schedule is in ours, and what one package saved the other goes on with."""
    make, (a, b), (c, d) = CASES[case], optimizers(), optimizers()
    ours, theirs = make(lr_scheduler, a), make(torch.optim.lr_scheduler, b)
    for schedule in (ours, theirs):
        for _ in range(13):
            schedule.optimizer.step()
            schedule.step()
    left_out = {"_get_lr_called_within_step", "lr_lambdas", "_schedulers", "_anneal_func_type"}
    saved = theirs.state_dict()
    assert saved.keys() - left_out <= ours.state_dict().keys()
    for name in ("base_lrs", "last_epoch", "_last_lr", "_step_count"):
        if name in saved:
            assert ours.state_dict()[name] == pytest.approx(saved[name]), name
    one, other = make(lr_scheduler, c), make(torch.optim.lr_scheduler, d)
    c.load_state_dict({**c.state_dict(), "param_groups": b.state_dict()["param_groups"]})
    d.load_state_dict({**d.state_dict(), "param_groups": a.state_dict()["param_groups"]})
    one.load_state_dict(theirs.state_dict())
    other.load_state_dict(ours.state_dict())
    for _ in range(20):
        np.testing.assert_allclose(settings(c), settings(a), rtol=1e-9)
        np.testing.assert_allclose(settings(d), settings(a), rtol=1e-9)
        for schedule in (ours, one, other):
            schedule.optimizer.step()
            schedule.step()


JUMPING = [
    "StepLR",
    "MultiStepLR",
    "ExponentialLR",
    "ConstantLR",
    "LinearLR",
    "PolynomialLR",
    "CosineAnnealingLR",
    "LambdaLR",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", JUMPING)
def test_a_step_to_a_named_epoch(case):
    """`scheduler.step(epoch)`, as programs wrote it before 1.4; also to and fro."""
    make, (a, b) = CASES[case], optimizers()
    ours, theirs = make(lr_scheduler, a), make(torch.optim.lr_scheduler, b)
    for epoch in (0, 1, 2, 5, 3, 40, None, 8, None, None, 0):
        for schedule in (ours, theirs):
            schedule.optimizer.step()
            schedule.step(epoch)
        np.testing.assert_allclose(settings(a), settings(b), rtol=1e-9, atol=1e-12)
        assert ours.last_epoch == theirs.last_epoch


@pytest.mark.parametrize(
    "case", [*JUMPING, "CyclicLR", "OneCycleLR", "CosineAnnealingWarmRestarts", "SequentialLR", "plateau"]
)
def test_a_rate_that_is_a_tensor_stays_that_tensor(case):
    rates = []
    for s, package, t in ((lr_scheduler, optim, tensor), (torch.optim.lr_scheduler, torch.optim, torch.tensor)):
        p, lr = t([1.0], requires_grad=True), t(0.1)
        optimizer, seen = package.SGD([p, t([2.0], requires_grad=True)], lr=lr, momentum=0.9), []
        optimizer.param_groups[0]["params"][1].grad = p.grad = t([0.1])
        schedule = s.ReduceLROnPlateau(optimizer, patience=2) if case == "plateau" else None
        if schedule is None:
            try:
                schedule = CASES[case](s, optimizer)
            except ValueError:  # one function for each of two groups
                pytest.skip("made for two groups")
        for _ in range(20):
            optimizer.step()
            schedule.step(*([1.0] if case == "plateau" else []))
            (last,) = schedule.get_last_lr()
            assert optimizer.param_groups[0]["lr"] is lr and last is not lr
            seen.append(last.item())
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-5)


WARM_UP = """
class GradualWarmup(torch.optim.lr_scheduler._LRScheduler):
    def __init__(self, optimizer, multiplier, total_epoch, after_scheduler=None):
        self.multiplier = multiplier
        self.total_epoch = total_epoch
        self.after_scheduler = after_scheduler
        self.finished = False
        super(GradualWarmup, self).__init__(optimizer)

    def get_lr(self):
        if self.last_epoch > self.total_epoch:
            if self.after_scheduler:
                if not self.finished:
                    self.after_scheduler.base_lrs = [base_lr * self.multiplier for base_lr in self.base_lrs]
                    self.finished = True
                return self.after_scheduler.get_last_lr()
            return [base_lr * self.multiplier for base_lr in self.base_lrs]
        return [base_lr * ((self.multiplier - 1.) * self.last_epoch / self.total_epoch + 1.) for base_lr in self.base_lrs]

    def step(self, epoch=None, metrics=None):
        if self.finished and self.after_scheduler:
            if epoch is None:
                self.after_scheduler.step(None)
            else:
                self.after_scheduler.step(epoch - self.total_epoch)
            self._last_lr = self.after_scheduler.get_last_lr()
        else:
            return super(GradualWarmup, self).step(epoch)
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("named", [False, True])
def test_a_schedule_that_programs_write(named):
    import tinytorch

    rates = []
    for package, optimizer in zip((tinytorch, torch), optimizers(), strict=True):
        names = {"torch": package}
        exec(WARM_UP, names)
        after = package.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
        schedule, seen = names["GradualWarmup"](optimizer, 8, 10, after), []
        for epoch in range(1, 30):
            optimizer.step()
            schedule.step(*([epoch] if named else []))
            seen.append([group["lr"] for group in optimizer.param_groups])
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-9)


@pytest.mark.parametrize(
    "case", ["StepLR", "ExponentialLR", "LinearLR", "CosineAnnealingLR", "PolynomialLR", "LambdaLR"]
)
@pytest.mark.parametrize("last", [4, 5, 6, 12])
def test_last_epoch_as_pytorch(case, last):
    rates = []
    for s, o in zip((lr_scheduler, torch.optim.lr_scheduler), optimizers(), strict=True):
        make = {
            "StepLR": lambda s, o: s.StepLR(o, 7, 0.3, last_epoch=last),
            "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=last),
            "LinearLR": lambda s, o: s.LinearLR(o, 0.1, 1.0, 10, last_epoch=last),
            "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 20, last_epoch=last),
            "PolynomialLR": lambda s, o: s.PolynomialLR(o, 20, last_epoch=last),
            "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch, last_epoch=last),
        }[case]
        with pytest.raises(KeyError, match="initial_lr"):
            make(s, o)
        for group in o.param_groups:
            group["initial_lr"] = 0.2
        schedule, seen = make(s, o), []
        for _ in range(10):
            seen.append(schedule.get_last_lr())
            o.step()
            schedule.step()
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-12)


PLATEAUS = [
    {},
    {"patience": 2, "factor": 0.5},
    {"mode": "max", "patience": 3},
    {"threshold": 0.05, "patience": 1},
    {"threshold_mode": "abs", "threshold": 0.02, "patience": 1},
    {"mode": "max", "threshold_mode": "abs", "patience": 1},
    {"patience": 0, "cooldown": 3},
    {"patience": 0, "min_lr": 1e-3},
    {"patience": 0, "min_lr": [1e-2, 1e-3]},
    {"patience": 0, "eps": 0.01},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_as_pytorch_and_resumes(options):
    a, b = optimizers()
    c, _ = optimizers()
    ours = lr_scheduler.ReduceLROnPlateau(a, **options)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(b, **options)
    resumed, rng = None, np.random.default_rng(0)
    for epoch in range(50):
        loss = math.exp(-epoch / 10) + 0.1 * rng.random()
        ours.step(tensor(loss, requires_grad=True) if epoch % 2 else loss)
        theirs.step(torch.tensor(loss) if epoch % 2 else loss)
        assert ours.get_last_lr() == theirs.get_last_lr() and settings(a) == settings(b)
        for name in ("num_bad_epochs", "in_cooldown", "last_epoch", "best"):
            assert math.isclose(getattr(ours, name), getattr(theirs, name), rel_tol=1e-6)
        if resumed:
            resumed.step(tensor(loss) if epoch % 2 else loss)
            assert settings(a) == settings(c)
        if epoch == 20:
            resumed = lr_scheduler.ReduceLROnPlateau(c)
            c.load_state_dict(a.state_dict())
            resumed.load_state_dict(ours.state_dict())


def test_warm_restarts_at_fractions_of_an_epoch():
    (a, b), rates = optimizers(), []
    ours = lr_scheduler.CosineAnnealingWarmRestarts(a, 3, 2)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(b, 3, 2)
    for i in range(100):
        ours.step(i / 4 + 1 / 8)
        theirs.step(i / 4 + 1 / 8)
        rates.append((ours.get_last_lr(), theirs.get_last_lr()))
    np.testing.assert_allclose(*zip(*rates, strict=True), rtol=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda s, o: s.StepLR([1], 3),
        lambda s, o: s.LambdaLR(o, [lambda e: 1.0]),
        lambda s, o: s.ConstantLR(o, 1.5),
        lambda s, o: s.LinearLR(o, 0.0),
        lambda s, o: s.LinearLR(o, 0.5, 1.5),
        lambda s, o: s.OneCycleLR(o, 0.1),
        lambda s, o: s.OneCycleLR(o, 0.1, -5),
        lambda s, o: s.OneCycleLR(o, 0.1, 10, pct_start=2.0),
        lambda s, o: s.OneCycleLR(o, 0.1, 10, anneal_strategy="no"),
        lambda s, o: s.OneCycleLR(o, [0.1], 10),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 0.5),
        lambda s, o: s.SequentialLR(o, [], []),
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3)], [3]),
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3), 5], [3]),
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3), s.ReduceLROnPlateau(o)], [3]),
        lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
        lambda s, o: s.ReduceLROnPlateau(o, mode="least"),
        lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="least"),
        lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
        lambda s, o: s.ReduceLROnPlateau(5),
        lambda s, o: s.MultiplicativeLR(o, [lambda e: 1.0]),
        lambda s, o: s.MultiplicativeLR(o, 0.9),
        lambda s, o: s.CyclicLR(o, 0.1, 1.0, mode="square"),
        lambda s, o: s.CyclicLR(o, [0.1], 1.0),
        lambda s, o: s.CyclicLR(5, 0.1, 1.0),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, eta_min="0"),
        lambda s, o: s.ChainedScheduler([]),
        lambda s, o: s.OneCycleLR(5, 0.1, 10),
    ],
)
def test_errors_as_pytorch(make):
    a, b = optimizers()
    with pytest.raises((ValueError, TypeError)) as theirs:
        make(torch.optim.lr_scheduler, b)
    with pytest.raises(theirs.type):
        make(lr_scheduler, a)


def test_one_cycle_wants_momentum_and_ends():
    p = tensor([1.0], requires_grad=True)
    p.grad = tensor([1.0])
    with pytest.raises(ValueError, match="momentum"):
        lr_scheduler.OneCycleLR(optim.Adagrad([p]), 0.1, 10)
    optimizer = optim.Adam([p])
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.1, 3)
    for _ in range(3):
        optimizer.step()
        schedule.step()
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        schedule.step()


def test_schedulers_of_another_optimizer_are_refused():
    (a, _), (c, _) = optimizers(), optimizers()
    parts = [lr_scheduler.StepLR(a, 3), lr_scheduler.StepLR(c, 3)]
    with pytest.raises(ValueError, match="same optimizer"):
        lr_scheduler.SequentialLR(a, parts, [3])
    with pytest.raises(ValueError, match="same optimizer"):
        lr_scheduler.ChainedScheduler(parts)


def test_a_step_before_the_optimizers_warns():
    a, _ = optimizers()
    schedule = lr_scheduler.StepLR(a, 3)
    with pytest.warns(UserWarning, match="before optimizer.step"):
        schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a, _ = optimizers()
        schedule = lr_scheduler.StepLR(a, 3)
        a.step()
        schedule.step()
        schedule.step()


def test_a_schedule_of_ones_own():
    class Halving(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    a, _ = optimizers()
    schedule = Halving(a)
    a.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.05, 0.01]
    with pytest.raises(NotImplementedError):
        lr_scheduler.LRScheduler(a)


def test_the_module_hands_on_the_lessons_schedule():
    from tinytorch.optim import optimizer

    assert lr_scheduler.StepLR is optimizer.StepLR and lr_scheduler.LRScheduler is optimizer.LRScheduler


def test_a_plateau_sees_a_group_that_was_added():
    for s, o, t in zip((lr_scheduler, torch.optim.lr_scheduler), optimizers(), (tensor, torch.tensor), strict=True):
        schedule, listed = (
            s.ReduceLROnPlateau(o, patience=0, min_lr=0.001),
            s.ReduceLROnPlateau(o, patience=0, min_lr=[0.1, 0.2]),
        )
        o.add_param_group({"params": t([1.0], requires_grad=True), "lr": 0.5})
        schedule.step(1.0)
        schedule.step(1.0)
        assert o.param_groups[2]["lr"] == 0.05
        listed.step(1.0)
        with pytest.raises(RuntimeError, match="min_lrs"):
            listed.step(1.0)
