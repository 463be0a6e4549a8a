"""Dtypes beyond lesson 01's: where two meet, their limits, the default one, and computing in 16 bits, as in PyTorch."""

import pickle

import ml_dtypes
import numpy as np
import pytest
import torch

import tinytorch as tt
from tinytorch.tensor import DTYPES

NAMES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128".split()
UNSIGNED = ["uint16", "uint32", "uint64"]
HALVES = ["float16", "bfloat16"]


def name(kind):
    return str(kind).split(".")[-1]


def outcome(call, *args):
    try:
        return name(call(*args))
    except RuntimeError as error:
        return type(error).__name__


@pytest.mark.parametrize("first", NAMES + UNSIGNED)
def test_promote_types_and_can_cast(first):
    for second in NAMES + UNSIGNED:
        ours, theirs = ([getattr(t, first), getattr(t, second)] for t in (tt, torch))
        wanted = outcome(torch.promote_types, *theirs)
        assert outcome(tt.promote_types, *ours) == wanted.replace("complex32", "complex64"), second
        assert tt.can_cast(*ours) == torch.can_cast(*theirs)


def ranks(t):
    """(what it is, an operand): tensors with a dimension, without one, and Python's numbers."""
    for kind in NAMES:
        yield f"{kind}[1]", t.ones(1, dtype=getattr(t, kind))
        yield f"{kind}[]", t.ones((), dtype=getattr(t, kind))
    yield from [("True", True), ("2", 2), ("1.5", 1.5), ("1j", 1j)]


def test_result_type_of_all_ranks():
    """The later family wins, or else who counts more."""
    for (what, a), (_, c) in zip(ranks(tt), ranks(torch), strict=True):
        for (other, b), (_, d) in zip(ranks(tt), ranks(torch), strict=True):
            expected = name(torch.result_type(c, d)).replace("complex32", "complex64")
            assert name(tt.result_type(a, b)) == expected, (what, other)


@pytest.mark.parametrize("kind", NAMES)
def test_what_a_dtype_says_of_itself(kind):
    ours, theirs = getattr(tt, kind), getattr(torch, kind)
    for question in ("is_floating_point", "is_complex", "is_signed", "itemsize"):
        assert getattr(ours, question) == getattr(theirs, question), question
    assert name(ours.to_real()) == name(theirs.to_real())
    expected = outcome(theirs.to_complex).replace("complex32", "complex64")
    assert outcome(ours.to_complex) == expected
    assert pickle.loads(pickle.dumps(ours)) is ours


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_finfo(kind):
    ours, theirs = tt.finfo(getattr(tt, kind)), torch.finfo(getattr(torch, kind))
    assert repr(ours) == repr(theirs)
    for limit in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
        assert getattr(ours, limit) == getattr(theirs, limit), limit
    with pytest.raises(TypeError):
        tt.finfo(tt.int8)


@pytest.mark.parametrize("kind", ["uint8", "int8", "int16", "int32", "int64"])
def test_iinfo(kind):
    ours, theirs = tt.iinfo(getattr(tt, kind)), torch.iinfo(getattr(torch, kind))
    assert repr(ours) == repr(theirs)
    assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, theirs.dtype)
    with pytest.raises(TypeError):
        tt.iinfo(tt.bfloat16)


@pytest.mark.parametrize("kind", [*NAMES, *UNSIGNED])
def test_made_in_each_dtype(kind):
    for make in (
        lambda t, d: t.zeros(2, 3, dtype=d),
        lambda t, d: t.ones(3, dtype=d),
        lambda t, d: t.full((2,), 1, dtype=d),
        lambda t, d: t.eye(2).to(d),
        lambda t, d: t.tensor([0, 1], dtype=d),
        lambda t, d: t.as_tensor([1, 1], dtype=d),
        lambda t, d: t.zeros(2).to(d),
        lambda t, d: t.zeros(2).new_ones(2, dtype=d),
        lambda t, d: t.ones_like(t.zeros(2), dtype=d),
        lambda t, d: t.empty(0, dtype=d),
    ):
        ours, theirs = make(tt, getattr(tt, kind)), make(torch, getattr(torch, kind))
        assert (
            ours.tolist() == theirs.tolist() and name(ours.dtype) == kind and tuple(ours.shape) == tuple(theirs.shape)
        )
    assert DTYPES[ours.array.dtype] is getattr(tt, kind)


