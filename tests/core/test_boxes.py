"""Boxes and regions, held to their definitions, written as loops, and to differences."""

import math

import numpy as np
import pytest

import tinytorch
from tinytorch.autograd import gradcheck
from tinytorch.vision import ops


def boxes(n, size=30.0, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.random((n, 2)) * size
    return np.concatenate([corner, corner + rng.random((n, 2)) * size / 2 + 0.1], 1).astype(np.float32)


def iou(a, b):
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(across, 0) * max(down, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / (sum(areas) - both)


def test_iou_and_what_is_built_on_it():
    a, b = boxes(5), boxes(4, seed=1)
    expected = [[iou(p, q) for q in b] for p in a]
    got = ops.box_iou(tinytorch.tensor(a), tinytorch.tensor(b))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)
    one, far = tinytorch.tensor([[0.0, 0.0, 2.0, 2.0]]), tinytorch.tensor([[4.0, 0.0, 6.0, 2.0]])
    assert float(ops.box_iou(one, far)) == 0
    assert float(ops.generalized_box_iou(one, far)) == pytest.approx(-4 / 12)
    assert float(ops.distance_box_iou(one, far)) == pytest.approx(-16 / 40)
    assert float(ops.complete_box_iou(one, one)) == pytest.approx(1)
    for name in ("generalized_box_iou", "distance_box_iou", "complete_box_iou"):
        pairs, loss = getattr(ops, name), getattr(ops, f"{name}_loss")
        got = loss(tinytorch.tensor(a[:4]), tinytorch.tensor(b))
        each = np.diagonal(pairs(tinytorch.tensor(a[:4]), tinytorch.tensor(b)).numpy())
        np.testing.assert_allclose(got.numpy(), 1 - each, rtol=1e-4, atol=1e-5, err_msg=name)
        with pytest.raises(ValueError, match="reduction"):
            loss(one, far, reduction="some")


def test_formats_of_boxes():
    corners = tinytorch.tensor([[1.0, 2.0, 5.0, 10.0]])
    for fmt, numbers in (("xyxy", [1, 2, 5, 10]), ("xywh", [1, 2, 4, 8]), ("cxcywh", [3, 6, 4, 8])):
        written = ops.box_convert(corners, "xyxy", fmt)
        assert written.tolist() == [numbers] and ops.box_convert(written, fmt, "xyxy").tolist() == corners.tolist()
        assert float(ops.box_area(written, fmt)) == 32
        assert float(ops.box_iou(written, written, fmt)) == 1
    with pytest.raises(ValueError, match="yxyx"):
        ops.box_convert(corners, "xyxy", "yxyx")
    assert ops.clip_boxes_to_image(corners, (6, 4)).tolist() == [[1, 2, 4, 6]]
    assert ops.remove_small_boxes(tinytorch.tensor([[0.0, 0, 1, 9], [0.0, 0, 3, 3]]), 2).tolist() == [1]
    masks = tinytorch.zeros(2, 5, 6, dtype=tinytorch.bool)
    masks[0, 1:3, 2:5] = True
    assert ops.masks_to_boxes(masks).tolist() == [[2, 1, 4, 2], [0, 0, 0, 0]]


def kept(found, scores, threshold):
    result = []
    for i in np.argsort(-scores, kind="stable"):
        if all(iou(found[i], found[j]) <= threshold for j in result):
            result.append(int(i))
    return result


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_nms(threshold):
    found, scores = boxes(40, size=10), np.random.default_rng(1).random(40).astype(np.float32)
    got = ops.nms(tinytorch.tensor(found), tinytorch.tensor(scores), threshold)
    assert got.dtype is tinytorch.int64 and got.tolist() == kept(found, scores, threshold)
    labels = np.arange(40) % 3
    expected = [np.flatnonzero(labels == c)[kept(found[labels == c], scores[labels == c], threshold)] for c in range(3)]
    expected = np.concatenate(expected)
    got = ops.batched_nms(*map(tinytorch.tensor, (found, scores, labels)), threshold)
    assert got.tolist() == expected[np.argsort(-scores[expected], kind="stable")].tolist()


def test_nms_corners():
    nothing = tinytorch.zeros(0, 4)
    assert ops.nms(nothing, tinytorch.zeros(0), 0.5).shape == (0,)
    assert ops.batched_nms(nothing, tinytorch.zeros(0), tinytorch.zeros(0, dtype=tinytorch.int64), 0.5).shape == (0,)
    twins = tinytorch.tensor([[0.0, 0, 1, 1]] * 3)
    assert ops.nms(twins, tinytorch.ones(3), 0.5).tolist() == [0], "of equals the first"
    with pytest.raises(RuntimeError, match="same number"):
        ops.nms(twins, tinytorch.ones(2), 0.5)
    with pytest.raises(RuntimeError, match="2d"):
        ops.nms(twins[0], tinytorch.ones(3), 0.5)


def read(image, y, x):
    """A bilinear reading, as in the paper's appendix: nothing beyond a pixel from the rim, at the rim the rim."""
    height, width = image.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    below, right = min(top + 1, height - 1), min(left + 1, width - 1)
    ly, lx = y - top, x - left
    upper = (1 - lx) * image[top, left] + lx * image[top, right]
    return (1 - ly) * upper + ly * ((1 - lx) * image[below, left] + lx * image[below, right])


def roi_align_loops(x, rois, size, scale, ratio, aligned):
    result = np.zeros((len(rois), x.shape[1], *size))
    for k, (owner, *sides) in enumerate(rois):
        left, top, right, bottom = (side * scale - 0.5 * aligned for side in sides)
        lengths = [bottom - top, right - left]
        lengths = lengths if aligned else [max(length, 1.0) for length in lengths]
        steps = [length / cells for length, cells in zip(lengths, size, strict=True)]
        n = [ratio if ratio > 0 else math.ceil(step) for step in steps]
        for c, i, j in np.ndindex(result.shape[1:]):
            places = [
                (top + steps[0] * (i + (a + 0.5) / n[0]), left + steps[1] * (j + (b + 0.5) / n[1]))
                for a, b in np.ndindex(*n)
            ]
            result[k, c, i, j] = np.mean([read(x[int(owner), c], *place) for place in places]) if places else 0
    return result


ROIS = np.array(
    [[0, 0.3, 1.2, 7.5, 6.1], [1, -3, -2, 5, 4], [1, 4, 4, 20, 19], [0, 2, 2, 2.4, 2.3], [0, 30, 30, 40, 40]]
)


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("ratio", [-1, 2])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_roi_align(aligned, ratio, scale):
    x = np.random.default_rng(0).standard_normal((2, 2, 8, 9))
    expected = roi_align_loops(x, ROIS, (2, 3), scale, ratio, aligned)
    got = ops.roi_align(tinytorch.tensor(x), tinytorch.tensor(ROIS), (2, 3), scale, ratio, aligned)
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-10)
    lists = [tinytorch.tensor(ROIS[ROIS[:, 0] == i, 1:]) for i in range(2)]
    order = np.argsort(ROIS[:, 0], kind="stable")
    got = ops.roi_align(tinytorch.tensor(x), lists, (2, 3), scale, ratio, aligned)
    np.testing.assert_allclose(got.numpy(), expected[order], atol=1e-10)
    module = ops.RoIAlign((2, 3), scale, ratio, aligned)
    assert module(tinytorch.tensor(x), lists).tolist() == got.tolist() and "sampling_ratio" in repr(module)


