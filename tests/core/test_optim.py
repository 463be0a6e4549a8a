"""The optimizers against PyTorch's: same start, same gradients, same numbers."""

import copy
import math
import warnings

import numpy as np
import pytest
import torch

from tinytorch import backends, optim
from tinytorch.nn.utils import clip_grad_norm_, clip_grad_value_
from tinytorch.tensor import Tensor, tensor


@pytest.fixture(scope="module", autouse=True)
def own():
    with backends.use("lessons"):
        yield


SHAPES = [(3, 4), (5,), (), (2, 1, 3), (0, 2)]
CASES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True, "foreach": False}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adam", {"lr": 0.1, "foreach": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.8}),
    ("RMSprop", {"centered": True, "eps": 1e-2}),
    ("RMSprop", {"centered": True, "momentum": 0.9, "eps": 1e-2, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "eps": 1e-3, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "fused": True}),
    ("SGD", {"lr": 0.1, "fused": True}),
    ("Adam", {"lr": 0.1, "fused": True, "amsgrad": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.4, 1.5), "step_sizes": (1e-3, 0.3), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.5, "beta2_decay": -0.5, "eps": (1e-4, 1e-2), "d": 1.5, "weight_decay": 0.1}),
    ("Adafactor", {"maximize": True}),
]
IDS = [f"{name}-{'-'.join(map(str, options))}" for name, options in CASES]


