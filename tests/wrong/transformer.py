"""Wrong implementations of lesson 13: see wrong/__init__.py."""

import copy
import math

import tinytorch
from tinytorch import nn
from tinytorch.nn import gpt, transformer
from wrong.tools import replace, wrong

FILE = "test_transformer.py::"
STACKS = "test_encoder_decoder.py::"


def after_making(cls, change):
    """`change(module)` at the end of each __init__ of `cls`."""
    right = cls.__init__

    def __init__(self, *args, **kwargs):
        right(self, *args, **kwargs)
        change(self)

    cls.__init__ = __init__


@wrong(FILE + "test_the_tied_weight_gets_both_gradients")
def tied_weight_that_is_a_copy():
    """Equal at first, and then the two drift apart."""

    def untie(model):
        model.head.weight = nn.Parameter(model.tokens.weight.detach().clone())

    after_making(gpt.GPT, untie)


@wrong(FILE + "test_as_in_pytorch")
def attention_that_is_not_causal():
    right = nn.attention.scaled_dot_product_attention

    def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, **options):
        return right(query, key, value, attn_mask, dropout_p, False, **options)

    replace(right, scaled_dot_product_attention)
    gpt.F.scaled_dot_product_attention = scaled_dot_product_attention


@wrong(FILE + "test_cached_scores")
def mask_off_by_one_with_a_cache():
    """A new token sees the one after it."""
    right = gpt.lookback_mask
    replace(right, lambda new, total: tinytorch.ones(new, total, dtype=tinytorch.bool).tril(total - new + 1))


@wrong(FILE + "test_cached_scores")
def triangle_at_the_upper_left():
    """`is_causal=True` with kept keys: the first new token sees the first key only."""
    right = gpt.lookback_mask
    replace(right, lambda new, total: tinytorch.ones(new, total, dtype=tinytorch.bool).tril())


@wrong(FILE + "test_cached_scores")
def positions_that_restart_with_the_cache():
    right = gpt.GPT.forward

    class Hidden:
        length = 0

        def __init__(self, cache):
            self.extend = cache.extend

    gpt.GPT.forward = lambda self, ids, cache=None: right(self, ids, None if cache is None else Hidden(cache))


@wrong(FILE + "test_cached_scores")
def cache_with_the_new_ones_first():
    def extend(self, layer, k, v):
        if layer in self.kept:
            k, v = (tinytorch.cat([new, old], dim=2) for new, old in zip((k, v), self.kept[layer], strict=True))
        self.kept[layer] = k, v
        return k, v

    gpt.KeyValueCache.extend = extend


@wrong(FILE + "test_gradients_through_a_cache")
def cache_that_cuts_the_history():
    right = gpt.KeyValueCache.extend

    def extend(self, layer, k, v):
        k, v = right(self, layer, k, v)
        self.kept[layer] = k.detach(), v.detach()
        return k, v

    gpt.KeyValueCache.extend = extend


@wrong(FILE + "test_generation_far_beyond_the_block")
def cache_that_slides():
    """The oldest token is dropped from the cache, though all others have moved to another position."""

    def generate(
        model,
        ids,
        max_new_tokens,
        temperature=1.0,
        top_k=None,
        top_p=None,
        greedy=False,
        generator=None,
        use_cache=True,
    ):
        cache, size = gpt.KeyValueCache() if use_cache else None, model.config.block_size
        with tinytorch.no_grad():
            for _ in range(max_new_tokens):
                if cache is None or ids.shape[1] - cache.length >= size:
                    logits = model(ids[:, -size:])
                else:
                    for layer, (k, v) in cache.kept.items():
                        cache.kept[layer] = k[:, :, -(size - 1) :], v[:, :, -(size - 1) :]
                    logits = model(ids[:, -1:] if cache.length else ids[:, -size:], cache)
                chosen = gpt.choose(logits[:, -1], temperature, top_k, top_p, greedy, generator)
                ids = tinytorch.cat([ids, chosen], dim=1)
        return ids

    replace(gpt.generate, generate)


