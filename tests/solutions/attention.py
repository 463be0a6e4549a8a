"""Solutions of lesson 12."""

from solutions.solution import Solutions

solutions = Solutions("12_attention")
wrong, right = solutions.wrong, solutions.right

# ---- wrong

wrong("attention-scores", "the scale is forgotten", ("(query * scale)", "query"))
wrong("attention-scores", "all dimensions are turned round", ("key.swapaxes(-1, -2)", "key.T"))
wrong("attention-scores", "the query is changed", ("return (query * scale)", "query *= scale\n    return query"))

wrong("attention-weights", "softmax over the queries", ("axis=-1", "axis=-2"))
wrong(
    "attention-weights",
    "no maximum is subtracted",
    ("scores - np.max(scores, axis=-1, keepdims=True, initial=lowest)", "scores"),
)
wrong(
    "attention-weights",
    "nan where nothing is allowed",
    (", initial=lowest", ""),
    ("np.maximum(powers.sum(axis=-1, keepdims=True), 1)", "powers.sum(axis=-1, keepdims=True)"),
)

wrong("masks", "causal off by one", ("np.tri(queries, keys,", "np.tri(queries, keys, -1,"))
wrong("masks", "causal from the end", ("np.tri(queries, keys,", "np.tri(queries, keys, keys - queries,"))
wrong("masks", "the mask is inverted", ("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)"))

wrong("attend", "the mask comes after the softmax", (
    "    if mask is not None:\n        scores = masked(scores, mask)\n    weights = attention_weights(scores)\n",
    "    weights = attention_weights(scores)\n    if mask is not None:\n"
    "        weights = weights * (mask if mask.dtype == bool else np.exp(mask))\n"))  # fmt: skip
wrong("attend", "the weights returned are those after dropout", (
    "return (weights if keep is None else weights * keep) @ value, weights",
    "weights = weights if keep is None else weights * keep\n    return weights @ value, weights"))  # fmt: skip
wrong("attend", "the scale is not handed on", ("(query, key, scale)", "(query, key, query.shape[-1] ** -0.5)"))

SUM = "grad_scores -= weights * grad_scores.sum(axis=-1, keepdims=True)"
wrong(
    "attention-gradients", "query and key are swapped", ("return grad_query, grad_key", "return grad_key, grad_query")
)
wrong("attention-gradients", "the softmax's sum is not subtracted", (SUM, "pass"))
wrong("attention-gradients", "the scale is forgotten", ("scale * (grad_scores", "1 * (grad_scores"))
wrong("attention-gradients", "dropout is forgotten on the way back", ("grad_weights *= keep", "pass"))
wrong(
    "attention-gradients",
    "grad is overwritten",
    ("    used = ", "    grad *= 1.0 if keep is None else 2.0\n    used = "),
)
wrong(
    "attention-gradients",
    "zeros",
    ("    used = ", "    return (*map(np.zeros_like, (query, key, value, weights)),)\n    used = "),
)

wrong(
    "heads",
    "split by a reshape alone",
    (
        "x.reshape(n, length, heads, features // heads).transpose(1, 2)",
        "x.reshape(n, heads, length, features // heads)",
    ),
)
wrong("heads", "merged by a reshape alone", ("x.transpose(1, 2).reshape(n, length", "x.reshape(n, length"))
wrong("heads", "the history is cut off", ("return x.transpose(1, 2)", "return x.detach().transpose(1, 2)"))

wrong(
    "project-inputs",
    "key and value are swapped",
    ("weights = self.in_proj_weight.chunk(3)", "weights = [self.in_proj_weight.chunk(3)[i] for i in (0, 2, 1)]"),
)
wrong("project-inputs", "the bias is left out", ("if self.in_proj_bias is None else self.in_proj_bias.chunk(3)", ""))
wrong(
    "project-inputs",
    "the query for all three",
    ("map(linear, (query, key, value)", "map(linear, (query, query, query)"),
)

