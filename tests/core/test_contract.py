"""The contract on every call: a layer whose output cannot reach its parameters or inputs is named at once."""

import collections
import inspect

import pytest

from tinytorch import Tensor, as_tensor, nn, no_grad, ones, randn, tensor


class Cut(nn.Module):
    """A layer with two parameters whose forward is given."""

    def __init__(self, forward, children=()):
        super().__init__()
        self.weight, self.bias = nn.Parameter(ones(3)), nn.Parameter(ones(3))
        for i, child in enumerate(children):
            self.add_module(f"child{i}", child)
        self.function = forward

    def forward(self, *args, **kwargs):
        return self.function(self, *args, **kwargs)


def good(self, x):
    return x * self.weight + self.bias


def raw(self, x):
    return as_tensor(x.detach().numpy() * self.weight.detach().numpy() + self.bias.detach().numpy())


def message(module, *args, **kwargs):
    with pytest.raises(RuntimeError) as caught:
        module(*args, **kwargs)
    return str(caught.value)


X = randn(5, 3)


def test_a_good_layer_passes():
    assert Cut(good)(X).requires_grad


@pytest.mark.parametrize(
    "forward, lost",
    [
        (raw, ["weight", "bias"]),
        (lambda self, x: good(self, x).detach(), ["weight", "bias"]),
        (lambda self, x: x * self.weight, ["bias"]),
        (lambda self, x: x * self.weight.detach() + self.bias, ["weight"]),
        (lambda self, x: x.clone(), ["weight", "bias"]),
        (lambda self, x: tensor(good(self, x).tolist()), ["weight", "bias"]),
        (lambda self, x: (x * self.weight, {"more": [good(self, x).detach()]}), ["bias"]),
    ],
    ids=["raw arrays", "detached", "unused", "detached parameter", "no parameter", "numbers", "in a tuple"],
)
def test_lost_parameters_are_named(forward, lost):
    text = message(Cut(forward), X)
    assert text.startswith("Cut") and "gradient_contract = False" in text
    for name in ("weight", "bias"):
        assert (f"parameter {name} torch.Size([3])" in text) == (name in lost), text


def test_lost_inputs():
    x = randn(5, 3).requires_grad_()
    assert "input 0 torch.Size([5, 3])" in message(Cut(lambda self, x: good(self, x.detach())), x)
    assert "input 0 torch.Size([5, 3])" in message(Cut(lambda self, x: good(self, x.detach())), x * 2)
    both = Cut(lambda self, x, y: good(self, x) + y.detach())
    assert "input 1" in message(both, x, x * 2) and "input 0" not in message(both, x, x * 2)
    assert "input 1" in message(both, x, y=x * 2), "by keyword"
    assert both(x, randn(5, 3)).requires_grad, "an input without history is not asked for"


def test_one_of_several_inputs_in_a_container_is_enough():
    a, b = randn(5, 3).requires_grad_(), randn(5, 3).requires_grad_()
    first = Cut(lambda self, pair: good(self, pair[0]))
    assert nn.Sequential(first)([a, b]).requires_grad and nn.Sequential(first)({0: a, 1: b}).requires_grad
    assert "input 0" in message(Cut(lambda self, pair: good(self, pair[0].detach())), (a, b))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda y: (y, y.detach()),
        lambda y: [y],
        lambda y: {"a": {"b": y}},
        lambda y: collections.namedtuple("P", "y z")(None, y),
        lambda y: (y.argmax(1), y),
    ],
)
def test_outputs_in_containers(wrap):
    assert Cut(lambda self, x: wrap(good(self, x)))(X) is not None
    message(Cut(lambda self, x: wrap(good(self, x).detach())), X)


def test_outputs_without_numbers_to_learn_from_are_not_checked():
    assert Cut(lambda self, x: good(self, x) > 0)(X).shape == (5, 3)
    assert Cut(lambda self, x: good(self, x).argmax(1))(X).shape == (5,)
    assert Cut(lambda self, x: None)(X) is None


def test_a_container_that_detaches_between_children():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            x = self.one(x).detach()
            return self.two(x)

    text = message(Net(), X)
    line = inspect.getsourcelines(Net.forward)[1]
    assert (
        text.startswith("Net: ")
        and "parameter one.weight torch.Size([4, 3])" in text
        and "two" not in text.split("\n")[0]
    )
    assert f"{__file__}, line {line}" in text and f"line {line + 1}: x = self.one(x).detach()" in text
    outer = nn.Sequential(nn.Linear(3, 3), nn.Sequential(Net()))
    assert message(outer, X).startswith("Sequential.1.0")


def test_a_childs_dropped_result_is_reported():
    net = Cut(lambda self, x: (self.child0(x), good(self, x))[1], [nn.Linear(3, 3)])
    assert "parameter child0.weight" in message(net, X)
    deep = Cut(
        lambda self, x: (self.child0(x), good(self, x))[1],
        [nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3)))],
    )
    assert "parameter child0.1.0.weight" in message(deep, X)
    pair = Cut(lambda self, x: (self.weight * x, self.bias * x))
    assert "parameter child0.bias" in message(Cut(lambda self, x: good(self, self.child0(x)[0]), [pair]), X)
    relu = Cut(lambda self, x: (self.child0(x), good(self, x))[1], [nn.Identity()])
    assert relu(X).requires_grad, "what holds no parameters may be dropped"