@wrong(FILE + "test_generation_puts_the_mode_back[True]")
def generation_in_training_mode():
    right = nn.Module.eval
    nn.Module.eval = lambda self: self if isinstance(self, gpt.GPT) else right(self)


@wrong(FILE + "test_as_in_pytorch")
def block_without_its_residual():
    gpt.Block.forward = lambda self, x, cache=None: (
        (x := x + self.attention(self.norm1(x), cache)) * 0 + self.mlp(self.norm2(x))
    )


@wrong(FILE + "test_as_in_pytorch")
def block_that_norms_after_the_sum():
    def forward(self, x, cache=None):
        x = self.norm1(x + self.attention(x, cache))
        return self.norm2(x + self.mlp(x))

    gpt.Block.forward = forward


@wrong(FILE + "test_start")
def residuals_that_start_at_full_size():
    right = gpt.init_gpt
    replace(right, lambda model, n_layer: right(model, 0.5))


@wrong(FILE + "test_top_p_keeps_the_smallest_set_that_reaches_p")
def top_p_inverted():
    """The unlikely ones are kept: sorted in the wrong order."""
    right = gpt.filter_top_p

    def filter_top_p(logits, p):
        order = logits.argsort(-1)
        probabilities = logits.gather(-1, order).softmax(-1)
        kept = (probabilities.cumsum(-1) - probabilities < p).gather(-1, order.argsort(-1))
        return logits.masked_fill(kept.logical_not(), -math.inf)

    replace(right, filter_top_p)


@wrong(FILE + "test_top_p_keeps_the_smallest_set_that_reaches_p")
def top_p_without_the_one_that_crosses():
    right = gpt.filter_top_p

    def filter_top_p(logits, p):
        order = logits.argsort(-1, descending=True)
        total = logits.gather(-1, order).softmax(-1).cumsum(-1)
        kept = (total <= p) | (tinytorch.arange(logits.shape[-1]) == 0)
        return logits.masked_fill(kept.gather(-1, order.argsort(-1)).logical_not(), -math.inf)

    replace(right, filter_top_p)


@wrong(*(FILE + f"test_what_is_drawn_how_often[options{i}-expected{i}]" for i in (1, 2)))
def temperature_that_multiplies():
    right = gpt.choose

    def choose(logits, temperature=1.0, *args, **kwargs):
        return right(logits, 1 / temperature, *args, **kwargs)

    replace(right, choose)


@wrong(STACKS + "test_encoder_layer")
def encoder_that_always_norms_first():
    after_making(transformer.TransformerEncoderLayer, lambda layer: setattr(layer, "norm_first", True))


@wrong(STACKS + "test_encoder_layer")
def boolean_mask_the_other_way_round():
    """True lets look, as in scaled_dot_product_attention."""
    right = transformer.TransformerEncoderLayer.forward

    def forward(self, src, src_mask=None, *args, **kwargs):
        if src_mask is not None and src_mask.dtype is tinytorch.bool:
            src_mask = src_mask.logical_not() & tinytorch.ones(*src_mask.shape).triu(1).bool()
        return right(self, src, src_mask, *args, **kwargs)

    transformer.TransformerEncoderLayer.forward = forward


@wrong(STACKS + "test_decoder_layer")
def decoder_that_looks_at_itself_twice():
    right = transformer.TransformerDecoderLayer.forward

    def forward(self, tgt, memory, *args, **kwargs):
        return right(self, tgt, memory + 0 * memory + tgt.mean(), *args, **kwargs)

    transformer.TransformerDecoderLayer.forward = forward


@wrong(STACKS + "test_copies_are_equal_at_first_and_then_their_own")
def stack_of_one_layer_many_times():
    replace(transformer.copies, lambda layer, n: nn.ModuleList([copy.deepcopy(layer)] * n))
