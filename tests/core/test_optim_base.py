"""What programs do with optimizers besides stepping: hooks, states that travel, optimizers of their own, in old and new ways."""

import copy
import importlib
import pickle

import numpy as np
import pytest
import torch
from test_optim import CASES, IDS, agree, give_gradients, pairs, shapes_for

import tinytorch
from tinytorch import optim
from tinytorch.tensor import Tensor, tensor


def translated(value, to):
    """A state dict with the tensors of the other package: `to` is torch.tensor or tinytorch's."""
    if isinstance(value, dict):
        return {key: translated(part, to) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(translated(part, to) for part in value)
    if isinstance(value, (Tensor, torch.Tensor)):
        return to(value.detach().numpy())
    return value


def make(package, parameters, name, options):
    return getattr(package, name)(parameters, **options)


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
@pytest.mark.parametrize("way", ["from PyTorch", "to PyTorch"])
def test_states_go_both_ways(name, options, way):
    """A run that begins in one package goes on in the other as if nothing had happened."""
    ours, theirs = pairs("float64", shapes_for(name))
    a, b = make(optim, ours, name, options), make(torch.optim, theirs, name, options)
    rng = np.random.default_rng(3)
    for _ in range(4):
        give_gradients(rng, ours, theirs)
        (b if way == "from PyTorch" else a).step()
    state = (b if way == "from PyTorch" else a).state_dict()
    for p, q in zip(ours, theirs, strict=True):
        if way == "from PyTorch":
            p.array[...] = q.detach().numpy()
        else:
            q.data.copy_(torch.from_numpy(p.array.copy()))
    a.load_state_dict(translated(state, tensor))
    b.load_state_dict(translated(state, torch.tensor))  # its own, too: loading turns float32 into the parameter's dtype
    for _ in range(4):
        give_gradients(rng, ours, theirs)
        a.step()
        b.step()
    agree(ours, theirs, roundings=1000)


def closure_for(t, optimizer, p):
    """A loss with a curved valley, and its gradient."""

    def closure():
        optimizer.zero_grad()
        loss = ((1 - p[:3]) ** 2).sum() + 10 * ((p[3:] - p[:3] ** 2) ** 2).sum()
        loss.backward()
        return loss

    return closure


LBFGS_OPTIONS = [
    {},
    {"lr": 0.1, "max_iter": 5},
    {"history_size": 2, "lr": 0.3, "max_iter": 5},
    {"max_iter": 1, "lr": 0.05},
    {"max_eval": 3, "lr": 0.1},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "lr": 0.01, "max_eval": 8},
    {"line_search_fn": "strong_wolfe", "lr": 100},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 0.1, "tolerance_change": 1e-3},
]


