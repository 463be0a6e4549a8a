"""Diffusion on digits: a U-Net that knows the time, cosine betas, an average of the weights, ancestral sampling, DDIM."""

import copy
import math
from functools import partial
from inspect import isfunction

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import einsum, nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)


def exists(x):
    return x is not None


def default(val, d):
    if exists(val):
        return val
    return d() if isfunction(d) else d


def extract(a, t, x_shape):
    batch_size = t.shape[0]
    out = a.gather(-1, t.cpu())
    return out.reshape(batch_size, *((1,) * (len(x_shape) - 1))).to(t.device)


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        device = time.device
        half_dim = self.dim // 2
        embeddings = math.log(10000) / (half_dim - 1)
        embeddings = torch.exp(torch.arange(half_dim, device=device) * -embeddings)
        embeddings = time[:, None] * embeddings[None, :]
        return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)


class WeightStandardizedConv2d(nn.Conv2d):
    def forward(self, x):
        eps = 1e-5 if x.dtype == torch.float32 else 1e-3
        mean = self.weight.mean(dim=(1, 2, 3), keepdim=True)
        var = self.weight.var(dim=(1, 2, 3), keepdim=True, unbiased=False)
        normalized_weight = (self.weight - mean) * (var + eps).rsqrt()
        return F.conv2d(x, normalized_weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ResnetBlock(nn.Module):
    def __init__(self, dim, dim_out, *, time_emb_dim=None, groups=4):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_emb_dim, dim_out * 2)) if exists(time_emb_dim) else None
        self.proj1 = WeightStandardizedConv2d(dim, dim_out, 3, padding=1)
        self.proj2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.norm1, self.norm2 = nn.GroupNorm(groups, dim_out), nn.GroupNorm(groups, dim_out)
        self.act = nn.SiLU(inplace=True)
        self.res_conv = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, time_emb=None):
        h = self.norm1(self.proj1(x))
        if exists(self.mlp) and exists(time_emb):
            scale, shift = self.mlp(time_emb)[..., None, None].chunk(2, dim=1)
            h = h * (scale + 1) + shift
        h = self.act(self.norm2(self.proj2(self.act(h))))
        return h + self.res_conv(x)


