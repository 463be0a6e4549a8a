"""How tensors are printed: sign for sign as PyTorch prints them."""

import numpy as np
import pytest
import torch

import tinytorch as tt

RNG = np.random.default_rng(0)
ARRAYS = {
    "row": np.float32([1.5, -2, 0.25]),
    "whole": np.float32([1, 2, 300]),
    "large": np.float32([1.5, 1e9]),
    "small": np.float32([1e-6, 1]),
    "wide": np.float32([0.001, 100.5]),
    "nan": np.float32([np.nan, 1, -np.inf]),
    "only nan": np.float32([np.nan, np.inf]),
    "zeros": np.zeros((2, 3), np.float32),
    "long row": np.arange(30, dtype=np.float32),
    "long row of fractions": np.arange(30, dtype=np.float32) / 7,
    "matrix": RNG.standard_normal((3, 4)).astype(np.float32),
    "three": RNG.standard_normal((2, 3, 4)).astype(np.float32),
    "four": np.arange(16).reshape(2, 2, 2, 2),
    "many": RNG.standard_normal((40, 50)),
    "many ints": np.arange(4000).reshape(4, 1000),
    "many in three": np.arange(2000.0).reshape(20, 10, 10),
    "a thousand": np.arange(1000),
    "a thousand and one": np.arange(1001),
    "ints": np.array([[1, -20], [300, 4]]),
    "bools": np.array([[True, False]]),
    "bytes": np.uint8([1, 255]),
    "shorts": np.int16([-3, 4]),
    "doubles": np.array([1.5, 2.5]),
    "halves": np.float16([0.1, 1000.5, 6e4]),
    "a number": np.array(1.5, np.float32),
    "an int": np.array(3),
    "a large number": np.array(123456.789, np.float32),
    "complex": np.complex64([1 + 2j, -0.5 - 1.25j]),
    "complex whole": np.complex64([1 + 2j, -3j]),
    "complex wide": np.complex128([1e10 + 1e-5j, 2]),
    "complex nan": np.complex64([complex(1, np.nan), complex(-np.inf, 2)]),
    "a complex number": np.array(1.5 + 2j, np.complex64),
    "complex matrix": RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4)),
    "many complex": (RNG.standard_normal(2000) + 1j).astype(np.complex64),
    "empty": np.zeros(0, np.float32),
    "empty ints": np.zeros(0, np.int64),
    "empty doubles": np.zeros(0),
    "empty matrix": np.zeros((2, 0), np.float32),
    "empty bytes": np.zeros((0, 3), np.uint8),
}
OPTIONS = [
    {},
    {"precision": 2},
    {"precision": 8, "linewidth": 60},
    {"sci_mode": True},
    {"sci_mode": False},
    {"threshold": 5, "edgeitems": 2},
    {"profile": "short"},
    {"profile": "full"},
    {"linewidth": 200, "edgeitems": 1},
]


@pytest.fixture(autouse=True)
def a_name_as_long(monkeypatch):
    """Lines break where PyTorch's do if dtypes are called as there."""
    monkeypatch.setattr(tt.dtype, "__repr__", lambda self: f"torch.{self.name}")


def printed(t, array, options):
    try:
        t.set_printoptions(profile="default")
        t.set_printoptions(**options)
        return str(t.from_numpy(array))
    finally:
        t.set_printoptions(profile="default")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ARRAYS)
def test_as_pytorch(name, options):
    if options.get("profile") == "full" and ARRAYS[name].size > 3000:
        pytest.skip("long")
    assert printed(tt, ARRAYS[name], options) == printed(torch, ARRAYS[name], options)


def test_notes():
    for t in (tt, torch):
        x = t.tensor([1.0, 2.0], requires_grad=True)
        assert str(x) == "tensor([1., 2.], requires_grad=True)" and str(x.detach()) == "tensor([1., 2.])"
        assert str(t.tensor([1.5], dtype=t.bfloat16)) == f"tensor([1.5000], dtype={t.__name__}.bfloat16)"
        assert str(t.zeros(2, 3, device="meta")) == "tensor(..., device='meta', size=(2, 3))"
        try:
            t.set_default_dtype(t.float64)
            assert str(t.tensor([1.5])) == "tensor([1.5000])" and "float32" in str(t.tensor([1.5], dtype=t.float32))
            assert str(t.tensor([1j])) == "tensor([0.+1.j])"
        finally:
            t.set_default_dtype(t.float32)
    assert str(tt.tensor([1.0, 2.0], requires_grad=True) * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"


def test_notes_go_to_a_new_line_where_there_is_no_room():
    texts = [[str(t.arange(float(n)).requires_grad_()) for n in range(1, 40)] for t in (tt, torch)]
    assert texts[0] == texts[1] and any(text.splitlines()[-1] == "       requires_grad=True)" for text in texts[0])


def test_options_stay_until_changed():
    """But for sci_mode, which each call sets."""
    results = []
    for t in (tt, torch):
        t.set_printoptions(precision=2, sci_mode=True)
        t.set_printoptions(edgeitems=1, threshold=3)
        results.append(str(t.arange(6.0) / 7))
        t.set_printoptions(profile="default")
    assert results[0] == results[1]


def test_a_programs_subclass_is_named():
    class Heights(tt.Tensor):
        pass

    class Widths(torch.Tensor):
        pass

    ours, theirs = tt.ones(2).as_subclass(Heights), torch.ones(2).as_subclass(Widths)
    assert repr(ours) == repr(theirs).replace("Widths", "Heights") == "Heights([1., 1.])"
    assert repr(tt.nn.Parameter(tt.ones(1))).startswith("Parameter containing:\ntensor(")
