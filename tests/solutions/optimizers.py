"""Solutions of lesson 05."""

from solutions.solution import Solutions

solutions = Solutions("05_optimizers")
wrong, right = solutions.wrong, solutions.right

wrong("zero-grad", "keeps them", ("if set_to_none:\n                p.grad = None\n            elif", "if"))
wrong("zero-grad", "the first group only", ("in self.param_groups:", "in self.param_groups[:1]:"))
wrong("zero-grad", "times zero", ("p.grad.array[...] = 0", "p.grad.array[...] *= 0"))
wrong(
    "zero-grad",
    "a parameter without a gradient gets one",
    (
        "elif p.grad is not None:",
        "else:\n                p.grad = p.grad if p.grad is not None else kept(np.zeros_like(p.array))",
    ),
)
wrong("sgd", "uphill", ("p -= group", "p += group"))
wrong("sgd", "lr left out", ('p -= group["lr"] * grad', "p -= grad"))
wrong("sgd", "a new array", ('p -= group["lr"] * grad', 'p = p - group["lr"] * grad'))
wrong("sgd", "the decay subtracted", ("grad = l2_decay(p, grad, group)", "grad = 2 * grad - l2_decay(p, grad, group)"))
wrong(
    "sgd",
    "the decay after the velocity",
    ('        if group["weight_decay"]:\n            grad = l2_decay(p, grad, group)\n', ""),
    (
        "        p -= group",
        '        if group["weight_decay"]:\n            grad = l2_decay(p, grad, group)\n        p -= group',
    ),
)
wrong("sgd", "the gradient is changed", ('p -= group["lr"] * grad', 'grad *= group["lr"]\n        p -= grad'))
wrong("momentum", "overwritten", ("v *= momentum\n", "v *= 0\n"))
wrong(
    "momentum",
    "one buffer for all",
    ('state.get("momentum_buffer")', 'group.get("momentum_buffer")'),
    ('state["momentum_buffer"]', 'group["momentum_buffer"]'),
)
wrong(
    "momentum",
    "one velocity for all of one shape",
    ("if state.get", "state = velocities.setdefault(grad.shape, state)\n    if state.get"),
    added="velocities = {}",
)
wrong("momentum", "the first one damped", ("kept(grad)", "kept((1 - dampening) * grad)"))
wrong("momentum", "the gradient itself is the buffer", ("kept(grad)", "Tensor.wrap(grad)"))
wrong("momentum", "nesterov without the gradient", ("grad + momentum * v", "momentum * v"))
wrong("momentum", "a mean", ("(1 - dampening) * grad", "(1 - momentum) * grad"))
wrong("running-means", "beta1 for both", ("v *= betas[1]", "v *= betas[0]"), ("(1 - betas[1])", "(1 - betas[0])"))
wrong("running-means", "not the square", ("* grad * grad", "* np.abs(grad)"))
wrong(
    "running-means",
    "a new array, lost",
    ("m *= betas[0]\n    m += (1 - betas[0]) * grad", "m = betas[0] * m + (1 - betas[0]) * grad"),
)
wrong("running-means", "a sum, not a mean", ("(1 - betas[0]) * grad", "grad"))
wrong("adam", "no bias correction", ("    size /= math.sqrt(1 - beta2**t)\n", ""), ("lr / (1 - beta1**t)", "lr"))
wrong("adam", "eps under the root", ("np.sqrt(v)", "np.sqrt(v + eps * (1 - beta2**t))"), ("size += eps", "size += 0"))
wrong("adam", "t - 1", ("1 - beta1**t", "1 - beta1 ** max(1, t - 1)"))
wrong("adam", "no root", ("np.sqrt(v)", "np.array(v)"))
wrong(
    "adam",
    "the means are corrected in place",
    ("size = np.sqrt(v)", "v /= 1 - beta2**t\n    size = np.sqrt(v)"),
    ("    size /= math.sqrt(1 - beta2**t)\n", ""),
)
wrong("decoupled-decay", "coupled", ("return grad", "return l2_decay(p, grad, group)"))
wrong("decoupled-decay", "without lr", ('group["lr"] * group["weight_decay"]', 'group["weight_decay"]'))
wrong(
    "decoupled-decay",
    "a new array",
    ("p *= 1", "p = p * 1"),
    ("1 - group", "(1 - group"),
    ('["weight_decay"]', '["weight_decay"])'),
)
wrong("clip-grad-norm", "never", ("grad.array *= scale", "grad.array = grad.array"))
wrong(
    "clip-grad-norm",
    "always",
    ("float(np.minimum(max_norm / (total + 1e-6), 1.0))", "float(max_norm / (total + 1e-6))"),
)
wrong(
    "clip-grad-norm",
    "each parameter by its own norm",
    ("grad.array *= scale", "grad.array *= min(1.0, max_norm / (norm(grad.array, norm_type) + 1e-6))"),
)
wrong("clip-grad-norm", "the norm afterwards", ("changes.note(grad)", "changes.note(grad)\n    total = total * scale"))
wrong("clip-grad-norm", "always the second norm", ("for grad in grads], norm_type)", "for grad in grads], 2)"))
wrong("clip-grad-norm", "a new tensor", ("grad.array *= scale", "grad = grad * scale"))
wrong(
    "step-lr",
    "one epoch late",
    ("self.last_epoch % self.step_size == 0", "self.last_epoch % self.step_size == 1 % self.step_size"),
)
wrong("step-lr", "at epoch 0 too", ("self.last_epoch > 0 and ", ""))
wrong("step-lr", "at every epoch", ("self.last_epoch % self.step_size == 0", "True"))
wrong(
    "step-lr",
    "from the first rate",
    (
        'group["lr"] * (self.gamma if begins else 1)',
        'group["initial_lr"] * self.gamma ** (self.last_epoch // self.step_size)',
    ),
)
wrong("step-lr", "the first group for all", ('group["lr"] *', 'self.optimizer.param_groups[0]["lr"] *'))
wrong(
    "step-lr",
    "get_lr writes",
    (
        "    return [",
        '    if begins:\n            for group in self.optimizer.param_groups:\n                group["lr"] *= self.gamma\n            begins = False\n        return [',
    ),
)

