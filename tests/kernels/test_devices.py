"""`device="cuda"` without a GPU: the whole package on a strict stand-in for CuPy's arrays (tests/cupy_standin.py)."""

import contextlib
import copy
import inspect
import io
import math
import pickle
import warnings

import cupy_standin as standin
import numpy as np
import pytest
import registry.tools
from registry import FUNCTIONS, MODULES, Draw

import tinytorch as tt
import tinytorch.nn.functional as F
from tinytorch import backends, nn
from tinytorch.data.dataloader import DataLoader, TensorDataset
from tinytorch.serialization import load_file, save_file
from tinytorch.training import Trainer

MAKERS = "tensor zeros ones full arange eye rand randn randint empty linspace".split()


@pytest.fixture(autouse=True)
def gpu():
    with contextlib.ExitStack() as stack:
        if "cuda" in backends.DEVICES:  # a real one: it comes back afterwards
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(backends, "DEVICES", dict(backends.DEVICES))
        standin.install()
        stack.callback(standin.remove)
        yield


def there(x):
    """Arrays in an example's options where its inputs are."""
    if isinstance(x, np.ndarray):
        return backends.moved(x, "cuda")
    return type(x)(map(there, x)) if isinstance(x, (tuple, list)) else x


@contextlib.contextmanager
def all_on_cuda():
    """What examples make of numbers, they make on "cuda"."""
    with pytest.MonkeyPatch.context() as patch:
        for name in MAKERS:
            make = getattr(tt, name)
            patch.setattr(tt, name, lambda *a, make=make, **o: make(*a, **({"device": "cuda"} | o)))

        class OnCuda:
            def __init__(self, function):
                self.function = function

            def apply(self, *inputs, **options):
                options = {key: x if key == "taps" else there(x) for key, x in options.items()}
                return self.function.apply(*inputs, **options)

        plain = registry.tools.functions
        patch.setattr(registry.tools, "functions", lambda: {name: OnCuda(f) for name, f in plain().items()})
        yield


def where(device):
    return all_on_cuda() if device == "cuda" else contextlib.nullcontext()


def same(ours, theirs, rtol=1e-9, atol=1e-12):
    """The results on the CPU, and those on "cuda"."""
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.is_cpu and b.is_cuda and a.dtype is b.dtype, (a.device, b.device)
            np.testing.assert_allclose(b.detach().cpu().numpy(), a.detach().numpy(), rtol, atol)


def of(device, arrays):
    return [tt.tensor(np.asarray(a, np.float64)).to(device).requires_grad_() for a in arrays]


@pytest.mark.parametrize(
    ("name", "example"),
    [
        pytest.param(name, e, id=f"{name}-{i}")
        for name, es in FUNCTIONS.items()
        if name != "Move"
        for i, e in enumerate(es)
    ],
)
def test_functions(name, example):
    def run(device):
        inputs = of(device, example.arrays(np.random.default_rng(1)))
        with where(device):
            output = example.call(tt, *inputs)
        upstream = tt.tensor(np.random.default_rng(2).standard_normal(output.shape)).to(device)
        twice = example.twice and registry.tools.functions()[name].differentiable_twice
        first = tt.autograd.grad(output, inputs, upstream, allow_unused=True, create_graph=twice)
        if not twice:
            return [output, *first]
        found = [g for g in first if g is not None and g.requires_grad]
        second = tt.autograd.grad(sum((g * g).sum() for g in found), inputs, allow_unused=True) if found else ()
        return [output, *first, *second]

    same(run("cpu"), run("cuda"), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "make", "inputs"),
    [pytest.param(name, *e, id=f"{name}-{i}") for name, es in MODULES.items() for i, e in enumerate(es)],
)
@pytest.mark.filterwarnings("ignore:reduction")
def test_modules(name, make, inputs):
    def run(device):
        drawn = inputs(Draw(np.random.default_rng(2)))
        xs = [tt.tensor(x[0] if isinstance(x, tuple) else x).to(device) for x in drawn]
        xs = [x if isinstance(d, tuple) else x.requires_grad_() for x, d in zip(xs, drawn, strict=True)]
        with where(device):
            tt.manual_seed(1)
            module = make(tt).to(tt.float64).to(device)
            tt.manual_seed(3)
            output = module(*xs)
        output.backward(tt.tensor(np.random.default_rng(3).standard_normal(output.shape)).to(device))
        return [output, *(x.grad for x in xs if x.requires_grad), *(p.grad for p in module.parameters())]

    same(run("cpu"), run("cuda"))


