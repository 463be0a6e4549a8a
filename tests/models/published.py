"""Published configurations of a library's models, without numbers: a program that prints parameters and shapes as JSON.

python -m tinytorch published.py LIBRARY
"""

import importlib
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))


def parameters(model) -> int:
    return sum(p.numel() for p in model.parameters())


def main(library: str) -> None:
    cases = importlib.import_module(f"models.cases_{library}")
    with torch.device("meta"):
        counted = {name: [parameters(build()), wanted] for name, (build, wanted) in cases.PUBLISHED.items()}
        shapes = {name: [[list(s) for s in build()], wanted] for name, (build, wanted) in cases.SHAPES.items()}
    print(json.dumps({"parameters": counted, "shapes": shapes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
