"""Lesson 07 by definition, with PyTorch, which has no Trainer."""

import copy
from types import SimpleNamespace

import numpy as np
import torch


def accuracy(scores, labels):
    return float(np.mean([row.argmax() == label for row, label in zip(scores.detach().numpy(), labels.numpy())]))


class RunningMean:
    """All samples' means, kept."""

    def __init__(self):
        self.fed = []

    def update(self, mean, count=1):
        self.fed += [mean] * count

    @property
    def value(self):
        return float(np.mean(self.fed)) if self.fed else float("nan")


def evaluate(model, loss, loader, metrics):
    was, found = model.training, {name: RunningMean() for name in ("loss", *metrics)}
    try:
        model.eval()
        with torch.no_grad():
            for x, y in loader:
                scores = model(x)
                for name, function in {"loss": loss, **metrics}.items():
                    found[name].update(float(function(scores, y)), len(y))
    finally:
        model.train(was)
    return {name: mean.value for name, mean in found.items()}


def confusion_matrix(answers, labels, classes):
    pairs = torch.as_tensor(labels) * classes + torch.as_tensor(answers)
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes).numpy()


def backward_in_parts(model, loss, parts):
    total, mean = sum(len(y) for _, y in parts), 0.0
    for x, y in parts:
        part = loss(model(x), y) * len(y) / total
        part.backward()
        mean += part.item()
    return mean


def step(model, loss, optimizer, batches, max_norm=None):
    optimizer.zero_grad()
    value = backward_in_parts(model, loss, batches)
    if max_norm is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return value


class Callback:
    """Told of nothing; `tell` asks for what there is."""


class EarlyStopping(Callback):
    """Judges the whole history anew after each epoch."""

    def __init__(self, patience=5, metric="loss", mode="min"):
        self.patience, self.metric, self.mode, self.best, self.kept = patience, metric, mode, None, []

    def on_epoch_end(self, trainer):
        self.kept.append(copy.deepcopy(trainer.model.state_dict()))
        values = np.array([row[self.metric] for row in trainer.history])
        values = np.where(np.isnan(values), np.inf, values if self.mode == "min" else -values)
        self.where = int(values.argmin())
        self.best = trainer.history[self.where][self.metric] if np.isfinite(values).any() else None
        waited = len(values) - 1 - self.where if self.best is not None else len(values)
        trainer.stop = trainer.stop or waited >= self.patience

    def on_fit_end(self, trainer):
        if self.best is not None:
            trainer.model.load_state_dict(self.kept[self.where])


class Trainer:
    """The loop, and its state."""

    def __init__(self, model, loss, optimizer, train, scheduler=None, callbacks=()):
        self.model, self.loss, self.optimizer, self.train = model, loss, optimizer, train
        self.scheduler, self.callbacks, self.epoch, self.history, self.stop = scheduler, list(callbacks), 0, [], False

    def tell(self, event):
        for callback in self.callbacks:
            getattr(callback, event, lambda trainer: None)(self)

    def fit(self, epochs):
        while self.epoch < epochs:
            mean, lr = RunningMean(), self.optimizer.param_groups[0]["lr"]
            for x, y in self.train:
                mean.update(step(self.model, self.loss, self.optimizer, [(x, y)]), len(y))
            if self.scheduler:
                self.scheduler.step()
            self.epoch += 1
            self.history.append({"epoch": self.epoch, "lr": lr, "train_loss": mean.value})
            self.tell("on_epoch_end")

    def state_dict(self):
        own = {"epoch": self.epoch, "history": self.history, "random": torch.get_rng_state()}
        parts = {name: part and part.state_dict() for name, part in self.parts().items()}
        orders = [self.train.generator.get_state()] if self.train.generator else []
        return copy.deepcopy(own | parts | {"orders": orders, "callbacks": [c.state_dict() for c in self.callbacks]})

    def load_state_dict(self, state):
        self.epoch, self.history = state["epoch"], copy.deepcopy(state["history"])
        torch.set_rng_state(state["random"])
        for name, part in self.parts().items():
            if part:
                part.load_state_dict(copy.deepcopy(state[name]))
        for saved in state["orders"]:
            self.train.generator.set_state(saved)
        for callback, saved in zip(self.callbacks, state["callbacks"]):
            callback.load_state_dict(saved)

    def parts(self):
        return {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler}


lesson = SimpleNamespace(
    accuracy=accuracy,
    RunningMean=RunningMean,
    evaluate=evaluate,
    confusion_matrix=confusion_matrix,
    backward_in_parts=backward_in_parts,
    step=step,
    Callback=Callback,
    EarlyStopping=EarlyStopping,
    Trainer=Trainer,
)
