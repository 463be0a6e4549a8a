"""The losses of lesson 04 and its companion against PyTorch: options, derivatives, corners, errors."""

import math
import warnings

import numpy as np
import pytest
import torch
from against_torch import alike, same, some
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch import backends


@pytest.fixture(scope="module", autouse=True)
def own():
    with backends.use("lessons"):
        yield


REDUCTIONS = ("none", "mean", "sum")
RNG = np.random.default_rng(7)


def both(name):
    return {tt: getattr(F, name), torch: getattr(torch.nn.functional, name)}


def check(name, *arrays, constants=(), layouts=("plain",), twice=True, options=None, **more):
    """The loss of tracked `arrays` and of `constants` is PyTorch's; arrays among the options become tensors."""
    function, options = both(name), {**(options or {}), **more}

    def call(t, *inputs):
        def given(value):
            if not isinstance(value, np.ndarray):
                return value
            return t.tensor(value, dtype=inputs[0].dtype if value.dtype.kind == "f" else None)

        named = {key: given(value) for key, value in options.items()}
        return function[t](*inputs, *map(given, constants), **named)

    alike(call, *arrays, layouts=layouts, twice=twice)


def raises_like_torch(name, make, match=None):
    """Both raise; ours an error of PyTorch's kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as theirs:
            make(torch, both(name)[torch])
        kind = next(k for k in (IndexError, ValueError, RuntimeError, TypeError) if issubclass(theirs.type, k))
        with pytest.raises(kind, match=match):
            make(tt, both(name)[tt])


def classes(*shape, n=4, dtype=np.int64):
    return np.random.default_rng(5).integers(0, n, shape).astype(dtype)


# Classes: cross_entropy and nll_loss

SHAPES = [((5, 4), (5,)), ((4,), ()), ((2, 4, 3), (2, 3)), ((2, 4, 3, 2), (2, 3, 2)), ((1, 4), (1,)), ((0, 4), (0,))]
OPTIONS = [
    {},
    {"weight": np.array([0.5, 2.0, 0.0, 1.3])},
    {"ignore_index": 1},
    {"ignore_index": 2, "weight": np.array([0.5, 2.0, 0.7, 1.3])},
]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "+".join(o) or "plain")
@pytest.mark.parametrize("scores, target", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_classes(name, scores, target, options, reduction):
    if target == () and "ignore_index" in options:
        return  # PyTorch's gradient of a single ignored class is nan here and 0 there
    layouts = ("plain", "transposed") if len(scores) == 2 else ("plain",)
    check(name, some(*scores), constants=[classes(*target)], layouts=layouts, reduction=reduction, options=options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "+".join(o) or "plain")
@pytest.mark.parametrize("scores, target", SHAPES[:4], ids=str)
def test_label_smoothing(scores, target, options, reduction):
    if target == () and options:
        return
    check(
        "cross_entropy",
        some(*scores),
        constants=[classes(*target)],
        reduction=reduction,
        label_smoothing=0.2,
        options=options,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0, 0.7, 1.3])], ids=["plain", "weight"])
@pytest.mark.parametrize("shape", [s for s, _ in SHAPES], ids=str)
def test_probabilities(shape, weight, smoothing, reduction):
    truth = np.exp(some(*shape, seed=1))
    check(
        "cross_entropy", some(*shape), truth, reduction=reduction, label_smoothing=smoothing, options={"weight": weight}
    )


@given(n=st.integers(1, 5), c=st.integers(1, 6), inner=st.lists(st.integers(0, 3), max_size=2), data=st.data())
def test_any_shape(n, c, inner, data):
    x, t = some(n, c, *inner).astype(np.float32), classes(n, *inner, n=c)
    ignored = data.draw(st.integers(-1, c - 1))
    options = {"ignore_index": ignored, "reduction": data.draw(st.sampled_from(REDUCTIONS))}
    ours, theirs = tt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a = F.cross_entropy(ours, tt.tensor(t), **options)
    b = torch.nn.functional.cross_entropy(theirs, torch.tensor(t), **options)
    same(a, b)
    a.sum().backward()
    b.sum().backward()
    same(ours.grad, theirs.grad)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_extreme_scores(kind, reduction):
    x = np.array([[1000, 0, -1000], [-1000, 1000, 0], [0, -np.inf, 2], [-np.inf, -np.inf, 1], [3e4, 3e4, -3e4]], kind)
    t = np.array([0, 0, 2, 2, 1])
    results = {}
    for module, function in both("cross_entropy").items():
        leaf = module.tensor(x, requires_grad=True)
        loss = function(leaf, module.tensor(t), reduction=reduction)
        loss.sum().backward()
        results[module] = loss, leaf.grad
    same(results[tt], results[torch], 1e-5, 1e-7)
    assert np.isfinite(results[tt][1].numpy()).all()


def test_bytes_are_classes():
    check("cross_entropy", some(5, 4), constants=[classes(5, dtype=np.uint8)])


def test_all_ignored():
    for name in ("cross_entropy", "nll_loss"):
        x = tt.tensor(some(3, 4).astype(np.float32), requires_grad=True)
        t = tt.tensor([-100, -100, -100])
        assert math.isnan(both(name)[tt](x, t).item())
        assert both(name)[tt](x, t, reduction="none").tolist() == [0, 0, 0]
        both(name)[tt](x, t, reduction="sum").backward()
        assert np.abs(x.grad.numpy()).max() == 0


def test_ignored_rows_may_hold_anything():
    x = tt.tensor([[np.nan, 1.0], [0.5, 1.0]], requires_grad=True)
    loss = F.nll_loss(x, tt.tensor([-100, 1]))
    loss.backward()
    assert loss.item() == -1 and x.grad.tolist() == [[0, 0], [0, -1]]


def test_first_loss_is_a_guess():
    assert abs(F.cross_entropy(tt.zeros(8, 10), tt.tensor([3] * 8)).item() - math.log(10)) < 1e-6


def test_gradient_is_probability_minus_truth():
    x = tt.tensor(some(6, 3), requires_grad=True)
    t = classes(6, n=3)
    F.cross_entropy(x, tt.tensor(t)).backward()
    np.testing.assert_allclose(
        x.grad.numpy(), (F.softmax(x.detach(), 1).numpy() - np.eye(3)[t]) / 6, rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(x.grad.numpy().sum(1), 0, atol=1e-14)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize(
    "scores, target, match",
    [
        ((3, 4), [0, 1], r"batch_size \(3\).*\(2\)"),
        ((3, 4), [0, 1, 4], "Target 4 is out of bounds"),
        ((3, 4), [0, 1, -1], "Target -1 is out of bounds"),
        ((3, 0), [0, 0, 0], "out of bounds"),
        ((3, 4), [0.0, 1.0, 2.0], "long()"),
        ((3, 4), [[0], [1], [2]], r"\[3\], got \[3, 1\]"),
        ((2, 4, 3), [[0, 1], [0, 1]], r"\[2, 3\], got \[2, 2\]"),
        ((4,), [0, 1], "single class"),
        ((), 0, None),  # equal shapes: cross_entropy takes it for a probability
    ],
    ids=str,
)
def test_classes_errors(name, scores, target, match):
    raises_like_torch(name, lambda t, f: f(t.zeros(scores), t.tensor(target)), match)


def test_option_errors():
    indices = [0, 1, 2]
    for call in [
        lambda t, f: f(t.zeros(3, 4), t.tensor(indices), weight=t.ones(3)),
        lambda t, f: f(t.zeros(3, 4), t.tensor(indices), weight=t.ones(4, dtype=t.float64)),
        lambda t, f: f(t.zeros(3, 4), t.tensor(indices), reduction="avg"),
        lambda t, f: f(t.zeros(3, 4), t.tensor(indices), label_smoothing=1.5),
        lambda t, f: f(t.zeros(3, 4), t.zeros(3, 4), ignore_index=1),
        lambda t, f: f(t.zeros(3, 4), t.zeros(3, 4).long()),
        lambda t, f: f(t.zeros(3, 4), t.zeros(3, 3)),
        lambda t, f: f(t.zeros(3, 4), t.tensor(indices, dtype=t.int32)),
        lambda t, f: f(t.zeros(3, 4).long(), t.tensor(indices)),
    ]:
        raises_like_torch("cross_entropy", call)


@pytest.mark.parametrize("old", [{"size_average": False}, {"reduce": False}, {"size_average": True}], ids=str)
def test_old_reduction(old):
    x, t = some(3, 4), classes(3)
    for name in ("cross_entropy", "nll_loss"):
        with pytest.warns(UserWarning, match="please use reduction"):
            ours = both(name)[tt](tt.tensor(x), tt.tensor(t), **old)
        with pytest.warns(UserWarning):
            theirs = both(name)[torch](torch.tensor(x), torch.tensor(t), **old)
        same(ours, theirs)


# Numbers and distributions

TWO = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "binary_cross_entropy",
       "kl_div", "poisson_nll_loss", "soft_margin_loss", "multilabel_soft_margin_loss"]  # fmt: skip


def pair(name, *shape):
    x, t = some(*shape), some(*shape, seed=1)
    if name == "binary_cross_entropy":
        x = np.asarray(1 / (1 + np.exp(-x)))
    if name in ("binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "multilabel_soft_margin_loss"):
        t = np.asarray(1 / (1 + np.exp(-t)))
    return x, t


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 3), (5,), (0, 3), ()], ids=str)
@pytest.mark.parametrize("name", TWO)
def test_pairs(name, shape, reduction):
    if name == "multilabel_soft_margin_loss" and not shape:
        return
    x, t = pair(name, *shape)
    if name == "soft_margin_loss":  # PyTorch's is not differentiable in the target
        check(name, x, constants=[t], reduction=reduction)
    elif "binary" in name or "multilabel" in name:  # the squares of `twice` would leave [0, 1]
        check(name, x, t, twice=False, reduction=reduction)
        if name != "binary_cross_entropy":
            check(name, x, constants=[t], reduction=reduction)
    else:
        check(name, x, t, layouts=("plain", "transposed"), reduction=reduction)


EXTRA = [
    ("smooth_l1_loss", {"beta": 0.5}),
    ("smooth_l1_loss", {"beta": 2}),
    ("smooth_l1_loss", {"beta": 0}),
    ("huber_loss", {"delta": 0.3}),
    ("mse_loss", {"weight": np.array([[0.5, 1, 2], [3, 1, 0.0]])}),
    ("l1_loss", {"weight": np.array([[0.5, 1, 2], [3, 1, 0.0]])}),
    ("huber_loss", {"delta": 2.0, "weight": np.array([[0.5, 1, 2], [3, 1, 0.0]])}),
    ("binary_cross_entropy_with_logits", {"weight": np.array([0.5, 1, 2])}),
    ("binary_cross_entropy_with_logits", {"pos_weight": np.array([0.5, 1, 2])}),
    ("binary_cross_entropy_with_logits", {"pos_weight": np.array(3.0), "weight": np.array([[2.0], [0.1]])}),
    ("binary_cross_entropy", {"weight": np.array([0.5, 1, 2])}),
    ("kl_div", {"log_target": True}),
    ("poisson_nll_loss", {"log_input": False, "eps": 1e-3}),
    ("poisson_nll_loss", {"full": True}),
    ("multilabel_soft_margin_loss", {"weight": np.array([0.5, 1, 2])}),
]


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name, options", EXTRA, ids=[f"{n}-{'+'.join(o)}" for n, o in EXTRA])
def test_pair_options(name, options, reduction):
    x, t = pair(name, 2, 3)
    if name == "poisson_nll_loss":
        x, t = np.abs(x) + 0.5, np.abs(t) * 3
    check(name, x, constants=[t], twice=name != "binary_cross_entropy", reduction=reduction, options=options)


def test_binary_cross_entropy_twice():
    """At the corners too; PyTorch's second derivative is there, but ours must be its derivative."""
    p = tt.tensor([0.2, 0.7, 0.5], dtype=tt.float64, requires_grad=True)
    t = tt.tensor([0.0, 1.0, 0.3], dtype=tt.float64)
    (slope,) = tt.autograd.grad(F.binary_cross_entropy(p, t, reduction="sum"), p, create_graph=True)
    (curvature,) = tt.autograd.grad(slope.sum(), p)
    np.testing.assert_allclose(
        curvature.numpy(), t.numpy() / p.detach().numpy() ** 2 + (1 - t.numpy()) / (1 - p.detach().numpy()) ** 2
    )


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
def test_binary_extremes(kind, target):
    x = np.array([-1000, -100, -88.8, -1, 0, 1, 88.8, 100, 1000], kind)
    results = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for t, function in both("binary_cross_entropy_with_logits").items():
            leaf = t.tensor(x, requires_grad=True)
            loss = function(leaf, t.full((9,), target, dtype=getattr(t, kind)), reduction="none")
            loss.sum().backward()
            results[t] = loss, leaf.grad
    same(results[tt], results[torch], 1e-5, 1e-7)


