"""Lesson 07: measuring, the trainer, its callbacks, and resuming to the same bits."""

import inspect
import math
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch
from tinytorch import nn, optim
from tinytorch.data.dataloader import DataLoader, RandomSampler, TensorDataset
from tinytorch.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    LivePlot,
    ProgressBar,
    RunningMean,
    Trainer,
    accuracy,
    backward_in_parts,
    confusion_matrix,
    draw_history,
    evaluate,
    learning_rate_range,
    step,
)

ROOT = Path(__file__).parents[2]
loss = nn.CrossEntropyLoss()


def data(n=96, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.int64) + (x[:, 3] > 1)
    return TensorDataset(tinytorch.tensor(x), tinytorch.tensor(y))


class Noisy(nn.Module):
    """Draws random numbers while training, as dropout does."""

    def forward(self, x):
        return x * (tinytorch.rand(x.shape) > 0.2).float() if self.training else x


def model_of(seed=0):
    tinytorch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), Noisy(), nn.Linear(12, 3))


def weights(model):
    return {name: t.detach().numpy().copy() for name, t in model.state_dict().items()}


def identical(a, b):
    return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)


# measuring


@given(st.lists(st.tuples(st.floats(-10, 10), st.integers(1, 50)), min_size=1, max_size=10))
def test_running_mean(pieces):
    mean = RunningMean()
    for value, count in pieces:
        mean.update(value, count)
    expected = sum(v * n for v, n in pieces) / sum(n for _, n in pieces)
    assert math.isclose(mean.value, expected, abs_tol=1e-9)
    assert math.isnan(RunningMean().value)


def test_accuracy_and_confusion():
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((200, 4)).astype(np.float32), rng.integers(0, 4, 200)
    answers = scores.argmax(1)
    assert math.isclose(
        accuracy(tinytorch.tensor(scores), tinytorch.tensor(labels)), (answers == labels).mean(), rel_tol=1e-6
    )
    from sklearn.metrics import confusion_matrix as theirs

    for a, y in ((answers, labels), (tinytorch.tensor(answers), tinytorch.tensor(labels))):
        assert np.array_equal(confusion_matrix(a, y, 4), theirs(labels, answers))


def test_evaluate_is_the_mean_over_samples_without_a_trace():
    model, samples = model_of(), data()
    before = weights(model)
    for size in (96, 32, 7):
        got = evaluate(
            model,
            loss,
            DataLoader(samples, batch_size=size),
            {"accuracy": accuracy, "first": lambda s, y: y.float().mean()},
        )
        with tinytorch.no_grad():
            scores = model.eval()(samples.tensors[0])
        model.train()
        assert math.isclose(got["loss"], loss(scores, samples.tensors[1]).item(), rel_tol=1e-5)
        assert math.isclose(got["first"], samples.tensors[1].float().mean().item(), rel_tol=1e-5)
    assert identical(before, weights(model)) and all(p.grad is None for p in model.parameters())


