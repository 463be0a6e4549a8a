"""Uncertainty: an exact Gaussian process, weights with a distribution (Bayes by backprop), variational inference by hand, Langevin and Hamiltonian Monte Carlo, a mixture density network."""

import math

import numpy as np
import torch
import torch.distributions as dist
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import constraints, kl_divergence
from torch.distributions.transforms import ExpTransform

torch.manual_seed(11)
np.random.seed(11)
pi = torch.tensor(math.pi)


class RBF(nn.Module):
    def __init__(self):
        super().__init__()
        self.raw_lengthscale = nn.Parameter(torch.zeros(()))
        self.raw_scale = nn.Parameter(torch.tensor(0.0))

    def forward(self, a, b):
        sq = torch.cdist(a / F.softplus(self.raw_lengthscale), b / F.softplus(self.raw_lengthscale)).pow(2)
        return F.softplus(self.raw_scale) * torch.exp(-0.5 * sq)


class GaussianProcess(nn.Module):
    def __init__(self, X, y):
        super().__init__()
        self.kernel, self.log_noise = RBF(), nn.Parameter(torch.tensor(-1.0))
        self.register_buffer("X", X)
        self.register_buffer("y", y)

    def factor(self):
        K = self.kernel(self.X, self.X) + (torch.exp(self.log_noise) + 1e-4) * torch.eye(len(self.X))
        L = torch.linalg.cholesky(K)
        return L, torch.cholesky_solve(self.y[:, None], L)

    def nll(self):
        L, alpha = self.factor()
        return 0.5 * self.y @ alpha.squeeze(-1) + L.diagonal().log().sum() + 0.5 * len(self.X) * torch.log(2 * pi)

    @torch.no_grad()
    def predict(self, x):
        L, alpha = self.factor()
        k = self.kernel(self.X, x)
        v = torch.linalg.solve_triangular(L, k, upper=False)
        return (k.T @ alpha).squeeze(-1), self.kernel(x, x).diagonal() - v.pow(2).sum(0)


X = torch.linspace(-2, 2, 18).unsqueeze(-1)
y = torch.sin(2 * X).squeeze() + 0.1 * torch.randn(18)
gp = GaussianProcess(X, y)
optimizer = torch.optim.Adam(gp.parameters(), lr=0.1)
for i in range(25):
    optimizer.zero_grad()
    loss = gp.nll()
    loss.backward()
    optimizer.step()
    if i % 8 == 0:
        print("gp %d %.4f %.4f" % (i, loss.item(), gp.kernel.raw_lengthscale.item()))
mean, var = gp.predict(torch.tensor([[0.1], [3.0]]))
print(mean, var, -dist.MultivariateNormal(torch.zeros(18), scale_tril=gp.factor()[0]).log_prob(gp.y).item())


class Gaussian(object):
    def __init__(self, mu, rho):
        self.mu, self.rho, self.normal = mu, rho, torch.distributions.Normal(0, 1)

    @property
    def sigma(self):
        return torch.log1p(torch.exp(self.rho))

    def sample(self):
        epsilon = self.normal.sample(self.rho.size())
        return self.mu + self.sigma * epsilon

    def log_prob(self, input):
        return (-math.log(math.sqrt(2 * math.pi)) - torch.log(self.sigma) - ((input - self.mu) ** 2) / (2 * self.sigma**2)).sum()


class ScaleMixtureGaussian(object):
    def __init__(self, pi, sigma1, sigma2):
        self.pi, self.gaussian1, self.gaussian2 = pi, torch.distributions.Normal(0, sigma1), torch.distributions.Normal(0, sigma2)

    def log_prob(self, input):
        prob1, prob2 = torch.exp(self.gaussian1.log_prob(input)), torch.exp(self.gaussian2.log_prob(input))
        return (torch.log(self.pi * prob1 + (1 - self.pi) * prob2)).sum()


class BayesianLinear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight_mu = nn.Parameter(torch.Tensor(out_features, in_features).uniform_(-0.2, 0.2))
        self.weight_rho = nn.Parameter(torch.Tensor(out_features, in_features).uniform_(-5, -4))
        self.weight = Gaussian(self.weight_mu, self.weight_rho)
        self.bias_mu = nn.Parameter(torch.Tensor(out_features).uniform_(-0.2, 0.2))
        self.bias_rho = nn.Parameter(torch.Tensor(out_features).uniform_(-5, -4))
        self.bias = Gaussian(self.bias_mu, self.bias_rho)
        self.prior = ScaleMixtureGaussian(0.5, torch.FloatTensor([math.exp(-0)]), torch.FloatTensor([math.exp(-3)]))
        self.log_prior = self.log_variational_posterior = 0

    def forward(self, input, sample=True):
        if self.training or sample:
            weight, bias = self.weight.sample(), self.bias.sample()
        else:
            weight, bias = self.weight.mu, self.bias.mu
        if self.training:
            self.log_prior = self.prior.log_prob(weight) + self.prior.log_prob(bias)
            self.log_variational_posterior = self.weight.log_prob(weight) + self.bias.log_prob(bias)
        return F.linear(input, weight, bias)


