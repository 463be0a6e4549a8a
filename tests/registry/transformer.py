"""Examples for lesson 13: GPT beside one written in PyTorch's parts, and PyTorch's transformer stacks."""

import math

import tinytorch as tt
from registry.tools import holding
from tinytorch.nn import gpt as of_gpt

IDS = [[1, 1, 2, 0], [0, 3, 1, 4]]
SMALL = of_gpt.GPTConfig(vocab_size=5, block_size=4, n_layer=2, n_head=2, n_embd=4)
BARE = of_gpt.GPTConfig(vocab_size=5, block_size=6, n_layer=1, n_head=1, n_embd=6, bias=False)


def gpt_in_pytorch(t, config):
    """{name: module} of all parts of a GPT, in PyTorch's words and with plain softmax."""

    class MLP(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.expand = t.nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
            self.project = t.nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)

        def forward(self, x):
            return self.project(t.nn.functional.gelu(self.expand(x), approximate="tanh"))

    class Attention(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = t.nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
            self.project = t.nn.Linear(config.n_embd, config.n_embd, bias=config.bias)

        def forward(self, x):
            d, later = config.n_embd // config.n_head, t.ones(x.shape[1], x.shape[1]).triu(1).bool()
            q, k, v = self.qkv(x).chunk(3, -1)
            results = []
            for head in range(config.n_head):
                here = slice(head * d, head * d + d)
                scores = (q[..., here] @ k[..., here].transpose(1, 2) / math.sqrt(d)).masked_fill(later, -math.inf)
                results.append(scores.softmax(-1) @ v[..., here])
            return self.project(t.cat(results, -1))

    class Block(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1 = t.nn.LayerNorm(config.n_embd, bias=config.bias)
            self.attention = Attention()
            self.norm2 = t.nn.LayerNorm(config.n_embd, bias=config.bias)
            self.mlp = MLP()

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class GPT(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = t.nn.Embedding(config.vocab_size, config.n_embd)
            self.positions = t.nn.Embedding(config.block_size, config.n_embd)
            self.blocks = t.nn.ModuleList([Block() for _ in range(config.n_layer)])
            self.norm = t.nn.LayerNorm(config.n_embd, bias=config.bias)
            self.head = t.nn.Linear(config.n_embd, config.vocab_size, bias=False)
            self.head.weight = self.tokens.weight

        def forward(self, ids):
            x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
            for block in self.blocks:
                x = block(x)
            return self.norm(x) @ self.tokens.weight.T

    return {"MLP": MLP, "CausalSelfAttention": Attention, "Block": Block, "GPT": GPT}


def part(t, name, config):
    return getattr(of_gpt, name)(config) if t is tt else gpt_in_pytorch(t, config)[name]()


def gpt(t, config):
    """A module of numbers, so that differences can be taken: its input times the scores."""
    return holding(t, lambda m, x: x * m.model(t.tensor(IDS)), model=part(t, "GPT", config))


def weighed(t, name, forward=None, **options):
    """The results times 1, 2, 3...: the sum of squares behind a norm does not depend on anything."""
    forward = forward or (lambda layer, x: layer(x))
    layer = getattr(t.nn, name)(4, 2, dim_feedforward=6, dropout=0.0, **options)
    return holding(t, lambda m, x: forward(m.layer, x) * t.arange(1, 5).to(x.dtype), layer=layer)


def stack(t, kind, **options):
    layer = getattr(t.nn, f"Transformer{kind}Layer")(4, 2, 6, 0.0, batch_first=True, **options)
    made = getattr(t.nn, f"Transformer{kind}")(layer, 2, t.nn.LayerNorm(4))
    return holding(
        t,
        lambda m, x: (m.stack(x) if kind == "Encoder" else m.stack(x[:, :2], x)) * t.arange(1, 5).to(x.dtype),
        stack=made,
    )


def both_ends(layer, x):
    """The decoder's target and memory from one input (L, N, d)."""
    return layer(x[:2], x)


def embedded(d):
    return [d.any(2, 4, 4)]


MODULES = {
    "MLP": [(lambda t: part(t, "MLP", SMALL), embedded), (lambda t: part(t, "MLP", BARE), lambda d: [d.any(2, 3, 6)])],
    "CausalSelfAttention": [
        (lambda t: part(t, "CausalSelfAttention", SMALL), embedded),
        (lambda t: part(t, "CausalSelfAttention", BARE), lambda d: [d.any(2, 3, 6)]),
    ],
    "Block": [
        (lambda t: part(t, "Block", SMALL), embedded),
        (lambda t: part(t, "Block", BARE), lambda d: [d.any(2, 3, 6)]),
    ],
    "GPT": [
        (lambda t: gpt(t, SMALL), lambda d: [d.any(2, 4, 5)]),
        (lambda t: gpt(t, BARE), lambda d: [d.any(2, 4, 5)]),
    ],
    "TransformerEncoderLayer": [
        (lambda t: weighed(t, "TransformerEncoderLayer", activation="gelu"), lambda d: [d.any(3, 2, 4)]),
        (
            lambda t: weighed(t, "TransformerEncoderLayer", batch_first=True, norm_first=True, bias=False),
            lambda d: [d.any(2, 3, 4)],
        ),
    ],
    "TransformerDecoderLayer": [
        (lambda t: weighed(t, "TransformerDecoderLayer", both_ends, activation="gelu"), lambda d: [d.any(3, 2, 4)]),
        (lambda t: weighed(t, "TransformerDecoderLayer", both_ends, norm_first=True), lambda d: [d.any(3, 2, 4)]),
    ],
    "TransformerEncoder": [(lambda t: stack(t, "Encoder"), lambda d: [d.any(2, 3, 4)])],
    "TransformerDecoder": [(lambda t: stack(t, "Decoder", norm_first=True), lambda d: [d.any(2, 3, 4)])],
    "Transformer": [
        (
            lambda t: weighed(
                t, "Transformer", lambda m, x: m(x, x[:2] * 2), num_encoder_layers=1, num_decoder_layers=1
            ),
            lambda d: [d.any(3, 2, 4)],
        )
    ],
}
