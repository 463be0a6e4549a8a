"""Models of timm: published configurations and their parameters, and small ones with inputs; see cases_transformers.py."""

import timm
import torch


def named(name, **options):
    return lambda: timm.create_model(name, **options)


# name -> (how to build it, its parameters)
PUBLISHED = {
    "ResNet-18": (named("resnet18"), 11_689_512),
    "ResNet-34": (named("resnet34"), 21_797_672),
    "ResNet-50": (named("resnet50"), 25_557_032),
    "DenseNet-121": (named("densenet121"), 7_978_856),
    "MobileNetV2": (named("mobilenetv2_100"), 3_504_872),
    "EfficientNet-B0": (named("efficientnet_b0"), 5_288_548),
    "ConvNeXt-T": (named("convnext_tiny"), 28_589_128),
    "Swin-T": (named("swin_tiny_patch4_window7_224"), 28_288_354),
    "ViT-B/16": (named("vit_base_patch16_224"), 86_567_656),
    "ViT-L/16": (named("vit_large_patch16_224"), 304_326_632),
    "ViT-H/14": (named("vit_huge_patch14_224", num_classes=1000), 632_045_800),
}


def features(name, *places):
    """The shapes of what a model of `name` finds in a picture of 224², after its stages at `places`."""

    def shapes():
        model = timm.create_model(name, features_only=True, out_indices=places)
        return [found.shape for found in model(torch.empty(1, 3, 224, 224))]

    return shapes


def last(name):
    return lambda: [timm.create_model(name).forward_features(torch.empty(1, 3, 224, 224)).shape]


# name -> (what gives shapes, the published ones)
SHAPES = {
    "ResNet-18": (
        features("resnet18", 1, 2, 3, 4),
        [[1, 64, 56, 56], [1, 128, 28, 28], [1, 256, 14, 14], [1, 512, 7, 7]],
    ),
    "DenseNet-121": (last("densenet121"), [[1, 1024, 7, 7]]),
    "MobileNetV2": (last("mobilenetv2_100"), [[1, 1280, 7, 7]]),
    "Swin-T": (features("swin_tiny_patch4_window7_224", 0, 3), [[1, 56, 56, 96], [1, 7, 7, 768]]),
}


def pictures(rng, size=64):
    return {"x": torch.from_numpy(rng.standard_normal((2, 3, size, size)).astype("float32"))}


def resnet(rng):
    block = timm.models.resnet.BasicBlock
    return timm.models.resnet.ResNet(
        block, (1, 1, 1, 1), num_classes=5, stem_width=8, channels=(8, 16, 16, 32)
    ), pictures(rng)


def bottlenecks(rng):
    block = timm.models.resnet.Bottleneck
    return timm.models.resnet.ResNet(block, (1, 1, 1, 1), num_classes=5, channels=(8, 8, 16, 16)), pictures(rng)


def densenet(rng):
    return timm.models.densenet.DenseNet(growth_rate=4, block_config=(2, 2, 2), num_classes=5), pictures(rng)


def mobilenetv2(rng):
    return timm.create_model("mobilenetv2_035", num_classes=5), pictures(rng)


def efficientnet(rng):
    return timm.create_model("test_efficientnet", num_classes=5), pictures(rng)


def convnext(rng):
    return timm.models.convnext.ConvNeXt(depths=(1, 1, 2, 1), dims=(8, 16, 16, 24), num_classes=5), pictures(rng)


def swin(rng):
    options = {
        "img_size": 64,
        "embed_dim": 16,
        "depths": (2, 2),
        "num_heads": (2, 4),
        "window_size": 4,
        "num_classes": 5,
    }
    return timm.models.swin_transformer.SwinTransformer(**options), pictures(rng)


def vit(rng):
    options = {"img_size": 64, "patch_size": 16, "embed_dim": 32, "depth": 2, "num_heads": 4, "num_classes": 5}
    return timm.models.vision_transformer.VisionTransformer(**options), pictures(rng)


FLOAT32 = set()
SMALL = {
    function.__name__: function
    for function in (resnet, bottlenecks, densenet, mobilenetv2, efficientnet, convnext, swin, vit)
}
