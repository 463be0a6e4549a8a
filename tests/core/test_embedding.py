"""Lesson 11: embeddings, positions and bags of embeddings, against PyTorch and against their own definitions."""

import numpy as np
import pytest
import torch
from against_torch import same
from hypothesis import given
from hypothesis import strategies as st
from registry.embedding import sinusoids, turned

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.nn.embedding import apply_rotary, scatter_add, sinusoidal_table

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


def table(rows, size, kind="float32", seed=0):
    return np.random.default_rng(seed).standard_normal((rows, size)).astype(kind)


def both(call, weight, *constants, parameters=()):
    """`call(F, weight, *constants, *parameters)` on both sides: outputs, gradients, and the table afterwards."""
    results = []
    for t, functions in ((tt, F), (torch, torch.nn.functional)):
        w, *learned = [t.tensor(x.copy(), requires_grad=True) for x in (weight, *parameters)]
        output = call(functions, w, *[t.tensor(c) for c in constants], *learned)
        upstream = np.random.default_rng(1).standard_normal(tuple(output.shape)).astype(weight.dtype)
        output.backward(t.tensor(upstream))
        results.append([output, w.detach(), *(x.grad for x in (w, *learned))])
    rtol = 1e-4 if weight.dtype == np.float32 else 1e-9
    same(*results, rtol=rtol, atol=rtol / 10)


# Embedding


@given(data=st.data())
def test_embedding_as_in_pytorch(data):
    rows, size = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    shape = data.draw(st.lists(st.integers(0, 4), max_size=3))
    ids = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, rows, shape)
    options = {
        "padding_idx": data.draw(st.none() | st.integers(-rows, rows - 1)),
        "max_norm": data.draw(st.sampled_from([None, 0.5, 100.0])),
        "norm_type": data.draw(st.sampled_from([2.0, 1.0, float("inf")])),
        "scale_grad_by_freq": data.draw(st.booleans()),
    }
    weight = table(rows, size, data.draw(st.sampled_from(["float32", "float64"])))
    ids = ids.astype(data.draw(st.sampled_from(["int64", "int32"])))
    both(lambda f, w, i: f.embedding(i, w, **options), weight, ids)


@KINDS
def test_an_id_that_comes_again_adds_up(kind):
    both(lambda f, w, i: f.embedding(i, w), table(4, 3, kind), np.array([[1, 1, 1], [1, 2, 1]]))


def test_the_padding_row_is_read_and_gets_no_gradient():
    weight = tt.ones(3, 2).requires_grad_()
    output = F.embedding(tt.tensor([0, 2, 2]), weight, padding_idx=2)
    assert output.tolist() == [[1, 1]] * 3
    output.sum().backward()
    assert weight.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_embedding_is_one_hot_times_weight():
    ids, weight = tt.tensor([[3, 0], [1, 3]]), tt.tensor(table(4, 3), requires_grad=True)
    product = F.one_hot(ids, 4).float() @ weight
    rows = F.embedding(ids, weight)
    same(rows, torch.tensor(product.detach().numpy()))
    upstream = tt.randn(2, 2, 3)
    grads = [tt.autograd.grad(y, weight, upstream)[0] for y in (rows, product)]
    np.testing.assert_allclose(grads[0].numpy(), grads[1].numpy(), rtol=1e-6, atol=1e-6)


@given(st.integers(1, 6), st.integers(0, 3), st.lists(st.integers(0, 30), max_size=2), st.integers(0, 99))
def test_scatter_add_as_a_loop(rows, size, shape, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, rows, shape)
    grad = rng.integers(-9, 9, (*shape, size)).astype(np.float32)
    expected = np.zeros((rows, size), np.float32)
    for i in np.ndindex(*shape):
        expected[ids[i]] += grad[i]
    before = grad.copy()
    found = scatter_add(ids, grad, rows)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(grad, before)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (tt.tensor([0, 5]), IndexError, r"Embedding\(5, 2\): id 5 .* from 0 to 4"),
        (tt.tensor([[-1]]), IndexError, r"Embedding\(5, 2\): id -1"),
        (tt.tensor([1.0]), RuntimeError, r"Embedding\(5, 2\): the ids are tinytorch.float32, expected int64"),
        (tt.tensor([True]), RuntimeError, "expected int64 or int32"),
        ([1, 2], TypeError, "a list, expected a Tensor"),
    ],
)
def test_wrong_ids(ids, error, message):
    layer = nn.Embedding(5, 2, max_norm=0.1)
    before = layer.weight.tolist()
    with pytest.raises(error, match=message):
        layer(ids)
    assert layer.weight.tolist() == before
    with pytest.raises(error):
        if not isinstance(ids, list):
            ids = torch.tensor(ids.tolist())
        torch.nn.Embedding(5, 2)(ids)


