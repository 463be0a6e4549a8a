"""Data sets of one's own: samplers by weight, by class and by length, batches of unequal things, buckets, streams, transforms by composition, subsets, cross-validation."""

import bisect
import itertools
import random
from collections import Counter
from dataclasses import dataclass
from typing import Iterator, List

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import KFold, StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import (BatchSampler, ConcatDataset, DataLoader, Dataset, IterableDataset, RandomSampler, Sampler,
                              SequentialSampler, Subset, SubsetRandomSampler, TensorDataset, WeightedRandomSampler, random_split)

SEED = 42
random.seed(SEED), np.random.seed(SEED), torch.manual_seed(SEED)


class SentencesDataset(Dataset):
    def __init__(self, n=60):
        rng = np.random.default_rng(0)
        self.items = [rng.integers(1, 20, size=rng.integers(2, 12)).tolist() for _ in range(n)]
        self.labels = [int(sum(item) % 3 == 0) for item in self.items]

    def __getitem__(self, index: int):
        return {"tokens": self.items[index], "label": self.labels[index]}

    def __len__(self) -> int:
        return len(self.items)


class BucketSampler(Sampler[List[int]]):
    def __init__(self, lengths, boundaries, batch_size, drop_last=False, seed=0):
        self.lengths, self.boundaries, self.batch_size, self.drop_last, self.seed, self.epoch = lengths, boundaries, batch_size, drop_last, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self) -> Iterator[List[int]]:
        g = torch.Generator()
        g.manual_seed(self.seed + self.epoch)
        buckets = [[] for _ in range(len(self.boundaries) + 1)]
        for i in torch.randperm(len(self.lengths), generator=g).tolist():
            bucket = buckets[bisect.bisect(self.boundaries, self.lengths[i])]
            bucket.append(i)
            if len(bucket) == self.batch_size:
                yield list(bucket)
                bucket.clear()
        yield from (b for b in buckets if b and not self.drop_last)

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)


class ImbalancedSampler(Sampler):
    def __init__(self, dataset, num_samples=None):
        self.indices = list(range(len(dataset)))
        self.num_samples = len(self.indices) if num_samples is None else num_samples
        counts = Counter(dataset.labels)
        self.weights = torch.DoubleTensor([1.0 / counts[label] for label in dataset.labels])

    def __iter__(self):
        return (self.indices[i] for i in torch.multinomial(self.weights, self.num_samples, replacement=True))

    def __len__(self):
        return self.num_samples


@dataclass
class Collator:
    pad: int = 0

    def __call__(self, samples):
        samples = sorted(samples, key=lambda s: len(s["tokens"]), reverse=True)
        tokens = [torch.as_tensor(s["tokens"]) for s in samples]
        return {"tokens": pad_sequence(tokens, batch_first=True, padding_value=self.pad), "lengths": torch.tensor(list(map(len, tokens))),
                "labels": torch.tensor([s["label"] for s in samples], dtype=torch.float32)}


dataset = SentencesDataset()
sampler = BucketSampler([len(x) for x in dataset.items], [5, 8], 8)
loader = DataLoader(dataset, batch_sampler=sampler, collate_fn=Collator())
for epoch in range(2):
    sampler.set_epoch(epoch)
    print([tuple(batch["tokens"].shape) for batch in loader], len(loader))
for name, s in (("imbalanced", ImbalancedSampler(dataset)), ("weighted", WeightedRandomSampler([3.0 if l else 1.0 for l in dataset.labels], 20)),
                ("subset", SubsetRandomSampler(range(5, 12))), ("with replacement", RandomSampler(dataset, replacement=True, num_samples=6)),
                ("generator", RandomSampler(dataset, num_samples=5, generator=torch.Generator().manual_seed(1)))):
    order = list(s)
    print(name, len(order), [int(i) for i in order[:8]], sum(dataset.labels[i] for i in order))
print(list(BatchSampler(SequentialSampler(range(7)), 3, drop_last=False)))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.out = nn.Embedding(20, 8, padding_idx=0), nn.LSTM(8, 8, bidirectional=True, batch_first=True), nn.Linear(16, 1)

    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(tokens), lengths.cpu(), batch_first=True)
        _, (h, _) = self.rnn(packed)
        return self.out(torch.cat([h[-2], h[-1]], dim=1)).squeeze(1)


model = Encoder()
optimizer = torch.optim.NAdam(model.parameters(), lr=0.02)
scaler = torch.amp.GradScaler(enabled=False)
for epoch in range(3):
    total = 0.0
    for batch in DataLoader(dataset, batch_size=16, shuffle=True, collate_fn=Collator(), drop_last=True, generator=torch.Generator().manual_seed(epoch)):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(batch["tokens"], batch["lengths"]), batch["labels"])
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        total += loss.item() * len(batch["labels"])
    print("epoch %d %.5f" % (epoch, total / 48))
