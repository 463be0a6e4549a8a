"""Random numbers in worker processes: the seeds of Python, numpy and torch in each, streams, persistent workers."""

import random

import numpy as np
import torch
from torch.utils.data import ChainDataset, DataLoader, Dataset, IterableDataset, get_worker_info


class Noise(Dataset):
    """What each library draws in the worker that makes the sample."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        info = get_worker_info()
        worker = -1 if info is None else info.id
        return index, worker, torch.rand(1).item(), np.random.randint(10**6), random.randint(0, 10**6)


class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        info = get_worker_info()
        step, first = (1, 0) if info is None else (info.num_workers, info.id)
        for number in range(self.start + first, self.end, step):
            yield number, torch.randint(1000, ()).item()


class Part(IterableDataset):
    """A stream that worker_init_fn cuts for each worker."""

    def __init__(self):
        self.numbers = range(11)

    def __iter__(self):
        return iter(self.numbers)


def cut(worker_id):
    info = get_worker_info()
    assert info.id == worker_id
    info.dataset.numbers = range(worker_id, 11, info.num_workers)


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)
    random.seed(worker_seed)


def show(title, batches):
    print(title)
    for batch in batches:
        print([part.tolist() for part in batch] if isinstance(batch, (list, tuple)) else batch.tolist())


def main():
    torch.manual_seed(1)
    g = torch.Generator()
    g.manual_seed(0)
    for options in (
        {"shuffle": True},
        {"shuffle": True, "generator": g},
        {"worker_init_fn": seed_worker, "generator": g},
        {"shuffle": True, "persistent_workers": True, "prefetch_factor": 3, "pin_memory": torch.cuda.is_available()},
    ):
        loader = DataLoader(Noise(7), batch_size=2, num_workers=2, **options)
        for epoch in range(2):
            show(f"epoch {epoch} of {sorted(options)}", loader)
            print(torch.rand(1).item(), torch.rand(1, generator=g).item())
        del loader

    for workers in (0, 1, 3):
        show(f"a stream, {workers} workers", DataLoader(Stream(0, 14), batch_size=3, num_workers=workers))
    chained = ChainDataset([Stream(0, 3), Stream(100, 104)])
    show("streams, chained", DataLoader(chained, batch_size=2, num_workers=2, drop_last=True))
    show("cut by worker_init_fn", DataLoader(Part(), batch_size=2, num_workers=3, worker_init_fn=cut))
    show("one by one", DataLoader(Part(), batch_size=None, num_workers=2, collate_fn=torch.tensor))
    print(get_worker_info(), torch.initial_seed(), torch.rand(2).tolist())


if __name__ == "__main__":
    main()
