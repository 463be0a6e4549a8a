"""The work that is compared, each piece written once for both frameworks, with the targets it is held to."""

import functools

import numpy as np

from benchmarks import models
from benchmarks.measure import benchmark

BATCH = 16  # texts
# more gates: CPU time of the import on a quiet machine (where PyTorch's takes 1.5 s or more); memory at the peak
IMPORT_SECONDS, IMPORT_RATIO, MEMORY = 0.25, 0.16, 1.5


def drawn(t, *shape, seed: int = 1, grad: bool = False):
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return t.tensor(values, requires_grad=grad)


def whole(t, high: int, *shape, seed: int = 2):
    return t.tensor(np.random.default_rng(seed).integers(0, high, shape))


# --------------------------------------------------------------------------------------------------- the tape and steps


@benchmark("one small operation, forward and backward (16 elements)", numba=0.65, aim=0.50)
def tape(t):
    """A chain of a hundred of them."""
    x, w, b = (drawn(t, 16, seed=seed, grad=True) for seed in range(3))

    def run():
        x.grad = w.grad = b.grad = None
        y = x
        for _ in range(50):
            y = y * w
            y = y + b
        loss = y.sum()
        loss.backward()
        return loss, x.grad, w.grad, b.grad

    return run


def training(t, model, inputs, targets, fused: bool = False):
    """One step of training: forward, loss, backward, Adam."""
    optimizer = t.optim.Adam(model.parameters(), lr=1e-3, **({"fused": True} if fused else {}))
    parameters = list(model.parameters())

    def run():
        optimizer.zero_grad()
        scores = model(inputs)
        loss = t.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1))
        loss.backward()
        optimizer.step()
        return [loss, *(p.grad for p in parameters)]

    return run


@benchmark("MLP 784-128-10, batch 64, Adam step", numba=0.65, numpy=0.8, aim=0.40, adam=True)
def mlp(t, **options):
    return training(t, models.mlp(t), drawn(t, 64, 784), whole(t, 10, 64), **options)


@benchmark("LeNet-like CNN, 28×28, batch 64, Adam step", numba=0.80, numpy=2.2, aim=0.55, adam=True)
def cnn(t, **options):
    return training(t, models.lenet(t), drawn(t, 64, 1, 28, 28), whole(t, 10, 64), **options)


@benchmark("the same with 16 and 32 channels in place of 6 and 16", adam=True)
def cnn_wide(t, **options):
    return training(t, models.lenet(t, 16, 32), drawn(t, 64, 1, 28, 28), whole(t, 10, 64), **options)


@benchmark("GPT, 4 layers, d 128, 4 heads, context 128, batch 16, Adam step", numba=1.0, numpy=1.4, aim=0.85, adam=True)
def gpt(t, **options):
    ids, targets = (whole(t, models.VOCABULARY, BATCH, models.CONTEXT, seed=seed) for seed in (1, 2))
    return training(t, models.gpt(t), ids, targets, **options)


@benchmark("the same GPT writes 120 tokens after 8, with key/value cache, batch 1", numba=0.60, aim=0.40)
def generate(t):
    model, ids = models.gpt(t).eval(), whole(t, models.VOCABULARY, 1, 8)
    return lambda: [models.write(t, model, ids, 120).float()]


@benchmark("LSTM 64-256 on characters, 64 steps, batch 32, Adam step", numba=1.2, adam=True)
def lstm(t, **options):
    ids, targets = (whole(t, models.VOCABULARY, 32, 64, seed=seed) for seed in (1, 2))
    return training(t, models.writer(t), ids, targets, **options)


# -------------------------------------------------------------------------------------------------------------- kernels


def both_ways(function, *inputs, upstream=None):
    """Forward and backward of one function."""
    learning = [x for x in inputs if x.requires_grad]

    def run():
        for x in learning:
            x.grad = None
        result = function(*inputs)
        result.backward(upstream)
        return [result, *(x.grad for x in learning)]

    return run


TOKENS = BATCH * models.CONTEXT


@benchmark("softmax of 8192 × 128")
def softmax(t):
    return both_ways(lambda x: x.softmax(-1), drawn(t, 8192, 128, grad=True), upstream=drawn(t, 8192, 128))


@benchmark("log-softmax of 8192 × 128")
def log_softmax(t):
    return both_ways(lambda x: x.log_softmax(-1), drawn(t, 8192, 128, grad=True), upstream=drawn(t, 8192, 128))


@benchmark("cross-entropy of 2048 × 65")
def cross_entropy(t):
    scores, targets = drawn(t, TOKENS, models.VOCABULARY, grad=True), whole(t, models.VOCABULARY, TOKENS)
    return both_ways(t.nn.functional.cross_entropy, scores, targets)


