"""`torch.utils.data.distributed`: the part of a data set that one of several processes sees."""

import math

from .....data.dataloader import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Every `num_replicas`-th index, beginning with `rank`; each epoch in another order, the same in all processes."""

    def __init__(self, dataset, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
                 seed: int = 0, drop_last: bool = False):  # fmt: skip
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available: give num_replicas and rank")
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0

    @property
    def num_samples(self) -> int:
        n = len(self.dataset)
        if self.drop_last and n % self.num_replicas:
            n -= self.num_replicas - 1  # the last incomplete round is left out
        return math.ceil(n / self.num_replicas)

    @property
    def total_size(self) -> int:
        return self.num_samples * self.num_replicas

    def __iter__(self):
        import tinytorch

        indices = list(range(len(self.dataset)))
        if self.shuffle:
            generator = tinytorch.Generator().manual_seed(self.seed + self.epoch)
            indices = tinytorch.randperm(len(indices), generator=generator).tolist()
        if not self.drop_last:  # begin again at the front, so that all get as many
            indices = (indices * math.ceil(self.total_size / max(len(indices), 1)))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Draw another order from now on."""
        self.epoch = epoch
