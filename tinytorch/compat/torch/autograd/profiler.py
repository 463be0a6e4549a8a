"""`torch.autograd.profiler`: the older way to lesson 14's profiler."""

from ....profiler import profile as any_profile
from ....profiler import record_function

__all__ = ["profile", "record_function"]


class profile(any_profile):
    """`with profile() as prof:`; what concerns a GPU is accepted."""

    def __init__(self, enabled=True, *, use_cuda=False, use_device=None, record_shapes=False, with_flops=False,
                 profile_memory=False, with_stack=False, with_modules=False, **others):  # fmt: skip
        self.enabled = enabled
        super().__init__(record_shapes=record_shapes, with_flops=with_flops, profile_memory=profile_memory,
                         with_stack=with_stack)  # fmt: skip

    def __enter__(self):
        return super().__enter__() if self.enabled else self

    def __exit__(self, *error):
        return super().__exit__(*error) if self.enabled else None

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all."""
        return self.key_averages().self_cpu_time_total
