"""Module, Linear, Sequential and the containers, held to PyTorch's."""

import copy
import gc
import pickle
import weakref
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch
from tinytorch import nn, tensor

BOTH = [(tinytorch, nn), (torch, torch.nn)]
both = pytest.mark.parametrize("tt, lib", BOTH, ids=["tinytorch", "torch"])


def nets(build):
    """The same network in both libraries, with the same weights."""
    ours, theirs = build(nn), build(torch.nn)
    theirs.load_state_dict({key: torch.tensor(value.tolist()) for key, value in ours.state_dict().items()})
    return ours, theirs


def example(lib):
    """A network with everything: nesting, a tied weight, buffers, an absent bias."""

    class Block(lib.Module):
        def __init__(self, size):
            super().__init__()
            self.inner = lib.Sequential(
                OrderedDict(first=lib.Linear(size, size), second=lib.Linear(size, size, bias=False))
            )
            self.scale = lib.Parameter((tinytorch if lib is nn else torch).ones(size))
            self.register_buffer("seen", (tinytorch if lib is nn else torch).zeros(1))
            self.register_buffer("scratch", (tinytorch if lib is nn else torch).zeros(1), persistent=False)

        def forward(self, x):
            return self.inner(x) * self.scale + x

    net = lib.Sequential(lib.Linear(4, 3), Block(3), lib.ModuleList([lib.Identity()]), lib.Linear(3, 2))
    net[1].inner.second.weight = net[1].inner.first.weight
    net.shared = net[0]
    return net


# registration


@both
def test_what_is_registered(tt, lib):
    net = example(lib)
    assert [n for n, _ in net.named_parameters()] == [
        "0.weight",
        "0.bias",
        "1.scale",
        "1.inner.first.weight",
        "1.inner.first.bias",
        "3.weight",
        "3.bias",
    ]
    assert [n for n, _ in net.named_parameters(prefix="p", remove_duplicate=False)][-2:] == [
        "p.shared.weight",
        "p.shared.bias",
    ]
    assert [n for n, _ in net.named_parameters(recurse=False)] == [] and len(list(net.parameters())) == 7
    assert [n for n, _ in net.named_buffers()] == ["1.seen", "1.scratch"] and len(list(net.buffers())) == 2
    assert [n for n, _ in net.named_children()] == ["0", "1", "2", "3"] and len(list(net.children())) == 4
    assert [n for n, _ in net.named_modules()] == [
        "",
        "0",
        "1",
        "1.inner",
        "1.inner.first",
        "1.inner.second",
        "2",
        "2.0",
        "3",
    ]
    assert len(list(net.modules())) == 9 and [n for n, _ in net.named_modules(remove_duplicate=False)][-1] == "shared"
    assert list(net.state_dict()) == [
        "0.weight",
        "0.bias",
        "1.scale",
        "1.seen",
        "1.inner.first.weight",
        "1.inner.first.bias",
        "1.inner.second.weight",
        "3.weight",
        "3.bias",
        "shared.weight",
        "shared.bias",
    ]
    assert list(net[0].state_dict(prefix="a.")) == ["a.weight", "a.bias"]
    assert net.get_submodule("1.inner.first") is net[1].inner.first and net.get_submodule("") is net
    assert net.get_parameter("0.weight") is net[0].weight and net.get_buffer("1.seen") is net[1].seen
    for call in (
        lambda: net.get_submodule("1.nothing"),
        lambda: net.get_submodule("0.weight"),
        lambda: net.get_parameter("1.seen"),
        lambda: net.get_buffer("0.weight"),
        lambda: net.get_parameter("0.no"),
    ):
        with pytest.raises(AttributeError):
            call()


