"""What is not here can be imported and mentioned; it says so when it is used, and who asks whether it is there is told."""

import subprocess
import sys

import pytest
from programs.running import ROOT, fails, prints, python


@pytest.mark.parametrize(
    "code",
    [
        "from torch.fx import symbolic_trace",
        "import torch.distributed.rpc as rpc\nfrom torch.distributed.rpc import RRef, init_rpc",
        "import torch.ao.quantization, torch.onnx, torch.export, torch._inductor.config",
        "from torch.distributed.fsdp.fully_sharded_data_parallel import FullyShardedDataParallel, StateDictType",
        "import torch\ndef f(group: torch.distributed.ProcessGroup = None, t: torch.sparse.FloatTensor = None): pass",
        "import torch.fx\nclass Tracer(torch.fx.Tracer):\n    pass",
        "from typing import List, Optional\nfrom torch.fx import Node\ndef f(x: Optional[Node], y: List[Node], z: Node | None): pass",
        "from torch.distributed.fsdp import ShardingStrategy\ndef f(s=ShardingStrategy.FULL_SHARD): pass",
        "import torch\nKINDS = {torch.float8_e4m3fnuz: 1, torch.bits16: 2}",
        "from torch.fx import Node\nprint(isinstance(3, Node), end='')",
        "import torch._inductor.config\ntorch._inductor.config.triton = True\nimport torch._dynamo\ntorch._dynamo.config.verbose = True",
        "from torch.nn.modules.batchnorm import _SomethingPrivate",
    ],
)
def test_importing_and_mentioning(code, tmp_path):
    assert prints(code + "\nprint('ok')", tmp_path).endswith("ok")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from torch.fx import symbolic_trace\nsymbolic_trace(1)", "torch.fx.symbolic_trace"),
        ("import torch.distributed.rpc as rpc\nrpc.init_rpc('a')", "torch.distributed.rpc.init_rpc"),
        ("import torch\ntorch.distributed.init_process_group('gloo')", "torch.distributed.init_process_group"),
        ("from torch.fx import Interpreter\nclass A(Interpreter):\n    pass\nA()", "torch.fx.Interpreter"),
        ("import torch\nif torch.fx.Graph: pass", "torch.fx.Graph"),
        ("import torch\nfor _ in torch.fx.Graph: pass", "torch.fx.Graph"),
        ("from torch.distributed import ReduceOp\nReduceOp.SUM()", "torch.distributed.ReduceOp"),
        ("import torch\ntorch.ao.quantization.quantize_dynamic()", "torch.ao.quantization.quantize_dynamic"),
        ("import torch\ntorch.onnx.export(1)", "torch.onnx.export"),
        ("import torch\ntorch.cuda.nvtx.range_push('a')", "torch.cuda.nvtx"),
        ("from torch.nested import nested_tensor\nnested_tensor([])", "torch.nested.nested_tensor"),
    ],
)
def test_using_raises_by_name(code, name, tmp_path):
    said = fails(code, tmp_path)
    assert said.startswith("NotImplementedError") and name in said


def test_what_pytorch_does_not_have_either(tmp_path):
    """The same errors as PyTorch's, at the same places."""
    code = """
        for code in (
            "import torch.no_such_module",
            "from torch.nn import Conv2D",
            "from torch.nn.functional import relux",
            "import torch; torch.no_such_name",
            "import torch; torch.nn.functional.relux",
            "from torch.utils.data.sampler import DataLoader2",
        ):
            try:
                exec(code)
            except Exception as error:
                print(code, type(error).__name__)
        """
    ours, theirs = prints(code, tmp_path), python("program.py", folder=tmp_path)
    assert ours == theirs.stdout.strip() and ours.count("Error") == 6


def test_questions_get_the_truth(tmp_path):
    printed = prints(
        """
        import importlib.util, torch
        answers = {}
        for name in ("compile", "autocast", "nested", "fx_of_the_future", "vmap_of_the_future", "quantize_per_channel"):
            answers[name] = hasattr(torch, name)
        answers["rpc"] = hasattr(torch.distributed, "init_process_group")
        answers["mps"] = hasattr(torch.backends, "mps")
        answers["default"] = getattr(torch, "sparse_coo_tensor_of_ours", "no")
        try:
            from torch.distributed.rpc import init_rpc
            answers["try name"] = True
        except ImportError as error:
            answers["try name"] = "torch.distributed.rpc" in str(error)
        try:
            import torch.distributed.rpc
            answers["try module"] = True
        except ImportError:
            answers["try module"] = False
        try:
            torch.distributed.init_process_group
            answers["try mention"] = True
        except AttributeError:
            answers["try mention"] = False
        try:
            from torch.nn import Linear
            answers["try what is there"] = True
        except ImportError:
            answers["try what is there"] = False
        answers["spec"] = importlib.util.find_spec("torch.distributed.rpc") is not None
        answers["spec of what is there"] = importlib.util.find_spec("torch.nn.functional") is not None
        print(answers)
        """,
        tmp_path,
    )
    assert eval(printed) == {
        "compile": True, "autocast": True, "nested": False, "fx_of_the_future": False, "vmap_of_the_future": False,
        "quantize_per_channel": False, "rpc": False, "mps": True, "default": "no", "try name": True, "try module": False,
        "try mention": False, "try what is there": True, "spec": False, "spec of what is there": True,
    }  # fmt: skip


def test_without_the_runner_nothing_stands_in(tmp_path):
    """`import tinytorch` alone is strict: a name that is not there is an error where it is imported."""
    ran = python("-c", "from tinytorch.distributed import init_process_group", folder=tmp_path)
    assert ran.returncode == 1 and "Error" in ran.stderr


def test_the_table_is_pytorchs():
    """tinytorch/compat/pytorch_names.py is what tests/programs/names_of_pytorch.py reads off the PyTorch here."""
    code = "import sys; sys.path.insert(0, 'tests'); from programs import names_of_pytorch as n; print(n.table() == n.FILE.read_text())"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.strip().endswith("True"), "write it anew: python tests/programs/names_of_pytorch.py"