def test_wrong_tables():
    with pytest.raises(RuntimeError, match="must be 2-D"):
        F.embedding(tt.tensor([0]), tt.ones(3))
    for wrong in (5, -6):
        with pytest.raises(AssertionError, match="Padding_idx must be within num_embeddings"):
            nn.Embedding(5, 2, padding_idx=wrong)
    with pytest.raises(AssertionError, match="Shape of weight"):
        nn.Embedding(5, 2, _weight=tt.ones(2, 5))
    with pytest.raises(AssertionError, match="2-dimensional"):
        nn.Embedding.from_pretrained(tt.ones(3))


def test_a_module_of_its_own():
    tt.manual_seed(0)
    layer = nn.Embedding(1000, 50, padding_idx=-1)
    numbers = layer.weight.detach().numpy()
    assert layer.padding_idx == 999 and not numbers[999].any()
    assert abs(numbers[:999].mean()) < 0.02 and abs(numbers[:999].std() - 1) < 0.02
    assert layer.weight.is_leaf and layer.weight.dtype is tt.float32 and list(layer.state_dict()) == ["weight"]
    layer.reset_parameters()
    assert not layer.weight[999].detach().numpy().any()
    assert nn.Embedding(3, 2, dtype=tt.float64)(tt.tensor(1)).dtype is tt.float64


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.Embedding(4, 3),
        lambda t: t.nn.Embedding(4, 3, padding_idx=-1, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True),
        lambda t: t.nn.EmbeddingBag(4, 3),
        lambda t: t.nn.EmbeddingBag(4, 3, padding_idx=-1, max_norm=1.0, mode="sum", scale_grad_by_freq=True),
    ],
)
def test_repr(make):
    assert repr(make(tt)) == repr(make(torch))


def test_from_pretrained():
    given = tt.tensor(table(4, 3))
    for cls in (nn.Embedding, nn.EmbeddingBag):
        frozen, free = cls.from_pretrained(given), cls.from_pretrained(given, freeze=False, padding_idx=1)
        assert not frozen.weight.requires_grad and free.weight.requires_grad and free.padding_idx == 1
        assert tt.equal(frozen.weight, given) and tt.equal(free.weight.detach(), given)
        assert frozen.weight.numpy() is given.numpy() or np.shares_memory(frozen.weight.numpy(), given.numpy())