@both
def test_attributes(tt, lib):
    m = lib.Module()
    m.w = lib.Parameter(tt.ones(2))
    m.w = None
    assert list(m.parameters()) == [] and m.w is None
    m.w = lib.Parameter(tt.ones(2))
    for value in (tt.ones(2), 3, lib.Module()):
        with pytest.raises(TypeError, match="cannot assign"):
            m.w = value
    m.child = lib.Module()
    with pytest.raises(TypeError, match="cannot assign"):
        m.child = 3
    m.child = None
    m.register_buffer("b", tt.zeros(1))
    m.b = tt.ones(3)
    assert dict(m.named_buffers())["b"] is m.b
    with pytest.raises(TypeError, match="cannot assign"):
        m.b = 3
    m.b = lib.Parameter(tt.ones(1))
    assert "b" in dict(m.named_parameters()) and "b" not in dict(m.named_buffers())
    m.plain = tt.ones(1)
    assert "plain" not in m.state_dict()
    m.plain = lib.Parameter(tt.ones(1))
    assert "plain" in m.state_dict()
    del m.plain
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'plain'"):
        _ = m.plain
    with pytest.raises(AttributeError):
        del m.plain
    assert not hasattr(m, "nothing") and getattr(m, "nothing", 7) == 7


@both
def test_registering_by_name(tt, lib):
    m = lib.Module()
    m.register_parameter("none", None)
    m.register_parameter("w", lib.Parameter(tt.ones(1)))
    m.register_module("m", lib.Identity())
    m.add_module("nothing", None)
    m.size = 3
    for call, error in [
        (lambda: m.register_parameter("a.b", None), KeyError),
        (lambda: m.register_parameter("", None), KeyError),
        (lambda: m.register_parameter("size", None), KeyError),
        (lambda: m.register_parameter(3, None), TypeError),
        (lambda: m.register_parameter("x", tt.ones(1)), TypeError),
        (lambda: m.register_buffer("x", 3), TypeError),
        (lambda: m.register_buffer("a.b", None), KeyError),
        (lambda: m.register_buffer("size", None), KeyError),
        (lambda: m.add_module("x", 3), TypeError),
        (lambda: m.add_module("a.b", None), KeyError),
        (lambda: m.add_module("size", lib.Identity()), KeyError),
        (lambda: m.add_module("", lib.Identity()), KeyError),
    ]:
        with pytest.raises(error):
            call()
    assert [n for n, _ in m.named_children()] == ["m"] and [n for n, _ in m.named_parameters()] == ["w"]


@both
def test_before_init(tt, lib):
    class Early(lib.Module):
        def __init__(self, value):
            self.size = 3  # an ordinary attribute may come first
            self.x = value

    for value in (lib.Parameter(tt.ones(1)), lib.Identity()):
        with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
            Early(value)
    with pytest.raises(AttributeError):
        Early(3).register_buffer("b", tt.ones(1))
    with pytest.raises(NotImplementedError, match="forward"):
        lib.Module()(3)


