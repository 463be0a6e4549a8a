"""`python -m tinytorch` is Python itself on the program, with torch leading to this package, and nothing else changed."""

import importlib.util
import json
import sys
import textwrap
from pathlib import Path

import pytest
from programs.running import FIRST_LINE, ROOT, fails, prints, python, run, same_up_to_rounding

SAYS = "import sys, os; print(sys.argv, __name__, os.getcwd(), sys.path[0], sys.flags.optimize, __spec__ is None)\n"


def everything(folder, *arguments):
    """(what Python does with a program, what `python -m tinytorch` does)."""
    return [runner(*arguments, folder=folder) for runner in (python, run)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["sub/says.py", "a", "-m", "--flag=1"],
        ["-m", "package.says", "b"],
        ["-m", "package", "-c"],
        ["-c", SAYS, "c", "--check"],
        ["sub"],
    ],
    ids=lambda arguments: arguments[0] + arguments[1] if len(arguments) > 1 else arguments[0],
)
def test_the_program_sees_what_it_always_sees(arguments, tmp_path):
    for file in ("sub/says.py", "sub/__main__.py", "package/says.py", "package/__main__.py", "package/__init__.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(SAYS if "__init__" not in file else "")
    usual, ours = everything(tmp_path, *arguments)
    assert usual.returncode == ours.returncode == 0, ours.stderr
    assert usual.stdout and ours.stdout == usual.stdout
    assert ours.stderr == FIRST_LINE + "\n" + usual.stderr


def test_options_of_the_interpreter_stay(tmp_path):
    (tmp_path / "says.py").write_text(SAYS + "assert False; print(sys.warnoptions)")
    ran = python("-O", "-W", "error::FutureWarning", "-m", "tinytorch", "says.py", folder=tmp_path)
    assert ran.returncode == 0 and "['error::FutureWarning']" in ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("program", "status"),
    [("import sys; sys.exit(7)", 7), ("raise SystemExit('bye')", 1), ("1 / 0", 1), ("import os; os._exit(3)", 3)],
)
def test_exit_status_and_traceback(program, status, tmp_path):
    (tmp_path / "program.py").write_text(f"def f():\n    {program}\n\n\nf()\n")
    usual, ours = everything(tmp_path, "program.py")
    assert (usual.returncode, ours.returncode) == (status, status)
    assert ours.stderr == FIRST_LINE + "\n" + usual.stderr, "the traceback shows the program's lines, and none of ours"


