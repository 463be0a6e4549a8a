"""Fourier transforms, windows and the short-time transform: corners and errors beside PyTorch's.

PyTorch's own samples of them, with derivatives, are in test_op_samples, examples of the Functions in test_registry.
"""

import inspect
import math

import numpy as np
import pytest
import torch

import tinytorch as tt

rng = np.random.default_rng(0)
REAL, COMPLEX = rng.standard_normal((4, 6)), rng.standard_normal((4, 6)) + 1j * rng.standard_normal((4, 6))
SIGNAL = rng.standard_normal((2, 32))


def outcome(t, call):
    """The result, or the kind of error."""
    x, z = t.tensor(REAL), t.tensor(COMPLEX)
    try:
        result = call(t, x, z)
    except Exception as error:
        return type(error)
    return result.detach().resolve_conj().numpy()


def agree(call):
    ours, theirs = outcome(tt, call), outcome(torch, call)
    if isinstance(theirs, type):
        assert isinstance(ours, type) and issubclass(ours, theirs), f"{ours}, PyTorch has {theirs}"
    else:
        assert not isinstance(ours, type), f"{ours}, PyTorch has a result"
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in torch.fft.__all__ if name not in ("Tensor", "fftfreq", "rfftfreq")])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_every_transform(name, norm):
    options = {} if "shift" in name else {"norm": norm}
    for sizes in ((), (5,), (9,)) if "shift" not in name else ((),):
        several = name[-1] in "2n"
        for part in (lambda x, z: x, lambda x, z: z):
            size = [(n, n - 1) if several else n for n in sizes]
            agree(lambda t, x, z, part=part, size=size: getattr(t.fft, name)(part(x, z), *size, **options))
    assert list(inspect.signature(getattr(tt.fft, name)).parameters)[:4] == [
        "input", *({"2": ["s"], "n": ["s"], "t": ["n"]}[name[-1]] if options else []), "dim", *options,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x, z: t.fft.fft(t.tensor(1.0)),
        lambda t, x, z: t.fft.fft(x, 0),
        lambda t, x, z: t.fft.fft(x, -1),
        lambda t, x, z: t.fft.fft(x, n=3.0),
        lambda t, x, z: t.fft.fft(x, dim=5),
        lambda t, x, z: t.fft.fft(x, norm="other"),
        lambda t, x, z: t.fft.irfft(x, norm="other"),
        lambda t, x, z: t.fft.hfft(x, norm="other"),
        lambda t, x, z: t.fft.fft(x, norm=3),
        lambda t, x, z: t.fft.fft(t.zeros(0)),
        lambda t, x, z: t.fft.fft([1.0, 2.0]),
        lambda t, x, z: t.fft.fft(x.bfloat16()),
        lambda t, x, z: t.fft.fft(x.long()),
        lambda t, x, z: t.fft.fft(x > 0),
        lambda t, x, z: t.fft.rfft(z),
        lambda t, x, z: t.fft.ihfft(z),
        lambda t, x, z: t.fft.rfftn(z),
        lambda t, x, z: t.fft.irfft(x),
        lambda t, x, z: t.fft.irfft(x, n=1),
        lambda t, x, z: t.fft.irfft(x[:, :1]),
        lambda t, x, z: t.fft.fftn(t.tensor(1.0)),
        lambda t, x, z: t.fft.fftn(x, dim=()),
        lambda t, x, z: t.fft.rfftn(t.tensor(1.0)),
        lambda t, x, z: t.fft.irfftn(x, dim=()),
        lambda t, x, z: t.fft.hfftn(x, dim=()),
        lambda t, x, z: t.fft.fftn(x, s=(3,)),
        lambda t, x, z: t.fft.fftn(x, s=(3, -1)),
        lambda t, x, z: t.fft.fftn(x, s=(3, 0)),
        lambda t, x, z: t.fft.fftn(x, s=(3, 3, 3)),
        lambda t, x, z: t.fft.fftn(x, s=(3, 3), dim=(0,)),
        lambda t, x, z: t.fft.fftn(x, dim=(0, 0)),
        lambda t, x, z: t.fft.fftn(x, dim=(0, -2)),
        lambda t, x, z: t.fft.fftn(x, dim=(0, 7)),
        lambda t, x, z: t.fft.fftn(x, dim=1),
        lambda t, x, z: t.fft.fftn(x, s=5, dim=0),
        lambda t, x, z: t.fft.irfftn(z, s=(4, -1)),
        lambda t, x, z: t.fft.irfftn(z, s=(4, 7)),
        lambda t, x, z: t.fft.irfftn(z, s=7, dim=0),
        lambda t, x, z: t.fft.fft2(x[0]),
        lambda t, x, z: t.fft.fft2(x, s=(2, 2, 2)),
        lambda t, x, z: t.fft.fftshift(x, 5),
        lambda t, x, z: t.fft.fftshift(t.tensor(1.0)),
        lambda t, x, z: t.fft.ifftshift(x, dim=()),
        lambda t, x, z: t.fft.fft(x, out=t.empty(0, dtype=t.complex128)),
        lambda t, x, z: t.fft.fft(x, out=t.empty(0)),
        lambda t, x, z: t.fft.fftfreq(5),
        lambda t, x, z: t.fft.fftfreq(6, 0.5, dtype=t.float64),
        lambda t, x, z: t.fft.fftfreq(0),
        lambda t, x, z: t.fft.fftfreq(-1),
        lambda t, x, z: t.fft.fftfreq(4.0),
        lambda t, x, z: t.fft.fftfreq(4, d=0),
        lambda t, x, z: t.fft.fftfreq(7, dtype=t.int64),
        lambda t, x, z: t.fft.fftfreq(6, requires_grad=True),
        lambda t, x, z: t.fft.fftfreq(6, out=t.empty(6)),
        lambda t, x, z: t.fft.rfftfreq(7),
        lambda t, x, z: t.fft.rfftfreq(8, d=2.0),
        lambda t, x, z: t.fft.rfftfreq(0),
        lambda t, x, z: t.fft.rfftfreq(7, dtype=t.int64),
    ],
)
def test_corners_of_fft(call):
    agree(call)


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
@pytest.mark.parametrize("size", [0, 1, 2, 5, 8, -1, 2.0])
def test_windows(name, size):
    make = lambda t: getattr(t, f"{name}_window")
    agree(lambda t, x, z: make(t)(size))
    agree(lambda t, x, z: make(t)(size, False, dtype=t.float64, requires_grad=True))
    agree(lambda t, x, z: make(t)(size, periodic=True, dtype=t.int64))


