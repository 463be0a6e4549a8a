"""PyTorch's transformer stacks: the same state, the same outputs and gradients."""

import math

import numpy as np
import pytest
import torch
from against_torch import same
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import nn

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:Support for mismatched")
D, HEADS = 6, 2


def twins(make, seed=0):
    """The same module of tinytorch and of PyTorch, in float64 with the same weights, none of them 0 or 1."""
    torch.manual_seed(seed)
    ours, theirs = make(tt).to(tt.float64), make(torch).double()
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.randn(p.shape, dtype=p.dtype) * 0.4 + (0.5 if p.dim() == 1 else 0))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({name: tt.tensor(value.numpy()) for name, value in theirs.state_dict().items()})
    return ours, theirs


def compare(ours, theirs, inputs, masks, seed=0):
    """Outputs, gradients of the inputs and of every parameter, in training mode (without dropout)."""
    results = []
    for t, module in ((tt, ours), (torch, theirs)):
        xs = [t.tensor(x, requires_grad=True) for x in inputs]
        output = module(*xs, **{k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in masks.items()})
        output.backward(t.tensor(np.random.default_rng(seed).standard_normal(tuple(output.shape))))
        results.append([output, *(x.grad for x in xs), *(p.grad for p in module.parameters())])
    assert all(p.grad is not None for p in ours.parameters())
    same(*results, rtol=1e-7, atol=1e-9, what=f"masks {list(masks)}")


def drawn_mask(rng, kind, rows, columns):
    """Forbidden places (a boolean or numbers to add); the first column always stays open."""
    if kind is None:
        return None
    forbidden = rng.random((rows, columns)) < 0.4
    forbidden[:, 0] = False
    return forbidden if kind == "bool" else np.where(forbidden, -np.inf, rng.standard_normal((rows, columns)))


def laid_out(rng, length, batch, batch_first):
    return rng.standard_normal((batch, length, D) if batch_first else (length, batch, D))


kinds = st.sampled_from([None, "bool", "float"])
options = st.fixed_dictionaries(
    {
        "activation": st.sampled_from(["relu", "gelu"]),
        "batch_first": st.booleans(),
        "norm_first": st.booleans(),
        "bias": st.booleans(),
        "layer_norm_eps": st.sampled_from([1e-5, 0.1]),
    }
)
seeds = st.integers(0, 99)


@given(options, kinds, kinds, seeds)
def test_encoder_layer(options, mask, padding, seed):
    rng = np.random.default_rng(seed)
    pair = twins(lambda t: t.nn.TransformerEncoderLayer(D, HEADS, 9, 0.0, **options))
    masks = {"src_mask": drawn_mask(rng, mask, 4, 4), "src_key_padding_mask": drawn_mask(rng, padding, 3, 4)}
    if "bool" in (mask, padding) and "float" in (mask, padding):
        masks["src_key_padding_mask"] = None
    compare(*pair, [laid_out(rng, 4, 3, options["batch_first"])], masks)


@given(options, kinds, kinds, st.booleans(), seeds)
def test_decoder_layer(options, own, theirs, padding, seed):
    rng = np.random.default_rng(seed)
    pair = twins(lambda t: t.nn.TransformerDecoderLayer(D, HEADS, 9, 0.0, **options))
    masks = {"tgt_mask": drawn_mask(rng, own, 3, 3), "memory_mask": drawn_mask(rng, theirs, 3, 5)}
    if padding:
        masks["tgt_key_padding_mask"] = drawn_mask(rng, own, 2, 3)
        masks["memory_key_padding_mask"] = drawn_mask(rng, theirs, 2, 5)
    first = options["batch_first"]
    compare(*pair, [laid_out(rng, 3, 2, first), laid_out(rng, 5, 2, first)], masks)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("norm", [False, True])
