"""torch.func: gradients of each sample, Jacobians and Hessians forwards and backwards, ensembles with stack_module_state, differential privacy, Newton's method."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

torch.manual_seed(0)


class SimpleCNN(nn.Module):
    def __init__(self):
        super(SimpleCNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.fc1 = nn.Linear(36, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, 2)
        x = torch.flatten(x, 1)
        return F.log_softmax(self.fc1(x), dim=1)


def loss_fn(predictions, targets):
    return F.nll_loss(predictions, targets)


data, targets = torch.randn(6, 1, 8, 8), torch.randint(0, 10, (6,))
model = SimpleCNN()


def compute_grad(sample, target):
    sample, target = sample.unsqueeze(0), target.unsqueeze(0)
    return torch.autograd.grad(loss_fn(model(sample), target), list(model.parameters()))


sample_grads = [torch.stack(shards) for shards in zip(*[compute_grad(data[i], targets[i]) for i in range(6)])]
params = {k: v.detach() for k, v in model.named_parameters()}
buffers = {k: v.detach() for k, v in model.named_buffers()}


def compute_loss(params, buffers, sample, target):
    predictions = functional_call(model, (params, buffers), (sample.unsqueeze(0),))
    return loss_fn(predictions, target.unsqueeze(0))


ft_compute_grad = grad(compute_loss)
ft_per_sample_grads = vmap(ft_compute_grad, in_dims=(None, None, 0, 0))(params, buffers, data, targets)
for per_sample_grad, ft_per_sample_grad in zip(sample_grads, ft_per_sample_grads.values()):
    assert torch.allclose(per_sample_grad, ft_per_sample_grad, atol=3e-3, rtol=1e-5)
    print(tuple(ft_per_sample_grad.shape), "%.5f" % ft_per_sample_grad.flatten(1).norm(dim=1).mean().item())
norms = torch.stack([g.flatten(1).norm(2, dim=1) for g in ft_per_sample_grads.values()]).norm(dim=0)
factor = (1.0 / (norms + 1e-6)).clamp(max=1.0)
private = {k: torch.einsum("i,i...->...", factor, g) / 6 + 0.01 * torch.randn_like(params[k]) for k, g in ft_per_sample_grads.items()}
print(norms, sum(g.pow(2).sum() for g in private.values()).sqrt().item())


# Jacobians
def predict(weight, bias, x):
    return F.linear(x, weight, bias).tanh()


D = 5
weight, bias, x = torch.randn(D, D), torch.randn(D), torch.randn(D)
xp = x.clone().requires_grad_()
unit_vectors = torch.eye(D)
jacobian_rows = [torch.autograd.grad(predict(weight, bias, xp), xp, vec)[0] for vec in unit_vectors]
jacobian = torch.stack(jacobian_rows)
_, vjp_fn = vjp(lambda x: predict(weight, bias, x), x)
(ft_jacobian,) = vmap(vjp_fn)(unit_vectors)
print(torch.allclose(ft_jacobian, jacobian), torch.allclose(jacrev(predict, argnums=2)(weight, bias, x), jacobian),
      torch.allclose(jacfwd(predict, argnums=2)(weight, bias, x), jacobian), jacobian.norm().item())
compute_batch_jacobian = vmap(jacrev(predict, argnums=2), in_dims=(None, None, 0))
print(compute_batch_jacobian(weight, bias, torch.stack([x, 2 * x, x - 1])).sum((1, 2)))
hess, other = hessian(predict, argnums=2)(weight, bias, x), jacrev(jacrev(predict, argnums=2), argnums=2)(weight, bias, x)
print(hess.shape, torch.allclose(hess, other, atol=1e-5), hess.abs().sum().item())
value, tangent = jvp(lambda w: predict(w, bias, x).sum(), (weight,), (torch.ones(D, D),))
print(value.item(), tangent.item(), torch.autograd.functional.jvp(lambda w: predict(w, bias, x).sum(), weight, torch.ones(D, D))[1].item())


def hvp(f, primals, tangents):
    return jvp(grad(f), primals, tangents)[1]


f = lambda x: x.sin().sum() * x.prod()
print(hvp(f, (x,), (torch.ones(D),)), torch.autograd.functional.vhp(f, x, torch.ones(D))[1])
(both, of_w), aux = jacrev(lambda x, w: ((x * w).cumsum(0), x * 2), argnums=(0, 1), has_aux=True)(x, bias)
print(both.diagonal().allclose(bias), of_w.sum().item(), aux.sum().item())


# Newton's method and a Rosenbrock valley
def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


p = torch.tensor([-1.2, 1.0])
for _ in range(6):
    p = p - torch.linalg.solve(hessian(rosenbrock)(p), grad(rosenbrock)(p))
print(p, rosenbrock(p).item() < 1e-6, torch.linalg.eigvalsh(hessian(rosenbrock)(torch.ones(2))))


# many models at once
class SimpleMLP(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(64, 12), nn.Linear(12, num_classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


models = [SimpleMLP(10) for _ in range(3)]
base_model = SimpleMLP(10).to("meta")
stacked, stacked_buffers = stack_module_state(models)


def fmodel(params, buffers, x):
    return functional_call(base_model, (params, buffers), (x,))


predictions_vmap = vmap(fmodel, in_dims=(0, 0, None))(stacked, stacked_buffers, data)
predictions = torch.stack([m(data) for m in models])
print(predictions_vmap.shape, torch.allclose(predictions, predictions_vmap, atol=1e-3, rtol=1e-5))
optimizer = torch.optim.SGD(stacked.values(), lr=0.1)
for step in range(5):
    optimizer.zero_grad()
    out = vmap(fmodel, in_dims=(0, 0, None))(stacked, stacked_buffers, data)
    losses = vmap(F.cross_entropy, in_dims=(0, None))(out, targets)
    losses.sum().backward()
    optimizer.step()
print(losses.detach(), sorted(stacked)[0])
print(vmap(torch.dot)(torch.arange(6.0).view(2, 3), torch.ones(2, 3)), vmap(lambda a, b: a @ b, in_dims=(1, None), out_dims=1)(torch.ones(3, 4), torch.eye(3)).shape)
draws = vmap(lambda x: x + torch.randn(()), randomness="different")(torch.zeros(4))
same = vmap(lambda x: x + torch.randn(()), randomness="same")(torch.zeros(4))
print(draws, same.unique().numel(), vmap(lambda t: F.layer_norm(t, (3,)), chunk_size=2)(torch.arange(12.0).view(4, 3)).sum().abs().item() < 1e-5)
linear_map = torch.func.linearize(lambda x: x.exp() * 2, torch.zeros(2))[1]
print(linear_map(torch.tensor([1.0, math.pi])), torch.func.functionalize(lambda x: x.add_(1))(torch.zeros(2)))