# accumulation


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.booleans())
def test_accumulated_gradients_are_those_of_the_large_batch(sizes, double):
    kind, tkind = (tinytorch.float64, torch.float64) if double else (tinytorch.float32, torch.float32)
    rng = np.random.default_rng(sum(sizes))
    x, y = rng.standard_normal((sum(sizes), 6)), rng.integers(0, 3, sum(sizes))
    model = nn.Linear(6, 3).to(kind)
    ends = np.cumsum(sizes)
    parts = [
        (tinytorch.tensor(x[e - n : e], dtype=kind), tinytorch.tensor(y[e - n : e]))
        for e, n in zip(ends, sizes, strict=True)
    ]
    value = backward_in_parts(model, loss, parts)
    w, b = [torch.tensor(p.detach().numpy(), requires_grad=True) for p in (model.weight, model.bias)]
    expected = torch.nn.functional.cross_entropy(torch.tensor(x, dtype=tkind) @ w.T + b, torch.tensor(y))
    expected.backward()
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if double else {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(value, expected.item(), **tolerance)
    np.testing.assert_allclose(model.weight.grad.numpy(), w.grad.numpy(), **tolerance)
    np.testing.assert_allclose(model.bias.grad.numpy(), b.grad.numpy(), **tolerance)


def test_accumulating_trainer_walks_as_with_the_large_batch():
    def run(size, accumulate, kind=tinytorch.float64):
        tinytorch.manual_seed(0)
        model = nn.Linear(6, 3).to(kind)
        samples = TensorDataset(data().tensors[0].to(kind), data().tensors[1])
        trainer = Trainer(
            model,
            loss,
            optim.SGD(model.parameters(), lr=0.5, momentum=0.9),
            DataLoader(samples, batch_size=size),
            accumulate=accumulate,
            max_norm=0.3,
        )
        return trainer.fit(3), weights(model)

    (history, large), (other, small) = run(40, 1), run(10, 4)
    for name in large:
        np.testing.assert_allclose(small[name], large[name], rtol=1e-9)
    np.testing.assert_allclose([row["train_loss"] for row in history], [row["train_loss"] for row in other], rtol=1e-9)


def test_step_clips():
    model, samples = model_of(), data()
    before = weights(model)
    step(model, loss, optim.SGD(model.parameters(), lr=1.0), [samples.tensors], max_norm=0.01)
    moved = math.sqrt(sum(((b - before[name]) ** 2).sum() for name, b in weights(model).items()))
    assert math.isclose(moved, 0.01, rel_tol=1e-3)


# the trainer


class Witness(Callback):
    def __init__(self):
        self.events = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            self.events.append(name)
        return super().__getattribute__(name)


def make_trainer(seed=0, optimizer=lambda p: optim.SGD(p, lr=0.1), scheduler=None, loader=None, **options):
    model = model_of(seed)
    opt = optimizer(model.parameters())
    loader = DataLoader(data(), batch_size=20, shuffle=True) if loader is None else loader()
    return Trainer(
        model,
        loss,
        opt,
        loader,
        DataLoader(data(40, 1), batch_size=40),
        scheduler=scheduler and scheduler(opt),
        **options,
    )


def test_events_history_and_fit_in_all():
    witness = Witness()
    trainer = make_trainer(callbacks=[witness])
    history = trainer.fit(2)
    one = ["on_epoch_begin", *["on_step_end"] * 5, "on_epoch_end"]
    assert witness.events == ["on_fit_begin", *one, *one, "on_fit_end"]
    assert [row["epoch"] for row in history] == [1, 2] and set(history[0]) == {
        "epoch",
        "lr",
        "train_loss",
        "loss",
        "accuracy",
    }
    assert trainer.fit(2) is history and len(history) == 2 and len(trainer.fit(3)) == 3
    witness.events.clear()
    trainer.train = [(tinytorch.zeros(1, 1), tinytorch.tensor([0]))]
    with pytest.raises(RuntimeError):
        trainer.fit(4)
    assert witness.events[-1] == "on_fit_end", "callbacks hear of the end after an error too"


def test_trainer_fits_a_screen():
    assert len(inspect.getsource(Trainer).splitlines()) <= 70


def test_trainer_walks_as_torch():
    samples = data()
    mine = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
    theirs = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    theirs.load_state_dict({name: torch.tensor(w) for name, w in weights(mine).items()})
    opt = optim.Adam(mine.parameters(), lr=0.01)
    history = Trainer(
        mine,
        loss,
        opt,
        DataLoader(samples, batch_size=20),
        scheduler=optim.lr_scheduler.StepLR(opt, 1, 0.5),
        max_norm=0.5,
    ).fit(3)
    opt = torch.optim.Adam(theirs.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(opt, 1, 0.5)
    x, y = [torch.tensor(t.numpy()) for t in samples.tensors]
    for row in history:
        total = 0.0
        assert row["lr"] == opt.param_groups[0]["lr"]
        for i in range(0, 96, 20):
            opt.zero_grad()
            value = torch.nn.functional.cross_entropy(theirs(x[i : i + 20]), y[i : i + 20])
            value.backward()
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
            opt.step()
            total += value.item() * len(y[i : i + 20])
        schedule.step()
        assert math.isclose(row["train_loss"], total / 96, rel_tol=1e-4)
    for name, w in weights(mine).items():
        np.testing.assert_allclose(w, theirs.state_dict()[name].numpy(), rtol=1e-3, atol=1e-5)


def test_schedules():
    trainer = make_trainer(
        scheduler=lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=1e9, threshold_mode="abs"),
        schedule_each="epoch",
    )
    rates = [row["lr"] for row in trainer.fit(4)]
    assert rates[0] == rates[1] == 0.1 and rates[2] < 0.1
    trainer = make_trainer(scheduler=lambda o: optim.lr_scheduler.ExponentialLR(o, 0.9), schedule_each="step")
    trainer.fit(2)
    assert math.isclose(trainer.optimizer.param_groups[0]["lr"], 0.1 * 0.9**10, rel_tol=1e-6)


def test_regression_without_metrics_and_without_held_out():
    x = tinytorch.rand(20, 1)
    model = nn.Linear(1, 1)
    history = Trainer(
        model,
        nn.MSELoss(),
        optim.SGD(model.parameters(), lr=0.1),
        DataLoader(TensorDataset(x, 3 * x), batch_size=5),
        metrics={},
    ).fit(20)
    assert set(history[0]) == {"epoch", "lr", "train_loss"} and history[-1]["train_loss"] < history[0]["train_loss"] / 5


# resuming to the same bits

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}
SCHEDULERS = {
    "none": (None, "epoch"),
    "step": (lambda o: optim.lr_scheduler.StepLR(o, 3, 0.5), "epoch"),
    "cosine": (lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 4), "epoch"),
    "plateau": (lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0), "epoch"),
    "onecycle": (lambda o: optim.lr_scheduler.OneCycleLR(o, 0.2, total_steps=40), "step"),
    "sequence": (
        lambda o: optim.lr_scheduler.SequentialLR(
            o, [optim.lr_scheduler.LinearLR(o), optim.lr_scheduler.ExponentialLR(o, 0.9)], [2]
        ),
        "epoch",
    ),
}


