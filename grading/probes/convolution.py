"""Probes of lesson 08."""

import numpy as np

from .digits import classifier
from .harness import BY_ITSELF, Probes

probe = Probes()
ELSEWHERE = "scipy correlate correlate2d convolve convolve2d"


def normal(rng, *shape, dtype="float32"):
    return rng.normal(size=shape).astype(dtype)


def counted(sizes, kernel, stride, padding, dilation):
    """How many windows there are."""
    return tuple(
        int((size + 2 * p - d * (k - 1) - 1) // s + 1)
        for size, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)
    )


def draw(rng, n, plain=False):
    """Sizes of an image and a kernel, and (stride, padding, dilation), all different where it matters."""
    kernel = 2 + rng.permutation(n) % 2
    stride, padding = 1 + rng.permutation(max(n, 2))[:n] % 3, rng.permutation([0, 1, 2, 1])[:n]
    if plain:
        stride, padding = np.ones(n, int), np.zeros(n, int)
    dilation = np.ones(n, int) if plain else stride % 3 + 1
    sizes = dilation * (kernel - 1) + 1 + stride + rng.integers(0, 3, n)
    return tuple(tuple(numbers.tolist()) for numbers in (sizes, kernel, stride, padding, dilation))


def convolutions(rng):
    """(part/what, x, weight, upstream, (stride, padding, dilation, groups)) of four kinds, in both dtypes."""
    kinds = [("plain/2d", 2, 1), ("options/2d", 2, 1), ("groups/some", 2, 2), ("groups/depthwise", 2, 3)]
    for number, (name, n, groups) in enumerate([*kinds, ("dimensions/1d", 1, 1), ("dimensions/3d", 3, 2)]):
        sizes, kernel, *options = draw(rng, n, plain=name == "plain/2d")
        dtype = ("float32", "float64")[number % 2]
        inside, outside = (1, 2) if name == "groups/depthwise" else rng.permutation([2, 3])
        x = normal(rng, *sizes, groups * inside, 2, dtype=dtype).transpose(-1, -2, *range(n))  # not in memory's order
        weight = normal(rng, groups * outside, inside, *kernel, dtype=dtype)
        upstream = normal(rng, 2, groups * outside, *counted(sizes, kernel, *options), dtype=dtype)
        yield name, x, weight, upstream, (*options, groups)


@probe(
    "conv2d-loops",
    forbids=f"{ELSEWHERE} conv_forward conv2d Conv2d",
    hint="Window (i, j) begins at row i * stride and column j * stride, reaches over all channels, and is not turned.",
)
def conv2d_loops(tt, lesson, rng):
    found = {}
    for part, options in (("stride 1", ()), ("stride", (int(rng.integers(2, 4)),))):
        kernel = rng.permutation([2, 3])
        x, w = normal(rng, 2, 3, *rng.integers(5, 9, 2)), normal(rng, 4, 3, *kernel, dtype="float32")
        found[f"{part}/float32"] = lambda x=x, w=w, o=options: (lesson.conv2d_loops(x, w, *o), x, w)
        y, v = x.astype("float64") + 1, w.astype("float64")
        found[f"{part}/float64"] = lambda x=y, w=v, o=options: lesson.conv2d_loops(x, w, *o)
    return found


@probe(
    "windows",
    hint="The stride belongs to the steps from window to window, the dilation to those inside a window, both times the "
    "bytes in x.strides.",
)
def windows(tt, lesson, rng):
    found = {}
    for n, part in ((1, "1 or 3 dimensions/1d"), (2, "2 dimensions/2d"), (3, "1 or 3 dimensions/3d")):
        sizes, kernel, stride, _, dilation = draw(rng, n)
        x = normal(rng, 2, 3, *sizes)
        found[part] = lambda x=x, k=kernel, s=stride, d=dilation: (lesson.windows(x, k, s, d), x)
        turned = x.T.copy().T[:, ::2, ..., ::-1]
        found[f"any layout in memory/{n}d"] = lambda x=turned, k=kernel, s=stride, d=dilation: lesson.windows(
            x, k, s, d
        )
    later = normal(rng, *x.shape)

    def shared():
        memory = x.copy()
        view = lesson.windows(memory, kernel, stride, dilation)
        memory[...] = later
        return view

    return found | {"a view/of what came later": shared}


@probe(
    "conv-forward",
    forbids=f"{ELSEWHERE} conv2d_loops",
    hint="A row of the product is an output channel with all its windows, image after image: reshape to "
    "(O, N, *counts), then swap the first two axes.",
)
def conv_forward(tt, lesson, rng):
    return {
        name: lambda x=x, w=w, o=options: (lesson.conv_forward(x, w, *o), x, w)
        for name, x, w, _, options in convolutions(rng)
    }


@probe(
    "conv-weight-grad",
    forbids=BY_ITSELF,
    hint="The product of the rows of grad and the transposed columns of x is a sum over all windows of all images, no "
    "mean.",
)
def conv_weight_grad(tt, lesson, rng):
    return {
        name: lambda g=g, x=x, w=w, o=options: (lesson.conv_weight_grad(g, x, w.shape, *o), g, x)
        for name, x, w, g, options in convolutions(rng)
    }


@probe("add-windows", hint="Go tap by tap, and add: where windows overlap, += keeps what the others brought.")
def add_windows(tt, lesson, rng):
    found = {}
    for n, part in ((2, "overlaps/2d"), (1, "stride and dilation/1d"), (2, "stride and dilation/2d"), (3, "3d/3d")):
        sizes, kernel, stride, _, dilation = draw(rng, n, plain=part == "overlaps/2d")
        counts, dtype = counted(sizes, kernel, stride, (0,) * n, dilation), ("float32", "float64")[n % 2]
        parts, shape = normal(rng, 2, 3, *counts, *kernel, dtype=dtype), (2, 3, *sizes)
        found[part] = lambda p=parts, z=shape, s=stride, d=dilation: (lesson.add_windows(p, z, s, d), p)
    return found


