"""`torch.cuda` beside lesson 16's GPU: what PyTorch answers on a machine without one."""

__all__ = [
    "OutOfMemoryError", "StreamContext", "default_generators", "get_arch_list", "get_rng_state_all", "has_half",
    "has_magma", "init", "is_bf16_supported", "is_initialized", "is_tf32_supported", "max_memory_cached",
    "max_memory_reserved", "memory_cached", "memory_stats", "seed", "seed_all", "stream",
]  # fmt: skip

default_generators = ()
has_half, has_magma = True, False


class OutOfMemoryError(RuntimeError):
    """A GPU that has no memory left."""


def init() -> None:
    """AssertionError where there is no GPU, as PyTorch's build for the CPU raises it."""
    from ....cuda import is_available

    if not is_available():
        raise AssertionError("Torch not compiled with CUDA enabled")


def is_initialized() -> bool:
    from ....cuda import is_available

    return is_available()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def is_tf32_supported() -> bool:
    return False


def get_arch_list() -> list:
    return []


def get_rng_state_all() -> list:
    return []


def seed() -> None:
    """A random seed for the GPU, if there is one."""


seed_all = seed


def memory_stats(device=None) -> dict:
    return {}


def max_memory_reserved(device=None) -> int:
    """The most bytes that were held at a time; those held now are what is known here."""
    from ....cuda import memory_reserved

    return memory_reserved(device)


def memory_cached(device=None) -> int:
    """The old name of `memory_reserved`."""
    return max_memory_reserved(device)


max_memory_cached = memory_cached


class StreamContext:
    """`with torch.cuda.stream(s):`; without a stream it changes nothing."""

    def __init__(self, stream):
        self.stream = stream
        if stream is not None:
            init()

    def __enter__(self):
        return None

    def __exit__(self, *error):
        return None


def stream(stream) -> StreamContext:
    return StreamContext(stream)
