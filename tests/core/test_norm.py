"""Normalization and dropout of lesson 09 and its companion against PyTorch: options, statistics, seeds, states, errors."""

import copy
import warnings

import numpy as np
import pytest
import torch
from against_torch import alike, same
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt
import tinytorch.nn as nn
import tinytorch.nn.functional as F

TF = torch.nn.functional
SIZES = st.integers(1, 4)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape) * 2 + 1


def check(name, x, *affine, args=(), layouts=("plain", "transposed"), **options):
    """The function `name` of x, and of its weight and bias where given, is PyTorch's, with all gradients."""
    functions = {tt: getattr(F, name), torch: getattr(TF, name)}
    names = ("weight", "bias")

    def call(t, x, *more):
        return functions[t](x, *args, **dict(zip(names, more, strict=False)), **options)

    alike(call, x, *affine, layouts=layouts, twice=False)


# ------------------------------------------------------------------------------------------------- functions


@given(st.integers(2, 5), SIZES, st.lists(SIZES, max_size=3), st.integers(0, 2), st.sampled_from([1e-5, 0.1]))
def test_batch_norm_in_training(n, c, rest, affine, eps):
    x = draw(n, c, *rest)
    check("batch_norm", x, *[draw(c, seed=i + 1) for i in range(affine)], args=(None, None), training=True, eps=eps)


@given(st.integers(0, 3), SIZES, st.lists(SIZES, max_size=2), st.integers(0, 2))
def test_batch_norm_in_evaluation(n, c, rest, affine):
    mean, var = draw(c), np.abs(draw(c, seed=1)) + 0.1
    names = ("weight", "bias")

    def call(t, x, *more):
        running = [t.tensor(a, dtype=x.dtype) for a in (mean, var)]
        return (F if t is tt else TF).batch_norm(x, *running, **dict(zip(names, more, strict=False)))

    alike(call, draw(n, c, *rest), *[draw(c, seed=i + 2) for i in range(affine)], layouts=("plain",), twice=False)


@given(st.lists(SIZES, max_size=2), st.lists(st.integers(2, 4), min_size=1, max_size=2), st.integers(0, 2))
def test_layer_norm(batch, shape, affine):
    check("layer_norm", draw(*batch, *shape), *[draw(*shape, seed=i + 1) for i in range(affine)], args=(shape,))


@given(st.lists(SIZES, max_size=2), st.lists(st.integers(2, 4), min_size=1, max_size=2), st.booleans(), st.booleans())
def test_rms_norm(batch, shape, affine, eps):
    weights = [draw(*shape, seed=1)] if affine else []
    check("rms_norm", draw(*batch, *shape), *weights, args=(shape,), **({"eps": 0.1} if eps else {}))


@given(
    SIZES, st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(2, 3), min_size=1, max_size=2), st.integers(0, 2)
)
def test_group_norm(n, groups, inside, rest, affine):
    c = groups * inside
    check("group_norm", draw(n, c, *rest), *[draw(c, seed=i + 1) for i in range(affine)], args=(groups,))


@given(SIZES, SIZES, st.lists(st.integers(2, 3), min_size=1, max_size=3), st.integers(0, 2))
def test_instance_norm(n, c, rest, affine):
    check("instance_norm", draw(n, c, *rest), *[draw(c, seed=i + 1) for i in range(affine)])


@given(SIZES, st.integers(1, 6), st.lists(SIZES, min_size=1, max_size=3), st.integers(1, 5))
def test_local_response_norm(n, c, rest, size):
    check("local_response_norm", draw(n, c, *rest), args=(size, 0.5, 0.7, 1.5), layouts=("plain",))


def test_layer_norm_of_no_examples():
    x = tt.zeros(0, 3, requires_grad=True)
    y = F.layer_norm(x, (3,))
    y.sum().backward()
    assert y.shape == (0, 3) and x.grad.shape == (0, 3)


