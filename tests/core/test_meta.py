"""The device "meta": shapes, dtypes and strides of results, without numbers and without memory."""

import copy
import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
import registry.tools
import torch
from registry import FUNCTIONS, MODULES, Draw
from test_registry import module_inputs

import tinytorch as tt
from tinytorch.ops.meta import MetaArray


def on_meta(x):
    return x.detach().to("meta").requires_grad_(x.requires_grad)


def about(x):
    return (tuple(x.shape), x.dtype, x.requires_grad)


@pytest.mark.parametrize("make", [
    lambda t, **o: t.zeros(2, 3, **o), lambda t, **o: t.ones((2,), **o), lambda t, **o: t.empty(2, 3, **o),
    lambda t, **o: t.full((2, 2), 1.5, **o), lambda t, **o: t.eye(3, **o), lambda t, **o: t.arange(5, **o),
    lambda t, **o: t.arange(0, 1, 0.3, **o), lambda t, **o: t.linspace(0, 1, 4, **o), lambda t, **o: t.tensor([1, 2], **o),
    lambda t, **o: t.rand(2, 3, **o), lambda t, **o: t.randn(2, **o), lambda t, **o: t.randint(3, (2, 2), **o),
    lambda t, **o: t.randperm(4, **o), lambda t, **o: t.zeros(2, dtype=t.bfloat16, **o), lambda t, **o: t.rand(2, dtype=t.complex64, **o),
    lambda t, **o: t.as_tensor([1.5], **o), lambda t, **o: t.zeros(3).to(**o), lambda t, **o: t.zeros_like(t.ones(2), **o),
    lambda t, **o: t.ones(2).new_empty(3, **o), lambda t, **o: t.Tensor(2, 3, **o) if t is tt else t.empty(2, 3, **o),
    lambda t, **o: t.scalar_tensor(1.0, **o),
])  # fmt: skip
def test_made(make):
    ours, theirs = make(tt, device="meta"), make(torch, device="meta")
    assert (
        ours.is_meta
        and str(ours.device) == "meta"
        and ours.stride() == theirs.stride()
        and ours.shape == tuple(theirs.shape)
    )
    assert str(ours.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1] and ours.nbytes == theirs.nbytes
    with tt.device("meta"):
        inside = make(tt)
    assert not make(tt).is_meta
    assert inside.is_meta or ours.shape == (3,)  # zeros(3).to() says nothing about a device


def test_no_numbers_and_no_memory():
    tracemalloc.start()
    x = tt.randn(100_000, 100_000, device="meta")
    y = (x @ x.t()).exp().softmax(-1).sum(0) + x.normal_()[0]
    layer = tt.nn.Linear(100_000, 100_000, device="meta")
    assert layer(y).shape == (100_000,) and tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()
    for t in (tt, torch):
        z = t.zeros(2, device="meta")
        for call, error in (
            (lambda z: z.sum().item(), RuntimeError),
            (lambda z: bool(z.sum()), RuntimeError),
            (lambda z: float(z[0]), RuntimeError),
            (lambda z: z.item(), RuntimeError),
            (lambda z: z.tolist(), NotImplementedError),
            (lambda z: z.cpu(), NotImplementedError),
            (lambda z: z.numpy(), TypeError),
            (lambda z: z.nonzero(), NotImplementedError),
        ):
            with pytest.raises(error):
                call(z)


WALKS = {
    "transposed": lambda x: x.t(),
    "rows": lambda x: x[1:, ::2],
    "column": lambda x: x[:, 1],
    "reshaped": lambda x: x.t().reshape(2, 6),
    "viewed": lambda x: x.view(6, 2),
    "expanded": lambda x: x[None].expand(5, 3, 4),
    "permuted": lambda x: x.reshape(3, 2, 2).permute(2, 0, 1).contiguous(),
    "unfolded": lambda x: x.unfold(1, 2, 1),
    "strided": lambda x: x.as_strided((2, 2), (1, 4)),
    "cloned": lambda x: x.t().clone(),
    "double": lambda x: x.t().double() if hasattr(x, "double") else x,
    "split": lambda x: x.split(2, 1)[1],
    "picked": lambda x: x[[0, 2, 2]],
    "squeezed": lambda x: x[:1].squeeze(0).unsqueeze(-1),
}


@pytest.mark.parametrize("name", WALKS)
def test_strides_of_views(name):
    ours, theirs = (WALKS[name](t.zeros(3, 4, device="meta")) for t in (tt, torch))
    assert ours.shape == tuple(theirs.shape) and ours.stride() == theirs.stride()
    assert ours.is_contiguous() == theirs.is_contiguous()


UNKNOWN = {  # what they return depends on numbers, or numpy computes it alone; Move leads away from there
    "Nuclear", "Polar", "BagMax", "BagSum", "Drawn", "Move", "SetItem", "GaussianNLLLoss", "StandardGamma",
    "SampleDirichlet", "Products", "SparseProduct", "Eig", "CTCFunction", "CTCLoss", "WeightedRegions", "LargestOfRegions",
    "AdaptiveLogSoftmaxWithLoss", "MultiLabelMarginLoss",
}  # fmt: skip


