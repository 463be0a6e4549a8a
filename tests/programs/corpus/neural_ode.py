"""Differential equations with a network inside: Euler and Runge-Kutta by hand, the adjoint method as a Function with flattened parameters, a spiral."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(0)
np.random.seed(0)
true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
true_y0 = torch.tensor([[2.0, 0.0]])


def euler_step(func, t, dt, y):
    return y + dt * func(t, y)


def rk4_step(func, t, dt, y):
    k1 = func(t, y)
    k2 = func(t + dt / 2, y + dt * k1 / 2)
    k3 = func(t + dt / 2, y + dt * k2 / 2)
    k4 = func(t + dt, y + dt * k3)
    return y + (k1 + 2 * k2 + 2 * k3 + k4) * dt / 6


STEPS = {"euler": euler_step, "rk4": rk4_step}


def odeint(func, y0, t, method="rk4", n=2):
    solution = torch.empty(len(t), *y0.shape, dtype=y0.dtype, device=y0.device)
    solution[0] = y0
    y = y0
    for i in range(1, len(t)):
        t0, dt = t[i - 1], (t[i] - t[i - 1]) / n
        for _ in range(n):
            y = STEPS[method](func, t0, dt, y)
            t0 = t0 + dt
        solution[i] = y
    return solution


class Lambda(nn.Module):
    def forward(self, t, y):
        return torch.mm(y**3, true_A)


class ODEFunc(nn.Module):
    def __init__(self):
        super(ODEFunc, self).__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        self.nfe = 0
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        self.nfe += 1
        return self.net(y**3)


def flatten_parameters(func):
    return torch.cat([p.contiguous().view(-1) for p in func.parameters()])


class ODEAdjoint(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z0, t, flat_parameters, func):
        assert isinstance(func, nn.Module)
        with torch.no_grad():
            z = odeint(func, z0, t)
        ctx.func = func
        ctx.save_for_backward(t, z.clone(), flat_parameters)
        return z

    @staticmethod
    def backward(ctx, dLdz):
        func = ctx.func
        t, z, flat_parameters = ctx.saved_tensors
        time_len, bs, *z_shape = z.size()
        n_dim, n_params = np.prod(z_shape), flat_parameters.numel()

        def augmented_dynamics(ti, aug):
            y, a = aug[:, :n_dim].view(bs, *z_shape), aug[:, n_dim : 2 * n_dim].view(bs, *z_shape)
            with torch.set_grad_enabled(True):
                ti = ti.detach().requires_grad_(True)
                y = y.detach().requires_grad_(True)
                f = func(ti, y)
                dy, *dp = torch.autograd.grad((f,), (y,) + tuple(func.parameters()), grad_outputs=(-a,), allow_unused=True, retain_graph=True)
            dp = torch.cat([p.flatten() if p is not None else torch.zeros(1) for p in dp]).unsqueeze(0).expand(bs, -1) / bs
            return torch.cat((f.detach(), dy, dp), dim=1)

        with torch.no_grad():
            adj_z = torch.zeros(bs, n_dim).to(dLdz)
            adj_p = torch.zeros(bs, n_params).to(dLdz)
            for i in range(time_len - 1, 0, -1):
                adj_z += dLdz[i].view(bs, n_dim)
                aug = torch.cat((z[i].view(bs, n_dim), adj_z, torch.zeros_like(adj_p)), dim=-1)
                back = odeint(augmented_dynamics, aug, torch.stack([t[i], t[i - 1]]))[-1]
                adj_z[:] = back[:, n_dim : 2 * n_dim]
                adj_p += back[:, 2 * n_dim :]
            adj_z += dLdz[0].view(bs, n_dim)
        return adj_z.view(bs, *z_shape), None, adj_p.sum(0), None


class NeuralODE(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, z0, t, adjoint=True):
        if not adjoint:
            return odeint(self.func, z0, t)
        return ODEAdjoint.apply(z0, t, flatten_parameters(self.func), self.func)


t = torch.linspace(0.0, 2.0, 31)
with torch.no_grad():
    true_y = odeint(Lambda(), true_y0, t, "rk4", 4)
print(true_y.shape, true_y[-1], (true_y - odeint(Lambda(), true_y0, t, "euler", 4)).abs().max().item())


def get_batch(batch_time=5, batch_size=6):
    s = torch.from_numpy(np.random.choice(np.arange(31 - batch_time, dtype=np.int64), batch_size, replace=False))
    return true_y[s].squeeze(1), t[:batch_time], torch.stack([true_y[s + i] for i in range(batch_time)], dim=0).squeeze(2)


class RunningAverageMeter(object):
    def __init__(self, momentum=0.9):
        self.momentum, self.val, self.avg = momentum, None, 0

    def update(self, val):
        self.avg = val if self.val is None else self.avg * self.momentum + val * (1 - self.momentum)
        self.val = val


func = ODEFunc()
node, meter = NeuralODE(func), RunningAverageMeter(0.97)
by0, bt, by = get_batch()
grads = []
for adjoint in (False, True):
    func.zero_grad()
    y0 = by0.clone().requires_grad_()
    torch.mean(torch.abs(node(y0, bt, adjoint) - by)).backward()
    grads.append(torch.cat([p.grad.flatten() for p in func.parameters()] + [y0.grad.flatten()]))
print(grads[0].norm().item(), torch.allclose(*grads, atol=1e-4), func.nfe)
optimizer = optim.RMSprop(func.parameters(), lr=5e-3)
for itr in range(1, 21):
    optimizer.zero_grad()
    by0, bt, by = get_batch()
    loss = torch.mean(torch.abs(node(by0, bt) - by))
    loss.backward()
    optimizer.step()
    meter.update(loss.item())
    if itr % 5 == 0:
        with torch.no_grad():
            print("Iter {:04d} | Total Loss {:.6f} | batch {:.6f}".format(itr, torch.mean(torch.abs(node(true_y0, t, False) - true_y)).item(), meter.avg))


# A continuous flow: the change of density is the trace of the derivative
class CNF(nn.Module):
    def __init__(self):
        super().__init__()
        self.hyper = nn.Sequential(nn.Linear(1, 8), nn.Softplus(), nn.Linear(8, 2 * 2 * 3 + 3))

    def forward(self, t, states):
        z = states[:, :2]
        params = self.hyper(t.reshape(1, 1)).reshape(-1)
        B, W, U = params[:3], params[3:9].reshape(3, 2), params[9:].reshape(3, 2)
        with torch.set_grad_enabled(True):
            z = z.requires_grad_(True) if z.is_leaf else z
            dz = (torch.tanh(z @ W.t() + B).unsqueeze(-1) * U).mean(1)
            trace = 0.0
            for i in range(2):
                trace += torch.autograd.grad(dz[:, i].sum(), z, create_graph=True)[0].contiguous()[:, i].contiguous()
        return torch.cat([dz, -trace.view(-1, 1)], dim=1)


cnf = CNF()
base = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2) * 0.5)
optimizer = optim.Adam(cnf.parameters(), lr=2e-2)
angle = torch.rand(32) * 2 * math.pi
points = torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(32, 2)
for itr in range(7):
    optimizer.zero_grad()
    states = torch.cat([points, torch.zeros(32, 1)], dim=1).requires_grad_()
    z_t = odeint(cnf, states, torch.tensor([1.0, 0.5, 0.0]), "rk4", 1)[-1]
    loss = -(base.log_prob(z_t[:, :2]) - z_t[:, 2]).mean(0)
    loss.backward()
    optimizer.step()
    if itr % 2 == 0:
        print("flow", itr, "%.5f" % loss.item())
