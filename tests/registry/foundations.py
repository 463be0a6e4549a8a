"""Examples for lessons 01 to 07: see registry/__init__.py."""

import numpy as np

from registry.tools import E, activation, both, changed, column_tripled, holding, index, loss, made, parameters, put, x

PLACES = np.array([0, 0, 2])


def polar(t, a):
    u, _, vt = t.linalg.svd(a, full_matrices=False)
    return u @ vt


FUNCTIONS = {
    "CTCFunction": [
        E(
            lambda t, a: t.nn.functional.ctc_loss(
                a.log_softmax(-1), t.tensor([[1, 1, 3], [2, 1, 4], [3, 2, 2]]), [6, 5, 6], [2, 0, 3], reduction="none"
            ),
            "635",
            twice=False,
        )
    ],
    # lesson 01
    "Add": [E(lambda t, a, b: a + b, "*,*"), E(lambda t, a: 1 + a)],
    "Sub": [E(lambda t, a, b: a - b, "*,*"), E(lambda t, a: 1 - a)],
    "Mul": [E(lambda t, a, b: a * b, "*,*"), E(lambda t, a: a * a * 2)],
    "Div": [E(lambda t, a, b: a / b, "*,*"), E(lambda t, a: 2 / a)],
    "Pow": [
        E(lambda t, a, b: a**b, "*,*", "positive"),
        E(lambda t, a: a**3),
        E(lambda t, a: 2**a),
        E(lambda t, a: a**2),
    ],
    "Neg": [E(lambda t, a: -a)],
    "To": [
        E(
            lambda t, a: (
                (a.to(t.float32) + 0).to(t.float64).to(a.dtype) if a.dtype is t.float32 else a.to(t.float32).double()
            ),
            values="any",
        )
    ],
    "Exp": [E(lambda t, a: t.exp(a))],
    "Log": [E(lambda t, a: t.log(a), values="positive")],
    "Sum": [
        E(lambda t, a: a.sum()),
        E(lambda t, a: a.sum(1), "NMk"),
        E(lambda t, a: a.sum((0, -1), keepdim=True), "NMK"),
    ],
    "Max": [
        E(lambda t, a: a.amax(), "nmk"),
        E(lambda t, a: a.amax((0, 2)), "nMk"),
        E(lambda t, a: a.amax(-1, keepdim=True), "Nmk"),
    ],
    "Reshape": [E(lambda t, a: a.reshape(-1), "nmk"), E(lambda t, a: a.reshape(a.shape[1], a.shape[0]), "NM")],
    "Permute": [E(lambda t, a: a.permute(2, 0, 1), "NMK"), E(lambda t, a: a.T, "NM")],
    "Expand": [E(lambda t, a: a.reshape(-1, 1).expand(2, -1, 3), "n")],
    "GetItem": [
        E(lambda t, a: a[..., None]),
        E(lambda t, a: a[0, :, 1:], "nMK"),
        E(lambda t, a: a[index(t, 0, 0)], "nM"),
    ],
    "Pieces": [E(lambda t, a: sum(part * part for part in a.unbind(1)), "NmK")],
    "Piece": [
        E(lambda t, a: a.split(2, 1)[-1] * 2, "Nm"),
        E(lambda t, a: t.cat([part * part.sum() for part in a.chunk(2, -1)[::-1]], -1), "nm"),
    ],
    "MatMul": [E(lambda t, a, b: a @ b, s) for s in ("NK,KM", "BNK,BKM", "K,KM", "NK,K", "k,k", "ABNK,KM", "NK,BKM")],
    # lesson 02 and its companions
    "PutItem": [
        E(both(made("PutItem", index=PLACES, shape=(3,)), lambda t, x: put(t, x, 3, (index(t, *PLACES),))), "3")
    ],
    "Clone": [E(lambda t, a: a.clone())],
    "Move": [E(both(made("Move", device="cpu"), lambda t, a: a.to("cpu")))],
    "Sqrt": [E(lambda t, a: t.sqrt(a), values="positive")],
    "Rsqrt": [E(lambda t, a: t.rsqrt(a), values="positive")],
    "Square": [E(lambda t, a: t.square(a))],
    "Reciprocal": [E(lambda t, a: t.reciprocal(a))],
    "Log1p": [E(lambda t, a: t.log1p(a), values="unit")],
    "Log2": [E(lambda t, a: t.log2(a), values="positive")],
    "Log10": [E(lambda t, a: t.log10(a), values="positive")],
    "Expm1": [E(lambda t, a: t.expm1(a))],
    "Exp2": [E(lambda t, a: t.exp2(a))],
    "Sin": [E(lambda t, a: t.sin(a))],
    "Cos": [E(lambda t, a: t.cos(a))],
    "Tan": [E(lambda t, a: t.tan(a), values="unit")],
    "Asin": [E(lambda t, a: t.asin(a), values="unit")],
    "Acos": [E(lambda t, a: t.acos(a), values="unit")],
    "Atan": [E(lambda t, a: t.atan(a))],
    "Sinh": [E(lambda t, a: t.sinh(a))],
    "Cosh": [E(lambda t, a: t.cosh(a))],
    "Erf": [E(lambda t, a: t.erf(a))],
    "Abs": [E(lambda t, a: t.abs(a))],
    "Sign": [E(lambda t, a: t.sign(a))],
    "Floor": [E(lambda t, a: t.floor(a))],
    "Ceil": [E(lambda t, a: t.ceil(a))],
    "Trunc": [E(lambda t, a: t.trunc(a))],
    "Round": [E(lambda t, a: t.round(a)), E(lambda t, a: t.round(a, decimals=2))],
    "Gate": [E(both(lambda a: made("Gate", weights=a.array > 0)(a), lambda t, a: t.where(a > 0, a, 0 * a)))],
    "Clamp": [
        E(lambda t, a: a.clamp(-0.5, 0.7)),
        E(lambda t, a, b: a.clamp(max=b), "*,*"),
        E(lambda t, a, b: a.clamp(b, b + 1), "*,*"),
    ],
    "Maximum": [E(lambda t, a, b: t.maximum(a, b), "*,*"), E(lambda t, a: t.maximum(a, a * 1))],
    "Minimum": [E(lambda t, a, b: t.minimum(a, b), "*,*")],
    "Quotient": [E(lambda t, a, b, mode=mode: t.div(a, b, rounding_mode=mode), "*,*") for mode in ("floor", "trunc")],
    "Remainder": [E(lambda t, a, b: a % b, "*,*"), E(lambda t, a: t.remainder(a, 0.37))],
    "Fmod": [E(lambda t, a, b: t.fmod(a, b), "*,*")],
    "Atan2": [E(lambda t, a, b: t.atan2(a, b), "*,*")],
    "Hypot": [E(lambda t, a, b: t.hypot(a, b), "*,*")],
    "Logaddexp": [E(lambda t, a, b: t.logaddexp(a, b), "*,*")],
    "NanToNum": [E(lambda t, a: t.nan_to_num(a))],
    "Min": [E(lambda t, a: a.amin(), "nmk"), E(lambda t, a: a.amin(1, True), "Nmk")],
    "Pick": [
        E(lambda t, a: a.sort(1, True)[0], "NmK"),
        E(lambda t, a: a.max(0)[0], "nM"),
        E(lambda t, a: a.topk(1)[0], "Nm"),
    ],
    "Place": [
        E(both(made("Place", index=np.array([2, 0]), dim=0, size=3), lambda t, a: put(t, a, 3, (index(t, 2, 0),))), "2")
    ],
    "Var": [E(lambda t, a: a.var(), "nmk"), E(lambda t, a: a.var((0, 2), correction=0, keepdim=True), "nMk")],
    "Std": [E(lambda t, a: a.std(1, correction=0) + a.mean(1), "Nab"), E(lambda t, a: t.cat([a, -a]).std(), "n")],
    "Prod": [E(lambda t, a: a.prod()), E(lambda t, a: a.prod(1, True), "NMK")],
    "Drawn": [E(lambda t, a: a + t.bernoulli(a * 0)), E(lambda t, a, b: a * b + t.normal(b * 0, a * 0), "*,*")],
    "Cumsum": [E(lambda t, a: a.cumsum(0), "NM"), E(lambda t, a: a.cumsum(-1), "NMK")],
    "Cumprod": [
        E(lambda t, a: a.cumprod(0), "NM"),
        E(lambda t, a: a.cumprod(1), "NMK"),
        E(lambda t, a: (a * t.tensor([1, 0, 1], dtype=a.dtype)).cumprod(-1), "n3"),
    ],
    "Norm": [E(lambda t, a, p=p: a.norm(p), "nm") for p in (2, 3, 0.5)]
    + [E(lambda t, a: a.norm(dim=1, keepdim=True), "NmK")],
    "Nuclear": [E(lambda t, a: a.norm("nuc"), "nm"), E(lambda t, a: a.norm("nuc", (0, 2), keepdim=True), "nMk")],
    "Polar": [E(both(made("Polar"), polar), "33"), E(both(made("Polar"), polar), "b23")],
    "Logsumexp": [E(lambda t, a: a.logsumexp(1), "NmK"), E(lambda t, a: a.logsumexp((0, 1), True), "nm")],
    "Cat": [E(lambda t, a, b: t.cat([a, b, a], 1), "NMK,NLK")],
    "Stack": [E(lambda t, a, b: t.stack([a, b], -1), "NM,NM")],
    "Copied": [E(lambda t, a: a.repeat(2, 3, 1), "NM"), E(lambda t, a: a.repeat_interleave(2, 0), "nM")],
    "Flip": [E(lambda t, a: a.flip(0, -1), "NMK")],
    "Roll": [E(lambda t, a: a.roll(1, 0), "nM"), E(lambda t, a: a.roll((1, -2), (0, 1)), "nm")],
    "Triangle": [E(lambda t, a: a.tril(), "NMK"), E(lambda t, a: a.triu(1), "nm")],
    "Diagonal": [E(lambda t, a: a.diagonal(), "NM"), E(lambda t, a: a.diagonal(1, 0, 2), "nMk")],
    "IndexSelect": [E(lambda t, a: a.index_select(1, index(t, 0, 0)), "Nm")],
    "SumSlices": [E(lambda t, a, b: a.index_add(0, index(t, 0, 0), b), "nM,2M")],
    "Gather": [E(lambda t, a: a.gather(1, index(t, [0, 0, 0])), "nm")],
    "SumEntries": [E(lambda t, a, b: a.scatter_add(0, index(t, [0], [0]), b), "nm,21")],
    "Scatter": [
        E(lambda t, a, b: a.scatter(1, index(t, [0], [0]), b), "2m,21"),
        E(lambda t, a: a.scatter(1, index(t, [0]), 2.0), "nm"),
    ],
    "Where": [E(lambda t, a, b: t.where(a > 0.1, a, b), "*,*"), E(lambda t, a: a.masked_fill(a > 0, 1.0))],
    "SetItem": [
        E(changed(lambda a, b: a.__setitem__((slice(None), [0, 1]), b)), "N3,N2"),
        E(lambda t, a: a.index_fill(0, index(t, 0, 0), 0.5), "nM"),
    ],
    "ConstantPad": [E(lambda t, a: t.nn.functional.pad(a, (1, 2, 0, 1), value=0.5), "NMK")],
    "TakeRegion": [E(lambda t, a: column_tripled(a)[1], "nm")],
    "PlaceRegion": [E(lambda t, a: column_tripled(a)[1], "nm")],
    "PutRegion": [E(lambda t, a: column_tripled(a)[0], "nm")],
    "Overwrite": [E(changed(lambda a, b: a.copy_(b)), "nm,m")],
    "Einsum": [
        E(lambda t, a, b, e=e: t.einsum(e, a, b), shapes)
        for e, shapes in [
            ("ij,jk->ik", "NK,KM"),
            ("bij,bjk->bik", "BNK,BKM"),
            ("...ij,...j->...i", "bnk,k"),
            ("ij,kj->", "nk,mk"),
            ("i,j", "n,m"),
        ]
    ]
    + [E(lambda t, a: t.einsum("ii->i", a @ a.T), "nm"), E(lambda t, a: t.einsum("ij,ik,il->jkl", a, a, a * a), "nm")],
    # lesson 04 and its companions
    "ReLUFunction": [E(lambda t, a: t.relu(a))],
    "SigmoidFunction": [E(lambda t, a: t.sigmoid(a))],
    "TanhFunction": [E(lambda t, a: t.tanh(a))],
    "SoftmaxFunction": [E(lambda t, a: t.softmax(a, 1), "NmK")],
    "LogSoftmaxFunction": [E(lambda t, a: t.log_softmax(a, -1), "Nm")],
    "CrossEntropyFunction": [E(lambda t, a: t.nn.functional.cross_entropy(a, index(t, 1, 0)), "23")],
    "LogSigmoidFunction": [E(lambda t, a: t.nn.functional.logsigmoid(a))],
    "HardtanhFunction": [E(lambda t, a: t.nn.functional.hardtanh(a))],
    "LeakyReLUFunction": [E(lambda t, a: t.nn.functional.leaky_relu(a, 0.1))],
    "HardshrinkFunction": [E(lambda t, a: t.nn.functional.hardshrink(a))],
    "SoftshrinkFunction": [E(lambda t, a: t.nn.functional.softshrink(a))],
    "ThresholdFunction": [E(lambda t, a: t.nn.functional.threshold(a, 0.1, 3.0))],
    "HardsigmoidFunction": [E(lambda t, a: t.nn.functional.hardsigmoid(a), twice=False)],
    "HardswishFunction": [E(lambda t, a: t.nn.functional.hardswish(a))],
    "SoftplusFunction": [E(lambda t, a: t.nn.functional.softplus(a, 2.0))],
    "SoftsignFunction": [E(lambda t, a: t.nn.functional.softsign(a))],
    "ELUFunction": [
        E(lambda t, a: t.nn.functional.elu(a, 0.7)),
        E(lambda t, a: t.nn.functional.selu(a)),
        E(lambda t, a: t.nn.functional.celu(a, 0.7)),
    ],
    "GELUFunction": [E(lambda t, a: t.nn.functional.gelu(a))],
    "GELUTanhFunction": [E(lambda t, a: t.nn.functional.gelu(a, approximate="tanh"))],
    "SiLUFunction": [E(lambda t, a: t.nn.functional.silu(a))],
    "MishFunction": [E(lambda t, a: t.nn.functional.mish(a))],
    "PReLUFunction": [E(lambda t, a, w: t.nn.functional.prelu(a, w), "NmK,m")],
    "SmoothL1Function": [E(lambda t, a, b: t.nn.functional.smooth_l1_loss(a, b, beta=0.7), "nm,nm")],
    "XLogXFunction": [E(lambda t, a, b: t.nn.functional.kl_div(a, b, reduction="sum"), "nm,nm", "positive")],
    "BinaryCrossEntropyFunction": [
        E(lambda t, a: t.nn.functional.binary_cross_entropy(a, t.full((2, 3), 0.3, dtype=a.dtype)), "23", "probability")
    ],
}


