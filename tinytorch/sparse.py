"""`torch.sparse`: functions of sparse tensors, handed on from the companion that builds them."""

from ._namespace import namespace

MODULES = ("ops.sparse",)
NAMES = frozenset("""
    BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor addmm
    log_softmax mm softmax sum
""".split())


def _of_sparse(found):
    """Where a name of `torch.sparse` means something else in `torch`, the companion calls its function sparse_NAME."""
    found |= found.get("OLD_CONSTRUCTORS", {})
    found |= {name.removeprefix("sparse_"): value for name, value in found.items() if name.startswith("sparse_")}
    return {name: value for name, value in found.items() if name in NAMES}


__getattr__, __dir__ = namespace(__name__, MODULES, finish=_of_sparse)
