"""Examples for the companions of lesson 08: see registry/__init__.py."""

import numpy as np

from registry.tools import E, both, made

TAPS = [
    (np.array([0, 0, 1, 1, 2]), np.array([1, 0.5, 0.7, 0.2, 1])),
    (np.array([0, 1, 1, 2, 2]), np.linspace(0.1, 0.9, 5)),
]


def spread_by_hand(t, a):
    rows = [sum(weight[i] * a[i] for index, weight in TAPS for i in range(5) if index[i] == k) for k in range(3)]
    return t.stack(rows)


FUNCTIONS = {
    "ResampleFunction": [
        E(lambda t, a: t.nn.functional.interpolate(a, 5), "Nmk"),
        E(lambda t, a: t.nn.functional.interpolate(a, (5, 2), mode="bilinear"), "nmkl"),
        E(lambda t, a: t.nn.functional.interpolate(a, scale_factor=2.5, mode="linear", align_corners=True), "nmk"),
        E(lambda t, a: t.nn.functional.interpolate(a, (4, 5), mode="bicubic"), "nmkl"),
    ],
    "SpreadFunction": [E(both(made("SpreadFunction", taps=TAPS, dim=0, size=3), spread_by_hand), "5M")],
    "UnfoldFunction": [
        E(lambda t, a: t.nn.functional.unfold(a, 2), "Nm34"),
        E(lambda t, a: t.nn.functional.unfold(a, (2, 1), dilation=2, padding=1, stride=(1, 2)), "nm34"),
    ],
    "FoldFunction": [
        E(lambda t, a: t.nn.functional.fold(a, (3, 4), 2), "N46"),
        E(lambda t, a: t.nn.functional.fold(a, 4, 2, stride=2, padding=1), "n89"),
    ],
}


def border(name, *more):
    dims = int(name[-2])
    uneven = tuple(1 + i % 2 for i in range(2 * dims))
    return [
        (lambda t: getattr(t.nn, name)(1, *more), lambda d: [d.any(2, 3, 3, 4, 3)[(0,) * (3 - dims)]]),
        (lambda t: getattr(t.nn, name)(uneven, *more), lambda d: [d.any(2, 3, 3, 4, 3)[(0,) * (3 - dims)]]),
    ]


def layer(name, *args, shape, **options):
    return (lambda t: getattr(t.nn, name)(*args, **options), lambda d: [d.any(*shape)])


def ranks(d, *shape):
    """Numbers with gaps, so that differences do not change which is the largest."""
    return d.rng.permutation(np.arange(np.prod(shape))).reshape(shape) / 5.0