@pytest.mark.parametrize("options", LBFGS_OPTIONS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_lbfgs_as_pytorch(options, seed):
    """Also the state, and going on from PyTorch's state in the middle."""
    (p,), (q,) = pairs("float64", [(6,)], seed)
    (r,), _ = pairs("float64", [(6,)], seed + 10)
    a, b, c = optim.LBFGS([p], **options), torch.optim.LBFGS([q], **options), optim.LBFGS([r])
    for step in range(6):  # later the roundings of two hundred iterations show
        ours, theirs = a.step(closure_for(tinytorch, a, p)), b.step(closure_for(torch, b, q))
        np.testing.assert_allclose(ours.item(), theirs.item(), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(p.tolist(), q.tolist(), rtol=1e-6, atol=1e-8)
        for name in ("func_evals", "n_iter"):
            assert a.state[p][name] == b.state[q][name], f"{name}, step {step}"
        if step == 2:
            c.load_state_dict(translated(b.state_dict(), tensor))
            r.data.copy_(p)
        elif step > 2:
            c.step(closure_for(tinytorch, c, r))
            np.testing.assert_allclose(r.tolist(), q.tolist(), rtol=1e-5, atol=1e-7)


def test_lbfgs_takes_several_parameters_and_some_without_gradient():
    ours, theirs = pairs("float64", [(2, 2), (3,), ()])
    for t, parameters in ((optim, ours), (torch.optim, theirs)):
        optimizer = t.LBFGS(parameters, line_search_fn="strong_wolfe")

        def closure(optimizer=optimizer, parameters=parameters):
            optimizer.zero_grad()
            loss = ((parameters[0] - 2) ** 4).sum() + (parameters[2] + 1) ** 2
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
    agree(ours, theirs, roundings=1e6)
    with pytest.raises(RuntimeError, match="strong_wolfe"):
        optim.LBFGS(ours, line_search_fn="armijo").step(closure)
    with pytest.raises(TypeError):
        optim.LBFGS(ours).step()


@pytest.mark.parametrize(
    "options", [{}, {"nesterov": False, "momentum": 0.5}, {"adjust_lr_fn": "match_rms_adamw"}], ids=str
)
def test_muon_as_pytorch(options):
    """Its directions are computed with eight binary digits, in PyTorch by routines that round at other places."""
    ours, theirs = pairs(shapes=[(4, 3), (3, 5), (6, 6)])
    a, b = optim.Muon(ours, lr=0.1, **options), torch.optim.Muon(theirs, lr=0.1, **options)
    rng = np.random.default_rng(0)
    for _ in range(5):
        give_gradients(rng, ours, theirs)
        a.step()
        b.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.tolist(), q.tolist(), atol=0.03)
        assert np.abs(p.array - q.detach().numpy()).mean() < 0.005


def test_sparse_adam_as_pytorch_with_sparse_gradients():
    (p,), (q,) = pairs("float64", [(5, 3)])
    a, b = optim.SparseAdam([p], lr=0.1, maximize=True), torch.optim.SparseAdam([q], lr=0.1, maximize=True)
    rng = np.random.default_rng(0)
    for step in range(20):
        rows, values = [step % 4, (step + 2) % 3], rng.standard_normal((2, 3))
        q.grad = torch.sparse_coo_tensor([rows], values, (5, 3))
        p.grad = tensor(q.grad.to_dense().numpy())
        a.step()
        b.step()
    agree([p], [q], roundings=100)
    np.testing.assert_allclose(a.state[p]["exp_avg"].array, b.state[q]["exp_avg"].numpy())
    assert a.state[p]["step"] == b.state[q]["step"] == 20


def test_hooks_of_a_step_as_pytorch():
    def trace(package, t):
        seen, p, register = [], t([1.0]).requires_grad_(), importlib.import_module(f"{package.__name__}.optimizer")
        optimizer = package.SGD([p], lr=0.1)
        every = [
            register.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append(("every", len(args)))),
            register.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after every")),
        ]
        with optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, kwargs.pop("closure")), kwargs)):
            optimizer.register_step_post_hook(
                lambda o, args, kwargs: seen.append(("post", len(args), kwargs, o.param_groups[0]["lr"]))
            )
            p.grad = t([1.0])
            seen.append(optimizer.step(closure=lambda: 5))
        optimizer.step()
        for handle in every:
            handle.remove()
        optimizer.step()
        bad = optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
        with pytest.raises(RuntimeError, match="None or a tuple"):
            optimizer.step()
        bad.remove()
        return seen

    assert trace(optim, tensor) == trace(torch.optim, torch.tensor)


def test_hooks_run_once_where_a_step_calls_its_parents():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    p, seen = tensor([1.0], requires_grad=True), []
    optimizer = Twice([p], lr=0.25)
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post"))
    p.grad = tensor([1.0])
    optimizer.step()
    assert seen == ["post"] and p.item() == 0.5


