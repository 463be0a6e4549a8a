"""Data sets and downloads. Servers are this test's own, on 127.0.0.1, on a port the system chooses."""

import contextlib
import gzip
import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinytorch
from tinytorch.data.dataloader import DataLoader
from tinytorch.vision import datasets
from tinytorch.vision.datasets import (
    CIFAR10,
    CIFAR100,
    MNIST,
    Digits,
    DownloadError,
    FashionMNIST,
    download,
    read_idx,
    stratified_split,
)
from tinytorch.vision.transforms import ToTensor

ROOT = Path(__file__).parents[2]
REAL_MNIST = ROOT.parent / "shared" / "data" / "mnist"


# digits


def test_digits_split_is_fixed_stratified_and_without_overlap():
    train, held_out = Digits(), Digits(train=False)
    assert (len(train), len(held_out)) == (1438, 359)
    for part in (train, held_out):
        assert part.data.shape == (len(part), 1, 8, 8) and part.data.dtype is tinytorch.float32
        assert part.targets.dtype is tinytorch.int64
        assert float(part.data.amax()) == 1.0 and part.data.numpy().min() == 0.0
    counts = [np.bincount(part.targets.numpy()) for part in (train, held_out)]
    assert counts[1].tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    from sklearn.datasets import load_digits

    raw = load_digits()
    chosen = stratified_split(raw.target)
    assert sorted([*chosen[0], *chosen[1]]) == list(range(1797))
    assert np.array_equal(held_out.data.numpy()[:, 0] * 16, raw.images[chosen[1]])
    assert hashlib.sha256(chosen[1].astype("<i8").tobytes()).hexdigest()[:16] == "3530be80b9605f4c", (
        "the split has changed"
    )
    other = Digits(train=False, seed=1)
    assert len(other) == 359 and other.data.tolist() != held_out.data.tolist()
    assert Digits(train=False).targets.tolist() == held_out.targets.tolist()


def test_digits_transforms_and_loading():
    data = Digits(train=False, transform=lambda image: image.reshape(64), target_transform=lambda label: -label)
    image, label = data[3]
    assert image.shape == (64,) and label == -int(data.targets[3])
    x, y = next(iter(DataLoader(data, batch_size=50)))
    assert x.shape == (50, 64) and x.dtype is tinytorch.float32 and y.dtype is tinytorch.int64


# IDX files


