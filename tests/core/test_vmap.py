"""vmap: code for one example on many at once, as PyTorch's."""

import numpy as np
import pytest
import torch

import tinytorch

BOTH = (tinytorch, torch)
RNG = np.random.default_rng(0)
X, Y, W = RNG.standard_normal((4, 3, 5)), RNG.standard_normal((4, 5)), RNG.standard_normal((5, 3))
IMAGES, KERNELS = RNG.standard_normal((3, 2, 2, 6, 6)), RNG.standard_normal((4, 2, 3, 3))
NUMBERS = RNG.integers(0, 3, (4, 6))


def leaves(value) -> list:
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (list, tuple)) else [value]


def both(program, *arrays, grad: bool = True, rtol: float = 1e-9) -> None:
    """`program(t, *tensors)` gives PyTorch's tensors, and their sum PyTorch's derivatives at the arrays of floats."""
    results = []
    for t in BOTH:
        given = [t.tensor(x, requires_grad=grad and x.dtype.kind == "f") for x in arrays]
        outputs = leaves(program(t, *given))
        values = [np.asarray(y.detach().numpy()) for y in outputs]
        if grad:
            total = sum((y * t.arange(y.numel()).reshape(y.shape).add(1).double().cos()).sum() for y in outputs)
            wanted = [x for x in given if x.requires_grad]
            values += [g.detach().numpy() for g in t.autograd.grad(total, wanted)]
        results.append(values)
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol, 1e-9)


OPERATIONS = {
    "arithmetic": lambda t, x: (x * 2 - x[0] / (x.abs() + 1)) ** 2,
    "reductions": lambda t, x: (x.sum(0), x.mean(), x.max(-1).values, x.var(1), x.prod(0), x.logsumexp(-1)),
    "softmax": lambda t, x: (x.softmax(-1), t.nn.functional.log_softmax(x, 0)),
    "activations": lambda t, x: (
        x.relu(),
        x.sigmoid(),
        x.tanh(),
        t.nn.functional.gelu(x),
        t.nn.functional.softplus(x),
        t.nn.functional.silu(x),
    ),
    "shapes": lambda t, x: (
        x.reshape(-1),
        x.t(),
        x.unsqueeze(1).expand(3, 2, 5),
        x.flip(0),
        x.roll(1, 0),
        t.cat([x, x], 1),
        t.stack([x, x]),
    ),
    "indexing": lambda t, x: (x[1], x[:, 1:4], x[..., None], x[t.tensor([0, 2])], x[:, [1, 1]], x[0, 3]),
    "changed in place": lambda t, x: changed(x.clone()),
    "products": lambda t, x: (x @ x.T, x[0] @ x[1], x @ x[0], t.einsum("ij,kj->ik", x, x), t.outer(x[0], x[1])),
    "sorting": lambda t, x: (x.sort(-1).values, x.topk(2, 0).values, x.cumsum(0)),
    "choices": lambda t, x: (t.where(x > 0, x, -x), x.clamp(-0.5, 0.5), x.masked_fill(x > 0, 0.0), x.tril(), x.triu(1)),
    "normalization": lambda t, x: (
        t.nn.functional.layer_norm(x, (5,)),
        t.nn.functional.normalize(x, dim=0),
        t.nn.functional.cosine_similarity(x, x + 1),
    ),
    "losses": lambda t, x: (
        t.nn.functional.cross_entropy(x, t.tensor([0, 1, 4])),
        t.nn.functional.mse_loss(x, x * 2),
        t.nn.functional.smooth_l1_loss(x, x * 3),
    ),
    "made anew": lambda t, x: (x + t.zeros_like(x), x + x.new_zeros(3, 5), x * t.ones(5).double()),
    "made anew and filled": lambda t, x: [
        filled(t, x, new) for new in (t.zeros_like(x), x.new_zeros(3, 5), x.new_full((3, 5), 2.0), t.full_like(x, 3))
    ],
}


def filled(t, x, new):
    new[0] = x[1]
    new[1:] += x[1:]
    return new


