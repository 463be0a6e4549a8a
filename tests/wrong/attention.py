"""Wrong implementations of lesson 12: see wrong/__init__.py."""

import math

import numpy as np

import tinytorch
from tinytorch.nn import attention
from wrong.tools import function, replace, wrong

CAUGHT = function("AttentionFunction")
CAUSAL = "test_attention.py::test_causality"
AS_TORCH = "test_attention.py::test_as_in_pytorch"
MODULE = "test_attention.py::test_module_as_in_pytorch"


@wrong(*CAUGHT)
def attention_without_the_scale():
    replace(attention.attention_scores, lambda query, key, scale: query @ key.swapaxes(-1, -2))


@wrong(*CAUGHT)
def attention_scale_of_the_wrong_power():
    """Divided by d, not by its root."""
    right = attention.attention_scores
    replace(right, lambda query, key, scale: right(query, key, scale * scale))


@wrong(*CAUGHT)
def softmax_over_the_queries():
    right = attention.attention_weights
    replace(right, lambda scores: right(scores.swapaxes(-1, -2)).swapaxes(-1, -2))


@wrong("test_attention.py::test_extreme_scores")
def attention_weights_that_overflow():
    def weights(scores):
        with np.errstate(all="ignore"):
            powers = np.exp(scores)
            return powers / powers.sum(-1, keepdims=True)

    replace(attention.attention_weights, weights)


@wrong("test_attention.py::test_a_query_that_may_attend_to_nothing")
def nan_for_a_query_without_keys():
    def weights(scores):
        with np.errstate(invalid="ignore"):
            powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
            return powers / powers.sum(-1, keepdims=True)

    replace(attention.attention_weights, weights)


@wrong(CAUSAL, AS_TORCH)
def boolean_mask_inverted():
    right = attention.masked
    replace(right, lambda scores, mask: right(scores, ~mask if mask.dtype == bool else mask))


@wrong(AS_TORCH)
def mask_after_the_softmax():
    """The weights that are left do not add up to 1."""
    right = attention.attend

    def attend(query, key, value, mask=None, keep=None, scale=1.0):
        _, weights = right(query, key, value, None, None, scale)
        if mask is not None:
            weights = weights * (mask if mask.dtype == bool else np.exp(mask))
        return (weights if keep is None else weights * keep) @ value, weights

    replace(right, attend)


@wrong(CAUSAL)
def causal_off_by_one():
    """Each query sees its successor."""
    replace(attention.causal_mask, lambda queries, keys: np.tri(queries, keys, 1, dtype=bool))


@wrong(AS_TORCH)
def causal_without_itself():
    """Each query sees only what is before it."""
    replace(attention.causal_mask, lambda queries, keys: np.tri(queries, keys, -1, dtype=bool))


@wrong("test_attention.py::test_causal_of_other_lengths")
def causal_from_the_end():
    """With more keys than queries, the last query is taken to be at the last key."""
    replace(attention.causal_mask, lambda queries, keys: np.tri(queries, keys, keys - queries, dtype=bool))


def gradients_of(change):
    """`change(gradients, grad, query, key, value, weights, keep, scale)` instead of the gradients."""
    right = attention.attention_gradients
    replace(right, lambda *args: change(right(*args), *args))


@wrong(*CAUGHT)
def attention_backward_without_the_row_sum():
    def change(found, grad, query, key, value, weights, keep, scale):
        scores = weights * (grad @ value.swapaxes(-1, -2))
        return scale * (scores @ key), scale * (scores.swapaxes(-1, -2) @ query), found[2], scores

    gradients_of(change)


@wrong(*CAUGHT)
def attention_backward_without_the_scale():
    gradients_of(lambda found, *args: (found[0] / args[-1], found[1] / args[-1], *found[2:]))


@wrong(*CAUGHT)
def attention_with_detached_weights():
    """Only the value learns."""
    gradients_of(lambda found, *args: (found[0] * 0, found[1] * 0, found[2], found[3] * 0))


@wrong(*CAUGHT)
def attention_gradient_of_ones():
    gradients_of(lambda found, *args: tuple(np.ones_like(g) for g in found))


@wrong("test_attention.py::test_dropout")
def attention_backward_without_dropout():
    right = attention.attention_gradients
    replace(
        right,
        lambda grad, query, key, value, weights, keep, scale: right(grad, query, key, value, weights, None, scale),
    )


@wrong("test_attention.py::test_gradient_of_a_float_mask")
def gradient_of_the_mask_scaled():
    gradients_of(lambda found, *args: (*found[:3], found[3] * args[-1]))


@wrong(MODULE)
def heads_mixed_by_a_reshape():
    """(N, L, heads * d) cut up straight into (N, heads, L, d): positions and features are mixed."""

    def split(x, heads):
        n, length, features = x.shape
        return x.reshape(n, heads, length, features // heads)

    replace(attention.split_heads, split)


@wrong(MODULE)
def heads_merged_without_a_transpose():
    def merge(x):
        n, heads, length, size = x.shape
        return x.reshape(n, length, heads * size)

    replace(attention.merge_heads, merge)


@wrong(MODULE, "test_attention.py::test_true_means_the_opposite")
def module_mask_with_the_functions_meaning():
    right = attention.additive

    def additive(mask, dtype, name, shapes):
        return right(mask if mask is None or mask.dtype.is_floating_point else ~mask, dtype, name, shapes)

    replace(right, additive)


@wrong(MODULE)
def module_without_its_last_projection():
    right = attention.MultiheadAttention.attend_in_heads

    def attend(self, query, key, value, mask=None, causal=False, need_weights=False):
        parts = [attention.split_heads(x, self.num_heads) for x in self.project_inputs(query, key, value)]
        output, weights = attention.attention_and_weights(*parts, mask)
        return attention.merge_heads(output) + 0 * right(self, query, key, value, mask, causal, need_weights)[0], (
            weights if need_weights else None
        )

    replace(right, attend)


@wrong(MODULE)
def key_and_value_exchanged():
    right = attention.MultiheadAttention.project_inputs

    def project(self, query, key, value):
        q, k, v = right(self, query, key, value)
        return q, v, k

    replace(right, project)


@wrong("test_attention.py::test_initial_values")
def each_third_drawn_for_itself():
    """The bound of a (E, E) matrix for the (3 E, E) one."""
    right = attention.xavier_uniform_
    replace(right, lambda tensor: right(tensor, math.sqrt(2)))


@wrong(*CAUGHT)
def second_derivative_with_weights_as_constants():
    right = attention.recorded_attention_gradients
    replace(right, lambda grad, query, key, *args: right(grad, query.detach(), key.detach(), *args))


@wrong("test_module_samples.py::test_as_in_pytorch[MultiheadAttention]")
def the_zero_key_is_masked():
    """add_zero_attn: the key that a query may always turn to."""
    replace(attention.pad, lambda input, pad: tinytorch.nn.functional.pad(input, pad, value=-math.inf))