def idx(array, kind):
    header = bytes([0, 0, kind, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize(("dtype", "kind"), [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)])
@pytest.mark.parametrize("packed", [False, True])
def test_read_idx(dtype, kind, packed, tmp_path):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    data = idx(array, kind)
    (tmp_path / "x").write_bytes(gzip.compress(data) if packed else data)
    got = read_idx(tmp_path / "x")
    assert got.dtype == np.dtype(dtype) and np.array_equal(got, array) and got.flags.writeable


def test_damaged_idx_files_are_named(tmp_path):
    good = idx(np.arange(6, dtype="u1").reshape(2, 3), 8)
    huge = bytes([0, 0, 8, 2]) + b"\xff" * 8 + b"12"
    for data in (
        b"",
        good[:3],
        good[:-1],
        good + b"1",
        b"\1" + good[1:],
        good[:2] + b"\x99" + good[3:],
        huge,
        gzip.compress(good)[:-9],
        gzip.compress(good)[:12] + b"XX" + gzip.compress(good)[14:],
        b"\x1f\x8b",
    ):
        (tmp_path / "bad-file").write_bytes(data)
        with pytest.raises(ValueError, match="bad-file"):
            read_idx(tmp_path / "bad-file")


def write_mnist(folder, n=7, packed=True):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            data = idx(array, 8)
            (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return images, labels


@pytest.mark.parametrize("where", ["MNIST/raw", "MNIST", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_finds_its_files(where, packed, tmp_path):
    images, labels = write_mnist(tmp_path / where, packed=packed)
    data = MNIST(tmp_path, train=True)
    assert data.data.dtype is tinytorch.uint8 and data.targets.dtype is tinytorch.int64 and len(data) == 7
    image, label = data[2]
    assert image.mode == "L" and np.array_equal(image, images[2]) and label == labels[2] and type(label) is int
    x, y = next(
        iter(
            DataLoader(
                MNIST(str(tmp_path), train=False, transform=ToTensor(), target_transform=lambda t: t + 1), batch_size=7
            )
        )
    )
    assert x.shape == (7, 1, 28, 28) and y.tolist() == (labels + 1).tolist()
    np.testing.assert_allclose(x.numpy()[:, 0], images / 255, rtol=1e-6)


def test_mnist_missing_or_mismatched(tmp_path):
    with pytest.raises(RuntimeError, match="download=True"):
        MNIST(tmp_path)
    write_mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(3, dtype="u1"), 8))
    with pytest.raises(ValueError, match="do not belong together"):
        MNIST(tmp_path)


@pytest.mark.skipif(
    not REAL_MNIST.is_dir(), reason="the real MNIST files are not beside this checkout, in ../shared/data/mnist"
)
def test_real_mnist():
    train, held_out = MNIST(REAL_MNIST), MNIST(REAL_MNIST, train=False)
    assert train.data.shape == (60000, 28, 28) and held_out.data.shape == (10000, 28, 28)
    assert np.bincount(train.targets.numpy()).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert abs(train.data.numpy().mean() / 255 - 0.1307) < 1e-4
    assert [train[i][1] for i in range(10)] == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    for name, expected in MNIST.resources.items():
        assert datasets.matches(REAL_MNIST / f"{name}.gz", expected), name


def test_resources_are_complete():
    for kind in (MNIST, FashionMNIST):
        assert len(kind.resources) == 4 and len(kind.classes) == 10
        assert all(
            len(value.partition(":")[2]) == {"sha256": 64, "md5": 32}[value.partition(":")[0]]
            for value in kind.resources.values()
        )


# CIFAR-10


def cifar_records(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.integers(0, 10, (n, 1)), rng.integers(0, 256, (n, 3072))], axis=1).astype(np.uint8)


def test_cifar(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    parts = [cifar_records(3, seed) for seed in range(6)]
    for name, part in zip(CIFAR10.names(True) + CIFAR10.names(False), parts, strict=True):
        (folder / name).write_bytes(part.tobytes())
    train, held_out = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False, transform=ToTensor())
    assert (
        train.data.shape == (15, 32, 32, 3)
        and held_out.data.shape == (3, 32, 32, 3)
        and isinstance(train.targets, list)
    )
    image, label = train[4]
    record = parts[1][1]
    assert label == record[0] and image.mode == "RGB"
    assert np.array_equal(np.array(image)[:, :, 0].ravel(), record[1:1025])
    assert np.array_equal(np.array(image)[:, :, 2].ravel(), record[2049:])
    assert held_out[0][0].shape == (3, 32, 32) and train.class_to_idx["frog"] == 6
    for bad in (b"", parts[5].tobytes()[:-1], b"\x0a" + parts[5].tobytes()[1:]):
        (folder / "test_batch.bin").write_bytes(bad)
        with pytest.raises(ValueError, match=r"test_batch\.bin"):
            CIFAR10(tmp_path, train=False)
    with pytest.raises(RuntimeError, match="download=True"):
        CIFAR10(tmp_path / "elsewhere")


def write_pickled_cifar(folder, entries):
    folder.mkdir(parents=True)
    for name, entry in entries.items():
        (folder / name).write_bytes(pickle.dumps(entry, protocol=2))


def test_cifar_as_torchvision_downloads_it(tmp_path):
    parts = {name.removesuffix(".bin"): cifar_records(3, i) for i, name in enumerate(CIFAR10.names(True))}
    entries = {name: {"data": part[:, 1:], "labels": part[:, 0].tolist()} for name, part in parts.items()}
    write_pickled_cifar(tmp_path / "cifar-10-batches-py", entries)
    train = CIFAR10(str(tmp_path))
    assert len(train) == 15 and train.targets[3:6] == parts["data_batch_2"][:, 0].tolist()
    assert np.array_equal(np.array(train[3][0])[:, :, 1].ravel(), parts["data_batch_2"][0, 1025:2049])
    write_pickled_cifar(
        tmp_path / "cifar-100-python", {"test": {"data": parts["data_batch_1"][:, 1:], "fine_labels": [7, 99, 0]}}
    )
    fine = CIFAR100(tmp_path, train=False)
    assert fine.targets == [7, 99, 0] and fine.classes[99] == "worm" and len(set(fine.classes)) == 100


class Harm:
    def __reduce__(self):
        return (os.system, ("echo harm",))


def test_a_pickle_that_asks_for_more_than_arrays_is_refused(tmp_path):
    write_pickled_cifar(tmp_path / "cifar-10-batches-py", {"test_batch": {"data": Harm(), "labels": [1]}})
    with pytest.raises(ValueError, match=r"test_batch.*system.*refused"):
        CIFAR10(tmp_path, train=False)


# folders


def test_image_folder(tmp_path):
    for name, colour in (("dog/a", "red"), ("dog/deep/b", "blue"), ("cat/c", "lime")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    data = datasets.ImageFolder(str(tmp_path), transform=ToTensor())
    assert data.classes == ["cat", "dog"] and data.class_to_idx == {"cat": 0, "dog": 1} and data.targets == [0, 1, 1]
    assert data.imgs is data.samples and [Path(path).name for path, _ in data.samples] == ["c.png", "a.png", "b.png"]
    assert data[2][0][:, 0, 0].tolist() == [0, 0, 1] and data[2][1] == 1
    assert next(iter(DataLoader(data, batch_size=3, num_workers=1)))[0].shape == (3, 3, 3, 4)
    (tmp_path / "fish").mkdir()
    with pytest.raises(FileNotFoundError, match="fish"):
        datasets.ImageFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="class folder"):
        datasets.ImageFolder(tmp_path / "fish")


# downloads

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server:
    """A file server that can be told to misbehave: `breaks` holds the bytes after which each of the first answers stops."""

    def __init__(self, files, ranges=True, breaks=(), status=None, lies=False):
        self.files, self.ranges, self.breaks, self.status, self.lies = files, ranges, list(breaks), status, lies
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"

    def answer(self, handler):
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        data = self.files.get(handler.path.lstrip("/"))
        if self.status or data is None:
            handler.send_error(self.status or 404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start and start >= len(data):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start + 5 * self.lies}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        end = start + self.breaks.pop(0) if self.breaks else len(data)
        handler.wfile.write(data[start:end])
        if end < len(data):
            handler.connection.close()

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def fetch(server, path, expected=SHA, **options):
    return download(server.url + "file", path, expected, progress=False, timeout=5, **options)


def files_in(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_plain_download_and_again(tmp_path):
    path = tmp_path / "deep" / "file.bin"
    with Server({"file": CONTENT}) as server:
        assert fetch(server, path) == path and path.read_bytes() == CONTENT
        fetch(server, path)
        assert server.asked == [None], "a file that is there and right is not fetched again"
        path.write_bytes(b"damaged")
        fetch(server, path)
    assert path.read_bytes() == CONTENT and files_in(path.parent) == ["file.bin"]


def test_a_broken_connection_is_resumed(tmp_path):
    with Server({"file": CONTENT}, breaks=[100_000, 50_000]) as server:
        fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked[0] is None and len(server.asked) == 3
    starts = [int(r.removeprefix("bytes=").rstrip("-")) for r in server.asked[1:]]
    assert 0 < starts[0] <= 100_000 and starts[0] < starts[1] <= 150_000


def test_the_next_call_goes_on_where_the_last_one_stopped(tmp_path):
    with Server({"file": CONTENT}, breaks=[100_000]) as server:
        with pytest.raises(DownloadError, match="broke after"):
            fetch(server, tmp_path / "x", attempts=1)
        assert files_in(tmp_path) == ["x.part"], "never a half file under the final name"
        fetch(server, tmp_path / "x", attempts=1)
        assert server.asked[1].startswith("bytes=")
    assert (tmp_path / "x").read_bytes() == CONTENT and files_in(tmp_path) == ["x"]


def test_a_server_without_range_starts_over(tmp_path):
    with Server({"file": CONTENT}, ranges=False, breaks=[100_000]) as server:
        fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT and len(server.asked) == 2


def test_a_server_that_answers_with_another_range(tmp_path):
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])
    with Server({"file": CONTENT}, lies=True) as server:
        fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_a_wrong_file_is_never_kept(tmp_path):
    with Server({"file": b"an error page"}) as server:
        with pytest.raises(DownloadError, match="expected " + SHA[7:]):
            fetch(server, tmp_path / "x")
        with pytest.raises(DownloadError, match="md5"):
            fetch(server, tmp_path / "x", "md5:" + "0" * 32)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("left", [b"of another file", CONTENT + b"too long", CONTENT[:-1] + b"?", CONTENT])