# --------------------------------------------------------------------------------------------------------------- tensors


def test_where_a_tensor_lives():
    x = tt.tensor([[1.0, 2.0], [3.0, 4.0]])
    y = x.cuda()
    assert (x.is_cpu, x.is_cuda, y.is_cpu, y.is_cuda) == (True, False, False, True)
    assert str(x.device) == "cpu" and str(y.device) == "cuda:0" and y.device.type == "cuda" and y.device.index == 0
    assert y.device == tt.device("cuda:0") == tt.device("cuda", 0) and y.device != tt.device("cuda")
    assert y.to("cuda") is y and y.cuda() is y and x.cpu() is x and x.to(x.device) is x and y.to(y) is y
    assert y.to(x).is_cpu and x.to(y).is_cuda and x.type_as(y.double()).dtype is tt.float64
    assert y.cpu().tolist() == y.tolist() == x.tolist() and y[1, 0].item() == 3 and float(y[0, 0]) == 1
    assert y.to("cpu", tt.float64).dtype is tt.float64 and x.to("cuda", tt.int64).sum().item() == 10
    assert x.to(device="cuda", dtype=tt.float64).dtype is tt.float64 and y.pin_memory() is y
    assert y.type() == "torch.cuda.FloatTensor"
    assert repr(y).replace("\n", "") == "tensor([[1., 2.],        [3., 4.]], device='cuda:0')"
    assert "requires_grad=True" in repr(y.clone().requires_grad_()) and repr(tt.tensor([True]).cuda())
    with pytest.raises(TypeError, match=r"can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        y.numpy()
    with pytest.raises(TypeError, match="cuda:0"):
        np.asarray(y)
    for name in ("cuda:1", "mps", "tpu"):
        with pytest.raises(RuntimeError, match="is not there"):
            x.to(name)


def test_moving_has_a_gradient():
    x = tt.tensor([1.0, 2.0], requires_grad=True)
    y = x.cuda() * 3
    (y * y).sum().cpu().backward()
    assert x.grad.is_cpu and x.grad.tolist() == [18, 36]
    x.grad = None
    (first,) = tt.autograd.grad((x.cuda() ** 3).sum(), x, create_graph=True)
    assert first.is_cpu and tt.autograd.grad(first.cuda().sum(), x)[0].tolist() == [6, 12]


def test_creation_on_a_device():
    makers = [
        lambda **o: tt.zeros(2, 3, **o),
        lambda **o: tt.ones(2, dtype=tt.int64, **o),
        lambda **o: tt.full((2,), 7, **o),
        lambda **o: tt.eye(3, **o),
        lambda **o: tt.arange(2, 9, 3, **o),
        lambda **o: tt.arange(0, 1, 0.25, **o),
        lambda **o: tt.linspace(0, 1, 5, **o),
        lambda **o: tt.tensor([1, 2], **o),
        lambda **o: tt.as_tensor([1.0, 2], **o),
        lambda **o: tt.rand(4, **o),
        lambda **o: tt.randn(4, dtype=tt.float64, **o),
        lambda **o: tt.randint(9, (4,), **o),
        lambda **o: tt.randperm(4, **o),
        lambda **o: tt.normal(1.0, 2.0, (3,), **o),
    ]
    for make in makers:
        tt.manual_seed(0)
        expected = make()
        for device in ("cuda", "cuda:0", tt.device("cuda")):
            tt.manual_seed(0)
            got = make(device=device)
            assert got.is_cuda and got.dtype is expected.dtype and got.tolist() == expected.tolist()
    assert tt.zeros(2, device="cuda", requires_grad=True).requires_grad
    with standin.counted() as crossed:
        (
            tt.zeros(3, device="cuda"),
            tt.ones(3, device="cuda"),
            tt.arange(3, device="cuda"),
            tt.full((3,), 2.0, device="cuda"),
        )
    assert not crossed


def test_like_and_new_and_random_numbers_are_where_the_tensor_is():
    x = tt.tensor([[0.3, 0.7]], device="cuda", dtype=tt.float64)
    for make in (tt.zeros_like, tt.ones_like, tt.empty_like, tt.rand_like, tt.randn_like):
        assert (
            make(x).is_cuda and make(x).dtype is x.dtype and make(x).shape == x.shape and make(x, device="cpu").is_cpu
        )
    assert tt.full_like(x, 2).tolist() == [[2, 2]] and tt.full_like(x, 2).is_cuda and tt.randint_like(x, 3).is_cuda
    for made in (x.new_zeros(2), x.new_ones(2), x.new_empty(2), x.new_full((2,), 3), x.new_tensor([1, 2])):
        assert made.is_cuda and made.dtype is tt.float64 and made.shape == (2,)
    tt.manual_seed(5)
    draws = [tt.bernoulli, lambda x: tt.multinomial(x, 1), lambda x: tt.normal(x, 1.0), tt.poisson]
    draws += [lambda x: tt.binomial(x.ceil(), x), tt._standard_gamma, tt._sample_dirichlet]
    draws += [lambda x, kind=kind: kind(x, x).sample() for kind in (tt.distributions.VonMises, tt.distributions.Cauchy)]
    expected = [draw(x.cpu()) for draw in draws]
    tt.manual_seed(5)
    same(expected, [draw(x) for draw in draws])
    for fill in ("normal_", "uniform_", "exponential_", "log_normal_", "bernoulli_", "random_", "cauchy_"):
        tt.manual_seed(1)
        there = getattr(x.clone(), fill)()
        tt.manual_seed(1)
        same([getattr(x.cpu().clone(), fill)()], [there])
    assert tt.Generator(device="cuda").manual_seed(1).initial_seed() == 1


def test_what_is_said_of_a_matrix_is_where_the_matrix_is():
    for a in (tt.eye(2), tt.zeros(3, 2, 2), tt.stack([tt.eye(2), tt.zeros(2, 2)])):
        for call in (
            tt.linalg.inv_ex,
            tt.linalg.cholesky_ex,
            lambda a: tt.linalg.solve_ex(a, tt.ones(2, 1).to(a.device)),
        ):
            there = call(a.to("cuda"))
            assert there.info.is_cuda
            same(list(call(a)), list(there))


def test_comparison_and_places():
    x = tt.tensor([[3.0, 1.0, 2.0], [2.0, 2.0, 9.0]])
    for call in (
        lambda x: x > 1.5,
        lambda x: x == x.flip(0),
        lambda x: (x > 1) & ~(x > 2),
        lambda x: x.argmax(),
        lambda x: x.argmin(1, keepdim=True),
        lambda x: x.argsort(-1, descending=True),
        lambda x: (x > 1).any(0),
        lambda x: (x > 1).all(),
        lambda x: x.count_nonzero(1),
        lambda x: (x > 2).nonzero(),
        lambda x: x.unique(),
        lambda x: x.unique(return_counts=True)[1],
        lambda x: tt.isin(x, tt.tensor([2.0, 9.0]).to(x.device)),
        lambda x: x.long().reshape(-1).bincount(minlength=12),
        lambda x: tt.searchsorted(tt.tensor([1.0, 2.0, 3.0]).to(x.device), x),
        lambda x: tt.isclose(x, x + 1e-9),
        lambda x: x.topk(2).indices,
        lambda x: x.sort(0, descending=True).values,
        lambda x: x.median(1).values,
        lambda x: x.reshape(-1).cummax(0).values,
        lambda x: x.reshape(-1).cummin(0).indices,
        lambda x: x.reshape(-1).double().logcumsumexp(0),
        lambda x: x.reshape(-1).mode().values,
        lambda x: x.reshape(-1).unique_consecutive(return_counts=True)[1],
        lambda x: tt.block_diag(x, x[0]),
        lambda x: tt.gradient(x)[1],
        lambda x: tt.gcd(x.long(), x.long().flip(0)),
        lambda x: x.reshape(-1).scatter_reduce(0, x.reshape(-1).long() % 2, x.reshape(-1), "prod"),
        lambda x: x.reshape(-1).scatter_reduce(0, x.reshape(-1).long() % 2, x.reshape(-1), "amin", include_self=False),
        lambda x: x[:, [0, 2]],
        lambda x: x[tt.tensor([1, 0])],
        lambda x: x[x > 1.5],
        lambda x: x[tt.tensor([1]).to(x.device), 1:],
        lambda x: x.repeat_interleave(2, 1),
        lambda x: tt.one_hot(x.long()) if hasattr(tt, "one_hot") else F.one_hot(x.long()),
        lambda x: F.pad(x, (1, 2), mode="reflect"),
        lambda x: F.max_pool2d(x[None, None], 2, 1, return_indices=True)[1],
        lambda x: tt.diag(x[0], 1),
        lambda x: tt.where(x > 2, x, 0.0),
        lambda x: tt.tril(x),
        lambda x: tt.zeros_like(x).long().scatter_add(1, x.long() % 3, x.long()),
        lambda x: x.long().index_add(0, x.long()[1, :2] % 2, -x.long()),
        lambda x: x.long().index_put((x.long()[1] % 2,), x.long()[0], accumulate=True),
    ):
        same([call(x)], [call(x.cuda())])
    assert tt.equal(x.cuda(), x.cuda()) and tt.allclose(x.cuda(), x.cuda() + 1e-9) and 9.0 in x.cuda()
    assert bool((x.cuda() == 3).any()) and f"{x.cuda().max():.1f}" == "9.0"


def test_functions_that_make_something_beside_their_input():
    """Ranks, edges, grids and bases are made where the numbers are."""
    x = tt.from_numpy(np.random.default_rng(0).standard_normal((3, 4)))
    there = lambda like, values, **options: tt.tensor(values, **options).to(like.device)
    grid = lambda x: tt.linspace(-1.2, 1.2, 8, dtype=x.dtype).to(x.device).reshape(1, 2, 2, 2)
    sample = lambda x, mode, padding: F.grid_sample(x[None, None], grid(x), mode, padding, align_corners=False)
    for call in (
        lambda x: x.quantile(0.3, 1),
        lambda x: x.quantile(there(x, [0.2, 0.7], dtype=tt.float64), 0, True, interpolation="midpoint"),
        lambda x: x.nanquantile(0.3),
        lambda x: sample(x, "bilinear", "zeros"),
        lambda x: sample(x, "bicubic", "reflection"),
        lambda x: sample(x, "nearest", "border"),
        lambda x: tt.histogram(x, 4, weight=x.abs(), density=True)[0],
        lambda x: tt.histogram(x, there(x, [-1.0, 0.0, 1.0], dtype=tt.float64))[1],
        lambda x: tt.histogramdd(x[:, :2], [2, 3])[0],
        lambda x: tt.segment_reduce(x, "mean", lengths=there(x, [2, 0, 1])).nan_to_num(),
        lambda x: tt.segment_reduce(x, "max", offsets=there(x, [0, 1, 3]), initial=0.5),
        lambda x: tt.func.jacrev(lambda row: row**2)(x[0]),
        lambda x: nn.utils.parametrizations._Orthogonal(x, "cayley", False)(x),
        lambda x: nn.utils.parametrizations._Orthogonal(x, "householder", False)(x),
    ):
        same([call(x)], [call(x.cuda())])


def test_in_place():
    for change in (
        lambda x: x.add_(1).mul_(2).sub_(x).div_(3),
        lambda x: x.__setitem__((slice(None), 1), 5.0),
        lambda x: x.__setitem__((0, slice(None)), tt.tensor([7.0, 8.0, 9.0])),
        lambda x: x.__setitem__(x > 2, 0.0),
        lambda x: x[:, 0].mul_(3.0),
        lambda x: x.T[1].copy_(tt.tensor([1.0, -1.0])),
        lambda x: x.fill_(2).zero_(),
        lambda x: x.clamp_(1, 2),
        lambda x: x.masked_fill_(x > 1, -1.0),
        lambda x: x.data.mul_(2),
        lambda x: x.t_(),
    ):
        results = []
        for device in ("cpu", "cuda"):
            leaf = tt.arange(6.0).reshape(2, 3).to(device).requires_grad_()
            x = leaf * 1
            change(x)
            (x * x).sum().backward()
            results.append([x, leaf.grad])
        same(*results)
    with pytest.raises(RuntimeError, match="single memory location"):
        tt.zeros(1, device="cuda").expand(3).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x = tt.ones(2, device="cuda", requires_grad=True) * 1
        y = x.exp()
        y.add_(1)
        y.sum().backward()


def test_copies():
    x = tt.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    for made in (copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x)), x.detach().clone(), tt.tensor(x)):
        assert made.is_cuda and made.tolist() == [1, 2]
    assert tt.Tensor([1]).is_cpu


