"""PyTorch's own samples of its modules and optimizers (ModuleInfo, OptimizerInfo), run on PyTorch and on tinytorch.

`PYTHONPATH=tests/core python -m module_samples [NAME ...]` prints what does not agree, and how many samples do.
"""

import sys
import warnings
from collections import Counter

import numpy as np
import torch
from samples import AbsentError, attempt, converted, difference, found, parts, refusal
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db

import tinytorch

DTYPES = (torch.float32, torch.float64)
STEPS = 3  # of an optimizer, so that its state counts


class Granted:
    """Stands for an entry of op_db, of which `difference` asks what tolerance PyTorch grants it: none of its own."""

    name, decorators = "", ()


def has(path: str) -> bool:
    try:
        return found(path) is not None
    except AbsentError:
        return False


MODULES = [info for info in module_db if has(f"nn.{info.module_cls.__name__}")]
OPTIMIZERS = [info for info in optim_db if has(f"optim.{info.optim_cls.__name__}")]


def layer(t, theirs):
    """A layer of a transformer, as `theirs` was made: what a stack of them is made from."""
    attention = theirs.self_attn
    return getattr(t.nn, type(theirs).__name__)(
        attention.embed_dim,
        attention.num_heads,
        theirs.linear1.out_features,
        theirs.dropout.p,
        getattr(t.nn.functional, theirs.activation.__name__),
        batch_first=attention.batch_first,
        norm_first=theirs.norm_first,
    )


class Run:
    """A module of `t` made and called as a sample says, and its derivatives; `state` is what it starts from."""

    def __init__(self, t, info, dtype, sample, training, state=None):
        copies = {}
        made, called = sample.constructor_input, sample.forward_input
        options = {key: value for key, value in made.kwargs.items() if key not in ("device", "dtype")}
        args = [layer(t, x) if isinstance(x, torch.nn.Module) else converted(t, x, copies) for x in made.args]
        options = converted(t, options, copies)
        torch.manual_seed(0), tinytorch.manual_seed(0)
        self.module = getattr(t.nn, info.module_cls.__name__)(*args, **options)
        self.module.to(getattr(t, str(dtype).removeprefix("torch."))).train(training)
        if info.module_cls.__name__.startswith("Lazy"):  # has its parameters after a first call
            self.module(*converted(t, tuple(called.args), {}), **converted(t, called.kwargs, {}))
        self.state = {key: value.detach().numpy().copy() for key, value in self.module.state_dict().items()}
        if state is not None:
            self.module.load_state_dict({key: t.from_numpy(value.copy()) for key, value in state.items()})
        inputs = {}
        args, options = converted(t, tuple(called.args), inputs), converted(t, called.kwargs, inputs)
        self.leaves = [x for x in inputs.values() if x.requires_grad] + list(self.module.parameters())
        self.t, self.value = t, self.module(*args, **options)

    def gradients(self) -> list:
        """Of all inputs and parameters, for random gradients from above."""
        rng, t = np.random.default_rng(0), self.t
        outputs = [x for x in parts(self.value) if isinstance(x, t.Tensor) and x.requires_grad]
        above = [
            t.from_numpy(np.asarray(rng.standard_normal(tuple(x.shape)), str(x.dtype).split(".")[-1])) for x in outputs
        ]
        if not outputs or not self.leaves:
            return []
        found = t.autograd.grad(outputs, self.leaves, above, allow_unused=True)
        return [t.zeros_like(x) if g is None else g for x, g in zip(self.leaves, found)]


def compare_module(info, dtype, sample, training: bool) -> tuple[str, str]:
    """(stage, difference) of the first stage at which a sample does not agree; ("", "") if it does."""
    theirs, expected = attempt(Run, torch, info, dtype, sample, training)
    ours, error = attempt(Run, tinytorch, info, dtype, sample, training, theirs and theirs.state)
    if error or expected:
        what = refusal(error, expected)
        return ("error", what) if what else ("", "")
    for stage, of in (
        ("value", lambda run: run.value),
        ("gradient", Run.gradients),
        ("value", lambda run: [run.module.state_dict()[key] for key in theirs.state]),
    ):
        (wanted, expected), (got, error) = attempt(of, theirs), attempt(of, ours)
        what = refusal(error, expected) if error or expected else difference(Granted, stage, got, wanted)
        if what:
            return stage, what
    return "", ""


def module_samples(info, dtype, training: bool, most: int | None) -> list:
    torch.manual_seed(0)
    made = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
    made = [sample for sample in made if sample.forward_input is not None]
    return made[:: max(1, len(made) // most) if most else 1]


def optimized(t, info, sample) -> list:
    """The parameters after some steps downhill, two tensors of different shape."""
    rng = np.random.default_rng(0)
    parameters = [
        t.from_numpy(rng.standard_normal(shape).astype("float32")).requires_grad_() for shape in ((3, 2), (4,))
    ]
    options = {key: converted(t, value, {}) for key, value in sample.kwargs.items()}
    optimizer = getattr(t.optim, info.optim_cls.__name__)(parameters, **options)
    slopes = [t.from_numpy(rng.standard_normal(tuple(x.shape)).astype("float32")) for x in parameters]

    def closure():
        optimizer.zero_grad()
        loss = sum(((x * x).sum() + (x * slope).sum()) for x, slope in zip(parameters, slopes))
        loss.backward()
        return loss

    for _ in range(STEPS):
        if info.step_requires_closure:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
    return parameters


def compare_optimizer(info, sample) -> tuple[str, str]:
    theirs, expected = attempt(optimized, torch, info, sample)
    ours, error = attempt(optimized, tinytorch, info, sample)
    what = refusal(error, expected) if error or expected else difference(Granted, "value", ours, theirs)
    return ("step", what) if what else ("", "")


@np.errstate(all="ignore")
def examined(info, most: int | None = None) -> list:
    """[(what, (stage, difference))] for the samples of a module or an optimizer; `most`: about as many of each kind.

    Those that need what tinytorch lacks are left out.
    """
    result = []
    with warnings.catch_warnings(action="ignore"), torch.backends.mkldnn.flags(enabled=False):  # no processor decides
        if hasattr(info, "optim_cls"):
            cases = [(sample.desc, compare_optimizer, sample) for sample in info.optim_inputs_func(device="cpu")]
        else:
            cases = [
                (f"{dtype} {'train' if training else 'eval'} {sample.desc}", compare_module, dtype, sample, training)
                for dtype in DTYPES
                for training in (True, False)
                for sample in module_samples(info, dtype, training, most)
            ]
        for what, compare, *args in cases:
            try:
                result.append((what, compare(info, *args)))
            except AbsentError:
                continue
    return result


def name_of(info) -> str:
    return (info.optim_cls if hasattr(info, "optim_cls") else info.module_cls).__name__


def main(names):
    agreeing, everything, whole = Counter(), Counter(), Counter()
    for kind, infos in (("modules", MODULES), ("optimizers", OPTIMIZERS)):
        for info in infos:
            if names and name_of(info) not in names:
                continue
            results = examined(info)
            wrong = [(what, difference) for what, difference in results if difference[1]]
            everything[kind] += len(results)
            agreeing[kind] += len(results) - len(wrong)
            whole[kind] += not wrong
            for what, (stage, text) in wrong[: None if names else 2]:
                print(f"{name_of(info)} {what}, {stage}: {' '.join(text.split())[:250]}")
        print(f"{kind}: {agreeing[kind]} of {everything[kind]} samples agree, {whole[kind]} of {len(infos)} are whole")


if __name__ == "__main__":
    main(sys.argv[1:])
