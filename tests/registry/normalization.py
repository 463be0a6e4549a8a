"""Examples for lesson 09 and its companion: see registry/__init__.py."""

import torch

import tinytorch as tt
from registry.tools import E, both, made


def f(name, *args, **options):
    return lambda t, x, *more: getattr(t.nn.functional, name)(x, *args, *more, **options)


FUNCTIONS = {
    "NormalizeFunction": [
        E(f("layer_norm", (3,)), "Nn3"),
        E(f("layer_norm", (3,)), "2N3,3,3"),
        E(lambda t, x, w: t.nn.functional.batch_norm(x, None, None, w, training=True), "2c23,c"),
        E(lambda t, x: t.nn.functional.group_norm(x, 2), "n423"),
    ],
    "RMSNormalize": [E(f("rms_norm", (3,)), "Nn3"), E(f("rms_norm", (2, 3)), "N23,23")],
    "RMSNormalizeFunction": [
        E(
            both(made("RMSNormalizeFunction", dims=(-1,), eps=0.1), lambda t, x: f("rms_norm", (3,), eps=0.1)(t, x)),
            "Nn3",
        )
    ],
}


def seen(module):
    """The module with other weights than ones and zeros, which hide mistakes."""
    t = tt if isinstance(module, tt.nn.Module) else torch
    with t.no_grad():
        for p in module.parameters():
            p.uniform_(0.5, 1.5)
    return module


def norm(name, *args, shape, evaluated=False, **options):
    return (
        lambda t: seen(getattr(t.nn, name)(*args, **options)).train(not evaluated),
        lambda d: [d.any(*shape)],
    )


class TorchBlock(torch.nn.Module):
    """BasicBlock as torchvision has it."""

    def __init__(self, inside, outside, stride):
        super().__init__()
        nn = torch.nn
        self.conv1, self.bn1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside)
        self.conv2, self.bn2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + shortcut).relu()


def block(*sizes, shape):
    return (lambda t: (t.nn.BasicBlock if t is tt else TorchBlock)(*sizes), lambda d: [d.any(*shape)])


def quiet(name, *shape):
    """Dropout that drops nothing."""
    return [norm(name, 0.0, shape=shape), norm(name, 0.7, shape=shape, evaluated=True)]


MODULES = {
    "BatchNorm1d": [
        norm("BatchNorm1d", 3, shape=(6, 3)),
        norm("BatchNorm1d", 3, eps=1e-3, momentum=None, shape=(4, 3, 5)),
        norm("BatchNorm1d", 3, shape=(4, 3), evaluated=True),
        norm("BatchNorm1d", 3, shape=(4, 3), affine=False, track_running_stats=False),
    ],
    "BatchNorm2d": [norm("BatchNorm2d", 3, shape=(3, 3, 2, 4)), norm("BatchNorm2d", 3, shape=(3, 3, 2, 4), bias=False)],
    "BatchNorm3d": [norm("BatchNorm3d", 2, shape=(2, 2, 2, 3, 2))],
    "LayerNorm": [
        norm("LayerNorm", 5, shape=(4, 5)),
        norm("LayerNorm", (2, 5), shape=(3, 2, 5), bias=False),
        norm("LayerNorm", 5, shape=(2, 3, 5), elementwise_affine=False),
    ],
    "GroupNorm": [norm("GroupNorm", 2, 4, shape=(3, 4, 5)), norm("GroupNorm", 4, 4, shape=(2, 4, 3, 2))],
    "RMSNorm": [norm("RMSNorm", 5, shape=(4, 5)), norm("RMSNorm", (2, 5), eps=1e-3, shape=(3, 2, 5))],
    "InstanceNorm1d": [
        norm("InstanceNorm1d", 3, shape=(2, 3, 5)),
        norm("InstanceNorm1d", 3, shape=(3, 5), affine=True, track_running_stats=True),
    ],
    "InstanceNorm2d": [
        norm("InstanceNorm2d", 3, shape=(2, 3, 4, 2), affine=True),
        norm("InstanceNorm2d", 3, shape=(2, 3, 4, 2), track_running_stats=True, evaluated=True),
    ],
    "InstanceNorm3d": [norm("InstanceNorm3d", 2, shape=(2, 2, 2, 2, 3), affine=True)],
    "BasicBlock": [block(2, 2, 1, shape=(3, 2, 4, 3)), block(2, 3, 2, shape=(3, 2, 4, 5))],
    "Dropout": quiet("Dropout", 4, 3),
    "Dropout1d": quiet("Dropout1d", 2, 4, 3),
    "Dropout2d": quiet("Dropout2d", 2, 4, 3, 2),
    "Dropout3d": quiet("Dropout3d", 2, 4, 3, 2, 2),
    "AlphaDropout": quiet("AlphaDropout", 4, 3),
    "FeatureAlphaDropout": quiet("FeatureAlphaDropout", 2, 4, 3),
    "LocalResponseNorm": [
        norm("LocalResponseNorm", 3, alpha=0.5, shape=(2, 5, 3)),
        norm("LocalResponseNorm", 2, 0.5, 0.5, 2.0, shape=(2, 5, 3, 2)),
    ],
}