def test_float32_with_a_large_mean():
    """The mean is subtracted before anything is squared."""
    x = (draw(8, 64) + 1000).astype(np.float32)
    for ours, theirs in [
        (F.layer_norm(tt.tensor(x), (64,)), TF.layer_norm(torch.tensor(x.astype(float)), (64,))),
        (
            F.batch_norm(tt.tensor(x), None, None, training=True),
            TF.batch_norm(torch.tensor(x.astype(float)), None, None, training=True),
        ),
    ]:
        assert ours.dtype is tt.float32
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-3)


# ------------------------------------------------------------------------------------------------- modules over time

TRACKING = [
    ("BatchNorm1d", (4,), {}, (5, 4)),
    ("BatchNorm1d", (4,), {"momentum": 0.7}, (3, 4, 2)),
    ("BatchNorm1d", (4,), {"momentum": None}, (5, 4)),
    ("BatchNorm1d", (4,), {"affine": False}, (5, 4)),
    ("BatchNorm1d", (4,), {"bias": False, "eps": 0.1}, (5, 4)),
    ("BatchNorm1d", (4,), {"track_running_stats": False}, (5, 4)),
    ("BatchNorm2d", (3,), {}, (2, 3, 4, 5)),
    ("BatchNorm2d", (3,), {"momentum": None}, (2, 3, 4, 5)),
    ("BatchNorm3d", (2,), {}, (2, 2, 3, 2, 2)),
    ("InstanceNorm1d", (3,), {"track_running_stats": True}, (2, 3, 5)),
    ("InstanceNorm2d", (3,), {"track_running_stats": True, "affine": True, "momentum": 0.3}, (2, 3, 4, 2)),
    ("InstanceNorm2d", (3,), {}, (3, 4, 2)),
    ("InstanceNorm3d", (3,), {"affine": True}, (2, 3, 2, 4, 2)),
    ("LayerNorm", ([3, 4],), {}, (2, 3, 4)),
    ("LayerNorm", (4,), {"bias": False}, (2, 4)),
    ("LayerNorm", (4,), {"elementwise_affine": False}, (2, 4)),
    ("GroupNorm", (2, 4), {}, (2, 4, 3)),
    ("GroupNorm", (2, 4), {"affine": False}, (2, 4, 3)),
    ("RMSNorm", (4,), {}, (2, 4)),
    ("RMSNorm", ((3, 4),), {"eps": 0.1, "elementwise_affine": False}, (2, 3, 4)),
]
tracking = pytest.mark.parametrize(
    ("name", "args", "options", "shape"), [pytest.param(*t, id=f"{t[0]}-{i}") for i, t in enumerate(TRACKING)]
)


def steps(t, module, batches):
    """Outputs, gradients and the state after each of the batches, in training and then in evaluation."""
    found = []
    for training in (True, False):
        module.train(training)
        for i, batch in enumerate(batches):
            x = t.tensor(batch, requires_grad=True)
            y = module(x)
            (y * t.tensor(draw(*batch.shape, seed=90 + i).astype(batch.dtype))).sum().backward()
            found += [y, x.grad, *(p.grad for p in module.parameters()), *(b * 1 for b in module.state_dict().values())]
    return found


@tracking
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_modules_over_several_batches(name, args, options, shape, kind):
    batches = [(draw(*shape, seed=i) * (i + 1)).astype(kind) for i in range(4)]
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    ours, theirs = ours.to(getattr(tt, kind)), theirs.to(getattr(torch, kind))
    tolerance = 1e-4 if kind == "float32" else 1e-9
    same(steps(tt, ours, batches), steps(torch, theirs, batches), rtol=tolerance, atol=tolerance / 10, what=name)


