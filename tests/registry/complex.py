"""Examples for complex numbers, and for what looks at the memory of a tensor: see registry/__init__.py."""

from registry.tools import E


def turned(t, a, b):
    """A complex tensor whose parts both count."""
    return t.complex(a, b) * (1 + 2j)


def parts(t, z):
    return z.real * 2 + z.imag


FUNCTIONS = {
    "Complex": [E(lambda t, a, b: parts(t, t.complex(a, b)), "nm,nm")],
    "Conj": [E(lambda t, a, b: parts(t, turned(t, a, b).conj() * (3 - 1j)), "nm,nm")],
    "Real": [E(lambda t, a, b: turned(t, a, b).real, "nm,nm")],
    "Imag": [E(lambda t, a, b: turned(t, a, b).imag, "nm,nm")],
    "Modulus": [E(lambda t, a, b: turned(t, a, b).abs(), "nm,nm", "positive")],
    "Direction": [E(lambda t, a, b: parts(t, turned(t, a, b).sgn()), "nm,nm", "positive")],
    "Angle": [E(lambda t, a, b: t.complex(a, b).angle(), "nm,nm", "positive")],
    "Sigmoid": [E(lambda t, a, b: parts(t, t.sigmoid(turned(t, a, b) * 0.1)), "nm,nm")],
    "Discard": [E(lambda t, a, b: turned(t, a, b).to(a.dtype), "nm,nm")],
    "ViewAsReal": [E(lambda t, a, b: t.view_as_real(turned(t, a, b)), "nm,nm")],
    "ViewAsComplex": [E(lambda t, a, b: parts(t, t.view_as_complex(t.stack([a, b], -1)) ** 2), "nm,nm")],
    "Walk": [
        E(lambda t, a: t.cat([a, a], 1).unfold(1, 2, 1), "nm"),
        E(lambda t, a: t.stack([a, a]).unfold(0, 2, 1), "nm"),
    ],
}
