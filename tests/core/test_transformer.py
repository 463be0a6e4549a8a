"""Lesson 13: GPT beside one in PyTorch's words, its start, the cache, sampling, and that it learns a line by heart."""

import math
import types

import numpy as np
import pytest
import torch
from against_torch import same
from hypothesis import given, settings
from hypothesis import strategies as st
from registry.transformer import gpt_in_pytorch

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.nn.gpt import (
    GPT,
    CausalSelfAttention,
    GPTConfig,
    KeyValueCache,
    choose,
    filter_top_k,
    filter_top_p,
    generate,
    lookback_mask,
)

SMALL = GPTConfig(vocab_size=7, block_size=8, n_layer=2, n_head=2, n_embd=8)


def made(config=SMALL, seed=0, dtype=tt.float64, spread=0.3):
    """A GPT with weights large enough that all of it matters."""
    tt.manual_seed(seed)
    model = GPT(config).to(dtype)
    for p in model.parameters():
        p.data.copy_(p.detach() + spread * tt.randn(*p.shape, dtype=dtype))
    return model


def some_ids(*shape, config=SMALL, seed=0):
    return tt.tensor(np.random.default_rng(seed).integers(0, config.vocab_size, shape))


configs = st.builds(
    lambda vocab, block, layers, heads, size, bias: GPTConfig(vocab, block, layers, heads, heads * size, bias=bias),
    st.integers(2, 9),
    st.integers(2, 8),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.booleans(),
)


@given(configs, st.integers(1, 3), st.data())
def test_as_in_pytorch(config, batch, data):
    """Scores, and the gradient of every parameter, of a loss at all positions."""
    ours, theirs = made(config), gpt_in_pytorch(torch, config)["GPT"]().double()
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    length = data.draw(st.integers(1, config.block_size))
    ids, targets = (some_ids(batch, length, config=config, seed=seed).numpy() for seed in (1, 2))
    results = []
    for t, model in ((tt, ours), (torch, theirs)):
        scores = model(t.tensor(ids))
        loss = t.nn.functional.cross_entropy(scores.reshape(-1, config.vocab_size), t.tensor(targets).reshape(-1))
        loss.backward()
        results.append([scores, loss, *(p.grad for p in model.parameters())])
    names = [name for name, _ in ours.named_parameters()]
    assert names == [name for name, _ in theirs.named_parameters()]
    same(*results, rtol=1e-7, atol=1e-11)


def test_float32_stays():
    model, ids = made(dtype=tt.float32), some_ids(2, 5)
    assert model(ids).dtype is tt.float32
    cache = KeyValueCache()
    assert model(ids, cache).dtype is tt.float32
    assert all(part.dtype is tt.float32 for pair in cache.kept.values() for part in pair)


@pytest.mark.parametrize("place", range(8))
def test_no_position_looks_ahead(place):
    model, ids = made(), some_ids(2, 8)
    before, other = model(ids), ids.clone()
    other[:, place] = (other[:, place] + 1) % 7
    changed = np.abs((model(other) - before).detach().numpy()).max((0, 2))
    assert (changed[:place] == 0).all() and (changed[place:] > 0).all(), changed


def test_the_order_of_the_tokens_matters():
    """Without positions, the last token would see a bag of the others."""
    model = made()
    assert not np.allclose(*(model(tt.tensor([row])).detach().numpy()[0, -1] for row in ([1, 2, 3], [2, 1, 3])))


def test_the_tied_weight_gets_both_gradients():
    model, ids = made(), some_ids(2, 8)
    assert model.head.weight is model.tokens.weight
    upstream = tt.randn(2, 8, 7, dtype=tt.float64)
    model(ids).backward(upstream)
    untied = made()
    untied.head.weight = nn.Parameter(untied.head.weight.detach().clone())
    untied(ids).backward(upstream)
    both = untied.head.weight.grad, untied.tokens.weight.grad
    assert all(np.abs(g.numpy()).max() > 0.01 for g in both)
    np.testing.assert_allclose(model.tokens.weight.grad.numpy(), (both[0] + both[1]).numpy(), rtol=1e-9)


def test_still_tied_after_casting_loading_and_training():
    model = made()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model = model.float()
    model.load_state_dict(state)
    assert model.head.weight is model.tokens.weight
    assert len(list(model.parameters())) == len(state) - 1
    model(some_ids(1, 4)).sum().backward()
    tt.optim.SGD(model.parameters(), lr=0.1).step()
    assert tt.equal(model.head.weight, model.tokens.weight)


