"""Operations with a derivative of one's own, hooks, and second derivatives."""

import torch
from torch.autograd import Function, gradcheck


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


class ScaledExp(Function):
    @staticmethod
    def forward(ctx, x, scale):
        result = (x * scale).exp()
        ctx.scale = scale
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad):
        (result,) = ctx.saved_tensors
        return grad * result * ctx.scale, None


class Reverse(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.alpha, None


x = torch.linspace(-2, 2, 5, requires_grad=True)
y = MyReLU.apply(x)
y.sum().backward()
print(y.detach(), x.grad, y.grad_fn is not None)

x = torch.tensor([0.5, -0.3], dtype=torch.double, requires_grad=True)
print(gradcheck(ScaledExp.apply, (x, 1.5)))
(g,) = torch.autograd.grad(ScaledExp.apply(x, 2.0).sum(), x, create_graph=True)
(h,) = torch.autograd.grad(g.sum(), x)
print(["%.5f" % v for v in h.tolist()])

seen = []
w = torch.ones(3, requires_grad=True)
handle = w.register_hook(lambda grad: seen.append(grad.tolist()) or grad * 2)
Reverse.apply(w * 3, 0.5).sum().backward()
handle.remove()
print(seen, w.grad.tolist())

layer = torch.nn.Linear(2, 1)
torch.nn.init.constant_(layer.weight, 0.5)
layer.register_forward_hook(lambda module, args, output: print("forward", list(args[0].shape), list(output.shape)))
layer.register_full_backward_hook(lambda module, grad_in, grad_out: print("backward", grad_out[0].tolist()))
layer(torch.ones(2, 2)).sum().backward()
print(layer.weight.grad)
with torch.no_grad():
    print(layer(torch.ones(1, 2)).requires_grad, torch.is_grad_enabled())
