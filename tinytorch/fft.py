"""`torch.fft`: the Fourier transforms, handed on from the companion that builds them."""

from ._namespace import namespace

NAMES = frozenset("""
    fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft irfft2 irfftn
    rfft rfft2 rfftfreq rfftn
""".split())

__getattr__, __dir__ = namespace(
    __name__, ("ops.fft",), finish=lambda found: {name: value for name, value in found.items() if name in NAMES}
)
