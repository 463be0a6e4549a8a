"""`torch.xpu`: Intel's GPU, which tinytorch does not use."""

__all__ = [
    "default_generators", "device_count", "empty_cache", "get_arch_list", "get_rng_state_all", "is_available",
    "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated",
    "max_memory_reserved", "memory_allocated", "memory_reserved", "seed", "seed_all",
]  # fmt: skip

default_generators = ()


def is_available() -> bool:
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


is_initialized = is_available


def device_count() -> int:
    return 0


def memory_allocated(device=None) -> int:
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def get_arch_list() -> list:
    return []


get_rng_state_all = get_arch_list


def manual_seed(seed: int) -> None:
    """There is nothing to seed."""


manual_seed_all = manual_seed


def seed() -> None:
    """There is nothing to seed."""


seed_all = empty_cache = seed
