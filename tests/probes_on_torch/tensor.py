"""Lesson 01 by PyTorch; the classes of the lesson that keep what a derivative needs, by definition."""

from functools import reduce
from types import SimpleNamespace

import numpy as np
import torch


def to_array(data, kind=None):
    kind = getattr(torch, kind) if isinstance(kind, str) else kind
    kind = {np.float32: torch.float32, int: torch.int64, float: torch.float64}.get(kind, kind)
    return torch.tensor(data, dtype=kind).numpy()


def result_type(*operands):
    """For any number of operands, as ResultTypeState of PyTorch does it."""

    def widest(kinds):
        return reduce(torch.promote_types, kinds) if kinds else None

    def combined(higher, lower):
        if higher is None or lower is None:
            return lower if higher is None else higher
        if higher.is_floating_point:
            return higher
        if higher is torch.bool or lower.is_floating_point:
            return torch.promote_types(higher, lower)
        return higher

    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    numbers = {bool: torch.bool, int: torch.int64, float: torch.float32}
    categories = (
        [x.dtype for x in tensors if x.ndim],
        [x.dtype for x in tensors if not x.ndim],
        [numbers[type(x)] for x in operands if not isinstance(x, torch.Tensor)],
    )
    return reduce(combined, map(widest, categories))


def broadcast_shapes(*shapes):
    try:
        return tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        ndim = max(map(len, shapes))
        columns = {d: [shape[d] for shape in shapes if len(shape) >= -d] for d in range(-ndim, 0)}
        (where,) = [d for d, column in columns.items() if len({*column} - {1}) > 1]
        raise RuntimeError(
            f"shapes {' and '.join(map(str, shapes))} do not broadcast: aligned at the right, dimension {where} has "
            f"sizes {' and '.join(map(str, columns[where]))}; they must be equal or 1"
        ) from None


class Node:
    """One use of an operation, on arrays: PyTorch computes, the attributes are as the lesson describes them."""

    def forward(self, *arrays, **options):
        tensors = [torch.from_numpy(np.ascontiguousarray(a)).reshape(np.shape(a)) for a in arrays]
        output = self.compute(*tensors, **options)
        self.keep(arrays, output)
        return output.numpy()


def keeping(compute, keep):
    return type("Kept", (Node,), {"compute": staticmethod(compute), "keep": keep})


def keep_shapes(self, arrays, output):
    self.a_shape, self.b_shape = (np.shape(a) for a in arrays)


def keep_both(self, arrays, output):
    keep_shapes(self, arrays, output)
    self.saved = arrays


def keep_all(self, arrays, output):
    self.saved = (*arrays, output.numpy())


def keep_input_shape(self, arrays, output):
    self.a_shape = np.shape(arrays[0])


class Max:
    """The share of each entry is what PyTorch's own derivative of amax says."""

    def forward(self, a, dim, keepdim):
        x = torch.tensor(a, requires_grad=True)
        output = x.amax(dim, keepdim=keepdim)
        output.sum().backward()
        self.share, self.kept_shape = x.grad.numpy(), tuple(x.amax(dim, keepdim=True).shape)
        return output.detach().numpy()


class Permute:
    def forward(self, a, dims):
        self.dims = dims
        return torch.tensor(a).permute(dims).numpy()


def mean(input, dim=None, keepdim=False, **numpys):
    return input.mean(dim, keepdim=keepdim, **numpys) if not numpys else input.mean(**numpys)


def amax(input, dim=(), keepdim=False, **numpys):
    return input.amax(dim, keepdim=keepdim) if not numpys else input.amax(numpys["axis"], keepdim=numpys["keepdims"])


class Worded(torch.Tensor):
    """A tensor whose product names both shapes when they do not fit."""

    def __matmul__(self, other):
        try:
            return super().__matmul__(other)
        except RuntimeError as error:
            raise RuntimeError(f"{tuple(self.shape)} @ {tuple(other.shape)}: {error}") from None


def tensor(data, dtype=None, requires_grad=False):
    return torch.tensor(data, dtype=dtype).as_subclass(Worded).requires_grad_(requires_grad)


lesson = SimpleNamespace(
    **{kind: getattr(torch, kind) for kind in ("uint8", "int32", "int64", "float32", "float64")},
    bool_=torch.bool,
    tensor=tensor,
    to_array=to_array,
    result_type=result_type,
    broadcast_shapes=broadcast_shapes,
    Sub=keeping(torch.sub, keep_shapes),
    Div=keeping(torch.div, keep_both),
    Pow=keeping(torch.pow, keep_all),
    mean=mean,
    amax=amax,
    Max=Max,
    reshape=lambda x, shape: torch.reshape(x, shape if isinstance(shape, tuple) else (shape,)),
    permute=lambda x, *dims: x.permute(*dims),
    transpose=torch.transpose,
    expand=lambda x, *sizes: x.expand(*sizes),
    Reshape=keeping(lambda a, shape: a.reshape(shape), keep_input_shape),
    Permute=Permute,
    Expand=keeping(lambda a, shape: a.expand(shape), keep_input_shape),
    MatMul=keeping(torch.matmul, keep_both),
    not_in_pytorch={"function-apply": "what a node notes is the lesson's own"},
)