def test_parameter():
    p = nn.Parameter(tensor([1.0, 2.0]))
    assert (
        repr(p)
        == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
        == repr(torch.nn.Parameter(torch.tensor([1.0, 2.0])))
    )
    assert isinstance(p, nn.Parameter) and isinstance(p, tinytorch.Tensor) and type(p + 1) is tinytorch.Tensor
    assert nn.Parameter().shape == (0,) and not nn.Parameter(tensor([1]), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(tensor([1]))
    layer = nn.Linear(2, 2)
    assert (layer.weight.name, layer.weight.owner) == ("weight", "Linear")
    other = nn.Module()
    other.tied = layer.weight
    assert layer.weight.name == "weight", "the first name stays"
    p.tag = "any attribute"
    for q in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert isinstance(q, nn.Parameter) and q.requires_grad and q.tolist() == [1, 2] and q.tag == "any attribute"
        assert not np.shares_memory(q.detach().numpy(), p.detach().numpy())


# repr


@pytest.mark.parametrize(
    "build",
    [
        lambda lib: lib.Linear(3, 2, bias=False),
        lambda lib: lib.Sequential(),
        lambda lib: lib.Sequential(lib.Linear(1, 2), lib.Identity()),
        lambda lib: lib.Sequential(OrderedDict(a=lib.Sequential(lib.Linear(1, 2)), b=lib.Flatten())),
        example,
        lambda lib: lib.ModuleList(),
        lambda lib: lib.ModuleList([lib.Linear(2, 2)] * 3 + [lib.Sequential(lib.Linear(2, 2))] * 2 + [lib.Identity()]),
        lambda lib: lib.ModuleDict({"a": lib.Linear(1, 1), "b": lib.Sequential(lib.Linear(1, 1))}),
        lambda lib: lib.Unflatten(1, (2, 3)),
        lambda lib: lib.Bilinear(2, 3, 4),
        lambda lib: lib.Module(),
    ],
)
def test_repr(build):
    assert repr(build(nn)) == repr(build(torch.nn))


def test_repr_of_parameter_lists():
    def build(tt, lib):
        return lib.Sequential(lib.ParameterList([tt.ones(2, 3), "text"]), lib.ParameterList([]))

    assert repr(build(tinytorch, nn)).replace("tinytorch.", "torch.") == repr(build(torch, torch.nn))
    assert "(a): Parameter containing: [tinytorch.float32 of size 2x3]" in repr(
        nn.ParameterDict({"a": tinytorch.ones(2, 3)})
    )


# the modes


@both
def test_train_eval_apply_freeze(tt, lib):
    net = example(lib)
    assert net.training and net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="boolean"):
        net.train("yes")
    order = []
    assert net[1].apply(lambda m: order.append(type(m).__name__)) is net[1]
    assert order == ["Linear", "Linear", "Sequential", "Block"]
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net[0](tt.ones(1, 4)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net[0].weight.grad.tolist() == [[0] * 4] * 3
    net.zero_grad()
    assert net[0].weight.grad is None


@both
def test_to(tt, lib):
    net = example(lib)
    weight = net[0].weight
    net[0](tt.ones(1, 4)).sum().backward()
    net[1].register_buffer("count", tt.tensor([1]))
    assert (
        net.double() is net
        and net[0].weight is weight
        and weight.dtype is tt.float64
        and weight.grad.dtype is tt.float64
    )
    assert net[1].seen.dtype is tt.float64 and net[1].count.dtype is tt.int64
    assert net.float()[0].weight.dtype is tt.float32 and net.to(tt.float64)[0].bias.dtype is tt.float64
    assert (
        net.to("cpu", tt.float32)[0].bias.dtype is tt.float32
        and net.to(tt.ones(1, dtype=tt.float64))[0].bias.dtype is tt.float64
    )
    assert net.to(dtype=tt.float32, device="cpu")[0].bias.dtype is tt.float32 and net.cpu() is net
    assert net[1].inner.first.weight is net[1].inner.second.weight, "what is tied stays tied"
    with pytest.raises(TypeError, match="floating point"):
        net.to(tt.int64)
    if lib is nn:
        for call in (lambda: net.to("cuda"), net.cuda):
            with pytest.raises(RuntimeError, match="cuda"):
                call()


# state


def test_state_is_shared_detached_and_copied_in():
    net, other = example(nn), example(nn)
    state = net.state_dict()
    assert isinstance(state, OrderedDict) and not any(t.requires_grad for t in state.values())
    assert np.shares_memory(state["0.weight"].numpy(), net[0].weight.detach().numpy())
    assert net.state_dict(keep_vars=True)["0.weight"] is net[0].weight
    into = {}
    assert net[0].state_dict(destination=into, prefix="x.") is into and list(into) == ["x.weight", "x.bias"]
    weight, version = other[0].weight, other[0].weight._version
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other[0].weight is weight and weight.tolist() == net[0].weight.tolist() and weight._version > version
    assert not np.shares_memory(weight.detach().numpy(), net[0].weight.detach().numpy()) and weight.requires_grad
    double = {key: value.double() for key, value in state.items()}
    other.load_state_dict(double)
    assert weight.dtype is tinytorch.float32, "the module keeps its dtype"
    other.load_state_dict(double, assign=True)
    assert (
        other[0].weight.dtype is tinytorch.float64
        and isinstance(other[0].weight, nn.Parameter)
        and other[0].weight.requires_grad
    )


@pytest.mark.parametrize(
    "change, strict",
    [
        ({"weight": None}, True),
        ({"weight": None, "extra": (1,)}, True),
        ({"weight": (3, 3)}, True),
        ({"weight": (3, 3), "bias": None}, True),
        ({"weight": (3, 3), "bias": (4,), "x": (1,), "y": (1,)}, True),
        ({"weight": (3, 3), "x": (1,)}, False),
        ({}, True),
        ({"weight": None, "x": (1,)}, False),
    ],
)
def test_load_errors(change, strict):
    said = []
    for tt, lib in BOTH:
        layer = lib.Linear(2, 3)
        state = {key: shape for key, shape in ({"weight": (3, 2), "bias": (3,)} | change).items() if shape}
        before = layer.weight.tolist()
        try:
            result = layer.load_state_dict({key: tt.ones(*shape) for key, shape in state.items()}, strict=strict)
            said.append((list(result.missing_keys), list(result.unexpected_keys), repr(result).lstrip("_")))
        except RuntimeError as error:
            said.append(
                str(error)
                .replace("torch.Size([", "(")
                .replace("])", ")")
                .replace("(3)", "(3,)")
                .replace("(4)", "(4,)")
                .replace("[", "(")
                .replace("\n", " ")
                .replace("\t", " ")
                .replace("  ", " ")
            )
            assert layer.weight.tolist() == before or lib is not nn, "a state that does not fit changes nothing"
    ours, theirs = said
    assert ours == theirs if isinstance(ours, tuple) else ours.split() == theirs.split()


def test_load_what_is_no_state():
    with pytest.raises(TypeError, match="dict-like"):
        nn.Linear(1, 1).load_state_dict([1])
    with pytest.raises(RuntimeError, match="weight is a list"):
        nn.Linear(1, 1).load_state_dict({"weight": [[1.0]], "bias": tinytorch.ones(1)})


def test_copy_and_pickle():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    net(tinytorch.ones(1, 3)).sum().backward()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other[0].weight is other[1].weight and other[0].weight is not net[0].weight
        assert [p.tolist() for p in other.parameters()] == [p.tolist() for p in net.parameters()]
        assert other[0].weight.grad is None and other[0].weight.name == "weight"
        other(tinytorch.ones(1, 3)).sum().backward()


def test_nothing_is_kept_alive():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    gc.disable()
    try:
        out = net(tinytorch.ones(1, 3))
        node = out.grad_fn
        alive = weakref.ref(out)
        del out, node
        assert alive() is None
        net[0].register_forward_hook(lambda *args: None)
        reference = weakref.ref(net)
        del net
        assert reference() is None, "a module is freed without the garbage collector"
    finally:
        gc.enable()


# hooks


@both
def test_forward_hooks(tt, lib):
    said = []
    layer = lib.Linear(2, 2)
    hooks = [
        layer.register_forward_hook(
            lambda m, args, out: said.append(("after", m is layer, len(args), tuple(out.shape)))
        ),
        layer.register_forward_pre_hook(lambda m, args: said.append(("before", len(args)))),
        layer.register_forward_pre_hook(lambda m, args: said.append("first"), prepend=True),
        layer.register_forward_pre_hook(lambda m, args, kwargs: said.append(sorted(kwargs)), with_kwargs=True),
        layer.register_forward_hook(lambda m, args, kwargs, out: said.append(sorted(kwargs)), with_kwargs=True),
    ]
    x = tt.ones(1, 2)
    layer(x)
    layer(input=x)
    assert said == [
        "first",
        ("before", 1),
        [],
        ("after", True, 1, (1, 2)),
        [],
        "first",
        ("before", 0),
        ["input"],
        ("after", True, 0, (1, 2)),
        ["input"],
    ]
    for hook in hooks:
        hook.remove()
    said.clear()
    layer(x)
    assert said == []
    with (
        layer.register_forward_pre_hook(lambda m, args: args[0] * 2),
        layer.register_forward_hook(lambda m, args, out: out + 1),
    ):
        np.testing.assert_allclose(
            layer(x).tolist(), (tt.ones(1, 2) * 2 @ layer.weight.T + layer.bias + 1).tolist(), rtol=1e-6
        )
    with layer.register_forward_pre_hook(lambda m, args, kwargs: ((x * 3,), {}), with_kwargs=True):
        np.testing.assert_allclose(layer(x).tolist(), (x * 3 @ layer.weight.T + layer.bias).tolist(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # PyTorch's, where no input requires grad
@pytest.mark.parametrize("lib", [tinytorch, torch], ids=["tinytorch", "torch"])
def test_hooks_under_their_private_names(lib):
    """Programs count hooks, take one by its key, and throw all away."""
    layer, said = lib.nn.Linear(1, 1), []
    assert not layer._forward_hooks and not layer._forward_pre_hooks and not layer._backward_hooks
    for name in "abc":
        layer.register_forward_hook(lambda *args, name=name: said.append(name))
    handle = layer.register_full_backward_hook(lambda *args: said.append("backward"))
    layer.register_forward_pre_hook(lambda *args: said.append("before"))
    assert (len(layer._forward_hooks), len(layer._backward_hooks), len(layer._forward_pre_hooks)) == (3, 1, 1)
    del layer._forward_hooks[list(layer._forward_hooks)[1]]
    with pytest.raises(KeyError):
        del layer._forward_hooks["no key"]
    handle.remove()
    layer(lib.ones(1, 1)).sum().backward()
    assert said == ["before", "a", "c"] and len(layer._backward_hooks) == 0
    layer._forward_hooks.clear()
    layer._forward_pre_hooks = OrderedDict()
    layer(lib.ones(1, 1))
    assert said == ["before", "a", "c"]


def test_full_backward_hooks():
    ours, theirs = nets(lambda lib: lib.Sequential(lib.Linear(2, 3), lib.Linear(3, 2), lib.Bilinear(2, 2, 1)))
    said = []
    for tt, net in ((tinytorch, ours), (torch, theirs)):
        seen, numbers = [], []

        def note(m, grad_input, grad_output, seen=seen, numbers=numbers):
            seen.append((type(m).__name__, [g is None for g in grad_input], len(grad_output)))
            numbers.extend(g for g in (*grad_input, *grad_output) if g is not None)

        for module in net:
            module.register_full_backward_hook(note)
        handle = net[1].register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 2,))
        x = tt.tensor([[1.0, -2.0], [0.5, 3.0]])
        y = net[1](net[0](x))
        net[2](y, y * 2).sum().backward()
        handle.remove()
        net[1](net[0](x.requires_grad_())).sum().backward()
        said.append((seen, [*numbers, x.grad, *(p.grad for p in net.parameters())]))
    assert said[0][0] == said[1][0]
    for a, b in zip(said[0][1], said[1][1], strict=True):
        close(a, b)


# layers


def close(ours, theirs, **options):
    np.testing.assert_allclose(ours.tolist(), theirs.tolist(), rtol=1e-5, atol=1e-5, **options)


def compare(build, *shapes, dtype="float32"):
    """Forward, and the gradient of every input and parameter for a random gradient from above."""
    ours, theirs = nets(build)
    ours, theirs = ours.to(getattr(tinytorch, dtype)), theirs.to(getattr(torch, dtype))
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    xs, ys = [tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    out, expected = ours(*xs), theirs(*ys)
    assert out.shape == tuple(expected.shape) and str(out.dtype).endswith(dtype)
    close(out.detach(), expected.detach())
    upstream = rng.standard_normal(out.shape).astype(dtype)
    out.backward(tensor(upstream))
    expected.backward(torch.tensor(upstream))
    for a, b in zip([*xs, *ours.parameters()], [*ys, *theirs.parameters()], strict=True):
        close(a.grad, b.grad)


@given(
    lead=st.lists(st.integers(0, 3), max_size=3),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    bias=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_linear(lead, sizes, bias, dtype):
    compare(lambda lib: lib.Linear(*sizes, bias=bias), (*lead, sizes[0]), dtype=dtype)


@given(lead=st.lists(st.integers(1, 3), max_size=2), sizes=st.tuples(*[st.integers(1, 3)] * 3), bias=st.booleans())
def test_bilinear(lead, sizes, bias):
    compare(lambda lib: lib.Bilinear(*sizes, bias=bias), (*lead, sizes[0]), (*lead, sizes[1]))


@pytest.mark.parametrize(
    "build, shape",
    [
        (lambda lib: lib.Flatten(), (2, 3, 4)),
        (lambda lib: lib.Flatten(0, 1), (2, 3, 4)),
        (lambda lib: lib.Identity(1, x=2), (2, 3)),
        (lambda lib: lib.Unflatten(1, (2, 3)), (4, 6)),
        (lambda lib: lib.Unflatten(-1, (3, -1)), (4, 6)),
    ],
)
def test_shapes(build, shape):
    compare(build, shape)


def test_linear_and_friends_complain():
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(128, 10)(tinytorch.ones(64, 784))
    assert str(caught.value) == "Linear(128, 10): the input's last dimension is 784, expected 128"
    with pytest.raises(RuntimeError, match="expected 3"):
        nn.Linear(3, 2)(tensor(1.0))
    with pytest.raises(RuntimeError, match="leading dimensions"):
        nn.Bilinear(2, 2, 1)(tinytorch.ones(3, 2), tinytorch.ones(4, 2))
    with pytest.raises(RuntimeError, match="expected 2 and 3"):
        nn.Bilinear(2, 3, 1)(tinytorch.ones(3, 2), tinytorch.ones(3, 2))
    for wrong, lib in [(w, lib) for w in (3, (2, "a")) for lib in (nn, torch.nn)]:
        with pytest.raises(TypeError, match="unflattened_size"):
            lib.Unflatten(1, wrong)
    with pytest.raises(ValueError, match="in1_features must be > 0"):
        nn.Bilinear(0, 1, 1)
    assert nn.Linear(2, 3, dtype=tinytorch.float64).weight.dtype is tinytorch.float64


def test_functional():
    x, w, b = tinytorch.randn(5, 3), tinytorch.randn(2, 3), tinytorch.randn(2)
    close(nn.functional.linear(x, w, b), torch.nn.functional.linear(*(torch.tensor(t.tolist()) for t in (x, w, b))))
    x1, x2, w = tinytorch.randn(5, 3), tinytorch.randn(5, 2), tinytorch.randn(4, 3, 2)
    close(
        nn.functional.bilinear(x1, x2, w),
        torch.nn.functional.bilinear(*(torch.tensor(t.tolist()) for t in (x1, x2, w))),
    )


def test_reproducible():
    tinytorch.manual_seed(1)
    first = nn.Linear(3, 3).weight.tolist()
    tinytorch.manual_seed(1)
    layer = nn.Linear(3, 3)
    assert layer.weight.tolist() == first
    layer.reset_parameters()
    assert layer.weight.tolist() != first and layer.weight.requires_grad
    wide = nn.Linear(400, 300)
    for p in wide.parameters():
        values = p.detach().numpy()
        assert abs(values).max() <= 0.05 and abs(values.std() * 20 * 3**0.5 - 1) < 0.1


# containers


def names(modules):
    return [m.out_features for m in modules]


@both
def test_sequential_manners(tt, lib):
    def net(*sizes):
        return lib.Sequential(*[lib.Linear(1, n) for n in sizes])

    n = net(1, 2, 3)
    assert len(n) == 3 and n[-1].out_features == 3 and names(n[1:]) == [2, 3] and isinstance(n[:2], lib.Sequential)
    assert list(dict(n[1:].named_children())) == ["1", "2"]
    assert (
        n.append(lib.Linear(1, 4)) is n and n.insert(0, lib.Linear(1, 0 + 5)) is n and n.extend([lib.Linear(1, 6)]) is n
    )
    assert names(n) == [5, 1, 2, 3, 4, 6] and list(dict(n.named_children())) == list("012345")
    n[1] = lib.Linear(1, 9)
    del n[0]
    assert names(n) == [9, 2, 3, 4, 6] and list(dict(n.named_children())) == list("01234")
    del n[1:3]
    assert names(n) == [9, 4, 6] and n.pop(1).out_features == 4 and names(n) == [9, 6]
    assert names(n + net(1)) == [9, 6, 1] and names(n * 2) == [9, 6, 9, 6] and names(2 * n) == [9, 6, 9, 6]
    n += net(1)
    n *= 2
    assert names(n) == [9, 6, 1, 9, 6, 1]
    for call, error in [
        (lambda: n[6], IndexError),
        (lambda: n[-7], IndexError),
        (lambda: n + "text", ValueError),
        (lambda: n * 0, ValueError),
        (lambda: n * 1.5, TypeError),
        (lambda: n.insert(9, lib.Linear(1, 1)), IndexError),
        (lambda: n.insert(0, 3), AssertionError),
        (lambda: lib.Sequential(3), TypeError),
        (lambda: n.append(3), TypeError),
    ]:
        with pytest.raises(error):
            call()


@both
def test_module_list(tt, lib):
    m = lib.ModuleList(lib.Linear(1, n) for n in (1, 2, 3))
    m.insert(1, lib.Linear(1, 7))
    assert m.append(lib.Linear(1, 8)) is m and names(m) == [1, 7, 2, 3, 8] and len(m) == 5
    m[0] = lib.Linear(1, 9)
    m += [lib.Linear(1, 4)]
    assert names(m) == [9, 7, 2, 3, 8, 4] and names(m[::2]) == [9, 2, 8] and isinstance(m[:1], lib.ModuleList)
    del m[1:3]
    del m[-1]
    assert (
        names(m) == [9, 3, 8]
        and list(m.state_dict())[:2] == ["0.weight", "0.bias"]
        and list(dict(m.named_children())) == list("012")
    )
    assert m.pop(0).out_features == 9 and names(m + lib.ModuleList([lib.Linear(1, 5)])) == [3, 8, 5]
    for call, error in [
        (lambda: m[2], IndexError),
        (lambda: m.extend(3), TypeError),
        (lambda: m.append(3), TypeError),
        (lambda: m["0"], TypeError),
        (lambda: m(1), NotImplementedError),
    ]:
        with pytest.raises(error):
            call()


@both
def test_module_dict(tt, lib):
    m = lib.ModuleDict({"a": lib.Linear(1, 1), "b": lib.Linear(1, 2)})
    m["c"] = lib.Linear(1, 3)
    m.update([("d", lib.Linear(1, 4)), ["a", lib.Linear(1, 5)]])
    m.update(lib.ModuleDict({"e": lib.Linear(1, 6)}))
    assert list(m) == list(m.keys()) == list("abcde") and names(m.values()) == [5, 2, 3, 4, 6] and len(m) == 5
    assert "a" in m and "z" not in m and m.pop("a").out_features == 5 and [k for k, _ in m.items()] == list("bcde")
    del m["b"]
    for call, error in [
        (lambda: m["z"], KeyError),
        (lambda: m.update(3), TypeError),
        (lambda: m.update([3]), TypeError),
        (lambda: m.update([(1, 2, 3)]), ValueError),
        (lambda: m.pop("z"), KeyError),
        (lambda: m.update({"x": 3}), TypeError),
        (lambda: m.update({"keys": lib.Linear(1, 1)}), KeyError),
    ]:
        with pytest.raises(error):
            call()
    m.clear()
    assert len(m) == 0 and list(m.parameters()) == []


@both
def test_parameter_list(tt, lib):
    p = lib.ParameterList([tt.ones(1), lib.Parameter(tt.ones(2)), "text"])
    p.append(tt.ones(3)).extend([tt.ones(4)])
    p += [tt.ones(5)]
    assert (
        len(p) == 6
        and isinstance(p[0], lib.Parameter)
        and p[2] == "text"
        and list(p)[-1].shape == (5,)
        and len(p[1:3]) == 2
    )
    assert [n for n, _ in p.named_parameters()] == ["0", "1", "3", "4", "5"]
    p[0] = tt.ones(9)
    assert p[-6].shape == (9,)
    for call, error in [
        (lambda: p[6], IndexError),
        (lambda: p.extend(3), TypeError),
        (lambda: p.extend(tt.ones(2)), TypeError),
        (lambda: p(1), RuntimeError),
    ]:
        with pytest.raises(error):
            call()


@both
def test_parameter_dict(tt, lib):
    p = lib.ParameterDict({"b": tt.ones(1), "a": tt.ones(2)})
    assert list(p) == ["a", "b"], "a plain dict is sorted"
    p["c"] = lib.Parameter(tt.ones(3))
    p.update(OrderedDict(z=tt.ones(4), y=tt.ones(5)))
    assert list(p.keys()) == ["a", "b", "c", "z", "y"] and len(p) == 5 and next(reversed(p)) == "y"
    assert (
        all(isinstance(v, lib.Parameter) for v in p.values())
        and "a" in p
        and p.get("q") is None
        and p.get("a") is p["a"]
    )
    assert p.setdefault("a") is p["a"] and p.setdefault("n", tt.ones(1)).shape == (1,) and p.popitem()[0] == "n"
    assert p.pop("z").shape == (4,) and [n for n, _ in p.named_parameters()] == ["a", "b", "c", "y"]
    both = p | lib.ParameterDict({"new": tt.ones(1)})
    assert (
        list(both) == ["a", "b", "c", "y", "new"]
        and list(p.copy()) == ["a", "b", "c", "y"]
        and len(p.fromkeys("pq", tt.ones(1))) == 2
    )
    p |= lib.ParameterDict({"new": tt.ones(1)})
    del p["new"]
    for call, error in [
        (lambda: p[3], TypeError),
        (lambda: p.update(3), TypeError),
        (lambda: p.update([(1,)]), ValueError),
        (lambda: p.update([1]), TypeError),
        (lambda: p(1), RuntimeError),
    ]:
        with pytest.raises(error):
            call()
    p.clear()
    assert list(p.parameters()) == []


@both
def test_vector(tt, lib):
    net = lib.Sequential(lib.Linear(2, 3), lib.Linear(3, 1))
    vector = lib.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (13,) and vector.requires_grad
    numbers = tt.arange(13).to(tt.float32)
    lib.utils.vector_to_parameters(numbers, net.parameters())
    assert (
        net[0].weight.tolist() == [[0, 1], [2, 3], [4, 5]]
        and net[1].bias.tolist() == [12]
        and net[1].bias.requires_grad
    )
    with pytest.raises(TypeError):
        lib.utils.vector_to_parameters([1.0], net.parameters())


@pytest.mark.parametrize("t", [tinytorch, torch], ids=["tinytorch", "torch"])
def test_hooks_are_shown_and_cleared(t):
    layer, seen = t.nn.Linear(2, 2), []
    assert not layer._forward_hooks and not layer._forward_pre_hooks and not layer._backward_hooks
    hook = lambda *args: seen.append("after")
    layer.register_forward_hook(hook)
    layer.register_forward_pre_hook(lambda *args: seen.append("before"))
    layer.register_full_backward_hook(lambda *args: seen.append("backward"))
    assert list(layer._forward_hooks.values()) == [hook]
    assert len(layer._forward_pre_hooks) == len(layer._backward_hooks) == 1
    layer._forward_hooks.clear()
    assert not layer._forward_hooks
    layer(t.ones(1, 2)).sum().backward()
    assert seen == ["before", "backward"]