def test_two_devices_do_not_mix():
    cpu, gpu = tt.ones(3), tt.ones(3, device="cuda")
    message = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
    weight = tt.ones(3, 3)
    for mix in (
        lambda: cpu + gpu,
        lambda: gpu + cpu,
        lambda: gpu * cpu,
        lambda: gpu - cpu,
        lambda: gpu / cpu,
        lambda: gpu**cpu,
        lambda: gpu == cpu,
        lambda: cpu < gpu,
        lambda: gpu @ cpu,
        lambda: weight @ gpu,
        lambda: gpu.add_(cpu),
        lambda: cpu.mul_(gpu),
        lambda: tt.cat([cpu, gpu]),
        lambda: tt.stack([gpu, cpu]),
        lambda: tt.maximum(gpu, cpu),
        lambda: tt.where(gpu > 0, gpu, cpu),
        lambda: F.linear(gpu, weight),
        lambda: nn.Linear(3, 2)(gpu),
        lambda: nn.Linear(3, 2).cuda()(cpu),
        lambda: nn.LayerNorm(3)(gpu),
        lambda: nn.Conv1d(1, 1, 2).cuda()(cpu[None, None]),
        lambda: nn.Conv1d(1, 1, 2)(gpu[None, None]),
        lambda: F.mse_loss(gpu, cpu),
        lambda: nn.MultiheadAttention(3, 1)(gpu[None], gpu[None], gpu[None]),
    ):
        with pytest.raises(RuntimeError, match=message):
            mix()


