"""Machines that are not there, and PyTorch's own machinery: the truth, and what programs say before they fall back."""

import inspect
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from programs.running import ROOT, prints, run

import tinytorch as tt
from tinytorch import nn


def both(question):
    """The answers of both frameworks, or the type of what they raise."""
    answers = []
    for t in (tt, torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answers.append(question(t))
            except Exception as error:
                answers.append(type(error))
    return answers


ANSWERS = [
    "cuda.is_available()", "cuda.device_count()", "cuda.is_initialized()", "cuda.is_bf16_supported()", "cuda.get_arch_list()",
    "cuda.memory_allocated()", "cuda.max_memory_allocated()", "cuda.memory_reserved()", "cuda.max_memory_reserved()",
    "cuda.manual_seed(1)", "cuda.manual_seed_all(1)", "cuda.seed_all()", "cuda.empty_cache()", "cuda.get_rng_state_all()",
    "cuda.memory_stats()", "cuda.init()", "cuda.default_generators", "cuda.stream(None).__enter__()",
    "accelerator.is_available()", "accelerator.device_count()", "accelerator.current_accelerator()",
    "accelerator.synchronize()", "accelerator.current_device_index()", "accelerator.memory_allocated()",
    "accelerator.device_index(None).__enter__()", "mps.is_available()", "mps.device_count()", "mps.manual_seed(1)",
    "xpu.is_available()", "xpu.device_count()", "xpu.manual_seed_all(1)", "xpu.empty_cache()", "xpu.is_bf16_supported()",
    "xpu.memory_allocated()", "cpu.is_available()", "cpu.device_count()", "cpu.current_device()", "cpu.synchronize()",
    "backends.cudnn.is_available()", "backends.cudnn.version()", "backends.cudnn.enabled", "backends.cudnn.benchmark",
    "backends.cudnn.deterministic", "backends.mps.is_available()", "backends.mps.is_built()", "backends.cuda.is_built()",
    "backends.cuda.matmul.allow_tf32", "backends.cuda.flash_sdp_enabled()", "backends.cuda.math_sdp_enabled()",
    "distributed.is_torchelastic_launched()", "jit.is_scripting()", "jit.is_tracing()", "compiler.is_compiling()",
    "get_float32_matmul_precision()", "are_deterministic_algorithms_enabled()", "get_deterministic_debug_mode()",
    "is_deterministic_algorithms_warn_only_enabled()", "get_default_device().type", "version.cuda", "version.hip",
    "onnx.is_in_onnx_export()", "is_autocast_enabled()", "is_warn_always_enabled()", "overrides.has_torch_function(())",
    "set_num_threads(0)", "set_num_threads(1.5)", "set_num_interop_threads(0)", "use_deterministic_algorithms(1)",
    "set_deterministic_debug_mode('x')", "set_default_device('nope')", "autocast('nope')", "jit.annotate(int, 3)",
    "amp.GradScaler().get_scale()", "amp.GradScaler('cpu').get_scale()", "amp.GradScaler('cpu').state_dict()",
    "cuda.amp.GradScaler().is_enabled()", "amp.GradScaler('cpu', growth_factor=1.0)", "typename(3)", "typename('a')",
    "nn.modules.utils._pair(2)", "nn.modules.utils._triple([1, 2, 3])", "_check(False)", "_assert(False, 'x')",
    "_check_with(KeyError, False, lambda: 'x')", "_check_with(KeyError, 1, None)", "_check_index(False)", "_check_value(False)",
    "_check_type(False)", "_check_not_implemented(False)", "_check_is_size(-1)", "_check_is_size(2, max=3)",
    "_check_tensor_all(t.tensor([True, False]))", "_check_tensor_all(t.tensor([True]))", "_check_tensor_all(True)",
    "_check_tensor_all_with(KeyError, t.tensor([True, False]))", "_check_tensor_all_with(KeyError, t.tensor(1))",
]  # fmt: skip


@pytest.mark.parametrize("question", ANSWERS)
def test_answers_are_those_of_pytorch_on_a_cpu(question):
    ours, theirs = both(lambda t: eval(f"t.{question}", {"t": t}))
    assert ours == theirs


def test_there_is_no_group_of_processes():
    assert not tt.distributed.is_available() and not tt.distributed.is_initialized()
    assert not tt.distributed.is_nccl_available() and not hasattr(tt.distributed, "init_process_group")


SAME_ARGUMENTS = ["amp.GradScaler", "cuda.amp.GradScaler", "autocast", "nn.DataParallel", "hub.load",
                  "hub.load_state_dict_from_url", "testing.assert_close", "utils.data.distributed.DistributedSampler",
                  "autograd.detect_anomaly", "use_deterministic_algorithms", "jit.annotate",
                  "multiprocessing.spawn", "random.fork_rng", "backends.cudnn.flags"]  # fmt: skip


@pytest.mark.parametrize("name", SAME_ARGUMENTS)
def test_arguments_are_pytorchs(name):
    """As many as PyTorch takes, by its names; others are swallowed by **options."""
    import torch.utils.data.distributed

    ours, theirs = (inspect.signature(eval(f"t.{name}", {"t": t})).parameters for t in (tt, torch))
    swallows = any(p.kind is p.VAR_KEYWORD or p.kind is p.VAR_POSITIONAL for p in ours.values())
    names = [n for n, p in theirs.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and n[0] != "_"]
    assert swallows or set(names) <= set(ours)
    assert all(ours[n].default == theirs[n].default for n in names if n in ours)


@pytest.fixture
def threads():
    before = tt.get_num_threads()
    yield
    tt.set_num_threads(before)


def test_threads_of_blas(threads):
    from threadpoolctl import threadpool_info

    tt.set_num_threads(1)
    assert tt.get_num_threads() == 1
    assert all(pool["num_threads"] == 1 for pool in threadpool_info() if pool["user_api"] == "blas")


def test_threads_of_kernels(tmp_path):
    numba = pytest.importorskip("numba")
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one processor")
    code = "import numba, torch; torch.set_num_threads(1); print(numba.get_num_threads(), torch.get_num_threads())"
    assert prints(code, tmp_path, NUMBA_NUM_THREADS="2") == "1 1"


def test_settings_are_kept():
    tt.backends.cudnn.benchmark = True
    try:
        with tt.backends.cudnn.flags(enabled=True, deterministic=True):
            assert tt.backends.cudnn.deterministic and not tt.backends.cudnn.benchmark
        assert tt.backends.cudnn.benchmark and not tt.backends.cudnn.deterministic
    finally:
        tt.backends.cudnn.benchmark = False
    tt.set_deterministic_debug_mode("warn")
    assert tt.are_deterministic_algorithms_enabled() and tt.get_deterministic_debug_mode() == 1
    tt.use_deterministic_algorithms(False)
    assert tt.get_deterministic_debug_mode() == 0


SAYS_ONCE = """
import torch, warnings
from torch import nn
net = nn.Linear(2, 2)
assert torch.compile(net) is net and torch.compile(mode="max-autotune")(abs) is abs

@torch.compile
def f(x):
    return x + 1

for _ in range(2):
    with torch.autocast("cpu"):
        y = net(f(torch.ones(1, 2)))
    with torch.amp.autocast("cpu"), torch.cpu.amp.autocast():
        y = net(y)
print(y.dtype)
"""


def test_compile_and_autocast_say_once_that_nothing_changes(tmp_path):
    (tmp_path / "program.py").write_text(SAYS_ONCE)
    ran = run("program.py", folder=tmp_path)
    assert ran.stdout == "torch.float32\n", ran.stderr
    assert ran.stderr.count("UserWarning") == 2
    assert "torch.compile returns what it is given" in ran.stderr and "tinytorch computes in float32" in ran.stderr


def test_autocast_is_a_decorator_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        @tt.autocast("cuda")
        def double(x):
            """Twice."""
            return x * 2

    assert double(tt.ones(1)).item() == 2 and double.__doc__ == "Twice."
    with pytest.warns(UserWarning, match="CUDA is not available"):
        tt.autocast("cuda")


def one_step(t, scaler, spoil=False):
    """A step of SGD under a scaler: (weights, scale)."""
    w = t.tensor([1.0, -2.0], requires_grad=True)
    optimizer = t.optim.SGD([w], lr=0.1)
    scaler.scale((w * w).sum() * (float("inf") if spoil else 1.0)).backward()
    scaler.unscale_(optimizer)
    t.nn.utils.clip_grad_norm_([w], 1.0)
    scaler.step(optimizer)
    scaler.update()
    return w.detach().tolist(), scaler.get_scale()


def test_grad_scaler_on_the_cpu_scales():
    options = {"init_scale": 8.0, "growth_interval": 2}
    scalers = [t.amp.GradScaler("cpu", **options) for t in (tt, torch)]
    for spoil in (False, False, True, False, False):
        ours, theirs = (one_step(t, s, spoil) for t, s in zip((tt, torch), scalers, strict=True))
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
        assert ours[1] == theirs[1]
    assert scalers[0].state_dict() == scalers[1].state_dict()
    again = tt.amp.GradScaler("cpu")
    again.load_state_dict(scalers[0].state_dict())
    assert again.get_scale() == scalers[0].get_scale()


def test_grad_scaler_errors():
    def twice(t):
        w = t.ones(1, requires_grad=True)
        optimizer, scaler = t.optim.SGD([w], lr=0.1), t.amp.GradScaler("cpu")
        scaler.scale(w.sum()).backward()
        scaler.unscale_(optimizer)
        scaler.unscale_(optimizer)

    def without_a_step(t):
        scaler = t.amp.GradScaler("cpu")
        scaler.scale(t.ones(1))
        scaler.update()

    for question, kind in ((twice, RuntimeError), (without_a_step, AssertionError)):
        assert both(question) == [kind, kind]


def test_jit_is_transparent():
    @tt.jit.script
    def f(x):
        return x + 1

    net = nn.Linear(2, 2)
    assert f(tt.ones(1)).item() == 2 and tt.jit.trace(net, tt.ones(1, 2)) is net and tt.jit.script(net) is net
    assert (
        tt.jit.ignore(f) is f and tt.jit.ignore(drop=True)(f) is f and tt.jit.unused(f) is f and tt.jit.export(f) is f
    )
    assert not isinstance(net, tt.jit.ScriptModule) and issubclass(tt.jit.ScriptModule, nn.Module)
    assert tt.jit.freeze(net.eval()) is net and tt.jit.wait(tt.jit.fork(f, tt.ones(1))).item() == 2
    with pytest.raises(RuntimeError, match="eval mode"):
        tt.jit.freeze(net.train())


def test_data_parallel():
    for t in (tt, torch):
        net = t.nn.DataParallel(t.nn.Linear(2, 2))
        assert list(net.state_dict()) == ["module.weight", "module.bias"] and net.device_ids == []
        assert net(t.ones(3, 2)).shape == (3, 2) and net.module.in_features == 2
        net(t.ones(3, 2)).sum().backward()
        assert net.module.weight.grad is not None
    assert nn.parallel.data_parallel(nn.Linear(2, 1), tt.ones(3, 2)).shape == (3, 1)
    with pytest.raises(RuntimeError, match="one device"):
        nn.DataParallel(nn.Linear(2, 2), device_ids=[0, 1])


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("n", "replicas"), [(10, 3), (9, 3), (2, 5), (7, 1)])
def test_distributed_sampler(n, replicas, drop_last):
    if drop_last and n < replicas:
        return
    from torch.utils.data.distributed import DistributedSampler

    for rank in range(replicas):
        ours, theirs = (
            kind(range(n), replicas, rank, shuffle=False, drop_last=drop_last)
            for kind in (tt.utils.data.DistributedSampler, DistributedSampler)
        )
        assert list(ours) == list(theirs) and len(ours) == len(theirs)
    parts = [list(tt.utils.data.DistributedSampler(range(n), replicas, r)) for r in range(replicas)]
    assert {i for part in parts for i in part} == set(range(n))
    with pytest.raises(RuntimeError, match="num_replicas"):
        tt.utils.data.DistributedSampler(range(3))


