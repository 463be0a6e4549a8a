"""Kernels and what they stand in for: each name exists, arguments fit, none is hidden by another."""

import importlib
import importlib.util
import inspect

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import backends, dispatch

importlib.import_module("tinytorch.ops.meta")  # its kernels come with it
for _backend, _modules in backends.MODULES.items():
    if _backend != "numba" or importlib.util.find_spec("numba"):
        backends.load(_backend)

REGISTERED = [(backend, name) for backend, names in backends.kernels.items() for name in names]
# several kernels of one backend for one function, in the order in which they are asked
SEVERAL = {
    ("numba", "nn.conv.conv_forward"): [
        "depthwise_forward",
        "few_windows_forward",
        "pointwise_forward",
        "conv_forward",
    ],
    ("numba", "nn.conv.batch_input_grad"): [
        "depthwise_input_grad",
        "columns_input_grad",
        "pointwise_input_grad",
        "batch_input_grad",
    ],
    ("numba", "nn.conv.batch_weight_grad"): [
        "depthwise_weight_grad",
        "few_windows_weight_grad",
        "pointwise_weight_grad",
        "batch_weight_grad",
    ],
    ("numba", "nn.norm.batch_norm"): ["batch_norm_in_use", "batch_norm"],
    ("numba", "nn.pooling.max_pool_forward"): ["max_pool_side_by_side", "max_pool_forward"],
}


def is_method(name: str) -> bool:
    """Whether it is like "tensor.Exp.forward": of a class, which has a capital letter."""
    return name.split(".")[-2][0].isupper()


def lessons_own(name: str):
    """What the lesson wrote under that name."""
    if name in backends.originals:
        return backends.originals[name]
    module, owner, attribute = name.rsplit(".", 2)
    return vars(getattr(importlib.import_module(f"tinytorch.{module}"), owner))[attribute]


@pytest.mark.parametrize("backend, name", REGISTERED, ids=lambda x: x)
def test_a_kernels_name_is_where_its_function_lies(backend, name):
    if is_method(name):
        assert callable(lessons_own(name))
    else:
        module, _, function = name.rpartition(".")
        asked = getattr(importlib.import_module(f"tinytorch.{module}"), function)
        assert asked.plain is backends.originals[name], "it was not handed to dispatch"


@pytest.mark.parametrize("backend, name", REGISTERED, ids=lambda x: x)
def test_a_kernel_takes_its_functions_arguments(backend, name):
    for kernel in backends.kernels[backend][name].values():
        function = [*inspect.signature(lessons_own(name)).parameters.values()]
        takes = [*inspect.signature(kernel).parameters.values()]
        if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in takes):
            continue  # whatever comes: on "meta" one answer fits many functions
        assert len(takes) == len(function) or function.pop().kind is inspect.Parameter.VAR_KEYWORD, kernel
        for ours, theirs in zip(takes, function, strict=False):
            assert ours.kind == theirs.kind, kernel
            assert ours.default == theirs.default or ours.default is inspect.Parameter.empty, kernel


def test_no_kernel_hides_another_unsaid():
    found = {
        (backend, name): [*backends.kernels[backend][name]][::-1]
        for backend, name in REGISTERED
        if len(backends.kernels[backend][name]) > 1
    }
    assert found == {key: names for key, names in SEVERAL.items() if key in REGISTERED}


def test_two_files_cannot_give_one_name_to_two_kernels():
    name = "nn.module.linear"
    before = dict(backends.kernels["numpy"][name])

    def linear(input, weight, bias=None):
        return NotImplemented

    with pytest.raises(
        ValueError, match=r"two kernels 'linear' for numpy: in tinytorch\.kernels\.linear and in test_dispatch"
    ):
        backends.kernel("numpy", name)(linear)
    assert backends.kernels["numpy"][name] == before
    linear.__module__ = "__main__"  # a notebook's
    try:
        assert backends.kernel("numpy", name)(linear) is backends.kernels["numpy"][name]["linear"]
        backends.kernel("numpy", name)(before["linear"])  # the file is imported after the cell has run
        assert backends.kernels["numpy"][name]["linear"] is linear
    finally:
        backends.kernels["numpy"][name] = before
        backends.choose_kernels()


def test_a_method_is_exchanged_while_its_kernels_are_asked():
    module = importlib.import_module("tinytorch.tensor")
    plain = vars(module.Neg)["forward"]

    @backends.kernel("numpy", "tensor.Neg.forward")
    def forward(self, a):
        return a * 0 if a.size == 1 else NotImplemented

    try:
        assert [(-tt.ones(n)).tolist() for n in (1, 2)] == [[0.0], [-1.0, -1.0]]
        with backends.use("lessons"):
            assert vars(module.Neg)["forward"] is plain and (-tt.ones(1)).tolist() == [-1.0]
        assert vars(module.Neg)["forward"] is not plain
    finally:
        del backends.kernels["numpy"]["tensor.Neg.forward"]
        backends.choose_kernels()
    assert vars(module.Neg)["forward"] is plain


def test_what_a_notebook_defines_runs_as_it_is_written():
    source = "from tinytorch.dispatch import dispatch\n@dispatch\ndef conv_forward(x):\n    return x"
    notebook = {"__name__": "__main__"}
    exec(source, notebook)
    assert notebook["conv_forward"](3) == 3 and backends.originals.pop("__main__.conv_forward")


def test_lessons_is_numpy_without_kernels():
    x = tt.ones(2, 3, requires_grad=True)
    with backends.use("lessons"):
        assert type(tt.nn.functional.linear(x, x).grad_fn).__name__ != "LinearFunction"
    assert type(tt.nn.functional.linear(x, x).grad_fn).__name__ == "LinearFunction"
    with pytest.raises(ValueError, match="is not there"):
        backends.use("fortran")
    assert np.array_equal(dispatch.as_array(np.float32(1)), 1)
