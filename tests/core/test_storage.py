"""Memory: torch.Size, strides, memory formats, storages, windows and other walks, as in PyTorch."""

import copy
import pickle

import numpy as np
import pytest
import torch

import tinytorch as tt

# torch.Size


def test_size_is_a_tuple_that_says_what_it_is():
    for t in (tt, torch):
        s = t.zeros(2, 3).shape
        assert (
            type(s) is t.Size and s == (2, 3) and hash(s) == hash((2, 3)) and str(s) == repr(s) == "torch.Size([2, 3])"
        )
        assert s.numel() == 6 and t.Size().numel() == 1 and list(s) == [2, 3] and s[0] == 2 and s[-1] == 3
        for part in (s[1:], s[::2], s + s, s * 2, 2 * s, t.zeros(2, 3).size(), t.Size([4])):
            assert type(part) is t.Size
        one = (1,)
        assert (
            type(one + s) is type(s + one) is t.Size
            and one + s == (1, 2, 3)
            and s * 2 == (2, 3, 2, 3)
            and tuple(s) == (2, 3)
            and type(tuple(s)) is tuple
        )
        assert t.zeros(s).shape == s and t.zeros(4).view(t.Size([2, 2])).shape == (2, 2) and t.zeros(2, 3).size(-1) == 3
        assert t.Size(t.tensor([1, 2])) == (1, 2) and f"{s}" == "torch.Size([2, 3])"
        for loaded in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s)):
            assert loaded == s and type(loaded) is t.Size
        for wrong in ([1.5], "ab", [None]):
            with pytest.raises(TypeError, match="takes an iterable of 'int'"):
                t.Size(wrong)
        with pytest.raises(TypeError):
            s + [1]  # noqa: RUF005


# strides and memory formats


def four(t):
    return t.arange(120).reshape(2, 3, 4, 5)


@pytest.mark.parametrize(
    "walk",
    [
        lambda t, x: x,
        lambda t, x: x.contiguous(memory_format=t.channels_last),
        lambda t, x: x.contiguous(memory_format=t.channels_last).clone(),
        lambda t, x: x.contiguous(memory_format=t.channels_last).clone(memory_format=t.contiguous_format),
        lambda t, x: x.contiguous(memory_format=t.channels_last).contiguous(),
        lambda t, x: x.contiguous(memory_format=t.channels_last) * 2,
        lambda t, x: x.to(memory_format=t.channels_last),
        lambda t, x: x.to(t.float64, memory_format=t.channels_last),
        lambda t, x: x.float().to(memory_format=t.preserve_format),
        lambda t, x: x.clone(memory_format=t.channels_last)[1],
        lambda t, x: t.empty(2, 3, 4, 5, memory_format=t.channels_last),
        lambda t, x: t.zeros_like(x.to(memory_format=t.channels_last)),
        lambda t, x: t.empty_like(x, memory_format=t.channels_last),
        lambda t, x: t.zeros_like(x.transpose(0, 3)),
        lambda t, x: t.ones_like(x.float(), dtype=t.int64),
        lambda t, x: x[:, :1].expand(2, 6, 4, 5).clone(),
        lambda t, x: x[..., 0].t() if x.ndim == 3 else x[0, 0].t().clone(),
        lambda t, x: x[:, :, ::2].clone(),
        lambda t, x: x.reshape(2, 3, 4, 5, 1).to(memory_format=t.channels_last_3d),
        lambda t, x: x.half().bfloat16().stride() and x.bfloat16().to(memory_format=t.channels_last),
        lambda t, x: t.nn.Conv2d(3, 6, 2).to(memory_format=t.channels_last).weight,
    ],
)
def test_strides(walk):
    ours, theirs = walk(tt, four(tt)), walk(torch, four(torch))
    assert ours.stride() == theirs.stride() and ours.stride(0) == theirs.stride(0) and ours.shape == tuple(theirs.shape)
    for name in ("contiguous_format", "channels_last", "channels_last_3d"):
        assert ours.is_contiguous(memory_format=getattr(tt, name)) == theirs.is_contiguous(
            memory_format=getattr(torch, name)
        )


