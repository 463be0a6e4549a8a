"""Wrong implementations of lesson 11: see wrong/__init__.py."""

import numpy as np

from tinytorch.nn import embedding, embedding_bag, init
from tinytorch.tensor import Tensor
from wrong.tools import function, replace, wrong

TESTS = "test_embedding.py::"


@wrong(TESTS + "test_an_id_that_comes_again_adds_up[float64]", *function("EmbeddingFunction"))
def embedding_of_which_the_last_repetition_wins():
    def scatter_add(ids, grad, rows):
        result = np.zeros((rows, grad.shape[-1]), grad.dtype)
        result[ids] = grad
        return result

    replace(embedding.scatter_add, scatter_add)


@wrong(TESTS + "test_the_padding_row_is_read_and_gets_no_gradient")
def embedding_whose_padding_row_learns():
    right = embedding.weight_gradient
    replace(right, lambda ids, grad, rows, padding_idx=None, by_freq=False: right(ids, grad, rows, None, by_freq))


@wrong(TESTS + "test_the_padding_row_is_read_and_gets_no_gradient")
def embedding_that_always_reads_the_padding_as_zero():
    def forward(self, weight, ids, padding_idx=None, scale_grad_by_freq=False):
        self.rows, self.padding_idx, self.scale_grad_by_freq = len(weight), padding_idx, scale_grad_by_freq
        self.saved = (ids,)
        return embedding.lookup(weight, ids) * (ids != padding_idx)[..., None].astype(weight.dtype)

    embedding.EmbeddingFunction.forward = forward


@wrong(TESTS + "test_an_id_that_comes_again_adds_up[float32]", *function("EmbeddingFunction"))
def embedding_with_a_gradient_of_ones():
    right = embedding.scatter_add
    replace(right, lambda ids, grad, rows: right(ids, np.ones_like(grad), rows))


@wrong("test_registry.py::test_module_as_in_pytorch[float32-Embedding-0]", "test_registry.py::test_module_learns")
def embedding_on_a_detached_table():
    def forward(self, input):
        return embedding.embedding(input, self.weight.detach(), self.padding_idx)

    embedding.Embedding.forward = forward


@wrong(TESTS + "test_wrong_ids")
def embedding_that_counts_negative_ids_from_the_end():
    replace(embedding.lookup, lambda weight, ids: weight[ids])


@wrong(TESTS + "test_embedding_as_in_pytorch")
def embedding_that_stretches_short_rows_too():
    def renormalize(weight, ids, max_norm, norm_type):
        used = np.unique(ids)
        norms = np.linalg.norm(weight[used], norm_type, axis=1)
        weight[used] *= (max_norm / (norms + 1e-7))[:, None].astype(weight.dtype)
        return True

    replace(embedding.renormalize, renormalize)


@wrong(TESTS + "test_a_module_of_its_own")
def embedding_with_a_small_start():
    def reset_parameters(self):
        init.normal_(self.weight, std=0.02)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    embedding.Embedding.reset_parameters = reset_parameters


@wrong(TESTS + "test_sinusoidal_table")
def sinusoids_with_sin_and_cos_swapped():
    def sinusoidal_table(num_positions, dim):
        angles = np.arange(num_positions)[:, None] * embedding.frequencies(dim)
        table = np.zeros((num_positions, dim), np.float32)
        table[:, 0::2], table[:, 1::2] = np.cos(angles), np.sin(angles[:, : dim // 2])
        return table

    replace(embedding.sinusoidal_table, sinusoidal_table)


@wrong(TESTS + "test_sinusoidal_table")
def sinusoids_in_halves():
    """All sines, then all cosines: another convention, which weights trained with the formula would not survive."""

    def sinusoidal_table(num_positions, dim):
        angles = np.arange(num_positions)[:, None] * embedding.frequencies(dim)
        return np.concatenate([np.sin(angles), np.cos(angles)[:, : dim // 2]], 1).astype(np.float32)

    replace(embedding.sinusoidal_table, sinusoidal_table)


@wrong(TESTS + "test_the_slice_of_learned_positions_keeps_its_gradient[float64]", TESTS + "test_positions")
def positions_off_by_one():
    def forward(self, input, start=0):
        embedding.check_positions("LearnedPositions", self.weight, input, start)
        rows = [min(i + 1, self.num_positions - 1) for i in range(start, start + input.shape[-2])]
        return input + self.weight[rows]

    embedding.LearnedPositions.forward = forward


@wrong(TESTS + "test_positions")
def positions_that_forget_where_they_start():
    def forward(self, input, start=0):
        embedding.check_positions("LearnedPositions", self.weight, input, start)
        return input + self.weight[: input.shape[-2]]

    embedding.LearnedPositions.forward = forward


@wrong(TESTS + "test_the_slice_of_learned_positions_keeps_its_gradient[float32]")
def positions_cut_from_their_table():
    def forward(self, input, start=0):
        embedding.check_positions("LearnedPositions", self.weight, input, start)
        return input + Tensor.wrap(self.weight.array[start : start + input.shape[-2]])

    embedding.LearnedPositions.gradient_contract = False  # which would notice by itself
    embedding.LearnedPositions.forward = forward


@wrong(TESTS + "test_rotary_scores_depend_on_the_distance_only")
def rotary_that_only_stretches():
    replace(embedding.rotate, lambda x, cos, sin: x * np.repeat(cos + sin, 2, -1))


@wrong(*function("RotaryFunction"))
def rotary_whose_gradient_turns_the_same_way():
    embedding.RotaryFunction.backward = lambda self, grad: embedding.run(
        embedding.RotaryFunction, grad, cos=self.cos, sin=self.sin
    )


@wrong(TESTS + "test_embedding_bag_as_in_pytorch")
def bag_whose_mean_counts_the_padding():
    right = embedding_bag.np.bincount

    class Counting:
        """numpy with a `bincount` that forgets which bag is which."""

        def __getattr__(self, name):
            return getattr(np, name)

        def bincount(self, bags, minlength):
            return np.full(minlength, max(1, right(bags, minlength=minlength).max(initial=1)))

    embedding_bag.np = Counting()


@wrong(*function("BagMax"))
def bag_max_with_the_gradient_of_a_sum():
    def forward(self, a, bags, count):
        self.bags = bags
        return right(self, a, bags, count)

    right = embedding_bag.BagMax.forward
    embedding_bag.BagMax.forward = forward
    embedding_bag.BagMax.backward = lambda self, grad: grad[self.bags]


@wrong(TESTS + "test_second_derivatives_as_in_pytorch[options1]")
def padding_takes_part_in_the_second_derivative():
    right = embedding.EmbeddingGradient.forward

    def forward(self, grad, ids, rows, padding_idx=None, **options):
        result = right(self, grad, ids, rows, padding_idx, **options)
        self.share = np.ones_like(self.share)
        return result

    embedding.EmbeddingGradient.forward = forward


@wrong(*function("EmbeddingLookup"))
def second_derivative_of_a_lookup_is_lost():
    embedding.EmbeddingGradient.backward = lambda self, grad: (
        grad[self.ids] * 0 if isinstance(grad, Tensor) else 0 * embedding.lookup(grad, self.ids)
    )
