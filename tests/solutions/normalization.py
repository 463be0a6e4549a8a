"""Solutions of lesson 09."""

from solutions.solution import Solutions

solutions = Solutions("09_normalization")
wrong, right = solutions.wrong, solutions.right

wrong(
    "standardize",
    "the unbiased variance",
    ("np.square(centered).mean(dims, keepdims=True)", "x.var(dims, ddof=1, keepdims=True)"),
)
wrong("standardize", "eps outside the root", ("1 / np.sqrt(variance + eps)", "1 / (np.sqrt(variance) + eps)"))
wrong("standardize", "always the last dimension", ("    mean = x.mean(", "    dims = (-1,)\n    mean = x.mean("))
wrong(
    "standardize",
    "squares first",
    ("np.square(centered).mean(dims, keepdims=True)", "np.square(x).mean(dims, keepdims=True) - mean**2"),
)
wrong(
    "standardize", "dimensions not kept", ("return centered * rstd, mean,", "return centered * rstd, mean.squeeze(),")
)
wrong("standardize", "in place", ("centered = x - mean", "x -= mean\n    centered = x"))

wrong(
    "normalize-gradient",
    "statistics as constants",
    ("return rstd * (grad - common - x_hat * along)", "return rstd * grad"),
)
wrong("normalize-gradient", "the way through the variance forgotten", (" - x_hat * along", ""))
wrong("normalize-gradient", "rstd forgotten", ("return rstd * ", "return "))
wrong("normalize-gradient", "a sum for the mean", ("(grad * x_hat).mean(", "(grad * x_hat).sum("))
wrong(
    "normalize-gradient",
    "changes grad",
    ("grad - common - x_hat * along)", "np.subtract(grad, common, out=grad) - x_hat * along)"),
)

wrong(
    "layer-norm",
    "the shift forgotten",
    ("scaled_and_shifted(x_hat, weight, bias)", "scaled_and_shifted(x_hat, weight, None)"),
)
wrong("layer-norm", "eps forgotten", ("eps=eps)", "eps=1e-5)"))
wrong("layer-norm", "over the last dimension only", ("dims=dims", "dims=(-1,)"))
wrong("layer-norm", "opens its tensors", ("apply(input,", "apply(input.detach(),"))

wrong(
    "update-running",
    "momentum turned around",
    ("    running_mean.mul_", "    momentum = 1 - momentum\n    running_mean.mul_"),
)
wrong("update-running", "the biased variance", ("momentum * n / (n - 1) * variance", "momentum * variance"))
wrong(
    "update-running",
    "a local name",
    (
        "    running_mean.mul_(1 - momentum)\n    running_mean.add_(tensor(momentum * mean))",
        "    running_mean = running_mean * (1 - momentum) + tensor(momentum * mean)",
    ),
)
wrong("update-running", "only the last batch", ("running_var.mul_(1 - momentum)", "running_var.mul_(0)"))

wrong(
    "batch-norm",
    "the batch's statistics in evaluation too",
    ("    if training:\n        dims", "    if True:\n        watch = watch if training else None\n        dims"),
)
wrong(
    "batch-norm",
    "running statistics move in evaluation",
    ("    else:\n", "    else:\n        watch(*(input.detach().numpy().mean((0, *range(2, input.ndim))),) * 2)\n"),
)
wrong("batch-norm", "running statistics never move", (", watch=watch)", ")"))
wrong("batch-norm", "over the batch only", ("dims = (0, *range(2, input.ndim))", "dims = (0,)"))
wrong(
    "batch-norm",
    "scale forgotten",
    ("scaled_and_shifted(x_hat, along_channels(weight, input.ndim),", "scaled_and_shifted(x_hat, None,"),
)
wrong("batch-norm", "eps outside the root", ("(variance + eps).rsqrt()", "(1 / (variance.sqrt() + eps))"))
wrong(
    "batch-norm",
    "statistics without a gradient",
    (
        "        x_hat = NormalizeFunction.apply(input, dims=dims, eps=eps, watch=watch)\n",
        "        fixed = input.detach()\n        x_hat = NormalizeFunction.apply(fixed, dims=dims, eps=eps, watch=watch)\n        mean, over = fixed.mean(dims, keepdim=True), fixed.var(dims, keepdim=True, correction=0)\n        x_hat = (input - mean) / (over + eps).sqrt()\n",
    ),
)