def changed(x):
    x[0] = x[1] * 2
    x[:, 2] += 1
    return x.mul_(3)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name):
    both(lambda t, x: t.vmap(lambda a: OPERATIONS[name](t, a))(x), X)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_at_two_levels(name):
    x = RNG.standard_normal((2, *X.shape))
    both(lambda t, x: t.vmap(t.vmap(lambda a: OPERATIONS[name](t, a)))(x), x)


def test_where_the_examples_lie():
    both(lambda t, x: t.vmap(lambda a: a.sum(0), in_dims=1, out_dims=1)(x), X)
    both(lambda t, x: t.vmap(lambda a: (a * 2, a.sum()), in_dims=-1, out_dims=(-1, 0))(x), X)
    both(lambda t, x, y: t.vmap(lambda a, b: a @ b)(x, y), X, Y)
    both(lambda t, x, w: t.vmap(lambda a, b: a @ b, (0, None))(x, w), X, W)
    both(lambda t, x, w: t.vmap(lambda a, b: a @ b.T, in_dims=(2, None))(x, w), X, W)
    both(lambda t, x, y: t.vmap(lambda d: d["x"] @ d["y"][0], ({"x": 0, "y": [0]},))({"x": x, "y": [y]}), X, Y)
    both(lambda t, x: t.vmap(lambda a, factor: a * factor, (0, None))(x, 3.0), X)
    both(lambda t, x: t.vmap(lambda a: {"sum": a.sum(), "same": [t.ones(2).double() * a[0, 0]]})(x), X)
    both(lambda t, x: t.vmap(lambda a: (a.sum(), t.arange(3)), out_dims=(0, None))(x), X, grad=False)
    both(lambda t, x, y: t.vmap(lambda a: t.vmap(lambda b: ((a - b) ** 2).sum())(y))(y), X, Y, grad=False)


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_in_chunks(size):
    both(lambda t, x: t.vmap(lambda a: (a.sum(0), a[0]), out_dims=(1, 0), chunk_size=size)(x), X)


def test_indices_that_differ():
    both(lambda t, x, i: t.vmap(lambda a, k: a[k % 3])(x, i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda a, k: a[:, k % 5])(x, i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda a, k: a.gather(0, k[None, :5]))(x, i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda k: t.nn.functional.embedding(k, x[0]))(i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda k: x[0].index_select(0, k))(i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda a, k: t.zeros_like(a).scatter_add(0, k[None, :5], a[:1]))(x, i), X, NUMBERS)
    both(lambda t, x, i: t.vmap(lambda k: t.nn.functional.one_hot(k, 3))(i), X, NUMBERS, grad=False)


def test_convolutions():
    both(lambda t, x, w: t.vmap(lambda a: t.nn.functional.conv2d(a, w, padding=1))(x), IMAGES, KERNELS)
    both(lambda t, x, w: t.vmap(lambda k: t.nn.functional.conv2d(x[0], k))(t.stack([w, w + 1])), IMAGES, KERNELS)
    both(lambda t, x: t.vmap(lambda a: t.nn.functional.max_pool2d(a, 2))(x), IMAGES)
    both(lambda t, x: t.vmap(lambda a: t.nn.functional.avg_pool2d(a, 2))(x), IMAGES)
    both(lambda t, x: t.vmap(lambda a: t.nn.functional.interpolate(a, scale_factor=2.0))(x), IMAGES)
    both(lambda t, x: t.vmap(lambda a: t.nn.functional.pad(a, (1, 0, 2, 1)))(x), IMAGES)


def test_attention():
    q = RNG.standard_normal((3, 2, 4, 8))
    both(lambda t, q: t.vmap(lambda a: t.nn.functional.scaled_dot_product_attention(a, a, a))(q), q)
    both(
        lambda t, q: t.vmap(lambda a: t.nn.functional.scaled_dot_product_attention(a, a, a, is_causal=True))(q),
        q,
    )