def test_dials_of_windows():
    agree(lambda t, x, z: t.hamming_window(7, True, 0.6, 0.3))
    agree(lambda t, x, z: t.hamming_window(7, False, alpha=0.6))
    agree(lambda t, x, z: t.kaiser_window(7, True, 3.0))
    agree(lambda t, x, z: t.kaiser_window(8, periodic=False, beta=3.0))
    agree(lambda t, x, z: t.signal.windows.exponential(7, center=2, sym=False, tau=0.5))
    agree(lambda t, x, z: t.signal.windows.exponential(7, center=2))
    agree(lambda t, x, z: t.signal.windows.general_cosine(7, a=[]))
    agree(lambda t, x, z: t.signal.windows.general_cosine(7, a=3))
    half = tt.hann_window(4, requires_grad=True, dtype=tt.float16)
    assert half.requires_grad and half.dtype is tt.float16 and half.tolist() == [0, 0.5, 1, 0.5]
    with pytest.raises(ValueError, match="strided tensors only"):
        tt.signal.windows.hann(4, layout="torch.sparse_coo")


STFT = [
    {},
    {"hop_length": 3},
    {"win_length": 6},
    {"win_length": 5, "hop_length": 2},
    {"center": False},
    {"center": False, "win_length": 4, "align_to_window": True},
    {"center": False, "win_length": 4, "align_to_window": False},
    {"normalized": True},
    {"onesided": False},
    {"pad_mode": "constant"},
    {"pad_mode": "replicate"},
    {"return_complex": False},
    {"hop_length": 9},
    {"pad_mode": "other"},
    {"hop_length": 0},
    {"win_length": 9},
    {"win_length": 0},
    {"align_to_window": True},
    {"return_complex": None},
]


@pytest.mark.filterwarnings("ignore:stft with return_complex=False")
@pytest.mark.parametrize("options", STFT)
def test_stft(options):
    for dtype in ("float32", "float64"):

        def call(t, x, z, dtype=dtype):
            signal = t.tensor(SIGNAL, dtype=getattr(t, dtype))
            window = t.hann_window(options.get("win_length", 8), dtype=getattr(t, dtype))
            given = {"return_complex": True, **options}
            assert options or t.equal(signal.stft(8, window=window, **given), t.stft(signal, 8, window=window, **given))
            return t.stft(signal, 8, window=window, **given)

        agree(call)


@pytest.mark.filterwarnings("ignore:A window was not provided")
@pytest.mark.filterwarnings("ignore:.*A window was not provided")
@pytest.mark.parametrize(
    "call",
    [
        lambda t, x, z: t.stft(x, 4, return_complex=True),
        lambda t, x, z: t.stft(x, 4, 2, 2, return_complex=True),
        lambda t, x, z: t.stft(z, 4),
        lambda t, x, z: t.stft(z, 4, onesided=True),
        lambda t, x, z: t.stft(x, 4, window=t.ones(4) + 0j),
        lambda t, x, z: t.stft(x.long(), 4, return_complex=True),
        lambda t, x, z: t.stft(x[None], 4, center=False, return_complex=True),
        lambda t, x, z: t.stft(x, 0, return_complex=True),
        lambda t, x, z: t.stft(x, 7, center=False, return_complex=True),
        lambda t, x, z: t.stft(x, 6, center=False, return_complex=True),
        lambda t, x, z: t.stft(x, 14, return_complex=True),
        lambda t, x, z: t.stft(x, 4, 2, 3, t.ones(4), return_complex=True),
        lambda t, x, z: t.stft(x, 4, window=t.ones(4, dtype=t.int64), return_complex=True),
    ],
)
def test_corners_of_stft(call):
    agree(call)