wrong("multihead-attention", "out_proj is forgotten", ("self.out_proj(merge_heads(output))", "merge_heads(output)"))
wrong("multihead-attention", "dropout after training too", ("self.dropout if self.training else 0.0", "self.dropout"))
wrong(
    "multihead-attention",
    "the mask is ignored where weights are wanted",
    ("(*parts, mask, dropout_p)\n", "(*parts, None, dropout_p)\n"),
)
wrong(
    "multihead-attention",
    "nothing comes back to the inputs",
    ("split_heads(x, self.num_heads)", "split_heads(x.detach(), self.num_heads)"),
)

# ---- right, in another style

right("attention-scores", "by matmul, scaled afterwards", (
    "return (query * scale) @ key.swapaxes(-1, -2)", "products = query @ key.swapaxes(-2, -1)\n    return products * scale"))  # fmt: skip
right("attention-weights", "by where", """@dispatch
def attention_weights(scores):
    if not scores.shape[-1]:
        return scores.copy()
    top = scores.max(-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(top), top, 0).astype(scores.dtype))
    total = powers.sum(-1, keepdims=True)
    return np.divide(powers, total, out=np.zeros_like(powers), where=total != 0)
""")  # fmt: skip
right("masks", "by comparing places, and by filling a copy", """def causal_mask(queries, keys):
    return np.arange(keys) <= np.arange(queries)[:, None]

def masked(scores, mask):
    if mask.dtype != bool:
        return scores + mask
    result = scores.copy()
    np.copyto(result, -np.inf, where=np.logical_not(mask))
    return result
""")  # fmt: skip
right("attend", "by einsum, with a helper", """def attend(query, key, value, mask=None, keep=None, scale=1.0):
    weights = attention_weights(scores_of(query, key, mask, scale))
    used = weights if keep is None else keep * weights
    return np.einsum("...ls,...sv->...lv", used, value), weights
""", added="""def scores_of(query, key, mask, scale):
    scores = np.einsum("...le,...se->...ls", query, key) * np.asarray(scale, query.dtype)
    return scores if mask is None else masked(scores, mask)
""")  # fmt: skip
right("attention-gradients", "by einsum, the row's sum from the output", """def attention_gradients(grad, query, key, value, weights, keep, scale):
    used = weights * (1 if keep is None else keep)
    output = np.einsum("...ls,...sv->...lv", used, value)
    mean = (grad * output).sum(-1, keepdims=True)
    of_used = np.einsum("...lv,...sv->...ls", grad, value)
    of_scores = weights * ((of_used if keep is None else of_used * keep) - mean)
    of_query = np.einsum("...ls,...se->...le", of_scores, key) * scale
    of_key = np.einsum("...ls,...le->...se", of_scores, query) * scale
    return of_query, of_key, np.einsum("...ls,...lv->...sv", used, grad), of_scores
""")  # fmt: skip
right("heads", "by slices and by permute", """def split_heads(x, heads):
    import tinytorch
    size = x.shape[2] // heads
    return tinytorch.stack([x[:, :, h * size : (h + 1) * size] for h in range(heads)], 1)

def merge_heads(x):
    return x.permute(0, 2, 1, 3).flatten(2)
""")  # fmt: skip
right("project-inputs", "one after another, by slices", (
    "    if self.in_proj_weight is not None and query is key is value", """    found, width = [], self.embed_dim
    for i, (x, name) in enumerate(zip((query, key, value), "qkv")):
        own = slice(i * width, (i + 1) * width)
        w = getattr(self, f"{name}_proj_weight") if self.in_proj_weight is None else self.in_proj_weight[own]
        y = x @ w.transpose(0, 1)
        found.append(y if self.in_proj_bias is None else y + self.in_proj_bias[own])
    return tuple(found)
    if self.in_proj_weight is not None and query is key is value"""))  # fmt: skip
right("multihead-attention", "head by head, always with weights", (
    "    parts = [split", """    import tinytorch
    q, k, v = self.project_inputs(query, key, value)
    if causal:
        mask = tinytorch.full((q.shape[1], k.shape[1]), -math.inf, dtype=q.dtype).triu(1)
    rate = self.dropout if self.training else 0
    q, k, v = (split_heads(x, self.num_heads) for x in (q, k, v))
    output, weights = attention_and_weights(q, k, v, mask, rate)
    return self.out_proj(merge_heads(output)), weights if need_weights else None
    parts = [split"""))  # fmt: skip