def test_numbers_do_not_depend_on_the_format():
    x, w = (np.random.default_rng(0).standard_normal(shape) for shape in ((2, 3, 8, 8), (4, 3, 3, 3)))
    results = []
    for memory_format in (tt.contiguous_format, tt.channels_last):
        image = tt.tensor(x).to(memory_format=memory_format).requires_grad_()
        y = tt.nn.functional.max_pool2d(tt.nn.functional.conv2d(image, tt.tensor(w), padding=1).relu(), 2)
        y.sum().backward()
        results.append([y.detach().numpy(), image.grad.numpy()])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b)


def test_errors_of_formats():
    for t in (tt, torch):
        for wrong in (
            lambda t: t.zeros(2, 3).contiguous(memory_format=t.channels_last),
            lambda t: t.zeros(2, 3).to(memory_format=t.channels_last),
            lambda t: t.zeros(2, 3).clone(memory_format=t.channels_last_3d),
            lambda t: t.empty(2, 3, memory_format=t.channels_last),
            lambda t: t.zeros(2, 3).t().contiguous(memory_format=t.preserve_format),
        ):
            with pytest.raises(RuntimeError):
                wrong(t)
    assert repr(tt.channels_last) == repr(torch.channels_last) and repr(tt.strided) == repr(torch.strided)
    assert tt.zeros(2).layout is tt.strided and pickle.loads(pickle.dumps(tt.channels_last)) is tt.channels_last
    assert tt.zeros(2, layout=tt.strided, pin_memory=False).tolist() == [0, 0]


# storages


def test_storage():
    for t in (tt, torch):
        x = t.arange(6.0).reshape(2, 3)
        for view in (x, x[1], x.t(), x[:, 1:], x.reshape(6)):
            assert view.storage().tolist() == [0, 1, 2, 3, 4, 5] and view.storage().data_ptr() == x.data_ptr()
            assert view.untyped_storage().size() == view.untyped_storage().nbytes() == 24
            assert view.untyped_storage() == x.untyped_storage()
        assert x[1].storage_offset() == 3 and x[:, 1:].storage_offset() == 1 and x.t().storage_offset() == 0
        assert x[1].data_ptr() - x.data_ptr() == 12 and x.clone().data_ptr() != x.data_ptr()
        storage = x.storage()
        assert (len(storage), storage.size(), storage.nbytes(), storage.element_size()) == (6, 6, 24, 4)
        assert storage.dtype is t.float32 and str(storage.device) == "cpu" and storage.type() == "torch.FloatStorage"
        storage[4] = 9
        assert x[1, 1].item() == 9 and storage[4] == 9 and list(storage)[:2] == [0, 1] and not storage.is_shared()
        storage.copy_(t.ones(6).storage())
        assert x.sum().item() == 6 and storage.fill_(2)[0] == 2
        assert t.bfloat16 and t.ones(3, dtype=t.bfloat16).untyped_storage().nbytes() == 6
        assert t.ones(3, dtype=t.complex64).storage().size() == 3


def test_storages_of_a_type():
    for t in (tt, torch):
        assert (
            t.FloatStorage([1, 2]).tolist() == [1, 2]
            and t.FloatStorage(3).size() == 3
            and t.UntypedStorage(4).nbytes() == 4
        )
        assert t.ByteStorage.from_buffer(b"abc").tolist() == [97, 98, 99]
        assert t.FloatStorage.from_buffer(np.float32([1, 2]).tobytes(), "little").tolist() == [1, 2]
        assert t.ByteTensor(t.ByteStorage.from_buffer(b"ab")).tolist() == [97, 98]
        assert (
            repr(t.FloatStorage([1])) == " 1.0\n[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 1]"
        )