def test_binary_cross_entropy_ends():
    for p, t in [(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (1e-30, 1.0), (0.5, 0.5)]:
        results = {}
        for module, function in both("binary_cross_entropy").items():
            leaf = module.tensor([p], requires_grad=True)
            loss = function(leaf, module.tensor([t]))
            loss.backward()
            results[module] = loss, leaf.grad
        same(results[tt], results[torch])


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.filterwarnings("ignore:reduction")
def test_kl_div(reduction, log_target):
    x, t = pair("kl_div", 3, 4)
    check("kl_div", x, t, reduction=reduction, log_target=log_target)


def test_kl_div_of_zero():
    for t, function in both("kl_div").items():
        assert function(t.tensor([[-1.0, -2.0]]), t.tensor([[0.0, 1.0]]), reduction="sum").item() == 2
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(tt.zeros(1, 2), tt.ones(1, 2))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (4,)], ids=str)
def test_gaussian(shape, full, reduction):
    check(
        "gaussian_nll_loss",
        some(4, 3),
        some(4, 3, seed=1),
        0.2 + some(*shape, seed=2) ** 2,
        full=full,
        reduction=reduction,
    )


def test_gaussian_small_variance():
    results = {}
    for t, function in both("gaussian_nll_loss").items():
        var = t.tensor([0.0, 1e-9, 2.0], requires_grad=True)
        loss = function(t.tensor([1.0, 2.0, 3.0]), t.tensor([1.0, 1.0, 1.0]), var, eps=1e-2, reduction="none")
        loss.sum().backward()
        results[t] = loss, var.grad
    same(results[tt], results[torch])
    same(
        F.gaussian_nll_loss(tt.ones(2), tt.zeros(2), 2.0),
        torch.nn.functional.gaussian_nll_loss(torch.ones(2), torch.zeros(2), 2.0),
    )
    for var in ([1.0, -1.0, 1.0], [1.0, 1.0]):
        raises_like_torch("gaussian_nll_loss", lambda t, f, var=var: f(t.ones(3), t.zeros(3), t.tensor(var)))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcast_warns(name):
    with pytest.warns(UserWarning, match="target size"):
        ours = both(name)[tt](tt.tensor([[1.0], [2.0]]), tt.tensor([1.0, 5.0]))
    with pytest.warns(UserWarning):
        theirs = both(name)[torch](torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 5.0]))
    same(ours, theirs)


