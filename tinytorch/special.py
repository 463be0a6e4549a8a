"""`torch.special`: special functions, handed on from the companions that build them."""

from ._namespace import exported, namespace

MODULES = ("ops.special", "ops.gamma_functions", "ops.bessel", "ops.polynomials")
NAMES = frozenset("""
    airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
    chebyshev_polynomial_v chebyshev_polynomial_w digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc
    gammaincc gammaln hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l
    legendre_polynomial_p log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1
    modified_bessel_k0 modified_bessel_k1 multigammaln ndtr ndtri polygamma psi round scaled_modified_bessel_k0
    scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u
    shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w sinc softmax spherical_bessel_j0 xlog1py xlogy zeta
""".split())


def _with_methods(found):
    """What is a method of Tensor, and a function of `torch`, is here too: `erf`, `softmax`."""
    methods = vars(exported("tensor").get("Tensor", object))
    return {name: value for name, value in (methods | found).items() if name in NAMES}


__getattr__, __dir__ = namespace(__name__, MODULES, attaching=("ops.elementwise", "ops.reductions", "nn.activations"), finish=_with_methods)