WALKS = {
    "transposed": lambda t, x: x.as_strided((3, 2), (1, 3)),
    "overlapping": lambda t, x: x.as_strided((4, 3), (1, 1)),
    "later": lambda t, x: x.as_strided((2, 2), (2, 1), 1),
    "the same again": lambda t, x: x.as_strided((3, 2), (0, 1)),
    "of a view": lambda t, x: x.t().as_strided((2, 2), (3, 1)),
    "windows": lambda t, x: x.unfold(1, 2, 1),
    "windows of rows": lambda t, x: x.unfold(0, 1, 1),
    "far apart": lambda t, x: x.reshape(6).unfold(0, 2, 3),
    "of a transposed": lambda t, x: x.t().unfold(0, 2, 1),
    "twice": lambda t, x: x.reshape(1, 2, 3).unfold(1, 2, 1).unfold(2, 2, 1),
    "negative": lambda t, x: x.unfold(-1, 3, 2),
    "of one number": lambda t, x: x.sum().unfold(0, 1, 1),
}


@pytest.mark.parametrize("name", WALKS)
def test_walks(name):
    results = []
    for t in (tt, torch):
        x = t.arange(6.0, dtype=t.float64).reshape(2, 3).requires_grad_()
        y = WALKS[name](t, x)
        above = t.tensor(np.random.default_rng(0).standard_normal(tuple(y.shape)), requires_grad=True)
        (grad,) = t.autograd.grad(y, x, above, create_graph=True)
        (second,) = t.autograd.grad((grad * grad).sum(), above)
        results.append([y.stride(), y.tolist(), grad.tolist(), second.tolist()])
    assert results[0][:2] == results[1][:2]
    for ours, theirs in zip(results[0][2:], results[1][2:]):
        np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "complex64", "int8", "bool"])
def test_walks_share_memory(kind):
    x = tt.zeros(6, dtype=getattr(tt, kind))
    for view in (x.unfold(0, 2, 1), x.as_strided((2, 2), (2, 1)), x.view(2, 3)[1].as_strided((3,), (1,), 0)):
        assert np.shares_memory(view.array, x.array) and view.dtype is x.dtype and view._base is x
    x.unfold(0, 2, 2)[:, 0] = 1
    assert x.tolist() == [1, 0, 1, 0, 1, 0] and x._version == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, x: x.as_strided((3, 3), (3, 1)),
        lambda t, x: x.as_strided((2,), (-1,)),
        lambda t, x: x.as_strided((2, 2), (1,)),
        lambda t, x: x.as_strided((2,), (1,), 5),
        lambda t, x: x.unfold(1, 4, 1),
        lambda t, x: x.unfold(1, 2, 0),
        lambda t, x: x.unfold(1, -1, 1),
        lambda t, x: x.unfold(2, 1, 1),
        lambda t, x: x.requires_grad_().resize_(2),
    ],
)
def test_walks_that_leave_the_memory(wrong):
    for t in (tt, torch):
        with pytest.raises((RuntimeError, IndexError)):
            wrong(t, t.arange(6.0).reshape(2, 3))


def test_resize_and_set():
    for t in (tt, torch):
        x = t.arange(6.0).reshape(2, 3)
        assert x.clone().resize_(3, 2).tolist() == [[0, 1], [2, 3], [4, 5]] and x.clone().resize_(2).tolist() == [0, 1]
        assert x.clone().resize_((1, 6)).shape == (1, 6) and x.clone().t().resize_(2, 3).tolist() == x.tolist()
        longer = x.clone().resize_(2, 5)
        assert longer.shape == (2, 5) and longer.flatten()[:6].tolist() == [0, 1, 2, 3, 4, 5]
        assert x.clone().resize_as_(t.zeros(3)).tolist() == [0, 1, 2] and x[1].clone().resize_(3).tolist() == [3, 4, 5]
        y = t.zeros(2)
        assert y.set_(x) is y and y.data_ptr() == x.data_ptr() and y.shape == (2, 3)
        assert t.zeros(2).set_().shape == (0,) and t.zeros(2).set_(x.storage()).tolist() == [0, 1, 2, 3, 4, 5]
        for storage in (x.storage(), x.untyped_storage()):
            assert t.zeros(2).set_(storage, 1, (2, 2), (1, 2)).tolist() == [[1, 3], [2, 4]]
        assert x.get_device() == -1