wrong(
    "group-norm",
    "every num_groups-th channel",
    (
        "groups = input.flatten(1).unflatten(1, (num_groups, -1))",
        "order = [c for g in range(num_groups) for c in range(g, input.shape[1], num_groups)]\n    back = [order.index(c) for c in range(len(order))]\n    groups = input[:, order].flatten(1).unflatten(1, (num_groups, -1))",
    ),
    (".reshape(input.shape)\n", ".reshape(input.shape)[:, back]\n"),
)
wrong("group-norm", "over the batch too", ("dims=(2,)", "dims=(0, 2)"))
wrong("group-norm", "one group", ("num_groups, -1)", "1, -1)"))

wrong("rms-norm", "the mean subtracted", ("np.square(x).mean(", "np.square(x - x.mean(dims, keepdims=True)).mean("))
wrong(
    "rms-norm",
    "eps outside the root",
    (
        "1 / np.sqrt(np.square(x).mean(dims, keepdims=True) + eps)",
        "1 / (np.sqrt(np.square(x).mean(dims, keepdims=True)) + eps)",
    ),
)
wrong("rms-norm", "the size as a constant", (" - x_hat * (grad * x_hat).mean(self.dims, keepdims=True)", ""))

wrong("dropout", "no scale", (" / (1 - p)", ""))
wrong("dropout", "the mask turned around", ("< 1 - p", ">= 1 - p"))
wrong(
    "dropout",
    "the same mask each time",
    (
        "    kept = rand_like(input, dtype=float64) < 1 - p",
        "    kept = tensor(np.random.default_rng(0).random(input.shape)) < 1 - p",
    ),
)
wrong("dropout", "a mask for whole rows", ("rand_like(input, dtype", "rand_like(input[..., :1], dtype"))
wrong(
    "dropout",
    "another mask in the gradient",
    (
        "    return input * (kept",
        "    twice = rand_like(input, dtype=float64) < 1 - p\n    kept = kept.to(input.dtype)\n    mixed = input * (twice.to(input.dtype) / (1 - p))\n    return mixed + (input * (kept / (1 - p)) - mixed).detach()\n    return input * (kept",
    ),
)
wrong(
    "dropout",
    "numpy's own generator",
    ("rand_like(input, dtype=float64)", "tensor(np.random.random(input.shape))"),
)

wrong("basic-block", "no shortcut", (" + shortcut)", ")"))
wrong(
    "basic-block",
    "relu before the sum",
    ("relu(self.bn2(self.conv2(inner)) + shortcut)", "relu(self.bn2(self.conv2(inner))) + shortcut"),
)
wrong(
    "basic-block",
    "no relu inside",
    ("inner = relu(self.bn1(self.conv1(input)))", "inner = self.bn1(self.conv1(input))"),
)
wrong("basic-block", "one norm for both", ("self.bn2(self.conv2(inner))", "self.bn1(self.conv2(inner))"))
wrong(
    "basic-block",
    "the stride in the second convolution",
    ("3, stride=stride, padding=1, bias=False)", "3, padding=1, bias=False)"),
    (
        "self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1",
        "self.conv2 = Conv2d(out_channels, out_channels, 3, stride=stride, padding=1",
    ),
)
wrong("basic-block", "no norm in downsample", (", bias=False), BatchNorm2d(out_channels)\n", ", bias=False)\n"))
wrong("basic-block", "convolutions with a bias", (", bias=False", ""))

