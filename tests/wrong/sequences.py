"""Wrong implementations of CTC, of images read at any places and of unpooling: see wrong/__init__.py."""

import numpy as np

from tinytorch.nn import ctc, fractional_pooling, grid_sample
from wrong.tools import replace, wrong

CTC = "test_ctc.py::test_as_pytorch[float64-False-none]"
PATHS = "test_ctc.py::test_all_paths[target3-0]"


@wrong("test_ctc.py::test_all_paths[target2-0]")
def ctc_that_skips_between_equal_labels():
    """So that `a a` reads as two labels without a blank between."""
    right = ctc.places_of

    def places_of(targets, blank):
        labels, skips = right(targets, blank)
        skips[:, 3::2] = True
        return labels, skips

    replace(right, places_of)


@wrong(PATHS)
def ctc_that_never_skips_a_blank():
    right = ctc.places_of

    def places_of(targets, blank):
        labels, skips = right(targets, blank)
        return labels, np.zeros_like(skips)

    replace(right, places_of)


@wrong(CTC)
def ctc_that_ends_at_the_last_moment_of_the_longest():
    right = ctc.CTCFunction.forward

    def forward(self, log_probs, targets, times, lengths, **options):
        return right(self, log_probs, targets, np.full_like(times, times.max()), lengths, **options)

    ctc.CTCFunction.forward = forward


@wrong(CTC)
def ctc_whose_ends_skip_as_its_beginnings_do():
    """Read backwards, a skip starts where it ended."""

    def backward_walks(scores, skips, lengths, times):
        place = np.arange(scores.shape[2])
        ends = (place == 2 * lengths[:, None]) | (place == 2 * lengths[:, None] - 1)
        starts = np.where(ends, 0.0, -np.inf)[:, ::-1]
        back = ctc.walks(scores[::-1, :, ::-1], skips[:, ::-1], starts, len(scores) - times)
        return back[::-1, :, ::-1]

    replace(ctc.backward_walks, backward_walks)


@wrong("test_grid_sample.py::test_the_last_pixel_counts_whole")
def grid_of_corners_that_are_edges():
    right = grid_sample.in_pixels
    replace(right, lambda x, size, align_corners: right(x, size, False))


@wrong("test_grid_sample.py::test_as_pytorch[shape2-bilinear-border-True-outside]")
def grid_whose_border_hands_on_a_derivative():
    replace(grid_sample.clipped, lambda x, size: x - (x - x.clamp(0, size - 1)).detach())


@wrong("test_unpooling.py::test_windows_where_the_shares_say[2-float64]")
def fractional_pooling_with_height_and_width_exchanged():
    right = fractional_pooling.places_of_windows
    replace(right, lambda shares, *more: right(shares[..., ::-1], *more))