@probe(
    "conv-input-grad",
    forbids=BY_ITSELF,
    hint="The product's numbers stand in the order (C, *kernel_size, N, *counts): bring them to (N, C, *counts, "
    "*kernel_size), add up the windows, and cut off the padding.",
)
def conv_input_grad(tt, lesson, rng):
    return {
        name: lambda g=g, w=w, x=x, o=options: (lesson.conv_input_grad(g, w, x.shape, *o), g, w)
        for name, x, w, g, options in convolutions(rng)
    }


@probe(
    "conv2d-module",
    forbids=ELSEWHERE,
    hint="All that the layer keeps has to reach conv2d: weight, bias, stride, the padding that self.padded leaves to "
    "do, dilation and groups.",
)
def conv2d_module(tt, lesson, rng):
    found, (sizes, kernel, stride, padding, dilation) = {}, draw(rng, 2)

    x, upstream = normal(rng, 2, 4, *(size + 4 for size in sizes)), normal(rng, 2, 6, 24, 24)

    def layer_of(**options):
        """What gives the output and all gradients of a layer with numbers from rng, for a batch or one image of it."""
        groups, bias = options.get("groups", 1), options.get("bias", True)
        weight, shift = normal(rng, 6, 4 // groups, *kernel), normal(rng, 6) * bias

        def gives(which=slice(None)):
            layer, image = lesson.Conv2d(4, 6, kernel, **options), tt.tensor(x[which], requires_grad=True)
            layer.load_state_dict({"weight": tt.tensor(weight)} | ({"bias": tt.tensor(shift)} if bias else {}))
            y = layer(image)
            (y * tt.tensor(upstream[which][..., : y.shape[-2], : y.shape[-1]])).sum().backward()
            return y, image.grad, *(parameter.grad for parameter in layer.parameters())

        return gives

    cases = {
        "options/plain": {},
        "options/stride and padding": {"stride": stride, "padding": padding},
        "options/dilation and groups": {"dilation": dilation, "groups": 2},
        "no bias/no bias": {"bias": False, "padding": 1},
        "padding/same": {"padding": "same", "dilation": dilation},
        "padding/valid": {"padding": "valid", "stride": stride},
        "padding/mode": {"padding": padding, "padding_mode": str(rng.choice(["reflect", "replicate", "circular"]))},
        "padding/same, mode": {"padding": "same", "padding_mode": "circular"},
    }
    for name, options in cases.items():
        found[name] = layer_of(**options)
    alone = layer_of(padding=1)
    return found | {"options/a single image": lambda: alone(1)}


def network(tt, lesson):
    first, second = lesson.Conv2d(1, 6, 3, padding=1), lesson.Conv2d(6, 12, 3, padding=1)
    pool, kink = lesson.MaxPool2d(2), tt.nn.ReLU()
    return tt.nn.Sequential(first, kink, pool, second, kink, pool, tt.nn.Flatten(), tt.nn.Linear(48, 10))


probe.learns("conv2d-module", bar=0.7, **classifier(network, epochs=3))


@probe(
    "max-pool-forward",
    hint="Number the taps row by row; a later one wins only where it is greater (> and not >=), or where it is nan.",
)
def max_pool_forward(tt, lesson, rng):
    found = {}
    for kernel in ((2, 3), (4,), (2, 1, 2)):
        n, dtype = len(kernel), ("float32", "float64")[len(kernel) % 2]
        x = normal(rng, 2, *rng.integers(5, 8, n), dtype=dtype)
        ties, broken = np.round(x), x.copy()
        broken.reshape(2, -1)[:, rng.integers(broken[0].size)] = np.nan
        for part, numbers in (("largest", x), ("the first of equal ones", ties), ("nan", broken)):
            view = np.lib.stride_tricks.sliding_window_view(numbers, kernel, axis=tuple(range(1, n + 1))).copy()
            found[f"{part}/{n}d"] = lambda view=view, k=kernel: (*lesson.largest(view, k), view)
    return found


@probe(
    "max-pool-backward",
    hint="Only the winner of a window gets its gradient; one that won in several windows gets all of theirs, added.",
)
def max_pool_backward(tt, lesson, rng):
    found = {}
    for part, overlap in (("windows apart", False), ("windows that overlap", True)):
        for kernel in ((2, 3), (3,), (2, 2, 2)):
            n, counts = len(kernel), rng.integers(2, 5, len(kernel))
            stride = np.ones(n, int) if overlap else np.array(kernel)
            memory = np.zeros((2, *((counts - 1) * stride + kernel)), ("float32", "float64")[n % 2])
            steps = memory.strides[1:]
            places = np.lib.stride_tricks.as_strided(
                memory, (2, *counts, *kernel), (memory.strides[0], *(stride * steps), *steps)
            )
            grad, which = normal(rng, 2, *counts, dtype=memory.dtype), rng.integers(0, np.prod(kernel), (2, *counts))

            def added(memory=memory, places=places, grad=grad, which=which, kernel=kernel):
                lesson.add_to_largest(places, grad, which, kernel)
                return memory, grad, which

            found[f"{part}/{n}d"] = added

    winners = rng.integers(0, 3, (1, 2))

    def infinite():
        memory = np.zeros((1, 6))
        lesson.add_to_largest(memory.reshape(1, 2, 3), np.array([[np.inf, 1.0]]), winners, (3,))
        return memory

    found["windows apart/infinite"] = infinite
    return found