def test_input_and_modules_beside_the_program(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/helper.py").write_text("import torch\ndouble = lambda x: torch.tensor(x) * 2\n")
    (tmp_path / "sub/program.py").write_text("import helper\nprint(helper.double([1.0]))\n")
    assert run("sub/program.py", folder=tmp_path).stdout == "tensor([2.])\n"


def test_torch_is_the_package(tmp_path):
    assert prints(
        """
            import torch, tinytorch, torch.nn.functional as F
            from torch.nn.modules.conv import Conv2d
            from torch.utils.data.dataloader import DataLoader
            print(torch is tinytorch, torch.nn is tinytorch.nn, F is tinytorch.nn.functional, torch.torch is torch)
            print(Conv2d is tinytorch.nn.Conv2d, DataLoader is tinytorch.utils.data.DataLoader)
            print(torch.nn.modules.conv.__name__, torch.__name__)
            """,
        tmp_path,
    ).split() == ["True"] * 6 + ["torch.nn.modules.conv", "torch"]


def test_the_version_is_the_one_that_is_followed(tmp_path):
    import torch

    printed = prints(
        """
        import importlib.metadata, importlib.util, torch
        from torch.version import __version__
        found = [one for one in importlib.metadata.distributions() if one.metadata["Name"] == "torch"][0]
        print(importlib.metadata.version("torch"), torch.__version__, __version__, found.version)
        print(torch.__version__ >= (2, 1), torch.__version__ > "2.9", torch.__version__ < "3", torch.__version__ == "2.13.0")
        print(torch.__version__.split(".")[0], importlib.util.find_spec("torch") is not None, torch.version.cuda)
        print(importlib.metadata.packages_distributions()["torch"][0], importlib.metadata.version("numpy") is not None)
        """,
        tmp_path,
    )
    version = torch.__version__.partition("+")[0]
    assert printed.split() == [version] * 4 + ["True"] * 4 + ["2", "True", "None", "torch", "True"]


def test_names_of_classes_are_pytorchs(tmp_path):
    code = """
        import pickle, torch
        from torch import nn, optim
        from torch.utils import data
        kinds = [torch.Tensor, torch.device, torch.dtype, torch.no_grad, torch.autograd.Function, nn.Module, nn.Parameter,
                 nn.Conv2d, nn.ConvTranspose1d, nn.MaxPool2d, nn.BatchNorm2d, nn.LayerNorm, nn.Linear, nn.Embedding, nn.ReLU,
                 nn.CrossEntropyLoss, nn.Sequential, nn.ModuleList, nn.Dropout, nn.MultiheadAttention, nn.Upsample,
                 nn.TransformerEncoderLayer, nn.ZeroPad2d, nn.PixelShuffle, nn.Flatten, nn.DataParallel, optim.SGD, optim.AdamW,
                 optim.Optimizer, optim.lr_scheduler.StepLR, data.DataLoader, data.Dataset, data.TensorDataset,
                 data.RandomSampler, torch.cuda.amp.GradScaler, torch.autocast, torch.jit.ScriptModule]
        print(*kinds, sep="\\n")
        print(type(nn.Linear(1, 1)).__module__, torch.float32, torch.bool, repr(torch.device("cpu")))
        print([pickle.loads(pickle.dumps(kind)) is kind for kind in kinds if kind is not torch.dtype])
        """
    ours = prints(code, tmp_path)
    theirs = python("program.py", folder=tmp_path)
    assert theirs.returncode == 0, theirs.stderr
    assert ours.splitlines() == theirs.stdout.strip().splitlines()


def test_attention_prints_and_is_pickled_as_pytorchs(tmp_path):
    code = """
        import os, pickle, sys, torch
        from torch import nn
        attention, kept = nn.MultiheadAttention(8, 2), [name for name in os.listdir() if name.endswith(".pt")]
        print(attention, nn.Transformer(8, 2, 1, 1, 16, batch_first=True))
        print(type(attention.out_proj) is nn.modules.linear.NonDynamicallyQuantizableLinear, type(attention.out_proj).__module__)
        print(pickle.loads(pickle.dumps(attention)))
        torch.manual_seed(0)
        model = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0)
        for name in kept:
            model = torch.load(name, weights_only=False)
            print(model, file=sys.stderr)
        print(*(round(x.item(), 4) for x in model(torch.ones(1, 1, 8), torch.ones(1, 1, 8)).flatten()))
        torch.save(model, ("ours" if "tinytorch" in sys.modules else "theirs") + ".pt")
        """
    first = prints(code, tmp_path)
    for runner in (python, run, python):  # each reads what those before it wrote
        ran = runner("program.py", folder=tmp_path)
        assert ran.returncode == 0, ran.stderr
        assert same_up_to_rounding(first, ran.stdout.strip()) is None
        assert ran.stderr.count("(out_proj): NonDynamicallyQuantizableLinear(") >= 2


def test_main_is_pickled_as_main(tmp_path):
    assert (
        prints(
            """
            import pickle, torch

            class Mine(torch.nn.Module):
                pass

            print(Mine, pickle.loads(pickle.dumps(Mine())).__class__ is Mine, pickle.dumps(Mine).count(b"__main__"))
            """,
            tmp_path,
        )
        == "<class '__main__.Mine'> True 1"
    )


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_worker_processes(method, tmp_path):
    if method != "spawn" and sys.platform == "win32":
        pytest.skip("Windows has spawn only")
    printed = prints(
        f"""
        import multiprocessing, torch

        def work(x):
            import torch, sys
            from torch.nn.modules.linear import Linear
            return torch.__version__, "tinytorch" in sys.modules, Linear.__module__, x * 2

        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(1) as pool:
                print(pool.map(work, [torch.ones(1)]))
        """,
        tmp_path,
    )
    assert printed == "[('2.13.0', True, 'torch.nn.modules.linear', tensor([2.]))]"


def test_subprocesses(tmp_path):
    code = "import torch, sys; print(torch.__version__, 'tinytorch' in sys.modules, sys.argv)"
    assert (
        prints(
            f"""
            import subprocess, sys
            print(subprocess.run([sys.executable, "-c", {code!r}, "x"], capture_output=True, text=True, cwd="/").stdout)
            """,
            tmp_path,
        )
        == "2.13.0 True ['-c', 'x']"
    )


def test_a_sitecustomize_of_the_machine_runs_too(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.from_the_machine = 42\n")
    ran = run("-c", "import torch; print(from_the_machine, torch.ones(1))", folder=tmp_path, package=tmp_path)
    assert ran.stdout == "42 tensor([1.])\n", ran.stderr


def test_pytorch_itself_is_not_touched_elsewhere(tmp_path):
    ran = python("-c", "import torch; print(torch.__file__)", folder=tmp_path)
    assert str(ROOT / "tinytorch") not in ran.stdout


def test_where_pytorch_has_been_imported_it_says_so(tmp_path):
    ran = python("-c", "import torch\nfrom tinytorch.compat import finder\nfinder.install()", folder=tmp_path)
    assert "ImportError: PyTorch itself has been imported in this process" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "python -m tinytorch SCRIPT"),
        (["--help"], 0, "python -m tinytorch SCRIPT"),
        (["-q", "x.py"], 2, "has no option -q"),
        (["not_there.py"], 2, "can't open file"),
    ],
)
def test_usage(arguments, status, said, tmp_path):
    ran = run(*arguments, folder=tmp_path)
    assert ran.returncode == status and said in ran.stdout + ran.stderr