# typed tensors


def test_typed_tensors():
    for t in (tt, torch):
        assert (
            t.FloatTensor(2, 3).shape == (2, 3)
            and t.LongTensor([1, 2]).dtype is t.int64
            and t.FloatTensor().shape == (0,)
        )
        assert (
            t.FloatTensor(5).shape == (5,)
            and t.FloatTensor(t.Size([2, 3])).shape == (2, 3)
            and t.Tensor(2, 3).dtype is t.float32
        )
        assert t.FloatTensor(np.array([1.5, 2])).tolist() == [1.5, 2] and t.LongTensor([1.5]).tolist() == [1]
        assert (
            t.Tensor([1, 2]).tolist() == [1, 2]
            and t.Tensor(range(3)).tolist() == [0, 1, 2]
            and t.Tensor((2, 3)).tolist() == [2, 3]
        )
        assert t.Tensor([t.tensor(3.0), t.tensor(4)]).tolist() == [3, 4] and t.Tensor(t.tensor(3.0)).shape == ()
        assert t.BoolTensor([1, 0, 2]).tolist() == [True, False, True] and t.HalfTensor([1.5]).dtype is t.float16
        assert (
            t.ByteTensor([-1]).tolist() == [255]
            and t.Tensor(np.int64(3)).shape == (3,)
            and t.FloatTensor(size=(2, 3)).shape == (2, 3)
        )
        x = t.zeros(2, dtype=t.float64)
        assert x.type() == "torch.DoubleTensor" and isinstance(x, t.DoubleTensor) and not isinstance(x, t.FloatTensor)
        assert isinstance(t.nn.Parameter(t.zeros(2)), t.FloatTensor) and not isinstance(2.0, t.FloatTensor)
        for wish in (t.float32, "torch.FloatTensor", t.FloatTensor):
            assert x.type(wish).dtype is t.float32
        assert (
            x.type(t.float64) is x
            and t.FloatTensor.dtype is t.float32
            and repr(t.FloatTensor) == "<class 'torch.FloatTensor'>"
        )
        assert x.new(2, 3).dtype is t.float64 and x.new([1, 2]).tolist() == [1, 2] and x.new().shape == (0,)
        assert x.new(x.size()).shape == (2,) and t.zeros(1, dtype=t.int64).new([1.5]).tolist() == [1]
        for kind in (
            "uint8",
            "int8",
            "int16",
            "int32",
            "int64",
            "bool",
            "float16",
            "bfloat16",
            "complex64",
            "complex128",
        ):
            assert t.zeros(1, dtype=getattr(t, kind)).type() == torch.zeros(1, dtype=getattr(torch, kind)).type()
        for wrong, error in (
            (lambda t: t.FloatTensor(t.zeros(2).double()), TypeError),
            (lambda t: t.FloatTensor(3.5), TypeError),
            (lambda t: t.Tensor(2, 3.5), TypeError),
            (lambda t: t.Tensor("ab"), TypeError),
            (lambda t: t.ByteTensor([300]), RuntimeError),
            (lambda t: t.zeros(2).type("torch.FloatFoo"), ValueError),
            (lambda t: t.zeros(2).type(float), ValueError),
            (lambda t: t.set_default_tensor_type(t.float64), TypeError),
            (lambda t: t.set_default_tensor_type("torch.LongTensor"), TypeError),
        ):
            with pytest.raises(error):
                wrong(t)