CLOSE = [
    "t.tensor([1.0, 2.0]), t.tensor([1.0, 2.5])", "t.ones(2), t.ones(3)", "t.tensor([1]), t.tensor([1.0])",
    "1.0, 1.5", "[1, 2.0], [1, 2.5]", "{'a': t.ones(1)}, {'a': t.zeros(1)}", "t.tensor(1.0), t.tensor(2.0)",
    "t.tensor([True]), t.tensor([False])", "[1], [1, 2]", "'a', 'b'", "t.tensor([1, 2]), t.tensor([1, 3])",
    "t.tensor([float('nan')]), t.tensor([float('nan')])", "t.tensor([float('nan')]), t.tensor([float('nan')]), equal_nan=True",
    "{'a': 1}, {'b': 1}", "t.ones(1), [1.0]", "[t.ones(2, 2)], [t.zeros(2, 2)]", "None, None", "None, 1", "True, False",
    "t.ones(2), t.ones(2) + 1e-6", "t.ones(2), t.ones(2) + 1e-3, rtol=1e-2, atol=0", "t.ones(2), t.zeros(2), rtol=1",
    "t.ones(2), t.zeros(2), msg='mine'", "t.ones(2), t.zeros(2), msg=lambda m: 'so: ' + m", "3, 3.0", "t.ones(0), t.ones(0)",
    "t.ones(2), t.ones(2, dtype=t.float64)", "t.ones(2), t.ones(2, dtype=t.float64), check_dtype=False",
    "t.tensor([1e-9, 1.0]), t.tensor([0.0, 1.0])", "t.tensor([float('inf')]), t.tensor([float('inf')])",
]  # fmt: skip