layers = nn.ModuleList([BayesianLinear(1, 8), BayesianLinear(8, 1)])
optimizer = torch.optim.Adam(layers.parameters(), lr=0.02)
for step in range(21):
    layers.zero_grad()
    elbo = torch.zeros(())
    for _ in range(2):
        out = layers[1](F.relu(layers[0](X)))
        nll = -dist.Normal(out.squeeze(), 0.3).log_prob(y).sum()
        elbo = elbo + nll + (sum(l.log_variational_posterior for l in layers) - sum(l.log_prior for l in layers)) / 10
    elbo.backward()
    optimizer.step()
    if step % 10 == 0:
        print("bayes %d %.4f" % (step, elbo.item() / 2))
layers.eval()
print(torch.stack([layers[1](F.relu(layers[0](X))) for _ in range(5)]).std(0).mean().item(), layers[1](F.relu(layers[0](X, False)), sample=False).sum().item())

# variational inference: is the coin fair? and a hierarchical normal
tosses = torch.tensor([1.0] * 7 + [0.0] * 3)
raw = torch.tensor([0.5, 0.5], requires_grad=True)
opt = torch.optim.Adam([raw], lr=0.1)
prior = dist.Beta(torch.tensor(2.0), torch.tensor(2.0))
eight = torch.tensor([0.0, 0.0, 0.3, -0.2])
loc, log_scale = torch.zeros(4, requires_grad=True), torch.full((4,), -1.0, requires_grad=True)
groups = torch.optim.Adagrad([loc, log_scale], lr=0.2)
for step in range(31):
    opt.zero_grad(), groups.zero_grad()
    a, b = F.softplus(raw).unbind()
    q = dist.Beta(a, b)
    expected = (torch.digamma(a) - torch.digamma(a + b)) * tosses.sum() + (torch.digamma(b) - torch.digamma(a + b)) * (1 - tosses).sum()
    loss = kl_divergence(q, prior) - expected
    loss.backward()
    opt.step()
    qz = dist.Independent(dist.Normal(loc, log_scale.exp()), 1)
    z = qz.rsample((8,))
    loss_z = kl_divergence(qz, dist.Independent(dist.Normal(torch.zeros(4), torch.ones(4)), 1)) - dist.StudentT(3.0, z, 0.5).log_prob(eight).sum(-1).mean()
    loss_z.backward()
    groups.step()
    if step % 15 == 0:
        print("svi %d %.5f %.5f mean %.4f" % (step, loss.item(), loss_z.item(), q.mean.item()))
print(q.variance.item(), qz, prior.support, constraints.positive.check(a).item(), dist.biject_to(prior.support).inv(torch.tensor(0.3)).item())
log_normal = dist.TransformedDistribution(dist.Normal(0.0, 1.0), ExpTransform())
print(log_normal.log_prob(torch.tensor([0.5, 2.0])), dist.LogNormal(0.0, 1.0).log_prob(torch.tensor(2.0)).item())


# Monte Carlo: Langevin's and Hamilton's
def log_joint(theta):
    return dist.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.6], [0.6, 1.0]])).log_prob(theta)


theta, chain = torch.zeros(2), []
for _ in range(30):
    theta = theta.detach().requires_grad_()
    (g,) = torch.autograd.grad(log_joint(theta), theta)
    theta = theta + 0.05 * g + math.sqrt(0.1) * torch.randn(2)
    chain.append(theta.detach())
chain = torch.stack(chain)
print(chain.mean(0), (chain - chain.mean(0)).T @ (chain - chain.mean(0)) / 29)


def hmc(q, step=0.2, leaps=5):
    momentum = torch.randn_like(q)
    position, energy = q.clone(), momentum.dot(momentum) / 2 - log_joint(q)
    slope = lambda at: torch.autograd.grad(log_joint(at), at)[0]
    for _ in range(leaps):
        momentum = momentum + step / 2 * slope(position.requires_grad_())
        position = (position + step * momentum).detach()
        momentum = momentum + step / 2 * slope(position.requires_grad_())
    accepted = torch.rand(1).log() < energy - (momentum.dot(momentum) / 2 - log_joint(position))
    return (position.detach(), 1) if accepted else (q, 0)


state, accepted = torch.ones(2), 0
for _ in range(15):
    state, ok = hmc(state)
    accepted += ok
print(state, accepted)


class MDN(nn.Module):
    def __init__(self, n_hidden, n_gaussians):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi, self.z_sigma, self.z_mu = (nn.Linear(n_hidden, n_gaussians) for _ in range(3))

    def forward(self, x):
        z_h = self.z_h(x)
        return F.softmax(self.z_pi(z_h), -1), torch.exp(self.z_sigma(z_h)), self.z_mu(z_h)


def mdn_loss_fn(pi, sigma, mu, y):
    m = torch.distributions.Normal(loc=mu, scale=sigma)
    return -torch.log(torch.sum(torch.exp(m.log_prob(y)) * pi, dim=1)).mean()


t = torch.linspace(-3, 3, 60).unsqueeze(1)
noisy = 2 * torch.sin(t) + 0.5 * t + 0.2 * torch.randn(60, 1)
network = MDN(12, 4)
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for epoch in range(31):
    pi_variable, sigma_variable, mu_variable = network(noisy)
    loss = mdn_loss_fn(pi_variable, sigma_variable, mu_variable, t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print("mdn", epoch, "%.5f" % loss.data.item())
with torch.no_grad():
    weights, sigma, mu = network(noisy[:5])
    mixture = dist.MixtureSameFamily(dist.Categorical(weights), dist.Normal(mu, sigma))
    k = torch.multinomial(weights, 1).view(-1)
    print(k, torch.normal(mu, sigma)[torch.arange(5), k], mixture.log_prob(t[:5, 0]), mixture.mean, mixture.sample().shape)