@pytest.mark.parametrize(
    "data",
    [
        [1.5, np.float64(2)], np.float64(1.5), [np.float32(1.5)], [np.int32(1)], [1, np.float16(2)], [[1, 2], [3.0, 4j]],
        [True, 1.5], [True, 2], 1j, [], [[]], np.array(1, np.int16), [np.array([1.0]), np.array([2.0])], [1.0, np.float32(2)],
    ],
    ids=repr,
)  # fmt: skip
def test_the_dtype_of_numbers(data):
    ours, theirs = tt.tensor(data), torch.tensor(data)
    assert name(ours.dtype) == name(theirs.dtype) and ours.tolist() == theirs.tolist()


def test_tensors_in_lists():
    for t in (tt, torch):
        assert t.tensor([t.tensor(1.0), t.tensor(2)]).dtype is t.float32 and t.tensor([t.tensor(1)]).dtype is t.int64
        assert t.tensor([[t.tensor(1.0)], [2]]).tolist() == [[1], [2]]


@pytest.mark.parametrize("kind", ["float64", "float16", "bfloat16"])
def test_default_dtype(kind):
    try:
        for t in (tt, torch):
            t.set_default_dtype(getattr(t, kind))
        assert name(tt.get_default_dtype()) == kind
        for make in (
            lambda t: t.tensor([1.5]),
            lambda t: t.tensor(0.1),
            lambda t: t.zeros(2),
            lambda t: t.ones(2),
            lambda t: t.full((2,), 1.5),
            lambda t: t.arange(0, 1, 0.25),
            lambda t: t.linspace(0, 1, 3),
            lambda t: t.eye(2),
            lambda t: t.tensor([1, 2]) / 2,
            lambda t: t.tensor([1, 2]).exp(),
            lambda t: t.tensor([1, 2]).sqrt(),
            lambda t: t.tensor([1, 2]) * 1.5,
            lambda t: t.nn.Linear(2, 1).weight.detach() * 0,
            lambda t: t.Tensor([1, 2]),
            lambda t: t.rand(2) * 0,
            lambda t: t.empty(2) * 0 == 0,
        ):
            assert name(make(tt).dtype) == name(make(torch).dtype)
        assert tt.tensor(0.1).item() == torch.tensor(0.1).item()
    finally:
        for t in (tt, torch):
            t.set_default_dtype(t.float32)
    with pytest.raises(TypeError, match="only floating-point types"):
        tt.set_default_dtype(tt.int64)


def test_numbers_that_do_not_fit():
    for t in (tt, torch):
        assert t.tensor(70000.0, dtype=t.float16).item() == float("inf")
        assert (t.zeros(1, dtype=t.float16) + 70000.0).item() == float("inf")
        assert (t.zeros(1, dtype=t.int8) + 300).item() == 44 and t.tensor(-1, dtype=t.uint8).item() == 255
        for refused in (
            lambda t: t.full((2,), 70000.0, dtype=t.float16),
            lambda t: t.zeros(2, dtype=t.float16).fill_(-1e6),
            lambda t: t.tensor([300], dtype=t.int8),
            lambda t: t.full((1,), 2**15, dtype=t.int16),
            lambda t: t.full((1,), 1j, dtype=t.float32),
            lambda t: t.zeros(1).fill_(1j),
        ):
            with pytest.raises(RuntimeError, match="without overflow"):
                refused(t)


