"""Examples for more elementwise functions, running ones and scattering, companions of lesson 02: see registry/__init__.py."""

from registry.tools import E, index


def places(t):
    return index(t, 0, 0, 2, 2)


def scattered(how: str, include_self: bool):
    return E(lambda t, a, s: t.scatter_reduce(a, 0, places(t), s, how, include_self=include_self), "3,4")


FUNCTIONS = {
    "Asinh": [E(lambda t, a: t.asinh(a))],
    "Acosh": [E(lambda t, a: t.acosh(a + 1), values="positive")],
    "Atanh": [E(lambda t, a: t.atanh(a), values="unit")],
    "Copysign": [E(lambda t, a, b: t.copysign(a, b), "*,*"), E(lambda t, a: t.copysign(a, -2.0))],
    "Mantissa": [E(lambda t, a: t.frexp(a)[0])],
    "Logaddexp2": [E(lambda t, a, b: t.logaddexp2(a, b), "*,*")],
    "Nextafter": [E(lambda t, a, b: t.nextafter(a, b), "*,*")],
    "Logcumsumexp": [E(lambda t, a: a.logcumsumexp(0), "nm"), E(lambda t, a: a.logcumsumexp(-1), "nmk")],
    "Combined": [scattered(how, include) for how in ("amax", "amin") for include in (True, False)],
    "Products": [scattered("prod", include) for include in (True, False)]
    + [E(lambda t, a, s: a.index_reduce(1, index(t, 1, 1), s, "prod"), "23,22")],
}
FUNCTIONS["SparseProduct"] = [
    E(lambda t, v, x: t.sparse.mm(t.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], v, (2, 3)), x), "3,3n", twice=False)
]
