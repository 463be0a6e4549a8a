"""Which dtype two operands meet in: all pairs, tensors with dimensions, 0-d tensors and Python's numbers, as in PyTorch."""

import itertools
import operator

import numpy as np
import pytest
import torch

import tinytorch as tt

KINDS = ["float32", "float64", "int64", "int32", "uint8", "bool"]
CALLS = {
    "add": operator.add,
    "mul": operator.mul,
    "sub": operator.sub,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "lt": operator.lt,
    "eq": operator.eq,
}


def operands(t):
    for kind in KINDS:
        yield f"{kind}[2]", t.tensor([1, 1], dtype=getattr(t, kind))
        yield f"{kind}[]", t.tensor(1, dtype=getattr(t, kind))
    yield from [("True", True), ("2", 2), ("1.5", 1.5)]


def outcome(t, call, a, b):
    try:
        result = call(a, b)
    except (RuntimeError, NotImplementedError) as error:
        return "error" if isinstance(error, RuntimeError) else error
    return str(result.dtype).split(".")[-1], np.asarray(result.tolist(), float).round(
        6
    ).tolist()  # atan2's last bits are the processor's


@pytest.mark.parametrize("name", CALLS)
def test_all_pairs(name):
    wrong = []
    pairs = zip(itertools.product(operands(tt), repeat=2), itertools.product(operands(torch), repeat=2), strict=True)
    for ((left, a), (right, b)), ((_, c), (_, d)) in pairs:
        if isinstance(a, tt.Tensor) or isinstance(b, tt.Tensor):
            ours, theirs = outcome(tt, CALLS[name], a, b), outcome(torch, CALLS[name], c, d)
            if ours != theirs and not (name == "sub" and theirs == "error"):  # a bool may be subtracted here
                wrong.append(f"{left} {name} {right}: {ours}, PyTorch has {theirs}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["maximum", "minimum", "atan2", "where", "pow", "clamp"])
def test_functions(name):
    wrong = []
    for k1, k2 in itertools.product(KINDS, repeat=2):
        if name in ("pow", "clamp") and k1 == k2 == "bool":  # PyTorch refuses
            continue
        results = []
        for t in (tt, torch):
            a, b = t.tensor([1, 1], dtype=getattr(t, k1)), t.tensor([1, 1], dtype=getattr(t, k2))
            call = {"where": lambda t, a, b: t.where(a == b, a, b), "clamp": lambda t, a, b: a.clamp(b, b)}.get(name)
            results.append(
                outcome(t, lambda a, b, t=t, call=call: call(t, a, b) if call else getattr(t, name)(a, b), a, b)
            )
        if results[0] != results[1]:
            wrong.append(f"{name}({k1}, {k2}): {results[0]}, PyTorch has {results[1]}")
    assert not wrong, "\n".join(wrong)


def test_result_type():
    for (_, a), (_, c) in zip(operands(tt), operands(torch), strict=True):
        for (_, b), (_, d) in zip(operands(tt), operands(torch), strict=True):
            assert str(tt.result_type(a, b)).split(".")[-1] == str(torch.result_type(c, d)).split(".")[-1]
