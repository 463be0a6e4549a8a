"""Transforms of single samples; expectations are torchvision's, written out."""

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch.data.dataloader import DataLoader, TensorDataset
from tinytorch.vision import transforms
from tinytorch.vision.datasets import Digits
from tinytorch.vision.transforms import (
    CenterCrop,
    Compose,
    InterpolationMode,
    Lambda,
    Normalize,
    Pad,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
    RandomVerticalFlip,
    ToTensor,
    TransformedDataset,
)


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
    with pytest.raises(ValueError, match="2/3 dimensional"):
        ToTensor()(np.zeros(3))
    ToTensor()(grey).array[0] = 9
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
        Normalize((0.1, 0.2), (1.0, 0.0))(tinytorch.zeros(2, 2, 2))
    with pytest.raises(TypeError, match="ToTensor"):
        Normalize(0.0, 1.0)(np.zeros((1, 2, 2)))
    with pytest.raises(TypeError, match="float tensor"):
        Normalize(0.0, 1.0)(tinytorch.zeros(1, 2, 2, dtype=tinytorch.int64))
    with pytest.raises(ValueError, match="C, H, W"):
        Normalize(0.0, 1.0)(tinytorch.zeros(2, 2))


def test_flip():
    x = tinytorch.arange(12).reshape(1, 3, 4)
    assert RandomHorizontalFlip(1.0)(x).tolist() == torch.arange(12).reshape(1, 3, 4).flip(-1).tolist()
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
    assert "ToTensor()" in repr(both) and "Normalize(mean=0.5, std=0.5)" in repr(both)
    with pytest.raises(TypeError, match="callable"):
        Lambda(3)


