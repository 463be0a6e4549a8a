"""A normalizing flow for two moons: affine couplings with masks, actnorm, logabsdet, a prior of torch.distributions."""

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch import distributions
from torch.nn.parameter import Parameter

torch.manual_seed(0)
np.random.seed(0)


class ActNorm(nn.Module):
    """Scale and shift; the first batch sets them."""

    def __init__(self, dim):
        super().__init__()
        self.log_scale, self.shift = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.register_buffer("initialized", torch.tensor(0, dtype=torch.uint8))

    def forward(self, x):
        if self.initialized.item() == 0:
            with torch.no_grad():
                self.log_scale.data.copy_(-torch.log(x.std(dim=0) + 1e-6))
                self.shift.data.copy_(-x.mean(0))
                self.initialized.fill_(1)
        return (x + self.shift) * self.log_scale.exp(), self.log_scale.sum().expand(x.shape[0])

    def inverse(self, z):
        return z * torch.exp(-self.log_scale) - self.shift


class Invertible1x1(nn.Module):
    def __init__(self, dim):
        super().__init__()
        q, _ = torch.linalg.qr(torch.randn(dim, dim))
        self.W = Parameter(q)

    def forward(self, x):
        return x @ self.W, torch.slogdet(self.W)[1].expand(x.size(0))

    def inverse(self, z):
        return z @ torch.inverse(self.W)


class RealNVP(nn.Module):
    def __init__(self, nets, nett, mask, prior):
        super(RealNVP, self).__init__()
        self.prior = prior
        self.register_buffer("mask", mask)
        self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])
        self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])
        self.norms = nn.ModuleList(ActNorm(2) for _ in mask)
        self.mix = Invertible1x1(2)

    def g(self, z):
        x = self.mix.inverse(z)
        for i in reversed(range(len(self.t))):
            x_ = x * self.mask[i]
            s = self.s[i](x_) * (1 - self.mask[i])
            t = self.t[i](x_) * (1 - self.mask[i])
            x = x_ + (1 - self.mask[i]) * ((x - t) * torch.exp(-s))
            x = self.norms[i].inverse(x)
        return x

    def f(self, x):
        log_det_J, z = x.new_zeros(x.shape[0]), x
        for i in range(len(self.t)):
            z, log_det = self.norms[i](z)
            log_det_J += log_det
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z * torch.exp(s) + t) + z_
            log_det_J += s.sum(dim=1)
        z, log_det = self.mix(z)
        return z, log_det_J + log_det

    def log_prob(self, x):
        z, logp = self.f(x)
        return self.prior.log_prob(z) + logp

    def sample(self, batchSize):
        z = self.prior.sample((batchSize, 1))
        return self.g(z.squeeze(1))


def nets():
    return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 16), nn.LeakyReLU(), nn.Linear(16, 2), nn.Tanh())


def nett():
    return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 16), nn.LeakyReLU(), nn.Linear(16, 2))


masks = torch.from_numpy(np.array([[0, 1], [1, 0]] * 2).astype(np.float32))
prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
flow = RealNVP(nets, nett, masks, prior)
optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad == True], lr=5e-3)  # noqa: E712
scheduler = torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.95)
for t in range(41):
    noisy_moons = make_moons(n_samples=64, noise=0.05)[0].astype(np.float32)
    loss = -flow.log_prob(torch.from_numpy(noisy_moons)).mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    if t % 10 == 0:
        scheduler.step()
        print("iter %s:" % t, "loss = %.3f" % loss, "lr = %.5f" % scheduler.get_last_lr()[0])

noisy_moons = torch.from_numpy(make_moons(n_samples=50, noise=0.05)[0].astype(np.float32))
with torch.no_grad():
    z = flow.f(noisy_moons)[0].detach().numpy()
    back = flow.g(torch.from_numpy(z))
    print("invertible", torch.allclose(back, noisy_moons, atol=1e-4), "%.2f %.2f" % (z.mean(), z.std()))
    x = flow.sample(5).numpy()
    print(x.shape, np.round(x, 2).tolist())
x = noisy_moons[:1]
jacobian = torch.autograd.functional.jacobian(lambda v: flow.f(v)[0], x).squeeze()
print("by the Jacobian", torch.allclose(torch.logdet(jacobian.t() @ jacobian) / 2, flow.f(x)[1][0], atol=1e-3))
base = distributions.Normal(0.0, 1.0)
squash = distributions.TransformedDistribution(
    base, [distributions.transforms.AffineTransform(loc=1.0, scale=2.0), distributions.transforms.SigmoidTransform()]
)
print(["%.4f" % v for v in squash.log_prob(torch.tensor([0.2, 0.5, 0.9])).tolist()])
mixture = distributions.MixtureSameFamily(
    distributions.Categorical(torch.tensor([0.3, 0.7])),
    distributions.Independent(distributions.Normal(torch.tensor([[0.0, 0.0], [1.0, 2.0]]), torch.ones(2, 2)), 1),
)
print(mixture.log_prob(torch.tensor([[0.5, 0.5], [1.0, 2.0]])), mixture.sample((2,)), mixture.mean)
