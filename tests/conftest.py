"""Settings shared by all tests."""

import os

# before numpy loads: xdist has the cores
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from hypothesis import settings

from tinytorch import backends

# the lessons' own functions are what most tests are about; tests of kernels ask for them by name
backends.use("numpy")

# one failure with its own type, not a group: tests/test_wrong.py asks for the type
settings.register_profile("course", max_examples=25, deadline=None, derandomize=True, report_multiple_bugs=False)
settings.register_profile("explore", max_examples=500, deadline=None)  # pytest --hypothesis-profile explore
settings.load_profile("course")