def test_pair_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raises_like_torch("mse_loss", lambda t, f: f(t.zeros(3, 4), t.zeros(3)))
        raises_like_torch("mse_loss", lambda t, f: f(t.zeros(3), t.zeros(3), reduction="max"), "max")
    raises_like_torch("binary_cross_entropy_with_logits", lambda t, f: f(t.zeros(3, 1), t.zeros(3)), "same as input")
    raises_like_torch("binary_cross_entropy_with_logits", lambda t, f: f(t.zeros(3), t.zeros(3).long()))
    raises_like_torch("binary_cross_entropy", lambda t, f: f(t.zeros(3, 1), t.zeros(3)))
    raises_like_torch("binary_cross_entropy", lambda t, f: f(t.tensor([1.5]), t.zeros(1)), "between 0 and 1")
    raises_like_torch("smooth_l1_loss", lambda t, f: f(t.zeros(3), t.zeros(3), beta=-1), "beta")
    raises_like_torch("huber_loss", lambda t, f: f(t.zeros(3), t.zeros(3), delta=0), "delta")


# Margins

SIGNS = np.array([1.0, -1.0, 1.0, -1.0, -1.0])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [None, 0.4])
def test_margins(margin, reduction):
    options = {"reduction": reduction} | ({} if margin is None else {"margin": margin})
    a, b, c = (some(5, 4, seed=i) for i in range(3))
    check("cosine_embedding_loss", a, b, constants=[SIGNS], options=options)
    check("cosine_embedding_loss", a[0], b[0], constants=[np.array(-1.0)], options=options)
    check("margin_ranking_loss", a[:, 0].copy(), b[:, 0].copy(), constants=[SIGNS], options=options)
    check("hinge_embedding_loss", a[:, 0].copy(), constants=[SIGNS], options=options)
    for more in ({}, {"p": 1}, {"p": 3, "eps": 1e-3}, {"swap": True}):
        check("triplet_margin_loss", a, b, c, options=options | more)
    check("triplet_margin_loss", a[0], b[0], c[0], options=options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "options", [{}, {"p": 2}, {"margin": 0.3}, {"p": 2, "weight": np.array([0.5, 2.0, 0.7, 1.3])}], ids=str
)
def test_multi_margin(options, reduction):
    check("multi_margin_loss", some(5, 4), constants=[classes(5)], twice=False, reduction=reduction, options=options)
    check("multi_margin_loss", some(4), constants=[classes()], twice=False, reduction=reduction, options=options)