@pytest.mark.parametrize(("name", "example"), [(n, e) for n, es in FUNCTIONS.items() for e in es if n not in UNKNOWN])
def test_functions(name, example, monkeypatch):
    """Each Function of the package, forwards and backwards, beside itself with numbers."""
    inputs = [tt.tensor(np.asarray(a), requires_grad=True) for a in example.arrays(np.random.default_rng(1))]
    y = example.call(tt, *inputs)
    y.backward(tt.ones_like(y))
    there = [on_meta(x) for x in inputs]

    class OnMeta:
        def __init__(self, function):
            self.function = function

        def apply(self, *inputs, **options):
            return self.function.apply(*inputs, **{key: moved(x) for key, x in options.items()})

    def moved(x):
        if isinstance(x, np.ndarray):
            return tt.tensor(x).to("meta").array
        return type(x)(map(moved, x)) if isinstance(x, (tuple, list)) else x

    plain = registry.tools.functions
    monkeypatch.setattr(registry.tools, "functions", lambda: {n: OnMeta(f) for n, f in plain().items()})
    with tt.device("meta"):
        z = example.call(tt, *there)
        z.backward(tt.ones_like(z))
    assert about(z) == about(y) and z.is_meta
    for a, b in zip(there, inputs, strict=True):
        assert a.grad is None if b.grad is None else about(a.grad) == about(b.grad)


module_cases = [(n, *es[0]) for n, es in MODULES.items() if n not in UNKNOWN]


@pytest.mark.parametrize(("name", "make", "inputs"), module_cases, ids=[case[0] for case in module_cases])
def test_modules(name, make, inputs):
    """Built there by `with device("meta")`, or moved there: the same parameters, and results of the same shape."""
    tt.manual_seed(0)
    module = make(tt)
    xs = module_inputs(tt, inputs(Draw(np.random.default_rng(2))), "float32")
    output = module(*xs)
    with tt.device("meta"):
        built = make(tt)
    assert {k: about(p) for k, p in built.state_dict().items()} == {k: about(p) for k, p in module.state_dict().items()}
    assert all(p.is_meta for p in built.parameters())
    there = built(*(on_meta(x) for x in xs))
    assert about(there) == about(output) and there.is_meta


def test_from_meta_to_memory():
    for t in (tt, torch):
        model = t.nn.Sequential(t.nn.Linear(3, 4, device="meta"), t.nn.BatchNorm1d(4, device="meta"))
        real = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4))
        with pytest.warns(UserWarning, match="assign=True"):
            model.load_state_dict(real.state_dict())
        assert model[0].weight.is_meta
        empty = copy.deepcopy(model).to_empty(device="cpu")
        assert not any(x.is_meta for x in empty.state_dict().values())
        empty.load_state_dict(real.state_dict())
        model.load_state_dict(real.state_dict(), assign=True)
        x = t.ones(2, 3)
        assert model(x).tolist() == empty(x).tolist() == real(x).tolist()
        assert sum(p.numel() for p in t.nn.Linear(1000, 1000, device="meta").parameters()) == 1_001_000


def test_copies_and_pickles():
    x = tt.zeros(2, 3, device="meta", requires_grad=True)
    for same in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), tt.nn.Parameter(x.detach())):
        assert same.is_meta and same.shape == (2, 3) and same.requires_grad
    x = tt.zeros(3, device="meta")
    x[1] = 5
    x += 1
    x.mul_(2).fill_(3)
    assert x._version == 4 and x[:2]._base is x


def test_default_device():
    for t in (tt, torch):
        assert t.get_default_device() == t.device("cpu")
        try:
            t.set_default_device("meta")
            assert (
                t.zeros(2).is_meta
                and t.get_default_device() == t.device("meta")
                and not t.zeros(2, device="cpu").is_meta
            )
            with t.device("cpu"):
                assert not t.zeros(2).is_meta
            assert t.nn.Linear(2, 2).weight.is_meta
        finally:
            t.set_default_device(None)
        assert not t.zeros(2).is_meta
        with t.device("meta"):
            with t.device("cpu"):
                assert not t.rand(2).is_meta
            assert t.rand(2).is_meta and t.ones_like(t.zeros(2, device="cpu")).device.type == "cpu"
            assert not t.from_numpy(np.zeros(2)).is_meta if t is torch else True


@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((4, 1), (1, 5)), ((2, 3), (2, 3))])
def test_sizes_that_do_not_fit_are_refused(shapes):
    a, b = (tt.zeros(s, device="meta") for s in shapes)
    assert (a + b).shape == np.broadcast_shapes(*shapes)
    for wrong in (lambda: a + tt.zeros(7, 9, device="meta"), lambda: a @ tt.zeros(9, 2, device="meta"), lambda: a.view(5),
                  lambda: tt.cat([a, tt.zeros(9, 9, device="meta")])):  # fmt: skip
        with pytest.raises(RuntimeError):
            wrong()


def test_the_array_refuses_what_it_does_not_know():
    x = tt.zeros(2, 2, device="meta").array
    assert isinstance(x, MetaArray)
    with pytest.raises(NotImplementedError, match=r"numpy\.svd"):
        np.linalg.svd(x)
    with pytest.raises(AttributeError):
        x.no_such_thing
    for axis, keepdims in itertools.product((None, 0, 1, -1, (0, 1)), (True, False)):
        expected = np.zeros((2, 2)).sum(axis=axis, keepdims=keepdims).shape
        assert np.sum(x, axis=axis, keepdims=keepdims).shape == x.max(axis=axis, keepdims=keepdims).shape == expected


@pytest.mark.parametrize(
    "name", ["erfinv", "erfc", "lgamma", "digamma", "special.airy_ai", "special.i0", "special.ndtri"]
)
def test_what_scipy_computes(name):
    x = tt.ones(2, 3, device="meta", requires_grad=True)
    function = tt
    for part in name.split("."):
        function = getattr(function, part)
    result = function(x)
    assert result.is_meta and result.shape == (2, 3) and result.dtype is tt.float32
    if name != "special.airy_ai":  # has no derivative
        result.sum().backward()
        assert x.grad.shape == (2, 3)