def test_stacks(norm, norm_first):
    rng = np.random.default_rng(0)

    def encoder(t):
        layer = t.nn.TransformerEncoderLayer(D, HEADS, 9, 0.0, norm_first=norm_first)
        return t.nn.TransformerEncoder(layer, 3, t.nn.LayerNorm(D) if norm else None)

    def decoder(t):
        layer = t.nn.TransformerDecoderLayer(D, HEADS, 9, 0.0, norm_first=norm_first)
        return t.nn.TransformerDecoder(layer, 2, t.nn.LayerNorm(D) if norm else None)

    x, y = laid_out(rng, 4, 2, False), laid_out(rng, 3, 2, False)
    padding = np.array([[False] * 4, [False, False, True, True]])
    mask = drawn_mask(rng, "bool", 4, 4)
    compare(*twins(encoder), [x], {"mask": mask, "src_key_padding_mask": padding})
    compare(*twins(decoder), [y, x], {"tgt_mask": mask[:3, :3], "memory_key_padding_mask": padding})


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_transformer(batch_first, norm_first, bias):
    rng = np.random.default_rng(1)
    kind = {"batch_first": batch_first, "norm_first": norm_first, "bias": bias}
    pair = twins(lambda t: t.nn.Transformer(D, HEADS, 2, 1, 9, dropout=0.0, activation="gelu", **kind))
    masks = {
        "tgt_mask": nn.Transformer.generate_square_subsequent_mask(3, dtype=tt.float64).numpy(),
        "src_mask": drawn_mask(rng, "float", 5, 5),
        "memory_mask": drawn_mask(rng, "float", 3, 5),
        "tgt_is_causal": True,
    }
    compare(*pair, [laid_out(rng, 5, 2, batch_first), laid_out(rng, 3, 2, batch_first)], masks)


def test_without_a_batch():
    rng = np.random.default_rng(2)
    pair = twins(lambda t: t.nn.Transformer(D, HEADS, 1, 1, 9, dropout=0.0))
    compare(*pair, [rng.standard_normal((5, D)), rng.standard_normal((3, D))], {})


def test_a_function_as_activation():
    rng = np.random.default_rng(3)
    pair = twins(lambda t: t.nn.TransformerEncoderLayer(D, HEADS, 9, 0.0, activation=lambda x: x.tanh()))
    compare(*pair, [laid_out(rng, 4, 3, False)], {})
    with pytest.raises(RuntimeError, match="activation should be relu/gelu"):
        nn.TransformerEncoderLayer(D, HEADS, activation="swish")


def test_subsequent_mask():
    for sz in (0, 1, 4):
        same(
            nn.Transformer.generate_square_subsequent_mask(sz), torch.nn.Transformer.generate_square_subsequent_mask(sz)
        )
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype=tt.float64).dtype is tt.float64


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_decoder_does_not_look_ahead(norm_first):
    model, _ = twins(lambda t: t.nn.Transformer(D, HEADS, 1, 2, 9, 0.0, norm_first=norm_first, batch_first=True))
    rng = np.random.default_rng(4)
    src, tgt = (laid_out(rng, n, 2, True) for n in (3, 5))
    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=tt.float64)
    before = model(tt.tensor(src), tt.tensor(tgt), tgt_mask=mask).detach().numpy()
    for place in range(5):
        other = tgt.copy()
        other[:, place] = rng.standard_normal(D)
        after = model(tt.tensor(src), tt.tensor(other), tgt_mask=mask).detach().numpy()
        changed = np.abs(after - before).max((0, 2)) > 1e-12
        assert not changed[:place].any() and changed[place:].all(), (place, changed)


def test_padding_is_not_looked_at():
    model, _ = twins(lambda t: t.nn.Transformer(D, HEADS, 2, 1, 9, 0.0, batch_first=True))
    rng = np.random.default_rng(5)
    src, tgt = tt.tensor(laid_out(rng, 4, 2, True)), tt.tensor(laid_out(rng, 3, 2, True))
    padding = tt.tensor([[False, False, True, True], [False, False, False, True]])
    masks = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    other = src.masked_fill(padding.reshape(2, 4, 1), 50.0)
    results = [model(x, tgt, **masks).detach().numpy() for x in (src, other)]
    np.testing.assert_allclose(*results, atol=1e-12)