@pytest.mark.parametrize("swap", [False, True])
def test_triplet_with_distance(swap):
    def call(t, a, b, c):
        function = both("triplet_margin_with_distance_loss")[t]
        return function(a, b, c, distance_function=lambda x, y: 1 - (x * y).sum(-1), swap=swap, margin=0.5)

    alike(call, *(some(5, 4, seed=i) for i in range(3)), layouts=("plain",))


def test_margin_errors():
    raises_like_torch("cosine_embedding_loss", lambda t, f: f(t.zeros(3, 2), t.zeros(3, 2), t.ones(3, 1)))
    raises_like_torch("margin_ranking_loss", lambda t, f: f(t.zeros(3), t.zeros(3), t.ones(3, 1)))
    raises_like_torch("triplet_margin_loss", lambda t, f: f(t.zeros(3, 2), t.zeros(3, 2), t.zeros(2)))
    raises_like_torch(
        "triplet_margin_loss", lambda t, f: f(t.zeros(3, 2), t.zeros(3, 2), t.zeros(3, 2), margin=0), "margin"
    )
    raises_like_torch("multi_margin_loss", lambda t, f: f(t.zeros(3, 2), t.tensor([0, 1, 0]), p=3))


# Modules

WEIGHT = np.array([0.5, 2.0, 0.7, 1.3], np.float32)
MODULES = [
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.1}, [(5, 4)], [classes(5)]),
    ("NLLLoss", {"weight": WEIGHT, "reduction": "sum"}, [(5, 4)], [classes(5)]),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHT}, [(5, 4)], [classes(5)]),
    ("MSELoss", {"reduction": "none"}, [(5, 4), (5, 4)], []),
    ("L1Loss", {}, [(5, 4), (5, 4)], []),
    ("SmoothL1Loss", {"beta": 0.3}, [(5, 4), (5, 4)], []),
    ("HuberLoss", {"delta": 0.3, "reduction": "sum"}, [(5, 4), (5, 4)], []),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT}, [(5, 4)], [np.float32(classes(5, 4, n=2))]),
    ("KLDivLoss", {"reduction": "batchmean", "log_target": True}, [(5, 4), (5, 4)], []),
    ("SoftMarginLoss", {}, [(5,)], [np.float32(SIGNS)]),
    ("MultiLabelSoftMarginLoss", {"weight": WEIGHT}, [(5, 4)], [np.float32(classes(5, 4, n=2))]),
    ("CosineEmbeddingLoss", {"margin": 0.2}, [(5, 4), (5, 4)], [np.float32(SIGNS)]),
    ("MarginRankingLoss", {"margin": 0.2}, [(5,), (5,)], [np.float32(SIGNS)]),
    ("HingeEmbeddingLoss", {"margin": 0.2}, [(5,)], [np.float32(SIGNS)]),
    ("TripletMarginLoss", {"margin": 0.2, "p": 1, "swap": True}, [(5, 4)] * 3, []),
    ("TripletMarginWithDistanceLoss", {"margin": 0.2, "swap": True}, [(5, 4)] * 3, []),
    ("PoissonNLLLoss", {"full": True}, [(5,)], [np.float32([0, 1, 2, 3, 4])]),
    ("GaussianNLLLoss", {"full": True, "eps": 1e-3}, [(5,)], [np.zeros(5, np.float32), np.ones(5, np.float32)]),
]


