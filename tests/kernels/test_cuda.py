"""Lesson 16 without a GPU: the simulator finds what it should, and every kernel is one that numba and nvcc take, too."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch.cuda import gpu
from tinytorch.cuda.simulator import KernelError, Launch, cuda, numba_cuda, watch

ROOT = Path(__file__).parents[2]
SIZE = 8


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def python(code, **environment):
    """What `code` prints in a process of its own, as JSON."""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


# ------------------------------------------------------------------------------------------------------ the kernels


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 9), (16, 16, 16), (17, 2, 40)])
def test_matmul_and_transpose(shape):
    m, k, n = shape
    a, b = floats(m, k), floats(k, n, seed=1)
    np.testing.assert_allclose(gpu.matmul(a, b), a @ b, atol=1e-5)
    np.testing.assert_array_equal(gpu.transpose(a), a.T)
    np.testing.assert_array_equal(gpu.add(a.T, 2 * a.T), 3 * a.T)


@pytest.mark.parametrize("size", [1, 3, 256, 1000])
def test_rows(size):
    x = floats(2, size) * 50
    expected = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(gpu.softmax(x), expected / expected.sum(1, keepdims=True), atol=1e-6)
    total, peak = gpu.sum_and_max(x[0])
    np.testing.assert_allclose([total[0], peak[0]], [x[0].sum(dtype=np.float64), x[0].max()], rtol=1e-4, atol=1e-3)


def test_axpy_on_a_view():
    x, y = floats(20)[::2], floats(10, seed=1)
    expected = y + 2 * x
    gpu.axpy_kernel[2, 4](2.0, x, y)
    np.testing.assert_allclose(y, expected, rtol=1e-6)


# ------------------------------------------------------------------------------------------- what the simulator refuses


@cuda.jit
def neighbour(x, out):
    shared = cuda.shared.array(SIZE, np.float32)
    i = cuda.threadIdx.x
    shared[i] = x[i]
    cuda.syncthreads()
    shared[i] += shared[(i + 1) % SIZE]
    cuda.syncthreads()
    out[i] = shared[i]


@cuda.jit
def unwritten(x, out):
    shared = cuda.shared.array(SIZE, np.float32)
    i = cuda.threadIdx.x
    shared[i] = x[i]
    out[i] = shared[(i + 1) % SIZE]


@cuda.jit
def all_into_one(x, out):
    out[0] += x[cuda.grid(1)]


@cuda.jit
def blocks_race(x, out):
    out[0] = x[cuda.blockIdx.x]


@cuda.jit
def all_write_the_same(x, out):
    out[0] = x[3]


@cuda.jit
def atomic(x, out):
    cuda.atomic.add(out, 0, x[cuda.grid(1)])


@cuda.jit
def some_wait(x, out):
    if cuda.threadIdx.x < 4:
        cuda.syncthreads()


@cuda.jit
def at_two_barriers(x, out):
    if cuda.threadIdx.x < 4:
        cuda.syncthreads()
    else:
        cuda.syncthreads()


@cuda.jit
def some_leave(x, out):
    if cuda.threadIdx.x > 6:
        return
    cuda.syncthreads()


@cuda.jit
def outside(x, out):
    out[cuda.grid(1)] = x[cuda.grid(1) + 1]


@cuda.jit
def before_the_first(x, out):
    out[cuda.threadIdx.x] = x[cuda.threadIdx.x - 1]


@cuda.jit
def halves(x, out):
    out[cuda.threadIdx.x] = x[cuda.threadIdx.x / 2]


@cuda.jit
def whole_arrays(x, out):
    out[0] = np.sum(x)


@cuda.jit
def an_alias(x, out):
    barrier = cuda.syncthreads
    barrier()


@pytest.mark.parametrize(
    "kernel, message",
    [
        (neighbour, r"a race: .* shared\[\d\] \(line \d+\)"),
        (unwritten, r"reads shared\[1\] \(line \d+\), where nothing was written yet"),
        (all_into_one, r"a race: .* out\[0\] .* and block \(0, 0, 0\), thread \(0, 0, 0\) writes it"),
        (blocks_race, "nothing orders blocks"),
        (some_wait, "thread .* waits at cuda.syncthreads"),
        (at_two_barriers, "waits in line"),
        (some_leave, "has ended"),
        (outside, r"reads x\[16\], but x has the shape \(16,\)"),
        (before_the_first, r"reads x\[-1\]"),
        (halves, "//"),
        (whole_arrays, "numpy's functions"),
        (an_alias, "under this name"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_refused(kernel, message):
    with pytest.raises((KernelError, TypeError), match=message):
        kernel[2, SIZE](floats(16), np.zeros(16, np.float32))
    assert Launch.now is None


def test_not_refused():
    x, out = floats(16), np.zeros(1, np.float32)
    all_write_the_same[2, SIZE](x, out)
    assert out[0] == x[3]
    out[0] = 0
    atomic[2, SIZE](x, out)
    np.testing.assert_allclose(out[0], x.sum(), rtol=1e-5)


def test_aliases_race():
    @cuda.jit
    def shift(x, out):
        out[cuda.threadIdx.x] = x[(cuda.threadIdx.x + 1) % 8]

    x = floats(8)
    shift[1, 8](x, np.zeros(8, np.float32))
    with pytest.raises(KernelError, match="a race"):
        shift[1, 8](x, x)


def test_launch():
    launch = watch(gpu.add_kernel, 2, 4, floats(7), floats(7), np.zeros(7, np.float32))
    assert len(launch.accesses) == 21 and launch.barriers == [0, 0]
    assert launch.warps("out", "writes") == [[0, 4, 8, 12], [16, 20, 24]]
    for blocks, threads in [(0, 4), (1, 0), (1, 1025), (1, (32, 33))]:
        with pytest.raises(KernelError, match="1 to 1024 threads"):
            gpu.add_kernel[blocks, threads](floats(1), floats(1), floats(1))
    with pytest.raises(TypeError, match="3 arguments, and was given 1"):
        gpu.add_kernel[1, 1](floats(1))
    with pytest.raises(KernelError, match=r"add_kernel\[blocks, threads\]"):
        gpu.add_kernel(floats(1), floats(1), floats(1))
    with pytest.raises(KernelError, match="kernels call it"):
        gpu.fold(floats(1), True)
    with pytest.raises(KernelError, match="only a kernel"):
        cuda.grid(1)


def test_three_dimensions():
    @cuda.jit
    def places(out):
        x, y, z = cuda.grid(3)
        width, height, _ = cuda.gridsize(3)
        out[z, y][x] = x + width * (y + height * z)

    out = np.zeros((4, 4, 6), np.int64)
    places[(3, 2, 1), (2, 2, 4)](out)
    np.testing.assert_array_equal(out.ravel(), np.arange(out.size))


# -------------------------------------------------------------------------------------------- others take them, too

KERNELS = {
    "add_kernel": "f[:], f[:], f[:]",
    "axpy_kernel": "float64, f[:], f[:]",
    "transpose_kernel": "f[:, ::1], f[:, ::1]",
    "sum_and_max_kernel": "f[::1], f[::1], f[::1]",
    "matmul_kernel": "f[:, :], f[:, ::1], f[:, ::1]",
    "softmax_kernel": "f[:, ::1], f[:, ::1]",
}


def test_in_numbas_simulator():
    pytest.importorskip("numba")
    assert (
        python(
            """
