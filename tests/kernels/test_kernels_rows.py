"""The kernels for rows, elements, tables, optimizers and attention against the numpy forms they stand for, and PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import backends
from tinytorch.autograd import grad, gradcheck
from tinytorch.nn import functional as F
from tinytorch.nn.embedding import scatter_add

pytestmark = pytest.mark.skipif("numba" not in backends.available(), reason="numba is not installed")


def attention(t, query, key, value, **options):
    return t.nn.functional.scaled_dot_product_attention(query, key, value, **options)


# name -> (function of tinytorch or torch and its inputs, the shapes of the inputs for n rows of length k)
FUNCTIONS = {
    "softmax": (lambda t, x: t.softmax(x, -1), lambda n, k: [(n, k)]),
    "softmax of 4 dimensions": (lambda t, x: t.softmax(x, 3), lambda n, k: [(2, 1, n, k)]),
    "softmax of columns": (lambda t, x: t.softmax(x, 0), lambda n, k: [(n, k)]),
    "log_softmax": (lambda t, x: t.log_softmax(x, -1), lambda n, k: [(n, k)]),
    "sigmoid": (lambda t, x: t.sigmoid(x), lambda n, k: [(n, k)]),
    "silu": (lambda t, x: t.nn.functional.silu(x), lambda n, k: [(n, k)]),
    "gelu": (lambda t, x: t.nn.functional.gelu(x), lambda n, k: [(n, k)]),
    "gelu tanh": (lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), lambda n, k: [(k, n)]),
    "layer_norm": (
        lambda t, x, w, b: t.nn.functional.layer_norm(x, x.shape[-1:], w, b),
        lambda n, k: [(2, n, k), (k,), (k,)],
    ),
    "layer_norm of 2 dimensions": (
        lambda t, x, w, b: t.nn.functional.layer_norm(x, x.shape[1:], w, b, eps=0.3),
        lambda n, k: [(3, n, k), (n, k), (n, k)],
    ),
    "layer_norm, turned around": (
        lambda t, x, w, b: t.nn.functional.layer_norm(x.permute(0, 2, 1), w.shape, w, b).permute(0, 2, 1),
        lambda n, k: [(2, k, n), (k,), (k,)],
    ),
    "layer_norm without bias": (
        lambda t, x, w: t.nn.functional.layer_norm(x, x.shape[1:], w),
        lambda n, k: [(n, k), (k,)],
    ),
    "layer_norm alone": (lambda t, x: t.nn.functional.layer_norm(x, x.shape[1:]), lambda n, k: [(n, k)]),
    "rms_norm": (lambda t, x, w: t.nn.functional.rms_norm(x, x.shape[1:], w, 1e-4), lambda n, k: [(n, k), (k,)]),
    "rms_norm alone": (lambda t, x: t.nn.functional.rms_norm(x, x.shape[1:]), lambda n, k: [(n, k)]),
    "cross_entropy": (lambda t, x: t.nn.functional.cross_entropy(x, classes(t, x)), lambda n, k: [(n, k)]),
    "cross_entropy, parts": (
        lambda t, x: t.nn.functional.cross_entropy(
            x,
            classes(t, x),
            weight=t.linspace(1.0, 2.0, x.shape[1]).to(x.dtype),
            ignore_index=0,
            reduction="sum",
            label_smoothing=0.1,
        ),
        lambda n, k: [(n, k, 2)],
    ),
    "embedding": (
        lambda t, w: t.nn.functional.embedding(t.tensor([[0, 2, 0], [1, 0, 2]]) % w.shape[0], w),
        lambda n, k: [(n, k)],
    ),
    "attention": (attention, lambda n, k: [(2, 2, n, k)] * 3),
    "attention, causal": (lambda t, *x: attention(t, *x, is_causal=True), lambda n, k: [(2, n, k)] * 3),
    "attention, causal, fewer keys": (
        lambda t, *x: attention(t, *x, is_causal=True, scale=-0.7),
        lambda n, k: [(n + 3, k), (n, k), (n, 5)],
    ),
    "attention, masked": (
        lambda t, *x: attention(t, *x, attn_mask=t.ones(x[0].shape[-2], x[1].shape[-2], dtype=t.bool).tril(1)),
        lambda n, k: [(3, n, k), (3, n + 1, k), (3, n + 1, k)],
    ),
    "attention, heads broadcast": (attention, lambda n, k: [(2, 3, n, k), (3, n, k), (1, 3, n, 2)]),
}
NAMES = pytest.mark.parametrize("name", FUNCTIONS)


def classes(t, scores):
    shape = tuple(scores.shape)
    return t.tensor(np.arange(np.prod(shape[:1] + shape[2:])).reshape(shape[:1] + shape[2:]) * 7 % shape[1])


LAYOUTS = {
    "plain": lambda a: a,
    "transposed": lambda a: np.asfortranarray(a),
    "with gaps": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
}


def leaf(array):
    result = tt.tensor(0.0)._fill(array)  # on the array itself, whatever its layout
    return result.requires_grad_()


def results(backend, name, arrays, upstream=None) -> list:
    """The output and the gradients of all inputs."""
    with backends.use(backend), np.errstate(all="ignore"):
        inputs = [leaf(a) for a in arrays]
        output = FUNCTIONS[name][0](tt, *inputs)
        output.backward(
            tt.tensor(np.ones_like(output.detach().numpy()) if upstream is None else upstream(output.shape))
        )
        return [output.detach().numpy(), *(x.grad.numpy() for x in inputs)]


def drawn(name, n, k, kind=np.float32, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal(shape) * scale).astype(kind) for shape in FUNCTIONS[name][1](n, k)]


def upstream_of(seed, kind):
    return lambda shape: np.random.default_rng(seed).standard_normal(shape).astype(kind)


@NAMES
@settings(max_examples=8)
@given(n=st.integers(1, 9), k=st.integers(1, 40), kind=st.sampled_from(["float32", "float64"]),
       layout=st.sampled_from(list(LAYOUTS)), scale=st.sampled_from([0.01, 1.0, 30.0]))  # fmt: skip
def test_kernel_and_numpy_agree(name, n, k, kind, layout, scale):
    arrays = [LAYOUTS[layout](a) for a in drawn(name, n, k, kind, scale)]
    ours, theirs = (results(backend, name, arrays, upstream_of(1, kind)) for backend in ("numba", "numpy"))
    for i, (a, b) in enumerate(zip(ours, theirs)):
        assert a.dtype == b.dtype == np.dtype(kind) and a.shape == b.shape
        room = 2e-5 * max(1.0, np.abs(b).max()) * (30 if k < 3 and "norm" in name else 1)  # 1 / (almost no variance)
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=room, err_msg=f"{i}: 0 the output, then the inputs")


@NAMES
def test_kernel_and_pytorch_agree(name):
    function, (n, k) = FUNCTIONS[name][0], (6, 33)
    arrays = drawn(name, n, k)
    ours = results("numba", name, arrays, upstream_of(2, np.float32))
    inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
    output = function(torch, *inputs)
    output.backward(torch.tensor(upstream_of(2, np.float32)(tuple(output.shape))))
    for a, b in zip(ours, [output.detach(), *(x.grad for x in inputs)]):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=2e-5)


@NAMES
def test_gradients_by_differences(name):
    """In float64, which the kernels decline: what is around them stays right."""
    with backends.use("numba"):
        gradcheck(
            lambda *x: FUNCTIONS[name][0](tt, *x),
            [tt.tensor(a, requires_grad=True) for a in drawn(name, 3, 4, "float64")],
        )


EXTREMES = ["nan", "inf", "-inf", "1e30", "-1e30", "88", "-88", "-104", "0"]


@NAMES
@settings(max_examples=8)
@given(data=st.data(), k=st.integers(1, 20))
def test_extremes(name, data, k):
    """Kernel and numpy agree where there is nan or inf; rounding may decide which side of overflow a number falls on."""
    arrays = drawn(name, 4, k)
    for _ in range(data.draw(st.integers(1, 4))):
        array = arrays[0]
        place = data.draw(st.integers(0, array.size - 1))
        array.reshape(-1)[place] = float(data.draw(st.sampled_from(EXTREMES)))
    if data.draw(st.booleans()):
        arrays[0][..., :1, :] = data.draw(st.sampled_from([-np.inf, np.inf, 1e30]))  # a row of them
    ours, theirs = (results(backend, name, arrays)[0] for backend in ("numba", "numpy"))
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sigmoid", "silu", "gelu", "gelu tanh", "cross_entropy"])
@pytest.mark.parametrize("extreme", ["nan", "inf", "-inf", "1e4", "-1e4"])
def test_gradients_at_extremes(name, extreme):
    arrays = drawn(name, 3, 5)
    arrays[0][1, 2] = float(extreme)
    for a, b in zip(results("numba", name, arrays), results("numpy", name, arrays)):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["softmax", "log_softmax", "sigmoid", "silu", "gelu", "gelu tanh", "layer_norm", "rms_norm", "attention"]
)
@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0)])
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_empty(name, shape):
    arrays = drawn(name, *shape)
    for a, b in zip(results("numba", name, arrays), results("numpy", name, arrays)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sigmoid", "silu", "gelu", "gelu tanh", "cross_entropy"])
def test_second_derivatives(name):
    found = []
    for backend in ("numba", "numpy"):
        with backends.use(backend):
            x = leaf(drawn(name, 3, 5)[0])
            (first,) = grad((FUNCTIONS[name][0](tt, x) ** 2).sum(), [x], create_graph=True)
            found.append([first.detach().numpy(), grad((first**3).sum(), [x])[0].numpy()])
    for a, b in zip(*found):
        assert np.abs(b).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_second_derivative_of_dropout():
    found = []
    for backend in ("numba", "numpy"):
        with backends.use(backend):
            tt.manual_seed(0)
            x = leaf(np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32))
            (first,) = grad((F.dropout(x, 0.4) ** 3).sum(), [x], create_graph=True)
            found.append([first.detach().numpy(), grad((first**2).sum(), [x])[0].numpy()])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@given(p=st.floats(0.01, 0.99), n=st.integers(1, 50), kind=st.sampled_from([np.float32, np.float64]))
def test_dropout_draws_as_before(p, n, kind):
    found = []
    for backend in ("numba", "numpy"):
        with backends.use(backend):
            tt.manual_seed(3)
            x = leaf(np.linspace(-1, 2, 3 * n).reshape(3, n).astype(kind))
            output = F.dropout(x, p)
            output.sum().backward()
            found.append([output.detach().numpy(), x.grad.numpy()])
    for a, b in zip(*found):
        assert a.dtype == kind
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("ids", [[0, 5], [-1], [3, 2**40]])
def test_an_id_beyond_the_table_raises(ids):
    with backends.use("numba"), pytest.raises(IndexError, match="out of range"):
        F.embedding(tt.tensor(ids), tt.zeros(5, 3))
    if max(ids) >= 5:  # numpy's form counts negative ones from the end
        with backends.use("numba"), pytest.raises(IndexError, match="out of bounds"):
            scatter_add(np.array(ids), np.ones((len(ids), 3), np.float32), 5)


@given(ids=st.lists(st.integers(0, 6), max_size=20), size=st.integers(1, 9), kind=st.sampled_from([np.int32, np.int64]))
def test_scatter_add(ids, size, kind):
    ids, rng = np.array(ids, kind), np.random.default_rng(0)
    rows = rng.standard_normal((len(ids), size)).astype(np.float32)
    expected = np.zeros((7, size))
    np.add.at(expected, ids, rows)
    with backends.use("numba"):
        np.testing.assert_allclose(scatter_add(ids, rows, 7), expected, atol=1e-5)


ADAMS = [
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "maximize": True}),
    ("Adam", {"amsgrad": True, "lr": 0.1}),
]


@pytest.mark.parametrize(("name", "options"), ADAMS)
def test_adam(name, options):
    """As PyTorch, over several steps, in parameters of all shapes and layouts; the state stays what it was."""
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(s).astype(np.float32) for s in [(7, 5), (3,), (), (0, 2)]]
    starts += [np.asfortranarray(starts[0]), starts[0].astype(np.float64)]
    ours, theirs = [leaf(a.copy(order="K")) for a in starts], [torch.tensor(a, requires_grad=True) for a in starts]
    mine, other = (getattr(t.optim, name)(ps, **options) for t, ps in ((tt, ours), (torch, theirs)))
    with backends.use("numba"):
        for _ in range(4):
            for p, q in zip(ours, theirs):
                g = rng.standard_normal(p.shape).astype(p.dtype.numpy)
                p.grad, q.grad = tt.tensor(g), torch.tensor(g)
            mine.step()
            other.step()
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-4, atol=1e-5)
    state, expected = mine.state_dict()["state"], other.state_dict()["state"]
    assert {i: list(s) for i, s in state.items()} == {i: list(s) for i, s in expected.items()}
    for i, s in state.items():
        for key, value in s.items():
            np.testing.assert_allclose(value.numpy(), expected[i][key].numpy(), rtol=1e-4, atol=1e-6)


def losses(backend, make, steps=6):
    with backends.use(backend):
        tt.manual_seed(0)
        model, inputs, targets = make()
        optimizer = tt.optim.AdamW(model.parameters(), lr=3e-3)
        found = []
        for _ in range(steps):
            optimizer.zero_grad()
            scores = model(inputs)
            loss = F.cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1))
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found


def small_gpt(dropout):
    from tinytorch.nn.gpt import GPT, GPTConfig

    ids = tt.randint(0, 17, (3, 13))
    return GPT(GPTConfig(17, 12, 2, 2, 16, dropout=dropout)), ids[:, :-1], ids[:, 1:]


def small_mlp():
    nn = tt.nn
    model = nn.Sequential(
        nn.Linear(20, 33), nn.GELU(), nn.LayerNorm(33), nn.Linear(33, 16), nn.Sigmoid(), nn.Linear(16, 5)
    )
    return model, tt.randn(12, 20), tt.randint(0, 5, (12,))


@pytest.mark.parametrize(
    "make", [lambda: small_gpt(0.0), lambda: small_gpt(0.1), small_mlp], ids=["GPT", "GPT, dropout", "MLP"]
)
def test_training_is_the_same(make):
    ours, theirs = losses("numba", make), losses("numpy", make)
    assert ours[-1] < ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=2e-4)


@pytest.mark.parametrize("changed", ["nothing", "batch", "no bias", "exact gelu", "hook", "training", "subclass"])
def test_one_more_token(changed):
    """Logits and cache, token by token, and two texts that share their beginning."""
    from tinytorch.nn.gpt import GPT, Block, GPTConfig, KeyValueCache

    tt.manual_seed(0)
    model = GPT(GPTConfig(17, 12, 2, 2, 16, bias=changed != "no bias", dropout=0.1)).eval()
    block, seen = model.blocks[1], []
    if changed == "exact gelu":
        block.mlp.gelu = tt.nn.GELU().eval()
    elif changed == "hook":
        block.mlp.gelu.register_forward_hook(lambda module, args, output: seen.append(1))
    elif changed == "training":
        model.train()
    elif changed == "subclass":
        block.__class__ = type(
            "Doubled", (Block,), {"forward": lambda self, x, cache=None: Block.forward(self, x, cache) * 2}
        )
    ids = tt.randint(0, 17, (3 if changed == "batch" else 1, 8))
    found = []
    for backend in ("numba", "numpy"):
        with backends.use(backend), tt.no_grad():
            tt.manual_seed(1)
            cache, other = KeyValueCache(), KeyValueCache()
            steps = [model(ids[:, :3], cache), *(model(ids[:, i : i + 1], cache) for i in (3, 4))]
            other.kept = dict(cache.kept)
            steps += [
                model(ids[:, 5:6], cache),
                model(ids[:, 6:7], other),
                model(ids[:, 7:8], cache),
                model(ids[:, 6:8], other),
            ]
            steps += [part for kept in (cache, other) for pair in kept.kept.values() for part in pair]
            found.append([step.numpy() for step in steps])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert len(seen) == (14 if changed == "hook" else 0)


def test_memory_is_kept_only_where_the_c_library_can(monkeypatch):
    assert backends.keep_memory() in (True, False)
    for missing in (AttributeError, OSError, TypeError):

        def load(name, missing=missing):
            raise missing

        monkeypatch.setattr("ctypes.CDLL", load)
        assert not backends.keep_memory()


def test_generation_is_the_same():
    from tinytorch.nn.gpt import generate

    model = small_gpt(0.0)[0]
    written = []
    for backend in ("numba", "numpy"):
        with backends.use(backend):
            written.append(generate(model, tt.tensor([[1, 2, 3]]), 9, greedy=True).tolist())
    assert written[0] == written[1]
