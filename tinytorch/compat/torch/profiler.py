"""`torch.profiler` beside lesson 14."""

import functools
import importlib
import os
import re
import socket
import sys
import time

from ...ops.node_names import OTHER_NAMES

__all__ = ["tensorboard_trace_handler"]


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None, use_gzip: bool = False):
    """For `on_trace_ready`: writes what was recorded into the folder, as a trace that Chrome and Perfetto show."""
    os.makedirs(dir_name, exist_ok=True)

    def handler(prof) -> None:
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        prof.export_chrome_trace(os.path.join(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json"))

    return handler


def with_pytorchs_names(module) -> None:
    """Let lesson 14's profiler, `module`, name operations as PyTorch does: aten::linear, AddmmBackward0."""
    forward, backward = module.note_forward, module.note_backward

    def note_forward(event, function, inputs, options, output) -> None:
        event.name = event.key = aten_name(function.__name__)
        forward(event, function, inputs, options, output)

    def note_backward(event, node, grad, gradients) -> None:
        event.name = event.key = node.name()
        backward(event, node, grad, gradients)

    module.note_forward, module.note_backward = note_forward, note_backward
    plain = importlib.import_module("tinytorch.nn.module").linear

    @functools.wraps(plain)
    def linear(*args, **options):  # of which PyTorch makes a range of its own, with the product and the sum in it
        with module.record_function("aten::linear"):
            return plain(*args, **options)

    for other in [other for name, other in sys.modules.items() if name.partition(".")[0] == "tinytorch"]:
        if vars(other).get("linear") is plain:
            other.linear = linear


def aten_name(name: str) -> str:
    """What PyTorch's profiler calls the operation of the Function `name`: "MatMul" -> "aten::matmul"."""
    short = name.removeprefix("Fused").removesuffix("Function")
    if short in NAMES:
        return f"aten::{NAMES[short]}"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", OTHER_NAMES.get(short, short))
    return f"aten::{words.lower()}"


# Functions whose names are put together otherwise than PyTorch's, or that are known by what programs call.
NAMES = {
    "Linear": "addmm", "MatMul": "matmul", "LogSoftmax": "log_softmax", "CrossEntropy": "cross_entropy_loss", "To": "to", "Square": "pow",
    "SetItem": "copy_", "Unfold": "im2col", "Norm": "linalg_vector_norm", "EmbeddingLookup": "embedding",
    "Convolution": "conv2d", "ConvolutionInputGrad": "conv_transpose2d", "LayerNorm": "layer_norm",
    "BatchNorm": "batch_norm", "RMSNorm": "rms_norm", "LSTM": "lstm", "GRU": "gru", "GetItem": "slice", "Sub": "sub",
    "Attention": "scaled_dot_product_attention", "MaxPool": "max_pool2d",
}  # fmt: skip
