"""Image files, grids, drawings."""

import numpy as np
import pytest
from PIL import Image
from real_torchvision import real_torchvision

import tinytorch
from tinytorch.vision import io, utils


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_files_and_back(tmp_path):
    pixels = tinytorch.tensor(picture(3, 5, 7))
    io.write_png(pixels, tmp_path / "a.png")
    assert io.read_image(str(tmp_path / "a.png")).tolist() == pixels.tolist()
    assert io.decode_image(io.read_file(tmp_path / "a.png")).tolist() == pixels.tolist()
    grey = io.read_image(tmp_path / "a.png", io.ImageReadMode.GRAY)
    expected = np.asarray(Image.fromarray(pixels.numpy().transpose(1, 2, 0)).convert("L"))
    assert np.array_equal(grey[0].numpy(), expected) and io.read_image(tmp_path / "a.png", "RGBA").shape == (4, 5, 7)
    flat = tinytorch.full((1, 8, 8), 77, dtype=tinytorch.uint8)
    io.write_jpeg(flat, tmp_path / "b.jpg", quality=90)
    assert io.decode_jpeg(io.read_file(tmp_path / "b.jpg")).tolist() == flat.tolist()
    with pytest.raises(RuntimeError, match="uint8"):
        io.encode_png(pixels.float())
    with pytest.raises(RuntimeError, match="Unsupported image"):
        io.decode_image(tinytorch.zeros(9, dtype=tinytorch.uint8))


def test_grids_are_torchvisions():
    theirs, torch = real_torchvision("torchvision.utils"), pytest.importorskip("torch")
    for n, channels, options in (
        (7, 3, {}), (7, 1, {"nrow": 3, "padding": 1, "pad_value": 0.5}), (1, 3, {}), (4, 3, {"normalize": True}),
        (4, 1, {"normalize": True, "scale_each": True}), (4, 3, {"normalize": True, "value_range": (0.2, 0.6)}),
    ):  # fmt: skip
        images = np.random.default_rng(n).random((n, channels, 4, 5)).astype(np.float32)
        got, expected = (
            utils.make_grid(tinytorch.tensor(images), **options),
            theirs.make_grid(torch.tensor(images), **options),
        )
        np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-6, err_msg=str(options))


def test_save_image(tmp_path):
    utils.save_image(tinytorch.tensor([[[0.0, 0.5], [1.0, 2.0]]]), tmp_path / "a.png")
    assert np.asarray(Image.open(tmp_path / "a.png"))[:, :, 1].tolist() == [[0, 128], [255, 255]]


def test_drawings():
    dark = tinytorch.zeros(3, 20, 30, dtype=tinytorch.uint8)
    boxes = tinytorch.tensor([[2, 3, 10, 12], [15, 5, 25, 15]])
    drawn = utils.draw_bounding_boxes(dark, boxes, labels=["a", "b"], colors=["red", (0, 0, 255)], width=2)
    assert drawn[:, 3, 5].tolist() == [255, 0, 0] and drawn[:, 15, 20].tolist() == [0, 0, 255]
    assert int(drawn[:, 18, :].sum()) == 0 and int(dark.sum()) == 0
    masks = tinytorch.zeros(2, 20, 30, dtype=tinytorch.bool)
    masks[0, :5], masks[1, 15:] = True, True
    covered = utils.draw_segmentation_masks(dark, masks, alpha=0.5, colors=["red", "lime"])
    assert covered[:, 0, 0].tolist() == [127, 0, 0] and covered[:, 19, 0].tolist() == [0, 127, 0]
    assert covered[:, 10, 10].tolist() == [0, 0, 0]
    points = utils.draw_keypoints(
        dark, tinytorch.tensor([[[5.0, 5.0], [20.0, 5.0]]]), connectivity=[(0, 1)], colors="red"
    )
    assert points[:, 5, 5].tolist()[0] == 255 and int(points[:, 5, 12].sum()) > 0
    with pytest.raises(ValueError, match="xmin"):
        utils.draw_bounding_boxes(dark, tinytorch.tensor([[5, 5, 2, 2]]))
    with pytest.raises(ValueError, match="batches"):
        utils.draw_segmentation_masks(dark[None], masks)
