"""Solutions of lesson 08."""

from solutions.solution import Solutions

solutions = Solutions("08_convolution")
wrong, right = solutions.wrong, solutions.right

wrong("conv2d-loops", "the kernel is turned", ("weight[o]", "weight[o, :, ::-1, ::-1]"))
wrong(
    "conv2d-loops",
    "stride forgotten",
    ("i * stride : i * stride + down, j * stride : j * stride + across", "i : i + down, j : j + across"),
)
wrong("conv2d-loops", "only the first channel", ("x[n, :, ", "x[n, :1, "))
wrong(
    "conv2d-loops",
    "asks the fast form",
    (
        "    for n, o, i, j in",
        "    return conv_forward(x, weight, (stride,) * 2, (0, 0), (1, 1), 1)\n    for n, o, i, j in",
    ),
)

wrong(
    "windows",
    "stride and dilation swapped",
    ("zip(steps, stride,", "zip(steps, dilation_,"),
    ("zip(steps, dilation,", "zip(steps, stride,"),
    ("dilation_", "dilation"),
)
wrong(
    "windows",
    "a copy",
    ("return np.lib.stride_tricks.as_strided(x,", "return np.array(np.lib.stride_tricks.as_strided(x,"),
    ("inside_a_window))", "inside_a_window)))"),
)
wrong(
    "windows",
    "only for memory in order",
    ("x.strides[-n:]", "np.empty(x.shape, x.dtype).strides[-n:]"),
)
wrong("windows", "only two dimensions", ("    steps = x.strides", "    assert n == 2\n    steps = x.strides"))

wrong("conv-forward", "the sign is turned", ("return np.asc", "product = -product\n    return np.asc"))
wrong("conv-forward", "returns zeros", ("return np.asc", "product = 0 * product\n    return np.asc"))
wrong(
    "conv-forward",
    "images and channels mixed up",
    ("len(weight), len(x), *counts).swapaxes(0, 1)", "len(x), len(weight), *counts)"),
)
wrong(
    "conv-forward",
    "padding off by one",
    ("    sizes = zip(", "    padding = tuple(max(p - 1, 0) for p in padding)\n    sizes = zip("),
)
wrong("conv-forward", "the kernel is turned", ("filters(weight, groups)", "filters(np.flip(weight, (-1, -2)), groups)"))
wrong(
    "conv-forward",
    "groups in the wrong order",
    ("product.reshape(len(weight),", "product.swapaxes(0, 1).reshape(len(weight),"),
)
wrong("conv-forward", "always float64", ("filters(weight, groups) @", "filters(weight, groups).astype(float) @"))

wrong("conv-weight-grad", "the mean over the batch", (".reshape(weight_shape)", ".reshape(weight_shape) / len(x)"))
wrong("conv-weight-grad", "dilation forgotten", ("    cols =", "    dilation = (1,) * len(stride)\n    cols ="))
wrong("conv-weight-grad", "changes grad", ("    cols =", "    grad -= grad.mean()\n    cols ="))

wrong("add-windows", "overlaps overwritten", ("places[(..., *tap)] +=", "places[(..., *tap)] ="))
wrong(
    "add-windows",
    "all at once",
    (
        "    for tap in np.ndindex(*kernel_size):\n        places[(..., *tap)] += parts[(..., *tap)]",
        "    places += parts",
    ),
)

wrong(
    "conv-input-grad",
    "the padding is not cropped",
    (
        "cropped(add_windows(parts, padded_shape, stride, dilation), padding)",
        "add_windows(parts, padded_shape, stride, dilation)",
    ),
)
wrong(
    "conv-input-grad",
    "cropped on one side only",
    (
        "cropped(add_windows(parts, padded_shape, stride, dilation), padding)",
        "add_windows(parts, padded_shape, stride, dilation)[(..., *map(slice, input_shape[2:]))]",
    ),
)
wrong(
    "conv-input-grad",
    "groups ignored",
    (
        "filters(weight, groups).swapaxes(1, 2) @ rows(grad, groups)",
        "filters(weight, groups)[:1].swapaxes(1, 2) @ rows(grad, groups)",
    ),
)
wrong(
    "conv-input-grad",
    "works for images only",
    ("parts.transpose(1 + n, 0, *range(2 + n, 2 + 2 * n), *range(1, 1 + n))", "parts.transpose(3, 0, 4, 5, 1, 2)"),
)

wrong("conv2d-module", "the bias forgotten", ("self.weight, self.bias,", "self.weight, None,"))
wrong("conv2d-module", "groups forgotten", (", self.dilation, self.groups)", ", self.dilation)"))
wrong("conv2d-module", "padded twice", ("padding, self.dilation", "self.padding, self.dilation"))
wrong("conv2d-module", "the gradient cut off", ("conv2d(input,", "conv2d(input.detach(),"))

