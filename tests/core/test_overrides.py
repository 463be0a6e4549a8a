"""`__torch_function__` where programs that print do not show it: order, contexts, and what stays as it was."""

import inspect

import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch import overrides

BOTH = pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])


def classes(t):
    class Base(t.Tensor):
        pass

    class Derived(Base):
        pass

    return Base, Derived


def answering(name: str, base=object):
    """A class that says its name to every function."""
    return type(name, (base,), {"__torch_function__": classmethod(lambda cls, *args: cls.__name__)})


@BOTH
def test_subclasses_are_asked_before_their_bases_otherwise_from_left_to_right(t):
    parent, other = answering("Parent"), answering("Other")
    child = answering("Child", parent)
    for values, first in (((parent(), child()), "Child"), ((parent(), other(), child()), "Child"),
                          ((other(), parent()), "Other"), ((other(), parent(), child()), "Other")):  # fmt: skip
        assert t.overrides.handle_torch_function(len, values, *values) == first
        assert t.overrides.has_torch_function(values)
    assert not t.overrides.has_torch_function((1, None, t.ones(1), t.nn.Parameter(t.ones(1))))


@BOTH
def test_results_and_gradients_of_subclasses(t):
    base, derived = classes(t)
    x = base([1.0, 2.0]).requires_grad_()
    y = derived([3.0, 4.0])
    assert type(x * y) is type(y * x) is type(t.maximum(x, y)) is derived and type(2 / x) is base
    assert [type(part) for part in t.meshgrid(x, x, indexing="ij")] == [base, base]
    assert type(x.data) is base and x.grad is None
    (x * x * y.as_subclass(t.Tensor)).sum().backward()
    assert x.grad.tolist() == [6.0, 16.0] and type(x.grad) is t.Tensor
    y += 1
    assert type(y) is derived and y.tolist() == [4.0, 5.0]
    y[0] = 9
    assert y[0] == 9 and type(y[0]) is type(y == y) is derived
    assert isinstance(y.numpy(), np.ndarray)
    assert type(t.Tensor._make_subclass(base, t.ones(2), True)) is base


@BOTH
def test_where_it_is_off(t):
    base, _ = classes(t)
    off = overrides.DisableTorchFunctionSubclass if t is tt else torch._C.DisableTorchFunctionSubclass
    x = base([1.0])
    with off():
        with off():
            assert type(x + 1) is t.Tensor
        assert type(x + 1) is t.Tensor and not t.overrides.has_torch_function((x,))
    assert type(x + 1) is base

    class Parameter2(t.nn.Parameter):
        pass

    assert type(Parameter2(t.ones(2)) * 2) is t.Tensor
    assert type(t.nn.functional.linear(x, t.nn.Parameter(t.ones(1, 1)))) is base


@BOTH
def test_nobody_answers(t):
    silent = type("Silent", (t.Tensor,), {"__torch_function__": classmethod(lambda cls, *args: NotImplemented)})
    x = t.ones(1).as_subclass(silent)
    for call in (lambda: t.exp(x), lambda: x.exp(), lambda: t.nn.functional.softsign(x), lambda: x + x, lambda: x[0]):
        with pytest.raises(TypeError):
            call()


@BOTH
def test_modes_see_all_and_one_another(t):
    class Adding(t.overrides.TorchFunctionMode):
        def __init__(self, what):
            super().__init__()
            self.what = what

        def __torch_function__(self, func, types, args=(), kwargs=None):
            heard.append((self.what, func.__name__))
            return func(*args, **(kwargs or {}))

    heard = []
    with Adding("outer"), Adding("inner"):
        x = t.zeros(2)
    assert heard == [("inner", "zeros"), ("outer", "zeros")] and x.tolist() == [0, 0]
    t.zeros(2)
    assert len(heard) == 2


def test_functions_stay_the_same_objects_with_their_arguments():
    before = {f: inspect.signature(f) for f in (tt.add, tt.nn.functional.relu, tt.stack, tt.Tensor.sum, tt.zeros)}
    base, _ = classes(tt)
    base([1.0])
    assert tt.add in before and tt.add.__name__ == "add"
    for function, signature in before.items():
        assert inspect.signature(function) == signature
    assert tt.add(tt.ones(1), 2, alpha=3).tolist() == [7] and tt.stack([tt.ones(1)], dim=1).shape == (1, 1)
    with tt.backends.use("lessons"):
        assert type(base([1.0]) + base([1.0])) is base
    assert type(base([1.0]) @ base([1.0])) is base
