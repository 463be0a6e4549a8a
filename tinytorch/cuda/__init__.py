"""`torch.cuda`: the GPU of lesson 16, or the truth that there is none."""

from .._namespace import namespace, load



def _with_types(found):
    """`torch.cuda.FloatTensor` and its kin, which exist without a GPU too."""
    typed = load("ops.typed")
    return found | (typed.ON_CUDA if typed else {})


__getattr__, __dir__ = namespace(__name__, ("cuda.gpu",), finish=_with_types)


def is_available() -> bool:
    """Whether tensors can live on "cuda": it takes lesson 16, CuPy and a GPU."""
    return bool(gpu := load("cuda.gpu")) and gpu.is_available()


def device_count() -> int:
    """How many GPUs there are."""
    return gpu.device_count() if (gpu := load("cuda.gpu")) else 0
