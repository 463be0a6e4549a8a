"""A data set of files, read by worker processes, each with its own part of a stream and its own start."""

import os
import tempfile

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class FolderOfArrays(Dataset):
    """One file a sample; the label is in its name."""

    def __init__(self, root, transform=None):
        self.root, self.transform = root, transform
        self.names = sorted(os.listdir(root))

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        name = self.names[index]
        sample = np.load(os.path.join(self.root, name))
        if self.transform:
            sample = self.transform(sample)
        return sample, int(name.split("_")[1].split(".")[0])


class ToTensor:
    def __call__(self, array):
        return torch.from_numpy(array).float() / 10


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(start, self.n, step))


def pad_collate(batch):
    samples, labels = zip(*batch)
    longest = max(s.shape[0] for s in samples)
    padded = torch.zeros(len(samples), longest)
    for row, s in zip(padded, samples):
        row[: s.shape[0]] = s
    return padded, torch.tensor(labels), torch.tensor([s.shape[0] for s in samples])


def worker_init_fn(worker_id):
    np.random.seed(worker_id)


def main():
    with tempfile.TemporaryDirectory() as root:
        for i in range(10):
            np.save(os.path.join(root, f"{i:02}_{i % 3}.npy"), np.arange(i + 1))
        loader = DataLoader(
            FolderOfArrays(root, ToTensor()),
            batch_size=4,
            shuffle=False,
            num_workers=2,
            collate_fn=pad_collate,
            worker_init_fn=worker_init_fn,
            pin_memory=torch.cuda.is_available(),
            drop_last=False,
        )
        for epoch in range(2):
            for padded, labels, lengths in loader:
                print(epoch, tuple(padded.shape), padded.sum().item(), labels.tolist(), lengths.tolist())
    stream = DataLoader(Stream(9), batch_size=2, num_workers=2)
    print(sorted(x for batch in stream for x in batch.tolist()))


if __name__ == "__main__":
    main()