def test_regions_have_derivatives():
    rois = tinytorch.tensor(ROIS[:4])
    x = tinytorch.tensor(np.random.default_rng(0).standard_normal((2, 12, 7, 8)), requires_grad=True)
    few = tinytorch.tensor(np.random.default_rng(1).standard_normal((2, 2, 7, 8)), requires_grad=True)
    assert gradcheck(lambda x: ops.roi_align(x, rois, (2, 3), 0.5), (few,))
    assert gradcheck(lambda x: ops.roi_pool(x, rois, (2, 3), 0.5), (few,))
    assert gradcheck(lambda x: ops.ps_roi_align(x, rois, (2, 3), 0.5, 2), (x,))
    assert gradcheck(lambda x: ops.ps_roi_pool(x, rois, (2, 3), 0.5), (x,))


def test_roi_pool():
    x = tinytorch.arange(64.0).reshape(1, 1, 8, 8)
    whole = tinytorch.tensor([[0.0, 0, 0, 7, 7]])
    assert ops.roi_pool(x, whole, 2).tolist() == [[[[27, 31], [59, 63]]]]
    assert ops.roi_pool(x, tinytorch.tensor([[0.0, 9, 9, 12, 12]]), 2).tolist() == [[[[0, 0], [0, 0]]]], "outside"
    assert ops.roi_pool(x, tinytorch.zeros(0, 5), 2).shape == (0, 1, 2, 2)
    assert ops.ps_roi_pool(x.expand(1, 4, 8, 8), tinytorch.tensor([[0.0, 0, 0, 8, 8]]), 2).tolist() == [
        [[[13.5, 17.5], [45.5, 49.5]]]
    ]
    for bad in (tinytorch.zeros(2, 4), [tinytorch.zeros(2, 5)], 3):
        with pytest.raises(AssertionError, match="boxes"):
            ops.roi_pool(x, bad, 2)
    with pytest.raises(IndexError, match="image 3"):
        ops.roi_align(x, tinytorch.tensor([[3.0, 0, 0, 1, 1]]), 2)