def test_max_norm_counts_as_a_change_in_place():
    weight = tt.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    squares = (weight * weight).sum()
    rows = F.embedding(tt.tensor([0, 1]), weight, max_norm=1.0)
    np.testing.assert_allclose(rows.tolist(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    with pytest.raises(RuntimeError, match=r"in place|inplace"):
        squares.backward()


def test_ids_that_were_changed_afterwards_are_noticed():
    ids = tt.tensor([0, 1])
    rows = nn.Embedding(3, 2)(ids)
    ids.fill_(2)
    with pytest.raises(RuntimeError, match=r"in place|inplace"):
        rows.sum().backward()


def test_weight_tied_to_the_output_layer():
    ids, weight = tt.tensor([0, 2, 2]), table(4, 3)
    both(lambda f, w, i: f.linear(f.embedding(i, w), w), weight, ids.numpy())


# Positions


@pytest.mark.parametrize(("length", "dim"), [(1, 1), (7, 6), (50, 5), (3, 8)])
def test_sinusoidal_table(length, dim):
    found = sinusoidal_table(length, dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.reshape(sinusoids(tt, length, dim), (length, dim)), atol=1e-6)


@pytest.mark.parametrize("name", ["SinusoidalPositions", "LearnedPositions"])
def test_positions(name):
    layer = getattr(nn, name)(5, 4)
    rows = (layer.table if name[0] == "S" else layer.weight).detach().numpy()
    x = tt.randn(2, 3, 4)
    for start in (0, 2):
        np.testing.assert_allclose(layer(x, start).detach().numpy(), x.numpy() + rows[start : start + 3], rtol=1e-6)
    assert layer(tt.randn(5, 4)).shape == (5, 4)
    with pytest.raises(IndexError, match=rf"{name}\(5, 4\): a sequence of length 6 from position 0 .* the table has 5"):
        layer(tt.randn(1, 6, 4))
    with pytest.raises(IndexError, match="from position 3"):
        layer(x, 3)
    with pytest.raises(RuntimeError, match=r"shape torch.Size\(\[2, 3, 1\]\), expected \(\.\.\., length, 4\)"):
        layer(tt.randn(2, 3, 1))
    assert list(layer.state_dict()) == ([] if name[0] == "S" else ["weight"])
    assert layer.to(tt.float64)(x.double()).dtype is tt.float64


@KINDS
def test_the_slice_of_learned_positions_keeps_its_gradient(kind):
    """The rows used get the sum over the batch of what comes from above, the others zero."""
    layer = nn.LearnedPositions(6, 2).to(getattr(tt, kind))
    x = tt.tensor(np.ones((3, 2, 2), kind), requires_grad=True)
    upstream = np.arange(12).reshape(3, 2, 2).astype(kind)
    layer(x, 1).backward(tt.tensor(upstream))
    expected = np.zeros((6, 2))
    expected[1:3] = upstream.sum(0)
    assert layer.weight.grad is not None, "the table received no gradient"
    np.testing.assert_array_equal(layer.weight.grad.numpy(), expected)
    np.testing.assert_array_equal(x.grad.numpy(), upstream)


@KINDS
def test_rotary_as_complex_numbers(kind):
    x = table(2 * 3 * 5, 8, kind).reshape(2, 3, 5, 8)
    for places in (None, np.array([3, 1, 4, 1, 5]), np.arange(10).reshape(2, 1, 5)):
        results = []
        for t, call in ((tt, apply_rotary), (torch, lambda *a: turned(torch, *a))):
            leaf = t.tensor(x, requires_grad=True)
            output = call(leaf, None if places is None else t.tensor(places))
            output.backward(t.tensor(x[::-1].copy()))
            results.append([output, leaf.grad])
        same(*results, rtol=1e-5, atol=1e-5)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 99))
def test_rotary_scores_depend_on_the_distance_only(m, n, shift, seed):
    rng = np.random.default_rng(seed)
    q, k = (tt.tensor(rng.standard_normal((1, 8))) for _ in "qk")

    def score(a, b):
        return (apply_rotary(q, tt.tensor([a])) * apply_rotary(k, tt.tensor([b]))).sum().item()

    assert score(m, n) == pytest.approx(score(m + shift, n + shift), abs=1e-9)
    assert score(m, m) == pytest.approx((q * k).sum().item(), abs=1e-9)
    length = (apply_rotary(q, tt.tensor([m])) ** 2).sum().item()
    assert length == pytest.approx((q * q).sum().item())


def test_rotary_scores_differ_where_the_distance_does():
    q, k = tt.ones(1, 4), tt.ones(1, 4)
    near, far = ((apply_rotary(q, tt.tensor([9])) * apply_rotary(k, tt.tensor([n]))).sum().item() for n in (8, 2))
    assert abs(near - far) > 0.1


def test_rotary_rejects():
    with pytest.raises(RuntimeError, match="even dim"):
        apply_rotary(tt.ones(2, 3))
    with pytest.raises(RuntimeError, match=r"positions of shape \(3,\)"):
        apply_rotary(tt.ones(2, 4), tt.arange(3))
    with pytest.raises(TypeError, match="positions"):
        apply_rotary(tt.ones(2, 4), [0, 1])


# Bags


