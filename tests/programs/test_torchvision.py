"""Programs that import torchvision, where it is not installed, and where it is."""

import importlib.util

import pytest
from programs.running import ROOT, fails, prints, python, same_up_to_rounding

INSTALLED = importlib.util.find_spec("torchvision") is not None


def test_names_and_paths(tmp_path):
    code = """
    import torch, torchvision
    import torchvision.transforms as T
    import torchvision.transforms.functional as TF
    from torchvision import datasets, io, ops, transforms, utils
    from torchvision.datasets import CIFAR10, CelebA, CocoDetection, Food101, ImageFolder, LSUN, STL10, SVHN
    from torchvision.datasets.cifar import CIFAR100
    from torchvision.datasets.mnist import MNIST
    from torchvision.datasets.sbd import SBDataset
    from torchvision.datasets.voc import VOCSegmentation
    from torchvision.io import ImageReadMode, read_image
    from torchvision.ops import roi_align, roi_pool, stochastic_depth
    from torchvision.ops.misc import Conv2dNormActivation
    from torchvision.ops.stochastic_depth import StochasticDepth
    from torchvision.transforms import InterpolationMode, v2

    assert callable(ops.roi_align) and callable(ops.stochastic_depth) and datasets.MNIST is MNIST
    assert transforms.transforms.Compose is T.Compose and T.Compose.__module__ == "torchvision.transforms.transforms"
    assert io.image.ImageReadMode.RGB is ImageReadMode.RGB and TF.InterpolationMode is InterpolationMode
    assert issubclass(T.Resize, torch.nn.Module) and v2.Compose is not T.Compose and T.Scale is T.Resize
    assert utils.make_grid is torchvision.utils.make_grid
    print(torchvision.__version__.split(".")[0], hasattr(torchvision.transforms, "no_such_thing"))
    """
    assert prints(code, tmp_path) == "0 False"


def test_images_in_the_workers_of_a_loader(tmp_path):
    """A set of folders, changed at random in two workers, a grid of it saved and read: the usual program."""
    code = """
    import os
    import torch
    from PIL import Image
    from torchvision import datasets, transforms, utils
    from torchvision.io import read_image

    if __name__ == "__main__":
        for number in range(8):
            folder = f"data/{'even' if number % 2 == 0 else 'odd'}"
            os.makedirs(folder, exist_ok=True)
            Image.new("RGB", (20, 16), (30 * number, 255 - 30 * number, 90)).save(f"{folder}/{number}.png")
        augment = transforms.Compose([
            transforms.RandomResizedCrop(8), transforms.RandomHorizontalFlip(), transforms.ColorJitter(0.2),
            transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ])
        torch.manual_seed(0)
        data = datasets.ImageFolder("data", transform=augment)
        loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True, num_workers=2)
        first, second = (torch.cat([images for images, _ in loader]) for _ in range(2))
        assert first.shape == (8, 3, 8, 8) and not torch.equal(first, second)
        utils.save_image(first, "grid.png", nrow=4, normalize=True)
        print(data.classes, tuple(read_image("grid.png").shape))
    """
    assert prints(code, tmp_path) == "['even', 'odd'] (3, 22, 42)"


@pytest.mark.skipif(INSTALLED, reason="torchvision is installed")
def test_models_say_where_they_are_from(tmp_path):
    assert "pip install --no-deps torchvision" in fails("import torchvision\ntorchvision.models.resnet18()", tmp_path)
    assert "pip install --no-deps torchvision" in fails("from torchvision.models import resnet18", tmp_path)


@pytest.mark.skipif(not INSTALLED, reason="torchvision is not installed")
def test_models_are_torchvisions_own(tmp_path):
    code = """
    import torch, torchvision
    from torchvision.models import ResNet18_Weights, mobilenet_v3_small

    torch.manual_seed(0)
    model = mobilenet_v3_small(num_classes=5)
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert ResNet18_Weights.DEFAULT.meta["num_params"] == 11689512
    print(sum(p.numel() for p in model.parameters()), torchvision.datasets.Kitti.__module__)
    """
    assert prints(code, tmp_path) == "1522981 torchvision.datasets.kitti"


@pytest.mark.skipif(not INSTALLED, reason="torchvision is not installed")
def test_boxes_go_with_their_picture(tmp_path):
    """torchvision's own transforms.v2, for samples of pictures, boxes and masks (tv_tensors), beside PyTorch."""
    code = """
    import sys
    sys.path.insert(0, {tests!r})
    from models.oracle import let_torchvision_load
    let_torchvision_load()
    import torch
    from PIL import Image
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    torch.manual_seed(0)
    sample = {{
        "image": tv_tensors.Image(torch.rand(3, 8, 8)),
        "boxes": tv_tensors.BoundingBoxes([[1.0, 1, 5, 6]], format="XYXY", canvas_size=(8, 8)),
        "mask": tv_tensors.Mask(torch.arange(64).reshape(1, 8, 8)),
        "labels": torch.tensor([1]),
    }}
    for transform in (
        v2.RandomHorizontalFlip(p=1.0), v2.Resize((4, 4)), v2.RandomZoomOut(p=1.0), v2.RandomIoUCrop(), v2.RandomCrop(5),
        v2.RandomResize(4, 7), v2.RandomPhotometricDistort(p=1.0), v2.ClampBoundingBoxes(), v2.RandomAffine(30),
        v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.SanitizeBoundingBoxes()]),
    ):
        torch.manual_seed(1)
        found = transform(sample)
        print([(type(value).__name__, tuple(value.shape)) for value in found.values()], found["boxes"].tolist())
        print(["%.4f" % found[name].float().sum() for name in ("image", "mask")])
    picture = Image.new("RGB", (9, 7), (10, 200, 30))
    torch.manual_seed(2)
    print(v2.Compose([v2.RandomAffine(20), v2.Resize(5), v2.ToImage()])(picture).float().sum())
    """
    ours = prints(code.format(tests=str(ROOT / "tests")), tmp_path)
    theirs = python("program.py", folder=tmp_path)
    assert theirs.returncode == 0, theirs.stderr
    assert same_up_to_rounding(ours, theirs.stdout) is None, same_up_to_rounding(ours, theirs.stdout)
