"""torch.save and torch.load: what either framework wrote, the other reads."""

import contextlib
import copy
import io
import os
import pickle
import struct
import tarfile
import warnings
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from module_samples import MODULES, attempt, converted, module_samples, parts
from module_samples import Run as SampleRun

import tinytorch
from tinytorch import nn

BOTH = [(tinytorch, torch), (torch, tinytorch), (tinytorch, tinytorch)]
FORMS = [{}, {"_use_new_zipfile_serialization": False}]
directions = pytest.mark.parametrize(("writer", "reader"), BOTH, ids=lambda t: t.__name__)
forms = pytest.mark.parametrize("form", FORMS, ids=["zip", "legacy"])


def carried(obj, writer, reader, form=None, **options):
    file = io.BytesIO()
    writer.save(obj, file, **(form or {}))
    file.seek(0)
    return reader.load(file, **options)


def plain(x):
    """What can be compared across frameworks."""
    if hasattr(x, "detach"):
        kind = str(x.dtype).split(".")[-1]
        numbers = x.detach().float() if kind == "bfloat16" else x.detach()
        steps = [step for step, n in zip(x.stride(), x.shape) if n > 1]
        return type(x).__name__, kind, tuple(x.shape), steps, x.requires_grad, numbers.tolist()
    if isinstance(x, dict):
        return type(x).__name__, [(plain(key), plain(value)) for key, value in x.items()]
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [plain(part) for part in x]
    return repr(x).replace("tinytorch.", "torch.") if "torch" in type(x).__module__ else (type(x), x)


DTYPES = "float16 bfloat16 float32 float64 complex64 complex128 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split()


@directions
@forms
@pytest.mark.parametrize("kind", DTYPES)
def test_dtypes(writer, reader, form, kind):
    if form and kind in ("uint16", "uint32", "uint64"):
        pytest.skip("PyTorch does not load these from its older form")
    make = lambda t: t.tensor([[1, 0, 3], [4, 5, 6]]).to(getattr(t, kind))
    obj = {"x": make(writer), "kind": getattr(writer, kind), "one": make(writer)[0, 0], "none": make(writer)[:0]}
    got = carried(obj, writer, reader, form)
    assert plain(got["x"]) == plain(make(reader)) and plain(got["one"]) == plain(make(reader)[0, 0])
    assert got["kind"] is getattr(reader, kind) and tuple(got["none"].shape) == (0, 3)


def everything(t):
    x = t.arange(12.0).reshape(3, 4)
    state = OrderedDict(weight=x, bias=x[0])
    state._metadata = {"": {"version": 1}}
    return {
        "numbers": [1, -7, 2**40, 2**100, -(2**70), 1.5, float("inf"), True, False, None, 1j, "text", "\u00e9\U0001f600", b"by\xff"],
        "views": (x, x.t(), x[1:, ::2], x[:, None], x.detach(), x[2, 3]),
        "parameter": t.nn.Parameter(x),
        "frozen": t.nn.Parameter(x, requires_grad=False),
        "tracked": t.ones(2, requires_grad=True),
        "made": t.ones(2, requires_grad=True) * 2,
        "size": x.shape,
        "device": t.device("cpu"),
        "state": state,
        "counter": Counter("abca"),
        (1, "key"): {"set": {1}, "empty": [[], {}, ()]},
        "last": t.zeros(2, 3, 4, 5).to(memory_format=t.channels_last),
    }  # fmt: skip


@directions
@forms
def test_everything_that_checkpoints_hold(writer, reader, form):
    got, expected = carried(everything(writer), writer, reader, form), everything(reader)
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert plain(got[key]) == plain(value), key
    assert got["state"]._metadata == {"": {"version": 1}}


@directions
@forms
def test_shared_storages_stay_shared(writer, reader, form):
    x = writer.arange(12.0).reshape(3, 4)
    parameter = writer.nn.Parameter(x)
    got = carried([x, x.t(), x[1], x[0:2, 1:3], parameter, parameter, x.clone()], writer, reader, form)
    got[0].fill_(7)
    assert [part.tolist() for part in got[1:4]] == [[[7] * 3] * 4, [7] * 4, [[7] * 2] * 2]
    assert got[4] is got[5] and got[4].tolist() == [[7] * 4] * 3 and got[6].tolist()[0] == [0, 1, 2, 3]
    assert got[2].storage_offset() == 4 and got[1].stride() == (1, 4)