right(
    "zero-grad",
    "with a helper, by np.zeros",
    """def zero_grad(self, set_to_none=True):
    for p in everything(self):
        if set_to_none or p.grad is None:
            p.grad = None
        else:
            np.copyto(p.grad.array, np.zeros(p.grad.shape))


Optimizer.zero_grad = zero_grad
""",
    added="def everything(optimizer):\n    return [p for group in optimizer.param_groups for p in group['params']]",
)
right(
    "sgd",
    "np.subtract, decay by hand",
    ("grad = l2_decay(p, grad, group)", 'grad = grad + p * group["weight_decay"]'),
    ('p -= group["lr"] * grad', 'np.subtract(p, group["lr"] * grad, out=p)'),
)
right(
    "momentum",
    "in float64 in between, copied into the buffer",
    """def velocity(grad, state, group):
    mu = group["momentum"]
    known = state.get("momentum_buffer")
    if known is None:
        new = np.array(grad, copy=True)
        state["momentum_buffer"] = kept(new)
    else:
        new = (mu * known.array.astype(float) + grad - group["dampening"] * grad).astype(grad.dtype)
        known.array[...] = new
    return (grad + mu * new).astype(grad.dtype) if group["nesterov"] else new
""",
)
right(
    "running-means",
    "by the step towards the gradient",
    """def running_means(grad, state, betas):
    m = buffer(state, "exp_avg", grad)
    v = buffer(state, "exp_avg_sq", grad)
    for mean, beta, towards in ((m, betas[0], grad), (v, betas[1], grad**2)):
        mean += (1 - beta) * (towards - mean)
    return m, v
""",
)
right(
    "adam",
    "as the formula stands, number by number",
    """def adam_step(p, m, v, t, group):
    beta1, beta2 = group["betas"]
    for i in np.ndindex(p.shape):
        first = float(m[i]) / (1 - beta1**t)
        second = float(v[i]) / (1 - beta2**t)
        p[i] -= group["lr"] * first / (second**0.5 + group["eps"])
""",
)
right(
    "decoupled-decay",
    "a difference",
    ('p *= 1 - group["lr"] * group["weight_decay"]', 'p -= p * (group["lr"] * group["weight_decay"])'),
)
right(
    "clip-grad-norm",
    "all gradients end to end",
    (
        "total = norm([norm(grad.array, norm_type) for grad in grads], norm_type)",
        "total = norm(np.concatenate([grad.array.ravel() for grad in grads]), norm_type)",
    ),
    (
        "float(np.minimum(max_norm / (total + 1e-6), 1.0))",
        "float(max_norm / (total + 1e-6)) if total > max_norm else 1.0",
    ),
)
right(
    "step-lr",
    "a loop",
    (
        'return [group["lr"] * (self.gamma if begins else 1) for group in self.optimizer.param_groups]',
        'rates = []\n        for group in self.optimizer.param_groups:\n            rates.append(group["lr"])\n'
        "            if begins:\n                rates[-1] *= self.gamma\n        return rates",
    ),
)