def test_dropout():
    layer = nn.TransformerEncoderLayer(D, HEADS, 9, dropout=0.5)
    assert (layer.dropout.p, layer.dropout1.p, layer.dropout2.p, layer.self_attn.dropout) == (0.5,) * 4
    x = tt.randn(3, 2, D)
    assert not tt.equal(layer(x), layer(x))
    layer.eval()
    assert tt.equal(layer(x), layer(x))
    decoder = nn.TransformerDecoderLayer(D, HEADS, 9, dropout=0.25)
    parts = (decoder.dropout, decoder.dropout1, decoder.dropout2, decoder.dropout3)
    assert [part.p for part in parts] + [decoder.self_attn.dropout, decoder.multihead_attn.dropout] == [0.25] * 6


def test_every_dropout_takes_part():
    """Each branch ends in one; with p = 1 nothing of the branch is left."""
    layer = nn.TransformerDecoderLayer(D, HEADS, 9, dropout=0.0, norm_first=True)
    tgt, memory = tt.randn(3, 2, D), tt.randn(4, 2, D)
    for name in ("dropout1", "dropout2", "dropout3"):
        whole = layer(tgt, memory)
        getattr(layer, name).p = 1.0
        assert not np.allclose(layer(tgt, memory).detach().numpy(), whole.detach().numpy()), name
    np.testing.assert_allclose(layer(tgt, memory).detach().numpy(), tgt.numpy(), rtol=1e-6)


def test_copies_are_equal_at_first_and_then_their_own():
    """As in PyTorch: a stack copies its layer; Transformer draws anew."""
    layer = nn.TransformerEncoderLayer(D, HEADS, 9)
    stack = nn.TransformerEncoder(layer, 2)
    a, b = stack.layers[0].linear1.weight, stack.layers[1].linear1.weight
    assert tt.equal(a, b) and len({id(a), id(b), id(layer.linear1.weight)}) == 3
    whole = nn.Transformer(D, HEADS, 2, 2, 9)
    assert not tt.equal(whole.encoder.layers[0].linear1.weight, whole.encoder.layers[1].linear1.weight)
    weight = nn.Transformer(32, 2, 1, 1, 64).encoder.layers[0].linear1.weight.detach().numpy()
    assert abs(np.abs(weight).max() / math.sqrt(6 / 96) - 1) < 0.02, "xavier_uniform"


def test_default_sizes():
    model = nn.Transformer(16, 4)
    assert (len(model.encoder.layers), len(model.decoder.layers)) == (6, 6)
    assert model.encoder.layers[0].linear1.weight.shape == (2048, 16)
    theirs = torch.nn.Transformer(16, 4)
    assert {k: tuple(v.shape) for k, v in model.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }


def test_parts_of_ones_own():
    class Twice(nn.Module):
        def forward(self, src, **masks):
            return 2 * src

    model = nn.Transformer(D, HEADS, custom_encoder=Twice(), num_decoder_layers=1, dropout=0.0)
    src, tgt = tt.randn(3, 2, D), tt.randn(4, 2, D)
    assert tt.equal(model(src, tgt), model.decoder(tgt, 2 * src))


def test_errors():
    model = nn.Transformer(D, HEADS, 1, 1, 9)
    with pytest.raises(RuntimeError, match="batch number of src and tgt must be equal"):
        model(tt.zeros(3, 2, D), tt.zeros(3, 1, D))
    with pytest.raises(RuntimeError, match="must be equal to d_model, 6"):
        model(tt.zeros(3, 2, 5), tt.zeros(3, 2, 5))
    for part in (model.encoder, model.encoder.layers[0]):
        with pytest.raises(RuntimeError, match="Need attn_mask"):
            part(tt.zeros(3, 2, D), is_causal=True)
    with pytest.raises(AssertionError, match="divisible"):
        nn.TransformerEncoderLayer(6, 4)
