"""`python -m tinytorch --check`: which names do programs need that are not there?"""

import json

from programs.running import run

PROGRAM = """
import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import symbolic_trace
try:
    from torch.export import export
except ImportError:
    export = None
if hasattr(torch, "sparse_coo_tensor"):
    pass
x = torch.ones(3)
nn.Linear(3, 2)(x).relu().to_mkldnn()
F.relu(x)
torch.distributed.init_process_group("gloo")
torch.ones(2).no_such_method_anywhere()
"""


def check(folder, *paths):
    ran = run("--check", *paths, folder=folder)
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


def test_a_program(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "fine.py").write_text("import torch\nprint(torch.zeros(2).exp())\n")
    status, lines, _ = check(tmp_path, "program.py", "fine.py")
    assert status == 1 and lines[-1] == "1 of 2 files need nothing that is not here"
    (line,) = lines[:-1]
    found = line.removeprefix("program.py: ").split(", ")
    assert found == [
        "torch.fx.symbolic_trace (line 5)",
        "torch.Tensor.to_mkldnn (line 13)",
        "torch.distributed.init_process_group (line 15)",
    ]


def test_folders_and_notebooks(tmp_path):
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install x\n", "import torch.nn as nn"]},
        {"cell_type": "markdown", "source": "torch.nothing"},
        {"cell_type": "code", "source": "%%bash\nls"},
        {"cell_type": "code", "source": "net = nn.Linear(1, 1)\nfrom torch.fx import Graph"},
    ]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "sub/b.py").write_text("print 'old'\n")
    status, lines, _ = check(tmp_path, "sub")
    assert status == 1 and len(lines) == 3
    assert lines[0].endswith("a.ipynb: torch.fx.Graph (line 6)") and "b.py: cannot be read" in lines[1]
    assert check(tmp_path)[0] == 2 and "not there: c" in check(tmp_path, "c")[2]


def test_by_the_list_of_what_public_code_uses(tmp_path):
    """Names that are here by now are not listed, and the others are, by their own names."""
    here = ["torch.autograd.Variable", "torch.amp.GradScaler", "torch.nn.DataParallel", "torch.cuda.amp.autocast",
            "torch.utils.data.sampler.SubsetRandomSampler", "torch.compile", "torch.jit.script", "torch.backends.cudnn",
            "torch.nn.modules.conv.Conv2d", "torch.hub.load_state_dict_from_url", "torch.testing.assert_close",
            "torch.utils.benchmark.Timer", "torch.set_num_threads", "torch.accelerator.is_available",
            "torch.library.custom_op", "torch.utils._pytree.tree_map", "torch.multiprocessing.spawn",
            "torch.utils.data.distributed.DistributedSampler", "torch.version.cuda", "torch._assert"]  # fmt: skip
    away = ["torch.fx.Node", "torch.distributed.all_reduce", "torch.nested.nested_tensor", "torch.export.export",
            "torch.utils.cpp_extension.load_inline", "torch.ao.quantization.prepare", "torch._inductor.config.cpp"]  # fmt: skip
    lines = [f"import {name.rpartition('.')[0]}\n{name}" for name in here + away]
    (tmp_path / "names.py").write_text("\n".join(lines) + "\n")
    _, (line, _), _ = check(tmp_path, "names.py")
    missing = {part.partition(" (")[0] for part in line.partition(": ")[2].split(", ")}
    assert {name for name in missing if name in here} == set() and set(away) <= missing