def test_any_leftover_ends_well(left, tmp_path):
    (tmp_path / "x.part").write_bytes(left)
    with Server({"file": CONTENT}) as server:
        fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT and files_in(tmp_path) == ["x"]


def test_errors_and_mirrors(tmp_path):
    with Server({"file": CONTENT}) as good, Server({}, status=503) as bad:
        with pytest.raises(DownloadError, match="503"):
            fetch(bad, tmp_path / "x")
        download([bad.url + "file", good.url + "file"], tmp_path / "x", SHA, progress=False)
    assert (tmp_path / "x").read_bytes() == CONTENT
    with pytest.raises(DownloadError, match=r"refused|reset|failed"):
        fetch(good, tmp_path / "y")
    with pytest.raises(ValueError, match="only http"):
        download("file:///etc/passwd", tmp_path / "z")


def test_two_programs_at_once(tmp_path):
    program = "import sys; from tinytorch.vision.datasets import download; download(*sys.argv[1:4], progress=False)"
    with Server({"file": CONTENT}) as server:
        both = [
            subprocess.Popen([sys.executable, "-c", program, server.url + "file", str(tmp_path / "x"), SHA], cwd=ROOT)
            for _ in range(2)
        ]
        assert [process.wait(60) for process in both] == [0, 0]
        assert len(server.asked) == 1, "the second one waited, and found the file there"
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_progress_bar_draws(tmp_path, capsys):
    with Server({"file": CONTENT}) as server:
        download(server.url + "file", tmp_path / "name-of-file", SHA)
    assert "name-of-file" in capsys.readouterr().out