import json, numpy as np
from tinytorch.cuda import gpu
from tinytorch.cuda.simulator import numba_cuda
numba_cuda()
import numba
gpu.THREADS, gpu.TILE = 8, 4
rng = np.random.default_rng(0)
a, b = (rng.standard_normal(s).astype("f4") for s in ((5, 7), (7, 6)))
right = []
for name, grid, arrays, n in [
    ("softmax_kernel", (5, 8), (a, np.zeros_like(a)), 1), ("transpose_kernel", ((2, 2), (4, 4)), (a, np.zeros((7, 5), "f4")), 1),
    ("matmul_kernel", ((2, 2), (4, 4)), (a, b, np.zeros((5, 6), "f4")), 1), ("add_kernel", (2, 4), (a[0], b[:, 0], np.zeros(7, "f4")), 1),
    ("sum_and_max_kernel", (2, 8), (a.ravel(), np.zeros(2, "f4"), np.zeros(2, "f4")), 2), ("axpy_kernel", (1, 3), (2.0, a[0], a[1].copy()), 1)]:
    others = [x.copy() if hasattr(x, "copy") else x for x in arrays]
    getattr(gpu, name)[grid](*arrays)
    getattr(gpu, name).numba[grid](*others)
    right += [bool(np.allclose(x, y, atol=1e-6)) for x, y in zip(arrays[-n:], others[-n:])]
print(json.dumps(right + [bool(numba.config.ENABLE_CUDASIM)]))
"""
        )
        == [True] * 8
    )


def nvvm() -> str | None:
    """The folder of NVIDIA's compiler, as numba wants it; it needs no GPU."""
    homes = [os.environ.get("CUDA_HOME", ""), *map(str, Path("/usr/local").glob("cuda*"))]
    return next((home for home in homes if home and Path(home, "nvvm/libdevice").is_dir()), None)


