"""The models, the same for both frameworks, and GPT of lesson 13 as one writes it in PyTorch."""

import math

import numpy as np

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 65, 128, 128, 4, 4


def started(t, model):
    """The model, its parameters drawn by numpy, the same in both frameworks."""
    rng = np.random.default_rng(0)
    for name, p in model.named_parameters():
        values = rng.standard_normal(tuple(p.shape)).astype(np.float32)
        if p.ndim > 1:
            values /= math.sqrt(math.prod(p.shape[1:]))
        else:
            values = values * np.float32(0.02) + np.float32(name.endswith("weight"))  # those of a LayerNorm are near 1
        p.data.copy_(t.tensor(values))
    return model


def mlp(t):
    return started(t, t.nn.Sequential(t.nn.Linear(784, 128), t.nn.ReLU(), t.nn.Linear(128, 10)))


def lenet(t, first: int = 6, second: int = 16):
    """LeCun's network of 1998, with ReLU and max-pooling."""
    nn = t.nn
    return started(t, nn.Sequential(
        nn.Conv2d(1, first, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(25 * second, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ))  # fmt: skip


def writer(t):
    """Characters to scores of those that follow, by an LSTM, as in milestones/recurrent_text.py."""
    nn = t.nn

    class Writer(nn.Module):
        def __init__(self):
            super().__init__()
            self.characters = nn.Embedding(VOCABULARY, 64)
            self.memory, self.head = nn.LSTM(64, 256, batch_first=True), nn.Linear(256, VOCABULARY)

        def forward(self, ids):
            return self.head(self.memory(self.characters(ids))[0])

    return started(t, Writer())


def gpt(t):
    if t.__name__ == "torch":
        return started(t, gpt_of_torch(t))
    from tinytorch.nn.gpt import GPT, GPTConfig

    return started(t, GPT(GPTConfig(VOCABULARY, CONTEXT, LAYERS, HEADS, WIDTH)))


def gpt_of_torch(t):
    """With the same names of parameters, and with the fastest that PyTorch has for each part."""
    nn, F = t.nn, t.nn.functional

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.expand, self.project = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x):
            return self.project(F.gelu(self.expand(x), approximate="tanh"))

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.project = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x, cache):
            batch, length, _ = x.shape
            q, k, v = (
                part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for part in self.qkv(x).split(WIDTH, 2)
            )
            if cache is not None:
                if self in cache:
                    k, v = t.cat([cache[self][0], k], 2), t.cat([cache[self][1], v], 2)
                cache[self] = k, v
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
            return self.project(mixed.transpose(1, 2).reshape(batch, length, WIDTH))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention()
            self.norm2, self.mlp = nn.LayerNorm(WIDTH), MLP()

        def forward(self, x, cache):
            x = x + self.attention(self.norm1(x), cache)
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
            self.head.weight = self.tokens.weight

        def forward(self, ids, cache=None, start: int = 0):
            x = self.tokens(ids) + self.positions(t.arange(start, start + ids.shape[1]))
            for block in self.blocks:
                x = block(x, cache)
            return self.head(self.norm(x))

    return GPT()


def write(t, model, ids, more: int):
    """The ids and `more` of the likeliest that follow them, with a key/value cache."""
    if t.__name__ != "torch":
        from tinytorch.nn.gpt import generate

        return generate(model, ids, more, greedy=True)
    cache, start = {}, 0
    with t.inference_mode():
        for _ in range(more):
            logits = model(ids[:, start:], cache, start)
            start = ids.shape[1]
            ids = t.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], 1)
    return ids
