"""Examples for lesson 11, embeddings and positions."""

import numpy as np

import tinytorch as tt
from registry.tools import E, both, holding, made
from tinytorch.nn import embedding

IDS = [[1, 1, 2], [0, 3, 1]]


def sinusoids(t, length, dim):
    """The table of 2017 by its formula, one entry after the other."""
    table = [[0.0] * dim for _ in range(length)]
    for position in range(length):
        for column in range(dim):
            angle = position / 10000 ** ((column - column % 2) / dim)
            table[position][column] = float(np.cos(angle) if column % 2 else np.sin(angle))
    return table


def turned(t, x, positions=None, base=10000.0):
    """Rotary positions with complex numbers: each pair times e ** (i angle)."""
    dim = x.shape[-1]
    positions = t.arange(x.shape[-2]) if positions is None else positions
    angles = positions.double()[..., None] * base ** (-t.arange(0, dim, 2).double() / dim)
    turn = t.polar(t.ones_like(angles), angles)
    pairs = t.view_as_complex(x.reshape(*x.shape[:-1], dim // 2, 2).contiguous())
    return t.view_as_real(pairs * turn.to(pairs.dtype)).flatten(-2)


def lookup(**options):
    return E(lambda t, w: t.nn.functional.embedding(t.tensor(IDS), w, **options), "4k")


def looked_up(t, table):
    """A module of numbers, so that differences can be taken: its input times the rows of `table`."""
    return holding(t, lambda m, x: x * m.table(t.tensor(IDS)), table=table)


def sinusoidal(t, length, dim):
    if hasattr(t.nn, "SinusoidalPositions"):
        return t.nn.SinusoidalPositions(length, dim)
    return holding(t, lambda m, x: x + t.tensor(sinusoids(t, length, dim), dtype=x.dtype)[: x.shape[-2]])


def learned(t, length, dim):
    if hasattr(t.nn, "LearnedPositions"):
        return t.nn.LearnedPositions(length, dim)
    return holding(t, lambda m, x: x + m.weight[: x.shape[-2]], weight=t.nn.Parameter(t.zeros(length, dim)))


BEGINS = [0, 2, 2, 5]  # the second bag is empty


def bag(mode, d_weights=False, **options):
    def call(t, w, *samples):
        ids = t.tensor([1, 3, 0, 0, 2, 3, 3])
        weights = {"per_sample_weights": samples[0]} if samples else {}
        return t.nn.functional.embedding_bag(ids, w, t.tensor(BEGINS), mode=mode, **weights, **options)

    return E(call, "4k,7" if d_weights else "4k", twice=False)  # PyTorch has no second derivative


FUNCTIONS = {
    "BagSum": [bag("sum"), bag("mean"), bag("sum", True), bag("mean", padding_idx=3)],
    "BagMax": [bag("max"), bag("max", padding_idx=0)],
    "EmbeddingLookup": [lookup()],
    "EmbeddingFunction": [
        E(both(lambda w: made("EmbeddingFunction")(w, tt.tensor(IDS)), lambda t, w: w[t.tensor(IDS)]), "4k")
    ],
    "EmbeddingGradient": [
        E(
            both(
                made("EmbeddingGradient", ids=np.array(IDS), rows=4, padding_idx=1),
                lambda t, g: (
                    (t.nn.functional.one_hot(t.tensor(IDS), 4).to(g.dtype) * t.tensor([1, 0, 1, 1])).flatten(0, 1).T
                    @ g.flatten(0, 1)
                ),
            ),
            "23k",
        )
    ],
    "RotaryFunction": [
        E(both(embedding.apply_rotary, turned), "BN4"),
        E(both(lambda x: embedding.apply_rotary(x, base=10.0), lambda t, x: turned(t, x, base=10.0)), "N6"),
    ],
}

MODULES = {
    "EmbeddingBag": [
        (lambda t: looked_up(t, t.nn.EmbeddingBag(4, 3)), lambda d: [d.any(2, 3)]),
        (lambda t: looked_up(t, t.nn.EmbeddingBag(4, 3, mode="max")), lambda d: [d.any(2, 3)]),
    ],
    "Embedding": [(lambda t: looked_up(t, t.nn.Embedding(4, 3)), lambda d: [d.any(2, 3, 3)])],
    "SinusoidalPositions": [(lambda t: sinusoidal(t, 6, 4), lambda d: [d.any(2, 3, 4)])],
    "LearnedPositions": [(lambda t: learned(t, 6, 4), lambda d: [d.any(2, 3, 4)])],
}
