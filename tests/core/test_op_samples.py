"""Every operation of PyTorch's that tinytorch has agrees with it on PyTorch's own samples: see samples.py beside this file.

Run here are three samples of each in float32, three of what is refused, and of every second operation two of each other
dtype.
`PYTHONPATH=tests/core python -m samples` runs all.
"""

import pytest
import torch
from samples import DTYPES, OPERATIONS, examined, forms, supports
from sampling import every

operations = pytest.mark.parametrize("op", OPERATIONS, ids=[op.formatted_name for op in OPERATIONS])


def main_dtype(op):
    """float32, where the operation has it."""
    return next((d for d in (torch.float32, *DTYPES) if supports(op, d)), None)


def wrong(op, dtype, most: int) -> str:
    return "\n".join(
        f"{form}, {stage}: {what}\n    {sample.summary()}"
        for _, sample, differences in examined(op, dtype, most=most)
        for form, (stage, what) in differences.items()
    )


@operations
def test_samples(op):
    for dtype in filter(None, (main_dtype(op), "errors")):
        assert not (found := wrong(op, dtype, most=3)), found


@pytest.mark.parametrize("op", every(2, OPERATIONS), ids=lambda op: op.formatted_name)
def test_other_dtypes(op):
    for dtype in DTYPES:
        if supports(op, dtype) and dtype is not main_dtype(op):
            assert not (found := wrong(op, dtype, most=2)), found


def test_names_are_found():
    names = {op.name for op in OPERATIONS}
    assert {"add", "nn.functional.conv2d", "expand", "T", "__getitem__", "where"} <= names and len(names) > 300
    assert all(forms(op) for op in OPERATIONS)
