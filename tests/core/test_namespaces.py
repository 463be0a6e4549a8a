"""The namespaces: quick, lazy, complete, and helpful about what is not there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sampling import every

import tinytorch
from course.notebook import read
from course.plan import plan
from course.workspace import lessons

ROOT = Path(__file__).parents[2]


def run(code, folder=ROOT):
    """What `code` prints in a fresh Python in `folder`, or the last line of its traceback."""
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return ran.stdout.strip() if ran.returncode == 0 else ran.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """A learner's package with lesson 01 only."""
    folder = tmp_path_factory.mktemp("partial")
    table = lessons()
    built = {
        f"{module.replace('.', '/')}.py"
        for lesson, modules in table.items()
        if lesson != "01_tensor"
        for module in modules
    }
    for file in (ROOT / "tinytorch").rglob("*.py"):
        name = file.relative_to(ROOT / "tinytorch").as_posix()
        if name not in built:
            (folder / "tinytorch" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / "tinytorch" / name)
    (folder / "tinytorch/names.json").write_text(json.dumps(table))
    return folder


def test_import_is_quick_and_light():
    assert run(
        "import sys, tinytorch; print([m for m in ('numpy', 'tinytorch.tensor', 'json') if m in sys.modules][:2])"
    ) in ("[]", "['json']")
    heavy = "('matplotlib', 'sklearn', 'nbdev', 'scipy', 'IPython', 'rich', 'torch')"
    assert (
        run(f"import sys, tinytorch; tinytorch.exp; tinytorch.nn; print([m for m in {heavy} if m in sys.modules])")
        == "[]"
    )


@pytest.mark.parametrize(
    "import_it",
    [
        "import tinytorch.tensor",
        "from tinytorch.tensor import Tensor",
        "import tinytorch.nn",
        "from tinytorch import Tensor, tensor",
    ],
)
def test_tensor_is_the_function(import_it):
    assert run(f"{import_it}\nimport tinytorch\nprint(tinytorch.tensor([1, 2]).tolist())") == "[1, 2]"


def test_names():
    assert tinytorch.float is tinytorch.float32 and tinytorch.long is tinytorch.int64
    assert (
        tinytorch.flatten is tinytorch.Tensor.flatten
        and tinytorch.exp.__wrapped__ is tinytorch.Tensor.exp  # the function takes `out=`
        and tinytorch.double is tinytorch.float64
        and tinytorch.int is tinytorch.int32
    )
    assert {"tensor", "Tensor", "nn", "optim", "exp", "float32", "utils"} <= set(dir(tinytorch))
    assert not hasattr(tinytorch, "np") and not hasattr(tinytorch, "math"), "what a lesson imports is not handed on"
    assert not hasattr(tinytorch, "shape") and not hasattr(tinytorch, "T"), "properties of a tensor are no functions"


def test_only_names_of_pytorch():
    """What the lessons build for themselves stays in their modules; two functions of ours are meant."""
    torch = pytest.importorskip("torch")
    submodules = {"compat", "data", "dispatch", "training", "vision", "serialization", "ops", "text", "kernels"}
    submodules |= {"pickling", "safetensors", "unpickling"}
    for namespace, theirs, ours in (
        (tinytorch, torch, {"draw_graph", "gradcheck", "load_ipython_extension"} | submodules),
        (tinytorch.nn.functional, torch.nn.functional, set()),
        (tinytorch.special, torch.special, set()),
        (tinytorch.linalg, torch.linalg, set()),
        (tinytorch.distributions, torch.distributions, set()),
        (tinytorch.fft, torch.fft, set()),
        (tinytorch.signal.windows, torch.signal.windows, set()),
    ):
        assert {name for name in dir(namespace) if not hasattr(theirs, name)} <= ours
        assert all(hasattr(namespace, name) for name in namespace.NAMES)


def test_methods_of_later_lessons():
    """Without anybody asking for nn, a tensor has relu() and softmax(), and so has tinytorch; the modules stay in nn."""
    assert run("import tinytorch; print(tinytorch.tensor([-1.0, 2.0]).relu().tolist())") == "[0.0, 2.0]"
    assert (
        tinytorch.softmax.__wrapped__ is tinytorch.Tensor.softmax and tinytorch.relu(tinytorch.tensor(-1.0)).item() == 0
    )
    assert not hasattr(tinytorch, "ReLU") and not hasattr(tinytorch, "cross_entropy")


def test_what_a_notebook_builds_is_not_loaded_under_it():
    """A lesson that adds to Tensor must not use the namespace: it would load the exported lesson over the one being written."""
    for notebook in plan().notebooks:
        if read(notebook).default_exp in (*tinytorch.TENSOR_LEVEL, *tinytorch.ATTACHING):
            for cell in read(notebook).code:
                found = re.search(
                    r"^\s*(import tinytorch|from tinytorch(\.nn|\.nn\.functional)? import (?!autograd$)).*",
                    cell.source,
                    re.MULTILINE,
                )
                assert not found, f"{notebook.name}: {found[0]}"
    assert set(tinytorch.TENSOR_LEVEL + tinytorch.ATTACHING) <= {
        module for modules in lessons().values() for module in modules
    }