@pytest.mark.parametrize("name, options, tracked, constants", MODULES, ids=[m[0] for m in MODULES])
def test_modules(name, options, tracked, constants):
    results, shown = {}, {}
    for t, package in ((tt, nn), (torch, torch.nn)):
        module = getattr(package, name)(
            **{k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        )
        inputs = [t.tensor(some(*s, seed=i).astype(np.float32), requires_grad=True) for i, s in enumerate(tracked)]
        loss = module(*inputs, *map(t.tensor, constants))
        loss.sum().backward()
        results[t] = [loss, *(x.grad for x in inputs)]
        shown[t] = repr(module), list(module.state_dict()), module.reduction
        assert repr(getattr(package, name)()) == repr(getattr(torch.nn, name)())
    same(results[tt], results[torch], 1e-4, 1e-6)
    assert shown[tt] == shown[torch]


def test_bce_module():
    p = np.float32(1 / (1 + np.exp(-some(5, 4))))
    t = np.float32(classes(5, 4, n=2))
    same(
        nn.BCELoss(tt.tensor(WEIGHT))(tt.tensor(p), tt.tensor(t)),
        torch.nn.BCELoss(torch.tensor(WEIGHT))(torch.tensor(p), torch.tensor(t)),
    )
    assert repr(nn.BCELoss()) == "BCELoss()"


def test_old_reduction_of_modules():
    with pytest.warns(UserWarning):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning):
        assert nn.CrossEntropyLoss(None, True, -100, False).reduction == "none"


def test_weights_move_with_the_module():
    loss = nn.CrossEntropyLoss(tt.tensor(WEIGHT)).to(tt.float64)
    assert loss.weight.dtype is tt.float64
    x = tt.tensor(some(5, 4), requires_grad=True)
    assert loss(x, tt.tensor(classes(5))).dtype is tt.float64


def test_memory_of_a_loop_is_freed():
    """Nothing of a step is left after it: the node holds no arrays once it has been walked."""
    x = tt.tensor(some(5, 4), requires_grad=True)
    loss = F.cross_entropy(x, tt.tensor(classes(5)))
    node = loss.grad_fn
    loss.backward()
    while node is not x and node is not None:
        assert not node.saved and not any(isinstance(v, np.ndarray) for v in getattr(node, "__dict__", {}).values())
        node = node.edges[0]
