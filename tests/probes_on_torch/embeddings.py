"""Lesson 11 by PyTorch, and by definition where it has none."""

from types import SimpleNamespace

import torch
from torch.nn.functional import embedding, one_hot


def lookup(weight, ids):
    for each in ids.ravel():
        if not 0 <= each < len(weight):
            raise IndexError(f"{each} is no row of {len(weight)}")
    return embedding(torch.tensor(ids), torch.tensor(weight)).numpy()


def scatter_add(ids, grad, rows):
    shares = one_hot(torch.tensor(ids.reshape(-1)).long(), rows).to(getattr(torch, str(grad.dtype)))
    return (shares.T @ torch.tensor(grad.reshape(ids.size, grad.shape[-1]))).numpy()


def weight_gradient(ids, grad, rows, padding_idx=None, scale_grad_by_freq=False):
    weight = torch.zeros(rows, grad.shape[-1], dtype=getattr(torch, str(grad.dtype)), requires_grad=True)
    options = {"padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    embedding(torch.tensor(ids), weight, **options).backward(torch.tensor(grad))
    return weight.grad.numpy()


class EmbeddingFunction:
    @staticmethod
    def apply(weight, ids, **options):
        return embedding(ids, weight, **options)


class Embedding(torch.nn.Embedding):
    def forward(self, input):
        if self.sparse:
            raise NotImplementedError
        return super().forward(input)


def sinusoidal_table(length, dim):
    column = torch.arange(dim)
    angles = torch.arange(length).double()[:, None] / 10000 ** ((column - column % 2).double() / dim)
    return torch.where(column % 2 == 1, angles.cos(), angles.sin()).float().numpy()


class LearnedPositions(torch.nn.Module):
    def __init__(self, rows, size, dtype):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(rows, size, dtype=dtype))

    def forward(self, x, start=0):
        return x + embedding(start + torch.arange(x.shape[-2]), self.weight)


def turned(x, turn):
    """Pairs as complex numbers, times the complex number `turn`."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn.to(pairs.dtype)).flatten(-2)


def rotate(x, cos, sin):
    return turned(torch.tensor(x), torch.tensor(cos + 1j * sin)).numpy()


def apply_rotary(x, positions=None, base=10000.0):
    positions = torch.arange(x.shape[-2]) if positions is None else positions
    dim = x.shape[-1]
    angles = positions.double()[..., None] * base ** (-torch.arange(0, dim, 2).double() / dim)
    return turned(x, torch.polar(torch.ones_like(angles), angles))


lesson = SimpleNamespace(
    lookup=lookup,
    scatter_add=scatter_add,
    weight_gradient=weight_gradient,
    EmbeddingFunction=EmbeddingFunction,
    Embedding=Embedding,
    sinusoidal_table=sinusoidal_table,
    LearnedPositions=LearnedPositions,
    rotate=rotate,
    apply_rotary=apply_rotary,
)
