"""What programs print beside their losses: nodes, states of schedules, types, tables of the profiler, warnings."""

import re
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler as schedules
from torch.profiler import ProfilerActivity, profile, record_function


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


torch.manual_seed(0)
x = torch.ones(3, requires_grad=True)
y = Doubling.apply(x)
print(y, re.sub("0x[0-9a-f]+", "...", repr(y.grad_fn)), type(y.grad_fn).__name__, y.grad_fn.name())
print(torch.vmap(lambda a: a * 2)(x), torch.vmap(torch.sin)(x), torch.vmap(torch.sum)(torch.ones(2, 3) * x))

net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
for make in (
    lambda o: schedules.StepLR(o, 2), lambda o: schedules.OneCycleLR(o, 0.1, total_steps=9), schedules.LinearLR,
    lambda o: schedules.CosineAnnealingWarmRestarts(o, 4), lambda o: schedules.CyclicLR(o, 0.1, 0.2),
    schedules.ReduceLROnPlateau, lambda o: schedules.LambdaLR(o, lambda epoch: 0.9**epoch),
    lambda o: schedules.SequentialLR(o, [schedules.ConstantLR(o), schedules.ExponentialLR(o, 0.9)], [1]),
):  # fmt: skip
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = make(optimizer)
    net(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    schedule.step(1.0) if isinstance(schedule, schedules.ReduceLROnPlateau) else schedule.step()
    print(type(schedule).__name__, sorted(schedule.state_dict()))

s = torch.eye(3).to_sparse()
print(s, s.type(), s.double().type())
with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as prof, record_function("a step"):
    F.cross_entropy(net(torch.ones(2, 4)), torch.tensor([0, 1])).backward()
keys = {event.key for event in prof.key_averages()}
print(sorted(keys & {"aten::linear", "aten::relu", "aten::cross_entropy_loss", "ReluBackward0", "AddmmBackward0", "a step"}))
title = prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=2).splitlines()[1]
print([name for name in ("Name", "Self CPU %", "CPU total", "CPU time avg", "# of Calls") if name in title])
with torch.autograd.profiler.profile() as older:
    torch.ones(2) + 1
print(older.self_cpu_time_total > 0, "aten::add" in {event.key for event in older.key_averages()})

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    F.grid_sample(torch.ones(1, 1, 2, 2), torch.zeros(1, 2, 2, 2))
    F.affine_grid(torch.eye(2, 3)[None], (1, 1, 2, 2))
    F.mse_loss(torch.ones(2), torch.ones(2, 1))
    F.l1_loss(torch.ones(2), torch.ones(2, 1))
    F.huber_loss(torch.ones(2), torch.ones(2, 1))
    F.smooth_l1_loss(torch.ones(2), torch.ones(2, 1))
    F.kl_div(torch.zeros(2), torch.ones(2))
    F.dropout2d(torch.ones(2, 2))
print([(one.category.__name__, one.filename == __file__, one.lineno) for one in heard])
print(torch.histogram(torch.tensor([0.0, 1.0, 1.0]), 2))
