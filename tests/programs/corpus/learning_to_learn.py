"""MAML on sines: fast weights in an OrderedDict, functional_call, vmap over tasks, first order, Reptile with deepcopy, a learned step size."""

import copy
from collections import OrderedDict
from functools import partial

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, grad_and_value, vmap

np.random.seed(0)
torch.manual_seed(0)


class Sines:
    def sample(self, n_tasks, k):
        amp, phase = np.random.uniform(0.1, 5.0, n_tasks), np.random.uniform(0, np.pi, n_tasks)
        x = np.random.uniform(-5, 5, (n_tasks, k, 1))
        y = amp[:, None, None] * np.sin(x + phase[:, None, None])
        return torch.from_numpy(x).float(), torch.from_numpy(y).float()


class MetaModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(OrderedDict([("l1", nn.Linear(1, 20)), ("relu1", nn.ReLU()), ("l2", nn.Linear(20, 20)),
                                              ("relu2", nn.ReLU()), ("l3", nn.Linear(20, 1))]))

    def forward(self, x):
        return self.net(x)

    def argforward(self, x, weights):
        x = F.relu(F.linear(x, weights[0], weights[1]))
        x = F.relu(F.linear(x, weights[2], weights[3]))
        return F.linear(x, weights[4], weights[5])


tasks, inner_lr, K = Sines(), 0.01, 5


def by_weights(model, x_spt, y_spt, x_qry, y_qry, first_order=False, steps=2):
    temp_weights = [w.clone() for w in model.parameters()]
    for _ in range(steps):
        loss = F.mse_loss(model.argforward(x_spt, temp_weights), y_spt)
        grads = torch.autograd.grad(loss, temp_weights, create_graph=not first_order)
        temp_weights = [w - inner_lr * g for w, g in zip(temp_weights, grads)]
    return F.mse_loss(model.argforward(x_qry, temp_weights), y_qry)


def by_call(model, x_spt, y_spt, x_qry, y_qry, steps=2):
    fast = OrderedDict(model.named_parameters())
    for _ in range(steps):
        loss = F.mse_loss(functional_call(model, fast, (x_spt,)), y_spt)
        gradients = torch.autograd.grad(loss, tuple(fast.values()), create_graph=True)
        fast = OrderedDict((name, p - inner_lr * g) for (name, p), g in zip(fast.items(), gradients))
    return F.mse_loss(functional_call(model, fast, x_qry), y_qry)


def by_transforms(params, model, x_spt, y_spt, x_qry, y_qry, steps=2):
    def loss_of(params, x, y):
        return F.mse_loss(functional_call(model, params, (x,)), y)

    def task_loss(params, xs, ys, xq, yq):
        fast = params
        for _ in range(steps):
            gradients = grad(loss_of)(fast, xs, ys)
            fast = {name: p - inner_lr * gradients[name] for name, p in fast.items()}
        return loss_of(fast, xq, yq)

    return vmap(partial(task_loss, params))(x_spt, y_spt, x_qry, y_qry).mean()


model = MetaModel()
x, y = tasks.sample(4, 2 * K)
spt, qry = (x[:, :K], y[:, :K]), (x[:, K:], y[:, K:])
found = []
for way in (by_weights, by_call, partial(by_weights, first_order=True)):
    model.zero_grad()
    losses = [way(model, spt[0][i], spt[1][i], qry[0][i], qry[1][i]) for i in range(4)]
    loss = torch.stack(losses).mean()
    loss.backward()
    found.append(torch.cat([p.grad.view(-1) for p in model.parameters()]))
    print("%.5f %.5f" % (loss.item(), found[-1].norm().item()))
params = {k: v.detach() for k, v in model.named_parameters()}
gradients, value = grad_and_value(by_transforms)(params, model, *spt, *qry)
flat = torch.cat([gradients[k].reshape(-1) for k, _ in model.named_parameters()])
print(value, torch.allclose(flat, found[0], rtol=1e-3, atol=1e-4), torch.allclose(found[0], found[1], atol=1e-5), (found[0] - found[2]).norm() > 1e-3)
meta_optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
for iteration in range(1, 13):
    meta_optimiser.zero_grad()
    x, y = tasks.sample(4, 2 * K)
    meta_loss = 0
    for i in range(4):
        meta_loss += by_weights(model, x[i, :K], y[i, :K], x[i, K:], y[i, K:], steps=1)
    (meta_loss / 4).backward()
    meta_optimiser.step()
    if iteration % 4 == 0:
        print("MAML", iteration, "%.4f" % (meta_loss.item() / 4))

# Reptile
net, epsilon = MetaModel(), 0.1
for iteration in range(1, 9):
    weights_before = copy.deepcopy(net.state_dict())
    x, y = tasks.sample(1, 16)
    for _ in range(3):
        permutation = torch.randperm(16)
        for batch in permutation.split(8):
            net.zero_grad()
            ((net(x[0, batch]) - y[0, batch]).pow(2)).mean().backward()
            for param in net.parameters():
                param.data -= 0.02 * param.grad.data
    weights_after = net.state_dict()
    outerstepsize = epsilon * (1 - iteration / 9)
    net.load_state_dict({name: weights_before[name] + (weights_after[name] - weights_before[name]) * outerstepsize for name in weights_before})
print("Reptile %.5f" % sum(p.abs().sum().item() for p in net.parameters()))


# Meta-SGD: a step size for each weight; implicit check by differences
class MetaSGD(nn.Module):
    def __init__(self, model, lr):
        super().__init__()
        self.model = model
        self.lrs = nn.ParameterList([nn.Parameter(torch.full_like(p, lr)) for p in model.parameters()])

    def adapt(self, x, y):
        loss = F.mse_loss(self.model(x), y)
        grads = torch.autograd.grad(loss, self.model.parameters(), retain_graph=True, create_graph=True, allow_unused=True)
        return [p - lr * g for p, lr, g in zip(self.model.parameters(), self.lrs, grads)]


meta = MetaSGD(MetaModel(), 0.01)
opt = torch.optim.SGD([{"params": meta.model.parameters()}, {"params": meta.lrs.parameters(), "lr": 1e-4}], lr=1e-3, momentum=0.9, nesterov=True)
for step in range(5):
    x, y = tasks.sample(2, 2 * K)
    opt.zero_grad(set_to_none=False)
    outer = sum(F.mse_loss(meta.model.argforward(x[i, K:], meta.adapt(x[i, :K], y[i, :K])), y[i, K:]) for i in range(2))
    outer.backward()
    torch.nn.utils.clip_grad_norm_(meta.parameters(), 10.0, norm_type=2.0)
    opt.step()
print("Meta-SGD %.4f" % outer.item(), [round(lr.mean().item(), 6) for lr in meta.lrs], len(list(meta.parameters())))
