"""Networks that obey equations: an oscillator, Burgers' equation, derivatives by autograd.grad of any order, L-BFGS with a closure, an unknown coefficient."""

from collections import OrderedDict

import numpy as np
import torch
import torch.autograd as autograd
import torch.nn as nn
from torch import Tensor

torch.set_default_dtype(torch.float64)  # L-BFGS amplifies rounding
np.random.seed(1234)
torch.manual_seed(1234)
device = torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")


class DNN(torch.nn.Module):
    def __init__(self, layers):
        super(DNN, self).__init__()
        self.depth = len(layers) - 1
        self.activation = torch.nn.Tanh
        layer_list = list()
        for i in range(self.depth - 1):
            layer_list.append(("layer_%d" % i, torch.nn.Linear(layers[i], layers[i + 1])))
            layer_list.append(("activation_%d" % i, self.activation()))
        layer_list.append(("layer_%d" % (self.depth - 1), torch.nn.Linear(layers[-2], layers[-1])))
        layerDict = OrderedDict(layer_list)
        self.layers = torch.nn.Sequential(layerDict)

    def forward(self, x):
        return self.layers(x)


def latin(n, bounds):
    places = np.stack([(np.random.permutation(n) + np.random.rand(n)) / n for _ in range(2)], axis=1)
    return bounds[0] + (bounds[1] - bounds[0]) * places


class PhysicsInformedNN:
    def __init__(self, X_u, u, X_f, nu, inverse=False):
        self.x_u = torch.tensor(X_u[:, 0:1], requires_grad=True).double().to(device)
        self.t_u = torch.tensor(X_u[:, 1:2], requires_grad=True).double().to(device)
        self.x_f = torch.tensor(X_f[:, 0:1], requires_grad=True).double().to(device)
        self.t_f = torch.tensor(X_f[:, 1:2], requires_grad=True).double().to(device)
        self.u = torch.tensor(u).double().to(device)
        self.nu, self.inverse = nu, inverse
        self.dnn = DNN([2, 12, 12, 1]).to(device)
        if inverse:
            self.lambda_1 = torch.nn.Parameter(torch.tensor([0.0]).to(device))
            self.dnn.register_parameter("lambda_1", self.lambda_1)
        self.optimizer = torch.optim.LBFGS(
            self.dnn.parameters(), lr=1.0, max_iter=12, max_eval=15, history_size=10, tolerance_grad=1e-5,
            tolerance_change=1.0 * np.finfo(float).eps, line_search_fn="strong_wolfe")
        self.adam = torch.optim.Adam(self.dnn.parameters(), lr=5e-3)
        self.iter = 0

    def net_u(self, x, t):
        return self.dnn(torch.cat([x, t], dim=1))

    def net_f(self, x, t):
        u = self.net_u(x, t)
        u_t = torch.autograd.grad(u, t, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        u_x = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        u_xx = torch.autograd.grad(u_x, x, grad_outputs=torch.ones_like(u_x), retain_graph=True, create_graph=True)[0]
        speed = self.lambda_1 if self.inverse else 1.0
        return u_t + speed * u * u_x - self.nu * u_xx

    def loss_func(self):
        self.optimizer.zero_grad()
        loss_u = torch.mean((self.u - self.net_u(self.x_u, self.t_u)) ** 2)
        loss_f = torch.mean(self.net_f(self.x_f, self.t_f) ** 2)
        loss = loss_u + loss_f
        loss.backward()
        self.iter += 1
        if self.iter % 5 == 0:
            print("Iter %d, Loss: %.4e, Loss_u: %.4e, Loss_f: %.4e" % (self.iter, loss.item(), loss_u.item(), loss_f.item()))
        return loss

    def train(self):
        self.dnn.train()
        for epoch in range(10):
            self.adam.step(self.loss_func)
        self.optimizer.step(self.loss_func)

    def predict(self, X):
        x = torch.tensor(X[:, 0:1], requires_grad=True).double().to(device)
        t = torch.tensor(X[:, 1:2], requires_grad=True).double().to(device)
        self.dnn.eval()
        u, f = self.net_u(x, t), self.net_f(x, t)
        return u.detach().cpu().numpy(), f.detach().cpu().numpy()


bounds = (np.array([-1.0, 0.0]), np.array([1.0, 1.0]))
edge = np.vstack([np.column_stack([np.linspace(-1, 1, 20), np.zeros(20)]), np.column_stack([np.repeat([-1.0, 1.0], 10), np.tile(np.linspace(0, 1, 10), 2)])])
values = np.where(edge[:, 1:2] == 0, -np.sin(np.pi * edge[:, 0:1]), 0.0)
for inverse in (False, True):
    model = PhysicsInformedNN(edge, values, np.vstack((latin(60, bounds), edge)), 0.05, inverse)
    print(sum(p.numel() for p in model.dnn.parameters()), [name for name, _ in model.dnn.named_parameters()][:3])
    model.train()
    u_pred, f_pred = model.predict(np.array([[0.5, 0.1], [-0.5, 0.3]]))
    print(np.round(u_pred.ravel(), 3), np.round(np.abs(f_pred).max(), 2), getattr(model, "lambda_1", torch.zeros(1)).item())


# an oscillator: m u'' + mu u' + k u = 0, and a loop that writes its derivatives in one function
def derivative(dy: Tensor, x: Tensor, order: int = 1) -> Tensor:
    for _ in range(order):
        dy = autograd.grad(dy, x, grad_outputs=torch.ones_like(dy), create_graph=True, retain_graph=True)[0]
    return dy


class SineLayer(nn.Module):
    def __init__(self, in_features, out_features, bias=True, is_first=False, omega_0=4):
        super().__init__()
        self.omega_0, self.is_first, self.in_features = omega_0, is_first, in_features
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        with torch.no_grad():
            bound = 1 / in_features if is_first else np.sqrt(6 / in_features) / omega_0
            self.linear.weight.uniform_(-bound, bound)

    def forward(self, input):
        return torch.sin(self.omega_0 * self.linear(input))


net = nn.Sequential(SineLayer(1, 12, is_first=True), SineLayer(12, 12), nn.Linear(12, 1))
t_boundary = torch.tensor(0.0).view(-1, 1).requires_grad_(True)
t_physics = torch.linspace(0, 1, 15).view(-1, 1).requires_grad_(True)
d, w0 = 2.0, 8.0
mu, k = 2 * d, w0**2
optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.97)
for i in range(31):
    optimiser.zero_grad()
    u = net(t_boundary)
    loss1 = (torch.squeeze(u) - 1) ** 2
    loss2 = (torch.squeeze(derivative(u, t_boundary)) - 0) ** 2
    u = net(t_physics)
    dudt, d2udt2 = derivative(u, t_physics), derivative(u, t_physics, order=2)
    loss3 = torch.mean((d2udt2 + mu * dudt + k * u) ** 2)
    loss = loss1 + 1e-1 * loss2 + 1e-4 * loss3
    loss.backward()
    optimiser.step()
    scheduler.step()
    if i % 10 == 0:
        print("%d %.5f %.5f %.4f lr %.6f" % (i, loss1.item(), loss2.item(), loss3.item(), scheduler.get_last_lr()[0]))
third = derivative(net(t_physics), t_physics, 3)
print(third.shape, third.abs().mean().item(), third.requires_grad)