wrong("max-pool-forward", "the last of equal ones", ("(value > best)", "(value >= best)"))
wrong("max-pool-forward", "nan is lost", (" | (value != value)", ""))
wrong(
    "max-pool-forward",
    "places column by column",
    ("enumerate(np.ndindex(*kernel_size))", "enumerate(tap[::-1] for tap in np.ndindex(*kernel_size[::-1]))"),
)

wrong("max-pool-backward", "overwritten", ("] += np", "] = np"))
wrong("max-pool-backward", "to all of the window", ("np.where(which == number, grad, 0)", "grad"))
wrong("max-pool-backward", "inf * 0 for the losers", ("np.where(which == number, grad, 0)", "grad * (which == number)"))
wrong("max-pool-backward", "one place further", ("which == number,", "which == number + 1,"))

right(
    "conv2d-loops",
    "einsum",
    ("    for n, o, i, j in np.ndindex(*result.shape):\n", "    for i, j in np.ndindex(*result.shape[2:]):\n"),
    ("x[n, :, i *", "x[:, :, i *"),
    (
        "result[n, o, i, j] = (window * weight[o]).sum()",
        "result[:, :, i, j] = np.einsum('nckl,ockl->no', window, weight)",
    ),
)
right(
    "windows",
    "numpy's view, every so many",
    """def windows(x, kernel_size, stride, dilation):
    reach = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation)]
    axes = tuple(range(x.ndim - len(reach), x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes, writeable=True)
    return view[(..., *(slice(None, None, step) for step in stride + dilation))]
""",
)
right(
    "conv-forward",
    "group by group with a helper",
    """def conv_forward(x, weight, stride, padding, dilation, groups):
    view = windows(padded(x, padding), weight.shape[2:], stride, dilation)
    parts = zip(np.split(view, groups, axis=1), np.split(weight, groups))
    return np.ascontiguousarray(np.concatenate([one_group(v, w, len(stride)) for v, w in parts], axis=1))
""",
    added="""def one_group(view, weight, n):
    inside = list(range(1, 1 + n))
    taps = [axis + 1 for axis in inside]
    product = np.tensordot(view, weight, ([1, *(t + n for t in taps)], [1, *taps]))
    return np.moveaxis(product, -1, 1)
""",
)
right(
    "conv-weight-grad",
    "tap by tap",
    """def conv_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    result, frame = np.zeros(weight_shape, grad.dtype), padded(x, padding)
    per_group, counts = weight_shape[1], grad.shape[2:]
    for o, c, *tap in np.ndindex(*weight_shape):
        channel = o // (weight_shape[0] // groups) * per_group + c
        seen = (slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, counts, stride))
        result[(o, c, *tap)] = np.vdot(grad[:, o], frame[(slice(None), channel, *seen)])
    return result
""",
)
right(
    "add-windows",
    "window by window",
    (
        "    for tap in np.ndindex(*kernel_size):\n        places[(..., *tap)] += parts[(..., *tap)]",
        "    lead = (slice(None),) * (parts.ndim - 2 * n)\n"
        "    for window in np.ndindex(*counts):\n"
        "        places[(*lead, *window)] += parts[(*lead, *window)]",
    ),
)
right(
    "conv-input-grad",
    "strides taken apart, added pixel by pixel",
    """def conv_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    frame = np.zeros((*input_shape[:2], *(z + 2 * p for z, p in zip(input_shape[2:], padding))), grad.dtype)
    of_group = len(weight) // groups
    for g in range(groups):
        w, y = weight[g * of_group : (g + 1) * of_group], grad[:, g * of_group : (g + 1) * of_group]
        channels = slice(g * weight.shape[1], (g + 1) * weight.shape[1])
        for tap in np.ndindex(*weight.shape[2:]):
            part = np.einsum("oc,no...->nc...", w[(..., *tap)], y)
            at = (slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, y.shape[2:], stride))
            frame[(slice(None), channels, *at)] += part
    return cropped(frame, padding)
""",
)
right(
    "max-pool-forward",
    "argmax",
    """def largest(view, kernel_size):
    flat = view.reshape(*view.shape[: view.ndim - len(kernel_size)], -1)
    which = flat.argmax(-1)
    return np.take_along_axis(flat, which[..., None], -1)[..., 0], which
""",
)
right(
    "max-pool-backward",
    "a mask",
    (
        "places[(..., *tap)] += np.where(which == number, grad, 0)",
        "places[(..., *tap)][which == number] += grad[which == number]",
    ),
)
right(
    "conv2d-module",
    "the bias added afterwards",
    (
        "return conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)",
        "options = {'stride': self.stride, 'padding': padding, 'dilation': self.dilation, 'groups': self.groups}\n"
        "        y = conv2d(input, self.weight, **options)\n"
        "        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)",
    ),
)
