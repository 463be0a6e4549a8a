"""nn.Buffer: a tensor that is a buffer of whatever module it is assigned to."""

import copy
import pickle

import pytest
import torch

import tinytorch as tt


def keeper(t):
    class Keeper(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = t.nn.Buffer(t.ones(2))
            self.other = t.nn.Buffer(t.zeros(3), persistent=False)
            self.plain = t.ones(1)

    return Keeper()


@pytest.mark.parametrize("t", [tt, torch])
def test_assigned_buffers_are_registered(t):
    module = keeper(t)
    assert [name for name, _ in module.named_buffers()] == ["kept", "other"]
    assert list(module.state_dict()) == ["kept"] and not list(module.parameters())
    assert isinstance(module.kept, t.nn.Buffer) and isinstance(module.kept, t.Tensor)
    assert not isinstance(module.kept, t.nn.Parameter) and not isinstance(t.ones(1), t.nn.Buffer)
    module.other = t.nn.Buffer(t.zeros(3))  # persistent now
    assert list(module.state_dict()) == ["kept", "other"]
    module.kept = t.zeros(2)  # stays a buffer
    assert module.kept.tolist() == [0, 0] and "kept" in dict(module.named_buffers())
    module.double()
    assert module.kept.dtype == t.float64 and module.plain.dtype == t.float32
    module.weight = t.nn.Parameter(t.ones(2))
    module.weight = None
    with pytest.raises((AttributeError, TypeError)):
        module.weight = t.ones(2)


def test_memory_and_copies():
    values = tt.ones(2)
    module = keeper(tt)
    module.kept = tt.nn.Buffer(values)
    values[0] = 5.0
    assert module.kept.tolist() == [5, 1] and not module.kept.requires_grad
    again = copy.deepcopy(module)
    again.kept[0] = 7.0
    assert module.kept.tolist() == [5, 1] and list(again.state_dict()) == ["kept"]
    assert pickle.loads(pickle.dumps(module.kept)).tolist() == [5, 1]
    assert (module.kept * 2).tolist() == [10, 2]


def test_before_init():
    class Early(tt.nn.Module):
        def __init__(self):
            self.b = tt.nn.Buffer(tt.ones(1))

    with pytest.raises(AttributeError, match=r"cannot assign buffers before Module.__init__\(\) call"):
        Early()
