"""Lesson 02 by PyTorch."""

from types import SimpleNamespace

import numpy as np
import torch


def numerical_gradient(function, at, eps=1e-6):
    """By the definition, with one unit array for each entry."""
    at = np.array(at, dtype=np.float64)
    units = eps * np.eye(at.size).reshape(at.size, *at.shape)
    return np.array([(function(at + e) - function(at - e)) / (2 * eps) for e in units]).reshape(at.shape)


def unbroadcast(grad, shape):
    if isinstance(grad, torch.Tensor):
        return grad.sum_to_size(shape)
    return torch.from_numpy(grad).sum_to_size(shape).numpy()


def matmul_gradients(grad, a, b):
    a, b = (torch.tensor(x, requires_grad=True) for x in (a, b))
    return tuple(g.numpy() for g in torch.autograd.grad(a @ b, (a, b), torch.from_numpy(grad)))


def graph_order(roots):
    """PyTorch numbers its nodes too; a leaf stands in its graph as a node that accumulates."""
    found, todo = set(), list(roots)
    while todo:
        node = todo.pop()
        if node is not None and node not in found and not hasattr(node, "variable"):
            found.add(node)
            todo += [edge for edge, _ in node.next_functions]
    return sorted(found, key=lambda node: -node._sequence_nr())


class Function:
    """A Function of ours, on arrays, as one of PyTorch's."""

    @classmethod
    def apply(cls, *inputs):
        class Wrapped(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *tensors):
                ctx.own = cls()
                return torch.from_numpy(ctx.own.forward(*(x.detach().numpy() for x in tensors)))

            @staticmethod
            def backward(ctx, grad):
                return tuple(g if g is None else torch.from_numpy(g) for g in ctx.own.backward(grad.numpy()))

        return Wrapped.apply(*inputs)


lesson = SimpleNamespace(
    numerical_gradient=numerical_gradient,
    unbroadcast=unbroadcast,
    matmul_gradients=matmul_gradients,
    graph_order=graph_order,
    grad=torch.autograd.grad,
    Function=Function,
    set_grad_enabled=torch.set_grad_enabled,
    no_grad=torch.no_grad,
    enable_grad=torch.enable_grad,
)