def count(c):
    """Parameters by formula."""
    d, b = c.n_embd, int(c.bias)
    block = 2 * (d + b * d) + (3 * d + d) * (d + b) + 4 * d * (d + b) + d * (4 * d + b)
    return (c.vocab_size + c.block_size) * d + c.n_layer * block + d + b * d


@given(configs)
def test_number_of_parameters(config):
    assert sum(p.numel() for p in GPT(config).parameters()) == count(config)


def test_gpt2_has_its_number_of_parameters(monkeypatch):
    """The real one is built, without drawing numbers for it."""
    monkeypatch.setattr(nn.Linear, "reset_parameters", lambda self: None)
    monkeypatch.setattr(nn.init, "normal_", lambda tensor, *args: tensor)
    monkeypatch.setattr("tinytorch.nn.gpt.init_gpt", lambda *args: None)
    if hasattr(nn.Embedding, "reset_parameters"):
        monkeypatch.setattr(nn.Embedding, "reset_parameters", lambda self: None)
    assert count(GPTConfig()) == 124_439_808
    assert sum(p.numel() for p in GPT(GPTConfig()).parameters()) == 124_439_808


def test_start():
    tt.manual_seed(0)
    model = GPT(GPTConfig(300, 64, n_layer=4, n_head=2, n_embd=64))
    for name, p in model.named_parameters():
        numbers = p.detach().numpy()
        if "norm" in name or name.endswith("bias"):
            assert (numbers == float("norm" in name and name.endswith("weight"))).all(), name
        else:
            expected = 0.02 / math.sqrt(8) if "project" in name else 0.02
            np.testing.assert_allclose(numbers.std(), expected, rtol=0.05, err_msg=name)
            assert abs(numbers.mean()) < 0.1 * expected, name
            kurtosis = (numbers.astype(float) ** 4).mean() / expected**4
            assert 2.4 < kurtosis < 3.6, f"{name}: not normal"
    loss = F.cross_entropy(model(some_ids(4, 64, config=model.config)).reshape(-1, 300), some_ids(256, seed=5))
    assert abs(loss.item() - math.log(300)) < 0.1, "an untrained model must be unsure"


def test_dropout_acts_in_training_only():
    model = made(GPTConfig(7, 8, 2, 2, 8, dropout=0.5))
    ids = some_ids(2, 6)
    assert not tt.equal(model(ids), model(ids))
    model.eval()
    assert tt.equal(model(ids), model(ids))
    np.testing.assert_allclose(model(ids).detach().numpy(), made()(ids).detach().numpy())


@pytest.mark.parametrize("new", range(1, 5))
@pytest.mark.parametrize("kept", range(4))
def test_lookback_mask(new, kept):
    expected = [[j <= kept + i for j in range(kept + new)] for i in range(new)]
    assert lookback_mask(new, kept + new).tolist() == expected


# ------------------------------------------------------------------------------------------------------------ the cache


def pieces(data, length):
    found = []
    while sum(found) < length:
        found.append(data.draw(st.integers(1, length - sum(found))))
    return found


@given(configs, st.integers(1, 3), st.data())
def test_cached_scores(config, batch, data):
    model, ids = made(config).eval(), some_ids(batch, config.block_size, config=config)
    expected, cache, start = model(ids).detach().numpy(), KeyValueCache(), 0
    for n in pieces(data, config.block_size):
        assert cache.length == start
        got = model(ids[:, start : start + n], cache).detach().numpy()
        np.testing.assert_allclose(got, expected[:, start : start + n], rtol=1e-9, atol=1e-10)
        start += n
    assert cache.length == config.block_size and len(cache.kept) == config.n_layer
    with pytest.raises(ValueError, match="block_size"):
        model(ids[:, :1], cache)


def test_gradients_through_a_cache():
    """The same as without, since what is kept keeps its history."""
    ids, upstream, grads = some_ids(2, 6), tt.randn(2, 6, 7, dtype=tt.float64), []
    for chunks in ((6,), (3, 1, 2)):
        model, cache, results, start = made(), KeyValueCache(), [], 0
        for n in chunks:
            results.append(model(ids[:, start : start + n], cache))
            start += n
        tt.cat(results, dim=1).backward(upstream)
        grads.append([p.grad.numpy() for p in model.parameters()])
    for a, b in zip(*grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11)


def by_hand(model, ids, n, **options):
    """Generation in the plainest way: everything anew for each token."""
    rows = ids.tolist()
    for _ in range(n):
        scores = model(tt.tensor([row[-model.config.block_size :] for row in rows]))[:, -1]
        rows = [row + new for row, new in zip(rows, choose(scores.detach(), **options).tolist(), strict=True)]
    return rows


