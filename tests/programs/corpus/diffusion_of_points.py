"""Denoising diffusion of points on a ring: betas, cumprod, gather of schedules, sinusoidal times, an average of weights."""

import copy
import math

import torch
from torch import nn

torch.manual_seed(0)
T = 20


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, t):
        half = self.dim // 2
        emb = math.log(10000) / (half - 1)
        emb = torch.exp(torch.arange(half, device=t.device) * -emb)
        emb = t[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class Denoiser(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.time_mlp = nn.Sequential(SinusoidalPosEmb(dim), nn.Linear(dim, dim), nn.SiLU())
        self.inp, self.out = nn.Linear(2, dim), nn.Linear(dim, 2)
        self.mid = nn.Sequential(nn.GroupNorm(4, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, x, t):
        h = self.inp(x) + self.time_mlp(t)
        return self.out(h + self.mid(h))


def extract(a, t, x_shape):
    out = a.gather(-1, t)
    return out.reshape(t.shape[0], *((1,) * (len(x_shape) - 1)))


betas = torch.linspace(1e-3, 0.3, T)
alphas = 1.0 - betas
alphas_cumprod = torch.exp(torch.cumsum(torch.log(alphas), dim=0))
alphas_prev = nn.functional.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
posterior_variance = betas * (1.0 - alphas_prev) / (1.0 - alphas_cumprod)

model = Denoiser()
ema = copy.deepcopy(model).eval().requires_grad_(False)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=80)
for step in range(80):
    angle = torch.rand(64) * 2 * math.pi
    x0 = torch.stack((angle.cos(), angle.sin()), dim=-1)
    t = torch.randint(0, T, (64,)).long()
    noise = torch.randn_like(x0)
    scale, shift = extract(alphas_cumprod, t, x0.shape).sqrt(), (1 - extract(alphas_cumprod, t, x0.shape)).sqrt()
    loss = nn.functional.mse_loss(model(scale * x0 + shift * noise, t), noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    with torch.no_grad():
        for averaged, current in zip(ema.parameters(), model.parameters()):
            averaged.mul_(0.9).add_(current, alpha=0.1)
    if step % 20 == 0:
        print(step, f"{loss.item():.4f} {scheduler.get_last_lr()[0]:.6f}")


@torch.no_grad()
def sample(n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i, dtype=torch.long)
        mean = (x - extract(betas, t, x.shape) / (1 - extract(alphas_cumprod, t, x.shape)).sqrt() * ema(x, t))
        mean = mean / extract(alphas, t, x.shape).sqrt()
        x = mean if i == 0 else mean + extract(posterior_variance, t, x.shape).sqrt() * torch.randn_like(x)
    return x


points = sample(5)
print(["%.3f" % r for r in points.norm(dim=1).tolist()], points.isfinite().all().item())
