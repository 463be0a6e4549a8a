"""PyTorch as an oracle for a torchvision that was compiled for another build of it: imported before torchvision.

What is compiled for it cannot load then; its Python files do, and nms is here. tinytorch needs none of this.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

import torch


def let_torchvision_load() -> None:
    """A torchvision that was compiled for another build of PyTorch misses its compiled nms: here is one in Python."""
    found = importlib.util.find_spec("torchvision")
    if found is None or "tinytorch" in sys.modules:
        return
    os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")  # it would compile, for a minute, what stands in for roi_align
    try:
        torch.ops.load_library(str(Path(found.origin).with_name("_C.so")))
    except OSError:
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        importlib.import_module("torchvision").ops.boxes.nms = nms


def nms(boxes, scores, iou_threshold: float):
    """Boxes, the best first, of which none overlaps a better one by more than `iou_threshold`."""
    from torchvision.ops import box_iou

    kept, order = [], scores.argsort(descending=True, stable=True)
    overlap = box_iou(boxes, boxes)
    for i in order.tolist():
        if all(overlap[i, j] <= iou_threshold for j in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.long)