class Attention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=4):
        super().__init__()
        self.scale = dim_head**-0.5
        self.heads = heads
        hidden_dim = dim_head * heads
        self.to_qkv = nn.Conv2d(dim, hidden_dim * 3, 1, bias=False)
        self.to_out = nn.Conv2d(hidden_dim, dim, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        qkv = self.to_qkv(x).chunk(3, dim=1)
        q, k, v = map(lambda t: t.reshape(b, self.heads, -1, h * w), qkv)
        q = q * self.scale
        sim = einsum("b h d i, b h d j -> b h i j", q, k)
        sim = sim - sim.amax(dim=-1, keepdim=True).detach()
        attn = sim.softmax(dim=-1)
        out = einsum("b h i j, b h d j -> b h i d", attn, v)
        out = out.permute(0, 1, 3, 2).reshape(b, -1, h, w)
        return self.to_out(out)


class PreNorm(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.fn = fn
        self.norm = nn.GroupNorm(1, dim)

    def forward(self, x):
        return self.fn(self.norm(x)) + x


class Unet(nn.Module):
    def __init__(self, dim=8, init_dim=None, channels=1, dim_mults=(1, 2)):
        super().__init__()
        init_dim = default(init_dim, dim)
        self.init_conv = nn.Conv2d(channels, init_dim, 3, padding=1)
        dims = [init_dim, *map(lambda m: dim * m, dim_mults)]
        in_out = list(zip(dims[:-1], dims[1:]))
        block_klass = partial(ResnetBlock, groups=4)
        time_dim = dim * 2
        self.time_mlp = nn.Sequential(
            SinusoidalPositionEmbeddings(dim), nn.Linear(dim, time_dim), nn.GELU(), nn.Linear(time_dim, time_dim)
        )
        self.downs, self.ups = nn.ModuleList([]), nn.ModuleList([])
        for ind, (dim_in, dim_out) in enumerate(in_out):
            is_last = ind >= len(in_out) - 1
            down = nn.Conv2d(dim_in, dim_out, 4, 2, 1) if not is_last else nn.Conv2d(dim_in, dim_out, 3, padding=1)
            self.downs.append(nn.ModuleList([block_klass(dim_in, dim_in, time_emb_dim=time_dim), down]))
        self.mid_block1 = block_klass(dims[-1], dims[-1], time_emb_dim=time_dim)
        self.mid_attn = PreNorm(dims[-1], Attention(dims[-1]))
        for ind, (dim_in, dim_out) in enumerate(reversed(in_out)):
            is_last = ind == len(in_out) - 1
            up = nn.Upsample(scale_factor=2, mode="nearest") if not is_last else nn.Identity()
            block = block_klass(dim_out + dim_in, dim_in, time_emb_dim=time_dim)
            self.ups.append(nn.ModuleList([block, up]))
        self.final_conv = nn.Conv2d(dim, channels, 1)

    def forward(self, x, time):
        x = self.init_conv(x)
        t = self.time_mlp(time)
        h = []
        for block, downsample in self.downs:
            x = block(x, t)
            h.append(x)
            x = downsample(x)
        x = self.mid_attn(self.mid_block1(x, t))
        for block, upsample in self.ups:
            skip = h.pop()
            x = F.interpolate(x, size=skip.shape[-2:], mode="nearest")
            x = upsample(block(torch.cat((x, skip), dim=1), t)) if x.shape[-1] < 8 else block(torch.cat((x, skip), 1), t)
        return self.final_conv(x)


class EMA:
    def __init__(self, model, beta=0.9):
        self.beta, self.step = beta, 0
        self.ema_model = copy.deepcopy(model).eval().requires_grad_(False)

    def update(self, model):
        self.step += 1
        for current, averaged in zip(model.parameters(), self.ema_model.parameters()):
            averaged.data = averaged.data * self.beta + (1 - self.beta) * current.data


timesteps = 40
steps = torch.linspace(0, timesteps, timesteps + 1, dtype=torch.float64)
alphas_cumprod = torch.cos(((steps / timesteps) + 0.008) / 1.008 * torch.pi * 0.5) ** 2
alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
betas = torch.clip(1 - (alphas_cumprod[1:] / alphas_cumprod[:-1]), 0.0001, 0.9999).float()
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, axis=0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
sqrt_recip_alphas = torch.sqrt(1.0 / alphas)
sqrt_alphas_cumprod, sqrt_one_minus = alphas_cumprod.sqrt(), (1.0 - alphas_cumprod).sqrt()
posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
print("schedule", betas[:3], posterior_variance[-2:], f"{alphas_cumprod[-1]:.3e}")


def q_sample(x_start, t, noise=None):
    noise = default(noise, lambda: torch.randn_like(x_start))
    return extract(sqrt_alphas_cumprod, t, x_start.shape) * x_start + extract(sqrt_one_minus, t, x_start.shape) * noise


def p_losses(denoise_model, x_start, t, noise=None, loss_type="l1"):
    noise = default(noise, lambda: torch.randn_like(x_start))
    predicted_noise = denoise_model(q_sample(x_start=x_start, t=t, noise=noise), t)
    losses = {"l1": F.l1_loss, "l2": F.mse_loss, "huber": F.smooth_l1_loss}
    if loss_type not in losses:
        raise NotImplementedError()
    return losses[loss_type](noise, predicted_noise)


@torch.no_grad()
def p_sample(model, x, t, t_index):
    betas_t = extract(betas, t, x.shape)
    model_mean = extract(sqrt_recip_alphas, t, x.shape) * (
        x - betas_t * model(x, t) / extract(sqrt_one_minus, t, x.shape)
    )
    if t_index == 0:
        return model_mean
    return model_mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.randn_like(x)


@torch.inference_mode()
def ddim_sample(model, shape, n_steps=5):
    img = torch.randn(shape)
    times = list(reversed(torch.linspace(-1, timesteps - 1, steps=n_steps + 1).int().tolist()))
    for time, time_next in zip(times[:-1], times[1:]):
        alpha, alpha_next = alphas_cumprod[time], alphas_cumprod[time_next] if time_next >= 0 else torch.tensor(1.0)
        pred_noise = model(img, torch.full((shape[0],), time, dtype=torch.long))
        x_start = ((img - (1 - alpha).sqrt() * pred_noise) / alpha.sqrt()).clamp_(-1.0, 1.0)
        img = x_start * alpha_next.sqrt() + (1 - alpha_next).sqrt() * pred_noise
    return img


images = torch.from_numpy(load_digits().images.astype(np.float32)[:64] / 8.0 - 1)[:, None]
dataloader = DataLoader(TensorDataset(images), batch_size=16, shuffle=True)
model = Unet()
print("parameters", sum(p.numel() for p in model.parameters()))
ema = EMA(model)
optimizer = AdamW(model.parameters(), lr=2e-3)
for epoch in range(2):
    for step, (batch,) in enumerate(dataloader):
        optimizer.zero_grad()
        t = torch.randint(0, timesteps, (batch.shape[0],)).long()
        loss = p_losses(model, batch, t, loss_type=("huber", "l1", "l2")[step % 3])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.update(model)
        print(f"epoch {epoch} step {step} loss: {loss.item():.4f}")
img = torch.randn((2, 1, 8, 8))
for i in reversed(range(0, timesteps, 4)):
    img = p_sample(ema.ema_model, img, torch.full((2,), i, dtype=torch.long), i)
print("sample %.3f %.3f" % (img.mean(), img.std()))
sample = ddim_sample(ema.ema_model, (2, 1, 8, 8))
print("ddim %.3f %.3f" % (sample.mean(), sample.std()), sample.requires_grad)
