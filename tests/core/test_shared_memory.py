"""Two tensors that share memory share it after deepcopy, and after save and load, as in PyTorch."""

import copy
import io
import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch.safetensors import as_bytes


def through_a_file(t):
    def carry(obj):
        file = io.BytesIO()
        t.save(obj, file)
        file.seek(0)
        return t.load(file)

    return carry


def carriers(t):
    return [copy.deepcopy, through_a_file(t)]


def sharing(t, tensors) -> list:
    """Which of the tensors see a change of which, and their values and layouts."""
    found = [(tuple(x.shape), x.tolist(), x.stride()) for x in tensors]
    for i, x in enumerate(tensors):
        before = [y.tolist() for y in tensors]
        x.detach().add_(1000)
        found.append((i, [a != y.tolist() for a, y in zip(before, tensors, strict=True)]))
    return found


VIEWS = [
    lambda x: x,
    lambda x: x.detach(),
    lambda x: x[0],
    lambda x: x[1:, ::2],
    lambda x: x.t(),
    lambda x: x.reshape(-1)[3:7],
    lambda x: x.reshape(2, 6),
    lambda x: x[2, 3],
    lambda x: x.unsqueeze(1),
    lambda x: x.clone(),
]


@given(st.lists(st.integers(0, len(VIEWS) - 1), min_size=1, max_size=4), st.booleans(), st.integers(0, 1))
def test_views_of_one_base(which, with_base, carrier):
    results = []
    for t in (tt, torch):
        x = t.arange(12.0).reshape(3, 4)
        tensors = [x, *(VIEWS[i](x) for i in which)][0 if with_base else 1 :]
        carried = carriers(t)[carrier](tensors)
        results.append(sharing(t, carried))
        assert x.tolist() == t.arange(12.0).reshape(3, 4).tolist(), "a copy is a copy"
    assert [r[:2] for r in results[0]] == [r[:2] for r in results[1]]


class Tied:
    """An autoencoder of one matrix, and two names for another."""

    @staticmethod
    def of(t):
        class Model(t.nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = t.nn.Linear(3, 3), t.nn.Linear(3, 3)
                self.second.weight = self.first.weight
                self.register_buffer("row", self.first.weight.detach()[0])

        return Model()


@pytest.mark.parametrize("t", [tt, torch], ids=["tinytorch", "torch"])
def test_tied_weights_stay_tied(t):
    model = Tied.of(t)
    twin = copy.deepcopy(model)
    assert twin.first.weight is twin.second.weight and twin.first.weight is not model.first.weight
    with t.no_grad():
        twin.first.weight.fill_(3)
    assert model.first.weight.tolist() != twin.second.weight.tolist() == [[3] * 3] * 3
    for carry in carriers(t):
        state = carry(model.state_dict())
        state["first.weight"].fill_(5)
        assert state["second.weight"].tolist() == [[5] * 3] * 3 and state["row"].tolist() == [5] * 3
        assert state["second.bias"].tolist() != [5] * 3


def test_dicts_and_lists():
    for t in (tt, torch):
        x = t.zeros(4)
        for carry in carriers(t):
            obj = carry({"x": x, "parts": [x[:2], (x[2:],)], "other": t.zeros(4)})
            obj["x"].add_(1)
            assert obj["parts"][0].tolist() == [1, 1] and obj["parts"][1][0].tolist() == [1, 1]
            assert obj["other"].tolist() == [0] * 4 and x.tolist() == [0] * 4


@pytest.mark.parametrize(
    "shared",
    [
        [{"x": [0, [1]], "y": [1, [1]]}],
        [{"x": [0, [0]], "y": [0, [0]]}],
        [{"x": [0, [1]], "y": [0, [1, 1]]}],
        [{"x": [0, [1]], "z": [0, [1]]}],
        [{"x": ["0", [1]], "y": [0, [1]]}],
        [{"x": [0, [1.5]], "y": [0, [1]]}],
        [{"x": [0, [10**30]], "y": [0, [1]]}],
        [{"x": 3}],
        [{}],
        {"x": 1},
        3,
    ],
)
def test_a_forged_layout_is_refused(shared):
    data = as_bytes({"x": tt.arange(3.0), "y": tt.arange(3.0) + 7}, {"tinytorch.shared": json.dumps(shared)})
    with pytest.raises(RuntimeError, match="damaged"):
        tt.load(io.BytesIO(data))
