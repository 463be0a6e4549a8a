"""Settings shared by all tests."""

import gc
import os
import sys

# before numpy loads: xdist has the cores
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from hypothesis import Phase, settings
from hypothesis.internal.conjecture import providers

import course  # noqa: F401  before nbformat: see there
from tinytorch import backends

# no compiled kernels: tests of kernels ask for them by name; `backends.use("lessons")` leaves out those in numpy, too
backends.use("numpy")

# One failure with its own type, not a group, and the first one, not the smallest: tests/core/test_wrong.py fails on purpose.
settings.register_profile(
    "course",
    max_examples=25,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.generate],
)
# Hypothesis draws constants that it finds in the modules imported so far. Which those are differs from worker to worker,
# and so did the examples, in spite of derandomize: a test failed in one run of many.
providers._get_local_constants = providers.Constants
# pytest --hypothesis-profile explore: more examples, and the smallest that fails
settings.register_profile("explore", max_examples=500, deadline=None)
settings.load_profile("course")


def pytest_collection_modifyitems(items):
    """The folders of long tests first: what comes last should be short, or one worker waits minutes for the other."""
    items.sort(key=lambda item: item.path.parts[-2] not in ("models", "programs", "milestones", "grading", "course"))


def pytest_collection_finish():
    """Thousands of tests are no garbage: never look at them again, in this process or in a fork."""
    gc.freeze()
    if "torch" in sys.modules:  # with AVX-512, oneDNN's GELU in float32 is 1e-4 off at -3: no oracle
        torch = sys.modules["torch"]
        torch.backends.mkldnn.set_flags(False)
        for machine in (torch.cuda, torch.xpu, torch.mtia):  # not there: each would note who gave it a seed, for 1 ms
            machine.manual_seed_all = lambda seed: None


methods = {}


def pytest_runtest_setup():
    methods.update(vars(sys.modules["tinytorch.tensor"].Tensor))


def pytest_runtest_teardown():
    """The objects of a test's own class have armed the functions: those that come after find them as they were."""
    overrides = sys.modules.get("tinytorch.overrides")
    if overrides is None or not overrides.arm.cache_info().currsize:
        return
    dispatch, tensor = sys.modules["tinytorch.dispatch"], sys.modules["tinytorch.tensor"].Tensor
    for function in [one for one in overrides.names if hasattr(one, "__code__")]:
        plain = function.__wrapped__
        function.__code__, function.__name__ = plain.__code__, plain.__name__
        vars(function).clear()
        vars(function).update(vars(plain))
    for name, method in methods.items():
        if vars(tensor)[name] is not method:
            setattr(tensor, name, method)
    dispatch.exchange = dispatch.exchange.__wrapped__
    overrides.names.clear()
    overrides.arm.cache_clear()
