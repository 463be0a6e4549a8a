"""Lesson 12 against PyTorch: masks of all kinds, derivatives, MultiheadAttention in every layout, causality, errors."""

import math

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch.nn import attention as lesson

TINY = {"layouts": ("plain",), "twice": False}


def sdpa(t, *inputs, **options):
    return t.nn.functional.scaled_dot_product_attention(*inputs, **options)


def masks(kind, shape, seed=0):
    """A boolean mask, one with rows that allow nothing, or numbers, some of them -inf."""
    rng = np.random.default_rng(seed)
    if kind == "float":
        return rng.standard_normal(shape)
    allowed = rng.random(shape) < (0.6 if kind == "bool" else 0.3)
    return allowed if kind == "bool" else np.where(allowed, rng.standard_normal(shape), -np.inf)


# The function


@settings(max_examples=40)
@given(
    batch=st.sampled_from([(), (2,), (2, 3), (1, 2, 3)]),
    sizes=st.tuples(*[st.integers(1, 4)] * 4),
    kind=st.sampled_from(["none", "causal", "bool", "float", "-inf"]),
    mask_batch=st.integers(0, 3),
    scale=st.sampled_from([None, 0.7]),
)
def test_as_in_pytorch(batch, sizes, kind, mask_batch, scale):
    queries, keys, width, out = sizes
    arrays = [some(*batch, n, m, seed=i) for i, (n, m) in enumerate([(queries, width), (keys, width), (keys, out)])]
    if kind in ("none", "causal"):
        alike(lambda t, *x: sdpa(t, *x, is_causal=kind == "causal", scale=scale), *arrays, **TINY)
        return
    mask = masks(kind, (*batch[max(0, len(batch) - mask_batch) :], queries, keys))

    def call(t, q, k, v):
        given = t.tensor(mask) if kind == "bool" else t.tensor(mask, dtype=q.dtype)
        return sdpa(t, q, k, v, given, scale=scale)

    alike(call, *arrays, **TINY)


@pytest.mark.parametrize("shape", [(3, 4), (2, 1, 3, 4), (1, 1, 1, 4), (3, 1), (2, 5, 3, 4)])
def test_gradient_of_a_float_mask(shape):
    alike(sdpa, some(2, 5, 3, 6), some(2, 5, 4, 6, seed=1), some(2, 5, 4, 2, seed=2), some(*shape, seed=3), twice=False)


def test_gradient_of_a_mask_with_minus_infinity():
    alike(sdpa, some(3, 4, 6), some(3, 5, 6, seed=1), some(3, 5, 2, seed=2), masks("-inf", (4, 5)), **TINY)


@pytest.mark.parametrize(
    "shapes",
    [
        [(5, 3, 4), (1, 2, 4), (2, 6)],
        [(1, 5, 3, 4), (2, 1, 2, 4), (2, 5, 2, 6)],
        [(3, 4), (2, 2, 4), (2, 2, 1)],
        [(2, 3, 4), (2, 4), (3, 1, 2, 1)],
    ],
)
def test_broadcast_batches(shapes):
    alike(sdpa, *(some(*shape, seed=i) for i, shape in enumerate(shapes)), twice=False)


@pytest.mark.parametrize("shapes", [[(0, 3), (4, 3), (4, 3)], [(2, 0), (4, 0), (4, 3)], [(2, 3), (4, 3), (4, 0)]])
def test_nothing_to_do(shapes):
    alike(sdpa, *(some(*shape, seed=i) for i, shape in enumerate(shapes)), **TINY)


def test_no_keys():
    assert sdpa(tt, tt.zeros(2, 3), tt.zeros(0, 3), tt.zeros(0, 5)).tolist() == [[0] * 5] * 2


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
def test_grouped_queries(heads):
    alike(
        lambda t, *x: sdpa(t, *x, enable_gqa=True),
        some(2, 8, 3, 4),
        some(2, heads, 5, 4, seed=1),
        some(2, heads, 5, 6, seed=2),
        **TINY,
    )


def test_mask_of_float32_for_float64():
    inputs = [some(2, 3, 4), some(2, 5, 4, seed=1), some(2, 5, 4, seed=2)]
    mask = some(3, 5).astype(np.float32)
    results = [sdpa(t, *map(t.tensor, inputs), t.tensor(mask)) for t in (tt, torch)]
    same(*results)


