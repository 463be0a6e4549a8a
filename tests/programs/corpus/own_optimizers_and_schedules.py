"""Optimizers and schedules of one's own: subclasses of Optimizer with state and closures, Lookahead, SAM, LARS, schedulers by subclass, warm-up in chains, EMA, hooks."""

import copy
import math
import warnings
from collections import defaultdict

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, _LRScheduler
from torch.optim.optimizer import required

warnings.filterwarnings("ignore")


def problem(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 1))
    x = torch.randn(40, 6)
    return model, x, (x[:, :1] * x[:, 1:2]).sin()


class Lion(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        if not 0.0 <= lr:
            raise ValueError("Invalid learning rate: {}".format(lr))
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                grad, state = p.grad, self.state[p]
                if len(state) == 0:
                    state["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                exp_avg, (beta1, beta2) = state["exp_avg"], group["betas"]
                update = exp_avg.clone().mul_(beta1).add(grad, alpha=1 - beta1).sign_()
                p.add_(update, alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(grad, alpha=1 - beta2)
        return loss


class OldAdam(Optimizer):
    """As it was written in 2018: step(closure), p.data, add_ with two numbers replaced, addcdiv_."""

    def __init__(self, params, lr=required, betas=(0.9, 0.999), eps=1e-8, amsgrad=False, warmup=-1, t_total=10):
        if lr is not required and lr < 0.0:
            raise ValueError("Invalid learning rate")
        super(OldAdam, self).__init__(params, dict(lr=lr, betas=betas, eps=eps, amsgrad=amsgrad, warmup=warmup, t_total=t_total))

    def __setstate__(self, state):
        super(OldAdam, self).__setstate__(state)
        for group in self.param_groups:
            group.setdefault("amsgrad", False)

    def get_lr(self):
        return [g["lr"] * self.schedule(self.state[p].get("step", 0) / g["t_total"], g["warmup"]) for g in self.param_groups for p in g["params"]]

    def schedule(self, x, warmup):
        return x / warmup if x < warmup else max(1.0 - x, 0.0)

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad.data
                if grad.is_sparse:
                    raise RuntimeError("sparse")
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["exp_avg"], state["exp_avg_sq"] = 0, torch.zeros_like(p.data), torch.zeros_like(p.data)
                    if group["amsgrad"]:
                        state["max_exp_avg_sq"] = torch.zeros_like(p.data)
                exp_avg, exp_avg_sq, (beta1, beta2) = state["exp_avg"], state["exp_avg_sq"], group["betas"]
                state["step"] += 1
                exp_avg.mul_(beta1).add_(grad, alpha=1 - beta1)
                exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
                if group["amsgrad"]:
                    torch.max(state["max_exp_avg_sq"], exp_avg_sq, out=state["max_exp_avg_sq"])
                    exp_avg_sq = state["max_exp_avg_sq"]
                denom = exp_avg_sq.sqrt().add_(group["eps"])
                step_size = group["lr"] * math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
                step_size *= self.schedule(state["step"] / group["t_total"], group["warmup"]) if group["warmup"] >= 0 else 1
                p.data.addcdiv_(exp_avg, denom, value=-step_size)
        return loss


class LARS(optim.SGD):
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    ratio = p.norm() / (p.grad.norm() + 1e-8) if p.ndim > 1 else torch.ones(())
                    p.grad.mul_(torch.where(ratio > 0, ratio * 0.1, torch.ones_like(ratio)))
        return super().step(closure)


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
        super(SAM, self).__init__(params, dict(rho=rho, **kwargs))
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        grad_norm = torch.norm(torch.stack([p.grad.norm(p=2) for g in self.param_groups for p in g["params"] if p.grad is not None]), p=2)
        for group in self.param_groups:
            scale = group["rho"] / (grad_norm + 1e-12)
            for p in group["params"]:
                self.state[p]["old_p"] = p.data.clone()
                p.add_(p.grad * scale.to(p))
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for group in self.param_groups:
            for p in group["params"]:
                p.data = self.state[p]["old_p"]
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()

    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        loss = closure()
        self.second_step()
        return loss


class Lookahead(Optimizer):
    def __init__(self, base_optimizer, alpha=0.5, k=3):
        self.base_optimizer, self.alpha, self.k = base_optimizer, alpha, k
        self.defaults, self.param_groups = base_optimizer.defaults, base_optimizer.param_groups
        self.state = defaultdict(dict)
        for group in self.param_groups:
            group["step_counter"] = 0
        self.slow_weights = [[p.clone().detach() for p in group["params"]] for group in self.param_groups]

    def step(self, closure=None):
        loss = self.base_optimizer.step(closure)
        for group, slow_weights in zip(self.param_groups, self.slow_weights):
            group["step_counter"] += 1
            if group["step_counter"] % self.k:
                continue
            for p, q in zip(group["params"], slow_weights):
                q.data.add_(p.data - q.data, alpha=self.alpha)
                p.data.copy_(q.data)
        return loss

    def zero_grad(self, set_to_none=True):
        self.base_optimizer.zero_grad(set_to_none)


def run(name, make, steps=10):
    model, x, y = problem()
    optimizer = make(model)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return loss

    for _ in range(steps):
        if isinstance(optimizer, (SAM, LARS, Lookahead)):
            closure()
        loss = optimizer.step(closure if not isinstance(optimizer, (LARS, Lookahead)) else None)
    print("%-10s %.6f %s" % (name, closure().item(), "" if loss is None else "%.6f" % loss.item()))
    return optimizer


lion = run("Lion", lambda m: Lion(m.parameters(), lr=1e-2, weight_decay=1e-2))
old = run("OldAdam", lambda m: OldAdam([{"params": [p], "lr": 1e-2 * (i + 1)} for i, p in enumerate(m.parameters())], lr=1e-2, amsgrad=True, warmup=0.2))
run("LARS", lambda m: LARS(m.parameters(), lr=0.5, momentum=0.9, weight_decay=1e-4))
run("SAM", lambda m: SAM(m.parameters(), optim.SGD, lr=0.1, momentum=0.9))
run("Lookahead", lambda m: Lookahead(optim.RAdam(m.parameters(), lr=0.05)))
print([round(v, 5) for v in old.get_lr()], sorted(lion.state_dict()["param_groups"][0]), lion.state_dict()["state"][1]["exp_avg"].shape)
print(repr(lion).replace("\n", "|"))
other = Lion(problem(1)[0].parameters())
other.load_state_dict(copy.deepcopy(lion.state_dict()))
print(other.param_groups[0]["lr"], torch.equal(other.state[other.param_groups[0]["params"][0]]["exp_avg"], lion.state_dict()["state"][0]["exp_avg"]))
try:
    OldAdam(problem()[0].parameters())
except ValueError as error:
    print("ValueError:", error)


# schedules
class WarmupCosine(_LRScheduler):
    def __init__(self, optimizer, warmup, total, eta_min=0.0, last_epoch=-1):
        self.warmup, self.total, self.eta_min = warmup, total, eta_min
        super(WarmupCosine, self).__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch < self.warmup:
            return [base_lr * (self.last_epoch + 1) / self.warmup for base_lr in self.base_lrs]
        done = (self.last_epoch - self.warmup) / max(1, self.total - self.warmup)
        return [self.eta_min + (base_lr - self.eta_min) * 0.5 * (1 + math.cos(math.pi * done)) for base_lr in self.base_lrs]


class Poly(LRScheduler):
    def get_lr(self):
        if self.last_epoch == 0:
            return [group["lr"] for group in self.optimizer.param_groups]
        return [group["lr"] * 0.9 for group in self.optimizer.param_groups]


class Noam:
    "Optim wrapper that implements rate."

    def __init__(self, model_size, factor, warmup, optimizer):
        self.optimizer, self._step, self.warmup, self.factor, self.model_size, self._rate = optimizer, 0, warmup, factor, model_size, 0

    def step(self):
        self._step += 1
        rate = self.rate()
        for p in self.optimizer.param_groups:
            p["lr"] = rate
        self._rate = rate
        self.optimizer.step()

    def rate(self, step=None):
        step = self._step if step is None else step
        return self.factor * (self.model_size ** (-0.5) * min(step ** (-0.5), step * self.warmup ** (-1.5)))


def schedule(name, make, metric=None):
    model, x, y = problem()
    optimizer = optim.SGD([{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.5}], lr=0.1, momentum=0.9)
    scheduler, seen = make(optimizer), []
    for epoch in range(9):
        optimizer.step()
        scheduler.step(*([metric(epoch)] if metric else []))
        seen.append(round(optimizer.param_groups[0]["lr"], 5))
    print(name, seen, round(optimizer.param_groups[1]["lr"], 5), [round(v, 5) for v in scheduler.get_last_lr()])
    return scheduler


S = optim.lr_scheduler
mine = schedule("WarmupCosine", lambda o: WarmupCosine(o, 3, 9, 1e-3))
print({k: v for k, v in mine.state_dict().items() if k in ("warmup", "total", "last_epoch", "base_lrs")})
schedule("Poly", Poly)
schedule("Chained", lambda o: S.ChainedScheduler([S.ConstantLR(o, factor=0.1, total_iters=3), S.ExponentialLR(o, 0.9)]))
schedule("Sequential", lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=4), S.CosineAnnealingLR(o, 5)], milestones=[4]))
schedule("Plateau", lambda o: S.ReduceLROnPlateau(o, "max", factor=0.5, patience=1, threshold=0.01, cooldown=1), lambda e: min(e, 3) / 10)
schedule("Cyclic", lambda o: S.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2", cycle_momentum=True))
schedule("Restarts", lambda o: S.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2, eta_min=1e-3))
schedule("Lambdas", lambda o: S.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]))
schedule("Multi", lambda o: S.MultiStepLR(o, milestones=[2, 5, 5], gamma=0.3))
model, x, y = problem()
noam = Noam(64, 2, 4, optim.Adam(model.parameters(), lr=0, betas=(0.9, 0.98), eps=1e-9))
for _ in range(6):
    noam.optimizer.zero_grad()
    (model(x) - y).pow(2).mean().backward()
    noam.step()
