"""Every operation of PyTorch's that tinytorch has agrees with it on PyTorch's own samples: see samples.py beside this file.

In float32, and of what is refused, three samples of each are run here, in one other dtype, which goes round, one;
`PYTHONPATH=tests/core python -m samples` runs all.
"""

import pytest
import torch
from samples import DTYPES, OPERATIONS, examined, forms, kind, supports


def dtypes(op, turn: int) -> list:
    """float32, where the operation has it, one other dtype, and what is refused."""
    others = [dtype for dtype in DTYPES if dtype is not torch.float32 and supports(op, dtype)]
    first = [torch.float32] if supports(op, torch.float32) else []
    return [*first, *others[turn % max(len(others), 1) :][:1], "errors"]


CASES = [(op, dtype) for turn, op in enumerate(OPERATIONS) for dtype in dtypes(op, turn)]


@pytest.mark.parametrize(("op", "dtype"), CASES, ids=[f"{op.formatted_name}-{kind(dtype)}" for op, dtype in CASES])
def test_samples(op, dtype):
    wrong = [
        f"{form}, {stage}: {what}\n    {sample.summary()}"
        for _, sample, differences in examined(op, dtype, most=3 if dtype in (torch.float32, "errors") else 1)
        for form, (stage, what) in differences.items()
    ]
    assert not wrong, "\n".join(wrong)


def test_names_are_found():
    names = {op.name for op in OPERATIONS}
    assert {"add", "nn.functional.conv2d", "expand", "T", "__getitem__", "where"} <= names and len(names) > 300
    assert all(forms(op) for op in OPERATIONS)