@pytest.mark.parametrize("call", [
    lambda t, s, w: t.istft(s, 8, window=w),
    lambda t, s, w: s.istft(8, window=w),
    lambda t, s, w: t.istft(s[0], 8, window=w),
    lambda t, s, w: t.istft(s, 8),
    lambda t, s, w: t.istft(s, 8, window=w, length=20),
    lambda t, s, w: t.istft(s, 8, window=w, length=60),
    lambda t, s, w: t.istft(s, 8, window=w, length=0),
    lambda t, s, w: t.istft(s, 8, window=w, normalized=True),
    lambda t, s, w: t.istft(s, 8, window=w.double()),
    lambda t, s, w: t.istft(s, 8, window=w, center=False),
    lambda t, s, w: t.istft(s, 8, window=w + 1, center=False),
    lambda t, s, w: t.istft(s, 8, 2, 6, window=w[1:7]),
    lambda t, s, w: t.istft(s, 8, 2, 6, window=w),
    lambda t, s, w: t.istft(s, 8, 9, window=w),
    lambda t, s, w: t.istft(s, 8, 0, window=w),
    lambda t, s, w: t.istft(s, 0, window=w),
    lambda t, s, w: t.istft(s, 7, window=w[1:]),
    lambda t, s, w: t.istft(s, 5, window=w[:5] + 1),
    lambda t, s, w: t.istft(s, 5, window=w[:5] + 1, return_complex=True),
    lambda t, s, w: t.istft(s, 5, window=w[:5] + 1j, return_complex=True),
    lambda t, s, w: t.istft(s, 8, window=w, onesided=False),
    lambda t, s, w: t.istft(s, 8, window=w, return_complex=True),
    lambda t, s, w: t.istft(s, 8, window=w + 0j),
    lambda t, s, w: t.istft(s, 8, window=w[None]),
    lambda t, s, w: t.istft(s.real, 8, window=w),
    lambda t, s, w: t.istft(s[0, 0], 8, window=w),
    lambda t, s, w: t.istft(s[None], 8, window=w),
    lambda t, s, w: t.istft(s[..., :0], 8, window=w),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*A window was not provided")
@pytest.mark.filterwarnings("ignore:The length of signal is shorter")
def test_istft(call):
    window = lambda t: t.hann_window(8)
    spectrum = lambda t: t.stft(t.tensor(SIGNAL).float(), 8, window=window(t), return_complex=True)
    agree(lambda t, x, z: call(t, spectrum(t), window(t)))


def test_what_is_warned_of():
    spectrum = tt.stft(tt.tensor(SIGNAL), 8, window=tt.hann_window(8), return_complex=True)
    with pytest.warns(UserWarning, match="A window was not provided"):
        tt.stft(tt.tensor(SIGNAL), 8, return_complex=True)
    with pytest.warns(UserWarning, match="A window was not provided"):
        tt.istft(spectrum, 8)
    with pytest.warns(UserWarning, match="padded with zeros"):
        tt.istft(spectrum, 8, window=tt.hann_window(8), length=60)


def test_a_filter_is_learnt():
    """From what comes out of a filter, by gradient descent on its transform, what the filter is."""
    noise, hidden = tt.tensor(rng.standard_normal((16, 32))), tt.tensor([0.5, -1.0, 2.0, 0.25], dtype=tt.float64)
    heard = tt.fft.irfft(tt.fft.rfft(noise) * tt.fft.rfft(hidden, 32), 32)
    weights = tt.zeros(4, dtype=tt.float64, requires_grad=True)
    optimizer = tt.optim.SGD([weights], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        loss = ((tt.fft.irfft(tt.fft.rfft(noise) * tt.fft.rfft(weights, 32), 32) - heard) ** 2).mean()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(weights.detach().numpy(), hidden.numpy(), atol=1e-4)


def test_tones_are_found_where_they_sound():
    """440 Hz, then 880 Hz, at 8,000 numbers a second."""
    t = tt.arange(8000) / 8000
    signal = tt.cat([(2 * math.pi * 440 * t).sin(), (2 * math.pi * 880 * t).sin()])
    loudest = tt.stft(signal, 400, window=tt.hann_window(400), return_complex=True).abs().argmax(0) * (8000 / 400)
    assert loudest[20].item() == 440 and loudest[-20].item() == 880
