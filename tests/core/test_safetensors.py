"""safetensors files: PyTorch's, ours, and those that earlier versions of the course wrote with `save`."""

import io
import json
import struct

import numpy as np
import pytest
import safetensors.torch
import torch

import tinytorch
from tinytorch import nn
from tinytorch.safetensors import as_bytes
from tinytorch.serialization import load, load_file, save_file

KINDS = "bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 bfloat16 float32 float64 complex64".split()


def test_every_dtype_both_ways(tmp_path):
    theirs = {kind: torch.tensor([[1, 0, 3]]).to(getattr(torch, kind)) for kind in KINDS}
    safetensors.torch.save_file(theirs, tmp_path / "x")
    for found in (load_file(tmp_path / "x"), load(tmp_path / "x")):
        for kind, tensor in found.items():
            assert tensor.dtype is getattr(tinytorch, kind) and tensor.tolist() == theirs[kind].tolist()
    save_file(found, tmp_path / "y")
    for kind, tensor in safetensors.torch.load_file(tmp_path / "y").items():
        assert tensor.dtype is getattr(torch, kind) and tensor.tolist() == theirs[kind].tolist()
    with pytest.raises(TypeError, match="complex128"):
        save_file({"x": tinytorch.zeros(1, dtype=tinytorch.complex128)}, tmp_path / "z")


def test_a_state_dict(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    other.load_state_dict(safetensors.torch.load_file(tmp_path / "model.safetensors"))
    x = np.random.default_rng(0).random((5, 3), dtype=np.float32)
    np.testing.assert_allclose(
        model(tinytorch.tensor(x)).detach().numpy(), other(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6
    )
    safetensors.torch.save_file(other.state_dict(), tmp_path / "back.safetensors")
    fresh = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    fresh.load_state_dict(tinytorch.load(tmp_path / "back.safetensors", map_location="cpu", weights_only=True))
    assert np.array_equal(fresh[0].weight.detach().numpy(), model[0].weight.detach().numpy())


def test_save_file_and_load_file(tmp_path):
    save_file({"a": tinytorch.arange(3), "b": tinytorch.ones(2, 2).T}, tmp_path / "x", metadata={"note": "hello"})
    assert safetensors.torch.load_file(tmp_path / "x")["a"].tolist() == [0, 1, 2]
    with safetensors.safe_open(tmp_path / "x", "pt") as file:
        assert file.metadata() == {"note": "hello"}
    assert {name: t.tolist() for name, t in load_file(tmp_path / "x").items()} == {"a": [0, 1, 2], "b": [[1, 1]] * 2}
    with pytest.raises(TypeError, match="a"):
        save_file({"a": 1}, tmp_path / "y")
    with pytest.raises(FileNotFoundError):
        load_file(tmp_path / "nowhere")
    if not tinytorch.cuda.is_available():
        with pytest.raises(RuntimeError, match="'cuda' is not there"):
            load(tmp_path / "x", map_location="cuda")
    data = (tmp_path / "x").read_bytes()
    for length in range(1, len(data), 3):
        with pytest.raises(RuntimeError):
            load(io.BytesIO(data[:length]))


def earlier(structure, tensors=None, shared=None) -> io.BytesIO:
    """A file as `tinytorch.save` wrote it before it wrote PyTorch's form."""
    structure = structure if isinstance(structure, str) else json.dumps(structure)
    metadata = {"format": "pt", "tinytorch": structure} | ({"tinytorch.shared": json.dumps(shared)} if shared else {})
    return io.BytesIO(as_bytes(tensors or {"t": tinytorch.zeros(0, dtype=tinytorch.uint8)}, metadata))


def test_files_of_earlier_versions():
    x = tinytorch.arange(6.0).reshape(2, 3)
    structure = {"dict": [["model", {"dict": [["w", {"tensor": "model.w"}], ["row", {"tensor": "model.row"}]]}],
                          [0, {"tuple": [1, {"float": "inf"}, None, {"list": ["a"]}]}]]}  # fmt: skip
    shared = [{"model.w": [0, [3, 1]], "model.row": [3, [1]]}]
    got = load(earlier(structure, {"model.w": x, "model.row": x[1]}, shared))
    assert got[0] == (1, float("inf"), None, ["a"]) and got["model"]["w"].tolist() == x.tolist()
    got["model"]["w"].fill_(7)
    assert got["model"]["row"].tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    "structure",
    [
        "", "{", '{"tensor":"nothing"}', '{"tensor":["t"]}', '{"list":5}', '{"eval":"1"}', "{}", '{"a":1,"b":2}',
        '{"float":"__import__"}', '{"dict":[[1]]}', '{"dict":[[{"list":[]},1]]}', "[1]", '{"list":[' * 5000 + "]}" * 5000,
    ],
)  # fmt: skip
def test_a_forged_structure_raises(structure):
    with pytest.raises(RuntimeError, match="structure"):
        load(earlier(structure))


def test_other_files_are_named():
    for data in (b"hello", struct.pack("<Q", 2**60) + b"{}", b"%PDF-1.4 and so on"):
        with pytest.raises(RuntimeError, match=r"no file of torch.save's and no safetensors file"):
            load(io.BytesIO(data))
