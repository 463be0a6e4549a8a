"""tinytorch beside PyTorch. Imported before numpy, this gives every pool one thread, or as many as are asked for."""

import os

THREADS = os.environ.get("BENCHMARK_THREADS", "1")

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = THREADS