def test_typed_tensors_of_a_gpu_that_is_not_there():
    for t in (tt, torch):
        if t.cuda.is_available():
            continue
        assert (
            not isinstance(t.zeros(2), t.cuda.FloatTensor)
            and repr(t.cuda.LongTensor) == "<class 'torch.cuda.LongTensor'>"
        )
        with pytest.raises(TypeError, match="not available"):
            t.cuda.FloatTensor(2)
        with pytest.raises(TypeError, match="not available"):
            t.set_default_tensor_type("torch.cuda.FloatTensor")


def test_set_default_tensor_type():
    for t in (tt, torch):
        try:
            t.set_default_tensor_type(t.DoubleTensor)
            assert t.tensor(1.5).dtype is t.float64 and t.Tensor([1]).dtype is t.float64
        finally:
            t.set_default_tensor_type("torch.FloatTensor")
        assert t.tensor(1.5).dtype is t.float32


def outcome_of(call):
    try:
        found = call()
    except (RuntimeError, ValueError, TypeError) as error:
        return type(error)
    return [str(found.dtype).split(".")[1], found.tolist(), found.requires_grad]


AS_ARRAY = [
    lambda t, x: t.asarray(x.detach().numpy()),
    lambda t, x: t.asarray(x.detach().numpy(), dtype=t.float32),
    lambda t, x: t.asarray(x.detach().numpy(), dtype=t.float32, copy=False),
    lambda t, x: t.asarray(x.detach().numpy(), requires_grad=True),
    lambda t, x: t.asarray(x),
    lambda t, x: t.asarray(x, requires_grad=False),
    lambda t, x: t.asarray(x, requires_grad=True, dtype=t.float32),
    lambda t, x: t.asarray([1, 2]),
    lambda t, x: t.asarray([1, 2], copy=False),
    lambda t, x: t.asarray([1, 2], requires_grad=True),
    lambda t, x: t.asarray(np.float32(3)),
    lambda t, x: t.asarray(3, dtype=t.float64),
    lambda t, x: t.asarray(bytearray(b"abcdabcd")),
    lambda t, x: t.asarray(bytearray(b"abc"), dtype=t.uint8),
    lambda t, x: t.asarray(bytearray(b"abc")),
    lambda t, x: t.asarray(x.detach().untyped_storage(), dtype=t.float64),
    lambda t, x: t.asarray(x.detach().untyped_storage()[8:16], dtype=t.uint8).view(t.float64),
    lambda t, x: t.asarray("a"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", AS_ARRAY)
def test_asarray(call):
    ours, theirs = (
        outcome_of(lambda t=t: call(t, t.arange(3.0, dtype=t.float64, requires_grad=True))) for t in (tt, torch)
    )
    assert ours == theirs


def test_asarray_shares_memory_unless_told_to_copy():
    for t in (tt, torch):
        array = np.zeros(2)
        shared, own = t.asarray(array), t.asarray(array, copy=True)
        array[0] = 5
        assert shared[0] == 5 and own[0] == 0
        assert t.asarray(shared, copy=True) is not shared


@pytest.mark.filterwarnings("ignore")
def test_files_as_storages(tmp_path):
    for t in (tt, torch):
        file = tmp_path / f"{t.__name__}.bin"
        file.write_bytes(bytes(range(24)))
        bytes_of_it = t.UntypedStorage.from_file(str(file), nbytes=12)
        assert bytes_of_it.tolist() == list(range(12))
        bytes_of_it[0] = 9  # in memory only
        numbers = t.from_file(str(file), True, 3, dtype=t.int64)
        assert numbers[0].item() == int.from_bytes(bytes(range(8)), "little")
        numbers[0] = 0
        assert file.read_bytes()[:9] == bytes([0] * 8 + [8])
        assert t.from_file(str(file), shared=True, size=8).shape == (8,) and file.stat().st_size == 32
        assert len(t.FloatStorage.from_file(str(file), False, 2)) == 2
        for there, size in ((file, 99), (tmp_path / "none", 1)):
            with pytest.raises(RuntimeError, match=r"smaller than the required mapping size|unable to open file"):
                t.UntypedStorage.from_file(str(there), False, size)