padded, lengths = pad_packed_sequence(pack_sequence([torch.arange(1, n + 1) for n in (2, 4, 1)], enforce_sorted=False), batch_first=True, total_length=5)
print(padded.tolist(), lengths)


# tables: iris by folds, scaled; digits with a composed transform
class Table(Dataset):
    def __init__(self, X, y, transform=None, target_transform=None):
        self.X, self.y, self.transform, self.target_transform = X, y, transform, target_transform

    def __len__(self):
        return self.X.shape[0]

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        x, y = self.X[idx], self.y[idx]
        return self.transform(x) if self.transform else x, self.target_transform(y) if self.target_transform else y


class Compose:
    def __init__(self, *transforms):
        self.transforms = transforms

    def __call__(self, x):
        for t in self.transforms:
            x = t(x)
        return x


iris = load_iris()
X, y = StandardScaler().fit_transform(iris.data).astype(np.float32), iris.target
for fold, (train_ids, test_ids) in enumerate(KFold(n_splits=3, shuffle=True, random_state=SEED).split(X)):
    torch.manual_seed(SEED)
    everything = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    trainloader = DataLoader(everything, batch_size=25, sampler=SubsetRandomSampler(train_ids))
    testloader = DataLoader(everything, batch_size=50, sampler=SubsetRandomSampler(test_ids))
    network = nn.Sequential(nn.Linear(4, 16), nn.ReLU6(), nn.Dropout(0.1), nn.Linear(16, 3))
    network.apply(lambda m: m.reset_parameters() if isinstance(m, nn.Linear) else None)
    optimizer = torch.optim.Adamax(network.parameters(), lr=2e-2)
    for epoch in range(4):
        for inputs, targets in trainloader:
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 1.0]))(network(inputs), targets)
            loss.backward()
            optimizer.step()
    network.eval()
    confusion = torch.zeros(3, 3, dtype=torch.long)
    with torch.no_grad():
        for inputs, targets in testloader:
            confusion.index_put_((targets, network(inputs).argmax(1)), torch.ones_like(targets), accumulate=True)
    print(fold, "%.5f" % loss.item(), confusion.tolist(), (confusion.diag().sum() / confusion.sum()).item())
digits = load_digits()
train_idx, val_idx = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=0).split(digits.images, digits.target))
transform = Compose(lambda a: torch.from_numpy(a).float().unsqueeze(0) / 16, lambda t: (t - 0.3) / 0.4, lambda t: t.flip(-1) if torch.rand(1) < 0.2 else t)
whole = Table(digits.images, digits.target, transform, lambda y: torch.tensor(y, dtype=torch.long))
train_set = Subset(whole, train_idx[:300])
cnn = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.PReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(10))
cnn(torch.zeros(1, 1, 8, 8))
optimizer = torch.optim.SGD(cnn.parameters(), lr=0.1, momentum=0.9, nesterov=True)
for epoch in range(2):
    running = [0, 0.0]
    for data, target in DataLoader(train_set, batch_size=50, shuffle=True):
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.nll_loss(cnn(data).log_softmax(1), target)
        loss.backward()
        optimizer.step()
        running[0] += 1
        running[1] += loss.item()
    print("digits %d %.4f" % (epoch, running[1] / running[0]))


class Stream(IterableDataset):
    def __init__(self, start, end):
        super().__init__()
        self.start, self.end = start, end

    def __iter__(self):
        yield from ((i, float(i) ** 0.5) for i in range(self.start, self.end))


class ShuffleBuffer(IterableDataset):
    def __init__(self, dataset, size):
        self.dataset, self.size = dataset, size

    def __iter__(self):
        buffer = []
        for item in self.dataset:
            buffer.append(item)
            if len(buffer) >= self.size:
                yield buffer.pop(random.randrange(len(buffer)))
        random.shuffle(buffer)
        yield from buffer


for i, (numbers, roots) in enumerate(DataLoader(ShuffleBuffer(Stream(3, 17), 4), batch_size=5)):
    print(i, numbers, roots.dtype, roots.sum().item())
both = ConcatDataset([Subset(dataset, range(3)), Subset(dataset, [10, 20])])
parts = random_split(range(10), [0.5, 0.3, 0.2], generator=torch.Generator().manual_seed(3))
print(len(both), both[4] == dataset[20], [list(p) for p in parts], both.cumulative_sizes)
forever = itertools.cycle(DataLoader(TensorDataset(torch.arange(3)), batch_size=2))
print([b[0].tolist() for b in itertools.islice(forever, 5)], next(iter(DataLoader([{"a": 1, "b": (2.0, "x")}, {"a": 3, "b": (4.0, "y")}], batch_size=2))))