def seeded(seed):
    return tinytorch.Generator().manual_seed(seed)


LOADERS = {
    "global": lambda seed: DataLoader(data(), batch_size=20, shuffle=True),
    "generator": lambda seed: DataLoader(data(), batch_size=20, shuffle=True, generator=seeded(seed)),
    "sampler": lambda seed: DataLoader(
        data(), batch_size=20, sampler=RandomSampler(data(), replacement=True, generator=seeded(seed))
    ),
    "workers": lambda seed: DataLoader(data(), batch_size=20, shuffle=True, generator=seeded(seed), num_workers=2),
}
CASES = (
    [(o, "step", "global") for o in OPTIMIZERS]
    + [("momentum", s, "global") for s in SCHEDULERS]
    + [("adam", "cosine", loader) for loader in LOADERS]
)


@pytest.mark.parametrize(("optimizer", "scheduler", "loader"), CASES)
def test_resuming_gives_the_same_bits(optimizer, scheduler, loader, tmp_path):
    schedule, each = SCHEDULERS[scheduler]

    def new(seed, *callbacks):
        return make_trainer(
            seed,
            OPTIMIZERS[optimizer],
            schedule,
            lambda: LOADERS[loader](seed),
            schedule_each=each,
            callbacks=[EarlyStopping(patience=50, metric="train_loss"), *callbacks],
            max_norm=1.0,
        )

    whole = new(1)
    expected = whole.fit(4)
    path = tmp_path / "checkpoint"
    first = new(1, Checkpoint(path))
    first.fit(2)
    resumed = new(2, Checkpoint(path))
    resumed.load_state_dict(tinytorch.load(path))
    assert resumed.epoch == 2 and resumed.callbacks[0].best == first.callbacks[0].best
    got = resumed.fit(4)
    assert got == expected, "the whole history, to the last bit"
    assert identical(weights(resumed.model), weights(whole.model))
    a, b = resumed.optimizer.state_dict(), whole.optimizer.state_dict()
    for i, state in b["state"].items():
        for name, value in state.items():
            assert np.array_equal(np.asarray(a["state"][i][name]), np.asarray(value)), (i, name)


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "rmsprop"])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_state_is_a_snapshot(optimizer, scheduler):
    schedule, each = SCHEDULERS[scheduler]

    def new(seed):
        callbacks = [EarlyStopping(patience=50, metric="train_loss")]
        loader = next(iter(LOADERS.values()))
        return make_trainer(
            seed, OPTIMIZERS[optimizer], schedule, lambda: loader(seed), schedule_each=each, callbacks=callbacks
        )

    trainer = new(1)
    trainer.fit(1)
    state = trainer.state_dict()
    expected = trainer.fit(3)
    for _ in range(2):  # going on from it must not change it either
        resumed = new(2)
        resumed.load_state_dict(state)
        assert resumed.fit(3) == expected
        assert identical(weights(resumed.model), weights(trainer.model))


def test_resuming_in_another_process(tmp_path):
    program = textwrap.dedent("""
        import sys
        import tinytorch
        from tinytorch import nn, optim
        from tinytorch.data import DataLoader, TensorDataset
        from tinytorch.training import Checkpoint, Trainer
        seed, until, path, load = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4] == "load"
        x = tinytorch.arange(80).reshape(40, 2).float() / 80
        tinytorch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))
        loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=6, shuffle=True)
        trainer = Trainer(model, nn.MSELoss(), optim.Adam(model.parameters()), loader, metrics={}, callbacks=[Checkpoint(path)])
        if load:
            trainer.load_state_dict(tinytorch.load(path))
        trainer.fit(until)
        print(trainer.history, [p.tolist() for p in model.parameters()])
    """)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    run(1, 1, tmp_path / "a", "fresh")
    assert run(7, 3, tmp_path / "a", "load") == run(1, 3, tmp_path / "b", "fresh")


