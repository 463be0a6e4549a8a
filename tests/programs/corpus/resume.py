"""Training is stopped, saved, and goes on as if nothing had happened."""

import copy
import os
import tempfile

import torch
from torch import nn


def make():
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(inplace=True), nn.Linear(6, 2))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(torch.linspace(-1, 1, p.numel()).view_as(p) * (i + 1) / 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=1e-4)
    return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)


def steps(model, optimizer, scheduler, n):
    x = torch.arange(32, dtype=torch.float32).reshape(8, 4).sin()
    y = torch.tensor([0, 1] * 4)
    for _ in range(n):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    return loss.item()


model, optimizer, scheduler = make()
print("%.5f" % steps(model, optimizer, scheduler, 4))
path = os.path.join(tempfile.mkdtemp(), "checkpoint.pt")
torch.save(
    {"epoch": 4, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()},
    path,
)
best = copy.deepcopy(model.state_dict())
print("%.5f" % steps(model, optimizer, scheduler, 4))

again, optimizer2, scheduler2 = make()
checkpoint = torch.load(path, map_location="cpu")
print(checkpoint["epoch"], sorted(checkpoint))
print(again.load_state_dict(checkpoint["model"]))
optimizer2.load_state_dict(checkpoint["optimizer"])
scheduler2.load_state_dict(checkpoint["scheduler"])
print("%.5f" % steps(again, optimizer2, scheduler2, 4), "%.6f" % optimizer2.param_groups[0]["lr"])
print(all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values())))
missing, unexpected = again.load_state_dict({k: v for k, v in best.items() if k != "0.bias"}, strict=False)
print(missing, unexpected)
try:
    nn.Linear(3, 2).load_state_dict({"weight": torch.zeros(2, 2), "bias": torch.zeros(2)})
except RuntimeError as error:
    print(type(error).__name__, "size mismatch" in str(error))
