"""Saving and loading: round trips, PyTorch's safetensors, and files that must be refused."""

import contextlib
import io
import json
import math
import os
import pickle
import struct
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinytorch
from tinytorch import nn
from tinytorch.serialization import load, load_file, save, save_file


def round_trip(obj):
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file)


def same(a, b):
    if isinstance(a, tinytorch.Tensor):
        return (
            type(b) is tinytorch.Tensor
            and a.dtype is b.dtype
            and a.shape == b.shape
            and a.array.tobytes() == b.array.tobytes()
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return [(type(k), k) for k in a] == [(type(k), k) for k in b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


DTYPES = [tinytorch.float32, tinytorch.float64, tinytorch.int64, tinytorch.int32, tinytorch.uint8, tinytorch.bool]
tensors = st.builds(
    lambda shape, kind: tinytorch.tensor(np.arange(math.prod(shape)).reshape(shape), dtype=kind),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(DTYPES),
)
keys = st.one_of(
    st.text(max_size=6),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.tuples(st.integers(), st.text(max_size=2)),
)
objects = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), tensors),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(objects)
def test_round_trip(obj):
    assert same(obj, round_trip(obj))


@pytest.mark.parametrize(
    "obj",
    [
        {"a.b": tinytorch.zeros(2), "a": {"b": tinytorch.ones(2)}},
        {"__metadata__": tinytorch.ones(1)},
        {"tensor": 1},
        {"dict": [["a", 1]]},
        {"": tinytorch.ones(1), None: tinytorch.zeros(1), "None": tinytorch.zeros(1)},
        {1: tinytorch.ones(1), "1": tinytorch.zeros(1)},
        {True: 2},
        tinytorch.ones(2, 3),
        tinytorch.tensor(2.5),
        {},
        [],
        2**100,
        -0.0,
        "\U0001f600 \ud800",
        {"a~2": tinytorch.ones(1), "a": tinytorch.zeros(1)},
    ],
)
def test_awkward_cases(obj):
    assert same(obj, round_trip(obj))