def test_a_single_number_may_join():
    x = tt.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    two = tt.tensor(2.0, requires_grad=True)
    y = x * two
    assert y.is_cuda and y.tolist() == [2, 4]
    y.sum().backward()
    assert two.grad.is_cpu and two.grad.item() == 3 and x.grad.is_cuda
    assert (tt.tensor(1.0) - x).is_cuda and (x > tt.tensor(1.5)).tolist() == [False, True]


# -------------------------------------------------------------------------------------------------------------- programs


def digits(n, *shape):
    rng = np.random.default_rng(0)
    return tt.tensor(rng.standard_normal((n, *shape)).astype(np.float32)), tt.tensor(rng.integers(0, 4, n))


def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 4)), digits(8, 6)


def cnn():
    layers = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, stride=2)
    return nn.Sequential(*layers, nn.GELU(), nn.AvgPool2d(1), nn.Flatten(), nn.Linear(4, 4)), digits(5, 1, 8, 8)


def gpt():
    from tinytorch.nn.gpt import GPT, GPTConfig

    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.gpt = GPT(
                GPTConfig(vocab_size=4, block_size=6, n_layer=2, n_head=2, n_embd=8, dropout=0.0, bias=False)
            )

        def forward(self, ids):
            return self.gpt(ids).reshape(-1, 4)

    rng = np.random.default_rng(0)
    return Scores(), (tt.tensor(rng.integers(0, 4, (3, 6))), tt.tensor(rng.integers(0, 4, 18)))


