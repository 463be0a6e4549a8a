"""What default_collate makes of what data sets give, StackDataset, own collate functions, loaders that never end."""

from collections import OrderedDict, UserDict, defaultdict, namedtuple

import numpy as np
import torch
import torch.utils.data as data
from torch.utils.data import DataLoader, StackDataset, TensorDataset, default_collate, default_convert
from torch.utils.data._utils.collate import default_collate as the_same

Point = namedtuple("Point", ["x", "y"])
print(the_same is default_collate)


class Encoding(UserDict):
    def to(self, device):
        return Encoding({k: v.to(device) for k, v in self.items()})


class Words(list):
    pass


batches = [
    [1, 2],
    [1.5, 2.5],
    [True, False],
    ["a", "b"],
    [(1, "a"), (2, "b")],
    [[1, 2.0], [3, 4.0]],
    [{"a": 1, "b": (torch.ones(2), "x")}, {"a": 2, "b": (torch.zeros(2), "y")}],
    [OrderedDict(a=1, b=2.0)] * 2,
    [defaultdict(list, {"a": 1})] * 2,
    [Encoding(ids=torch.tensor([1, 2]))] * 2,
    [Point(1, torch.ones(1)), Point(2, torch.zeros(1))],
    [Words([1, "a"])] * 2,
    [np.float32(1), np.float32(2)],
    [np.int64(3)],
    [np.ones((2, 2), dtype=np.uint8)] * 2,
    [np.array(7)],
    [(torch.tensor(1), [np.ones(1), (2, {"c": 3})])] * 2,
]
for batch in batches:
    for result in (default_collate(batch), default_convert(batch[0])):
        print(type(result).__name__, dict(result) if isinstance(result, (dict, UserDict)) else result)
print(default_collate([Encoding(ids=torch.tensor([1, 2]))] * 2).to("cpu")["ids"].tolist())
for wrong in ([None], [(1, 2), (3,)], [torch.ones(1), torch.ones(2)], [{1}], [np.array(["a"])]):
    try:
        print(default_collate(wrong))
    except (TypeError, RuntimeError) as error:
        print(type(error).__name__, str(error)[:70] if isinstance(error, TypeError) else "")

images, labels = TensorDataset(torch.arange(12.0).view(6, 2)), list("abcdef")
for stacked in (StackDataset(images, labels), StackDataset(image=images, label=labels)):
    print(len(stacked), stacked[1], next(iter(DataLoader(stacked, batch_size=3))))
for wrong in (lambda: StackDataset(images, [1]), lambda: StackDataset(), lambda: StackDataset(images, label=labels)):
    try:
        wrong()
    except ValueError:
        print("ValueError")


class RepeatSampler:
    """Wraps a batch sampler, and begins again for ever."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __iter__(self):
        while True:
            yield from iter(self.sampler)


class EndlessLoader(DataLoader):
    """Keeps one iterator for all epochs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._DataLoader__initialized = False
        self.batch_sampler = RepeatSampler(self.batch_sampler)
        self._DataLoader__initialized = True
        self.iterator = super().__iter__()

    def __len__(self):
        return len(self.batch_sampler.sampler)

    def __iter__(self):
        for _ in range(len(self)):
            yield next(self.iterator)


class Typed(data.Dataset[int]):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index * index


torch.manual_seed(0)
loader = EndlessLoader(Typed(), batch_size=2, shuffle=True)
for epoch in range(3):
    print([batch.tolist() for batch in loader])
for change in ("batch_size", "sampler", "dataset"):
    try:
        setattr(loader, change, None)
    except ValueError as error:
        print(str(error).split()[0])
loader = DataLoader(Typed(), collate_fn=lambda batch: {"sum": sum(batch), "batch": batch}, batch_size=3)
print(list(loader), len(loader), loader.batch_size, loader.drop_last, loader.num_workers, loader.pin_memory)