@pytest.mark.parametrize("arguments", CLOSE)
def test_assert_close_says_what_pytorch_says(arguments):
    said = []
    for t in (tt, torch):
        try:
            said.append(eval(f"t.testing.assert_close({arguments})", {"t": t}))
        except (AssertionError, TypeError, ValueError) as error:
            text = str(error).replace("tinytorch.tensor.Tensor", "torch.Tensor").replace("tinytorch.", "torch.")
            said.append((type(error), text.replace("(2,)", "torch.Size([2])").replace("(3,)", "torch.Size([3])")))
    assert said[0] == said[1]


def test_a_nan_of_the_backward_is_found():
    def nan(t):
        x = t.zeros(1, requires_grad=True)
        (x.sqrt() * 0).sum().backward()

    nan(tt)
    with (
        pytest.warns(UserWarning, match="Anomaly"),
        tt.autograd.detect_anomaly(),
        pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"),
    ):
        nan(tt)
    nan(tt)  # off again
    with tt.autograd.set_detect_anomaly(True), pytest.raises(RuntimeError, match="nan"):
        nan(tt)
    from tinytorch.tensor import observers

    assert not observers


def test_variables_are_tensors():
    for t in (tt, torch):
        Variable = t.autograd.Variable
        x = t.ones(2)
        v = Variable(x, requires_grad=True)
        v.data[0] = 5.0
        assert isinstance(v, Variable) and isinstance(x, Variable) and not isinstance(3, Variable)
        assert v.requires_grad and x[0].item() == 5 and not x.requires_grad
        with pytest.warns(UserWarning, match="volatile was removed"):
            Variable(x, volatile=True)
        with pytest.raises(TypeError, match="Variable data has to be a tensor"):
            Variable([1.0])