@settings(max_examples=15)
@given(configs, st.integers(1, 3), st.integers(0, 3), st.integers(0, 10), st.sampled_from(["greedy", "any", "k", "p"]))
def test_generation_is_the_same_with_and_without_cache(config, batch, more, n, how):
    """Also when the text outgrows the block, or did so before."""
    model, length = made(config), max(1, config.block_size - 2 + more)
    ids = some_ids(batch, length, config=config)
    options = {
        "greedy": {"greedy": True},
        "any": {},
        "k": {"top_k": 2, "temperature": 0.7},
        "p": {"top_p": 0.8, "temperature": 1.5},
    }[how]
    found = [
        generate(model, ids, n, **options, generator=tt.Generator().manual_seed(3), use_cache=use_cache).tolist()
        for use_cache in (True, False)
    ]
    expected = by_hand(model, ids, n, **options, generator=tt.Generator().manual_seed(3))
    assert found[0] == expected and found[1] == expected
    assert [row[:length] for row in expected] == ids.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_generation_far_beyond_the_block(seed):
    """There the window slides: every token moves to another position."""
    model, ids = made(spread=0.7, seed=seed), some_ids(4, 3)
    found = [
        generate(model, ids, 24, generator=tt.Generator().manual_seed(seed), use_cache=use_cache).tolist()
        for use_cache in (True, False)
    ]
    assert found[0] == found[1] == by_hand(model, ids, 24, generator=tt.Generator().manual_seed(seed))


class Counting(GPT):
    def forward(self, ids, cache=None):
        self.seen.append((ids.shape[1], self.training, tt.is_grad_enabled()))
        return super().forward(ids, cache)


def test_generation_feeds_only_what_is_new():
    model = Counting(SMALL)
    for use_cache, expected in ((True, [3, 1, 1, 1, 1, 1, 8, 8]), (False, [3, 4, 5, 6, 7, 8, 8, 8])):
        model.seen = []
        generate(model, some_ids(2, 3), 8, use_cache=use_cache)
        assert [n for n, _, _ in model.seen] == expected
        assert not any(training or recording for _, training, recording in model.seen)


@pytest.mark.parametrize("training", [True, False])
def test_generation_puts_the_mode_back(training):
    model = made(GPTConfig(7, 8, 2, 2, 8, dropout=0.8)).train(training)
    got = generate(model, some_ids(1, 3), 20, greedy=True)
    assert model.training == model.blocks[1].mlp.dropout.training == training and not got.requires_grad
    with pytest.raises(ValueError, match="temperature"):
        generate(model, some_ids(1, 3), 2, temperature=0)
    assert model.training == model.blocks[1].mlp.dropout.training == training and tt.is_grad_enabled()
    with_dropout_off = generate(made(), some_ids(1, 3), 20, greedy=True)
    assert tt.equal(got, with_dropout_off)


def test_no_new_tokens():
    ids = some_ids(2, 3)
    assert tt.equal(generate(made(), ids, 0), ids)


# ------------------------------------------------------------------------------------------------------------- sampling

rows_of_logits = st.lists(st.integers(-30, 30), min_size=1, max_size=8, unique=True).map(lambda row: np.array(row) / 10)


@given(rows_of_logits, st.integers(1, 9))
def test_top_k_keeps_the_k_largest(row, k):
    got = filter_top_k(tt.tensor(row), k).numpy()
    best = np.argsort(-row)[:k]
    np.testing.assert_array_equal(got[best], row[best])
    assert np.isneginf(np.delete(got, best)).all()


@given(rows_of_logits, st.integers(1, 100))
def test_top_p_keeps_the_smallest_set_that_reaches_p(row, percent):
    p = percent / 100 - 0.003
    got = filter_top_p(tt.tensor(row), p).numpy()
    kept = ~np.isneginf(got)
    probabilities = np.exp(row) / np.exp(row).sum()
    np.testing.assert_array_equal(got[kept], row[kept])
    assert probabilities[kept].sum() >= p - 1e-9, "what is kept does not reach p"
    assert probabilities[kept].sum() - probabilities[kept].min() < p, "a smaller set would do"
    assert kept.all() or probabilities[kept].min() > probabilities[~kept].max(), "not the largest"


