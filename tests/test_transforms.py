"""Transforms of single samples; expectations are torchvision's, written out."""

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch.transforms import Compose, Lambda, Normalize, RandomHorizontalFlip, ToTensor


def test_to_tensor():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    got = ToTensor()(grey)
    assert got.shape == (1, 2, 3) and got.dtype is tinytorch.float32
    assert np.array_equal(got.numpy(), torch.from_numpy(grey[None].copy()).to(torch.float32).div(255).numpy())
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    assert np.array_equal(ToTensor()(colour).numpy(), (colour.transpose(2, 0, 1) / np.float32(255)))
    for dtype in ("float32", "float64", "int64"):
        got = ToTensor()(colour.astype(dtype))
        assert got.numpy().dtype == dtype and float(got.amax()) == colour.max()
    with pytest.raises(TypeError, match="list"):
        ToTensor()([1])
    with pytest.raises(ValueError, match="shape"):
        ToTensor()(np.zeros(3))
    ToTensor()(grey)._array[0] = 9
    assert grey[0, 0] == 0, "the data set's own memory is safe"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normalize(dtype):
    x = np.random.default_rng(0).random((3, 4, 5)).astype(dtype)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    got = Normalize(mean, std)(tinytorch.tensor(x))
    expected = (torch.tensor(x) - torch.tensor(mean, dtype=getattr(torch, dtype)).view(-1, 1, 1)) / torch.tensor(
        std, dtype=getattr(torch, dtype)
    ).view(-1, 1, 1)
    assert got.numpy().dtype == dtype
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-6, atol=1e-7)
    assert Normalize(0.5, 0.5)(tinytorch.ones(2, 1, 4, 4)).tolist() == np.ones((2, 1, 4, 4)).tolist()


def test_normalize_errors():
    with pytest.raises(ValueError, match="zero"):
        Normalize((0.1, 0.2), (1.0, 0.0))
    with pytest.raises(TypeError, match="ToTensor"):
        Normalize(0.0, 1.0)(np.zeros((1, 2, 2)))
    with pytest.raises(TypeError, match="float tensor"):
        Normalize(0.0, 1.0)(tinytorch.zeros(1, 2, 2, dtype=tinytorch.int64))
    with pytest.raises(ValueError, match="C, H, W"):
        Normalize(0.0, 1.0)(tinytorch.zeros(2, 2))


def test_flip():
    x = tinytorch.arange(12).reshape(1, 3, 4)
    assert RandomHorizontalFlip(1.0)(x).tolist() == torch.arange(12).reshape(1, 3, 4).flip(-1).tolist()
    assert np.array_equal(RandomHorizontalFlip(1.0)(x.numpy()), x.numpy()[..., ::-1])
    tinytorch.manual_seed(0)
    flips = [RandomHorizontalFlip()(x) is not x for _ in range(400)]
    assert 150 < sum(flips) < 250
    tinytorch.manual_seed(0)
    assert flips == [RandomHorizontalFlip()(x) is not x for _ in range(400)]
    with pytest.raises(ValueError, match="probability"):
        RandomHorizontalFlip(1.5)


def test_compose_and_lambda():
    both = Compose([ToTensor(), Normalize(0.5, 0.5), Lambda(lambda x: x.reshape(-1))])
    assert both(np.full((2, 2), 255, dtype=np.uint8)).tolist() == [1, 1, 1, 1]
    assert "ToTensor()" in repr(both) and "Normalize(mean=[0.5]" in repr(both)
    with pytest.raises(TypeError, match="callable"):
        Lambda(3)