right(
    "standardize",
    "numpy's own",
    """def standardize(x, dims, eps):
    mean, variance = x.mean(axis=dims, keepdims=True), x.var(axis=dims, keepdims=True)
    rstd = (variance + eps) ** -0.5
    return (x - mean) * rstd, mean, variance, rstd
""",
)
right(
    "normalize-gradient",
    "with sums and a helper",
    """def normalize_gradient(grad, x_hat, rstd, dims):
    n = grad.size // rstd.size
    return rstd / n * (n * grad - summed(grad, dims) - x_hat * summed(grad * x_hat, dims))
""",
    added="def summed(x, dims):\n    return np.sum(x, axis=dims, keepdims=True)",
)
right(
    "layer-norm",
    "tensor operations",
    (
        "    x_hat = NormalizeFunction.apply(input, dims=dims, eps=eps)\n    return scaled_and_shifted(x_hat, weight, bias)",
        """    centered = input - input.mean(dims, keepdim=True)
    y = centered / ((centered * centered).mean(dims, keepdim=True) + eps).sqrt()
    y = y if weight is None else weight * y
    return y if bias is None else y + bias""",
    ),
)
right(
    "update-running",
    "a step towards the new ones",
    """def update_running(running_mean, running_var, mean, variance, n, momentum):
    for running, new in ((running_mean, mean), (running_var, variance * (n / (n - 1)))):
        running += momentum * (tensor(new) - running)
""",
)
right(
    "batch-norm",
    "channels last",
    (
        "        x_hat = NormalizeFunction.apply(input, dims=dims, eps=eps, watch=watch)\n",
        "        rows = input.swapaxes(1, -1).reshape(-1, input.shape[1])\n"
        "        x_hat = NormalizeFunction.apply(rows, dims=(0,), eps=eps, watch=watch)\n"
        "        x_hat = x_hat.reshape(input.swapaxes(1, -1).shape).swapaxes(1, -1)\n",
    ),
)
right(
    "group-norm",
    "group by group",
    (
        "    groups = input.flatten(1).unflatten(1, (num_groups, -1))\n"
        "    x_hat = NormalizeFunction.apply(groups, dims=(2,), eps=eps).reshape(input.shape)\n",
        "    from tinytorch import cat\n"
        "    width, dims = input.shape[1] // num_groups, tuple(range(1, input.ndim))\n"
        "    parts = [input[:, i : i + width] for i in range(0, input.shape[1], width)]\n"
        "    x_hat = cat([NormalizeFunction.apply(part, dims=dims, eps=eps) for part in parts], 1)\n",
    ),
)
right(
    "rms-norm",
    "saves its input",
    """class RMSNormalizeFunction(Function):
    def forward(self, x, dims, eps):
        self.saved, self.dims = (x,), dims
        self.root = np.sqrt((x * x).mean(axis=dims, keepdims=True) + eps)
        return x / self.root

    def backward(self, grad):
        (x,) = self.saved
        inner = np.mean(grad * x, axis=self.dims, keepdims=True)
        return grad / self.root - x * inner / self.root**3
""",
)
right(
    "dropout",
    "where",
    (
        "    return input * (kept.to(input.dtype) / (1 - p))",
        "    return (input / (1 - p)).where(kept, zeros((), dtype=input.dtype))",
    ),
)
right(
    "dropout",
    "the other end of the draws",
    ("rand_like(input, dtype=float64) < 1 - p", "rand_like(input) >= p"),
)
right(
    "basic-block",
    "parts in a Sequential",
    (
        "        shortcut = input if self.downsample is None else self.downsample(input)\n"
        "        inner = relu(self.bn1(self.conv1(input)))\n"
        "        return relu(self.bn2(self.conv2(inner)) + shortcut)",
        "        y = self.bn2(self.conv2(self.bn1(self.conv1(input)).clamp(min=0)))\n"
        "        y = y + (self.downsample(input) if self.downsample else input)\n"
        "        return y * (y > 0).to(y.dtype)",
    ),
)