# callbacks


def test_early_stopping_restores_the_best_weights_and_resumes(tmp_path):
    stopper = EarlyStopping(patience=3)
    trainer = make_trainer(optimizer=lambda p: optim.SGD(p, lr=2.0), callbacks=[stopper])
    history = trainer.fit(60)
    best = min(row["loss"] for row in history)
    assert trainer.epoch < 60 and stopper.best == best and history[-4]["loss"] == best
    assert evaluate(trainer.model, loss, trainer.held_out, {})["loss"] == best
    again = EarlyStopping(patience=3)
    tinytorch.save(stopper.state_dict(), tmp_path / "x")
    again.load_state_dict(tinytorch.load(tmp_path / "x"))
    assert (again.best, again.waited) == (best, 3) and again.weights.keys() == stopper.weights.keys()
    with pytest.raises(ValueError, match="mode"):
        EarlyStopping(mode="up")
    with pytest.raises(KeyError):
        make_trainer(callbacks=[EarlyStopping(metric="no such")]).fit(1)


def test_checkpoint_every(tmp_path):
    path = tmp_path / "x"
    make_trainer(callbacks=[Checkpoint(path, every=2)]).fit(3)
    assert tinytorch.load(path)["epoch"] == 2


def test_progress_bar_and_plot_without_a_screen(tmp_path, capsys):
    trainer = make_trainer(callbacks=[ProgressBar(), LivePlot(tmp_path / "curves.png")], accumulate=2)
    trainer.fit(3)
    out = capsys.readouterr().out
    assert "3/3" in out and "9/9" in out and "accuracy" in out
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    draw_history([])
    Trainer(trainer.model, loss, trainer.optimizer, list(trainer.train), callbacks=[ProgressBar()]).fit(1)


def test_live_plot_updates_one_display_in_a_notebook(monkeypatch):
    import IPython

    shown = []

    class Handle:
        def update(self, picture):
            shown.append("update")

    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"kernel": object()})())
    monkeypatch.setattr(IPython.display, "display", lambda picture, display_id: shown.append("display") or Handle())
    make_trainer(callbacks=[LivePlot(seconds=0)]).fit(3)
    assert shown == ["display", "update", "update", "update"], "after each epoch, and at the end"
    shown.clear()
    make_trainer(callbacks=[LivePlot(seconds=60)]).fit(3)
    assert shown == ["display", "update"], "at once, then not before its time but at the end"


def test_learning_rate_range_leaves_no_trace():
    trainer = make_trainer(optimizer=lambda p: optim.Adam(p, lr=0.01))
    trainer.fit(1)
    before, state, random = (
        weights(trainer.model),
        trainer.optimizer.state_dict(),
        tinytorch.get_rng_state().numpy().copy(),
    )
    moments = {i: {k: np.array(v) for k, v in s.items()} for i, s in state["state"].items()}
    rates, losses = learning_rate_range(trainer.model, loss, trainer.optimizer, trainer.train, steps=30)
    assert len(rates) == len(losses) <= 30 and rates[0] == pytest.approx(1e-5)
    assert identical(before, weights(trainer.model)) and np.array_equal(random, tinytorch.get_rng_state().numpy())
    after = trainer.optimizer.state_dict()
    assert after["param_groups"][0]["lr"] == 0.01
    assert all(np.array_equal(np.array(after["state"][i][k]), v) for i, s in moments.items() for k, v in s.items())


def test_mlp_on_digits():
    from tinytorch.vision.datasets import Digits

    train, held_out = [TensorDataset(d.data.reshape(-1, 64), d.targets) for d in (Digits(), Digits(train=False))]
    for seed in (0, 1):
        tinytorch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        trainer = Trainer(
            model,
            loss,
            optim.Adam(model.parameters(), lr=3e-3),
            DataLoader(train, batch_size=32, shuffle=True),
            DataLoader(held_out, batch_size=359),
        )
        assert trainer.fit(20)[-1]["accuracy"] > 0.96


def test_importing_is_light():
    program = (
        "import sys, tinytorch.training, tinytorch.data, tinytorch.vision.datasets, tinytorch.serialization, tinytorch.vision.transforms; "
        "print([m for m in ('matplotlib', 'rich', 'sklearn', 'IPython', 'multiprocessing', 'safetensors') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
