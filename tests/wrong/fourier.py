"""Wrong implementations of the Fourier transforms: see wrong/__init__.py."""

from tinytorch.autograd import run
from tinytorch.ops import fft, stft, windows
from wrong.tools import function, replace, wrong


@wrong(*function("Fourier"), *function("Fourier", 3, 3))
def gradient_by_the_inverse():
    """As if the transform were unitary: right for norm="ortho" only."""

    def forward(self, a, dim, norm, back):
        result = right(self, a, dim, norm, back)
        self.options["norm"] = norm
        return result

    right, fft.Fourier.forward = fft.Fourier.forward, forward


@wrong(*function("Fourier"))
def gradient_by_the_transform_itself():
    """Not conjugated: the signal comes back in reverse."""
    fft.Fourier.backward = lambda self, grad: run(
        fft.Fourier, grad, **{**self.options, "back": not self.options["back"]}
    )


@wrong(*function("HermitianFourier"))
def frequencies_that_stand_for_one():
    """The gradient of irfft without the half that is not given."""
    fft.Inner.forward = lambda self, a, **options: a
    fft.Inner.backward = lambda self, grad: grad


@wrong(*function("Inner"), *function("RealFourier", 2, 2))
def middle_frequency_counted_twice():
    """Of an even number of numbers, the last frequency stands for itself alone."""
    right = fft.Inner.forward
    fft.Inner.forward = lambda self, a, n, dim, factor: right(self, a, n + 1 if n % 2 == 0 else n, dim, factor)


@wrong("test_fft.py::test_every_transform[None-hfft]")
def hermitian_transform_that_is_an_inverse():
    """hfft with the factor of irfft."""
    right = fft.hfft
    replace(right, lambda input, n=None, dim=-1, norm=None: fft.irfft(input.conj(), n, dim, norm))


@wrong("test_fft.py::test_windows[8-hann]")
def windows_that_are_all_symmetric():
    right = windows.cosines
    replace(right, lambda a, steps: right(a, steps - steps % 2))


@wrong("test_fft.py::test_istft[<lambda>0]")
def inverse_not_divided_by_the_windows():
    right = stft.joined
    replace(right, lambda frames, weights, *rest: right(frames, weights * 0 + 1, *rest))


@wrong(*function("OverlapAdd"))
def pieces_that_replace_what_they_overlap():
    def forward(self, a, hop, length):
        *batch, count, self.size = a.shape
        self.hop, result = hop, stft.np.zeros((*batch, length), a.dtype)
        for i in range(count):
            result[..., i * hop : i * hop + self.size] = a[..., i, :]
        return result

    stft.OverlapAdd.forward = forward