def picture(*shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


RANDOM = [
    RandomHorizontalFlip(),
    RandomVerticalFlip(),
    RandomCrop((4, 5), padding=2),
    RandomRotation(30),
    RandomRotation((10, 20), "bilinear"),
    RandomErasing(0.7, value="random"),
]


@pytest.mark.parametrize("transform", RANDOM, ids=lambda t: type(t).__name__)
def test_drawn_from_the_global_stream_and_the_source_is_safe(transform):
    for image in (tinytorch.tensor(picture(3, 6, 7)), tinytorch.tensor(picture(2, 1, 6, 7))):
        before = np.array(image.numpy())
        runs = []
        for seed in (1, 1, 2):
            tinytorch.manual_seed(seed)
            results = [transform(image) for _ in range(12)]
            assert all(type(r) is type(image) and str(r.dtype) == str(image.dtype) for r in results)
            runs.append([r.tolist() for r in results])
            for result in results:
                if result is not image:
                    result.array[...] = -1
        assert np.array_equal(before, image.numpy()), "memory is shared"
        assert runs[0] == runs[1] and runs[0] != runs[2]
        assert any(a != runs[0][0] for a in runs[0]), "drawn once instead of for each sample"
    with pytest.raises((TypeError, AttributeError), match=r"int"):
        Compose([transform] * 9)(3)


def test_vertical_flip():
    x = tinytorch.arange(12).reshape(1, 3, 4)
    assert RandomVerticalFlip(1.0)(x).tolist() == torch.arange(12).reshape(1, 3, 4).flip(-2).tolist()
    with pytest.raises(ValueError, match="probability"):
        RandomVerticalFlip(-0.5)


def test_pad():
    x = tinytorch.arange(12.0).reshape(1, 3, 4)
    for padding, sides in ((1, (1, 1, 1, 1)), ((1, 2), (1, 2, 1, 2)), ((1, 0, 2, 1), (1, 0, 2, 1))):
        left, top, right, bottom = sides
        expected = torch.nn.functional.pad(torch.tensor(x.numpy()), (left, right, top, bottom), value=7.0)
        assert Pad(padding, fill=7)(x).tolist() == expected.tolist()
        for ours, theirs in (("edge", "replicate"), ("reflect", "reflect")):
            expected = torch.nn.functional.pad(torch.tensor(x.numpy()), (left, right, top, bottom), mode=theirs)
            assert Pad(padding, padding_mode=ours)(x).tolist() == expected.tolist()
    for bad in ((1, 2, 3), ()):
        with pytest.raises(ValueError, match="element tuple"):
            Pad(bad)
    with pytest.raises(ValueError, match="Padding mode"):
        Pad(1, padding_mode="circular")


def test_random_crop_is_every_piece_equally_often():
    x = tinytorch.arange(1, 13).reshape(1, 3, 4)
    tinytorch.manual_seed(0)
    corners = [RandomCrop((2, 3))(x)[0, 0, 0].item() for _ in range(400)]
    assert set(corners) == {1, 2, 5, 6} and min(map(corners.count, set(corners))) > 60
    for corner, piece in ((c, RandomCrop((2, 3))(x)[0].tolist()) for c in range(20)):
        first = piece[0][0]
        assert piece == [[first, first + 1, first + 2], [first + 4, first + 5, first + 6]], corner


def test_random_crop_with_a_border():
    x = tinytorch.arange(1, 5).reshape(1, 2, 2)
    tinytorch.manual_seed(0)
    seen = {tuple(RandomCrop(2, padding=1)(x).reshape(-1).tolist()) for _ in range(200)}
    bordered = np.pad(x.numpy(), ((0, 0), (1, 1), (1, 1)))[0]
    assert seen == {tuple(bordered[i : i + 2, j : j + 2].reshape(-1).tolist()) for i in range(3) for j in range(3)}
    assert RandomCrop((2, 4), padding=(1, 0), fill=9)(x).tolist() == [[[9, 1, 2, 9], [9, 3, 4, 9]]]
    assert RandomCrop(4, padding=1, padding_mode="edge")(x)[0, 0].tolist() == [1, 1, 2, 2]
    with pytest.raises(ValueError, match=r"larger than input image size \(2, 2\)"):
        RandomCrop((2, 3))(x)
    for _ in range(20):
        piece = RandomCrop((2, 3), pad_if_needed=True)(x)[0].tolist()
        assert piece in ([[0, 1, 2], [0, 3, 4]], [[1, 2, 0], [3, 4, 0]])
    with pytest.raises(ValueError, match="two dimensions"):
        RandomCrop((1, 2, 3))


def test_center_crop():
    x = tinytorch.arange(30.0).reshape(1, 5, 6)
    assert CenterCrop((3, 2))(x).tolist() == x[:, 1:4, 2:4].tolist()
    assert CenterCrop((2, 3))(x).tolist() == x[:, 2:4, 2:5].tolist(), "rounded half to even, as in torchvision"
    assert CenterCrop(7)(x).tolist() == np.pad(x.numpy(), ((0, 0), (1, 1), (0, 1))).tolist()
    assert CenterCrop((7, 2))(x).tolist() == np.pad(x.numpy(), ((0, 0), (1, 1), (0, 0)))[..., 2:4].tolist()


def turned(x, angle, mode, fill):
    """What torchvision does: the places through affine_grid, read by grid_sample, with a channel that says where it was inside."""
    n, h, w = x.shape
    a = -torch.deg2rad(torch.tensor(-angle, dtype=torch.float64))
    cos, sin = torch.cos(a).item(), torch.sin(a).item()
    matrix = torch.tensor([[[cos, -sin * h / w, 0], [sin * w / h, cos, 0]]], dtype=x.dtype)
    grid = torch.nn.functional.affine_grid(matrix, [1, n, h, w], align_corners=False)
    image = torch.cat([x, torch.ones(1, h, w, dtype=x.dtype)])[None]
    read = torch.nn.functional.grid_sample(image, grid, mode=mode, padding_mode="zeros", align_corners=False)[0]
    image, mask = read[:-1], read[-1:]
    return torch.where(mask < 0.5, fill, image) if mode == "nearest" else image * mask + (1 - mask) * fill


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_rotation(mode):
    for angle in (0, 17.3, 45, 90, 123.4, 180, -30):
        for shape in ((2, 6, 6), (3, 5, 8), (1, 7, 4)):
            if mode == "nearest" and angle == 90 and (shape[1] + shape[2]) % 2:
                continue  # every place lies between two pixels: roundings decide
            x = picture(*shape).astype(np.float64)
            got = RandomRotation((angle, angle), mode, fill=0.3)(tinytorch.tensor(x))
            expected = turned(torch.tensor(x), angle, mode, 0.3)
            np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-6, err_msg=f"{angle} {shape}")


