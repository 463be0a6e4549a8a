"""Regression as it was written in 2017: Variable, volatile, .data, Variables for inputs and targets."""

import numpy as np
import torch
import torch.nn as nn
from torch import autograd
from torch.autograd import Variable

rng = np.random.RandomState(0)
x_data = rng.randn(64, 3)
y_data = x_data.dot(np.array([[1.0], [-2.0], [0.5]])) + 0.3

model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
for p in model.parameters():
    p.data = torch.Tensor(rng.uniform(-0.5, 0.5, tuple(p.size())).tolist())

criterion = nn.MSELoss(size_average=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = Variable(torch.from_numpy(x_data).float())
y = Variable(torch.from_numpy(y_data).float(), requires_grad=False)
for epoch in range(60):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss.data.numpy(), "%.4f" % loss.data.item())

w = Variable(torch.Tensor([1.0, 2.0]), requires_grad=True)
print(isinstance(w, Variable), isinstance(w, torch.Tensor), isinstance(3, Variable))
z = (w * w).sum()
(g,) = autograd.grad(z, [w], create_graph=True)
print(g.data.tolist(), g.sum().backward(), w.grad.data.tolist())
test = Variable(torch.ones(1, 3))
print(tuple(model(test).data[0].size()), type(model(test).data).__name__)