def test_an_interpreter_that_reads_no_environment(tmp_path):
    ran = python("-E", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; sys.argv = ['tinytorch', 'x.py'];"
                 "runpy.run_module('tinytorch', run_name='__main__')", folder=tmp_path)  # fmt: skip
    assert ran.returncode == 2 and "leave them out" in ran.stderr


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A learner's, with lessons 01 to 03 built."""
    from course.plan import plan
    from course.whose import record
    from course.workspace import contents, fill, lessons

    folder = tmp_path_factory.mktemp("workspace")
    for name, text in contents(ROOT).items():
        if name.startswith("tinytorch/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    (folder / "tinytorch/names.json").write_text(json.dumps(lessons()))
    fill(folder / "tinytorch", list(plan().lessons)[:3], ROOT)
    for lesson in list(plan().lessons)[:3]:
        record(folder / "tinytorch", lesson, "yours")
    return folder


def test_a_learners_package_runs(workspace, tmp_path):
    code = "import torch, sys; print(torch.nn.Linear(2, 1)(torch.ones(1, 2)).shape, torch.__file__)"
    (tmp_path / "program.py").write_text(code)
    ran = run(tmp_path / "program.py", folder=workspace, package=workspace)
    assert ran.stderr.startswith("your tinytorch: 3 of ") and ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[-1] == str(Path(workspace, "tinytorch/__init__.py"))


@pytest.mark.parametrize(
    "code",
    [
        "from torch.nn import Conv2d\nprint('imported')\nConv2d(1, 1, 1)",
        "import torch.nn as nn\nprint('imported')\nnn.Conv2d(1, 1, 1)",
        "from torch.nn.modules.conv import Conv2d\nprint('imported')\nConv2d(1, 1, 1)",
    ],
)
def test_a_lesson_not_yet_built_is_named(code, workspace, tmp_path):
    (tmp_path / "program.py").write_text(code)
    ran = run(tmp_path / "program.py", folder=workspace, package=workspace)
    assert ran.returncode == 1 and ran.stdout == "imported\n"
    assert "Conv2d is built in lesson 08 convolution, which you have not exported yet" in ran.stderr.splitlines()[-1]


def test_errors_keep_their_types(tmp_path):
    assert fails("import torch\ntorch.ones(2) @ torch.ones(3)", tmp_path).startswith("RuntimeError")


@pytest.mark.parametrize("path", ["torch", "torch.nn", "torch.optim", "torch.utils.data", "torch.nn.functional",
                                  "torch.utils.data.sampler", "torch.nn.modules", "torch.nn.modules.conv"])  # fmt: skip
def test_star_imports_give_names_of_pytorchs(path, tmp_path):
    """All of ours that PyTorch's star gives; beyond those, only modules and names that PyTorch has there, too."""
    code = f"""
        given = dict()
        exec("from {path} import *", given)
        print([name for name in given if name != "__builtins__"])
        """
    ours = set(eval(prints(code, tmp_path)))
    given, theirs = {}, importlib.import_module(path)
    exec(f"from {path} import *", given)
    assert all(hasattr(theirs, name) or importlib.util.find_spec(f"{path}.{name}") for name in ours)
    asked = {"rand", "Linear", "Conv2d", "SGD", "DataLoader", "relu", "RandomSampler", "functional", "lr_scheduler"}
    assert asked & set(given) - ours == set() != ours


DUCK = """
    class Duck:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func.__name__, len(args)
    """


def test_objects_that_are_no_tensors_are_asked_by_functions(tmp_path):
    """Functions that were imported before, and such classes in the program itself, beside it, and in -c."""
    (tmp_path / "duck.py").write_text(textwrap.dedent(DUCK))
    asks = "from torch import mean\nimport torch\n{}\nprint(mean(Duck()), torch.nn.functional.relu(Duck())[0])\n"
    (tmp_path / "beside.py").write_text(asks.format("from duck import Duck"))
    (tmp_path / "itself.py").write_text(asks.format(textwrap.dedent(DUCK)))
    for arguments in (
        ["beside.py"],
        ["itself.py", "-c", "x"],
        ["-m", "itself"],
        ["-c", asks.format(textwrap.dedent(DUCK))],
    ):
        ours, theirs = run(*arguments, folder=tmp_path), python(*arguments, folder=tmp_path)
        assert theirs.returncode == 0, theirs.stderr
        assert ours.stdout == theirs.stdout == "('mean', 1) relu\n", ours.stderr


def test_functions_are_as_they_were_where_nobody_asks(tmp_path):
    printed = prints(
        """
        import torch, tinytorch.overrides
        class Unused(torch.Tensor):
            pass
        torch.nn.Linear(2, 2)(torch.ones(1, 2)).sum().backward()
        print(len(tinytorch.overrides.names))
        Unused([1.0])
        print(len(tinytorch.overrides.names) > 500)
        """,
        tmp_path,
    )
    assert printed.split() == ["0", "True"]