@directions
def test_the_whole_storage_of_a_view_is_kept(writer, reader):
    assert len(carried(writer.arange(100.0)[10:12], writer, reader).untyped_storage()) == 400


@directions
@forms
def test_storages(writer, reader, form):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage, x = carried([writer.arange(3.0).storage(), writer.arange(2)], writer, reader, form)
        assert storage.tolist() == [0, 1, 2] and storage.dtype is reader.float32
        x = writer.arange(3.0)
        with pytest.raises(RuntimeError, match="view the same data as different types"):
            carried([x, writer.from_numpy(x.numpy().view("int32"))], writer, reader)


def written(writer, where: Path, form=None):
    writer.save({"x": writer.arange(6.0).reshape(2, 3), "y": writer.arange(3)}, where, **(form or {}))
    return where


@directions
@pytest.mark.parametrize("kind", [str, Path, "file", "buffer"])
@forms
def test_paths_and_files(writer, reader, kind, form, tmp_path):
    path = written(writer, tmp_path / "model.pt", form)
    if kind in (str, Path):
        got = reader.load(kind(path))
    else:
        with open(path, "rb") as file:
            got = reader.load(file if kind == "file" else io.BytesIO(file.read()))
    assert got["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and got["y"].tolist() == [0, 1, 2]


@directions
def test_mmap(writer, reader, tmp_path):
    path = written(writer, tmp_path / "model.pt")
    got = reader.load(path, mmap=True)
    assert got["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    got["x"].add_(1)
    assert reader.load(path)["x"].tolist() == [[0, 1, 2], [3, 4, 5]], "the file stays as it was"
    with pytest.raises(ValueError, match="f must be a file path"), open(path, "rb") as file:
        reader.load(file, mmap=True)
    with pytest.raises(RuntimeError, match="mmap can only be used"):
        reader.load(written(writer, path, FORMS[1]), mmap=True)


def test_the_archive_is_as_pytorchs(tmp_path):
    """The same files in the same order, each at a multiple of 64 bytes; equal contents give equal bytes."""
    found = []
    for t in (tinytorch, torch):
        path = written(t, tmp_path / "model.pt")
        with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
            infos = archive.infolist()
            found.append([(info.filename, info.file_size, info.compress_type) for info in infos])
            for info in infos:
                file.seek(info.header_offset + 26)
                name, extra = struct.unpack("<HH", file.read(4))
                assert "data/" not in info.filename or (info.header_offset + 30 + name + extra) % 64 == 0
            assert archive.read("model/version") == b"3\n" and archive.read("model/byteorder") == b"little"
    assert [part[0] for part in found[0]] == [part[0] for part in found[1]]
    assert [part for part in found[0] if "pkl" not in part[0]] == [part for part in found[1] if "pkl" not in part[0]]
    first = path.read_bytes() if t is tinytorch else written(tinytorch, path).read_bytes()
    assert written(tinytorch, path).read_bytes() == first
    file = io.BytesIO()
    tinytorch.save(1, file)
    assert zipfile.ZipFile(file).namelist()[0] == "archive/data.pkl"


@forms
def test_several_objects_in_one_file(form):
    """One behind the other, read one by one, as PyTorch does it with its older form."""
    if not form:
        pytest.skip("an archive ends with its file")
    for writer, reader in BOTH:
        file = io.BytesIO()
        for i in range(3):
            writer.save(writer.full((2,), float(i)), file, **form)
        file.seek(0)
        assert [reader.load(file).tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]


def test_an_archive_behind_other_bytes():
    file = io.BytesIO()
    tinytorch.save([1, tinytorch.ones(1)], file)
    behind = io.BytesIO(b"header" + file.getvalue())
    behind.seek(6)
    assert tinytorch.load(behind)[0] == 1


def test_big_endian_archives(tmp_path):
    path = tmp_path / "big.pt"
    x = {
        "f": torch.tensor([1.5, -2.0]),
        "c": torch.tensor([1 + 2j]),
        "i": torch.tensor([1, 2]),
        "b": torch.tensor([True, False]),
    }
    torch.save(x, tmp_path / "little.pt")
    with zipfile.ZipFile(tmp_path / "little.pt") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if "/data/" in name:
                width = {0: 4, 1: 4, 2: 8, 3: 1}[int(name.rpartition("/")[2])]
                data = np.frombuffer(data, f"u{width}").byteswap().tobytes()
            new.writestr(name, b"big" if name.endswith("byteorder") else data)
    for t in (torch, tinytorch):
        assert {key: value.tolist() for key, value in t.load(path).items()} == {k: v.tolist() for k, v in x.items()}


def test_conjugated_and_meta_tensors():
    x = torch.tensor([1 + 2j, 3 - 1j])
    got = carried({"conj": x.conj(), "meta": torch.empty(2, 3, device="meta")}, torch, tinytorch)
    got["neg"] = carried(x.conj().imag, torch, tinytorch)
    assert got["conj"].tolist() == [1 - 2j, 3 + 1j] and got["neg"].tolist() == [-2, 1]
    assert got["meta"].is_meta and tuple(got["meta"].shape) == (2, 3)
    back = carried(tinytorch.empty(2, 3, device="meta"), tinytorch, torch)
    assert back.is_meta and tuple(back.shape) == (2, 3)


# map_location


@directions
@forms
def test_map_location(writer, reader, form):
    seen = []

    def keep(storage, location):
        seen.append((location, type(storage).__name__, storage.nbytes()))
        return storage

    places = [
        None,
        "cpu",
        reader.device("cpu"),
        keep,
        lambda storage, location: None,
        {"cpu": "cpu"},
        {"cuda:0": "cpu"},
    ]
    for place in places:
        got = carried({"x": writer.ones(3)}, writer, reader, form, map_location=place)
        assert got["x"].tolist() == [1, 1, 1] and got["x"].device.type == "cpu"
    assert seen == [("cpu", "UntypedStorage", 12)]
    assert carried({"x": writer.ones(3)}, writer, reader, form, map_location="meta")["x"].is_meta


def on_cuda(path: Path) -> Path:
    """A checkpoint as it is saved on a GPU, made by renaming a place in one of PyTorch's."""
    file = io.BytesIO()
    torch.save({"x": torch.arange(3.0)}, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b"X\x03\0\0\0cpu", b"X\x06\0\0\0cuda:0")
            new.writestr(name, data)
    return path


def test_a_checkpoint_from_a_gpu(tmp_path):
    path = on_cuda(tmp_path / "gpu.pt")
    seen = []
    for t in (torch, tinytorch):
        if not t.cuda.is_available():
            with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
                t.load(path)
        for place in ("cpu", t.device("cpu"), {"cuda:0": "cpu"}, lambda storage, place: seen.append(place) or storage):
            assert t.load(path, map_location=place)["x"].tolist() == [0, 1, 2]
    assert seen == ["cuda:0"] * 2


def test_places_that_are_not_there(tmp_path):
    path = written(tinytorch, tmp_path / "x.pt")
    for place in ("tpu", "cuda:7"):
        with pytest.raises(RuntimeError):
            tinytorch.load(path, map_location=place)
    with pytest.raises(TypeError, match="map_location must return a storage"):
        tinytorch.load(path, map_location=lambda storage, location: 5)


# modules, optimizers, schedules


def values_of(t, module, sample):
    called = sample.forward_input
    torch.manual_seed(0), tinytorch.manual_seed(0)
    value = module(*converted(t, tuple(called.args), {}), **converted(t, called.kwargs, {}))
    return [x.detach().numpy() for x in parts(value) if hasattr(x, "detach")]


def shown(module) -> str:
    return repr(module).replace("NonDynamicallyQuantizableLinear", "Linear")


@pytest.mark.parametrize("info", MODULES, ids=lambda info: info.module_cls.__name__)
def test_whole_modules(info):
    """PyTorch's own samples of each module, saved whole and called by the other framework."""
    for sample in module_samples(info, torch.float32, False, 3):
        theirs, refused = attempt(SampleRun, torch, info, torch.float32, sample, False)
        ours, failed = attempt(SampleRun, tinytorch, info, torch.float32, sample, False, theirs and theirs.state)
        if refused or failed:
            continue
        for writer, reader, module in ((torch, tinytorch, theirs.module), (tinytorch, torch, ours.module)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                got = carried(module, writer, reader, weights_only=False)
            assert type(got).__module__.startswith(reader.__name__) and shown(got) == shown(module)
            assert list(got.state_dict()) == list(module.state_dict()) and got.training == module.training
            for a, b in zip(values_of(reader, got, sample), values_of(writer, module, sample), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@directions
def test_padded_convolutions(writer, reader):
    x = np.random.default_rng(0).random((2, 3, 7, 8), dtype=np.float32)
    for padding in (1, (2, 1), "same", "valid"):
        for mode in ("zeros", "reflect", "circular"):
            conv = writer.nn.Conv2d(3, 4, (3, 2), padding=padding, padding_mode=mode)
            got = carried(conv, writer, reader, weights_only=False)
            np.testing.assert_allclose(
                got(reader.from_numpy(x)).detach().numpy(), conv(writer.from_numpy(x)).detach().numpy(), atol=1e-5
            )


@directions
def test_a_loaded_module_learns(writer, reader):
    model = writer.nn.Sequential(writer.nn.Linear(3, 4), writer.nn.ReLU(), writer.nn.LSTM(4, 2))
    model.register_buffer("kept", writer.ones(2))
    model.register_buffer("left_out", writer.ones(2), persistent=False)
    got = carried(model, writer, reader, weights_only=False)
    assert "left_out" not in got.state_dict() and got.left_out.tolist() == [1, 1] and "kept" in got.state_dict()
    got(reader.ones(5, 3))[0].sum().backward()
    assert all(p.grad is not None for p in got.parameters())
    got.double()(reader.ones(5, 3, dtype=reader.float64))
    got.register_forward_hook(lambda module, inputs, output: None)
    got(reader.ones(5, 3, dtype=reader.float64))


def network(t, seed=0):
    rng = np.random.default_rng(seed)
    model = t.nn.Sequential(t.nn.Linear(4, 8), t.nn.BatchNorm1d(8), t.nn.Tanh(), t.nn.Linear(8, 1))
    with t.no_grad():
        for p in model.parameters():
            p.copy_(t.from_numpy(rng.standard_normal(tuple(p.shape)).astype("float32")))
    return model


def step(t, model, optimizer, seed):
    rng = np.random.default_rng(seed)
    x, y = (t.from_numpy(rng.standard_normal((16, n)).astype("float32")) for n in (4, 1))

    def closure():
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        return loss

    return float(optimizer.step(closure))


OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.01},
    "Adadelta": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "Rprop": {},
    "ASGD": {},
    "LBFGS": {"lr": 0.1, "max_iter": 4},
}
SCHEDULES = {
    "StepLR": (2,),
    "MultiStepLR": ([1, 3],),
    "ExponentialLR": (0.9,),
    "CosineAnnealingLR": (5,),
    "OneCycleLR": (0.1, 20),
    "CosineAnnealingWarmRestarts": (3,),
    "LinearLR": (),
    "ReduceLROnPlateau": (),
}


@directions
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_checkpoint_resumes_with_the_same_losses(writer, reader, name):
    def start(t, seed):
        model = network(t, seed)
        return model, getattr(t.optim, name)(model.parameters(), **OPTIMIZERS[name])

    model, optimizer = start(writer, 0)
    for i in range(3):
        step(writer, model, optimizer, i)
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    found = carried(saved, writer, reader)
    other, resumed = start(reader, 9)
    other.load_state_dict(found["model"])
    resumed.load_state_dict(found["optimizer"])
    expected = [step(writer, model, optimizer, i) for i in range(3, 7)]
    np.testing.assert_allclose([step(reader, other, resumed, i) for i in range(3, 7)], expected, rtol=2e-4)
    assert {key: len(group) for key, group in enumerate(resumed.state_dict()["param_groups"])} == {
        key: len(group) for key, group in enumerate(optimizer.state_dict()["param_groups"])
    }


@directions
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_resume(writer, reader, name):
    def start(t):
        optimizer = t.optim.SGD([t.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
        return optimizer, getattr(t.optim.lr_scheduler, name)(optimizer, *SCHEDULES[name])

    def go_on(optimizer, schedule, n):
        rates = []
        for _ in range(n):
            optimizer.step()
            schedule.step(*([1.0] if name == "ReduceLROnPlateau" else []))
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer, schedule = start(writer)
        go_on(optimizer, schedule, 3)
        found = carried([optimizer.state_dict(), schedule.state_dict()], writer, reader)
        resumed = start(reader)
        resumed[0].load_state_dict(found[0])
        resumed[1].load_state_dict(found[1])
        np.testing.assert_allclose(go_on(*resumed, 15), go_on(optimizer, schedule, 15), rtol=1e-6)


@directions
def test_whole_optimizers_and_generators(writer, reader):
    model = network(writer)
    optimizer = writer.optim.AdamW(model.parameters(), lr=0.01)
    step(writer, model, optimizer, 0)
    other, resumed = carried([model, optimizer], writer, reader, weights_only=False)
    assert type(resumed).__module__.startswith(reader.__name__)
    assert step(reader, other, resumed, 1) == pytest.approx(step(writer, model, optimizer, 1), rel=1e-4)
    state, expected = carried(writer.manual_seed(3).get_state(), writer, reader), writer.rand(20)
    reader.set_rng_state(state)
    np.testing.assert_allclose(reader.rand(20).numpy(), expected.numpy(), atol=1e-6)
    generator = writer.Generator().manual_seed(5)
    writer.randn(3, generator=generator)
    found = carried(generator, writer, reader, weights_only=False)
    np.testing.assert_allclose(
        reader.randn(20, generator=found).numpy(), writer.randn(20, generator=generator).numpy(), atol=1e-6
    )


def test_hooks_are_left_behind_and_said_so():
    model = nn.Linear(1, 1)
    model.register_forward_hook(lambda *args: None)
    with pytest.warns(UserWarning, match="hooks"):
        carried(model, tinytorch, tinytorch, weights_only=False)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.note = nn.Linear(2, 2), "mine"
        self.scale = nn.Parameter(tinytorch.ones(1))


def test_modules_of_the_programs_own():
    got = carried(Net(), tinytorch, tinytorch, weights_only=False)
    assert type(got) is Net and got.note == "mine" and (got.scale.name, got.scale.owner) == ("scale", "Net")
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL .*Net was not an allowed global"):
        carried(Net(), tinytorch, tinytorch)


class Tagged(tinytorch.Tensor):
    """A tensor with a class and attributes of its own."""


def test_tensors_of_other_classes():
    x = Tagged([1.0, 2.0])
    x.tag = "mine"
    for carry in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)),
                  lambda x: carried(x, tinytorch, tinytorch, weights_only=False)):  # fmt: skip
        got = carry(x)
        assert type(got) is Tagged and got.tag == "mine" and got.tolist() == [1, 2]
    for t in (torch, tinytorch):
        parameter = t.nn.Parameter(t.ones(2))
        parameter.note = 5
        got = carried(parameter, t, tinytorch if t is torch else torch)
        assert got.note == 5 and type(got).__name__ == "Parameter" and got.requires_grad


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickle_itself(protocol):
    """As in PyTorch: leaves or not, without gradient and history, whole modules and optimizers."""
    for t in (torch, tinytorch):
        x = t.arange(6.0).reshape(2, 3).t()
        x.requires_grad_()
        x.sum().backward()
        model = t.nn.Linear(2, 2)
        optimizer = t.optim.SGD(model.parameters(), lr=0.1)
        obj = [
            x,
            x,
            x.detach()[0],
            x * 2,
            model,
            optimizer,
            x.shape,
            t.float16,
            t.device("cpu"),
            t.nn.Parameter(x.detach()),
        ]
        got = pickle.loads(pickle.dumps(obj, protocol))
        assert got[0] is got[1] and got[0].tolist() == x.tolist() and got[0].stride() == (1, 3) and got[0].grad is None
        assert got[2].tolist() == [0, 3] and got[3].requires_grad and got[3].is_leaf and got[3].tolist()[0] == [0, 6]
        assert got[5].param_groups[0]["params"][0] is got[4].weight and got[4].weight.requires_grad
        assert got[6:9] == obj[6:9] and got[7] is t.float16 and type(got[9]) is t.nn.Parameter


def test_deepcopy_is_as_in_pytorch():
    for t in (torch, tinytorch):
        x = t.ones(3, requires_grad=True)
        (x * 2).sum().backward()
        twin, view = copy.deepcopy([x, x.detach()[1:]])
        assert twin.grad.tolist() == [2, 2, 2] and twin.requires_grad
        with t.no_grad():
            twin.fill_(9)
        assert view.tolist() == [9, 9] and x.tolist() == [1, 1, 1]
        with pytest.raises(RuntimeError, match="graph leaves"):
            copy.deepcopy(x * 2)
        model = t.nn.Sequential(t.nn.Linear(2, 2))
        model.append(model[0])
        optimizer = t.optim.Adam(model.parameters())
        both = copy.deepcopy((model, optimizer))
        assert both[0][0] is both[0][1] and both[1].param_groups[0]["params"][0] is both[0][0].weight


# files that are no files of PyTorch's, or were


@pytest.mark.parametrize("t", [torch, tinytorch], ids=["torch", "tinytorch"])
def test_empty_and_missing_files(t, tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(EOFError):
        t.load(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        t.load(tmp_path / "nowhere")
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        t.save(1, tmp_path / "no folder" / "x")
    with pytest.raises(AttributeError):
        t.load(5)
    with pytest.raises(AttributeError):
        t.save(1, 5)


@forms
def test_truncated_files(form):
    file = io.BytesIO()
    tinytorch.save({"a": tinytorch.arange(40), "b": (1, [2.5, None])}, file, **form)
    data = file.getvalue()
    for length in range(1, len(data), 7):
        for weights_only in (True, False):
            with pytest.raises(RuntimeError, match="the file: "):
                tinytorch.load(io.BytesIO(data[:length]), weights_only=weights_only)


@forms
def test_corrupted_files(form):
    """Whatever one byte does: the object, or one of the two errors."""
    file = io.BytesIO()
    tinytorch.save({"a": tinytorch.arange(4), "b": (1, [2.5, None])}, file, **form)
    data, rng = file.getvalue(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] = rng.integers(256)
        with contextlib.suppress(RuntimeError, pickle.UnpicklingError):
            tinytorch.load(io.BytesIO(bytes(damaged)))


def rewritten(obj, change) -> io.BytesIO:
    """The archive of `obj`, each of its files as `change(name, data)` says; None leaves one out."""
    file, new = io.BytesIO(), io.BytesIO()
    tinytorch.save(obj, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            changed = change(name, old.read(name))
            if changed is not None:
                archive.writestr(*(changed if isinstance(changed, tuple) else (name, changed)))
    new.seek(0)
    return new


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda name, data: None if name.endswith("data/0") else data, "it has no archive/data/0"),
        (lambda name, data: data[:-1] if name.endswith("data/0") else data, "says that archive/data/0 has 32 bytes"),
        (lambda name, data: data + b"x" if name.endswith("data/0") else data, "it has 33"),
        (lambda name, data: None if name.endswith("pkl") else data, "no data.pkl"),
        (lambda name, data: data[:30] if name.endswith("pkl") else data, "damaged or cut off"),
        (lambda name, data: b"middle" if name.endswith("byteorder") else data, "Unknown endianness"),
        (lambda name, data: (name.replace("archive", ".."), data), "leads out of the archive"),
        (lambda name, data: ("/etc/passwd", data) if name.endswith("version") else data, "leads out of the archive"),
        (lambda name, data: ("archive/../../x", data) if name.endswith("version") else data, "leads out"),
        (lambda name, data: ("archive/constants.pkl", data) if name.endswith("version") else data, "TorchScript"),
        (lambda name, data: data.replace(b"K\x04", b"K\x05") if name.endswith("pkl") else data, "40 bytes"),
    ],
)  # fmt: skip
def test_archives_that_were_tampered_with(change, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((RuntimeError, pickle.UnpicklingError), match=message):
        tinytorch.load(rewritten([tinytorch.arange(4)], change))
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_compressed_archives_are_read():
    file, new = io.BytesIO(), io.BytesIO()
    tinytorch.save(tinytorch.arange(100), file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            archive.writestr(name, old.read(name))
    new.seek(0)
    assert tinytorch.load(new).tolist() == list(range(100))


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "x"
    tinytorch.save({"v": 1}, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        tinytorch.save({"v": lambda: 0}, path)
    assert tinytorch.load(path) == {"v": 1} and [p.name for p in tmp_path.iterdir()] == ["x"]

    def broken(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        tinytorch.save({"v": 2}, path)
    monkeypatch.undo()
    assert tinytorch.load(path) == {"v": 1} and [p.name for p in tmp_path.iterdir()] == ["x"]
    link = tmp_path / "link"
    link.symlink_to(path)
    tinytorch.save({"v": 3}, link)
    assert tinytorch.load(path) == {"v": 3} and link.is_symlink()
    tinytorch.save({"v": 4}, os.devnull)
    assert not Path(os.devnull).is_file()


def tar_file(path: Path) -> Path:
    """A file in the layout of PyTorch 0.1: two tensors on one storage, and a view of a part of it."""
    dump = lambda x: pickle.dumps(x, 2)
    kind = b"ctorch\nFloatStorage\n"
    entry = b"\x80\x02(K\x07X\x03\0\0\0cpu" + kind + b"t."  # (7, "cpu", torch.FloatStorage)
    storages = dump(1) + entry + struct.pack("<q", 6) + np.arange(6, dtype="<f4").tobytes() + dump([(9, 7, 2, 4)])
    tensor = lambda key, storage: b"\x80\x02(" + bytes([75, key, 75, storage]) + b"ctorch\nFloatTensor\nt."
    laid = lambda size, stride, offset: struct.pack(f"<ii{len(size) * 2 + 1}q", len(size), 0, *size, *stride, offset)
    tensors = dump(2) + tensor(1, 7) + laid((2, 3), (3, 1), 0) + tensor(2, 9) + laid((2,), (2,), 1)
    data = b"\x80\x02}(X\x01\0\0\0aX\x01\0\0\x001QX\x01\0\0\0bX\x01\0\0\x002Qu."
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (("storages", storages), ("tensors", tensors), ("pickle", data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_the_first_layout_a_tar_archive(tmp_path):
    path = tar_file(tmp_path / "old.pt")
    for t in (torch, tinytorch):
        got = t.load(path, weights_only=False)
        assert got["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and got["b"].tolist() == [3, 5]
        got["a"].fill_(1)
        assert got["b"].tolist() == [1, 1], "they share a storage"
        with pytest.raises(RuntimeError, match=r"Cannot use ``weights_only=True`` with files saved in the legacy .tar"):
            t.load(path)
    (tmp_path / "cut.pt").write_bytes(path.read_bytes()[:1500])
    with pytest.raises(RuntimeError, match="tar archive"):
        tinytorch.load(tmp_path / "cut.pt", weights_only=False)


def test_arguments_are_pytorchs(monkeypatch):
    file = io.BytesIO()
    tinytorch.save(defaultdict(list, a=[1]), file, pickle_protocol=4)
    for t in (torch, tinytorch):
        with pytest.raises(RuntimeError, match="explicit pickle_module"):
            t.load(file, pickle_module=pickle, weights_only=True)
        file.seek(0)
        assert t.load(file, pickle_module=pickle) == {"a": [1]}
        file.seek(0)
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert t.load(file) == {"a": [1]}
        file.seek(0)
        monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
        with pytest.raises(RuntimeError, match="Only one of"):
            t.load(file, weights_only=False)
        monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
        with pytest.raises(pickle.UnpicklingError):
            t.load(file, weights_only=False)
        monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
        file.seek(0)


keys = st.one_of(st.text(max_size=6), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
objects = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=5),
        st.binary(min_size=1),  # protocol 2 writes b"" as a call of `bytes`, which PyTorch does not allow either
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(objects, st.integers(2, 5), st.sampled_from(FORMS))
def test_round_trips(obj, protocol, form):
    file = io.BytesIO()
    tinytorch.save(obj, file, pickle_protocol=protocol, **form)
    file.seek(0)
    assert tinytorch.load(file) == obj