def test_every_name_in_dir_is_there():
    for namespace in (
        tinytorch,
        tinytorch.nn,
        tinytorch.nn.functional,
        tinytorch.nn.utils,
        tinytorch.optim,
        tinytorch.utils.data,
        tinytorch.special,
        tinytorch.linalg,
        tinytorch.distributions,
        tinytorch.fft,
        tinytorch.signal,
        tinytorch.signal.windows,
    ):
        for name in dir(namespace):
            assert getattr(namespace, name) is not None, f"{namespace.__name__}.{name}"


@pytest.mark.parametrize(
    "code, kind, message",
    [
        (
            "import tinytorch; tinytorch.lobpcg",
            "AttributeError",
            "tinytorch has no 'lobpcg': not every name of PyTorch is here",
        ),
        ("from tinytorch import lobpcg", "ImportError", "tinytorch has no 'lobpcg': not every name of PyTorch is here"),
        (
            "from tinytorch.nn import Nonsense",
            "ImportError",
            "tinytorch.nn has no 'Nonsense': not every name of PyTorch is here",
        ),
        (
            "import tinytorch.nn.functional as F; F.grouped_mm",
            "AttributeError",
            "tinytorch.nn.functional has no 'grouped_mm'",
        ),
        (
            "from tinytorch.nn.functional import grouped_mm",
            "ImportError",
            "tinytorch.nn.functional has no 'grouped_mm'",
        ),
        ("from tinytorch.optim import Lion", "ImportError", "tinytorch.optim has no 'Lion'"),
        ("from tinytorch.utils.data import BufferedShuffleDataset", "ImportError", "tinytorch.utils.data has no"),
    ],
)
def test_a_name_that_is_not_here(code, kind, message):
    assert run(code).startswith(kind) and message in run(code)


@pytest.mark.parametrize(
    "code, printed",
    [
        ("import tinytorch; print(tinytorch.tensor([1., 2.]).exp().shape)", "torch.Size([2])"),
        ("import tinytorch; print('tensor' in dir(tinytorch), 'grad' in dir(tinytorch))", "True False"),
        ("import tinytorch; print(hasattr(tinytorch, 'no_grad'), hasattr(tinytorch.nn, 'Linear'))", "False False"),
        (
            "import tinytorch; tinytorch.no_grad",
            "AttributeError: tinytorch.no_grad is built in lesson 02 autograd, which you have not exported yet",
        ),
        (
            "from tinytorch import no_grad",
            "ImportError: tinytorch.no_grad is built in lesson 02 autograd, which you have not exported yet",
        ),
        (
            "import tinytorch; tinytorch.autograd",
            "AttributeError: tinytorch.autograd is built in lesson 02 autograd, which you have not exported yet",
        ),
        (
            "import tinytorch; tinytorch.lobpcg",
            "AttributeError: tinytorch has no 'lobpcg': not every name of PyTorch is here",
        ),
    ],
)
def test_with_lesson_one_only(partial, code, printed):
    assert run(code, partial).startswith(printed)  # Python may add a "Did you mean"


@pytest.mark.parametrize(
    "code, lesson",
    every(
        4,
        [
            ("from tinytorch import nn; nn.Linear", "03 layers"),
            ("from tinytorch.nn.functional import relu", "04 losses"),
            ("from tinytorch.optim import SGD", "05 optimizers"),
            ("from tinytorch.utils.data import DataLoader", "06 data"),
            ("from tinytorch import training", "07 training"),
            ("import tinytorch; tinytorch.save", "03 layers"),
            ("import tinytorch; tinytorch.relu", "04 losses"),
            ("import tinytorch; tinytorch.selu", "04 losses"),
            ("from tinytorch.nn import utils; utils.clip_grad_norm_", "05 optimizers"),
            ("from tinytorch import linalg; linalg.inv", "02 autograd"),
            ("import tinytorch; tinytorch.linalg.qr", "02 autograd"),
            ("import tinytorch; tinytorch.fft.rfft", "02 autograd"),
            ("from tinytorch.signal.windows import hann", "02 autograd"),
            ("import tinytorch; tinytorch.stft", "02 autograd"),
            ("from tinytorch.special import erfcx", "04 losses"),
            ("import tinytorch; tinytorch.lgamma", "04 losses"),
            ("from tinytorch.distributions import Normal", "04 losses"),
            ("import tinytorch; tinytorch.distributions.kl_divergence", "04 losses"),
        ],
    ),
)
def test_a_missing_name_says_its_lesson(partial, code, lesson):
    if lesson.replace(" ", "_") not in lessons():
        pytest.skip("the lesson is not written yet")
    assert f"is built in lesson {lesson}, which you have not exported yet" in run(code, partial)


def test_an_error_inside_a_lesson_is_not_hidden(tmp_path):
    """A missing package that a lesson imports is that lesson's error, and not a lesson that is missing."""
    shutil.copytree(ROOT / "tinytorch", tmp_path / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tinytorch/autograd.py").write_text("import no_such_package\n")
    assert "No module named 'no_such_package'" in run("import tinytorch; tinytorch.exp", tmp_path)
