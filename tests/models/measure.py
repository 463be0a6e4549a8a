"""What a framework makes of the models of a library: a program that runs under PyTorch and under tinytorch.

    python measure.py LIBRARY OUT.npz [WEIGHTS.npz] [NAMES] [ROUNDS]

Without WEIGHTS ("") they are drawn, and written to OUT with all the rest: outputs, loss, gradients, seconds, or the error.
"""

import importlib
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from models.oracle import let_torchvision_load

let_torchvision_load()


def tensors(value, name=""):
    """(name, tensor) of all floating-point tensors in nested outputs."""
    if isinstance(value, torch.Tensor):
        if value.dtype.is_floating_point:
            yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from tensors(part, f"{name}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from tensors(part, f"{name}.{i}")


def loss_of(outputs):
    """Their own loss, or one that depends on every output."""
    if isinstance(outputs, dict) and outputs.get("loss") is not None and outputs["loss"].ndim == 0:
        return outputs["loss"]
    return sum(
        (value * torch.cos(torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape))).mean()
        for _, value in tensors(outputs)
    )


def converted(value, dtype):
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.dtype.is_floating_point else value
    if isinstance(value, dict):
        return {key: converted(part, dtype) for key, part in value.items()}
    return [converted(part, dtype) for part in value] if isinstance(value, list) else value


def drawn(model, rng) -> dict:
    """Weights that leave nothing at zero or one, where mistakes hide."""
    state = {}
    for name, value in model.state_dict().items():
        array = np.asarray(value.numpy())
        if value.dtype.is_floating_point and name in dict(model.named_parameters()):
            array = array + (0.05 * rng.standard_normal(array.shape)).astype(array.dtype)
        elif name.endswith(("running_mean", "running_var")):
            array = (array + 0.3 * rng.random(array.shape)).astype(array.dtype)
        state[name] = np.asarray(array)
    return state


def measured(case, weights: dict | None, dtype, rounds: int) -> tuple:
    """(arrays by name, weights)."""
    torch.manual_seed(0)
    model, inputs = case(np.random.default_rng(0))
    weights = drawn(model, np.random.default_rng(1)) if weights is None else weights
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model = model.to(dtype).eval()
    inputs = converted(inputs, dtype)
    found, seconds = {}, []
    for _ in range(rounds):  # from the second on nothing is loaded or compiled any more
        model.zero_grad()
        start = time.perf_counter()
        outputs = model(**inputs)
        loss = loss_of(outputs)
        loss.backward()
        seconds.append(time.perf_counter() - start)
    found["seconds"] = min(seconds)
    found["parameters"] = sum(p.numel() for p in model.parameters())
    found["loss"] = loss.detach().numpy()
    found |= {f"output{name}": value.detach().numpy() for name, value in tensors(outputs)}
    found |= {f"gradient {name}": p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}
    return found, weights


def main(library: str, out: str, given: str = "", names: str = "", rounds: str = "1") -> None:
    torch.backends.mkldnn.flags(enabled=False).__enter__()  # with AVX-512 its GELU is no oracle
    torch.set_num_threads(1)
    module = importlib.import_module(f"models.cases_{library}")
    cases = module.SMALL
    given = dict(np.load(given)) if given else {}
    found = {}
    for name in names.split(",") if names else cases:
        prefix = f"{name}/weights/"
        weights = {key[len(prefix) :]: value for key, value in given.items() if key.startswith(prefix)} or None
        try:
            for dtype in (torch.float32, torch.float64)[: 1 if name in module.FLOAT32 else 2]:
                values, weights = measured(cases[name], weights, dtype, int(rounds))
                found |= {f"{name}/{str(dtype).split('.')[1]}/{key}": value for key, value in values.items()}
        except Exception:
            found[f"{name}/error"] = traceback.format_exc()
        found |= {prefix + key: value for key, value in (weights or {}).items()}
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
