"""What PyTorch has under which path: `python tests/programs/names_of_pytorch.py` writes it down for the runner.

Read off the PyTorch that is installed: tinytorch/compat/pytorch_names.py is only written anew when another version is
followed. tests/programs/test_names.py compares the two.
"""

import importlib
import inspect
import pkgutil
import sys
import textwrap
import types
import warnings
from pathlib import Path

FILE = Path(__file__).parents[2] / "tinytorch/compat/pytorch_names.py"

# Packages below which every path and name is taken for PyTorch's: large, and nothing of it is here.
WHOLE = """
    ao contrib distributed export fx jit masked mtia nativert nn.intrinsic nn.qat nn.quantizable nn.quantized numa onnx
    package quantization sparse.semi_structured testing utils.backcompat utils.benchmark utils.bottleneck
    utils.collect_env utils.data.datapipes utils.hipify utils.jit utils.model_dump utils.serialization
    utils.tensorboard utils.viz utils.xray xpu
""".split()
# Their first level is listed by name all the same.
LISTED = {"distributed", "export", "fx", "jit", "testing", "utils.benchmark", "xpu"}

HEADER = '''"""What PyTorch {version} has under which path.

Written by tests/programs/names_of_pytorch.py. A line is a module and its names, in three parts with bars between them:
those that are only there, those that a module above hands on too (`torch.nn` the Conv2d of `torch.nn.modules.conv`),
and of these the ones whose home is elsewhere. With `*`, every other name and every path below is taken for PyTorch's.
"""

TABLE = """
'''


def paths() -> list:
    """Every public module of PyTorch, but for what lies below WHOLE."""
    import torch

    def below(folder: Path, prefix: str):
        for info in pkgutil.iter_modules([str(folder)], prefix):
            short = info.name.removeprefix("torch.")
            if "._" in info.name or (inside(short) and short not in LISTED):
                continue
            yield info.name
            if info.ispkg and not inside(short):
                yield from below(folder / info.name.rpartition(".")[2], info.name + ".")

    return ["torch", *sorted(below(Path(torch.__file__).parent, "torch."))]


def inside(short: str) -> bool:
    return any(short == whole or short.startswith(whole + ".") for whole in WHOLE)


def private() -> list:
    import torch

    return [*sorted(i.name for i in pkgutil.iter_modules(torch.__path__, "torch.") if "._" in i.name), "torch._C"]


def names(path: str) -> tuple:
    """(names that only this module has, names that one above it has too, and of those the ones from elsewhere)."""
    module, parts = importlib.import_module(path), ([], [], [])
    only, shared, guests = parts
    above = [sys.modules[path.rsplit(".", n)[0]] for n in range(1, path.count(".") + 1)]
    for name, value in sorted(vars(module).items()):
        if name[0] == "_" or isinstance(value, types.ModuleType) or type(value).__module__ in ("typing", "__future__"):
            continue
        home = getattr(value, "__module__", None) or ""  # of a function in C there is none
        if any(getattr(parent, name, None) is value for parent in above):
            (shared if home == path else guests).append(name)
        elif home.startswith("torch") or (not home and name != "TYPE_CHECKING"):
            only.append(name)
    return parts


def line(path: str, parts: tuple, whole: bool) -> str:
    text = f"{path}: " + " | ".join(" ".join(part) for part in parts) + " *" * whole
    return textwrap.fill(text.rstrip("| "), 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def table() -> str:
    import torch

    lines = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths():
            lines.append(line(path, names(path), whole=inside(path.removeprefix("torch."))))
        methods = [name for name, _ in inspect.getmembers_static(torch.Tensor) if name[0] != "_"]
    lines.append(line("torch.Tensor", (methods,), whole=False))
    wholes = [f"torch.{short}" for short in WHOLE if short not in LISTED] + private()
    lines.append("\n".join(f"{path}: *" for path in wholes))
    return HEADER.format(version=torch.__version__.partition("+")[0]) + "\n".join(lines) + '\n"""\n'


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