def test_regions_of_several_sizes():
    """A small box is read from the large features, a large one from the small features; the order stays."""
    features = {
        "0": tinytorch.zeros(1, 1, 56, 56),
        "1": tinytorch.ones(1, 1, 28, 28),
        "no": tinytorch.zeros(1, 1, 9, 9),
    }
    pool = ops.MultiScaleRoIAlign(["0", "1"], 2, 2)
    found = [tinytorch.tensor([[0.0, 0, 200, 200], [5.0, 5, 30, 30], [0.0, 0, 180, 190]])]
    got = pool(features, found, [(224, 224)])
    assert got.shape == (3, 1, 2, 2) and got[:, 0, 0, 0].tolist() == [1, 0, 1]
    assert pool.scales == [0.25, 0.125]


def test_deformable_convolution():
    rng = np.random.default_rng(0)
    draw = lambda *shape: tinytorch.tensor(rng.standard_normal(shape), requires_grad=True)
    x, weight, bias = draw(2, 4, 5, 5), draw(2, 2, 3, 3), draw(2)
    offset, mask = draw(2, 2 * 2 * 9, 3, 3), draw(2, 2 * 9, 3, 3)
    run = lambda x, o, w, b, m: ops.deform_conv2d(x, o, w, b, mask=m, padding=1, stride=2)
    assert gradcheck(run, (x, offset, weight, bias, mask))
    got = run(x, offset, weight, bias, mask).detach().numpy()
    padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = np.zeros((2, 2, 3, 3))
    for n, o, i, j in np.ndindex(2, 2, 3, 3):
        for c, a, b in np.ndindex(2, 3, 3):
            channel, tap = o * 2 + c, a * 3 + b
            group = channel // 2
            dy, dx = offset.tolist()[n][group * 18 + 2 * tap][i][j], offset.tolist()[n][group * 18 + 2 * tap + 1][i][j]
            y, z = i * 2 + a + dy, j * 2 + b + dx
            value = sum(
                max(0, 1 - abs(y - p)) * max(0, 1 - abs(z - q)) * padded[n, channel, p, q] for p, q in np.ndindex(7, 7)
            )
            expected[n, o, i, j] += weight.tolist()[o][c][a][b] * value * mask.tolist()[n][group * 9 + tap][i][j]
    np.testing.assert_allclose(got, expected + bias.detach().numpy()[None, :, None, None], atol=1e-10)
    with pytest.raises(RuntimeError, match="offset"):
        ops.deform_conv2d(x, offset[:, :5], weight)
    layer = ops.DeformConv2d(4, 6, 3, padding=1, groups=2)
    assert layer(x.float(), tinytorch.zeros(2, 18, 5, 5)).shape == (2, 6, 5, 5)
    assert repr(layer) == "DeformConv2d(4, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2)"