def test_rotation_is_counterclockwise_and_in_range():
    x = tinytorch.tensor(picture(1, 5, 5))
    assert RandomRotation((90, 90))(x).tolist() == np.rot90(x.numpy(), 1, (1, 2)).tolist()
    turned = RandomRotation((90, 90), InterpolationMode.BILINEAR)(x).numpy()
    assert np.allclose(turned, np.rot90(x.numpy(), 1, (1, 2)), atol=1e-5)
    mark = np.zeros((1, 101, 101), np.float32)
    mark[0, 49:52, 89:92] = 1
    tinytorch.manual_seed(0)
    angles = []
    for _ in range(200):
        y, x = np.argwhere(RandomRotation(20)(tinytorch.tensor(mark))[0].numpy() > 0).mean(0)
        angles.append(np.degrees(np.arctan2(50 - y, x - 50)))
    assert -21.5 < min(angles) < -15 and 15 < max(angles) < 21.5
    whole = RandomRotation((33, 33), "bilinear", fill=200)(tinytorch.full((3, 4, 4), 200, dtype=tinytorch.uint8))
    assert whole.dtype is tinytorch.uint8 and (whole[:, 1:3, 1:3] == 200).all(), "whole numbers are rounded, not cut off"
    about_corner = RandomRotation((90, 90), center=(0, 0))(tinytorch.ones(1, 4, 4))
    assert not about_corner.any(), "all of it is turned out of the frame"


def test_rotation_errors():
    with pytest.raises(ValueError, match="positive"):
        RandomRotation(-3)
    with pytest.raises(ValueError, match="length 2"):
        RandomRotation((1, 2, 3))
    with pytest.raises(ValueError, match="cubist"):
        RandomRotation(3, "cubist")
    assert RandomRotation((90, 90), expand=True)(tinytorch.ones(1, 3, 5)).shape == (1, 5, 3)


def test_erasing():
    x = tinytorch.ones(3, 20, 30)
    tinytorch.manual_seed(0)
    transform = RandomErasing(1.0, scale=(0.1, 0.2), ratio=(0.5, 2.0))
    areas, shapes = [], []
    for _ in range(100):
        rows, columns = np.nonzero(transform(x)[0].numpy() == 0)
        h, w = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert h * w == rows.size, "a rectangle"
        areas.append(h * w / 600)
        shapes.append(h / w)
    assert 0.08 < min(areas) < 0.12 and 0.17 < max(areas) < 0.22
    assert 0.4 < min(shapes) < 0.65 and 1.5 < max(shapes) < 2.3
    coloured = RandomErasing(1.0, value=(2, 3, 4))(x)
    assert [set(channel.reshape(-1).tolist()) for channel in coloured] == [{1, 2}, {1, 3}, {1, 4}]
    assert len(np.unique(RandomErasing(1.0, value="random")(x).numpy())) > 10
    assert RandomErasing(0.0)(x) is x
    assert sum(RandomErasing(0.3)(x) is not x for _ in range(300)) in range(60, 120)
    assert RandomErasing(1.0, scale=(1, 1))(x).tolist() == x.tolist(), "no rectangle fits: nothing is erased"
    for options in ({"p": 2}, {"scale": (0.5, 1.5)}, {"scale": (-1, 1)}, {"value": "noise"}):
        with pytest.raises(ValueError):
            RandomErasing(**options)


def test_augmentation_is_for_training_only():
    """One set to train on, with the transform; the same samples without it to measure on."""
    augment = Compose([RandomRotation(15, "bilinear"), RandomCrop(8, padding=1), RandomErasing(0.3)])
    learning, plain = Digits(transform=augment), Digits()
    tinytorch.manual_seed(0)
    first, second = (np.stack([learning[i][0].numpy() for i in range(20)]) for _ in range(2))
    assert not np.array_equal(first, second), "each epoch sees other variants"
    images = np.stack([plain[i][0].numpy() for i in range(20)])
    assert np.array_equal(images, plain.data.numpy()[:20]), "what is measured is the image itself"
    assert [learning[i][1] for i in range(20)] == [plain[i][1] for i in range(20)]
    assert np.array_equal(learning.data.numpy(), plain.data.numpy()), "the transforms have not written into the data"


def test_transformed_dataset():
    plain = TensorDataset(tinytorch.arange(24.0).reshape(2, 1, 3, 4), tinytorch.tensor([7, 8]))
    flipped = TransformedDataset(plain, RandomHorizontalFlip(1.0))
    assert len(flipped) == 2
    images, labels = next(iter(DataLoader(flipped, batch_size=2)))
    assert images.tolist() == plain.tensors[0].flip(-1).tolist() and labels.tolist() == [7, 8]
    assert next(iter(DataLoader(plain, batch_size=2)))[0].tolist() == plain.tensors[0].tolist()


def test_all_can_be_printed():
    for transform in (*RANDOM, Pad(1), CenterCrop(3)):
        assert repr(transform).startswith(type(transform).__name__) and "object at" not in repr(transform)
    assert set(dir(transforms)) >= {type(transform).__name__ for transform in RANDOM}
