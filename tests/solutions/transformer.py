"""Solutions of lesson 13."""

from solutions.solution import Solutions

solutions = Solutions("13_transformer")
wrong, right = solutions.wrong, solutions.right

# ---- wrong

wrong("mlp", "the exact gelu", ("self.gelu(self", "F.gelu(self"))
wrong(
    "mlp",
    "dropout before the projection",
    ("self.dropout(self.project(self.gelu(self.expand(x))))", "self.project(self.dropout(self.gelu(self.expand(x))))"),
)
wrong("mlp", "zeros", ("return self.dropout(", "return 0 * self.dropout("))

wrong("lookback-mask", "aligned to the upper left", ("tril(total - new)", "tril()"))
wrong("lookback-mask", "a token does not see itself", ("tril(total - new)", "tril(total - new - 1)"))

SPLIT = "part.reshape(batch, length, self.n_head, width // self.n_head).transpose(1, 2)"
wrong(
    "causal-attention",
    "heads by a reshape alone",
    (SPLIT, "part.reshape(batch, self.n_head, length, width // self.n_head)"),
)
wrong("causal-attention", "merged by a reshape alone", ("mixed.transpose(1, 2).reshape", "mixed.reshape"))
wrong("causal-attention", "it sees the future", ("is_causal=first", "is_causal=False"))
wrong("causal-attention", "the cache is ignored", ("cache is not None", "False"))
wrong(
    "causal-attention",
    "the plain triangle with kept keys too",
    ("lookback_mask(length, k.shape[2])", "tinytorch.ones(length, k.shape[2], dtype=tinytorch.bool).tril()"),
)
wrong(
    "causal-attention",
    "dropout in eval",
    ("self.attention_dropout if self.training else 0.0", "self.attention_dropout"),
)

wrong("block", "the norm after the sum", (
    "x = x + self.attention(self.norm1(x), cache)\n        return x + self.mlp(self.norm2(x))",
    "x = self.norm1(x + self.attention(x, cache))\n        return self.norm2(x + self.mlp(x))"))  # fmt: skip
wrong("block", "the second residual is forgotten", ("return x + self.mlp", "return self.mlp"))
wrong("block", "the cache is not handed on", ("self.norm1(x), cache)", "self.norm1(x))"))

wrong("gpt-init", "the projections are as large as the others", ("1 / math.sqrt(2 * n_layer)", "1.0"))
wrong("gpt-init", "one branch for a layer", ("math.sqrt(2 * n_layer)", "math.sqrt(n_layer)"))
wrong("gpt-init", "the variance instead of the deviation", ("0.02 * scale", "0.02**0.5 * scale"))
wrong("gpt-init", "biases stay", ("nn.init.zeros_(module.bias)", "pass"))

wrong(
    "gpt-forward",
    "positions from 0 on, whatever is kept",
    ("arange(start, start + ids.shape[1], ", "arange(ids.shape[1], "),
)
wrong("gpt-forward", "weights are not tied", ("self.head.weight = self.tokens.weight", "pass"))
wrong("gpt-forward", "the embedding learns from the head only", ("self.tokens(ids) +", "self.tokens(ids).detach() +"))
wrong("gpt-forward", "the blocks get no cache", ("block(x, cache)", "block(x)"))

wrong("filters", "the k-th best goes", ("logits < worst", "logits <= worst"))
wrong("filters", "the token that crosses p goes", ("before < p", "before + probabilities < p"))
wrong(
    "filters",
    "probabilities instead of scores",
    ("return logits.masked_fill(kept.", "return logits.softmax(-1).masked_fill(kept."),
)

wrong("choose", "temperature multiplies", ("logits / temperature", "logits * temperature"))
wrong("choose", "the generator is not handed on", (", generator=generator)", ")"))
wrong(
    "choose",
    "top p before the temperature",
    ("    logits = logits / temperature\n", ""),
    ("    return tiny", "    logits = logits / temperature\n    return tiny"),
)
wrong("choose", "top k is ignored", ("top_k is not None", "False"))

wrong(
    "cache",
    "only the last is kept",
    ("self.kept[layer] = k, v", "self.kept[layer] = given"),
    ("if layer in", "given = k, v\n        if layer in"),
)
wrong("cache", "joined along the heads", ("dim=2", "dim=1"))
wrong(
    "cache",
    "shared by all caches",
    ("self.kept = {}", "pass"),
    ("    def __init__", "    kept = {}\n\n    def __init__"),
)
wrong(
    "cache",
    "length counts layers",
    ("next(iter(self.kept.values()))[0].shape[2] if self.kept else 0", "len(self.kept)"),
)

wrong(
    "generate",
    "only the new tokens",
    ("    return ids\n", "    return ids[:, -max_new_tokens:] if max_new_tokens else ids[:, :0]\n"),
)
wrong("generate", "the cache beyond the block", ("and ids.shape[1] <= block_size", ""))
wrong("generate", "training mode", ("    model.eval()\n", "    model.train()\n"))
wrong("generate", "stays in eval mode", ("model.train(was_training)", "pass"))
wrong("generate", "with history", ("with tinytorch.no_grad():", "if True:"))
wrong("generate", "the generator is not handed on", ("greedy, generator)", "greedy)"))

# ---- right, in another style

right("mlp", "step by step", ("return self.dropout(self.project(self.gelu(self.expand(x))))",
      "x = self.expand(x)\n        x = F.gelu(x, approximate='tanh')\n        x = self.project(x)\n"
      "        return F.dropout(x, self.dropout.p, training=self.training)"))  # fmt: skip
