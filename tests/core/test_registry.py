"""Defence 5: every Function and Module that exists is compared with PyTorch, checked by differences, and seen to learn."""

import numpy as np
import pytest
import torch
from against_torch import alike, same
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import FUNCTIONS, MODULES, Draw, functions, fused_functions, modules
from sampling import every

import tinytorch as tt
from tinytorch import backends
from tinytorch.autograd import enable_grad, gradcheck, graph_order, values


def missing(existing: dict, table: dict) -> list:
    return sorted(set(existing) - set(table))


def test_every_function_has_an_example():
    assert not missing(functions(), FUNCTIONS), "add examples of these Functions to tests/registry"


def test_every_module_has_an_example():
    assert not missing(modules(), MODULES), "add examples of these Modules to tests/registry"


def test_no_example_without_its_class():
    assert not missing(FUNCTIONS, functions()) and not missing(MODULES, modules())


def test_a_new_function_without_an_example_is_found(monkeypatch):
    """In a module of the package; what is only made while something runs is nobody's to write an example for."""
    from tinytorch.ops import linalg
    from tinytorch.tensor import Function

    classes = [type(name, (Function,), {"__module__": linalg.__name__}) for name in ("Forgotten", "Made")]
    monkeypatch.setattr(linalg, "Forgotten", classes[0], raising=False)
    assert missing(functions(), FUNCTIONS) == ["Forgotten"]


CASES = [pytest.param(name, e, id=f"{name}-{i}") for name, es in FUNCTIONS.items() for i, e in enumerate(es)]
cases = pytest.mark.parametrize(("name", "example"), CASES)


@cases
@settings(max_examples=5)
@given(data=st.data())
def test_function_as_in_pytorch(name, example, data):
    arrays = example.arrays(np.random.default_rng(len(name)), lambda low, high: data.draw(st.integers(low, high)))
    with backends.use("lessons"):
        alike(example.call, *arrays, layouts=("plain",), twice=example.twice and functions()[name].differentiable_twice)


with_numba = pytest.mark.skipif("numba" not in backends.available(), reason="numba is not installed")


@pytest.fixture
def numba():
    with backends.use("numba"):
        yield


@with_numba
@cases
def test_function_with_numba(name, example, numba):
    """As in PyTorch too where kernels compute: what they are made for (float32), and beside it."""
    arrays = example.arrays(np.random.default_rng(1))
    alike(example.call, *arrays, twice=example.twice and functions()[name].differentiable_twice, kinds=("float32",))


def leaves(arrays):
    return [tt.tensor(np.asarray(a, np.float64), requires_grad=True) for a in arrays]


@pytest.mark.parametrize(
    ("name", "example"), every(4, [case.values for case in CASES]), ids=[case.id for case in CASES]
)
def test_function_by_differences(name, example):
    """Not by PyTorch, which is the judge of all examples above."""
    with backends.use("lessons"):
        by_differences(name, example)


ONCE = {"CTCFunction"}  # has no second derivative, as in PyTorch


def by_differences(name, example):
    inputs = leaves(example.arrays(np.random.default_rng(1)))
    output = example.call(tt, *inputs)
    tt.manual_seed(0)
    upstream = tt.randn(*output.shape, dtype=tt.float64).requires_grad_()
    used = nodes(output)
    if name not in ("PutItem", "Place", "PlaceRegion"):  # reverses may run in backward only
        assert name in used, f"the example of {name} runs {used} instead"
    if name != "To":  # which passes through float32: too coarse for differences
        gradcheck(lambda *xs: example.call(tt, *xs), inputs)
    cls = functions()[name]
    if not cls.differentiable_twice:
        with pytest.raises(RuntimeError, match="cannot be differentiated again"):
            tt.autograd.grad(output, inputs, upstream, create_graph=True)
        return
    if name in ONCE:
        (first,) = tt.autograd.grad(output, inputs, upstream, create_graph=True)
        with pytest.raises(RuntimeError, match="differentiate twice"):
            first.sum().backward()
        return

    def slope(*xs):
        """A number made of all first derivatives, which must itself be differentiable."""
        *xs, g = xs
        with enable_grad():
            xs = [x if x.requires_grad else x.requires_grad_() for x in xs]
            found = tt.autograd.grad(example.call(tt, *xs), xs, g, create_graph=True, allow_unused=True)
            rng = np.random.default_rng(2)
            return sum((d * tt.tensor(rng.standard_normal(d.shape))).sum() for d in found if d is not None) + g.sum()

    if name != "To":
        gradcheck(slope, [*inputs, upstream])


module_cases = pytest.mark.parametrize(
    ("name", "make", "inputs"),
    [pytest.param(name, *e, id=f"{name}-{i}") for name, es in MODULES.items() for i, e in enumerate(es)],
)


def module_inputs(t, drawn, kind):
    made = [a[0] if isinstance(a, tuple) else a for a in drawn]
    made = [t.tensor(a.astype(kind) if a.dtype.kind == "f" else a) for a in made]
    return [x if isinstance(a, tuple) else x.requires_grad_() for x, a in zip(made, drawn, strict=True)]