@pytest.mark.skipif(nvvm() is None, reason="NVIDIA's compiler is not here")
def test_numba_compiles_them_for_a_gpu():
    pytest.importorskip("numba")
    found = python(
        f"""
import json
from types import SimpleNamespace
import numba.cuda
from numba import float32 as f, float64
numba.cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(7, 5))  # for device functions
from tinytorch.cuda import gpu
compiled = {{}}
for name, types in {KERNELS!r}.items():
    text, _ = numba.cuda.compile_ptx(getattr(gpu, name).numba.py_func, eval(f"({{types}},)"), cc=(7, 5))
    compiled[name] = [text.count("bar.sync"), ".shared" in text, "fma.rn.f64" in text]
print(json.dumps(compiled))
""",
        CUDA_HOME=nvvm(),
    )
    assert found.keys() == KERNELS.keys()
    for name in ("transpose_kernel", "sum_and_max_kernel", "matmul_kernel", "softmax_kernel"):
        assert found[name][0] > 0 and found[name][1], f"{name} has no barrier, or no shared memory"
    assert not found["matmul_kernel"][2], "the product is computed in float64"


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not here")
def test_nvcc_takes_the_source_in_c(tmp_path):
    (tmp_path / "axpy.cu").write_text('extern "C"' + gpu.AXPY_SOURCE)
    subprocess.run(["nvcc", "-ptx", "-o", tmp_path / "axpy.ptx", tmp_path / "axpy.cu"], check=True, capture_output=True)
    assert ".entry axpy(" in (tmp_path / "axpy.ptx").read_text()


# ------------------------------------------------------------------------------------------------------ torch.cuda


def test_names_of_torch():
    torch = pytest.importorskip("torch")
    for (
        name
    ) in """is_available device_count current_device get_device_name synchronize Event memory_allocated memory_reserved
        max_memory_allocated reset_peak_memory_stats empty_cache manual_seed manual_seed_all device""".split():
        assert hasattr(torch.cuda, name) and hasattr(tinytorch.cuda, name)
    for name in ("record", "synchronize", "query", "elapsed_time"):
        ours, theirs = (inspect.signature(getattr(module.Event, name)).parameters for module in (gpu, torch.cuda))
        assert list(ours) == list(theirs)


@pytest.mark.skipif(gpu.is_available(), reason="there is a GPU")
def test_without_a_gpu():
    assert (gpu.device_count(), gpu.memory_allocated(), gpu.max_memory_allocated()) == (0, 0, 0)
    gpu.empty_cache()
    gpu.manual_seed_all(0)
    for call in (gpu.current_device, gpu.synchronize, gpu.get_device_name, gpu.Event, lambda: gpu.device(0)):
        with pytest.raises(RuntimeError, match="no GPU here"):
            call()


def test_number_of_a_device():
    assert gpu.number(2) == 2 and gpu.number("cuda:1") == 1


def test_names_of_cupy():
    """What cuda/gpu.py asks of CuPy is there under these names; nothing of it can run without a GPU."""
    cupy = pytest.importorskip("cupy")
    for path in """is_available asarray asnumpy random.seed RawKernel get_default_memory_pool cuda.Device cuda.Event cuda.MemoryHook
        cuda.get_elapsed_time cuda.runtime.getDevice cuda.runtime.getDeviceCount cuda.runtime.getDeviceProperties
        cuda.runtime.deviceSynchronize cuda.Event.record cuda.Event.done cuda.Event.synchronize cuda.MemoryPool.used_bytes
        cuda.MemoryPool.total_bytes cuda.MemoryPool.free_all_blocks cuda.MemoryHook.malloc_postprocess""".split():
        found = cupy
        for name in path.split("."):
            found = getattr(found, name)


@pytest.mark.skipif(not gpu.is_available(), reason="no GPU here")
def test_on_a_gpu():
    cupy = gpu.gpu()
    a, b = floats(40, 50), floats(50, 30)
    there = cupy.asarray(a), cupy.asarray(b)
    np.testing.assert_allclose(gpu.matmul(*there).get(), a @ b, atol=1e-4)
    np.testing.assert_allclose(gpu.softmax(there[0]).get(), gpu.softmax(a), atol=1e-6)
    np.testing.assert_array_equal(gpu.transpose(there[0]).get(), a.T)
    total, peak = gpu.sum_and_max(there[0].ravel())
    np.testing.assert_allclose([float(total[0]), float(peak[0])], [a.sum(), a.max()], atol=1e-3)
    y = cupy.ones(2000, "float32")
    gpu.raw_axpy(2.0, y.copy(), y)
    assert bool((y == 3).all())
    first, last = gpu.Event(enable_timing=True), gpu.Event(enable_timing=True)
    first.record()
    tinytorch.ones(64, 64, device="cuda") @ tinytorch.ones(64, 64, device="cuda")
    last.record()
    last.synchronize()
    assert last.query() and first.elapsed_time(last) > 0
    assert gpu.max_memory_allocated() >= gpu.memory_allocated() > 0
    assert numba_cuda().is_available() and gpu.get_device_name() and gpu.current_device() == 0