def test_a_query_that_may_attend_to_nothing():
    mask = tt.tensor([[True, False], [False, False]])
    q, k, v = (tt.tensor(some(2, 3, seed=i), requires_grad=True) for i in range(3))
    out = F.scaled_dot_product_attention(q, k, v, mask)
    assert out[0].tolist() == v[0].tolist() and out[1].tolist() == [0, 0, 0]
    out.sum().backward()
    assert all(np.isfinite(x.grad.numpy()).all() for x in (q, k, v)) and q.grad[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [1e3, 1e8, 1e15])
@pytest.mark.filterwarnings("error")
def test_extreme_scores(size):
    """No overflow, no nan: the largest score takes all."""
    alike(lambda t, q, k, v: sdpa(t, q * size, k * size, v), *(some(2, 4, 8, seed=i) for i in range(3)), **TINY)


def test_lowest_number_as_a_mask():
    """Some write the lowest number instead of -inf: a row of it is a row of equals."""
    mask = np.full((2, 3), np.finfo(np.float32).min, np.float32)
    mask[0, 1] = 0
    inputs = [some(2, 4), some(3, 4, seed=1), some(3, 4, seed=2)]
    same(*(sdpa(t, *(t.tensor(x.astype(np.float32)) for x in inputs), t.tensor(mask)) for t in (tt, torch)))


def test_causality():
    """A later token never changes an earlier output, not in the last bit, and gets no gradient from it."""
    x = some(2, 3, 6, 4)
    changed = x.copy()
    changed[..., 4:, :] += 100
    first, second = (sdpa(tt, *[tt.tensor(a)] * 3, is_causal=True).numpy() for a in (x, changed))
    assert (first[..., :4, :] == second[..., :4, :]).all() and (first[..., 4:, :] != second[..., 4:, :]).all()
    x = tt.tensor(x, requires_grad=True)
    sdpa(tt, x, x, x, is_causal=True)[..., 2, :].sum().backward()
    seen = (x.grad != 0).any(-1)
    assert seen[..., :3].all() and not seen[..., 3:].any()


def test_causal_of_other_lengths():
    for n, m in [(2, 5), (5, 2), (1, 4)]:
        alike(lambda t, *x: sdpa(t, *x, is_causal=True), some(1, 2, n, 3), some(1, 2, m, 3), some(1, 2, m, 3), **TINY)


def test_equivariance():
    """Without positions attention does not know the order: keys in another order, same output; queries, same order."""
    q, k, v = (tt.tensor(some(6, 4, seed=i)) for i in range(3))
    order = np.random.default_rng(0).permutation(6)
    same(sdpa(tt, q, k[order], v[order]), torch.tensor(sdpa(tt, q, k, v).numpy()))
    same(sdpa(tt, q[order], k, v), torch.tensor(sdpa(tt, q, k, v).numpy()[order]))


def test_fused_and_composed_agree():
    q, k, v = (tt.tensor(some(2, 3, 5, 4, seed=i), requires_grad=True) for i in range(3))
    mask = tt.tensor(some(5, 5, seed=4), requires_grad=True)
    upstream = tt.tensor(some(2, 3, 5, 4, seed=5))
    composed, weights = lesson.attention_and_weights(q, k, v, mask)
    fused = sdpa(tt, q, k, v, mask)
    same(fused, torch.tensor(composed.detach().numpy()))
    np.testing.assert_allclose(weights.sum(-1).detach().numpy(), 1)
    for a, b in zip(*(tt.autograd.grad((y * upstream).sum(), (q, k, v, mask)) for y in (fused, composed)), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)


def test_the_mask_is_not_kept_for_others():
    """An input changed after the forward is noticed, as in PyTorch."""
    q, k, v = (tt.tensor(some(3, 4, seed=i), requires_grad=True) for i in range(3))
    doubled = k * 2
    out = sdpa(tt, q, doubled, v)
    with tt.no_grad():
        doubled.mul_(3.0)
    with pytest.raises(RuntimeError, match=r"changed|modified"):
        out.sum().backward()


