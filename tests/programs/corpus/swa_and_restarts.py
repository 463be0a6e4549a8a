"""Accumulated gradients, clipping, warm restarts, averaged weights (SWA, EMA), one cycle, chained schedules, early stopping."""

import copy
import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_regression
from sklearn.preprocessing import StandardScaler
from torch.optim import lr_scheduler, swa_utils
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(0)
X, y = make_regression(n_samples=320, n_features=10, noise=5.0, random_state=0)
X, y = StandardScaler().fit_transform(X), StandardScaler().fit_transform(y.reshape(-1, 1))
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
train, valid = TensorDataset(X[:256], y[:256]), TensorDataset(X[256:], y[256:])


class EarlyStopping:
    """Stops if the validation loss doesn't improve after a given patience, and keeps the best weights in a file."""

    def __init__(self, patience=3, verbose=False, delta=0, path="checkpoint.pt", trace_func=print):
        self.patience, self.verbose, self.delta, self.path, self.trace_func = patience, verbose, delta, path, trace_func
        self.counter, self.best_score, self.early_stop, self.val_loss_min = 0, None, False, np.inf

    def __call__(self, val_loss, model):
        score = -val_loss
        if self.best_score is None or score >= self.best_score + self.delta:
            self.best_score = score
            if self.verbose:
                self.trace_func(f"Validation loss decreased ({self.val_loss_min:.1f} --> {val_loss:.1f}).  Saving model ...")
            torch.save(model.state_dict(), self.path)
            self.val_loss_min = val_loss
            self.counter = 0
        else:
            self.counter += 1
            self.trace_func(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            self.early_stop = self.counter >= self.patience


def build():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(10, 24), nn.BatchNorm1d(24), nn.Tanh(), nn.Dropout(0.1), nn.Linear(24, 1))


def validate(model, loader):
    training = model.training
    model.eval()
    with torch.no_grad():
        total = np.average([nn.functional.mse_loss(model(a), b).item() for a, b in loader])
    model.train(training)
    return float(total)


loader = DataLoader(train, batch_size=16, shuffle=True, generator=torch.Generator().manual_seed(3))
valid_loader = DataLoader(valid, batch_size=32)

# ---- accumulation, clipping, warm restarts, SWA
model = build()
swa_model = swa_utils.AveragedModel(model)
ema_model = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2, eta_min=1e-3)
swa_scheduler = swa_utils.SWALR(optimizer, anneal_strategy="linear", anneal_epochs=2, swa_lr=0.05)
accumulation_steps, swa_start = 4, 4
for epoch in range(7):
    model.train()
    running = 0.0
    for i, (inputs, targets) in enumerate(loader):
        loss = nn.functional.huber_loss(model(inputs), targets, delta=0.5) / accumulation_steps
        loss.backward()
        running += loss.item() * accumulation_steps
        if (i + 1) % accumulation_steps == 0:
            norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5, norm_type=2.0, error_if_nonfinite=True)
            optimizer.step()
            optimizer.zero_grad()
            ema_model.update_parameters(model)
            if epoch < swa_start:
                scheduler.step(epoch + i / len(loader))
    if epoch >= swa_start:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    print(f"epoch {epoch} loss {running / len(loader):.3f} norm {norm:.3f} lr {optimizer.param_groups[0]['lr']:.4f}")
swa_utils.update_bn(loader, swa_model)
print("SWA %.3f EMA %.3f plain %.3f" % tuple(validate(m, valid_loader) for m in (swa_model, ema_model, model)))
print(swa_model.n_averaged, sorted(swa_model.state_dict())[:3])

# ---- schedules, chained and in sequence
shapes = {
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=8, pct_start=0.25, three_phase=False),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2"),
    "sequence": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, total_iters=3), lr_scheduler.ExponentialLR(o, 0.8)], milestones=[3]
    ),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, factor=0.1, total_iters=2), lr_scheduler.StepLR(o, 3, gamma=0.5)]
    ),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
}
for name, make in shapes.items():
    net = nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.05, betas=(0.9, 0.99), amsgrad=True)
    schedule, rates, momenta = make(optimizer), [], []
    for _ in range(8):
        rates.append("%.4f" % optimizer.param_groups[0]["lr"])
        momenta.append(round(optimizer.param_groups[0]["betas"][0], 3))
        optimizer.step()
        schedule.step()
    print(name, *rates, momenta[:3], schedule.last_epoch if hasattr(schedule, "last_epoch") else "")

# ---- early stopping, and on from the checkpoint
with tempfile.TemporaryDirectory() as folder:
    model = build()
    optimizer = torch.optim.RAdam(model.parameters(), lr=0.02, weight_decay=1e-3, decoupled_weight_decay=True)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.3, patience=0, threshold=1e-2)
    stopping = EarlyStopping(patience=2, verbose=True, delta=0.02, path=os.path.join(folder, "best.pt"))
    weights = (y[:256].abs() + 0.1).squeeze().tolist()
    weighted = DataLoader(train, batch_size=32, sampler=WeightedRandomSampler(weights, 128, replacement=True))
    for epoch in range(12):
        for inputs, targets in weighted:
            optimizer.zero_grad()
            criterion = nn.SmoothL1Loss(beta=0.5)
            criterion(model(inputs), targets).backward()
            optimizer.step()
        loss = validate(model, valid_loader)
        plateau.step(loss)
        stopping(loss, model)
        if stopping.early_stop:
            print("Early stopping")
            break
    model.load_state_dict(torch.load(os.path.join(folder, "best.pt"), weights_only=True))
    print("best %.1f" % validate(model, valid_loader), "lr %.5f" % plateau.get_last_lr()[0], epoch)
    state = copy.deepcopy(optimizer.state_dict())
    again = torch.optim.RAdam(model.parameters(), lr=1.0)
    again.load_state_dict(state)
    print(again.param_groups[0]["lr"], len(again.state), sorted(state["state"][0]), int(again.state_dict()["state"][0]["step"]))
