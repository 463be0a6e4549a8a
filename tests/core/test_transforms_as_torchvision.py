"""With the same seed the transforms give torchvision's images: Pillow's exactly, tensors up to rounding."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from real_torchvision import real_torchvision

import tinytorch
from tinytorch.vision import transforms
from tinytorch.vision.transforms import functional, v2


def photo(channels):
    small = np.random.default_rng(0).integers(0, 256, (10, 12, channels), dtype=np.uint8)
    return Image.fromarray(small.squeeze()).resize((45, 37), Image.Resampling.BILINEAR)


CASES = {
    "center_crop": lambda t: t.CenterCrop(20),
    "center_crop_of_more": lambda t: t.CenterCrop((60, 50)),
    "resize": lambda t: t.Resize((20, 31)),
    "resize_up": lambda t: t.Resize(70),
    "resize_within": lambda t: t.Resize(30, max_size=33),
    "resize_cubic": lambda t: t.Resize((20, 31), t.InterpolationMode.BICUBIC),
    "resize_nearest": lambda t: t.Resize((20, 31), t.InterpolationMode.NEAREST),
    "pad": lambda t: t.Pad((1, 2, 3, 4), 7),
    "pad_edge": lambda t: t.Pad((3, 5), padding_mode="edge"),
    "pad_symmetric": lambda t: t.Pad((3, 5), padding_mode="symmetric"),
    "random_crop": lambda t: t.RandomCrop(20, padding=4),
    "random_crop_of_more": lambda t: t.RandomCrop((50, 60), pad_if_needed=True, padding_mode="reflect"),
    "resized_crop": lambda t: t.RandomResizedCrop(24),
    "flips": lambda t: t.Compose([t.RandomHorizontalFlip(), t.RandomVerticalFlip()]),
    "five": lambda t: t.FiveCrop(10),
    "ten": lambda t: t.TenCrop((10, 12), True),
    "jitter": lambda t: t.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "jitter_hue": lambda t: t.ColorJitter(brightness=(0.5, 1.5), hue=0.5),
    "grey": lambda t: t.Grayscale(),
    "random_grey": lambda t: t.RandomGrayscale(0.5),
    "rotation": lambda t: t.RandomRotation(30),
    "rotation_expanded": lambda t: t.RandomRotation((10, 80), expand=True, fill=3),
    "rotation_bilinear": lambda t: t.RandomRotation(30, t.InterpolationMode.BILINEAR, center=(3, 4), fill=9),
    "affine": lambda t: t.RandomAffine(20, (0.1, 0.2), (0.7, 1.3), 10),
    "shear": lambda t: t.RandomAffine(0, shear=(-5, 5, -6, 6), interpolation=t.InterpolationMode.BILINEAR, fill=5),
    "perspective": lambda t: t.RandomPerspective(p=1.0),
    "blur": lambda t: t.GaussianBlur((3, 7), (0.5, 1.0)),
    "invert": lambda t: t.RandomInvert(),
    "autocontrast": lambda t: t.RandomAutocontrast(),
    "equalize": lambda t: t.RandomEqualize(),
    "posterize": lambda t: t.RandomPosterize(3),
    "solarize": lambda t: t.RandomSolarize(100),
    "sharpness": lambda t: t.RandomAdjustSharpness(2.0, 0.8),
    "elastic": lambda t: t.ElasticTransform(),
    "auto_imagenet": lambda t: t.AutoAugment(),
    "auto_cifar": lambda t: t.AutoAugment(t.AutoAugmentPolicy.CIFAR10),
    "auto_svhn": lambda t: t.AutoAugment(t.AutoAugmentPolicy.SVHN),
    "rand": lambda t: t.RandAugment(3, 15, interpolation=t.InterpolationMode.BILINEAR, fill=7),
    "trivial": lambda t: t.TrivialAugmentWide(),
    "mix": lambda t: t.AugMix(),
    "apply": lambda t: t.RandomApply([t.RandomHorizontalFlip(1.0)], 0.4),
    "choice": lambda t: t.RandomChoice([t.RandomHorizontalFlip(1.0), t.RandomVerticalFlip(1.0)]),
    "order": lambda t: t.RandomOrder([t.RandomRotation(10), t.RandomCrop(20)]),
}
ONLY_BYTES = {"posterize", "solarize", "equalize", "auto_imagenet", "auto_cifar", "auto_svhn", "rand", "trivial", "mix"}
AS_TENSORS = {"blur", "elastic", "mix"}  # what Pillow does not do itself


def run(framework, transform, image, seed):
    framework.manual_seed(seed)
    random.seed(seed)
    result = transform(image)
    parts = result if isinstance(result, tuple) else (result,)
    arrays = [np.asarray(part) if isinstance(part, Image.Image) else part.numpy() for part in parts]
    return arrays, framework.rand(1).item()


@pytest.mark.parametrize("name", CASES)
def test_same_images(name):
    theirs = real_torchvision("torchvision.transforms")
    ours, real = CASES[name](transforms), CASES[name](theirs)
    assert repr(ours) == repr(real)
    for channels in (1, 3):
        image = photo(channels)
        pixels = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1).copy()
        kinds = [(image, image, *((1, 0.002) if name in AS_TENSORS else (0, 0)))]
        kinds.append((tinytorch.tensor(pixels), torch.tensor(pixels), 1, 0.002))
        if name not in ONLY_BYTES:
            floats = pixels.astype(np.float32) / 255
            kinds.append((tinytorch.tensor(floats), torch.tensor(floats), 1e-4, 0.002))
        for seed in range(3):
            for mine, other, tolerance, share in kinds:
                (got, next_ours), (expected, next_theirs) = (
                    run(tinytorch, ours, mine, seed),
                    run(torch, real, other, seed),
                )
                assert next_ours == next_theirs, "as many random numbers have been drawn"
                for a, b in zip(got, expected, strict=True):
                    assert a.shape == b.shape and a.dtype == b.dtype
                    far = np.abs(a.astype(float) - b.astype(float)) > tolerance
                    assert far.mean() <= share, f"{channels} channels, seed {seed}, {type(mine).__name__}"


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_same_mixed_batches(name):
    pixels = np.random.default_rng(0).random((4, 3, 9, 11), np.float32)
    for seed in range(6):
        found = []
        for t, theirs in ((tinytorch, v2), (torch, real_torchvision("torchvision.transforms.v2"))):
            t.manual_seed(seed)
            mix = getattr(theirs, name)(alpha=0.1 + seed / 3, num_classes=5)
            found.append([*mix(t.tensor(pixels), t.arange(4)), t.rand(1)])
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [0, (1, 2, 3), "random"])
def test_same_holes(value):
    theirs = real_torchvision("torchvision.transforms")
    pixels = np.asarray(photo(3)).transpose(2, 0, 1).astype(np.float32)
    for seed in range(4):
        got, _ = run(tinytorch, transforms.RandomErasing(0.8, value=value), tinytorch.tensor(pixels), seed)
        expected, _ = run(torch, theirs.RandomErasing(0.8, value=value), torch.tensor(pixels), seed)
        np.testing.assert_allclose(got[0], expected[0], atol=1e-6)


def test_same_numbers_in_other_dtypes():
    theirs = real_torchvision("torchvision.transforms.functional")
    for start in ("uint8", "int16", "float32"):
        numbers = np.linspace(0, 1, 12).reshape(1, 3, 4) * {"uint8": 255, "int16": 32767, "float32": 1}[start]
        numbers = numbers.astype(start)
        for end in ("uint8", "int16", "float32", "float64"):
            got = functional.convert_image_dtype(tinytorch.tensor(numbers), getattr(tinytorch, end)).numpy()
            expected = theirs.convert_image_dtype(torch.tensor(numbers), getattr(torch, end)).numpy()
            assert got.dtype == expected.dtype and np.allclose(got, expected), (start, end)
    with pytest.raises(RuntimeError, match="safely"):
        functional.convert_image_dtype(tinytorch.ones(1, 2, 2), tinytorch.int64)


def test_gradients_flow_through_transforms():
    image = tinytorch.rand(1, 3, 9, 8, dtype=tinytorch.float64).requires_grad_()
    for change in (
        lambda x: functional.resize(x, [4, 5]),
        lambda x: functional.rotate(x, 20, functional.InterpolationMode.BILINEAR),
        lambda x: functional.gaussian_blur(x, 3),
        lambda x: functional.adjust_contrast(x, 0.7),
        lambda x: functional.normalize(x, [0.5] * 3, [0.2] * 3),
    ):
        (gradient,) = tinytorch.autograd.grad((change(image) ** 2).sum(), image)
        step = tinytorch.zeros_like(image)
        step[0, 1, 4, 4] = 1e-6
        slope = ((change(image + step) ** 2).sum() - (change(image - step) ** 2).sum()) / 2e-6
        assert float(gradient[0, 1, 4, 4]) == pytest.approx(float(slope), rel=1e-4)