OPTIMIZERS = {
    "Adam": lambda ps: tt.optim.Adam(ps, 1e-2, weight_decay=0.01),
    "AdamW-amsgrad": lambda ps: tt.optim.AdamW(ps, 1e-2, amsgrad=True),
    "SGD": lambda ps: tt.optim.SGD(ps, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "RMSprop": lambda ps: tt.optim.RMSprop(ps, 1e-2, momentum=0.5, centered=True),
    "Adagrad": lambda ps: tt.optim.Adagrad(ps, 1e-2),
}


def trained(program, device, make=OPTIMIZERS["Adam"], steps=3, clip=False):
    """(the parameters and buffers after some steps, what crossed over in the last one)."""
    tt.manual_seed(0)
    model, (x, y) = program()
    model, x, y = model.to(device), x.to(device), y.to(device)
    optimizer = make(model.parameters())
    for _ in range(steps):
        with standin.counted() as crossed:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
    return [*model.state_dict().values(), loss], crossed


@pytest.mark.parametrize("program", [mlp, cnn, gpt])
def test_training_gives_the_same_weights_and_nothing_crosses_over(program):
    ours, crossed = trained(program, "cpu")
    assert not crossed
    theirs, crossed = trained(program, "cuda")
    assert not crossed, f"a step of {program.__name__} sent {dict(crossed)}"
    same(ours, theirs, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer):
    ours, _ = trained(mlp, "cpu", OPTIMIZERS[optimizer])
    theirs, crossed = trained(mlp, "cuda", OPTIMIZERS[optimizer])
    assert not crossed
    same(ours, theirs, rtol=2e-3, atol=1e-4)


def test_clipping_waits_for_one_number():
    ours, _ = trained(mlp, "cpu", clip=True)
    theirs, crossed = trained(mlp, "cuda", clip=True)
    assert crossed == {"to host": 1}
    same(ours, theirs, rtol=2e-3, atol=1e-4)
    p = nn.Parameter(tt.ones(2, device="cuda"))
    p.grad = tt.tensor([3.0, -4.0], device="cuda")
    nn.utils.clip_grad_value_([p], 3.5)
    assert p.grad.tolist() == [3, -3.5]


def test_losses_of_classes():
    scores, classes = digits(6, 4)
    weight = tt.tensor([1.0, 2.0, 0.5, 3.0])
    for options in ({}, {"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.1}, {"ignore_index": 1}):
        for weighted in (False, True):
            results = []
            for device in ("cpu", "cuda"):
                x, y = scores.clone().to(device).requires_grad_(), classes.to(device)
                w = weight.to(device) if weighted else None
                loss = F.cross_entropy(x, y, w, **options)
                loss.sum().backward()
                more = []
                if "label_smoothing" not in options:
                    more = [F.nll_loss(F.log_softmax(x, 1), y, w, **options)]
                results.append([loss, x.grad, *more])
            same(*results, rtol=1e-5, atol=1e-6)


def test_generation():
    from tinytorch.nn.gpt import GPT, GPTConfig, generate

    tt.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=11, block_size=12, n_layer=2, n_head=2, n_embd=8, dropout=0.0)).eval()
    start = tt.tensor([[1, 2]])
    for options in ({"greedy": True}, {"temperature": 0.8, "top_k": 5}, {"top_p": 0.8}):
        tt.manual_seed(3)
        expected = generate(model.cpu(), start, 6, **options)
        tt.manual_seed(3)
        got = generate(model.cuda(), start.cuda(), 6, **options)
        assert got.is_cuda and got.tolist() == expected.tolist()


def test_modules_move_whole():
    model, _ = cnn()
    parameters = list(model.parameters())
    parameters[0].grad = tt.ones_like(parameters[0])
    assert model.cuda() is model and list(map(id, model.parameters())) == list(map(id, parameters))
    assert all(x.is_cuda for x in model.state_dict().values()) and parameters[0].grad.is_cuda
    assert model.to("cpu") is model and all(x.is_cpu for x in [*model.parameters(), *model.buffers()])
    assert next(model.to(tt.zeros(1, dtype=tt.float64, device="cuda")).parameters()).dtype is tt.float64
    layer = nn.Linear(2, 3, device="cuda", dtype=tt.float64)
    assert (
        layer.weight.is_cuda
        and copy.deepcopy(layer).weight.is_cuda
        and nn.Embedding(3, 2, device="cuda").weight.is_cuda
    )


def test_initialisation():
    for name in (
        "constant_ ones_ zeros_ eye_ uniform_ normal_ trunc_normal_ xavier_uniform_ kaiming_normal_ orthogonal_".split()
    ):
        options = {"val": 2.0} if name == "constant_" else {}
        tt.manual_seed(0)
        expected = getattr(nn.init, name)(tt.empty(3, 4), **options)
        tt.manual_seed(0)
        same([expected], [getattr(nn.init, name)(tt.empty(3, 4, device="cuda"), **options)])


def test_saving_and_loading(tmp_path):
    model, (x, y) = mlp()
    model.cuda()
    optimizer = tt.optim.Adam(model.parameters(), 1e-2)
    F.cross_entropy(model(x.cuda()), y.cuda()).backward()
    optimizer.step()
    path = tmp_path / "x"
    tt.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    for map_location in (None, "cpu", "cuda", tt.device("cuda"), lambda storage, place: storage):
        saved = tt.load(path, map_location=map_location)
        expected = "cuda" if str(map_location) in ("None", "cuda") else "cpu"
        assert {t.device.type for t in saved["model"].values()} == {expected}
        for device in ("cpu", "cuda"):
            fresh = mlp()[0].to(device)
            fresh.load_state_dict(saved["model"])
            again = tt.optim.Adam(fresh.parameters(), 1e-2)
            again.load_state_dict(saved["optimizer"])
            for p in fresh.parameters():
                assert (
                    p.device.type == device == again.state[p]["exp_avg"].device.type and again.state[p]["step"].is_cpu
                )
            F.cross_entropy(fresh(x.to(device)), y.to(device)).backward()
            again.step()
    save_file(model.state_dict(), tmp_path / "y")
    assert load_file(tmp_path / "y", device="cuda")["0.weight"].is_cuda
    buffer = io.BytesIO()
    tt.save(model.state_dict(), buffer)
    buffer.seek(0)
    assert tt.load(buffer)["0.weight"].tolist() == model[0].weight.tolist()


def test_trainer_and_loader():
    histories = []
    for device in ("cpu", "cuda"):
        tt.manual_seed(0)
        model, (x, y) = mlp()
        model.to(device)
        loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, pin_memory=True)
        optimizer = tt.optim.Adam(model.parameters(), 1e-2)
        trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, loader, loader, max_norm=1.0)
        histories.append(trainer.fit(2))
    for ours, theirs in zip(*histories, strict=True):
        for name, value in ours.items():
            assert math.isclose(value, theirs[name], rel_tol=1e-3)
    (batch, _), *_ = DataLoader(TensorDataset(x.cuda(), y.cuda()), batch_size=3)
    assert batch.is_cuda and batch.shape == (3, 6)


