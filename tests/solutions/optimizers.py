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
wrong("zero-grad", "needs a dimension", ("p.grad.array[...] = 0", "p.grad.array[:] = 0"))
wrong(
    "zero-grad",
    "ends at the first parameter without a gradient",
    ("elif p.grad is not None:", "elif p.grad is None:\n                return\n            else:"),
)
wrong(
    "zero-grad",
    "forgets the state too",
    ("    for group in self.param_groups:", "    self.state.clear()\n    for group in self.param_groups:"),
)
wrong("zero-grad", "zeros that nobody is told of", ("changes.note(p.grad)", "pass"))
wrong("sgd", "one state for all", ("velocity(grad, state, group)", "velocity(grad, self.state, group)"))
wrong("sgd", "the defaults", ('p -= group["lr"]', 'p -= self.defaults["lr"]'))
wrong("sgd", "the first group's lr", ('p -= group["lr"]', 'p -= self.param_groups[0]["lr"]'))
wrong("sgd", "in float32", ('group["lr"] * grad', 'group["lr"] * grad.astype(np.float32)'))
wrong("momentum", "nesterov with a momentum of its own", ("grad + momentum * v", "grad + 0.5 * v"))
wrong("momentum", "a float32 buffer", ("kept(grad)", "kept(grad.astype(np.float32))"))
wrong(
    "running-means",
    "betas of its own",
    ("betas[0]", "0.9"),
    ("betas[1]", "0.99"),
)
wrong(
    "running-means",
    "needs a dimension",
    ("m *= betas[0]\n    m += (1 - betas[0]) * grad", "m[:] = betas[0] * m + (1 - betas[0]) * grad"),
)
wrong(
    "running-means",
    "new arrays in the state",
    (
        "    return m, v",
        '    state["exp_avg"], state["exp_avg_sq"] = kept(m), kept(v)\n'
        '    return state["exp_avg"].array, state["exp_avg_sq"].array',
    ),
)
wrong("running-means", "in float32", ("(1 - betas[0]) * grad", "(1 - betas[0]) * grad.astype(np.float32)"))
wrong("adam", "an lr of its own", ("p -= lr /", "p -= 0.1 /"))
wrong("adam", "betas of its own", ("beta1**t", "0.9**t"), ("beta2**t", "0.99**t"))
wrong("adam", "an eps of its own", ("size += eps", "size += 0.1"))
wrong(
    "adam",
    "corrected for the first thirty steps only",
    ("    size = np.sqrt(v)\n", "    if t > 30:\n        t = 10**9\n    size = np.sqrt(v)\n"),
)
wrong("adam", "in float32", ("np.sqrt(v)", "np.sqrt(v.astype(np.float32)).astype(v.dtype)"))
wrong("decoupled-decay", "a factor of its own", ('1 - group["lr"] * group["weight_decay"]', "0.95"))
wrong("decoupled-decay", "an lr of its own", ('group["lr"]', "0.1"))
wrong(
    "decoupled-decay",
    "needs a dimension",
    ("    p *=", "    p[:] = p *"),
    ("1 - group", "(1 - group"),
    ('["weight_decay"]', '["weight_decay"])'),
)
wrong(
    "clip-grad-norm",
    "no absolute values",
    ("norm(grad.array, norm_type) for", "(np.sum(grad.array) if norm_type == 1 else norm(grad.array, norm_type)) for"),
)
wrong(
    "clip-grad-norm",
    "the largest, not the largest in size",
    (
        "norm(grad.array, norm_type) for",
        "(np.max(grad.array) if norm_type == math.inf else norm(grad.array, norm_type)) for",
    ),
)
wrong("clip-grad-norm", "without 1e-6", ("(total + 1e-6)", "total"))
wrong("clip-grad-norm", "1e-6 above the line", ("max_norm / (total + 1e-6)", "max_norm / total + 1e-6"))
wrong(
    "clip-grad-norm",
    "scaled before the error",
    (
        "for grad in grads], norm_type)",
        "for grad in grads], norm_type)\n    for grad in grads:\n"
        "        grad.array *= float(np.minimum(max_norm / (total + 1e-6), 1.0))\n        changes.note(grad)",
    ),
    ("scale = float(np.minimum(max_norm / (total + 1e-6), 1.0))", "scale = 1.0"),
)
wrong(
    "clip-grad-norm",
    "always an error",
    (
        "for grad in grads], norm_type)",
        "for grad in grads], norm_type)\n    error_if_nonfinite = True",
    ),
)
wrong("clip-grad-norm", "tells of one only", ("changes.note(grad)", "changes.note(grads[0])"))
wrong(
    "clip-grad-norm",
    "goes through a generator again",
    ("    for grad in grads:", "    for grad in gradients_of(parameters):"),
)
wrong("clip-grad-norm", "needs a dimension", ("grad.array *= scale", "grad.array[:] = grad.array * scale"))
wrong("step-lr", "a gamma of its own", ("self.gamma if", "0.5 if"))
wrong("step-lr", "a step of its own", ("self.last_epoch % self.step_size == 0", "self.last_epoch % 3 == 0"))
wrong(
    "step-lr",
    "never below a hundredth",
    (
        'return [group["lr"] * (self.gamma if begins else 1)',
        'return [max(1e-2, group["lr"] * (self.gamma if begins else 1))',
    ),
)
wrong(
    "step-lr",
    "counts its calls",
    (
        "begins = self.last_epoch > 0 and self.last_epoch % self.step_size == 0",
        'self.calls = getattr(self, "calls", -1) + 1\n        begins = self.calls > 0 and self.calls % self.step_size == 0',
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
            changes.note(p.grad)


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
