"""Models of timm, torchvision and transformers on tinytorch beside PyTorch, as a table in Markdown.

    python -m benchmarks.models_of_the_world [LIBRARY...]

The small models of tests/models: parameters, the largest difference of outputs and of gradients (as a share of the
largest number; float32), and seconds of a forward and backward pass on one thread. "-" where a framework fails.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
MEASURE = ROOT / "tests" / "models" / "measure.py"
LIBRARIES = ("timm", "torchvision", "transformers")


def measured(library: str, folder: str) -> tuple:
    """What tinytorch and PyTorch make of the models of `library`: {model/dtype/what: array}."""
    theirs, ours = (str(Path(folder, f"{library}-{name}.npz")) for name in ("torch", "tinytorch"))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    for way, *files in (([], theirs, ""), (["-m", "tinytorch"], ours, theirs)):
        command = [sys.executable, *way, str(MEASURE), library, *files, "", "3"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)
    return np.load(ours), np.load(theirs)


def row(name: str, ours, theirs) -> list:
    """Parameters, both differences, the seconds of both, and their ratio."""
    start = f"{name}/float32/"
    keys = [key for key in theirs.files if key.startswith(start) and not key.endswith(("/seconds", "/parameters"))]
    if not keys or start + "seconds" not in ours.files:
        return ["-"] * 6
    gradients = [key for key in keys if "/gradient " in key]
    scale = 1e-3 * max(np.abs(theirs[key]).max() for key in gradients)
    outputs = max(apart(ours[key], theirs[key]) for key in keys if key not in gradients)
    slopes = max(apart(ours[key], theirs[key], scale) for key in gradients)
    seconds = [float(file[start + "seconds"]) for file in (ours, theirs)]
    figures = [f"{outputs:.0e}", f"{slopes:.0e}", *(f"{s:.3f}" for s in seconds), f"{seconds[0] / seconds[1]:.1f}"]
    return [f"{int(theirs[start + 'parameters']):,}", *figures]


def apart(ours: np.ndarray, theirs: np.ndarray, scale: float = 0.0) -> float:
    """The largest difference, as a share of the largest number and `scale`."""
    return float(np.max(np.abs(ours - theirs), initial=0) / (np.max(np.abs(theirs), initial=0) + scale + 1e-30))


def main(libraries: list[str]) -> None:
    columns = "library, model, parameters, outputs, gradients, seconds, PyTorch's seconds, ratio".split(", ")
    print("|", " | ".join(columns), "|\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for library in libraries:
            if importlib.util.find_spec(library) is None:
                print(f"{library} is not installed", file=sys.stderr)
                continue
            ours, theirs = measured(library, folder)
            for name in dict.fromkeys(key.split("/")[0] for key in theirs.files):
                print("|", " | ".join([library, name, *row(name, ours, theirs)]), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(LIBRARIES))
