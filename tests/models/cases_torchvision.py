"""Models of torchvision: published configurations and their parameters, and small ones; see cases_transformers.py."""

import torch
import torchvision.models as M

# name -> (how to build it, its parameters)
PUBLISHED = {
    "ResNet-18": (M.resnet18, 11_689_512),
    "ResNet-34": (M.resnet34, 21_797_672),
    "ResNet-50": (M.resnet50, 25_557_032),
    "DenseNet-121": (M.densenet121, 7_978_856),
    "MobileNetV2": (M.mobilenet_v2, 3_504_872),
    "EfficientNet-B0": (M.efficientnet_b0, 5_288_548),
    "ConvNeXt-T": (M.convnext_tiny, 28_589_128),
    "Swin-T": (M.swin_t, 28_288_354),
    "ViT-B/16": (M.vit_b_16, 86_567_656),
    "ViT-L/16": (M.vit_l_16, 304_326_632),
    "ViT-H/14": (M.vit_h_14, 632_045_800),
    "Mask R-CNN R50-FPN": (lambda: M.detection.maskrcnn_resnet50_fpn(weights_backbone=None), 44_454_513),
}

# name -> (what gives shapes, the published ones)
SHAPES = {
    "DenseNet-121": (lambda: [M.densenet121().features(torch.empty(1, 3, 224, 224)).shape], [[1, 1024, 7, 7]]),
    "MobileNetV2": (lambda: [M.mobilenet_v2().features(torch.empty(1, 3, 224, 224)).shape], [[1, 1280, 7, 7]]),
    "Swin-T": (
        lambda: [M.swin_t().features[:n](torch.empty(1, 3, 224, 224)).shape for n in (1, 8)],
        [[1, 56, 56, 96], [1, 7, 7, 768]],
    ),
}


def numbers(rng, *shape):
    return torch.from_numpy(rng.random(shape).astype("float32"))


def pictures(rng, size=64):
    return {"x": numbers(rng, 2, 3, size, size)}


def resnet(rng):
    return M.ResNet(M.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5), pictures(rng, 32)


def densenet(rng):
    return M.DenseNet(growth_rate=4, block_config=(2, 2, 2), num_init_features=8, num_classes=5), pictures(rng)


def mobilenetv2(rng):
    return M.MobileNetV2(num_classes=5, width_mult=0.25), pictures(rng)


def efficientnet(rng):
    block = M.efficientnet.MBConvConfig
    layers = [block(1, 3, 1, 32, 16, 1, 0.25, 1), block(6, 5, 2, 16, 24, 2, 0.25, 1)]
    return M.EfficientNet(layers, dropout=0.0, num_classes=5), pictures(rng)


def convnext(rng):
    stages = [M.convnext.CNBlockConfig(8, 16, 1), M.convnext.CNBlockConfig(16, None, 2)]
    return M.ConvNeXt(stages, num_classes=5), pictures(rng)


def swin(rng):
    return M.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=5), pictures(rng)


def vit(rng):
    return M.VisionTransformer(64, 16, 2, 4, 32, 64, num_classes=5), pictures(rng)


def objects(rng):
    """Two pictures and what is in them. Padded ones would have places that are equal but for rounding, in any order."""
    images = [numbers(rng, 3, 80, 80), numbers(rng, 3, 80, 80)]
    boxes = [torch.tensor([[5.0, 6, 40, 50], [30, 20, 70, 60]]), torch.tensor([[10.0, 10, 50, 60]])]
    targets = [
        {
            "boxes": b,
            "labels": torch.tensor([1, 2][: len(b)]),
            "masks": torch.zeros(len(b), *image.shape[1:], dtype=torch.uint8),
        }
        for image, b in zip(images, boxes)
    ]
    for target in targets:
        for mask, (left, top, right, bottom) in zip(target["masks"], target["boxes"].int().tolist()):
            mask[top:bottom, left:right] = 1
    return {"images": images, "targets": targets}


def detector(kind, **options):
    backbone = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 7, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3, 1, 1))
    backbone.out_channels = 8
    anchors = M.detection.anchor_utils.AnchorGenerator(((16, 32, 64),), ((0.5, 1.0, 2.0),))
    return kind(backbone, 3, min_size=64, max_size=64, rpn_anchor_generator=anchors, **options)


class Losses(torch.nn.Module):
    """All losses that a detector gives while it trains; then what it finds. BatchNorm keeps its averages."""

    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, images, targets):
        torch.manual_seed(0)  # it draws which boxes it looks at
        for part in self.detector.modules():
            part.training = not isinstance(part, torch.nn.BatchNorm2d)
        losses = self.detector(images, targets)
        self.detector.eval()
        return {"loss": sum(losses.values()), "losses": losses, "found": self.detector(images)}


def faster_rcnn(rng):
    from torchvision.ops import MultiScaleRoIAlign

    pool = MultiScaleRoIAlign(["0"], 5, 2)
    representation = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(200, 16), torch.nn.ReLU())
    predictor = M.detection.faster_rcnn.FastRCNNPredictor(16, 3)
    options = {"box_roi_pool": pool, "box_head": representation, "box_predictor": predictor, "num_classes": None}
    options |= {"rpn_pre_nms_top_n_train": 50, "rpn_post_nms_top_n_train": 20, "rpn_pre_nms_top_n_test": 50}
    backbone_first = lambda backbone, classes, **more: M.detection.FasterRCNN(backbone, **{**more, "num_classes": None})
    del options["num_classes"]
    return Losses(detector(backbone_first, **options)), objects(rng)


def mask_rcnn(rng):
    from torchvision.ops import MultiScaleRoIAlign

    representation = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(200, 16), torch.nn.ReLU())
    options = {
        "box_roi_pool": MultiScaleRoIAlign(["0"], 5, 2), "box_head": representation,
        "box_predictor": M.detection.faster_rcnn.FastRCNNPredictor(16, 3),
        "mask_roi_pool": MultiScaleRoIAlign(["0"], 6, 2), "mask_head": M.detection.mask_rcnn.MaskRCNNHeads(8, (8, 8), 1),
        "mask_predictor": M.detection.mask_rcnn.MaskRCNNPredictor(8, 8, 3),
        "rpn_pre_nms_top_n_train": 50, "rpn_post_nms_top_n_train": 20, "rpn_pre_nms_top_n_test": 50,
    }  # fmt: skip
    backbone_first = lambda backbone, classes, **more: M.detection.MaskRCNN(backbone, **more)
    return Losses(detector(backbone_first, **options)), objects(rng)


FLOAT32 = {"faster_rcnn", "mask_rcnn"}
SMALL = {
    function.__name__: function
    for function in (resnet, densenet, mobilenetv2, efficientnet, convnext, swin, vit, faster_rcnn, mask_rcnn)
}
