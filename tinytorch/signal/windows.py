"""`torch.signal.windows`: windows, handed on from the companion that builds them."""

from .._namespace import namespace

NAMES = frozenset("""
    bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall
""".split())

__getattr__, __dir__ = namespace(
    __name__, ("ops.windows",), finish=lambda found: {name: value for name, value in found.items() if name in NAMES}
)