def test_gradients_of_each_example():
    """The use that the documentation of PyTorch opens with."""

    def program(t, x, y, w):
        loss = lambda w, x, y: t.nn.functional.mse_loss((x @ w).tanh(), y)
        return t.vmap(t.func.grad(loss), (None, 0, 0))(w, x, y)

    both(program, X, RNG.standard_normal((4, 3, 3)), W)


def test_an_ensemble():
    values = [[RNG.standard_normal(tuple(p.shape)) for p in torch.nn.Linear(5, 2).parameters()] for _ in range(3)]

    def program(t, x):
        models = [t.nn.Sequential(t.nn.Linear(5, 2), t.nn.Tanh()).double() for _ in values]
        for model, own in zip(models, values):
            for p, value in zip(model.parameters(), own):
                p.data = t.tensor(value)
        parameters, buffers = t.func.stack_module_state(models)
        call = lambda p, b, x: t.func.functional_call(models[0], (p, b), (x,))
        return t.vmap(call, (0, 0, None))(parameters, buffers, x)

    both(program, X[0])


@pytest.mark.parametrize("t", BOTH, ids=["tinytorch", "torch"])
class TestBothAlike:
    def test_random_numbers(self, t):
        x = t.zeros(5, 3)
        with pytest.raises(RuntimeError, match="random"):
            t.vmap(lambda a: a + t.rand(3))(x)
        same = t.vmap(lambda a: a + t.rand(3), randomness="same")(x)
        assert t.equal(same[0].expand(5, 3), same)
        other = t.vmap(lambda a: t.nn.functional.dropout(a + 1), randomness="different")(t.zeros(5, 300))
        assert len({tuple(row.tolist()) for row in other}) == 5

    def test_what_is_refused(self, t):
        x = t.ones(4, 3)
        for wrong in (
            lambda: t.vmap(lambda a: a, in_dims=2)(x),
            lambda: t.vmap(lambda a: a, in_dims=(0, 0))(x),
            lambda: t.vmap(lambda a: a, in_dims=None)(x),
            lambda: t.vmap(lambda a, b: a + b)(x, t.ones(5, 3)),
            lambda: t.vmap(lambda a: a, in_dims="0")(x),
            lambda: t.vmap(lambda a: 3)(x),
            lambda: t.vmap(lambda a: a, out_dims=(0, 0))(x),
            lambda: t.vmap(lambda: x)(),
            lambda: t.vmap(lambda a: a, chunk_size=0)(x),
        ):
            with pytest.raises(ValueError):
                wrong()
        with pytest.raises(RuntimeError, match="item"):
            t.vmap(lambda a: a.sum().item())(x)
        with pytest.raises(RuntimeError):
            t.vmap(lambda a: t.zeros(3).add_(a))(x)
        with pytest.raises(RuntimeError):
            t.vmap(lambda a: a.nonzero())(t.tensor([[0.0, 1.0], [1.0, 1.0]]))

    def test_what_the_examples_see(self, t):
        seen = []
        t.vmap(lambda a: seen.append((tuple(a.shape), a.ndim, a.numel(), a.dtype, len(a))) or a)(t.ones(4, 3, 2))
        assert seen == [((3, 2), 2, 6, t.float32, 3)]


def test_a_branch_that_depends_on_the_example():
    x = tinytorch.tensor([1.0, -1.0])
    with pytest.raises(RuntimeError, match="control flow"):
        tinytorch.vmap(lambda a: a if a > 0 else -a)(x)


def test_a_function_of_the_program():
    def square(t):
        class Square(t.autograd.Function):
            generate_vmap_rule = True

            @staticmethod
            def forward(x, w):
                return x * x * w, x + w

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs)

            @staticmethod
            def backward(ctx, first, second):
                x, w = ctx.saved_tensors
                return 2 * x * w * first + second, x * x * first + second

        return Square.apply

    both(lambda t, x, y: t.vmap(square(t))(x[:, 0], y), X, Y)
    both(lambda t, x, y: t.vmap(square(t), (0, None))(x[:, 0], y[0]), X, Y)
    both(lambda t, x, y: t.vmap(t.func.grad(lambda a, b: square(t)(a, b)[0].sum()))(x[:, 0], y), X, Y)
