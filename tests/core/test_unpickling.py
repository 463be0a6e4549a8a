"""The restricted unpickler: nothing that a file says is run, whatever it says."""

import builtins
import io
import os
import pickle
import pickletools
import subprocess
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import pytest
import torch

import tinytorch
from tinytorch import pickling, serialization, unpickling


@pytest.fixture(autouse=True)
def nothing_added():
    yield
    serialization.clear_safe_globals()


def archive_with(data: bytes, storages: dict | None = None) -> io.BytesIO:
    """An archive whose pickle is `data`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
        for key, content in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", content)
    file.seek(0)
    return file


class Calls:
    def __init__(self, function, *arguments, state=None):
        self.what = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.what


HARM = {
    "os.system": Calls(os.system, "touch TRAP"),
    "eval": Calls(builtins.eval, "open('TRAP', 'w')"),
    "exec": Calls(builtins.exec, "open('TRAP', 'w')"),
    "getattr": Calls(builtins.getattr, "text", "upper"),
    "import": Calls(builtins.__import__, "antigravity"),
    "open": Calls(builtins.open, "TRAP", "w"),
    "Popen": Calls(subprocess.Popen, ["touch", "TRAP"]),
    "a pickle inside": Calls(pickle.loads, pickle.dumps(Calls(os.system, "touch TRAP"))),
    "a file inside": Calls(serialization._load_from_bytes, b"anything"),
    "torch.load": Calls(tinytorch.load, "TRAP"),
    "a path": Path("TRAP"),
    "a module": tinytorch.nn.Linear(1, 1),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", HARM)
def test_nothing_is_run(name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({"weights": [HARM[name]]}, protocol)
    legacy = b"".join(pickle.dumps(part, 2) for part in (serialization.MAGIC_NUMBER, 1001, {})) + data
    refused = (pickle.UnpicklingError, RuntimeError)
    with pytest.raises(refused, match=r"(?is)weights only load failed.*(unsupported|blocked)"):
        tinytorch.load(archive_with(data))
    with pytest.raises(refused, match=r"(?is)weights only load failed"):
        tinytorch.load(io.BytesIO(legacy))
    with pytest.raises(refused):
        tinytorch.load(io.BytesIO(data))
    assert not list(tmp_path.iterdir())


def test_in_pytorchs_own_file(tmp_path, monkeypatch):
    """As the real PyTorch writes it; both frameworks refuse it with the same words."""
    monkeypatch.chdir(tmp_path)
    for form in ({}, {"_use_new_zipfile_serialization": False}):
        torch.save(
            {"a": torch.ones(2), "b": Calls(os.system, "touch TRAP"), "c": Calls(builtins.eval, "1")}, "x.pt", **form
        )
        messages = []
        for t in (torch, tinytorch):
            with pytest.raises(pickle.UnpicklingError, match="Weights only load failed") as caught:
                t.load("x.pt")
            messages.append(str(caught.value))
        assert all("posix.system" in text and "blocked" in text and "weights_only" in text for text in messages)
    torch.save(Calls(builtins.eval, "1"), "x.pt")
    for t in (torch, tinytorch):
        with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL eval was not an allowed global by default"):
            t.load("x.pt")
    assert tinytorch.load("x.pt", weights_only=False) == 1, "whoever asks for it gets it, as in PyTorch"
    assert [p.name for p in tmp_path.iterdir()] == ["x.pt"]


def op(text: str) -> bytes:
    """A pickle by hand: 'c' globals, and so on."""
    return b"\x80\x02" + text.encode("latin1").replace(b" ", b"\n") + b"."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (op("(S'TRAP' ios system "), "no instruction INST"),
        (op("(ctorch Size I1 o"), "no instruction OBJ"),
        (op("\x82\x01"), "no instruction EXT1"),
        (op("P7 "), "no instruction PERSID"),
        (op("K\x05)R"), "unrecognized function 5"),
        (op("ctorch FloatStorage K\x05\x85R"), "unrecognized function"),
        (op("ctorch Tensor K\x05\x85R"), "unrecognized function"),
        (op("ctorch Tensor }X\x01\0\0\0aK\x01sb"), "Can only build"),
        (op("ctorch Size )R}X\x01\0\0\0aK\x01sb"), "Can only build"),
        (op("ctorch._utils _rebuild_tensor_v2 }X\x01\0\0\0aK\x01sb"), "Can only build"),
        (op("ctorch._utils _rebuild_tensor_v2 K\x01a"), "Can only put items"),
        (op("ctorch Tensor )\x81"), "Can only create new object"),
        (op("ccollections OrderedDict )\x81"), "Can only create new object"),
        (op("X\x05\0\0\0otherQ"), "Only persistent_load of storage"),
        (op("X\x06\0\0\0modulectorch Size \x86Q"), "Only persistent_load of storage"),
        (op("c_codecs encode X\x01\0\0\0aX\x05\0\0\0rot13\x86R"), "no way to write bytes"),
        (op("ctorch.storage _load_from_bytes X\x01\0\0\0a\x85R"), "torch.storage._load_from_bytes was not an allowed"),
        (op("cos.path exists X\x01\0\0\0a\x85R"), "os.path.exists whose module os.path is blocked"),
    ],
)
def test_instructions_that_data_do_not_need(data, message):
    with pytest.raises(pickle.UnpicklingError, match=message):
        tinytorch.load(archive_with(data))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80\x02", b".", b"\x80\x02u.", b"\x80\x02a.", b"\x80\x02h\x05.", b"\x80\x02\x86.",
        b"\x80\x02K\x01K\x01s.", b"\x80\x02}(K\x01u.", b"\x80\x02}]K\x01s.", b"X\xff\xff\xff\x7fabc.", b"\x8e" + b"\xff" * 8,
        b"\x80\x02ctorch\nSize\nK\x05\x85R.", b"\x80\x02ctorch\ndevice\nX\x03\0\0\0tpu\x85R.", b"\xff", b"\x80\x02(" * 99,
        op("ctorch._utils _rebuild_tensor_v2 )R"), op("ctorch._utils _rebuild_parameter (K\x01\x89}tR"),
        op("c__builtin__ bytearray \x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0f\x85R"),
    ],
)  # fmt: skip
def test_damaged_pickles(data):
    with pytest.raises((RuntimeError, pickle.UnpicklingError), match=r"the file: |Weights only"):
        tinytorch.load(archive_with(data))


def tensor_of(count=4, offset=0, size=(4,), stride=(1,), kind="FloatStorage", key="0", place="cpu") -> io.BytesIO:
    """An archive with one tensor on a storage of 16 bytes, whose pickle may say what is not so."""

    class Named:
        def __init__(self, name):
            self.__qualname__ = self.__name__ = name

    class Pickler(pickle._Pickler):
        def persistent_id(self, obj):
            return ("storage", Named(kind), key, place, count) if obj is storage else None

        def reducer_override(self, obj):
            return obj.__name__ if isinstance(obj, Named) else NotImplemented

        def save_global(self, obj, name=None):
            if isinstance(obj, Named):
                return self.write(f"ctorch\n{name}\n".encode())
            return super().save_global(obj, name)

    storage, file = object(), io.BytesIO()
    pickler = Pickler(file, 2)
    pickler.dump((storage, offset, size, stride, False, OrderedDict()))
    data = file.getvalue()
    return archive_with(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + data[2:-1] + b"R.", {"0": bytes(16)})


def test_a_tensor_lies_in_its_storage():
    assert tinytorch.load(tensor_of()).tolist() == [0] * 4
    assert tinytorch.load(tensor_of(size=(2, 3), stride=(1, 1))).tolist() == [[0] * 3] * 2
    assert tinytorch.load(tensor_of(size=(5, 0), stride=(99, 99))).shape == (5, 0)
    assert tinytorch.load(tensor_of(size=(10**6,), stride=(0,))).shape == (10**6,)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"count": 5}, "20 bytes, and it has 16"),
        ({"count": 10**12}, "bytes, and it has 16"),
        ({"count": -4}, "in no form that is known"),
        ({"count": 4.0}, "in no form that is known"),
        ({"kind": "DoubleStorage"}, "32 bytes, and it has 16"),
        ({"kind": "Size"}, "expected the class of a storage"),
        ({"key": "../../etc/passwd"}, "it has no archive/data/"),
        ({"key": "7"}, "it has no archive/data/7"),
        ({"size": (5,)}, "out of bounds"),
        ({"size": (2, 3), "stride": (3, 1)}, "out of bounds"),
        ({"offset": 1}, "out of bounds"),
        ({"offset": -1}, "cannot be"),
        ({"stride": (-1,)}, "cannot be"),
        ({"size": (-4,)}, "cannot be"),
        ({"size": (4, 1)}, "cannot be"),
        ({"size": ("4",)}, "cannot be"),
        ({"size": (2**62, 2**62), "stride": (0, 0)}, "cannot be"),
        ({"place": "tpu"}, "don't know how to restore"),
    ],
)
def test_a_tensor_that_claims_more(claims, message):
    for mapped in (False, True):
        with pytest.raises(RuntimeError, match=message):
            tinytorch.load(tensor_of(**claims), weights_only=not mapped)


def test_legacy_storages_that_claim_more():
    file = io.BytesIO()
    tinytorch.save(tinytorch.ones(4), file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    for count in (-1, 3, 5, 10**15):
        with pytest.raises(RuntimeError, match="entries"):
            tinytorch.load(io.BytesIO(data[:-24] + count.to_bytes(8, "little", signed=True) + data[-16:]))


class Config:
    def __init__(self):
        self.width = 5


def test_safe_globals_are_pytorchs():
    pickled = pickle.dumps({"config": Config(), "groups": defaultdict(list, a=[1])}, 2)
    for t in (torch, tinytorch):
        api = t.serialization
        before = api.get_safe_globals()
        with pytest.raises(pickle.UnpicklingError, match=r"add_safe_globals\(\["):
            t.load(archive_with(pickled))
        with api.safe_globals([Config, defaultdict, list]):
            assert set(api.get_safe_globals()) == {*before, Config, defaultdict, list}
            if t is tinytorch:  # PyTorch cannot fill a defaultdict, even so
                found = t.load(archive_with(pickled))
                assert found["config"].width == 5 and found["groups"] == {"a": [1]}
            assert t.load(archive_with(pickle.dumps(Config(), 2))).width == 5
        assert set(api.get_safe_globals()) == set(before)
        api.add_safe_globals([(Config, f"{Config.__module__}.Config")])
        assert t.load(archive_with(pickle.dumps(Config(), 2))).width == 5
        with pytest.raises((ValueError, TypeError)):
            api.add_safe_globals([(Config, "a", "b")])
            t.load(archive_with(pickled))
        api.clear_safe_globals()
        assert api.get_safe_globals() == []
        api.add_safe_globals([os.system])
        with pytest.raises(pickle.UnpicklingError, match="blocked"):
            t.load(archive_with(pickle.dumps(Calls(os.system, "true"), 2)))
        api.clear_safe_globals()
        api.add_safe_globals(before)


def test_which_names_a_file_needs(tmp_path):
    torch.save({"a": torch.ones(1), "b": Config(), "c": defaultdict(list)}, tmp_path / "x.pt")
    found = [set(t.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "x.pt")) for t in (torch, tinytorch)]
    assert found[0] == found[1] and f"{Config.__module__}.Config" in found[1]


def test_what_is_allowed_is_allowed_by_pytorch():
    theirs = torch._weights_only_unpickler._get_allowed_globals()
    assert set(unpickling.allowed()) <= set(theirs)


def test_state_of_a_tensor_is_no_back_door():
    meta = (tinytorch.float32, (2,), (1,), False)
    for name in ("array", "grad_fn", "_hooks", "__class__"):
        arguments = (pickling._rebuild_meta_tensor_no_storage, tinytorch.Tensor, meta, {name: 1})
        file = io.BytesIO()
        tinytorch.save(Calls(pickling._rebuild_from_type_v2, *arguments), file)
        file.seek(0)
        with pytest.raises(RuntimeError, match=f"sets '{name}'"):
            tinytorch.load(file)


def test_the_machine_reads_every_literal():
    for protocol in range(6):
        obj = [
            1,
            -1,
            300,
            2**33,
            2**70,
            1.5,
            None,
            True,
            False,
            "text",
            b"bytes",
            (1,),
            (1, 2),
            (1, 2, 3),
            (1, 2, 3, 4),
            {},
            {1: 2},
            [],
        ]
        data = pickle.dumps(obj, protocol)
        assert unpickling.Machine(None).run(pickletools.genops(data)) == obj