def test_the_names_that_programs_set(monkeypatch):
    for where in (tt.backends.cuda.matmul, tt.backends.cudnn):
        monkeypatch.setattr(where, "allow_tf32", True)
    for name in ("benchmark", "deterministic"):
        monkeypatch.setattr(tt.backends.cudnn, name, True)
    assert not tt.backends.mps.is_available() and not tt.backends.cudnn.is_available()


def test_without_a_gpu_an_error_says_what_is_missing():
    standin.remove()
    try:
        if "cuda" not in backends.DEVICES and not tt.cuda.is_available():
            for ask in (lambda: tt.ones(2).cuda(), lambda: tt.ones(2, device="cuda"), lambda: nn.Linear(1, 1).cuda()):
                with pytest.raises(RuntimeError, match="device 'cuda' is not there: it needs"):
                    ask()
            assert tt.device("cuda").type == "cuda"
    finally:
        standin.install()


# ---------------------------------------------------------------------------------------------------------- the stand-in


def test_the_stand_in_is_strict():
    x = standin.to_device(np.arange(6.0).reshape(2, 3))
    for slip in (
        lambda: np.asarray(x),
        lambda: np.array([x[0, 0]]),
        lambda: x + np.ones(3),
        lambda: np.ones((2, 3)) * x,
        lambda: np.ones(()) * x,
        lambda: np.where(np.ones((2, 3), bool), x, x),
        lambda: np.concatenate([x, np.ones((1, 3))]),
        lambda: np.ones((2, 3)).__iadd__(x),
        lambda: np.zeros((2, 3)).__setitem__(..., x),
        lambda: np.add.at(np.zeros((2, 3)), 0, x),
        lambda: np.max(x, axis=0, initial=0.0),
        lambda: np.maximum.reduce(x),
        lambda: np.maximum.reduceat(x, [0]),
        lambda: np.lib.stride_tricks.as_strided(x, (2,), (8,)),
        lambda: np.ascontiguousarray(x),
        lambda: np.ones(3, like=x),
        lambda: np.full(3, 2.0, like=x),
        lambda: np.r_[x],
        lambda: np.isposinf(x),
        lambda: np.take(x, np.array([0])),
        lambda: range(3)[x[0, 0]],
    ):
        with pytest.raises(TypeError):
            slip()
    with pytest.raises(ValueError):
        x[...] = np.ones((2, 3))
    with pytest.raises(AttributeError):
        _ = x.flags.writeable
    with standin.counted() as crossed:
        assert type(np.sum(x)) is type(x.sum()) is type(x[0, 0]) is type(np.exp(x)) is standin.DeviceArray
        np.zeros(3, like=x), np.zeros_like(x, shape=(2,)), x[:, None] * 2.0 + np.float32(1)
    assert not crossed
    with standin.counted() as crossed:
        float(x[0, 0]), bool(x[0, 0] > 1), x.item(1), x[np.array([0])]
    assert crossed == {"to host": 3, "to device": 1}
    assert x[0].base is x and x.T.base is x and x.base is None and (x + 1).base is None


