"""Examples for lesson 08: see registry/__init__.py."""

from registry.tools import E, both, made

SIDES = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}


def input_grad(t, grad, weight):
    return t.nn.grad.conv2d_input((2, 4, 5, 6), weight, grad, **SIDES)


def weight_grad(t, grad, x):
    return t.nn.grad.conv2d_weight(x, (6, 2, 3, 2), grad, **SIDES)


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
        E(both(made("ConvolutionInputGrad", shape=(2, 4, 5, 6), **SIDES), input_grad), "2634,6232")
    ],
    "ConvolutionWeightGrad": [
        E(both(made("ConvolutionWeightGrad", shape=(6, 2, 3, 2), **SIDES), weight_grad), "2634,2456")
    ],
    "MaxPool": [
        E(lambda t, x: t.nn.functional.max_pool2d(x, 2), "Nk45", twice=False),
        E(lambda t, x: t.nn.functional.max_pool2d(x, (3, 2), 2, 1, (1, 2), ceil_mode=True), "2354", twice=False),
    ],
    "AvgPool": [
        E(lambda t, x: t.nn.functional.avg_pool2d(x, 2), "Nk45", twice=False),
        E(lambda t, x: t.nn.functional.avg_pool2d(x, (3, 2), 2, 1, True, False), "2354", twice=False),
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