def test_hooks_of_states_as_pytorch():
    def trace(package, t):
        seen, p = [], t([1.0]).requires_grad_()
        optimizer = package.SGD([p], lr=0.1)
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("pre"))
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
        optimizer.register_state_dict_post_hook(lambda o, state: state | {"epoch": 3})
        optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state.pop("epoch")))
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
        state = optimizer.state_dict()
        optimizer.load_state_dict(state)
        return seen, state["epoch"], sorted(state)

    assert trace(optim, tensor) == trace(torch.optim, torch.tensor)


def test_a_state_that_an_optimizer_keeps_for_itself():
    """Under a name instead of a parameter, nested, and with numbers in it."""

    def tried(package, t):
        p = t([1.0, 2.0]).requires_grad_()
        optimizer = package.SGD([p], lr=0.1)
        optimizer.state["global"] = {"step": 3}
        optimizer.state[p] = {"step": 2, "old": [t([1.0, 1.0]), None], "more": {"ema": t([3.0, 4.0])}}
        other = package.SGD([p], lr=0.2)
        other.load_state_dict(optimizer.state_dict())
        state = other.state[p]
        return (
            other.state["global"],
            state["step"],
            state["old"][1],
            state["more"]["ema"].tolist(),
            other.param_groups[0]["lr"],
        )

    assert tried(optim, tensor) == tried(torch.optim, torch.tensor)


def test_states_and_groups_are_laid_out_as_pytorch():
    """`print(optimizer.state_dict())` is in tutorials; the order of the settings is part of it."""
    for name in (
        "SGD",
        "Adam",
        "AdamW",
        "Adagrad",
        "RMSprop",
        "Adadelta",
        "Adamax",
        "NAdam",
        "RAdam",
        "Rprop",
        "ASGD",
        "Adafactor",
        "LBFGS",
        "SparseAdam",
    ):
        a, b = (
            getattr(package, name)([t([1.0]).requires_grad_()])
            for package, t in ((optim, tensor), (torch.optim, torch.tensor))
        )
        assert str(a.state_dict()["param_groups"]) == str(b.state_dict()["param_groups"])
        assert repr(a) == repr(b)
    assert list(optim.Adagrad([tensor([1.0])]).state_dict()["state"]) == [0], "it is there from the beginning"


def test_the_group_that_is_added_stays_the_programs():
    p, group = tensor([1.0], requires_grad=True), {"params": tensor([2.0], requires_grad=True)}
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.add_param_group(group)
    group["lr"] = 0.7
    assert optimizer.param_groups[1] is group and "momentum" in group


def test_required_settings():
    for package, t in ((optim, tensor), (torch.optim, torch.tensor)):
        module = importlib.import_module(f"{package.__name__}.optimizer")
        assert repr(module.required) == "<required parameter>"
        with pytest.raises(ValueError, match="required optimization parameter lr"):
            package.Optimizer([t([1.0])], {"lr": module.required})
        assert package.Optimizer([{"params": [t([1.0])], "lr": 2}], {"lr": module.required}).param_groups[0]["lr"] == 2


def test_copies():
    """A copy is of its parameters, too; hooks stay behind."""
    p = tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.Adam([p], lr=0.1)
    optimizer.register_step_post_hook(lambda o, args, kwargs: pytest.fail("a hook went along"))
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (q,) = twin.param_groups[0]["params"]
        q.grad = tensor([1.0, 1.0])
        twin.step()
        assert q is not p and q.tolist() != p.tolist() == [1, 2] and list(twin.state) == [q]


def test_a_tensor_that_keeps_its_gradient_can_be_optimized():
    x = tensor([1.0], requires_grad=True) * 2
    x.retain_grad()
    optim.SGD([x], lr=0.1)


