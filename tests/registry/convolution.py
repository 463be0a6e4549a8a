"""Examples for lesson 08: see registry/__init__.py."""

import numpy as np

from registry.tools import E, both, made

POOL = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}
WHICH = np.array([[[[0, 3], [2, 1]]]])  # of each window of a (1, 1, 4, 4) image: the number of the place in it
PLACES = [0, 7, 12, 11]  # the same, counted row by row through the image
SIDES = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}


def input_grad(t, grad, weight):
    return t.nn.grad.conv2d_input((1, 4, 4, 5), weight, grad, **SIDES)


def weight_grad(t, grad, x):
    return t.nn.grad.conv2d_weight(x, (2, 2, 3, 2), grad, **SIDES)


def conv(name, *sizes):
    """Layers with options, for inputs (2, 4, *sizes)."""
    options = (
        {},
        {"stride": 2, "padding": 1, "dilation": 2, "groups": 2, "bias": False},
        {"padding": "same", "padding_mode": "circular"},
        {"padding": 2, "padding_mode": "reflect", "groups": 4},
    )
    return [
        (lambda t, i=i, o=o: getattr(t.nn, name)(4, 8, 2 if i else 3, **o), lambda d: [d.any(2, 4, *sizes)])
        for i, o in enumerate(options)
    ]


FUNCTIONS = {
    "Convolution": [
        E(lambda t, x, w, b: t.nn.functional.conv2d(x, w, b), "N234,5223,5"),
        E(lambda t, x, w: t.nn.functional.conv2d(x, w, **SIDES), "2465,4232"),
        E(lambda t, x, w, b: t.nn.functional.conv1d(x, w, b, padding="same", dilation=2), "234,533,5"),
    ],
    "ConvolutionInputGrad": [
        E(both(made("ConvolutionInputGrad", shape=(1, 4, 4, 5), **SIDES), input_grad), "1223,2232")
    ],
    "ConvolutionWeightGrad": [
        E(both(made("ConvolutionWeightGrad", shape=(2, 2, 3, 2), **SIDES), weight_grad), "1223,1445")
    ],
    "MaxPool": [
        E(lambda t, x: t.nn.functional.max_pool2d(x, 2), "Nk45"),
        E(lambda t, x: t.nn.functional.max_pool2d(x, (3, 2), 2, 1, (1, 2), ceil_mode=True), "2354"),
    ],
    "MaxPoolGradient": [
        E(
            both(
                made("MaxPoolGradient", which=WHICH, shape=(1, 1, 4, 4), **POOL),
                lambda t, g: t.zeros(16, dtype=g.dtype).scatter(0, t.tensor(PLACES), g.reshape(-1)).reshape(1, 1, 4, 4),
            ),
            "1122",
        )
    ],
    "PickFromWindows": [
        E(
            both(
                made("PickFromWindows", which=WHICH, **POOL),
                lambda t, x: x.reshape(-1)[t.tensor(PLACES)].reshape(1, 1, 2, 2),
            ),
            "1144",
        )
    ],
    "AvgPoolGradient": [
        E(
            both(
                made("AvgPoolGradient", shape=(1, 1, 4, 4), divisor=4.0, **POOL),
                lambda t, g: g.repeat_interleave(2, -1).repeat_interleave(2, -2) / 4,
            ),
            "1122",
        )
    ],
    "AvgPool": [
        E(lambda t, x: t.nn.functional.avg_pool2d(x, 2), "Nk45"),
        E(lambda t, x: t.nn.functional.avg_pool2d(x, (3, 2), 2, 1, True, False), "2354"),
    ],
}

MODULES = {
    "Conv1d": conv("Conv1d", 5),
    "Conv2d": conv("Conv2d", 5, 6),
    "MaxPool2d": [
        (lambda t: t.nn.MaxPool2d(2), lambda d: [d.any(2, 3, 4, 5)]),
        (lambda t: t.nn.MaxPool2d(3, 1, 1), lambda d: [d.any(3, 4, 5)]),
    ],
    "AvgPool2d": [
        (lambda t: t.nn.AvgPool2d(2), lambda d: [d.any(2, 3, 4, 5)]),
        (lambda t: t.nn.AvgPool2d(3, 1, 1, count_include_pad=False), lambda d: [d.any(3, 4, 5)]),
    ],
}