def test_filters_work_on_the_last_dimension_of_any_shape():
    logits = tt.tensor(np.random.default_rng(0).standard_normal((2, 3, 6)))
    for keep in (lambda x: filter_top_k(x, 2), lambda x: filter_top_p(x, 0.6)):
        whole = keep(logits).tolist()
        assert whole == [[keep(logits[i, j]).tolist() for j in range(3)] for i in range(2)]


def test_everything_is_kept():
    logits = tt.tensor(np.random.default_rng(0).standard_normal((3, 6)))
    assert tt.equal(filter_top_k(logits, 99), logits) and tt.equal(filter_top_k(logits, 6), logits)
    assert tt.equal(filter_top_p(logits, 1.0), logits)


P = np.array([0.45, 0.05, 0.3, 0.2])
HOT = P**0.5 / (P**0.5).sum()


def only(p, *places):
    mask = np.isin(np.arange(4), places)
    return p * mask / (p * mask).sum()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, P),
        ({"temperature": 2.0}, HOT),
        ({"temperature": 0.5}, P**2 / (P**2).sum()),
        ({"temperature": 1e-3}, only(P, 0)),
        ({"temperature": 100.0}, np.full(4, 0.25)),
        ({"top_k": 1}, only(P, 0)),
        ({"top_k": 2}, only(P, 0, 2)),
        ({"top_p": 0.4}, only(P, 0)),
        ({"top_p": 0.8}, only(P, 0, 2, 3)),
        ({"top_p": 0.85, "temperature": 2.0}, only(HOT, 0, 2, 3)),
        ({"top_p": 0.6, "temperature": 2.0}, only(HOT, 0, 2)),
        ({"top_k": 3, "top_p": 0.78}, only(P, 0, 2)),
        ({"greedy": True, "temperature": 3.0}, only(P, 0)),
    ],
)
def test_what_is_drawn_how_often(options, expected):
    logits = tt.tensor(np.log(np.tile(P, (6000, 1))) + 2.0)
    got = choose(logits, **options, generator=tt.Generator().manual_seed(0))
    assert got.shape == (6000, 1) and got.dtype is tt.int64
    np.testing.assert_allclose(np.bincount(got.numpy().ravel(), minlength=4) / 6000, expected, atol=0.02)


def test_a_generator_decides():
    model, ids = made(), some_ids(2, 3)
    a, b, c = (generate(model, ids, 5, generator=tt.Generator().manual_seed(seed)).tolist() for seed in (1, 1, 2))
    assert a == b != c
    tt.manual_seed(4)
    first = generate(model, ids, 5).tolist()
    tt.manual_seed(4)
    assert generate(model, ids, 5).tolist() == first


# --------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"n_embd": 10, "n_head": 4}, "n_embd=10 is not divisible by n_head=4"),
        ({"n_layer": 0}, "n_layer is 0"),
        ({"block_size": -1}, "block_size is -1"),
    ],
)
def test_impossible_configs(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        GPTConfig(**options)


def test_impossible_ids():
    model = made()
    with pytest.raises(ValueError, match="9 tokens, but block_size is 8"):
        model(some_ids(1, 9))
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(batch, length\)"):
        model(some_ids(3))
    with pytest.raises(ValueError, match="at least one token"):
        model(tt.zeros(2, 0, dtype=tt.int64))
    with pytest.raises(IndexError):
        model(tt.tensor([[7]]))


def test_impossible_options():
    logits = tt.zeros(1, 4)
    for call in (
        lambda: filter_top_k(logits, 0),
        lambda: filter_top_p(logits, 0.0),
        lambda: filter_top_p(logits, 1.1),
        lambda: choose(logits, temperature=-1.0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_attention_asks_the_cache_with_its_heads():
    layer, asked = CausalSelfAttention(SMALL), []
    cache = types.SimpleNamespace(extend=lambda *args: asked.append(args) or args[1:])
    layer(tt.randn(2, 3, 8), cache)
    ((who, k, v),) = asked
    assert who is layer and k.shape == v.shape == (2, 2, 3, 4)


def test_learns_a_line_by_heart():
    line = "to be, or not to be: that is the question"
    letters = sorted(set(line))
    data = tt.tensor([[letters.index(c) for c in line]])
    tt.manual_seed(0)
    model = GPT(GPTConfig(len(letters), 48, n_layer=2, n_head=2, n_embd=32))
    optimizer = tt.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(150):
        loss = F.cross_entropy(model(data[:, :-1]).reshape(-1, len(letters)), data[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02
    for use_cache in (True, False):
        ids = generate(model, data[:, :1], len(line) - 1, greedy=True, use_cache=use_cache)
        assert "".join(letters[i] for i in ids[0].tolist()) == line
