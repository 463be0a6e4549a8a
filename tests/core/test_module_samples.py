"""Every module and optimizer that tinytorch has agrees with PyTorch on PyTorch's own samples, found by its name.

Here some of each; `PYTHONPATH=tests/core:. python -m module_samples` takes all.
"""

import pytest
from module_samples import MODULES, OPTIMIZERS, examined, name_of

EXCEPTIONS = {
    "LPPool1d": "PyTorch's gradient is nan where the sum of a window is not positive, ours is 0; not every sample has one",
    "LPPool2d": "the same",
    "SparseAdam": "PyTorch refuses dense gradients, we have no others; test_optim_base.py gives PyTorch sparse ones",
}


@pytest.mark.parametrize("info", [*MODULES, *OPTIMIZERS], ids=name_of)
def test_as_in_pytorch(info):
    results = examined(info, most=6)
    assert results, "PyTorch has samples"
    wrong = [f"{what}, {stage}: {text}" for what, (stage, text) in results if text]
    assert not wrong or name_of(info) in EXCEPTIONS, wrong
