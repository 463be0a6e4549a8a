"""`torch.cuda` beside lesson 16's GPU: what PyTorch answers on a machine without one."""

__all__ = [
    "OutOfMemoryError", "Stream", "StreamContext", "current_stream", "default_generators", "default_stream",
    "get_arch_list", "get_device_capability", "get_device_properties", "get_rng_state", "get_rng_state_all", "has_half",
    "has_magma", "init", "is_bf16_supported", "is_initialized", "is_tf32_supported", "max_memory_cached",
    "max_memory_reserved", "mem_get_info", "memory_cached", "memory_stats", "memory_summary", "memory_usage",
    "reset_max_memory_allocated", "reset_max_memory_cached", "seed", "seed_all", "set_device", "set_rng_state",
    "set_stream", "stream", "temperature", "utilization",
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


def of_a_gpu(name: str):
    """A function that needs a GPU: without one AssertionError, as PyTorch's build for the CPU; with one it is not here."""

    def function(*args, **options):
        init()
        raise NotImplementedError(f"tinytorch has no torch.cuda.{name}")

    function.__name__ = name
    return function


(
    current_stream, default_stream, get_device_capability, get_device_properties, get_rng_state, mem_get_info,
    memory_usage, set_rng_state, set_stream, temperature, utilization,
) = map(of_a_gpu, """
    current_stream default_stream get_device_capability get_device_properties get_rng_state mem_get_info memory_usage
    set_rng_state set_stream temperature utilization
""".split())  # fmt: skip


class Stream:
    """A queue of work for a GPU. RuntimeError where there is none, as PyTorch's build for the CPU raises it."""

    def __init__(self, device=None, priority: int = 0, **options):
        from ....cuda import is_available

        if not is_available():
            raise RuntimeError("torch.cuda.Stream requires CUDA support")
        raise NotImplementedError("tinytorch has no torch.cuda.Stream")


def set_device(device) -> None:
    """Choose a GPU: there is none, AssertionError, or one, number 0. Negative numbers change nothing."""
    number = device if isinstance(device, int) else getattr(device, "index", None) or 0
    if number < 0:
        return
    init()
    if number > 0:
        raise RuntimeError(f"CUDA error: invalid device ordinal {number}: tinytorch computes on one GPU, number 0")


def memory_summary(device=None, abbreviated: bool = False) -> str:
    """What is known of the GPU's memory: the bytes that are held."""
    return f"{max_memory_reserved(device)} bytes reserved"


def reset_max_memory_allocated(device=None) -> None:
    """Nothing is kept that could be forgotten."""


reset_max_memory_cached = reset_max_memory_allocated


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