@benchmark("LayerNorm of 2048 × 128")
def layer_norm(t):
    x, upstream = drawn(t, TOKENS, models.WIDTH, grad=True), drawn(t, TOKENS, models.WIDTH, seed=2)
    weight, bias = (drawn(t, models.WIDTH, seed=seed, grad=True) for seed in (3, 4))
    function = lambda x, w, b: t.nn.functional.layer_norm(x, (models.WIDTH,), w, b)
    return both_ways(function, x, weight, bias, upstream=upstream)


@benchmark("GELU (tanh) of 2048 × 512")
def gelu(t):
    function = functools.partial(t.nn.functional.gelu, approximate="tanh")
    shape = TOKENS, 4 * models.WIDTH
    return both_ways(function, drawn(t, *shape, grad=True), upstream=drawn(t, *shape, seed=2))


@benchmark("GELU (exact) of 2048 × 512")
def gelu_exact(t):
    shape = TOKENS, 4 * models.WIDTH
    return both_ways(t.nn.functional.gelu, drawn(t, *shape, grad=True), upstream=drawn(t, *shape, seed=2))


@benchmark("depthwise 3×3 convolution of 16 × 64 × 28 × 28")
def depthwise(t):
    x, weight = drawn(t, 16, 64, 28, 28, grad=True), drawn(t, 64, 1, 3, 3, seed=2, grad=True)
    function = lambda x, w: t.nn.functional.conv2d(x, w, padding=1, groups=64)
    return both_ways(function, x, weight, upstream=drawn(t, 16, 64, 28, 28, seed=3))


@benchmark("Adam on the 806,000 numbers of the GPT", adam=True)
def adam(t, **options):
    parameters = list(models.gpt(t).parameters())
    for seed, p in enumerate(parameters):
        p.grad = drawn(t, *p.shape, seed=seed)
    optimizer = t.optim.Adam(parameters, lr=1e-3, **options)

    def run():
        optimizer.step()
        return parameters

    return run


@benchmark("max-pooling 2×2 of 64 × 16 × 28 × 28")
def max_pool(t):
    x, upstream = drawn(t, 64, 16, 28, 28, grad=True), drawn(t, 64, 16, 14, 14, seed=2)
    return both_ways(lambda x: t.nn.functional.max_pool2d(x, 2), x, upstream=upstream)


@benchmark("embedding of 2048 tokens in 65 × 128")
def embedding(t):
    ids, upstream = whole(t, models.VOCABULARY, TOKENS), drawn(t, TOKENS, models.WIDTH)
    table = drawn(t, models.VOCABULARY, models.WIDTH, grad=True)
    return both_ways(t.nn.functional.embedding, ids, table, upstream=upstream)


@benchmark("causal attention of 16 × 4 × 128 × 32")
def attention(t):
    shape = BATCH, models.HEADS, models.CONTEXT, models.WIDTH // models.HEADS
    inputs = [drawn(t, *shape, seed=seed, grad=True) for seed in range(3)]
    function = functools.partial(t.nn.functional.scaled_dot_product_attention, is_causal=True)
    return both_ways(function, *inputs, upstream=drawn(t, *shape, seed=3))


def convolution(channels: int, size: int, gate=None, aim=None):
    """3×3, from `channels` to as many, on 16 images."""

    @benchmark(f"3×3 convolution, {channels} channels, {size}×{size}, batch 16", gate, aim=aim, name=f"conv-{channels}")
    def make(t):
        x, upstream = drawn(t, 16, channels, size, size, grad=True), drawn(t, 16, channels, size, size, seed=2)
        weight, bias = drawn(t, channels, channels, 3, 3, seed=3, grad=True), drawn(t, channels, seed=4, grad=True)
        function = functools.partial(t.nn.functional.conv2d, padding=1)
        return both_ways(function, x, weight, bias, upstream=upstream)


convolution(8, 28)
convolution(16, 28)
convolution(32, 28)
convolution(64, 28, gate=2.0, aim=1.3)
convolution(128, 14, gate=2.0, aim=1.3)
convolution(256, 7, gate=2.0, aim=1.3)


def recurrent(kind: str):
    """A layer through 100 steps, forward and backward, as the milestone of 1997 has it."""

    @benchmark(f"{kind}, 100 steps, 2 to 32, batch 32", name=f"{kind.lower()}-layer")
    def make(t):
        module = models.started(t, getattr(t.nn, kind)(2, 32))
        x, upstream = drawn(t, 100, 32, 2, grad=True), drawn(t, 100, 32, 32, seed=2)
        parameters = list(module.parameters())

        def run():
            module.zero_grad()
            x.grad = None
            output, _ = module(x)
            output.backward(upstream)
            return [output, x.grad, *(p.grad for p in parameters)]

        return run


recurrent("RNN")
recurrent("LSTM")
recurrent("GRU")
