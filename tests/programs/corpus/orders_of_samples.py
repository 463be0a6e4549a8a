"""Which sample comes when: every sampler, with and without a generator, epoch after epoch, and what is drawn after it."""

import torch
from torch.utils.data import ConcatDataset, DataLoader, RandomSampler, Subset, TensorDataset, random_split
from torch.utils.data.dataloader import default_collate
from torch.utils.data.dataset import Dataset
from torch.utils.data.distributed import DistributedSampler
from torch.utils.data.sampler import (
    BatchSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

torch.manual_seed(3)
data = TensorDataset(torch.arange(10), torch.arange(10) % 2)
labels = [int(label) for _, label in data]
generator = torch.Generator()
generator.manual_seed(2**40 + 5)

samplers = [
    SequentialSampler(data),
    RandomSampler(data),
    RandomSampler(data, generator=generator),
    RandomSampler(data, num_samples=25, generator=generator),
    RandomSampler(data, replacement=True, num_samples=70, generator=generator),
    RandomSampler(data, replacement=True),
    SubsetRandomSampler([1, 4, 9, 2]),
    SubsetRandomSampler(range(3, 9), generator=generator),
    WeightedRandomSampler([1.0, 2.0, 0.0, 5.0], 12),
    WeightedRandomSampler(torch.tensor([0.1, 0.4, 0.2, 0.3]), 4, replacement=False, generator=generator),
    WeightedRandomSampler([1 / labels.count(label) for label in labels], len(labels), True, generator),
    BatchSampler(RandomSampler(data), 4, drop_last=True),
    BatchSampler(SubsetRandomSampler(range(7), generator), 3, drop_last=False),
]
for sampler in samplers:
    print(type(sampler).__name__, len(sampler))
    for epoch in range(2):
        print(list(sampler), torch.rand(1).item(), torch.randint(1000, (1,), generator=generator).item())

for rank in range(3):
    sampler = DistributedSampler(data, num_replicas=3, rank=rank, seed=7, drop_last=rank == 2)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        print(rank, list(sampler), sampler.num_samples, sampler.total_size, len(DataLoader(data, 2, sampler=sampler)))

for lengths in ([0.5, 0.3, 0.2], [7, 3], [1, 0, 9]):
    print([part.indices for part in random_split(data, lengths)])
print([part.indices for part in random_split(range(11), [0.8, 0.2], generator=torch.Generator().manual_seed(42))])


class Balanced(Sampler):
    """As many of each class, drawn when the loader asks for the order."""

    def __init__(self, labels):
        self.labels = torch.tensor(labels)

    def __iter__(self):
        by_class = [torch.where(self.labels == c)[0] for c in self.labels.unique()]
        order = torch.stack([part[torch.randperm(len(part))] for part in by_class], 1).flatten()
        return iter(order.tolist())

    def __len__(self):
        return len(self.labels)


class Pairs(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return {"x": torch.rand(2), "i": index}


for options in (
    {"batch_size": 4, "shuffle": True},
    {"batch_size": 4, "shuffle": True, "drop_last": True, "generator": generator},
    {"batch_size": 3, "sampler": Balanced(labels)},
    {"batch_size": None, "sampler": Balanced(labels)},
    {"batch_sampler": BatchSampler(Balanced(labels), 4, False)},
    {"batch_sampler": [[0, 5], [9]]},
):
    loader = DataLoader(data, **options)
    for epoch in range(2):
        print([x.tolist() for x, y in loader], len(loader), torch.rand(1).item())

for epoch in range(2):
    for batch in DataLoader(Pairs(), batch_size=4, shuffle=True):
        print(batch["i"].tolist(), batch["x"].tolist())

both = ConcatDataset([Subset(data, [3, 1]), data]) + Subset(data, [0])
print(len(both), [[t.tolist() for t in batch] for batch in DataLoader(both, batch_size=5, shuffle=True)])
first = next(iter(DataLoader(data, batch_size=4, shuffle=True)))
print(first, default_collate([data[0], data[1]]), torch.rand(1).item())
