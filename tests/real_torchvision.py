"""torchvision itself, on PyTorch, for tests that compare with it; they are skipped where it is not installed.

Its compiled operations need not load (they are made for one build of PyTorch each): what is compared is Python.
"""

import importlib
import importlib.util

import pytest
import torch


def real_torchvision(path: str = "torchvision"):
    """The module of that path; the test is skipped where torchvision is not installed."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    kept = torch.library.register_fake, torch.library.register_autograd
    torch.library.register_fake = lambda *args, **options: lambda function: function
    torch.library.register_autograd = lambda *args, **options: None
    try:
        return importlib.import_module(path)
    finally:
        torch.library.register_fake, torch.library.register_autograd = kept
