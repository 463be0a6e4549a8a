"""Lesson 13 by PyTorch."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

from tinytorch.nn.gpt import GPTConfig


class MLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.expand = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.project = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.rate = config.dropout

    def forward(self, x):
        return F.dropout(self.project(F.gelu(self.expand(x), approximate="tanh")), self.rate, self.training)


def lookback_mask(new, total):
    return torch.arange(total) <= torch.arange(total - new, total)[:, None]


class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.rate = config.n_head, config.dropout
        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.project = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = cache.extend(self, k, v)
        scores = torch.einsum("bhtd,bhsd->bhts", q, k) / q.shape[-1] ** 0.5
        weights = scores.masked_fill(~lookback_mask(q.shape[2], k.shape[2]), -torch.inf).softmax(-1)
        weights = F.dropout(weights, self.rate, self.training)
        mixed = torch.einsum("bhts,bhsd->bthd", weights, v).flatten(2)
        return F.dropout(self.project(mixed), self.rate, self.training)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.attention = CausalSelfAttention(config)
        self.norm2 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x, cache=None):
        after = x + self.attention(self.norm1(x), cache)
        return after + self.mlp(self.norm2(after))


def init_gpt(model, n_layer):
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            scale = (2 * n_layer) ** -0.5 if name.endswith("project.weight") else 1
            parameter.data = torch.randn_like(parameter) * 0.02 * scale
        elif name.endswith("bias") and "norm" not in name:
            nn.init.zeros_(parameter)


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.n_embd)
        self.positions = nn.Embedding(config.block_size, config.n_embd)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = nn.LayerNorm(config.n_embd, bias=config.bias)
        init_gpt(self, config.n_layer)

    def forward(self, ids, cache=None):
        start = cache.length if cache is not None else 0
        x = self.tokens(ids) + self.positions.weight[start : start + ids.shape[1]]
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.blocks:
            x = block(x, cache)
        return self.norm(x) @ self.tokens.weight.T


def filter_top_k(logits, k):
    ranks = logits.argsort(-1, descending=True).argsort(-1)
    return logits.masked_fill(ranks >= k, -torch.inf)


def filter_top_p(logits, p):
    """A token stays if those that are more likely do not reach p without it."""
    shares = logits.softmax(-1)
    better = shares[..., None, :] > shares[..., None]
    return logits.masked_fill((better * shares[..., None, :]).sum(-1) >= p, -torch.inf)


def choose(logits, temperature=1.0, top_k=None, top_p=None, greedy=False, generator=None):
    if greedy:
        return logits.argmax(-1, keepdim=True)
    logits = logits / temperature
    logits = logits if top_k is None else filter_top_k(logits, top_k)
    logits = logits if top_p is None else filter_top_p(logits, top_p)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator)


class KeyValueCache:
    def __init__(self):
        self.pieces = {}

    @property
    def length(self):
        return max((sum(k.shape[2] for k, _ in pieces) for pieces in self.pieces.values()), default=0)

    def extend(self, layer, k, v):
        self.pieces.setdefault(layer, []).append((k, v))
        return tuple(torch.cat(each, dim=2) for each in zip(*self.pieces[layer], strict=True))


@torch.no_grad()
def generate(model, ids, max_new_tokens, generator=None, use_cache=True, **options):
    training, cache, size = model.training, KeyValueCache(), model.config.block_size
    model.eval()
    try:
        for _ in range(max_new_tokens):
            cached = use_cache and ids.shape[1] <= size
            scores = model(ids[:, cache.length :], cache) if cached else model(ids[:, -size:])
            ids = torch.cat([ids, choose(scores[:, -1], **options, generator=generator)], 1)
    finally:
        model.train(training)
    return ids


lesson = SimpleNamespace(
    GPTConfig=GPTConfig,
    MLP=MLP,
    lookback_mask=lookback_mask,
    CausalSelfAttention=CausalSelfAttention,
    Block=Block,
    init_gpt=init_gpt,
    GPT=GPT,
    filter_top_k=filter_top_k,
    filter_top_p=filter_top_p,
    choose=choose,
    KeyValueCache=KeyValueCache,
    generate=generate,
)