@given(data=st.data())
def test_embedding_bag_as_in_pytorch(data):
    rows, size = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    mode = data.draw(st.sampled_from(["sum", "mean", "max"]))
    options = {
        "mode": mode,
        "padding_idx": data.draw(st.none() | st.integers(-rows, rows - 1)),
        "max_norm": data.draw(st.sampled_from([None, 0.5])),
    }
    samples = ()
    if data.draw(st.booleans()):
        ids = rng.integers(0, rows, (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))))
        constants = (ids,)
    else:
        sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
        ids = rng.integers(0, rows, sum(sizes))
        options["include_last_offset"] = data.draw(st.booleans())
        begins = np.cumsum([0, *sizes])
        constants = (ids, begins if options["include_last_offset"] else begins[:-1])
    kind = data.draw(st.sampled_from(["float32", "float64"]))
    if mode == "sum" and data.draw(st.booleans()):
        samples = (rng.standard_normal(ids.shape).astype(kind),)

    def call(f, w, i, *rest):
        offsets = rest[0] if len(constants) == 2 else None
        weights = {"per_sample_weights": rest[-1]} if samples else {}
        return f.embedding_bag(i, w, offsets, **weights, **options)

    both(call, table(rows, size, kind), *constants, parameters=samples)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_embedding_bag_by_frequency(mode):
    """Against PyTorch's embedding: its embedding_bag divides by the count of another id (2.13, ids [2, 1, 1])."""
    results = []
    for t in (tt, torch):
        weight = t.tensor(table(3, 2), requires_grad=True)
        ids, options = t.tensor([[2, 1, 1], [0, 1, 0]]), {"scale_grad_by_freq": True}
        if t is tt:
            output = F.embedding_bag(ids, weight, mode=mode, **options)
        else:
            output = getattr(torch.nn.functional.embedding(ids, weight, **options), mode)(1)
        output.backward(t.tensor(table(2, 2, seed=1)))
        results.append([output, weight.grad])
    same(*results)


I4, O1 = [0, 1, 2, 3], [0]


@pytest.mark.parametrize(
    ("ids", "offsets", "options"),
    [
        (I4, [1, 2], {}),
        (I4, [0, 5], {}),
        (I4, None, {}),
        ([I4], O1, {}),
        ([[I4]], None, {}),
        (I4, [[0]], {}),
        (I4, [0.0], {}),
        ([0.0], O1, {}),
        ([4], O1, {}),
        ([-1], O1, {}),
        (I4, O1, {"per_sample_weights": [1.0] * 4}),
        (I4, O1, {"per_sample_weights": [1.0] * 3, "mode": "sum"}),
        (I4, O1, {"mode": "max", "scale_grad_by_freq": True}),
        (I4, O1, {"mode": "median"}),
        (I4, O1, {"padding_idx": 7}),
        (I4[:0], I4[:0], {"include_last_offset": True}),
    ],
)
def test_embedding_bag_rejects_what_pytorch_rejects(ids, offsets, options):
    raised = []
    for t in (torch, tt):
        given = {key: t.tensor(x) if isinstance(x, list) else x for key, x in options.items()}
        kinds = {} if ids else {"dtype": t.int64}
        where = None if offsets is None else t.tensor(offsets, **kinds)
        with pytest.raises((ValueError, RuntimeError, NotImplementedError)) as caught:
            t.nn.functional.embedding_bag(t.tensor(ids, **kinds), t.ones(4, 3), where, **given)
        raised.append(caught.type)
    assert raised[0] is raised[1]


def test_offsets_that_fall_are_rejected():
    with pytest.raises(RuntimeError, match="offsets must not fall"):
        F.embedding_bag(tt.tensor(I4), tt.ones(4, 3), tt.tensor([0, 3, 2]))


def test_a_bag_module():
    layer = nn.EmbeddingBag(5, 2, mode="sum", padding_idx=0, include_last_offset=True)
    assert not layer.weight[0].detach().numpy().any()
    rows = layer(tt.tensor([1, 2, 0, 3]), tt.tensor([0, 2, 4]), per_sample_weights=tt.tensor([1.0, 2.0, 3.0, 4.0]))
    w = layer.weight.detach().numpy()
    np.testing.assert_allclose(rows.detach().numpy(), [w[1] + 2 * w[2], 4 * w[3]], rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}])
def test_second_derivatives_as_in_pytorch(options):
    """PyTorch leaves `scale_grad_by_freq` out of the second derivative: it is not compared."""
    found = []
    for t in (tt, torch):
        w = t.tensor(np.random.default_rng(0).standard_normal((4, 5)), requires_grad=True)
        rows = t.nn.functional.embedding(t.tensor([[1, 1, 0], [3, 2, 1]]), w * w, **options)
        above = t.tensor(np.random.default_rng(1).standard_normal((2, 3, 5)), requires_grad=True)
        (slope,) = t.autograd.grad((rows**3 * above).sum(), w, create_graph=True)
        second = t.autograd.grad((slope**2 + slope).sum(), (w, above))
        found.append([slope.detach().numpy(), *(g.numpy() for g in second)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
