"""Rare functions and layers where PyTorch's samples say nothing: sparse tensors, dual numbers, masks, hooks, removed names."""

import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch.autograd import forward_ad
from tinytorch.nn.attention_bias import causal_lower_right
from tinytorch.nn.flex_attention import and_masks, create_block_mask, flex_attention, or_masks

BOTH = pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])
INDICES = [[0, 1, 1, 1], [2, 0, 2, 0]]


def numbers(t, *shape, seed=0):
    array = np.random.default_rng(seed).standard_normal(shape)
    return t.tensor(array.tolist(), dtype=t.float64, requires_grad=True)


class TestSparse:
    def test_product_and_both_gradients_as_in_pytorch(self):
        found = []
        for t in (tt, torch):
            values, dense = numbers(t, 4), numbers(t, 3, 2, seed=1)
            result = t.sparse.mm(t.sparse_coo_tensor(t.tensor(INDICES), values, (2, 3)), dense)
            (result * result).sum().backward()
            found.append([x.detach().numpy() for x in (result, values.grad, dense.grad)])
        for ours, theirs in zip(*found):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)

    @BOTH
    def test_questions(self, t):
        x = t.sparse_coo_tensor(t.tensor(INDICES), t.tensor([3.0, 4.0, 5.0, 6.0]), (2, 3))
        assert x.is_sparse and x.layout is t.sparse_coo and isinstance(x, t.Tensor) and tuple(x.shape) == (2, 3)
        assert x._nnz() == 4 and not x.is_coalesced() and x.coalesce()._nnz() == 3
        assert x.to_dense().tolist() == [[0, 0, 3], [10, 0, 5]]
        assert x.t().to_dense().tolist() == [[0, 10], [0, 0], [3, 5]]
        assert (x + x).to_dense().tolist() == [[0, 0, 6], [20, 0, 10]] and (x * 2).to_dense()[1, 0] == 20
        assert t.sparse.sum(x) == 18 and t.sparse.sum(x, 0).to_dense().tolist() == [10, 0, 8]
        assert t.tensor([[0.0, 7.0]]).to_sparse().indices().tolist() == [[0], [1]]
        with pytest.raises(RuntimeError, match="uncoalesced"):
            x.indices()

    @BOTH
    def test_softmax_is_over_what_is_there(self, t):
        x = t.sparse_coo_tensor(t.tensor([[0, 0, 1], [0, 2, 1]]), t.tensor([1.0, 1.0, 4.0]), (2, 3))
        assert t.sparse.softmax(x, 1).to_dense().tolist() == [[0.5, 0, 0.5], [0, 1, 0]]

    def test_what_is_not_there_says_so(self):
        x = tt.sparse_coo_tensor(INDICES, [1.0] * 4, (2, 3))
        for wrong in (tt.exp, tt.Tensor.cumsum, lambda x: tt.ones(3, 2) - x.t().t().T):
            with pytest.raises((NotImplementedError, TypeError, RuntimeError)):
                wrong(x) if wrong is not tt.Tensor.cumsum else wrong(x, 0)

    @BOTH
    def test_wrong_indices(self, t):
        with pytest.raises(RuntimeError):
            t.sparse_coo_tensor(t.tensor([[0, 2]]), t.tensor([1.0, 2.0]), (2,), check_invariants=True)
        with pytest.raises(RuntimeError):
            t.sparse_coo_tensor(t.tensor([[0, 1]]), t.tensor([1.0]), (2,), check_invariants=True)


def test_dual_numbers():
    x, direction, matrix = numbers(tt, 3).detach(), numbers(tt, 3, seed=1).detach(), numbers(tt, 3, 3).detach()
    with forward_ad.dual_level():
        result = (matrix @ forward_ad.make_dual(x, direction)).tanh()
        value, tangent = forward_ad.unpack_dual(result)
        assert forward_ad.unpack_dual(tt.ones(2)).tangent is None
    expected = (1 - value * value) * (matrix @ direction)
    assert (tangent - expected).abs().max() < 1e-12
    with pytest.raises(RuntimeError, match="no level exists"):
        forward_ad.make_dual(x, direction)