def test_mnist_downloads_what_is_missing(tmp_path, monkeypatch):
    write_mnist(tmp_path / "there")
    files = {p.name: p.read_bytes() for p in (tmp_path / "there").iterdir()}
    with Server(files) as server:
        monkeypatch.setattr(MNIST, "mirrors", (server.url,))
        monkeypatch.setattr(
            MNIST,
            "resources",
            {name.removesuffix(".gz"): "md5:" + hashlib.md5(data).hexdigest() for name, data in files.items()},
        )
        assert len(MNIST(tmp_path / "new", download=True)) == 7 and len(server.asked) == 4
        MNIST(tmp_path / "new", train=False, download=True)
        assert len(server.asked) == 4
        (tmp_path / "new/MNIST/raw/train-labels-idx1-ubyte.gz").unlink()
        monkeypatch.setitem(MNIST.resources, "train-labels-idx1-ubyte", "md5:" + "0" * 32)
        with pytest.raises(DownloadError):
            MNIST(tmp_path / "new", download=True)


def test_cifar_downloads_and_unpacks_only_what_it_knows(tmp_path, monkeypatch):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name in [f"cifar-10-batches-bin/{n}" for n in CIFAR10.names(True) + CIFAR10.names(False)] + [
            "../evil",
            "cifar-10-batches-bin/other",
        ]:
            data = cifar_records(2).tobytes()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with Server({"cifar-10-binary.tar.gz": file.getvalue()}) as server:
        monkeypatch.setattr(CIFAR10, "mirrors", (server.url,))
        monkeypatch.setattr(CIFAR10, "expected", "md5:" + hashlib.md5(file.getvalue()).hexdigest())
        assert len(CIFAR10(tmp_path / "root", download=True)) == 10
        CIFAR10(tmp_path / "root", train=False, download=True)
        assert len(server.asked) == 1
    assert files_in(tmp_path / "root/cifar-10-batches-bin") == sorted(CIFAR10.names(True) + CIFAR10.names(False))
    assert not (tmp_path / "evil").exists()


def test_no_thread_is_left():
    with contextlib.suppress(RuntimeError):
        assert [t.name for t in threading.enumerate() if "serve_forever" in t.name] == []
