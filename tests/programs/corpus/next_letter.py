"""A small transformer that learns to write letter by letter: a config class, weight tying, two groups of parameters."""

import inspect
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

corpus = "a rat ran at a tan cat. a cat sat, a rat ran. " * 8
letters = sorted(set(corpus))
encode = {letter: i for i, letter in enumerate(letters)}
decode = lambda ids: "".join(letters[i] for i in ids)  # noqa: E731


@dataclass
class Settings:
    context: int = 16
    width: int = 16
    depth: int = 2
    heads: int = 2
    vocabulary: int = len(letters)


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads = s.heads
        self.qkv, self.out = nn.Linear(s.width, 3 * s.width, bias=False), nn.Linear(s.width, s.width)
        mask = torch.tril(torch.ones(s.context, s.context))
        self.register_buffer("mask", mask.bool(), persistent=False)
        self.fused = hasattr(F, "scaled_dot_product_attention")

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.reshape(batch, length, self.heads, -1).permute(0, 2, 1, 3) for part in self.qkv(x).chunk(3, dim=-1)
        )
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = torch.einsum("bhid,bhjd->bhij", q, k) / q.size(-1) ** 0.5
            scores = scores.masked_fill(~self.mask[:length, :length], torch.finfo(scores.dtype).min)
            mixed = scores.softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.attention = Attention(s)
        self.norms = nn.ModuleList(nn.LayerNorm(s.width) for _ in range(2))
        self.mlp = nn.Sequential(nn.Linear(s.width, 4 * s.width), nn.GELU(), nn.Linear(4 * s.width, s.width))

    def forward(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class Writer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.settings = s
        self.tokens, self.places = nn.Embedding(s.vocabulary, s.width), nn.Embedding(s.context, s.width)
        self.layers = nn.ModuleList([Layer(s) for _ in range(s.depth)])
        self.norm, self.head = nn.LayerNorm(s.width), nn.Linear(s.width, s.vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids, targets=None):
        x = self.tokens(ids) + self.places(torch.arange(ids.size(1), device=ids.device))
        for layer in self.layers:
            x = layer(x)
        logits = self.head(self.norm(x))
        if targets is None:
            return logits[:, -1]
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def write(self, ids, n):
        for _ in range(n):
            logits = self(ids[:, -self.settings.context :])
            logits[logits < logits.topk(3).values[:, -1:]] = float("-inf")
            ids = torch.cat([ids, F.softmax(logits, -1).argmax(-1, keepdim=True)], dim=1)
        return ids


device = "cuda" if torch.cuda.is_available() else "cpu"
half = torch.autocast(device_type="cuda", dtype=torch.float16) if device == "cuda" else nullcontext()
scaler = torch.amp.GradScaler("cuda", enabled=device == "cuda")
rng = np.random.RandomState(0)
model = Writer(Settings()).to(device)
for p in model.parameters():
    if p.dim() > 1:
        p.data.copy_(torch.from_numpy(rng.normal(0, 0.08, tuple(p.shape))))
for module in model.modules():
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
print(sum(p.numel() for p in model.parameters()), "parameters")
matrices = [p for p in model.parameters() if p.ndim > 1]
vectors = [p for p in model.parameters() if p.ndim < 2]
options = {"fused": True} if device == "cuda" and "fused" in inspect.signature(torch.optim.AdamW).parameters else {}
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
    lr=1e-2,
    betas=(0.9, 0.95),
    **options,
)
data = torch.tensor([encode[letter] for letter in corpus])
for step in range(31):
    starts = rng.randint(0, len(data) - 17, 8)
    x = torch.stack([data[i : i + 16] for i in starts]).to(device, non_blocking=True)
    y = torch.stack([data[i + 1 : i + 17] for i in starts]).to(device, non_blocking=True)
    with half:
        logits, loss = model(x, y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    if step % 10 == 0:
        print(f"{step:3}: loss {loss.item():.3f}, norm {norm:.2f}")
model.eval()
fused = model(x)
for module in model.modules():
    if isinstance(module, Attention):
        module.fused = False
print(torch.allclose(fused, model(x), atol=1e-4))
print(repr(decode(model.write(x[:1, :4], 4)[0].tolist())))
