"""Run other tests on the stand-in: `pytest -p run_on_cupy_standin tests/core/test_shapes.py`, with tests/ on PYTHONPATH.

What a test makes with tinytorch.tensor and its kin lives on "cuda", and `.numpy()` brings it back: all between runs there.
"""

import pytest


@pytest.fixture(autouse=True)
def on_standin(monkeypatch):
    import cupy_standin as standin

    import tinytorch as tt

    standin.install()
    for name in "tensor zeros ones full arange eye rand randn randint empty linspace randperm as_tensor from_numpy normal".split():
        make = getattr(tt, name)

        def on_cuda(*args, make=make, **options):
            made = make(*args, **options)
            return made.detach().cuda().requires_grad_(made.requires_grad) if "device" not in options else made

        monkeypatch.setattr(tt, name, on_cuda)
    plain = tt.Tensor.numpy
    monkeypatch.setattr(tt.Tensor, "numpy", lambda self: plain(self.cpu() if not self.requires_grad else self))
    monkeypatch.setattr(
        tt.Tensor, "__array__", lambda self, dtype=None, copy=None: plain(self.cpu()).astype(dtype or self.dtype.numpy)
    )
    parameter, buffer = tt.nn.Parameter.__init__, tt.nn.Module.register_buffer
    there = lambda x: x if x is None else x.detach().cuda()
    monkeypatch.setattr(
        tt.nn.Parameter, "__init__", lambda self, data=None, *a, **o: parameter(self, there(data), *a, **o)
    )
    monkeypatch.setattr(
        tt.nn.Module, "register_buffer", lambda self, name, x, *a, **o: buffer(self, name, there(x), *a, **o)
    )
    yield
    standin.remove()