@module_cases
@pytest.mark.parametrize("kind", ["float32", pytest.param("float64", marks=pytest.mark.breadth)])
def test_module_as_in_pytorch(name, make, inputs, kind):
    tt.manual_seed(1)
    ours, theirs = make(tt).to(getattr(tt, kind)), make(torch).to(getattr(torch, kind))
    assert name in {type(m).__name__ for m in ours.modules()}
    theirs.load_state_dict({key: torch.tensor(value.detach().numpy()) for key, value in ours.state_dict().items()})
    drawn = inputs(Draw(np.random.default_rng(2)))
    results = []
    for t, module in ((tt, ours), (torch, theirs)):
        xs = module_inputs(t, drawn, kind)
        output = module(*xs)
        upstream = np.random.default_rng(3).standard_normal(tuple(output.shape)).astype(kind)
        output.backward(t.tensor(upstream))
        results.append([output, *(x.grad for x in xs if x.requires_grad), *(p.grad for p in module.parameters())])
    same(*results, rtol=1e-4 if kind == "float32" else 1e-7, atol=1e-6 if kind == "float32" else 1e-12, what=name)


@with_numba
@module_cases
def test_module_with_numba(name, make, inputs, numba):
    test_module_as_in_pytorch(name, make, inputs, "float32")


@with_numba
def test_every_fused_function_is_used(numba):
    """By some example above: with numba or in numpy it takes the place of the operations that it fuses."""
    used = examples_use()
    with backends.use("numpy"):
        used |= examples_use()
    used |= nodes(tt.nn.functional.dropout(tt.ones(4, requires_grad=True), 0.5))  # it draws: no example beside PyTorch
    unused = fused_functions().keys() - used
    assert not unused, f"no example runs {sorted(unused)}: add one to tests/registry"


def examples_use() -> set:
    """The names of the Functions that the examples run."""
    used = set()
    for examples in FUNCTIONS.values():
        for example in examples:
            inputs = [tt.tensor(np.asarray(a, "float32")) for a in example.arrays(np.random.default_rng(1))]
            used |= nodes(example.call(tt, *(x.requires_grad_() if x.is_floating_point() else x for x in inputs)))
    for examples in MODULES.values():
        for make, inputs in examples:
            used |= nodes(make(tt)(*module_inputs(tt, inputs(Draw(np.random.default_rng(2))), "float32")))
    return used


def nodes(*outputs) -> set:
    """The names of the Functions that made them."""
    return {type(node).__name__ for node in graph_order([x.grad_fn for x in outputs if x.grad_fn])}


@module_cases
def test_module_by_differences(name, make, inputs):
    tt.manual_seed(1)
    module = make(tt).to(tt.float64)
    xs = module_inputs(tt, inputs(Draw(np.random.default_rng(2))), "float64")
    gradcheck(lambda *xs: module(*xs), xs)


@module_cases
def test_module_learns(name, make, inputs):
    """Every parameter gets a gradient that is not zero, and one step of SGD moves it."""
    tt.manual_seed(1)
    module = make(tt)
    before = {key: p.detach().clone() for key, p in module.named_parameters()}
    if not before:
        return
    output = module(*module_inputs(tt, inputs(Draw(np.random.default_rng(2))), "float32"))
    (output * output).sum().backward()
    tt.optim.SGD(module.parameters(), lr=0.1).step()
    for key, p in module.named_parameters():
        assert p.grad is not None and np.abs(p.grad.numpy()).max() > 0, f"{name}: {key} received no gradient"
        assert not tt.equal(p.detach(), before[key]), f"{name}: {key} did not move"


@pytest.mark.parametrize(
    ("slope", "why"),
    [
        (lambda self, result: 1 / result, "a wrong slope"),
        (
            lambda self, result: 0.5 / (result.detach() if isinstance(result, tt.Tensor) else result),
            "a slope without its history: right once, wrong the second time",
        ),
        (lambda self, result: np.ones_like(values(result)), "a gradient of ones"),
    ],
)
def test_the_checks_can_fail(monkeypatch, slope, why):
    monkeypatch.setattr(functions()["Sqrt"], "slope", slope)
    with pytest.raises((AssertionError, RuntimeError)):
        test_function_by_differences("Sqrt", FUNCTIONS["Sqrt"][0])


def test_a_layer_that_cuts_the_history_is_found(monkeypatch):
    """The failure that all this is for: a Linear that computes on raw arrays and wraps the result."""
    monkeypatch.setattr(
        tt.nn.Linear, "forward", lambda self, x: tt.tensor(x.detach().numpy() @ self.weight.detach().numpy().T)
    )
    make, inputs = MODULES["Linear"][0]
    with pytest.raises((AssertionError, RuntimeError)):
        test_module_learns("Linear", make, inputs)
    with pytest.raises((AssertionError, RuntimeError)):
        test_module_as_in_pytorch("Linear", make, inputs, "float32")
