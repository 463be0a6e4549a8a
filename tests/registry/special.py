"""Examples for the special functions, companions of lesson 04: see registry/__init__.py."""

from registry.tools import E


def special(name: str, values: str = "any", twice: bool = True):
    return [E(lambda t, a: getattr(t.special, name)(a), values=values, twice=twice)]


FUNCTIONS = {
    "Erfc": special("erfc"),
    "Erfcx": special("erfcx"),
    "Erfinv": special("erfinv", "unit"),
    "Ndtr": special("ndtr"),
    "LogNdtr": special("log_ndtr"),
    "Ndtri": special("ndtri", "probability"),
    "Logit": [*special("logit", "probability"), E(lambda t, a: t.logit(a, eps=0.3), values="probability")],
    "Entr": special("entr", "positive"),
    "Xlogy": [
        E(lambda t, a, b: t.xlogy(a, b), "*,*", "positive"),
        E(lambda t, a: t.xlogy(2, a) + t.xlogy(a, 3.5), values="positive"),
    ],
    "Xlog1py": [E(lambda t, a, b: t.special.xlog1py(a, b), "*,*", "unit")],
    "Sinc": special("sinc"),
    "Lgamma": special("gammaln"),
    "Digamma": special("digamma"),
    "Polygamma": [E(lambda t, a, n=n: t.polygamma(n, a), values="positive") for n in (1, 2)],
    "Zeta": [E(lambda t, a: t.special.zeta(2.5, a), values="positive")],
    "Igamma": [E(lambda t, a: t.igamma(t.full((3,), 1.7, dtype=a.dtype), a), "3", "positive")],
    "Igammac": [E(lambda t, a: t.special.gammaincc(t.full((2, 1), 1.7, dtype=a.dtype), a), "3", "positive")],
    "I0": special("i0"),
    "I1": special("i1"),
    "I0e": special("i0e"),
    "I1e": special("i1e"),
}
