"""Images read at any places, against PyTorch: all modes, paddings and dimensions, at corners and far outside, twice derived."""

import itertools

import numpy as np
import pytest
import torch

import tinytorch

BOTH = (tinytorch, torch)
RNG = np.random.default_rng(0)
GRIDS = {
    "inside": lambda *shape: RNG.uniform(-0.9, 0.9, shape),
    "outside": lambda *shape: RNG.uniform(-4, 4, shape),
    "corners": lambda *shape: RNG.choice([-1.0, 1.0], shape),
}


def outcome(t, image, grid, *options, twice: bool = True) -> list:
    """The value, its derivatives, and those of these."""
    x, places = (t.tensor(a, requires_grad=True) for a in (image, grid))
    y = t.nn.functional.grid_sample(x, places, *options)
    weights = t.arange(1, y.numel() + 1).reshape(y.shape).to(y.dtype).cos()
    first = t.autograd.grad((y * weights).sum(), (x, places), create_graph=twice)
    return [y.detach().numpy(), *(g.detach().numpy() for g in first)]


CASES = [
    (shape, mode, padding, align)
    for shape, mode, padding, align in itertools.product(
        [(2, 3, 4, 5), (2, 2, 1, 6), (1, 2, 3, 4, 2)],
        ["bilinear", "nearest", "bicubic"],
        ["zeros", "border", "reflection"],
        [True, False],
    )
    if len(shape) == 4 or mode != "bicubic"
]


@pytest.mark.parametrize("where", GRIDS)
@pytest.mark.parametrize(("shape", "mode", "padding", "align"), CASES)
def test_as_pytorch(where, shape, mode, padding, align):
    dims = len(shape) - 2
    image, grid = RNG.standard_normal(shape), GRIDS[where](shape[0], *(3, 4, 2)[:dims], dims)
    results = [outcome(t, image, grid, mode, padding, align, twice=False) for t in BOTH]
    for what, ours, theirs in zip(("value", "image", "grid"), *results, strict=True):
        if what == "grid" and where == "corners" and mode != "nearest":
            continue  # a kink: the derivative on one side is as good as that on the other
        np.testing.assert_allclose(ours, theirs, 1e-8, 1e-10, err_msg=what)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_float32(mode, padding):
    image, grid = RNG.standard_normal((2, 3, 9, 8)).astype(np.float32), RNG.uniform(-1.3, 1.3, (2, 5, 6, 2))
    results = [outcome(t, image, grid.astype(np.float32), mode, padding, False, twice=False) for t in BOTH]
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, 1e-3, 1e-4)


@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_places_far_away(mode, padding):
    image = np.arange(12.0).reshape(1, 1, 3, 4)
    grid = np.array([[[[1e30, 0.0], [0.0, -1e30], [-1e30, 0.5], [0.1, 0.2]]]])
    results = [t.nn.functional.grid_sample(t.tensor(image), t.tensor(grid), mode, padding, False).numpy() for t in BOTH]
    np.testing.assert_allclose(*results)
    grid[np.abs(grid) > 1] *= np.inf
    endless = tinytorch.nn.functional.grid_sample(tinytorch.tensor(image), tinytorch.tensor(grid), mode, padding, False)
    np.testing.assert_allclose(endless.numpy(), results[0])


def test_the_last_pixel_counts_whole():
    image = tinytorch.arange(4.0).reshape(1, 1, 2, 2)
    corners = tinytorch.tensor([[[[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]]])
    assert tinytorch.nn.functional.grid_sample(image, corners, align_corners=True).tolist() == [[[[0, 1, 2, 3]]]]
    assert tinytorch.nn.functional.grid_sample(image, corners, align_corners=False).tolist() == [
        [[[0, 0.25, 0.5, 0.75]]]
    ]


def test_second_derivatives_by_differences():
    image, grid = RNG.standard_normal((1, 2, 4, 4)), RNG.uniform(-0.6, 0.6, (1, 2, 2, 2))

    def slopes(x, places):
        with tinytorch.enable_grad():
            x, places = (a if a.requires_grad else a.requires_grad_() for a in (x, places))
            y = tinytorch.nn.functional.grid_sample(x, places, "bicubic", align_corners=False)
            return sum(g.sum() for g in tinytorch.autograd.grad((y**2).sum(), (x, places), create_graph=True))

    inputs = [tinytorch.tensor(a, requires_grad=True) for a in (image, grid)]
    tinytorch.autograd.gradcheck(slopes, inputs)


@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (2, 3, 4, 2, 3)])
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_affine_grid(size, align, kind):
    dims, results = len(size) - 2, []
    maps = RNG.standard_normal((2, dims, dims + 1)).astype(kind)
    for t in BOTH:
        theta = t.tensor(maps, requires_grad=True)
        grid = t.nn.functional.affine_grid(theta, size, align)
        (grid * t.arange(grid.numel()).reshape(grid.shape)).sum().backward()
        results.append([grid.detach().numpy(), theta.grad.numpy()])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, 1e-5 if kind == np.float32 else 1e-10, 1e-4)


@pytest.mark.parametrize("t", BOTH, ids=["tinytorch", "torch"])
def test_what_is_refused(t):
    F, image, grid = t.nn.functional, t.zeros(1, 2, 3, 3), t.zeros(1, 4, 4, 2)
    for kind, wrong in (
        (ValueError, lambda: F.grid_sample(image, grid, mode="cubic")),
        (ValueError, lambda: F.grid_sample(image, grid, padding_mode="wrap")),
        (RuntimeError, lambda: F.grid_sample(image, grid[..., :1], align_corners=True)),
        (RuntimeError, lambda: F.grid_sample(image, grid.double(), align_corners=True)),
        (RuntimeError, lambda: F.grid_sample(image, t.zeros(2, 4, 4, 2), align_corners=True)),
        (RuntimeError, lambda: F.grid_sample(image[0], grid[0], align_corners=True)),
        (RuntimeError, lambda: F.grid_sample(image[:, :, :0], grid, align_corners=True)),
        (RuntimeError, lambda: F.grid_sample(image[None], t.zeros(1, 2, 2, 2, 3), "bicubic", align_corners=True)),
        (ValueError, lambda: F.affine_grid(t.zeros(2, 2, 2), (2, 1, 3, 3), True)),
        (ValueError, lambda: F.affine_grid(t.zeros(2, 2, 3), (2, 1, 0, 3), True)),
        (ValueError, lambda: F.affine_grid(t.zeros(2, 2, 3).long(), (2, 1, 3, 3), True)),
        (NotImplementedError, lambda: F.affine_grid(t.zeros(2, 2, 3), (2, 3, 3), True)),
    ):
        with pytest.raises(kind):
            wrong()
    for wrong in (lambda: F.grid_sample(image, grid), lambda: F.affine_grid(t.zeros(1, 2, 3), (1, 1, 2, 2))):
        with pytest.warns(UserWarning, match="align_corners=False"):
            wrong()
