"""Models of the libraries that keep them, as they are: published sizes, and small ones beside PyTorch, all gradients.

Each library is run once by each framework, in processes of their own. measure.py, published.py, learn.py, cases_LIBRARY.py.
"""

import importlib.util
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from programs.running import python

from benchmarks.models_of_the_world import apart

HERE = Path(__file__).parent
LIBRARIES = {
    "timm": "resnet bottlenecks densenet mobilenetv2 efficientnet convnext swin vit",
    "torchvision": "resnet densenet mobilenetv2 efficientnet convnext swin vit faster_rcnn mask_rcnn",
    "transformers": "bert bert_to_classify roberta gpt2 llama bart t5 wav2vec2 wav2vec2_ctc hubert wavlm whisper clip align blip"
    " llava vit swin convnext resnet detr flamingo image_codebook",
}
SAMPLED = {  # what `make test` runs; the rest is `breadth`
    "timm": "swin",
    "torchvision": "mask_rcnn",
    "transformers": "bert_to_classify gpt2 t5 whisper clip detr",
}
MODELS = [
    pytest.param(library, name, marks=[] if name in SAMPLED[library].split() else pytest.mark.breadth)
    for library, names in LIBRARIES.items()
    for name in names.split()
]
CASES = re.compile(r"for function in \(([^)]*)\)")  # the table at the end of each file
TOLERANCE = {"float32": 5e-5, "float64": 1e-5}  # some compute parts in float32, whatever the dtype


def need(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")


def run(*arguments, folder) -> str:
    ran = python(*arguments, folder=folder, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """One for all workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def measured(library: str, name: str, folder) -> tuple:
    """What PyTorch and tinytorch make of the small models that are sampled, or of the others, by name."""
    sampled = SAMPLED[library].split()
    names = sampled if name in sampled else [each for each in LIBRARIES[library].split() if each not in sampled]
    theirs, ours = (folder / f"{library}-{names[0]}-{framework}.npz" for framework in ("torch", "tinytorch"))
    with FileLock(folder / f"{library}-{names[0]}.lock"):
        if not ours.exists():
            run(HERE / "measure.py", library, theirs, "", ",".join(names), folder=folder)
            run("-m", "tinytorch", HERE / "measure.py", library, ours, theirs, ",".join(names), folder=folder)
    return np.load(ours), np.load(theirs)


@pytest.mark.parametrize("library, name", MODELS)
def test_outputs_loss_and_every_gradient(library, name, folder):
    need(library)
    ours, theirs = measured(library, name, folder)
    for files in (theirs, ours):
        assert f"{name}/error" not in files, str(files[f"{name}/error"])[-3000:]
    keys = [key for key in theirs.files if key.startswith((f"{name}/float32/", f"{name}/float64/"))]
    assert keys and set(keys) == {key for key in ours.files if key.startswith((f"{name}/float32/", f"{name}/float64/"))}
    gradients = [key for key in keys if "/gradient " in key]
    largest = max(np.max(np.abs(theirs[key])) for key in gradients)
    for key in keys:
        if key.endswith("/seconds"):
            continue
        assert ours[key].shape == theirs[key].shape and ours[key].dtype == theirs[key].dtype, key
        # what is zero but for rounding, as the gradient of a bias before batch normalization, is measured by the others
        difference = apart(ours[key], theirs[key], 1e-3 * largest if key in gradients else 0.0)
        assert difference < TOLERANCE[key.split("/")[1]], (key, difference)
    assert largest > 1e-4


@pytest.mark.parametrize("library", LIBRARIES)
def test_all_cases_are_looked_at(library):
    text = (HERE / f"cases_{library}.py").read_text()
    assert set(LIBRARIES[library].split()) == {
        word.strip() for word in re.search(CASES, text)[1].split(",") if word.strip()
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_published_parameters_and_shapes(library, tmp_path):
    need(library)
    found = json.loads(run("-m", "tinytorch", HERE / "published.py", library, folder=tmp_path))
    for what in ("parameters", "shapes"):
        assert found[what]
        for name, (ours, published) in found[what].items():
            assert ours == published, (what, name)


def test_pretrained_models_generate_the_same(tmp_path):
    """Weights that PyTorch saved; then greedily, by chance with the same seed, with beams."""
    need("transformers")
    theirs = json.loads(run(HERE / "pretrained.py", tmp_path, "save", folder=tmp_path))
    ours = json.loads(run("-m", "tinytorch", HERE / "pretrained.py", tmp_path, folder=tmp_path))
    assert ours == theirs
    assert all(len({str(words) for words in ways.values()}) > 2 for ways in theirs.values())
