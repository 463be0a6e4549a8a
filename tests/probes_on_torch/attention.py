"""Lesson 12 by PyTorch."""

from types import SimpleNamespace

import torch
from torch.nn.functional import linear


def on_arrays(function):
    """`function` of tensors, for arrays too."""

    def of_any(*given):
        if isinstance(given[0], torch.Tensor):
            return function(*given)
        found = function(*(torch.tensor(each) if hasattr(each, "dtype") else each for each in given))
        return tuple(each.numpy() for each in found) if isinstance(found, tuple) else found.numpy()

    return of_any


def attention_scores(query, key, scale):
    return torch.einsum("...le,...se->...ls", query, key) * scale


def attention_weights(scores):
    return scores.softmax(-1).nan_to_num(0)


def causal_mask(queries, keys):
    return torch.ones(queries, keys, dtype=torch.bool).tril().numpy()


def masked(scores, mask):
    return scores.masked_fill(~mask, -torch.inf) if mask.dtype is torch.bool else scores + mask


def attend(query, key, value, mask=None, keep=None, scale=1.0):
    scores = attention_scores(query, key, scale)
    weights = attention_weights(scores if mask is None else masked(scores, mask))
    return (weights if keep is None else weights * keep) @ value, weights


def attention_gradients(grad, query, key, value, weights, keep, scale):
    """By autograd, from scores with these weights: their logarithms."""
    batch = grad.shape[:-2]
    key, value = key.expand(*batch, *key.shape[-2:]), value.expand(*batch, *value.shape[-2:])
    query, key, value, scores = (x.clone().requires_grad_() for x in (query, key, value, weights.log()))
    used = scores.softmax(-1) if keep is None else scores.softmax(-1) * keep
    (used @ value).backward(grad)
    attention_scores(query, key, scale).backward(scores.grad)
    return query.grad, key.grad, value.grad, scores.grad


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).movedim(2, 1)


def merge_heads(x):
    return x.movedim(1, 2).flatten(-2)


class MultiheadAttention(torch.nn.MultiheadAttention):
    def project_inputs(self, *inputs):
        packed = self.in_proj_weight is not None
        separate = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        weights = self.in_proj_weight.split(self.embed_dim) if packed else separate
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.split(self.embed_dim)
        return [linear(*each) for each in zip(inputs, weights, biases, strict=True)]


lesson = SimpleNamespace(
    attention_scores=on_arrays(attention_scores),
    attention_weights=on_arrays(attention_weights),
    causal_mask=causal_mask,
    masked=on_arrays(masked),
    attend=on_arrays(attend),
    attention_gradients=on_arrays(attention_gradients),
    split_heads=split_heads,
    merge_heads=merge_heads,
    MultiheadAttention=MultiheadAttention,
)