right("lookback-mask", "by comparing places", ("return tinytorch.ones(new, total, dtype=tinytorch.bool).tril(total - new)",
      "own = tinytorch.arange(total - new, total).reshape(-1, 1)\n    return tinytorch.arange(total) <= own"))  # fmt: skip
right("causal-attention", "head by head, without the fused function", ("        q, k, v = (", """        import math
        y = self.qkv(x).reshape(batch, length, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        q, k, v = y[0], y[1], y[2]
        if cache is not None:
            k, v = cache.extend(self, k, v)
        heads = []
        for h in range(self.n_head):
            scores = q[:, h] @ k[:, h].transpose(1, 2) / math.sqrt(q.shape[-1])
            scores = scores.masked_fill(~lookback_mask(length, k.shape[2]), -math.inf)
            weights = F.dropout(scores.softmax(-1), self.attention_dropout, self.training)
            heads.append(weights @ v[:, h])
        return self.dropout(self.project(tinytorch.cat(heads, dim=-1)))
        q, k, v = ("""))  # fmt: skip
right("block", "with a loop", (
    "x = x + self.attention(self.norm1(x), cache)\n        return x + self.mlp(self.norm2(x))",
    "for branch in (lambda x: self.attention(self.norm1(x), cache), lambda x: self.mlp(self.norm2(x))):\n"
    "            x = branch(x) + x\n        return x"))  # fmt: skip
right("gpt-init", "twice over, by parameters", """def init_gpt(model, n_layer):
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.weight.data.normal_(0.0, 0.02)
        elif isinstance(module, nn.Linear):
            with tinytorch.no_grad():
                module.weight.copy_(0.02 * tinytorch.randn(*module.weight.shape))
                if module.bias is not None:
                    module.bias.zero_()
    for name, parameter in model.named_parameters():
        if name.endswith("project.weight"):
            nn.init.normal_(parameter, std=0.02 * (2 * n_layer) ** -0.5)
""")  # fmt: skip
right("gpt-forward", "by slices of the tables", (
    "positions = tinytorch.arange(start, start + ids.shape[1], device=ids.device)\n        x = self.dropout(self.tokens(ids) + self.positions(positions))",
    "last = start + ids.shape[1]\n        x = self.positions.weight[start:last].unsqueeze(0) + self.tokens(ids)\n        x = self.dropout(x)"),
    ("self.head(self.norm(x))", "self.norm(x) @ self.tokens.weight.T"))  # fmt: skip
right("filters", "by sorting, row by row", (
    "worst = logits.topk(min(k, logits.shape[-1])).values[..., -1:]\n    return logits.masked_fill(logits < worst, -math.inf)",
    "ordered = logits.sort(-1, descending=True).values\n    border = ordered[..., : min(k, logits.shape[-1])].amin(-1, keepdim=True)\n"
    "    return tinytorch.where(logits >= border, logits, -math.inf)"), (
    "    order = logits", """    import numpy as np
    rows = logits.numpy().reshape(-1, logits.shape[-1])
    drop = np.zeros(rows.shape, bool)
    for row, out in zip(rows, drop):
        shares, reached = np.exp(row - row.max()), 0.0
        for i in np.argsort(-row):
            out[i] = reached >= p
            reached += shares[i] / shares.sum()
    return logits.masked_fill(tinytorch.tensor(drop.reshape(logits.shape)), -math.inf)
    order = logits"""))  # fmt: skip
right("choose", "with a list of filters", ("    logits = logits / temperature\n", """    scaled = logits * (1.0 / temperature)
    for keep, knob in ((filter_top_k, top_k), (filter_top_p, top_p)):
        scaled = scaled if knob is None else keep(scaled, knob)
    return tinytorch.multinomial(F.softmax(scaled, dim=1), num_samples=1, generator=generator)
    logits = logits / temperature
"""))  # fmt: skip
right("cache", "a list of pieces", """class KeyValueCache:
    def __init__(self):
        self.pieces, self.sizes = {}, {}

    @property
    def length(self):
        return max(self.sizes.values(), default=0)

    def extend(self, layer, k, v):
        pieces = self.pieces.setdefault(id(layer), [])
        pieces.append((k, v))
        self.sizes[id(layer)] = sum(k.shape[-2] for k, _ in pieces)
        return joined(pieces, 0), joined(pieces, 1)
""", added="""def joined(pieces, which):
    return tinytorch.cat([piece[which] for piece in pieces], dim=-2)
""")  # fmt: skip
right("generate", "with a helper and a while loop", """def generate(model, ids, max_new_tokens, temperature=1.0, top_k=None, top_p=None, greedy=False, generator=None, use_cache=True):
    mode, cache = model.training, KeyValueCache()
    wanted = ids.shape[1] + max_new_tokens
    try:
        model.train(False)
        while ids.shape[1] < wanted:
            with tinytorch.no_grad():
                scores = last_scores(model, ids, cache if use_cache else None)
            ids = tinytorch.cat((ids, choose(scores, temperature, top_k, top_p, greedy, generator)), 1)
        return ids
    finally:
        model.train(mode)
""", added="""def last_scores(model, ids, cache):
    size, length = model.config.block_size, ids.shape[1]
    if cache is None or length > size:
        return model(ids[:, max(0, length - size) :])[:, -1, :]
    return model(ids[:, cache.length - length :], cache)[:, -1, :]
""")  # fmt: skip