LABELS = [[1, 1, 3], [2, 1, 4], [3, 2, 2]]


def aligned(reduction, times, lengths):
    """CTCLoss on what a log_softmax gives: its gradient counts on that."""
    forward = lambda self, x: self.loss(x.log_softmax(-1), self.labels, times, lengths)
    make = lambda t: holding(t, forward, loss=t.nn.CTCLoss(reduction=reduction), labels=t.tensor(LABELS))
    return make, lambda d: [d.any(6, 3, 5)]


MODULES = {
    "Linear": [(lambda t: t.nn.Linear(3, 2), x), (lambda t: t.nn.Linear(3, 2, bias=False), lambda d: [d.any(2, 5, 3)])],
    "Bilinear": [(lambda t: t.nn.Bilinear(3, 2, 4), lambda d: [d.any(5, 3), d.any(5, 2)])],
    "Sequential": [(lambda t: t.nn.Sequential(t.nn.Linear(3, 5), t.nn.Tanh(), t.nn.Linear(5, 2)), x)],
    "ModuleList": [
        (
            lambda t: holding(
                t, lambda m, x: m.parts[1](m.parts[0](x)), parts=t.nn.ModuleList([t.nn.Linear(3, 4), t.nn.Linear(4, 2)])
            ),
            x,
        )
    ],
    "ModuleDict": [
        (lambda t: holding(t, lambda m, x: m.parts["a"](x), parts=t.nn.ModuleDict({"a": t.nn.Linear(3, 4)})), x)
    ],
    "ParameterList": [
        (lambda t: holding(t, lambda m, x: x * m.parts[0] + m.parts[1], parts=t.nn.ParameterList(parameters(t))), x)
    ],
    "ParameterDict": [
        (
            lambda t: holding(
                t,
                lambda m, x: x * m.parts["a"] + m.parts["b"],
                parts=t.nn.ParameterDict(dict(zip("ab", parameters(t), strict=True))),
            ),
            x,
        )
    ],
    "Identity": [(lambda t: t.nn.Identity(), x)],
    "Flatten": [(lambda t: t.nn.Flatten(), lambda d: [d.any(4, 3, 2)])],
    "Unflatten": [(lambda t: t.nn.Unflatten(1, (2, 3)), lambda d: [d.any(4, 6)])],
    **{
        name: activation(name)
        for name in (
            "ReLU",
            "Sigmoid",
            "Tanh",
            "LogSigmoid",
            "Hardtanh",
            "ReLU6",
            "LeakyReLU",
            "Softplus",
            "ELU",
            "CELU",
            "SELU",
            "SiLU",
            "Mish",
            "Hardshrink",
            "Softshrink",
            "Hardsigmoid",
            "Hardswish",
            "Softsign",
            "Tanhshrink",
        )
    },
    "GELU": activation("GELU") + activation("GELU", approximate="tanh"),
    "Softmax": activation("Softmax", dim=1),
    "LogSoftmax": activation("LogSoftmax", dim=0),
    "Softmin": activation("Softmin", dim=1),
    "Threshold": activation("Threshold", 0.1, 2.0),
    "PReLU": activation("PReLU") + activation("PReLU", 3),
    "GLU": [(lambda t: t.nn.GLU(), lambda d: [d.any(3, 4)])],
    "Softmax2d": [(lambda t: t.nn.Softmax2d(), lambda d: [d.any(2, 3, 2, 2)])],
    "CosineSimilarity": [(lambda t: t.nn.CosineSimilarity(), lambda d: [d.any(4, 3), d.any(4, 3)])],
    "PairwiseDistance": [(lambda t: t.nn.PairwiseDistance(), lambda d: [d.any(4, 3), d.any(4, 3)])],
    "RReLU": [(lambda t: t.nn.RReLU().eval(), lambda d: [d.any(4, 3)])],
    "CTCLoss": [
        aligned("mean", [6, 5, 6], [2, 0, 3]),
        aligned("sum", (3, 5, 6), (2, 2, 1)),
        aligned("none", [6] * 3, [1] * 3),
    ],
    "MSELoss": loss("MSELoss", lambda d: [d.any(4, 3), d.any(4, 3)]),
    "L1Loss": loss("L1Loss", lambda d: [d.any(4, 3), d.any(4, 3)]),
    "SmoothL1Loss": loss("SmoothL1Loss", lambda d: [d.any(4, 3), d.any(4, 3)], {"beta": 0.4}),
    "HuberLoss": loss("HuberLoss", lambda d: [d.any(4, 3), d.target(4, 3)], {"delta": 0.4}),
    "NLLLoss": loss("NLLLoss", lambda d: [d.any(4, 3), d.labels(4)]),
    "CrossEntropyLoss": loss(
        "CrossEntropyLoss", lambda d: [d.any(4, 3), d.labels(4)], {"label_smoothing": 0.1}, {"ignore_index": 1}
    ),
    "BCELoss": loss("BCELoss", lambda d: [d.probability(4, 3), d.target(4, 3)]),
    "BCEWithLogitsLoss": loss("BCEWithLogitsLoss", lambda d: [d.any(4, 3), d.target(4, 3)]),
    "KLDivLoss": loss("KLDivLoss", lambda d: [d.any(4, 3), d.target(4, 3)], {"log_target": True}),
    "GaussianNLLLoss": loss(
        "GaussianNLLLoss", lambda d: [d.any(4, 3), d.target(4, 3), d.positive(4, 3)], {"full": True}
    ),
    "PoissonNLLLoss": loss("PoissonNLLLoss", lambda d: [d.positive(4, 3), d.target(4, 3)], {"log_input": False}),
    "SoftMarginLoss": loss("SoftMarginLoss", lambda d: [d.any(4, 3), d.signs(4, 3)]),
    "MultiLabelSoftMarginLoss": loss("MultiLabelSoftMarginLoss", lambda d: [d.any(4, 3), d.target(4, 3)]),
    "MultiMarginLoss": loss("MultiMarginLoss", lambda d: [d.any(4, 3), d.labels(4)]),
    "CosineEmbeddingLoss": loss("CosineEmbeddingLoss", lambda d: [d.any(4, 3), d.any(4, 3), d.signs(4)]),
    "MarginRankingLoss": loss("MarginRankingLoss", lambda d: [d.any(4), d.any(4), d.signs(4)], {"margin": 0.5}),
    "HingeEmbeddingLoss": loss("HingeEmbeddingLoss", lambda d: [d.any(4, 3), d.signs(4, 3)]),
    "TripletMarginLoss": loss("TripletMarginLoss", lambda d: [d.any(4, 3), d.any(4, 3), d.any(4, 3)], {"swap": True}),
    "TripletMarginWithDistanceLoss": loss(
        "TripletMarginWithDistanceLoss", lambda d: [d.any(4, 3), d.any(4, 3), d.any(4, 3)]
    ),
}