print(round(noam._rate, 6), round(noam.rate(100), 6), (model(x) - y).pow(2).mean().item())


class EMA:
    def __init__(self, model, decay):
        self.model, self.decay, self.backup = model, decay, {}
        self.shadow = {name: param.data.clone() for name, param in model.named_parameters() if param.requires_grad}

    def update(self):
        for name, param in self.model.named_parameters():
            self.shadow[name] = (1.0 - self.decay) * param.data + self.decay * self.shadow[name]

    def apply_shadow(self):
        self.backup = {name: param.data for name, param in self.model.named_parameters()}
        for name, param in self.model.named_parameters():
            param.data = self.shadow[name]

    def restore(self):
        for name, param in self.model.named_parameters():
            param.data = self.backup[name]


ema, swa = EMA(model, 0.9), optim.swa_utils.AveragedModel(model, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.9))
optimizer = optim.Adam(model.parameters(), lr=0.02)
handle = optimizer.register_step_post_hook(lambda o, args, kwargs: ema.update())
calls = []
optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append(len(args)))
for _ in range(5):
    optimizer.zero_grad()
    (model(x) - y).pow(2).mean().backward()
    optimizer.step()
    swa.update_parameters(model)
handle.remove()
now = (model(x) - y).pow(2).mean().item()
ema.apply_shadow()
print("%.6f" % now, "%.6f" % (model(x) - y).pow(2).mean().item(), "%.6f" % (swa(x) - y).pow(2).mean().item(), calls, swa.n_averaged.item())
ema.restore()
optimizer.add_param_group({"params": nn.Parameter(torch.ones(2)), "lr": 1.0})
print((model(x) - y).pow(2).mean().item() == now, len(optimizer.param_groups), [len(g["params"]) for g in optimizer.param_groups])