def test_the_tables_are_cupys():
    cupy = pytest.importorskip("cupy")
    if not hasattr(cupy, "ndarray"):
        pytest.skip("no CuPy")
    for name, ours in standin.SIGNATURES.items():
        function = cupy
        for part in name.split("."):
            function = getattr(function, part)
        try:
            theirs = inspect.signature(function)
        except ValueError:
            continue
        parameters = list(theirs.parameters.values())
        assert [p.name for p in parameters] == list(ours.parameters), name
        for p in parameters:
            assert (p.default is p.empty) == (ours.parameters[p.name].default is p.empty), (name, p)
    for name in standin.UFUNCS:
        assert hasattr(cupy, name), name
    methods = {name for name in vars(standin.DeviceArray) if name[0] != "_"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert methods <= set(dir(cupy.ndarray)), methods - set(dir(cupy.ndarray))


def test_kernels_of_the_cpu_leave_the_gpu_alone():
    if "numba" not in backends.available():
        pytest.skip("no numba")
    with backends.use("numba"):
        for program in (mlp, cnn, gpt):
            ours, _ = trained(program, "cpu", OPTIMIZERS["SGD"])
            theirs, crossed = trained(program, "cuda", OPTIMIZERS["SGD"])
            assert not crossed
            same(ours, theirs, rtol=2e-3, atol=1e-4)