class TestFlexAttention:
    def inputs(self):
        return [numbers(tt, 2, 3, 5, 4, seed=seed) for seed in range(3)]

    def test_causal(self):
        mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, 5, 5, BLOCK_SIZE=2)
        expected = tt.nn.functional.scaled_dot_product_attention(*self.inputs(), is_causal=True)
        assert (flex_attention(*self.inputs(), block_mask=mask) - expected).abs().max() < 1e-12
        assert mask.to_dense()[0, 0].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]

    def test_scores_of_each_head(self):
        slope = tt.tensor([0.5, 1.0, 2.0], dtype=tt.float64)
        bias = slope[:, None, None] * (tt.arange(5)[:, None] - tt.arange(5)).double()
        expected = tt.nn.functional.scaled_dot_product_attention(*self.inputs(), attn_mask=bias)
        found = flex_attention(*self.inputs(), score_mod=lambda score, b, h, i, j: score + slope[h] * (i - j))
        assert (found - expected).abs().max() < 1e-12

    def test_who_may_look_at_nothing_gets_zeros(self):
        near, late = (lambda b, h, i, j: (i - j).abs() < 2), (lambda b, h, i, j: i >= 2)
        mask = create_block_mask(and_masks(near, late), None, None, 5, 5)
        found = flex_attention(*self.inputs(), block_mask=mask)
        assert found[:, :, :2].abs().max() == 0 and found.isfinite().all()
        assert create_block_mask(or_masks(near, late), None, None, 5, 5).mask.sum() == 4 + 3 * 5 + 1


def test_causal_masks_at_either_corner():
    assert causal_lower_right(2, 4).tolist() == [[True, True, True, False], [True] * 4]


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_cross_map_normalization(channels):
    x = np.random.default_rng(0).standard_normal((2, channels, 2, 2))
    ours, theirs = (t.nn.CrossMapLRN2d(3, 0.5, 0.5, 2.0)(t.from_numpy(x)).numpy() for t in (tt, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    tt.gradcheck(tt.nn.CrossMapLRN2d(3, 0.5, 0.5, 2.0), tt.tensor(x, requires_grad=True))


@BOTH
def test_extra_state_and_hooks(t):
    class Counting(t.nn.Linear):
        count = 0

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state

    first, second, seen = t.nn.Sequential(Counting(2, 2)), t.nn.Sequential(Counting(2, 2)), []
    first[0].count = 5
    second.register_load_state_dict_post_hook(lambda module, keys: seen.append(keys.missing_keys))
    first.register_state_dict_post_hook(lambda module, state, prefix, metadata: seen.append(prefix))
    state = first.state_dict()
    assert list(state) == ["0.weight", "0.bias", "0._extra_state"]
    second.load_state_dict(state)
    assert second[0].count == 5 and seen == ["", []]
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match=r"0\._extra_state"):
        second.load_state_dict(state)


@BOTH
@pytest.mark.parametrize("name", ["solve", "symeig", "eig", "lstsq"])
def test_removed_names_say_what_to_use(t, name):
    with pytest.raises(RuntimeError, match=f"torch.linalg.{name.replace('sym', '')}"):
        getattr(t, name)(t.eye(2), t.eye(2)) if name not in ("symeig", "eig") else getattr(t, name)(t.eye(2))


@BOTH
def test_float8_is_for_storing(t):
    x = t.tensor([0.1, 1.3, 500.0]).to(t.float8_e4m3fn)
    assert x.element_size() == 1 and x.float().tolist() == [0.1015625, 1.25, 448.0]
    with pytest.raises(NotImplementedError):
        x + x


@BOTH
def test_running_maximum(t):
    values, indices = t.cummax(t.tensor([1.0, 3.0, 3.0, float("nan"), 2.0]), 0)
    assert values[:3].tolist() == [1, 3, 3] and values[3:].isnan().all() and indices.tolist() == [0, 1, 2, 3, 3]


def test_histogram_has_a_hundred_bins():
    x = np.random.default_rng(0).standard_normal(50).astype("float32")
    for one, other in zip(tt.histogram(tt.tensor(x), density=True), torch.histogram(torch.tensor(x), density=True)):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