def pairs(kind="float32", shapes=SHAPES, seed=0):
    """The same leaves here and in PyTorch."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(kind) for shape in shapes]
    return [tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def shapes_for(name):
    """Adafactor measures its steps in the size of the parameter: neither we nor PyTorch can where there are no numbers."""
    return SHAPES[:4] if name == "Adafactor" else SHAPES


def give_gradients(rng, ours, theirs, skip=()):
    for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        grad = np.asarray(rng.standard_normal(p.shape) * 10.0 ** rng.integers(-3, 3), dtype=p.array.dtype)
        p.grad, q.grad = (None, None) if i in skip else (tensor(grad), torch.tensor(grad))


def agree(ours, theirs, roundings=16):
    """Equal but for some roundings of the largest number there, or of 1: the values start with about that size."""
    for p, q in zip(ours, theirs, strict=True):
        q = q.detach().numpy()
        assert p.array.dtype == q.dtype and p.shape == q.shape
        atol = roundings * np.finfo(q.dtype).eps * np.max(np.abs(q), initial=1)
        np.testing.assert_allclose(p.array, q, rtol=0, atol=atol)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_as_pytorch(name, options, kind):
    ours, theirs = pairs(kind, shapes_for(name))
    a, b = getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    memories, rng = [p.array for p in ours], np.random.default_rng(1)
    for step in range(25):
        give_gradients(rng, ours, theirs, skip=(1,) if step in (0, 7) else ())  # without a gradient: left alone
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            a.step()
        b.step()
        agree(ours, theirs)
    assert all(p.array is memory for p, memory in zip(ours, memories, strict=True))
    mine, its = a.state_dict(), b.state_dict()
    assert mine["param_groups"] == its["param_groups"]
    assert mine["state"].keys() == its["state"].keys()
    for i, state in its["state"].items():
        assert mine["state"][i].keys() == state.keys()
        for key, value in state.items():
            assert str(mine["state"][i][key].dtype).split(".")[1] == str(value.dtype).split(".")[1]
            np.testing.assert_allclose(mine["state"][i][key].array, value.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_resumes_bit_for_bit(name, options):
    shapes, make = shapes_for(name), getattr(optim, name)
    ours, other = pairs(shapes=shapes)[0], pairs(shapes=shapes, seed=9)[0]
    first, rng = make(ours, **options), np.random.default_rng(2)
    for _ in range(5):
        give_gradients(rng, ours, pairs(shapes=shapes)[1])
        first.step()
    saved = first.state_dict()
    for p, q in zip(other, ours, strict=True):
        p.array[...] = q.array
    second = make(other)  # other settings: those of the state count
    second.load_state_dict(saved)
    for _ in range(5):
        give_gradients(rng, ours, pairs(shapes=shapes)[1])
        for p, q in zip(other, ours, strict=True):
            p.grad = tensor(q.grad)
        first.step()
        second.step()
    assert all(p.array.tobytes() == q.array.tobytes() for p, q in zip(ours, other, strict=True))
    assert first.state_dict()["param_groups"] == second.state_dict()["param_groups"]


def test_loading_copies_and_takes_the_parameters_dtype():
    ours, _ = pairs("float64", [(2,)])
    source, _ = pairs("float32", [(2,)])
    first = optim.Adam(source)
    source[0].grad = tensor([1.0, 2.0])
    first.step()
    second = optim.Adam(ours)
    second.load_state_dict(first.state_dict())
    state = second.state[ours[0]]
    assert state["exp_avg"].array.dtype == np.float64 and state["step"].array.dtype == np.float32
    first.step()
    assert state["step"].item() == 1.0


def test_a_state_of_another_optimizer_is_refused():
    ours, _ = pairs()
    state = optim.SGD(ours).state_dict()
    with pytest.raises(ValueError, match="parameter groups"):
        optim.SGD([{"params": ours[:1]}, {"params": ours[1:]}]).load_state_dict(state)
    with pytest.raises(ValueError, match="the optimizer's group has 2"):
        optim.SGD(ours[:2]).load_state_dict(state)


def test_groups_as_pytorch():
    ours, theirs = pairs()

    def groups(p):
        return [{"params": p[:2], "lr": 0.5, "weight_decay": 0.1}, {"params": iter(p[2:4])}]

    a, b = optim.AdamW(groups(ours), lr=0.01), torch.optim.AdamW(groups(theirs), lr=0.01)
    a.add_param_group({"params": ours[4], "betas": (0.5, 0.6)})
    b.add_param_group({"params": theirs[4], "betas": (0.5, 0.6)})
    rng = np.random.default_rng(4)
    for _ in range(5):
        give_gradients(rng, ours, theirs)
        a.step()
        b.step()
    agree(ours, theirs)
    assert a.state_dict()["param_groups"] == b.state_dict()["param_groups"]
    assert repr(a) == repr(b)
    assert a.defaults == b.defaults


def test_named_parameters_as_pytorch():
    ours, theirs = pairs()
    names = ["a", "b", "c", "d", "e"]
    a = optim.SGD(list(zip(names, ours, strict=True)), lr=0.1)
    b = torch.optim.SGD(list(zip(names, theirs, strict=True)), lr=0.1)
    assert a.state_dict()["param_groups"] == b.state_dict()["param_groups"]
    a.load_state_dict(optim.SGD(ours, lr=0.3).state_dict())
    assert a.param_groups[0]["param_names"] == names and a.param_groups[0]["lr"] == 0.3


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda o, t, p: o.SGD([]), ValueError, "empty parameter list"),
        (lambda o, t, p: o.SGD(p), TypeError, "iterable"),
        (lambda o, t, p: o.SGD([1.0]), TypeError, "can only optimize Tensors"),
        (lambda o, t, p: o.SGD([p * 2]), ValueError, "non-leaf"),
        (lambda o, t, p: o.SGD([{"params": {p}}]), TypeError, "set|ordered"),
        (lambda o, t, p: o.SGD([{"params": [p]}, {"params": [p]}]), ValueError, "more than one parameter group"),
        (lambda o, t, p: o.SGD([p], lr=-1), ValueError, "learning rate"),
        (lambda o, t, p: o.SGD([p], momentum=-1), ValueError, "momentum"),
        (lambda o, t, p: o.SGD([p], weight_decay=-1), ValueError, "weight_decay|weight decay"),
        (lambda o, t, p: o.SGD([p], nesterov=True), ValueError, "Nesterov"),
        (lambda o, t, p: o.SGD([p], momentum=0.9, dampening=0.1, nesterov=True), ValueError, "Nesterov"),
        (lambda o, t, p: o.Adam([p], lr=-1), ValueError, "learning rate"),
        (lambda o, t, p: o.Adam([p], eps=-1), ValueError, "epsilon"),
        (lambda o, t, p: o.Adam([p], betas=(1.0, 0.9)), ValueError, "beta parameter at index 0"),
        (lambda o, t, p: o.AdamW([p], betas=(0.9, -0.1)), ValueError, "beta parameter at index 1"),
        (lambda o, t, p: o.RMSprop([p], alpha=-1), ValueError, "alpha"),
        (lambda o, t, p: o.Adagrad([p], lr_decay=-1), ValueError, "lr_decay|lr decay"),
        (lambda o, t, p: o.Adagrad([p], initial_accumulator_value=-1), ValueError, "accumulator"),
        (lambda o, t, p: o.SGD([p]).add_param_group([p]), TypeError, "must be a dict"),
        (lambda o, t, p: o.SGD([("a", p), t([2.0])]), ValueError, "names"),
        (lambda o, t, p: o.SGD([{"params": [("a", p)]}, {"params": [t([2.0])]}]), ValueError, "names"),
        (lambda o, t, p: o.Adadelta([p], rho=1.5), ValueError, "rho"),
        (lambda o, t, p: o.Adamax([p], betas=(0.9, 1.0)), ValueError, "beta parameter at index 1"),
        (lambda o, t, p: o.NAdam([p], momentum_decay=-1), ValueError, "momentum"),
        (lambda o, t, p: o.RAdam([p], lr=-1), ValueError, "learning rate"),
        (lambda o, t, p: o.Rprop([p], etas=(1.1, 1.2)), ValueError, "eta values"),
        (lambda o, t, p: o.ASGD([p], weight_decay=-1), ValueError, "weight"),
        (lambda o, t, p: o.Adafactor([p], beta2_decay=1), ValueError, "beta2_decay"),
        (lambda o, t, p: o.Adafactor([p], d=0.5), ValueError, "Clipping threshold"),
        (lambda o, t, p: o.Adafactor([p], eps=(None, -1)), ValueError, "epsilon2"),
        (lambda o, t, p: o.Muon([p]), ValueError, "2D"),
        (lambda o, t, p: o.Muon([t([[1.0]])], adjust_lr_fn="half"), ValueError, "not supported"),
        (lambda o, t, p: o.SparseAdam([p], lr=0), ValueError, "learning rate"),
        (lambda o, t, p: o.LBFGS([{"params": [p]}, {"params": [t([2.0])]}]), ValueError, "parameter groups"),
    ],
)
def test_errors_as_pytorch(make, error, message):
    with pytest.raises(error, match=message):
        make(optim, tensor, tensor([1.0], requires_grad=True))
    with pytest.raises(error):
        make(torch.optim, torch.tensor, torch.tensor([1.0], requires_grad=True))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
@pytest.mark.parametrize("other", ["foreach", "differentiable"])
def test_fused_excludes_other_ways(name, other):
    for package, p in ((optim, tensor([1.0])), (torch.optim, torch.tensor([1.0]))):
        with pytest.raises(RuntimeError, match=f"`{other}`"):
            getattr(package, name)([p.requires_grad_()], **{"fused": True, other: True})


def test_a_parameter_twice_in_a_group_warns():
    p = tensor([1.0], requires_grad=True)
    with pytest.warns(UserWarning, match="twice"):
        optim.SGD([p, p])


def test_zero_grad():
    p, q = tensor([1.0, 2.0], requires_grad=True), tensor(1.0, requires_grad=True)
    optimizer = optim.SGD([p, q])
    (p * p).sum().backward()
    held = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == held.tolist() == [0, 0] and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None
    (p * p * p).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.grad_fn is None and not p.grad.requires_grad


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    p = tensor([1.0], requires_grad=True)
    optimizer, calls = optim.SGD([p], lr=0.1), []

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        calls.append(loss.item())
        return loss

    loss = optimizer.step(closure)
    assert calls == [1.0] and loss.item() == 1.0 and math.isclose(p.item(), 0.8, rel_tol=1e-6)
    assert p.requires_grad and p.grad_fn is None


def test_a_step_is_seen_by_the_version_check():
    p = tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    loss = (p * p).sum()
    p.grad = tensor([1.0, 1.0])
    before = p._version
    optimizer.step()
    assert p._version == before + 1
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()


@pytest.mark.parametrize("lr", [np.float64(0.1), np.float32(0.1), tensor(0.1)])
def test_numbers_of_other_kinds_do_not_widen(lr):
    p = tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=lr, momentum=np.float64(0.9))
    for _ in range(2):
        p.grad = tensor([1.0])
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] is lr and p.array.dtype == np.float32
    assert optimizer.state[p]["momentum_buffer"].array.dtype == np.float32


def test_a_subclass_with_a_step_of_its_own():
    class Sign(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["seen"] = self.state[p].get("seen", 0) + 1
                    if p.grad is not None:
                        p.array[...] -= group["lr"] * np.sign(p.grad.array)

    p, q = tensor([1.0], requires_grad=True), tensor([1.0], requires_grad=True)
    p.grad = tensor([5.0])
    optimizer = Sign([p, q], 0.5)
    with pytest.warns(UserWarning, match="1 of 2 parameters"):
        optimizer.step()
    assert p.item() == 0.5 and optimizer.state[p] == {"seen": 1} and optimizer._opt_called
    with pytest.raises(NotImplementedError, match="neither"):
        optimizer = optim.Optimizer([p], {})
        optimizer.step()


# Defence 4: the loud end.


def test_the_first_step_names_parameters_without_gradient_once():
    p, q, frozen = tensor([1.0], requires_grad=True), tensor(np.ones((2, 3)), requires_grad=True), tensor([1.0])
    optimizer = optim.Adam([("first", p), ("second.weight", q), ("frozen", frozen)])
    p.grad = tensor([1.0])
    with pytest.warns(UserWarning) as caught:
        optimizer.step()
    (message,) = [str(w.message) for w in caught]
    assert "second.weight torch.Size([2, 3])" in message and "first" not in message and "frozen" not in message
    assert caught[0].filename == __file__, "the warning points at the line that called step()"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()


def test_parameters_without_names_are_named_by_their_place():
    p, q = tensor([1.0], requires_grad=True), tensor([1.0, 2.0], requires_grad=True)
    p.grad = tensor([1.0])
    with pytest.warns(UserWarning, match=r"parameter 0 of group 1 torch.Size\(\[2\]\)"):
        optim.SGD([{"params": [p]}, {"params": [q]}]).step()


def test_no_gradient_at_all_says_that_backward_is_missing():
    p = tensor([1.0], requires_grad=True)
    with pytest.warns(UserWarning, match=r"backward\(\) was not called.*cut"):
        optim.SGD([p]).step()
    with pytest.warns(UserWarning, match="frozen"):
        optim.SGD([tensor([1.0])]).step()


def test_silence_where_all_is_well():
    p, frozen = tensor([1.0], requires_grad=True), tensor([1.0])
    p.grad = tensor([0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optim.SGD([p, frozen]).step()


def test_parameters_of_a_module_bring_their_names():
    from tinytorch import nn

    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    first = model[0]
    first(tensor([[1.0, 2.0]])).sum().backward()
    with pytest.warns(UserWarning, match=r"1\.weight torch.Size\(\[1, 3\]\), 1\.bias torch.Size\(\[1\]\)"):
        optim.SGD(model.named_parameters()).step()
    with pytest.warns(UserWarning, match=r"weight torch.Size\(\[1, 3\]\)"):
        optim.SGD(model.parameters()).step()


# Clipping.


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("norm_type", [2, 2.0, 1, 3.0, 0.5, math.inf, "inf", 0])
@pytest.mark.parametrize("max_norm", [0.5, 1000.0])
def test_clip_grad_norm(kind, norm_type, max_norm):
    ours, theirs = pairs(kind, SHAPES[:4])
    give_gradients(np.random.default_rng(5), ours, theirs, skip=(1,))
    got = clip_grad_norm_(iter(ours), max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(iter(theirs), max_norm, norm_type)
    assert isinstance(got, Tensor) and got.shape == () and str(got.dtype) == f"tiny{expected.dtype}"
    tolerance = {"rtol": 1e-5, "atol": 1e-7} if kind == "float32" else {"rtol": 1e-12}
    np.testing.assert_allclose(got.item(), expected.item(), **tolerance)
    agree([p.grad for p in ours if p.grad is not None], [q.grad for q in theirs if q.grad is not None])


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clip_grad_norm_of_what_is_not_finite(bad):
    ours, theirs = pairs("float32", [(2,), (1,)])
    for p, t in ((ours, tensor), (theirs, torch.tensor)):
        p[0].grad, p[1].grad = t([1.0, bad]), t([1.0])
    for clip, p in ((clip_grad_norm_, ours), (torch.nn.utils.clip_grad_norm_, theirs)):
        with pytest.raises(RuntimeError, match="non-finite"):
            clip(p, 1.0, error_if_nonfinite=True)
        clip(p, 1.0)
    np.testing.assert_array_equal(ours[0].grad.array, theirs[0].grad.numpy())
    np.testing.assert_array_equal(ours[1].grad.array, theirs[1].grad.numpy())


def test_clip_grad_value():
    ours, theirs = pairs()
    give_gradients(np.random.default_rng(6), ours, theirs, skip=(1,))
    clip_grad_value_(ours, 0.3)
    torch.nn.utils.clip_grad_value_(theirs, 0.3)
    agree([p.grad for p in ours if p.grad is not None], [q.grad for q in theirs if q.grad is not None], 0)
    clip_grad_value_(ours[0], np.float64(0.1))
    assert abs(ours[0].grad.array).max() <= np.float32(0.1) and ours[0].grad.array.dtype == np.float32
    assert clip_grad_norm_([], 1.0).item() == 0.0


# Learning.


@pytest.mark.parametrize(
    "name, options",
    [
        ("SGD", {"lr": 0.05, "momentum": 0.9}),
        ("Adam", {"lr": 0.1}),
        ("AdamW", {"lr": 0.1}),
        ("RMSprop", {"lr": 0.05}),
        ("Adagrad", {"lr": 0.5}),
    ],
)
def test_learns_a_line_as_pytorch_does(name, options):
    x = np.linspace(-1, 1, 20, dtype=np.float32)
    finals = []
    for make, library in ((tensor, optim), (torch.tensor, torch.optim)):
        w, b = make([0.0], requires_grad=True), make([0.0], requires_grad=True)
        optimizer = getattr(library, name)([w, b], **options)
        for _ in range(200):
            optimizer.zero_grad()
            ((w * make(x) + b - make(3 * x - 1)) ** 2).mean().backward()
            optimizer.step()
        finals.append([w.item(), b.item()])
    np.testing.assert_allclose(finals[0], finals[1], atol=2e-4)
    np.testing.assert_allclose(finals[0], [3, -1], atol=0.1)


def test_state_survives_deepcopy_and_does_not_grow():
    p = tensor([1.0], requires_grad=True)
    optimizer = optim.Adam([p])
    for _ in range(10):
        p.grad = tensor([1.0])
        optimizer.step()
    assert len(optimizer.state) == 1 and set(optimizer.state[p]) == {"step", "exp_avg", "exp_avg_sq"}
    assert optimizer.state[p]["step"].item() == 10.0
    settings = copy.deepcopy(optimizer.state_dict()["param_groups"])
    assert settings == optimizer.state_dict()["param_groups"]