def test_numpy_float_and_views_and_parameters():
    assert round_trip(np.float64(0.1)) == 0.1
    x = tinytorch.arange(6).reshape(2, 3)
    assert same(round_trip(x.T), tinytorch.tensor([[0, 3], [1, 4], [2, 5]]))
    got = round_trip({"w": nn.Parameter(tinytorch.ones(2)), "y": (nn.Parameter(tinytorch.ones(2)) * 2)})
    assert not got["w"].requires_grad and type(got["w"]) is tinytorch.Tensor and got["y"].tolist() == [2, 2]
    loaded = round_trip({"w": tinytorch.zeros(2)})["w"]
    loaded.array[0] = 1  # a loaded tensor can be changed in place


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        ({"a": [1, object()]}, r"\['a'\]\[1\]"),
        ([{1, 2}], r"\[0\]"),
        (Point(1, 2), "Point"),
        (Counter("a"), "Counter"),
        (lambda: 0, "function"),
        ({"a": np.ones(2)}, r"\['a'\].*ndarray"),
        ({"a": {b"k": 1}}, r"\['a'\].*b'k'"),
        (1j, "complex"),
        (b"bytes", "bytes"),
        (np.float32(1), "float32"),
        ({"model": torch.ones(1)}, r"\['model'\].*torch"),
        (nn.Linear(1, 1), "state_dict"),
        ({object(): 1}, "key"),
    ],
)
def test_what_cannot_be_saved_is_named(obj, where, tmp_path):
    with pytest.raises(TypeError, match=where):
        save(obj, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_loops_are_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        save(loop, io.BytesIO())
    twice = [1]
    assert round_trip([twice, twice]) == [[1], [1]]


def test_state_dict_is_a_plain_safetensors_file_for_pytorch(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    save(model.state_dict(), tmp_path / "model.safetensors")
    theirs = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert set(theirs) == set(model.state_dict())
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    other.load_state_dict(theirs)
    x = np.random.default_rng(0).random((5, 3), dtype=np.float32)
    np.testing.assert_allclose(
        model(tinytorch.tensor(x)).detach().numpy(), other(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6
    )
    safetensors.torch.save_file(other.state_dict(), tmp_path / "back.safetensors")
    fresh = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    for name in ("back.safetensors", "model.safetensors"):
        fresh.load_state_dict(tinytorch.load(tmp_path / name, map_location="cpu", weights_only=True))
        assert np.array_equal(fresh[0].weight.detach().numpy(), model[0].weight.detach().numpy())
    assert list(tinytorch.load(tmp_path / "model.safetensors")) == list(model.state_dict()), (
        "the order of the names is kept"
    )


def test_half_precision_is_widened_and_unknown_dtypes_refused(tmp_path):
    values = torch.tensor([1.5, -2.0, 3.14159])
    safetensors.torch.save_file({"h": values.half(), "b": values.bfloat16()}, tmp_path / "x")
    got = load(tmp_path / "x")
    for name, kind in (("h", torch.float16), ("b", torch.bfloat16)):
        assert got[name].dtype is tinytorch.float32 and got[name].tolist() == values.to(kind).float().tolist()
    safetensors.torch.save_file({"x": torch.tensor([1], dtype=torch.int16)}, tmp_path / "x")
    with pytest.raises(RuntimeError, match="I16"):
        load(tmp_path / "x")


def test_save_file_load_file(tmp_path):
    save_file({"a": tinytorch.arange(3), "b": tinytorch.ones(2, 2).T}, tmp_path / "x", metadata={"note": "hello"})
    assert safetensors.torch.load_file(tmp_path / "x")["a"].tolist() == [0, 1, 2]
    assert {name: t.tolist() for name, t in load_file(tmp_path / "x").items()} == {
        "a": [0, 1, 2],
        "b": [[1, 1], [1, 1]],
    }
    with pytest.raises(TypeError, match="a"):
        save_file({"a": 1}, tmp_path / "y")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")
    if not tinytorch.cuda.is_available():
        with pytest.raises(RuntimeError, match="'cuda' is not there"):
            load(tmp_path / "x", map_location="cuda")


class Trap:
    def __reduce__(self):
        return os.system, ("echo pickles run code > TRAP",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_refused_and_never_run(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pt").write_bytes(pickle.dumps(Trap(), protocol=protocol))
    with pytest.raises(RuntimeError, match=r"pickle.*runs the code"):
        load(tmp_path / "x.pt")
    assert not (tmp_path / "TRAP").exists()


def test_pytorch_files_are_refused_saying_why(tmp_path):
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        torch.save({"a": torch.ones(2)}, tmp_path / "x.pt", **options)
        with pytest.raises(RuntimeError, match="pickle"):
            load(tmp_path / "x.pt")


def test_every_truncation_and_many_corruptions_raise():
    file = io.BytesIO()
    save({"a": tinytorch.arange(4), "b": (1, [2.5, None])}, file)
    data = file.getvalue()
    for length in range(len(data)):
        with pytest.raises(RuntimeError):
            load(io.BytesIO(data[:length]))
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] = rng.integers(256)
        with contextlib.suppress(RuntimeError):
            load(io.BytesIO(bytes(damaged)))


def with_structure(structure):
    header = json.dumps(
        {"__metadata__": {"tinytorch": structure}, "t": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}
    ).encode()
    return io.BytesIO(struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize(
    "structure",
    [
        "",
        "{",
        '{"tensor":"nothing"}',
        '{"tensor":["t"]}',
        '{"list":5}',
        '{"eval":"1"}',
        "{}",
        '{"a":1,"b":2}',
        '{"float":"__import__"}',
        '{"dict":[[1]]}',
        '{"dict":[[{"list":[]},1]]}',
        "[1]",
        '{"list":[' * 5000 + "]}" * 5000,
    ],
)
def test_a_forged_structure_raises(structure):
    with pytest.raises(RuntimeError, match="structure"):
        load(with_structure(structure))


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "x"
    save({"v": 1}, path)

    def broken(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        save({"v": 2}, path)
    monkeypatch.undo()
    assert load(path) == {"v": 1} and [p.name for p in tmp_path.iterdir()] == ["x"]
    link = tmp_path / "link"
    link.symlink_to(path)
    save({"v": 3}, link)
    assert load(path) == {"v": 3} and link.is_symlink()


def test_states_of_optimizers_and_schedulers():
    from tinytorch import optim

    model = nn.Linear(2, 1)
    for make in (
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: optim.Adam(p),
        lambda p: optim.AdamW(p, weight_decay=0.1),
    ):
        optimizer = make(model.parameters())
        model(tinytorch.ones(1, 2)).sum().backward()
        optimizer.step()
        got = round_trip(optimizer.state_dict())
        assert same(got, dict(optimizer.state_dict())) or got.keys() == optimizer.state_dict().keys()
        make(model.parameters()).load_state_dict(got)
        for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR", "MultiStepLR", "ReduceLROnPlateau"):
            arguments = {
                "StepLR": (2,),
                "ExponentialLR": (0.9,),
                "CosineAnnealingLR": (5,),
                "MultiStepLR": ([1, 3],),
                "ReduceLROnPlateau": (),
            }[name]
            scheduler = getattr(optim.lr_scheduler, name)(optimizer, *arguments)
            scheduler.load_state_dict(round_trip(scheduler.state_dict()))
    assert round_trip(OrderedDict(b=1, a=2)) == {"b": 1, "a": 2}
