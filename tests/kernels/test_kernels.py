"""Lesson 15's kernels in the package: compiled with or without a folder to keep them, and asked where they fit."""

import runpy
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from numba.core import caching

from tinytorch import backends
from tinytorch.kernels import compiled, compiling
from tinytorch.nn import conv, embedding


def twice(x):
    return x + x


def test_machine_code_is_kept_where_there_is_a_file_and_a_folder(monkeypatch):
    assert type(compiling.compiled(twice)._cache).__name__ == "FunctionCache"
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])  # no folder can be written
    without = compiling.compiled(twice)
    assert type(without._cache).__name__ == "NullCache" and without(3) == 6


def test_machine_code_is_stale_when_the_kernels_have_changed(monkeypatch, tmp_path):
    """A kernel of another file may have one of compiling.py or compiled.py built in."""
    (tmp_path / "other.py").write_text("def once(x):\n    return x + 1\n")
    alive = []  # numba would import "<run_path>" for code from its cache, of which no kernel is left

    def hits():
        kernel = compiling.compiled(runpy.run_path(str(tmp_path / "other.py"))["once"])
        alive.append(kernel)
        assert kernel(1) == 2
        return sum(kernel.stats.cache_hits.values())

    assert [hits(), hits()] == [0, 1]
    monkeypatch.setattr(compiling, "VERSION", b"another")
    assert [hits(), hits()] == [0, 1]


def test_a_notebooks_function_is_compiled_anew(monkeypatch):
    namespace = {"compiled": compiling.compiled}
    exec(compile("@compiled\ndef thrice(x):\n    return 3 * x", "<cell thrice>", "exec"), namespace)
    assert type(namespace["thrice"]._cache).__name__ == "NullCache" and namespace["thrice"](2) == 6


def test_kernels_refuse_what_they_were_not_made_for():
    x = np.ones((4, 6), np.float32)
    assert compiling.fast_arrays(x, x[1:]) and compiling.fast_arrays()
    for other in (x.astype(np.float64), x.T, x[:, ::2], x.view(np.matrix), [1.0]):
        assert not compiling.fast_arrays(x, other), other
    ids, grad = np.array([0, 7]), np.ones((2, 3), np.float32)
    assert compiled.scatter_add(ids, grad, 5) is NotImplemented  # the numpy form raises then
    assert (
        compiled.conv_forward(np.ones((1, 2, 5, 5)), np.ones((2, 2, 3, 3)), (1, 1), (0, 0), (1, 1), 1) is NotImplemented
    )


@pytest.mark.parametrize(
    "kernel, name",
    [(compiled.scatter_add, "nn.embedding.scatter_add"), (compiled.conv_forward, "nn.conv.conv_forward")],
)
def test_they_are_registered_under_the_name_of_what_they_replace(kernel, name):
    function = {"nn.embedding.scatter_add": embedding.scatter_add, "nn.conv.conv_forward": conv.conv_forward}[name]
    assert backends.kernels["numba"][name][kernel.__name__] is kernel
    assert function.plain is backends.originals[name]


PROGRAM = """
import sys, tinytorch as tt
from tinytorch import backends
assert "numba" not in sys.modules and backends.in_use() == "numpy"
small = tt.nn.functional.layer_norm(tt.ones(4, 8), (8,))
assert "numba" not in sys.modules
large = tt.nn.functional.layer_norm(tt.randn(64, 128), (128,))
assert backends.in_use() == "numba" and "tinytorch.kernels.compiled" in sys.modules
"""


def test_numba_is_loaded_with_the_first_large_array():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=compiled.__file__.rsplit("/", 3)[0])