MODULES = {
    "Conv3d": [
        layer("Conv3d", 2, 3, (2, 1, 3), shape=(2, 2, 3, 2, 4)),
        layer("Conv3d", 2, 4, 2, stride=2, padding=1, groups=2, bias=False, shape=(2, 2, 2, 3, 4)),
        layer("Conv3d", 1, 2, 3, padding="same", padding_mode="replicate", shape=(1, 2, 3, 2)),
    ],
    "ConvTranspose1d": [
        layer("ConvTranspose1d", 2, 3, 4, stride=2, padding=1, shape=(2, 2, 5)),
        layer("ConvTranspose1d", 4, 2, 3, stride=3, output_padding=2, groups=2, bias=False, shape=(4, 3)),
    ],
    "ConvTranspose2d": [
        layer("ConvTranspose2d", 2, 3, (4, 3), stride=2, padding=1, output_padding=(1, 0), shape=(2, 2, 3, 4)),
        layer("ConvTranspose2d", 2, 4, 2, dilation=(3, 1), output_padding=(2, 0), groups=2, shape=(2, 2, 3, 2)),
    ],
    "ConvTranspose3d": [
        layer("ConvTranspose3d", 2, 3, (2, 3, 1), stride=(2, 1, 1), padding=(0, 1, 0), shape=(2, 2, 2, 3, 2))
    ],
    "MaxPool1d": [(lambda t: t.nn.MaxPool1d(3, 2, 1), lambda d: [ranks(d, 2, 3, 7)])],
    "MaxPool3d": [(lambda t: t.nn.MaxPool3d(2, ceil_mode=True), lambda d: [ranks(d, 2, 3, 3, 2, 4)])],
    "AvgPool1d": [layer("AvgPool1d", 3, 2, 1, count_include_pad=False, shape=(2, 3, 7))],
    "AvgPool3d": [layer("AvgPool3d", 2, stride=1, padding=1, shape=(2, 3, 3, 2, 4))],
    "AdaptiveAvgPool1d": [
        layer("AdaptiveAvgPool1d", 3, shape=(2, 3, 5)),
        layer("AdaptiveAvgPool1d", 2, shape=(2, 3, 4)),
    ],
    "AdaptiveAvgPool2d": [
        layer("AdaptiveAvgPool2d", 1, shape=(2, 3, 4, 5)),
        layer("AdaptiveAvgPool2d", (2, None), shape=(3, 5, 3)),
    ],
    "AdaptiveAvgPool3d": [layer("AdaptiveAvgPool3d", 2, shape=(2, 3, 3, 2, 4))],
    "AdaptiveMaxPool1d": [(lambda t: t.nn.AdaptiveMaxPool1d(3), lambda d: [ranks(d, 2, 3, 5)])],
    "AdaptiveMaxPool2d": [(lambda t: t.nn.AdaptiveMaxPool2d((3, 2)), lambda d: [ranks(d, 2, 3, 5, 4)])],
    "AdaptiveMaxPool3d": [(lambda t: t.nn.AdaptiveMaxPool3d(2), lambda d: [ranks(d, 2, 3, 3, 4, 3)])],
    # to two windows: no place is left to chance
    "FractionalMaxPool2d": [(lambda t: t.nn.FractionalMaxPool2d((2, 3), 2), lambda d: [ranks(d, 2, 3, 4, 5)])],
    "FractionalMaxPool3d": [(lambda t: t.nn.FractionalMaxPool3d(2, 2), lambda d: [ranks(d, 2, 3, 4, 5, 4)])],
    "MaxUnpool1d": [(lambda t: t.nn.MaxUnpool1d(2), lambda d: [d.any(2, 3), (np.array([[0, 3, 4], [1, 2, 5]]),)])],
    "MaxUnpool2d": [
        (lambda t: t.nn.MaxUnpool2d((1, 2), 2, (0, 1)), lambda d: [d.any(1, 2, 2), (np.array([[[0, 1], [5, 3]]]),)])
    ],
    "MaxUnpool3d": [(lambda t: t.nn.MaxUnpool3d(2), lambda d: [d.any(1, 1, 1, 2), (np.array([[[[3, 8]]]]),)])],
    "LPPool1d": [(lambda t: t.nn.LPPool1d(3, 2), lambda d: [d.positive(2, 3, 6)])],
    "LPPool2d": [(lambda t: t.nn.LPPool2d(2, (2, 3), stride=1), lambda d: [d.any(2, 3, 4, 5)])],
    "Upsample": [
        (lambda t: t.nn.Upsample(scale_factor=2), lambda d: [d.any(2, 3, 4)]),
        (lambda t: t.nn.Upsample((3, 7), mode="bilinear"), lambda d: [d.any(2, 3, 4, 4)]),
        (lambda t: t.nn.Upsample(scale_factor=1.7, mode="bicubic"), lambda d: [d.any(2, 3, 4, 3)]),
    ],
    "UpsamplingNearest2d": [(lambda t: t.nn.UpsamplingNearest2d(scale_factor=2), lambda d: [d.any(2, 3, 3, 2)])],
    "UpsamplingBilinear2d": [(lambda t: t.nn.UpsamplingBilinear2d((5, 4)), lambda d: [d.any(2, 3, 3, 2)])],
    "PixelShuffle": [(lambda t: t.nn.PixelShuffle(2), lambda d: [d.any(2, 8, 2, 3)])],
    "PixelUnshuffle": [(lambda t: t.nn.PixelUnshuffle(2), lambda d: [d.any(2, 3, 4, 6)])],
    "ChannelShuffle": [(lambda t: t.nn.ChannelShuffle(3), lambda d: [d.any(2, 6, 2, 3)])],
    "Unfold": [(lambda t: t.nn.Unfold(2, padding=1), lambda d: [d.any(2, 3, 4, 3)])],
    "Fold": [(lambda t: t.nn.Fold((4, 3), 2), lambda d: [d.any(2, 8, 6)])],
    **{f"ConstantPad{d}d": border(f"ConstantPad{d}d", 0.5) for d in (1, 2, 3)},
    **{
        f"{kind}Pad{d}d": border(f"{kind}Pad{d}d")
        for kind in ("Zero", "Reflection", "Replication", "Circular")
        for d in (1, 2, 3)
    },
}