# 16 bits


@pytest.mark.parametrize("kind", HALVES)
def test_an_operation_rounds_once(kind):
    """A sum is not lost where the next number is 2 away, and a mean over many is near."""
    ones = tt.ones(3000, dtype=getattr(tt, kind))
    assert ones.sum().item() == torch.ones(3000, dtype=getattr(torch, kind)).sum().item()
    assert abs(ones.mean().item() - 1) < 1e-2 and ones.cumsum(0)[-1].item() > 2900
    matrix = tt.full((1, 4000), 0.5, dtype=getattr(tt, kind))
    assert (matrix @ matrix.mT).item() == 1000


@pytest.mark.parametrize("kind", HALVES)
def test_views_share_memory_and_changes_are_seen(kind):
    x = tt.zeros(2, 3, dtype=getattr(tt, kind))
    for view in (x[0], x.t(), x.reshape(6), x.view(3, 2), x.unsqueeze(0), x[:, 1], x.expand(2, 2, 3)):
        assert np.shares_memory(view.array, x.array) and view.dtype is x.dtype
    x[0].add_(1.5)
    x[:, 1] = 2
    x.t()[2] *= 2
    assert x.tolist() == [[1.5, 2, 3], [0, 2, 0]] and x._version == 3


@pytest.mark.parametrize("kind", HALVES)
def test_a_model_learns(kind):
    """The losses of ten steps of SGD, beside PyTorch's in the same dtype."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((16, 4)).astype(np.float32), rng.integers(0, 3, 16)
    losses = {}
    tt.manual_seed(0)
    start = tt.nn.Sequential(tt.nn.Linear(4, 8), tt.nn.ReLU(), tt.nn.Linear(8, 3)).state_dict()
    for t in (tt, torch):
        model = t.nn.Sequential(t.nn.Linear(4, 8), t.nn.ReLU(), t.nn.Linear(8, 3))
        model.load_state_dict({key: t.tensor(value.numpy()) for key, value in start.items()})
        model.to(getattr(t, kind))
        optimizer = t.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        losses[t] = []
        for _ in range(10):
            optimizer.zero_grad()
            loss = t.nn.functional.cross_entropy(model(t.tensor(inputs).to(getattr(t, kind))), t.tensor(targets))
            loss.backward()
            assert all(p.grad.dtype is getattr(t, kind) for p in model.parameters())
            optimizer.step()
            losses[t].append(loss.item())
    assert losses[tt][-1] < 0.8 * losses[tt][0]
    np.testing.assert_allclose(losses[tt], losses[torch], rtol=0.05)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("kind", HALVES)
def test_optimizers_keep_the_dtype(optimizer, kind):
    steps = []
    for t in (tt, torch):
        p = t.nn.Parameter(t.tensor([1.0, -2.0], dtype=getattr(t, kind)))
        o = getattr(t.optim, optimizer)([p], lr=0.125)
        for _ in range(3):
            p.grad = t.tensor([0.5, -0.25], dtype=getattr(t, kind))
            o.step()
        assert p.dtype is getattr(t, kind)
        steps.append(p.tolist())
    np.testing.assert_allclose(*steps, rtol=2e-2)


@pytest.mark.parametrize("kind", HALVES)
def test_gradients_are_rounded_to_the_inputs(kind):
    x = tt.tensor([1.0, 2.0], dtype=getattr(tt, kind), requires_grad=True)
    w = tt.tensor([3.0, 4.0], requires_grad=True)
    ((x * 1.5).float() * w).sum().backward()
    assert x.grad.dtype is x.dtype and w.grad.dtype is tt.float32 and x.grad.tolist() == [4.5, 6]
    (grad,) = tt.autograd.grad((x * x * x).sum(), x, create_graph=True)
    (second,) = tt.autograd.grad(grad.sum(), x)
    assert second.tolist() == [6, 12] and second.dtype is x.dtype


def test_numpy_has_no_bfloat16():
    with pytest.raises(TypeError, match="Got unsupported ScalarType"):
        tt.zeros(2, dtype=tt.bfloat16).numpy()
    assert tt.zeros(2, dtype=tt.float16).numpy().dtype == np.float16
    assert tt.as_tensor(np.ones(2, ml_dtypes.bfloat16)).dtype is tt.bfloat16


def test_unpickled_in_another_process(tmp_path):
    """Where no tensor of that dtype was made before."""
    import subprocess
    import sys

    path = tmp_path / "x.pickle"
    path.write_bytes(pickle.dumps(tt.tensor([1.5, 2], dtype=tt.bfloat16)))
    code = f"import pickle; x = pickle.load(open({str(path)!r}, 'rb')); print(x.dtype, (x * 2).tolist())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "tinytorch.bfloat16 [3.0, 4.0]", ran.stderr


def test_plain_tensors_take_the_short_way(monkeypatch):
    """float32 beside other dtypes in one program is not slowed: the operators of lesson 15 run."""
    from tinytorch.ops import half

    tt.ones(2, dtype=tt.bfloat16) * 2
    monkeypatch.setattr(half, "to_dtype", None)  # nobody asks
    x = tt.ones(2, requires_grad=True)
    (x * x + x).sum().backward()
    assert x.grad.tolist() == [3, 3]


FLOAT8 = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]


@pytest.mark.parametrize("kind", FLOAT8)
def test_numbers_of_8_bits_are_kept(kind):
    numbers = [1.0, 2, 0, 500, 464.1, -3.3, 1e-9, -1e9, float("inf"), float("nan")]
    ours, theirs = tt.tensor(numbers).to(getattr(tt, kind)), torch.tensor(numbers).to(getattr(torch, kind))
    np.testing.assert_array_equal(ours.float().numpy(), theirs.float().numpy())
    limits = ["max", "min", "tiny"] + ["eps"] * (
        kind != "float8_e5m2fnuz"
    )  # whose PyTorch 2.13 says is half of what it is
    assert [getattr(tt.finfo(ours.dtype), x) for x in limits] == [getattr(torch.finfo(theirs.dtype), x) for x in limits]
    assert ours.type() == theirs.type()
    assert (ours.dtype.is_signed, ours.dtype.itemsize) == (theirs.dtype.is_signed, theirs.dtype.itemsize)
    assert pickle.loads(pickle.dumps(ours.dtype)) is ours.dtype and str(ours.dtype) == f"tinytorch.{kind}"
    moved = [tt.cat([ours[1:3], ours.reshape(5, 2).t()[0]]), torch.cat([theirs[1:3], theirs.reshape(5, 2).t()[0]])]
    np.testing.assert_array_equal(moved[0].float().numpy(), moved[1].float().numpy())
    np.testing.assert_array_equal(ours[:-1].view(tt.uint8).numpy(), theirs[:-1].view(torch.uint8).numpy())  # but nan
    for values in (ours, theirs):
        with pytest.raises(TypeError, match="unsupported ScalarType"):
            values.numpy()


@pytest.mark.parametrize("operation", [lambda x: x + x, lambda x: x.sum(), lambda x: x @ x, lambda x: -x])
def test_nobody_computes_in_8_bits(operation):
    for t in (tt, torch):
        with pytest.raises(NotImplementedError, match="not implemented for 'Float8_e5m2'"):
            operation(t.ones(2, dtype=t.float8_e5m2))


def test_numbers_of_8_bits_meet_no_others():
    for t in (tt, torch):
        for other in (t.float32, t.int64, t.bfloat16, t.float8_e4m3fn):
            with pytest.raises(RuntimeError, match="Promotion for Float8 Types"):
                t.promote_types(t.float8_e5m2, other)
        assert t.promote_types(t.float8_e5m2, t.float8_e5m2) is t.float8_e5m2