@tracking
def test_states_and_names_are_pytorchs(name, args, options, shape):
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs(torch.tensor(draw(*shape).astype(np.float32)))  # moves its statistics
    ours.load_state_dict({key: tt.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    x = draw(*shape, seed=1).astype(np.float32)
    same(ours.eval()(tt.tensor(x)), theirs.eval()(torch.tensor(x)), rtol=1e-4, atol=1e-5)
    for key, value in ours.state_dict().items():
        assert value.dtype.name == str(theirs.state_dict()[key].dtype)[6:], key


def test_running_statistics_by_hand():
    norm = nn.BatchNorm1d(1, momentum=0.25)
    norm(tt.tensor([[2.0], [4.0]]))  # mean 3, variance 1, unbiased 2
    assert norm.running_mean.tolist() == [0.75] and norm.running_var.tolist() == [1.25]
    assert norm.num_batches_tracked.item() == 1 and norm.num_batches_tracked.dtype is tt.int64
    norm.eval()(tt.tensor([[100.0], [200.0]]))
    assert norm.running_mean.tolist() == [0.75] and norm.num_batches_tracked.item() == 1, "eval() learns nothing"
    with tt.no_grad():
        norm.train()(tt.tensor([[2.0], [4.0]]))
    assert norm.running_mean.tolist() == [1.3125], "in training the statistics move without gradients too"
    norm.reset_running_stats()
    assert norm.running_mean.tolist() == [0] and norm.running_var.tolist() == [1]
    assert norm.num_batches_tracked.item() == 0


def test_the_plain_average_of_all_batches():
    norm = nn.BatchNorm1d(2, momentum=None)
    batches = [tt.tensor(draw(5, 2, seed=i)).float() for i in range(3)]
    for batch in batches:
        norm(batch)
    np.testing.assert_allclose(norm.running_mean.numpy(), np.mean([b.numpy().mean(0) for b in batches], 0), rtol=1e-5)
    np.testing.assert_allclose(
        norm.running_var.numpy(), np.mean([b.numpy().var(0, ddof=1) for b in batches], 0), rtol=1e-5
    )


def test_buffers_are_no_parameters_and_have_no_history():
    norm = nn.BatchNorm2d(3)
    norm(tt.randn(2, 3, 4, 4, requires_grad=True)).sum().backward()
    assert [name for name, _ in norm.named_parameters()] == ["weight", "bias"]
    assert all(b.grad_fn is None and not b.requires_grad for b in norm.buffers())


def test_the_output_forgets_scale_and_shift_of_its_input():
    tt.manual_seed(0)
    x = tt.randn(6, 4, 5, dtype=tt.float64)
    for norm in (nn.BatchNorm1d(4), nn.LayerNorm(5), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)):
        norm = norm.to(tt.float64)
        np.testing.assert_allclose(norm(x * 300 + 70).detach().numpy(), norm(x).detach().numpy(), atol=1e-4)
    norm = nn.RMSNorm(5).to(tt.float64)
    np.testing.assert_allclose(norm(x * 300).detach().numpy(), norm(x).detach().numpy(), atol=1e-4)
    assert np.abs(norm(x + 70).detach().numpy() - norm(x).detach().numpy()).max() > 0.1, "RMSNorm keeps the mean"


def test_a_chain_of_blocks_learns():
    tt.manual_seed(0)
    net = nn.Sequential(nn.BasicBlock(2, 4, 2), nn.BasicBlock(4, 4), nn.Flatten(), nn.Linear(36, 2))
    assert net[1].downsample is None and len(net[0].downsample) == 2
    x, truth = tt.randn(8, 2, 5, 6), tt.tensor([0, 1] * 4)
    optimizer = tt.optim.SGD(net.parameters(), lr=0.05)
    losses = []
    for _ in range(15):
        loss = F.cross_entropy(net(x), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 5


# ------------------------------------------------------------------------------------------------- dropout

DROPOUTS = {
    "Dropout": (64, 50),
    "Dropout1d": (64, 50, 2),
    "Dropout2d": (64, 50, 2, 3),
    "Dropout3d": (64, 50, 2, 1, 2),
}


@pytest.mark.parametrize("name", DROPOUTS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_and_scales(name, p):
    tt.manual_seed(0)
    drop = getattr(nn, name)(p)
    x = tt.ones(*DROPOUTS[name], requires_grad=True)
    y = drop(x)
    kept = 1 / (1 - p)
    values = y.detach().numpy().reshape(64, 50, -1)
    assert ((values == 0) | np.isclose(values, kept)).all(), "an element is 0 or scaled"
    assert (values == values[:, :, :1]).all(), "a channel is dropped as a whole"
    assert abs((values[:, :, 0] == 0).mean() - p) < 0.03
    assert y.dtype is tt.float32
    y.backward(tt.full(y.shape, 3.0))
    np.testing.assert_allclose(
        x.grad.numpy(), 3 * y.detach().numpy(), rtol=1e-6, err_msg="the gradient takes the same mask"
    )
    other = drop(x)
    assert not tt.equal(other, y), "each call draws anew"
    assert drop.eval()(x) is x, "evaluation changes nothing"


@pytest.mark.parametrize("name", [*DROPOUTS, "AlphaDropout"])
def test_dropout_at_the_ends(name):
    x = tt.ones(*DROPOUTS.get(name, (4, 3)), requires_grad=True)
    assert tt.equal(getattr(nn, name)(0.0)(x), x)
    y = getattr(nn, name)(1.0)(x)
    y.sum().backward()
    assert not y.detach().numpy().any() and not x.grad.numpy().any()
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"dropout probability has to be between 0 and 1, but got"):
            getattr(nn, name)(p)
    assert repr(getattr(nn, name)(0.2, inplace=True)) == repr(getattr(torch.nn, name)(0.2, inplace=True))


def test_dropout_takes_the_default_generator():
    x = tt.ones(20, 20)
    tt.manual_seed(5)
    first, second = F.dropout(x), F.dropout(x)
    tt.manual_seed(5)
    assert tt.equal(F.dropout(x), first) and tt.equal(F.dropout(x), second) and not tt.equal(first, second)
    state = tt.get_rng_state()
    third = F.dropout(x)
    tt.set_rng_state(state)
    assert tt.equal(F.dropout(x), third)


def test_functions_drop_in_training_only():
    x = tt.ones(4, 3, 2)
    for name in ("dropout", "dropout1d", "dropout2d"):
        assert getattr(F, name)(x, training=False) is x
        assert not tt.equal(getattr(F, name)(x, p=0.9), x), "training=True is the default"
    assert F.alpha_dropout(x) is x, "where alpha_dropout's default is False, as in PyTorch"


@pytest.mark.parametrize("name", [*DROPOUTS, "AlphaDropout"])
def test_dropout_in_place(name):
    tt.manual_seed(1)
    x = tt.randn(*DROPOUTS.get(name, (4, 3)), requires_grad=True)
    tt.manual_seed(2)
    expected = getattr(nn, name)()(x * 2)
    inner = x * 2
    tt.manual_seed(2)
    result = getattr(nn, name)(inplace=True)(inner)
    assert result is inner and tt.equal(result, expected)
    (mine,) = tt.autograd.grad(result.sum(), x)
    (other,) = tt.autograd.grad(expected.sum(), x)
    assert tt.equal(mine, other)


def test_dropout_without_a_batch():
    tt.manual_seed(0)
    for name, shape in (("dropout1d", (40, 3)), ("dropout3d", (40, 3, 2, 2))):
        values = getattr(F, name)(tt.ones(*shape)).numpy().reshape(40, -1)
        assert (values == values[:, :1]).all() and set(values[:, 0]) == {0.0, 2.0}


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(p):
    tt.manual_seed(0)
    x = tt.randn(100_000)
    y = F.alpha_dropout(x, p, training=True).numpy()
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    floor, count = np.unique(y, return_counts=True)
    most = floor[count.argmax()]
    theirs = TF.alpha_dropout(torch.zeros(1000), p, training=True).unique()
    ours = np.unique(F.alpha_dropout(tt.zeros(1000), p, training=True).numpy())
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4)
    np.testing.assert_allclose(most, theirs.min().item(), rtol=1e-4)
    assert abs((y == most).mean() - p) < 0.01


# ------------------------------------------------------------------------------------------------- weight norm


def pairs(t, layer, dim):
    make = {
        "Linear": lambda: t.nn.Linear(3, 4),
        "Conv2d": lambda: t.nn.Conv2d(2, 3, (2, 3)),
    }[layer]
    return t.nn.utils.weight_norm(make(), dim=dim)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("layer", "shape"), [("Linear", (5, 3)), ("Conv2d", (2, 2, 4, 5))])
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(layer, shape, dim):
    ours, theirs = pairs(tt, layer, dim), pairs(torch, layer, dim)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    with tt.no_grad(), torch.no_grad():
        ours.weight_g.mul_(1.5), theirs.weight_g.mul_(1.5)
        ours.weight_v.add_(0.1), theirs.weight_v.add_(0.1)
    x = draw(*shape).astype(np.float32)
    results = []
    for t, module in ((tt, ours), (torch, theirs)):
        given = t.tensor(x, requires_grad=True)
        output = module(given)
        (output * output).sum().backward()
        results.append([output, given.grad, *(p.grad for p in module.parameters())])
    same(*results, rtol=1e-3, atol=1e-4)
    before = ours(tt.tensor(x))
    ours, theirs = (t.nn.utils.remove_weight_norm(m) for t, m in ((tt, ours), (torch, theirs)))
    assert set(ours.state_dict()) == set(theirs.state_dict()) == {"weight", "bias"}
    same(ours(tt.tensor(x)), theirs(torch.tensor(x)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours(tt.tensor(x)).detach().numpy(), before.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert "forward" not in vars(ours)


def test_weight_norm_learns_and_is_kept_apart_in_a_copy():
    tt.manual_seed(0)
    layer = nn.utils.weight_norm(nn.Linear(3, 2))
    twin = copy.deepcopy(layer)
    x = tt.randn(4, 3)
    optimizer = tt.optim.SGD(layer.parameters(), lr=0.1)
    before = layer(x).detach().clone()
    (layer(x) ** 2).sum().backward()
    optimizer.step()
    assert not np.allclose(layer(x).detach().numpy(), before.numpy()), "the weight follows g and v"
    np.testing.assert_allclose(twin(x).detach().numpy(), before.numpy(), rtol=1e-6)


def test_weight_norm_of_two_weights():
    layer = nn.Bilinear(2, 3, 4)
    nn.utils.weight_norm(layer, "weight")
    with pytest.raises(RuntimeError, match="two weight_norm hooks on the same parameter weight"):
        nn.utils.weight_norm(layer, "weight")
    nn.utils.weight_norm(layer, "bias", dim=None)
    assert set(layer.state_dict()) == {"weight_g", "weight_v", "bias_g", "bias_v"}
    layer(tt.randn(5, 2), tt.randn(5, 3)).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    nn.utils.remove_weight_norm(layer, "bias")
    assert set(layer.state_dict()) == {"weight_g", "weight_v", "bias"}
    for name in ("bias", "other"):
        with pytest.raises(ValueError, match=f"weight_norm of '{name}' not found"):
            nn.utils.remove_weight_norm(layer, name)


# ------------------------------------------------------------------------------------------------- errors

ERRORS = [
    (lambda t: t.nn.BatchNorm1d(3)(t.randn(1, 3)), ValueError, "Expected more than 1 value per channel when training"),
    (lambda t: t.nn.BatchNorm2d(3)(t.randn(1, 3, 1, 1)), ValueError, "Expected more than 1 value per channel"),
    (lambda t: t.nn.BatchNorm1d(3)(t.randn(3)), ValueError, "expected 2D or 3D input .got 1D input"),
    (lambda t: t.nn.BatchNorm2d(3)(t.randn(2, 3)), ValueError, "expected 4D input .got 2D input"),
    (lambda t: t.nn.BatchNorm3d(3)(t.randn(2, 3)), ValueError, "expected 5D input .got 2D input"),
    (lambda t: t.nn.BatchNorm1d(3)(t.randn(2, 4)), RuntimeError, "running_mean should contain 4 elements not 3"),
    (
        lambda t: t.nn.functional.batch_norm(t.randn(2, 3), None, None),
        RuntimeError,
        "Expected running_mean and running_var to be defined",
    ),
    (
        lambda t: t.nn.functional.batch_norm(t.randn(2, 3), None, None, training=True, eps=0),
        ValueError,
        "eps must be pos",
    ),
    (lambda t: t.nn.BatchNorm1d(3)(t.ones(2, 3).long()), RuntimeError, None),
    (
        lambda t: t.nn.LayerNorm(3)(t.randn(2, 4)),
        RuntimeError,
        r"Given normalized_shape=\[3\], expected input with shape",
    ),
    (lambda t: t.nn.LayerNorm((2, 3))(t.randn(3)), RuntimeError, r"expected input with shape \[\*, 2, 3\]"),
    (lambda t: t.nn.functional.layer_norm(t.randn(2, 3), (3,), t.ones(2)), RuntimeError, None),
    (lambda t: t.nn.functional.layer_norm(t.randn(2, 3), ()), RuntimeError, None),
    (lambda t: t.nn.LayerNorm(3)(t.ones(2, 3).long()), RuntimeError, None),
    (
        lambda t: t.nn.RMSNorm(3)(t.randn(2, 4)),
        RuntimeError,
        r"Given normalized_shape=\[3\], expected input with shape",
    ),
    (lambda t: t.nn.GroupNorm(3, 4), ValueError, "must be divisible by num_groups"),
    (lambda t: t.nn.GroupNorm(2, 4)(t.randn(2, 3, 2)), RuntimeError, None),
    (lambda t: t.nn.functional.group_norm(t.randn(2, 4, 2), 2, t.ones(3)), RuntimeError, None),
    (lambda t: t.nn.GroupNorm(4, 4)(t.randn(1, 4)), ValueError, "Expected more than 1 value per channel"),
    (
        lambda t: t.nn.InstanceNorm1d(3)(t.randn(2, 3, 1)),
        ValueError,
        "Expected more than 1 spatial element when training",
    ),
    (lambda t: t.nn.InstanceNorm2d(3)(t.randn(2, 3)), ValueError, "expected 3D or 4D input .got 2D input"),
    (
        lambda t: t.nn.InstanceNorm2d(3, affine=True)(t.randn(2, 4, 3, 3)),
        ValueError,
        "expected input's size at dim=1 to match num_features",
    ),
    (lambda t: t.nn.functional.dropout1d(t.randn(2)), RuntimeError, "expected 2D or 3D input, but received a 1D input"),
    (lambda t: t.nn.functional.dropout(t.randn(2), 2.0), ValueError, "probability has to be between 0 and 1"),
    (lambda t: t.nn.functional.local_response_norm(t.randn(2, 3), 2), ValueError, "Expected 3D or higher"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors_are_pytorchs(call, kind, text):
    with pytest.raises(kind):
        call(torch)
    with pytest.raises(kind, match=text):
        call(tt)


def test_a_refused_batch_leaves_the_statistics_alone():
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="more than 1 value"):
        norm(tt.ones(1, 3))
    assert norm.running_mean.tolist() == [0, 0, 0] and norm.running_var.tolist() == [1, 1, 1]


def test_instance_norm_of_other_channels_is_warned_of():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.InstanceNorm2d(3)(tt.randn(2, 4, 3, 3))
    assert "num_features" in str(caught[0].message)