def test_a_child_that_is_not_called_is_not_asked_for():
    assert Cut(good, [nn.Linear(3, 3)])(X).requires_grad


def test_frozen_parameters_are_not_asked_for():
    layer = Cut(lambda self, x: x * self.weight)
    layer.bias.requires_grad = False
    assert layer(X).requires_grad
    assert not Cut(raw).requires_grad_(False)(X).requires_grad
    assert "input 0" in message(Cut(raw).requires_grad_(False), X * ones(3).requires_grad_())


def test_off_under_no_grad():
    with no_grad():
        assert Cut(raw)(X).shape == (5, 3)

    def teacher(self, x):
        with no_grad():
            target = self.child0(x)
        return good(self, x) - target

    assert Cut(teacher, [nn.Linear(3, 3)])(X).requires_grad, "a child called under no_grad is not asked for"


def test_exempt():
    layer = Cut(raw)
    layer.gradient_contract = False
    assert not layer(X).requires_grad

    class Stop(nn.Module):
        gradient_contract = False

        def forward(self, x):
            return x.detach()

    net = nn.Sequential(nn.Linear(3, 3), Stop(), nn.Linear(3, 3))
    assert nn.Sequential(net, nn.Linear(3, 3))(X).requires_grad, (
        "what enters an exempt layer counts as reached, at every level"
    )
    assert not nn.Sequential(nn.Linear(3, 3), Stop())(X).requires_grad
    message(nn.Sequential(nn.Linear(3, 3), Cut(raw), nn.Linear(3, 3)), X)


def test_shared_and_repeated_layers():
    layer = nn.Linear(3, 3)
    assert nn.Sequential(layer, layer, layer)(X).requires_grad
    tied = nn.Linear(3, 3)
    tied.weight = layer.weight
    assert nn.Sequential(layer, tied)(X).requires_grad
    twice = Cut(lambda self, x: good(self, self.child0(x)) + 0 * self.child0(x).detach(), [layer])
    assert twice(X).requires_grad, "one of two results is enough to reach the parameters"
    assert "child0" in message(
        Cut(lambda self, x: good(self, self.child0(x).detach() + self.child0(x).detach()), [layer]), X
    )


def test_recursion():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x, depth):
            return self(self.layer(x), depth - 1) if depth else self.layer(x)

    net = Again()
    net(X, 20).sum().backward()
    assert net.layer.weight.grad is not None


def test_identity_and_leaves():
    x = randn(3, requires_grad=True)
    assert nn.Identity()(x) is x
    assert nn.Sequential(nn.Identity(), nn.Linear(3, 3), nn.Identity(), nn.Identity())(x).requires_grad
    message(nn.Sequential(nn.Identity(), nn.Linear(3, 3), nn.Identity(), Cut(raw), nn.Identity()), x)
    own = Cut(lambda self: self.weight)
    own.bias.requires_grad = False
    assert own() is own.weight and nn.Sequential(nn.Linear(3, 3))(own()).requires_grad


def test_a_result_kept_from_before_is_not_entered():
    layer = Cut(lambda self, x: self.memory)
    layer.memory = good(layer, X)
    assert "parameter weight" in message(layer, X), "this call has not used the parameters"


def test_a_value_passed_by_the_side():
    """A child may use what its parent left for it; the walk with shortcuts misses it, the exact one does not."""

    def forward(self, x):
        self.child0.memory = x * self.weight
        return self.child0(x) + self.bias

    child = Cut(lambda self, x: good(self, x) + self.memory)
    assert Cut(forward, [child])(X).requires_grad


def test_changes_in_place():
    def forward(self, x):
        y = self.child0(x)
        y[0] = 0.0
        return good(self, y)

    if hasattr(Tensor, "__setitem__"):
        assert Cut(forward, [nn.Linear(3, 3)])(X * ones(3, requires_grad=True)).requires_grad


def test_an_error_inside_leaves_nothing_behind():
    def forward(self, x):
        self.child0(x)
        raise KeyError("inside")

    with pytest.raises(KeyError):
        Cut(forward, [nn.Linear(3, 3)])(X)
    assert Cut(good)(X).requires_grad


def test_in_threads():
    from concurrent.futures import ThreadPoolExecutor

    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    with ThreadPoolExecutor(4) as pool:
        assert all(y.requires_grad for y in pool.map(lambda _: net(X), range(40)))


def test_nesting_is_not_quadratic(monkeypatch):
    """Each level walks its own few nodes, not those of all the levels inside."""
    from tinytorch.nn import module as lesson

    entered, real = [], lesson.unreached

    class Counted(dict):
        def __contains__(self, node):
            entered.append(node)
            return super().__contains__(node)

    monkeypatch.setattr(
        lesson,
        "unreached",
        lambda outputs, wanted, since, shortcuts: real(outputs, wanted, since, Counted(shortcuts or {None: []})),
    )
    counts = []
    for depth in (20, 40):
        net = nn.Linear(3, 3)
        for _ in range(depth):
            net = nn.Sequential(net, nn.Linear(3, 3))
        entered.clear()
        net(X)
        counts.append(len(entered))
    assert counts[0] < 20 * 10 and counts[1] < 2.2 * counts[0], counts


def test_a_forward_without_source():
    layer = Cut(None)
    layer.forward = type("Callable", (), {"__call__": lambda self, x: x * 1.0})()
    assert "parameter weight" in message(layer, X)