def test_operations_of_ones_own():
    @tt.library.custom_op("course::double", mutates_args=())
    def double(x: tt.Tensor) -> tt.Tensor:
        return x.detach() * 2

    double.register_autograd(
        lambda ctx, grad: grad * ctx.factor, setup_context=lambda ctx, inputs, output: setattr(ctx, "factor", 2)
    )
    double.register_fake(lambda x: x)
    x = tt.ones(2, requires_grad=True)
    tt.ops.course.double(x).sum().backward()
    assert x.grad.tolist() == [2, 2] and not hasattr(tt.ops, "torchvision")
    library = tt.library.Library("course", "DEF")
    library.define("triple(Tensor x) -> Tensor")
    library.impl("triple", lambda x: x * 3, "CPU")
    assert tt.ops.course.triple(tt.ones(1)).item() == 3
    with pytest.raises(OSError, match="compiled for PyTorch"):
        tt.ops.load_library("x.so")


def test_pytree():
    from torch.utils import _pytree as theirs

    from tinytorch.compat.torch.utils import _pytree as ours

    tree = {"a": [1, (2, 3)], "b": None, "c": {}}
    for pytree in (ours, theirs):
        leaves, spec = pytree.tree_flatten(tree)
        assert leaves == [1, 2, 3, None] and pytree.tree_unflatten(leaves, spec) == tree and spec.num_leaves == 4
        assert pytree.tree_map(lambda x, y: (x, y), [1, 2], [3, 4]) == [(1, 3), (2, 4)]
        assert spec == pytree.tree_structure({"a": [0, (0, 0)], "b": 0, "c": {}}) != pytree.tree_structure([1])
        with pytest.raises(ValueError, match="holds 4"):
            pytree.tree_unflatten([1], spec)


def test_timer():
    measured = tt.utils.benchmark.Timer("sum(range(n))", globals={"n": 100}, label="adding").blocked_autorange(
        min_run_time=0.02
    )
    assert measured.median > 0 and measured.iqr >= 0 and "adding" in repr(measured) and "1 thread" in repr(measured)
    assert "100 runs" in repr(tt.utils.benchmark.Timer("pass").timeit(100))