ERRORS = {
    "dims": ([(3,), (4, 3), (4, 3)], {}, "at least 2 dim"),
    "features": ([(2, 3), (4, 4), (4, 3)], {}, "3 features and a key 4"),
    "values": ([(2, 3), (4, 3), (5, 3)], {}, "4 keys and 5 values"),
    "batches": ([(2, 2, 3), (3, 4, 3), (3, 4, 3)], {}, "do not broadcast"),
    "mask": ([(2, 3), (4, 3), (4, 3)], {"attn_mask": np.ones((2, 3), bool)}, "does not broadcast"),
    "larger mask": ([(2, 3), (4, 3), (4, 3)], {"attn_mask": np.ones((7, 2, 4), bool)}, "does not broadcast"),
    "integer mask": ([(2, 3), (4, 3), (4, 3)], {"attn_mask": np.ones((2, 4), np.int64)}, "True = may attend"),
    "two masks": ([(2, 3)] * 3, {"attn_mask": np.ones((2, 2), bool), "is_causal": True}, "is_causal=True"),
    "dropout": ([(2, 3)] * 3, {"dropout_p": 1.5}, "between 0 and 1"),
    "heads": ([(2, 8, 3, 4), (2, 3, 5, 4), (2, 3, 5, 4)], {"enable_gqa": True}, "a multiple"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    shapes, options, message = ERRORS[case]
    for t in (tt, torch) if case != "two masks" else (tt,):  # PyTorch's fastest kernel lets both pass
        given = {key: t.tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
        with pytest.raises(RuntimeError, match=message if t is tt else None):
            sdpa(t, *(t.zeros(*shape) for shape in shapes), **given)


@pytest.mark.parametrize("kinds", [("float32", "float32", "float64"), ("int64",) * 3])
def test_dtypes(kinds):
    for t in (tt, torch):
        with pytest.raises(RuntimeError, match="dtype"):
            sdpa(t, *(t.zeros(2, 3, dtype=getattr(t, kind)) for kind in kinds))


def test_errors_before_arithmetic(monkeypatch):
    monkeypatch.setattr(lesson.AttentionFunction, "forward", lambda *a, **o: pytest.fail("arithmetic"))
    with pytest.raises(RuntimeError):
        sdpa(tt, tt.zeros(2, 3), tt.zeros(4, 4), tt.zeros(4, 4))


def test_dropout():
    tt.manual_seed(0)
    q, k, v = (tt.tensor(some(2, 40, 8, seed=i), requires_grad=True) for i in range(3))
    identity = tt.eye(40, dtype=tt.float64).expand(2, 40, 40)
    weights, whole = sdpa(tt, q, k, identity, dropout_p=0.25), sdpa(tt, q, k, identity)
    kept = (weights != 0).double()
    assert 0.7 < kept.mean().item() < 0.8
    np.testing.assert_allclose(weights.detach().numpy(), (whole * kept / 0.75).detach().numpy())
    upstream = tt.tensor(some(2, 40, 40, seed=3))
    got = tt.autograd.grad((weights * upstream).sum(), (q, k))
    expected = tt.autograd.grad((whole * kept / 0.75 * upstream).sum(), (q, k))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)
    tt.manual_seed(1)
    first = sdpa(tt, q, k, v, dropout_p=0.5)
    (got,) = tt.autograd.grad((first * upstream[..., :8]).sum(), v)
    tt.manual_seed(1)
    dropped = sdpa(tt, q, k, identity, dropout_p=0.5)
    np.testing.assert_allclose(first.detach().numpy(), (dropped @ v).detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(got.numpy(), (dropped.mT @ upstream[..., :8]).detach().numpy(), atol=1e-12)
    assert sdpa(tt, q, k, v, dropout_p=1.0).abs().sum().item() == 0


# The module


def twins(kind="float64", **options):
    """Ours and PyTorch's with the same parameters, none of them zero."""
    theirs = torch.nn.MultiheadAttention(8, options.pop("num_heads", 2), **options).to(getattr(torch, kind))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(rng.standard_normal(tuple(p.shape))))
    ours = nn.MultiheadAttention(8, theirs.num_heads, **options).to(getattr(tt, kind))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: tt.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare(modules, arrays, shared, kind="float64", **options):
    """Output, weights and all gradients of both; with `shared` query, key and value are one tensor."""
    results = []
    for t, module in zip((tt, torch), modules, strict=True):
        inputs = [t.tensor(a.astype(kind), requires_grad=True) for a in (arrays[:1] if shared else arrays)]
        given = {}
        for key, x in options.items():
            if isinstance(x, np.ndarray):
                x = (
                    t.tensor(x.astype(kind), requires_grad=bool(np.isfinite(x).all()))
                    if x.dtype.kind == "f"
                    else t.tensor(x)
                )
            given[key] = x
        output, weights = module(*(inputs * 3 if shared else inputs), **given)
        module.zero_grad()
        total = (output * t.tensor(some(*output.shape, seed=9).astype(kind))).sum()
        if weights is not None:
            total = total + (weights * t.tensor(some(*weights.shape, seed=8).astype(kind))).sum()
        total.backward()
        floats = [x for x in given.values() if hasattr(x, "requires_grad") and x.requires_grad]
        found = [output, *([] if weights is None else [weights])]
        found += [x.grad for x in [*inputs, *floats]] + [p.grad for p in module.parameters()]
        results.append(found)
    rtol, atol = (1e-9, 1e-10) if kind == "float64" else (1e-3, 1e-4)
    same(*results, rtol=rtol, atol=atol)


def layout(length, n, features, batch_first, batched=True, seed=0):
    if not batched:
        return some(length, features, seed=seed)
    return some(*((n, length) if batch_first else (length, n)), features, seed=seed)


@settings(max_examples=40)
@given(
    sizes=st.tuples(*[st.integers(1, 4)] * 3),
    heads=st.sampled_from([1, 2, 4, 8]),
    how=st.sampled_from(["self", "cross", "kdim"]),
    batch_first=st.booleans(),
    batched=st.booleans(),
    bias=st.booleans(),
    need_weights=st.booleans(),
    average=st.booleans(),
    attn=st.sampled_from([None, "bool", "float", "3d bool", "3d float", "causal"]),
    padding=st.sampled_from([None, "bool", "float"]),
    kind=st.sampled_from(["float32", "float64"]),
)
@pytest.mark.filterwarnings("ignore:Support for mismatched")
def test_module_as_in_pytorch(
    sizes, heads, how, batch_first, batched, bias, need_weights, average, attn, padding, kind
):
    queries, keys, n = sizes
    keys, n = queries if how == "self" else keys, n if batched else 1
    wide = {"kdim": 3, "vdim": 5} if how == "kdim" else {}
    modules = twins(kind, num_heads=heads, batch_first=batch_first, bias=bias, **wide)
    widths = (8, wide.get("kdim", 8), wide.get("vdim", 8))
    arrays = [
        layout(length, n, width, batch_first, batched, seed)
        for seed, (length, width) in enumerate(zip((queries, keys, keys), widths, strict=True))
    ]
    options, rng = {"need_weights": need_weights, "average_attn_weights": average}, np.random.default_rng(5)
    if attn == "causal":
        options["attn_mask"], options["is_causal"] = np.triu(np.ones((queries, keys), bool), 1), True
    elif attn:
        shape = (n * heads, queries, keys) if "3d" in attn else (queries, keys)
        options["attn_mask"] = some(*shape, seed=4) if "float" in attn else rng.random(shape) < 0.4
    if padding:
        shape = (n, keys) if batched else (keys,)
        options["key_padding_mask"] = some(*shape, seed=6) if padding == "float" else rng.random(shape) < 0.4
    for mask in ("attn_mask", "key_padding_mask"):  # the first key stays open: PyTorch has nan else, see below
        if mask in options and options[mask].dtype == bool:
            options[mask][..., 0] = False
    compare(modules, arrays, how == "self", kind, **options)


def test_fully_masked_in_the_module():
    """As in PyTorch: nan where the weights are asked for, zeros out of the attention where they are not."""
    ours, theirs = twins(batch_first=True)
    x, mask = some(2, 3, 8), np.array([[True] * 3, [False] * 3])
    for need in (True, False):
        a, b = (
            m(*[t.tensor(x)] * 3, key_padding_mask=t.tensor(mask), need_weights=need)[0]
            for t, m in ((tt, ours), (torch, theirs))
        )
        same(a, b)
        assert np.isnan(a.detach().numpy()).any() == need


def test_true_means_the_opposite():
    """Boolean masks: True lets a key in for the function, and shuts it out for the module."""
    x, mask = tt.tensor(some(1, 3, 8)), tt.tensor([[True, False, False]] * 3)
    ours, _ = twins(batch_first=True, num_heads=1)
    weights = ours(x, x, x, attn_mask=mask)[1]
    assert (weights[..., 0] == 0).all() and (weights[..., 1:] > 0).all()
    assert (sdpa(tt, x, x, x, mask) == x[:, :1]).all()


def test_module_causality():
    ours, _ = twins(batch_first=True)
    x = some(2, 5, 8)
    changed = x.copy()
    changed[:, 3:] += 10
    mask = tt.ones(5, 5).triu(1).bool()
    for need in (True, False):
        a, b = (ours(*[tt.tensor(y)] * 3, attn_mask=mask, need_weights=need)[0].detach().numpy() for y in (x, changed))
        np.testing.assert_allclose(a[:, :3], b[:, :3], rtol=1e-10, atol=1e-12)
        assert not np.allclose(a[:, 3:], b[:, 3:])


def test_initial_values():
    tt.manual_seed(0)
    module = nn.MultiheadAttention(64, 4)
    bound = math.sqrt(6 / (64 + 3 * 64))
    weight = module.in_proj_weight.detach().numpy()
    assert 0.98 * bound < np.abs(weight).max() <= bound and abs(weight.std() - bound / math.sqrt(3)) < 0.02 * bound
    assert not module.in_proj_bias.any() and not module.out_proj.bias.any() and module.out_proj.weight.any()
    wide = nn.MultiheadAttention(64, 4, kdim=16, bias=False)
    assert wide.k_proj_weight.shape == (64, 16) and wide.in_proj_weight is None and wide.in_proj_bias is None
    assert wide.out_proj.bias is None and np.abs(wide.k_proj_weight.detach().numpy()).max() <= math.sqrt(6 / 80)


def test_dtype_and_training():
    assert nn.MultiheadAttention(4, 2, dtype=tt.float64).in_proj_weight.dtype is tt.float64
    module = nn.MultiheadAttention(4, 2, dropout=0.5).eval()
    x = tt.randn(3, 2, 4)
    assert tt.equal(module(x, x, x)[0], module(x, x, x)[0]), "no dropout in eval"


def test_module_dropout():
    tt.manual_seed(0)
    module, x = nn.MultiheadAttention(4, 2, dropout=0.5), tt.randn(30, 2, 4)
    for need in (True, False):
        assert not tt.equal(module(x, x, x, need_weights=need)[0], module(x, x, x, need_weights=need)[0])
    weights = module(x, x, x, average_attn_weights=False)[1]
    assert 0.4 < (weights == 0).float().mean().item() < 0.6, "the weights returned are those that were used"


X = (3, 2, 4)
MODULE_ERRORS = {
    "features": ([(3, 2, 5), X, X], {}, "5 features, expected 4"),
    "values": ([X, (5, 2, 4), X], {}, "as many values as keys"),
    "one dimension": ([(4,), X, X], {}, "3 dimensions"),
    "mixed": ([(3, 4), X, X], {}, "3 dimensions"),
    "batches": ([X, (3, 1, 4), (3, 1, 4)], {}, "batch_first=False"),
    "hint": ([X] * 3, {"is_causal": True}, "Need attn_mask"),
    "2-d mask": (
        [X] * 3,
        {"attn_mask": np.ones((2, 2), bool)},
        r"attn_mask is torch.Size\(\[2, 2\]\), but should be .3, 3.",
    ),
    "3-d mask": ([X] * 3, {"attn_mask": np.ones((2, 3, 3), bool)}, "4, 3, 3"),
    "1-d mask": ([X] * 3, {"attn_mask": np.ones(3, bool)}, "attn_mask"),
    "integer mask": ([X] * 3, {"attn_mask": np.ones((3, 3), np.int32)}, "only bool and floating"),
    "padding": ([X] * 3, {"key_padding_mask": np.ones((3, 2), bool)}, "should be .2, 3."),
}


@pytest.mark.parametrize("case", MODULE_ERRORS)
def test_module_errors(case):
    shapes, options, message = MODULE_ERRORS[case]
    for t in (tt, torch):
        given = {key: t.tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
        with pytest.raises((AssertionError, RuntimeError), match=message if t is tt else None):
            t.nn.MultiheadAttention(4, 2)(*(t.zeros(*shape) for shape in shapes), **given)


def test_errors_of_making():
    for t in (tt, torch):
        with pytest.raises(AssertionError, match="divisible"):
            t.nn.MultiheadAttention(5, 2)
        with pytest.raises(ValueError, match="greater than 0"):
            t.nn.MultiheadAttention(4, 0)


def test_no_loops_in_the_arithmetic(monkeypatch):
    """One product of matrices for all heads and positions: the number of operations does not grow with any size."""
    counts = []
    for n, length, heads in [(2, 3, 1), (5, 9, 4)]:
        x = tt.randn(n, length, 8, requires_grad=True)
        output = nn.MultiheadAttention(8, heads, batch_first=True)(x, x, x, need_weights=False)[0]
        counts.append(len(tt.autograd.graph_order([output.grad_fn])))
    assert counts[0] == counts[1] < 20


# The module's work as a function, with weights that are given

GIVEN = {
    "packed": {},
    "apart": {"apart": True},
    "more keys": {"more": True, "options": {"need_weights": True}},
    "masked": {"options": {"attn_mask": "mask", "average_attn_weights": False}},
    "causal": {"options": {"attn_mask": "causal", "is_causal": True, "need_weights": False}},
    "padded": {"apart": True, "options": {"key_padding_mask": "padding"}},
}


def with_given_weights(t, dims, apart=False, more=False, options=None):
    """The output, the weights, and the gradients of all that is given."""
    rng = np.random.default_rng(3)
    new = lambda *shape: t.tensor(rng.standard_normal(shape), requires_grad=True)
    query, key, value = new(3, 2, 4), new(5, 2, dims[0]), new(5, 2, dims[1])
    packed, bias, out, out_bias = new(12, 4), new(12), new(4, 4), new(4)
    parts = {name: new(4, n) for name, n in zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), (4, *dims))}
    extra = (new(1, 1, 4), new(1, 1, 4)) if more else (None, None)
    known = {
        "mask": t.tensor(rng.random((3, 5)) < 0.3),
        "causal": t.ones(3, 5, dtype=t.bool).triu(1),
        "padding": t.tensor([[False] * 4 + [True], [False] * 5]),
    }
    options = {k: known[v] if isinstance(v, str) else v for k, v in (options or {}).items()}
    options |= parts | {"use_separate_proj_weight": True} if apart else {}
    output, weights = t.nn.functional.multi_head_attention_forward(
        query,
        key,
        value,
        4,
        2,
        None if apart else packed,
        bias,
        *extra,
        more,
        0.5,
        out,
        out_bias,
        training=False,
        **options,
    )
    ((output * output).sum() + (0 if weights is None else (weights * weights).sum())).backward()
    given = [query, key, value, packed, bias, out, out_bias, *parts.values(), *filter(lambda x: x is not None, extra)]
    return [output, weights, *(x.grad for x in given)]


@pytest.mark.parametrize("name", GIVEN)
def test_attention_with_weights_that_are_given(name):
    dims = (3, 6) if GIVEN[name].get("apart") else (4, 4)
    for ours, theirs in zip(*(with_given_weights(t, dims, **GIVEN[name]) for t in (tt, torch)), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("size, heads, packed", [(5, 2, True), (4, 3, True), (4, 2, False)])
def test_weights_that_do_not_fit(size, heads, packed):
    for t in (tt, torch):
        x, weight = t.ones(3, 1, 4), t.ones(12, 4) if packed else None
        given = weight, None, None, None, False, 0.0, t.ones(4, 4), None
        with pytest.raises(AssertionError):
            t.nn.functional.multi_head_attention_forward(x, x, x, size, heads, *given)
