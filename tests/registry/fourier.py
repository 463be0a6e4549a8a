"""Examples for Fourier transforms, companions of lesson 02: see registry/__init__.py."""

from registry.tools import E, both, made


def pairs(call):
    """The two parts of the complex result."""
    return lambda t, *inputs: t.view_as_real(call(t, *inputs).resolve_conj())


def inner(torch, a):
    return a * torch.tensor([1.0, 2.0, 2.0, 1.0], dtype=a.dtype)


def added_up(torch, a):
    """(b, 4, 3) as pieces two further on each."""
    return sum(torch.nn.functional.pad(a[:, i], (2 * i, 7 - 2 * i)) for i in range(4))


FUNCTIONS = {
    "Fourier": [
        E(pairs(lambda t, a, b: t.fft.fftn(t.complex(a, b))), "b34,b34"),
        E(pairs(lambda t, a: t.fft.ifft2(a, (5, 2), norm="ortho")), "b34"),
        E(pairs(lambda t, a: t.fft.fft(a, dim=0, norm="forward")), "4b"),
    ],
    "RealFourier": [
        E(pairs(lambda t, a: t.fft.rfft(a)), "b6"),
        E(pairs(lambda t, a: t.fft.rfftn(a, norm="forward")), "b45"),
        E(pairs(lambda t, a: t.fft.ihfft(a, dim=0)), "5b"),
    ],
    "HermitianFourier": [
        E(lambda t, a, b: t.fft.irfft(t.complex(a, b)), "b4,b4"),
        E(lambda t, a, b: t.fft.irfftn(t.complex(a, b), (3, 5), norm="ortho"), "b43,b43"),
        E(lambda t, a: t.fft.hfft(a, dim=0), "4b"),
    ],
    "Inner": [E(both(made("Inner", n=6, dim=1, factor=2), inner), "b4")],
    "Frames": [E(both(made("Frames", size=3, hop=2), lambda torch, a: a.unfold(-1, 3, 2)), "b8")],
    "OverlapAdd": [E(both(made("OverlapAdd", hop=2, length=10), added_up), "b43")],
}