def test_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    assert tt.hub.get_dir() == torch.hub.get_dir() == str(tmp_path / "home/hub")
    (tmp_path / "hubconf.py").write_text("def net(n=1):\n    'A net.'\n    return ['net'] * n\n")
    for hub in (tt.hub, torch.hub):
        assert hub.load(str(tmp_path), "net", n=2, source="local") == ["net"] * 2
        with pytest.raises(RuntimeError, match="Cannot find callable other"):
            hub.load(str(tmp_path), "other", source="local")
    with pytest.raises(NotImplementedError, match="source='local'"):
        tt.hub.load("pytorch/vision", "resnet18")
    tt.save({"w": tt.ones(2)}, tmp_path / "weights-12345678.pt")
    url = (tmp_path / "weights-12345678.pt").as_uri()
    loaded = tt.hub.load_state_dict_from_url(url, str(tmp_path / "cache"), progress=False)
    assert loaded["w"].tolist() == [1, 1] and (tmp_path / "cache/weights-12345678.pt").exists()
    with pytest.raises(RuntimeError, match="invalid hash value"):
        tt.hub.load_state_dict_from_url(url, str(tmp_path / "other"), check_hash=True)


def test_summary_writer(tmp_path):
    """Read back by TensorBoard itself."""
    pytest.importorskip("tensorboardX")
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    printed = prints(
        f"""
        import torch
        from torch.utils.tensorboard import SummaryWriter
        with SummaryWriter({str(tmp_path / "runs")!r}) as writer:
            for step in range(3):
                writer.add_scalar("loss", torch.tensor(1.0 / (step + 1)), step)
            writer.add_histogram("weights", torch.arange(10.0), 0)
            writer.add_image("picture", torch.zeros(3, 4, 4), 0)
            writer.add_text("note", "hello")
        print(writer.log_dir)
        """,
        tmp_path,
    )
    assert printed == str(tmp_path / "runs")
    events = reader.EventAccumulator(str(tmp_path / "runs"))
    events.Reload()
    assert [(e.step, round(e.value, 4)) for e in events.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, 0.3333)]
    assert events.Tags()["histograms"] == ["weights"] and events.Tags()["images"] == ["picture"]


def test_without_tensorboardx_it_says_what_to_install(tmp_path):
    (tmp_path / "tensorboardX").mkdir()
    (tmp_path / "tensorboardX/__init__.py").write_text("raise ImportError")
    ran = run("-c", "from torch.utils.tensorboard import SummaryWriter", folder=tmp_path)
    assert ran.returncode == 1 and "pip install tensorboardX" in ran.stderr


def test_importing_torch_stays_quick(tmp_path):
    """The answers about machines load nothing heavy."""
    heavy = "('scipy', 'numba', 'matplotlib', 'urllib.request', 'threadpoolctl', 'IPython', 'sklearn')"
    code = (
        f"import torch, sys; torch.cuda.is_available(); torch.compile; print([m for m in {heavy} if m in sys.modules])"
    )
    assert prints(code, tmp_path) == "[]"


def test_fork_rng():
    tt.manual_seed(3)
    with tt.random.fork_rng():
        first = tt.rand(3)
    assert tt.rand(3).tolist() == first.tolist()
    assert tt.random.manual_seed(3) is not None and tt.rand(3).tolist() == first.tolist()


def test_notebook(tmp_path):
    """`%load_ext tinytorch` in a notebook's kernel, through nbclient."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cells = [
        "%load_ext tinytorch",
        "import subprocess, sys, torch, torch.nn.functional as F\nfrom torch.utils.data.sampler import SubsetRandomSampler\n"
        "print(torch.__version__, 'tinytorch' in sys.modules, F.relu(torch.tensor([-1.0, 2.0])))",
        "code = 'import torch, sys; print(\"tinytorch\" in sys.modules)'\n"
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd='/').stdout)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environment = {**__import__("os").environ, "PYTHONPATH": str(ROOT)}
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    outputs = [{o.get("name"): o.get("text") for o in cell.outputs} for cell in notebook.cells]
    assert outputs[0] == {"stderr": "the reference tinytorch\n"}
    assert outputs[1]["stdout"] == "2.13.0 True tensor([0., 2.])\n" and outputs[2]["stdout"].strip() == "True"


def test_importable_without_any_lesson(tmp_path):
    """The files of compat/torch/ that PyTorch's own machinery stands for need no lesson."""
    code = (
        "import sys; sys.path.insert(0, {!r}); from tinytorch.compat import finder; finder.install(); import torch; {}"
    )
    for name in ("compile", "jit", "cuda", "accelerator", "backends", "distributed", "version", "hub"):
        ran = subprocess.run(
            [sys.executable, "-c", code.format(str(ROOT), f"torch.{name}")], cwd=tmp_path, capture_output=True
        )
        assert ran.returncode == 0