OLD_ADAM = """
class OldAdam(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False):
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)
        super(OldAdam, self).__init__(params, defaults)

    def __setstate__(self, state):
        super(OldAdam, self).__setstate__(state)
        for group in self.param_groups:
            group.setdefault('amsgrad', False)

    def step(self, closure=None):
        loss = None
        if closure is not None:
            loss = closure()
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is None:
                    continue
                grad = p.grad.data
                if grad.is_sparse:
                    raise RuntimeError('no sparse gradients')
                state = self.state[p]
                if len(state) == 0:
                    state['step'] = 0
                    state['exp_avg'] = torch.zeros_like(p.data)
                    state['exp_avg_sq'] = torch.zeros_like(p.data)
                exp_avg, exp_avg_sq = state['exp_avg'], state['exp_avg_sq']
                beta1, beta2 = group['betas']
                state['step'] += 1
                if group['weight_decay'] != 0:
                    grad = grad.add(group['weight_decay'], p.data)
                exp_avg.mul_(beta1).add_(1 - beta1, grad)
                exp_avg_sq.mul_(beta2).addcmul_(1 - beta2, grad, grad)
                denom = exp_avg_sq.sqrt().add_(group['eps'])
                step_size = group['lr'] * (1 - beta2 ** state['step']) ** 0.5 / (1 - beta1 ** state['step'])
                p.data.addcdiv_(-step_size, exp_avg, denom)
                p.data.add_(-group['lr'] * 0.01, p.data)
        return loss
"""
NEW_SGD = """
class Momentum(torch.optim.Optimizer):
    def __init__(self, params, lr=required, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                state = self.state[p]
                if "momentum_buffer" not in state:
                    buf = state["momentum_buffer"] = torch.clone(p.grad).detach()
                else:
                    buf = state["momentum_buffer"]
                    buf.mul_(group["momentum"]).add_(p.grad, alpha=1)
                p.add_(buf, alpha=-group["lr"])
                p.copy_(torch.where(p.abs() > 1e3, torch.zeros_like(p), p))
        return loss
"""
LOOKAHEAD = """
from collections import defaultdict

class Lookahead(torch.optim.Optimizer):
    def __init__(self, base, k=3, alpha=0.5):
        self.optimizer, self.k, self.alpha = base, k, alpha
        self.param_groups = self.optimizer.param_groups
        self.state = defaultdict(dict)
        self.fast_state = self.optimizer.state
        self.defaults = base.defaults
        for group in self.param_groups:
            group["counter"] = 0

    def update(self, group):
        for fast in group["params"]:
            param_state = self.state[fast]
            if "slow_param" not in param_state:
                param_state["slow_param"] = torch.zeros_like(fast.data)
                param_state["slow_param"].copy_(fast.data)
            slow = param_state["slow_param"]
            slow += (fast.data - slow) * self.alpha
            fast.data.copy_(slow)

    def step(self, closure=None):
        loss = self.optimizer.step(closure)
        for group in self.param_groups:
            if group["counter"] == 0:
                self.update(group)
            group["counter"] = (group["counter"] + 1) % self.k
        return loss
"""


def written(source, package):
    """The last class of a program, for either package."""
    names = {"torch": package, "required": importlib.import_module(f"{package.__name__}.optim.optimizer").required}
    exec(source, names)
    return [value for value in names.values() if isinstance(value, type)][-1]


def made(source, package, parameters):
    if "Lookahead" in source:
        return written(source, package)(package.optim.SGD(parameters, lr=0.1))
    return written(source, package)(parameters, lr=0.1)


@pytest.mark.filterwarnings("ignore:This overload")
@pytest.mark.parametrize("source", [OLD_ADAM, NEW_SGD, LOOKAHEAD], ids=["old Adam", "momentum", "lookahead"])
def test_optimizers_that_programs_write(source):
    ours, theirs = pairs("float64")
    a, b = made(source, tinytorch, ours), made(source, torch, theirs)
    rng = np.random.default_rng(0)
    for step in range(20):
        give_gradients(rng, ours, theirs)
        a.step()
        b.step()
        if step == 9 and "Lookahead" not in source:
            a.load_state_dict(a.state_dict())
            b.load_state_dict(b.state_dict())
    agree(ours, theirs, roundings=64)
