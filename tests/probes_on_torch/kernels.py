"""What lesson 15's probes ask for, by PyTorch: the results are written into the arrays that are handed in."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F


def adam_elements(p, grad, m, v, beta1, beta2, rate, size, eps, l2, kept):
    p, grad, m, v = map(torch.from_numpy, (p, grad, m, v))
    grad = grad + l2 * p
    m.lerp_(grad, float(1 - beta1))
    v.mul_(beta2).addcmul_(grad, grad, value=float(1 - beta2))
    p.mul_(kept).addcdiv_(m, v.sqrt() * size + eps, value=-float(rate))


def cross_entropy_rows(scores, classes, losses, probabilities):
    scores, classes = torch.from_numpy(scores), torch.from_numpy(classes)
    losses[:] = F.cross_entropy(scores, classes, reduction="none")
    probabilities[:] = torch.softmax(scores, 1)


def cross_entropy_gradient(probabilities, classes, grad, result):
    scores = torch.from_numpy(probabilities).log().requires_grad_()
    losses = F.cross_entropy(scores, torch.from_numpy(classes), reduction="none")
    result[:] = torch.autograd.grad(losses, scores, torch.from_numpy(grad))[0]


def layer_norm_rows(x, weight, bias, eps, result, means, rstds):
    arrays = map(torch.from_numpy, (x, weight, bias))
    y, mean, rstd = torch.native_layer_norm(next(arrays), x.shape[1:], *arrays, float(eps))
    result[:], means[:], rstds[:] = y, mean[:, 0], rstd[:, 0]


def layer_norm_gradients(grad, x, weight, means, rstds, grad_x, grad_weight, grad_bias):
    grad, x, weight, means, rstds = map(torch.from_numpy, (grad, x, weight, means, rstds))
    found = torch.ops.aten.native_layer_norm_backward(
        grad, x, x.shape[1:], means[:, None], rstds[:, None], weight, torch.zeros_like(weight), [True] * 3
    )
    grad_x[:], grad_weight[:], grad_bias[:] = found


def add_rows(ids, grad, result):
    wrong = [i for i, row in enumerate(ids) if not 0 <= row < len(result)]
    until = wrong[0] if wrong else len(ids)
    torch.from_numpy(result).index_add_(0, torch.from_numpy(ids[:until]), torch.from_numpy(grad[:until]))
    return until == len(ids)


def max_pool_2x2(x, best, which):
    x = torch.from_numpy(x)
    maxima, places = F.max_pool2d(x, 2, return_indices=True)
    row, column = places // x.shape[2] % 2, places % x.shape[2] % 2
    best[:], which[:] = maxima, 2 * row + column
    return x[:, : 2 * best.shape[1], : 2 * best.shape[2]].sum()


def product_of_rows(weight, flat, starts, out):
    rows = torch.stack([torch.from_numpy(flat[start : start + out.shape[1]]) for start in starts])
    out[:] = torch.from_numpy(weight) @ rows


lesson = SimpleNamespace(
    adam_elements=adam_elements,
    cross_entropy_rows=cross_entropy_rows,
    cross_entropy_gradient=cross_entropy_gradient,
    layer_norm_rows=layer_norm_rows,
    layer_norm_gradients=layer_norm_gradients,
    add_rows=add_rows,
    max_pool_2x2=max_pool_2x2,
    product_of_rows=product_of_rows,
)
