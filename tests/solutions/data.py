"""Solutions of lesson 06."""

from solutions.solution import Solutions

solutions = Solutions("06_data")
wrong, right = solutions.wrong, solutions.right

wrong("tensor-dataset", "the number of tensors", ("len(self.tensors[0])", "len(self.tensors)"))
wrong("tensor-dataset", "lengths unchecked", ("if len(set(lengths)) != 1:", "if False:"))
wrong("tensor-dataset", "the first two lengths only", ("for t in tensors]", "for t in tensors[:2]]"))
wrong(
    "tensor-dataset",
    "a list",
    ("return tuple(t[index] for t in self.tensors)", "return [t[index] for t in self.tensors]"),
)
wrong("random-split", "overlapping", ("order[end - length : end]", "order[:length]"))
wrong("random-split", "the generator ignored", (", generator=generator)", ")"))
wrong("random-split", "in order", (".tolist()", ".sort()[0].tolist()"))
wrong(
    "random-split",
    "each part shuffled anew",
    ("Subset(dataset, order[", "Subset(dataset, tinytorch.randperm(len(dataset), generator=generator).tolist()["),
)
wrong(
    "random-split",
    "a generator of the same seed",
    (
        "tinytorch.randperm(len(dataset), generator=generator).tolist()",
        "np.random.default_rng(generator.initial_seed() if generator else None).permutation(len(dataset)).tolist()",
    ),
)
wrong(
    "random-split",
    "always the same without a generator",
    ("generator=generator)", "generator=generator or tinytorch.Generator().manual_seed(0))"),
)
wrong("random-split", "one short", ("order[end - length : end]", "order[end - length : end - 1]"))
wrong("random-sampler", "not all indices", ("[: self.num_samples % n]", "[: self.num_samples % n - 1]"))
wrong("random-sampler", "with replacement always", ("if self.replacement:", "if True:"))
wrong("random-sampler", "the global generator", ("generator=generator)", "generator=None)"))
wrong(
    "random-sampler",
    "the same order in each epoch",
    (
        "generator, n = fresh_generator(self.generator), len(self.data_source)",
        "n = len(self.data_source)\n        generator = tinytorch.Generator().manual_seed(self.generator.initial_seed() if self.generator else 0)",
    ),
)
wrong("random-sampler", "num_samples with replacement ignored", ("(self.num_samples,), generator", "(n,), generator"))
wrong(
    "random-sampler",
    "one order, repeated",
    (
        "            for _ in range(self.num_samples // n):\n                yield from tinytorch.randperm(n, generator=generator).tolist()\n",
        "            order = tinytorch.randperm(n, generator=generator).tolist()\n            for _ in range(self.num_samples // n):\n                yield from order\n",
    ),
)
wrong("batch-sampler", "drop_last ignored", ("if batch and not self.drop_last:", "if batch:"))
wrong("batch-sampler", "the last batch lost", ("if batch and not self.drop_last:", "if False:"))
wrong("batch-sampler", "an empty last batch", ("if batch and not", "if not"))
wrong("batch-sampler", "one list for all", ("batch = []\n        if", "batch.clear()\n        if"))
wrong(
    "batch-sampler",
    "len rounds down",
    ("math.ceil(len(self.sampler) / self.batch_size)", "len(self.sampler) // self.batch_size"),
)
wrong(
    "batch-sampler",
    "collects all first",
    ("for index in self.sampler:", "for index in list(self.sampler):"),
)
wrong("collate", "widens", ("tinytorch.as_tensor(sample) for", "tinytorch.as_tensor(sample.astype(np.float64)) for"))
wrong("collate", "floats are float32", ("dtype=tinytorch.float64", "dtype=tinytorch.float32"))
wrong("collate", "not transposed", ("zip(*batch, strict=True)", "batch"))
wrong(
    "collate",
    "dicts lose what is inside",
    ("default_collate([sample[key] for sample in batch])", "[sample[key] for sample in batch]"),
)
wrong(
    "collate",
    "a tuple stays a tuple",
    (
        "samples in zip(*batch, strict=True)]",
        "samples in zip(*batch, strict=True)]\n        if type(first) is tuple:\n            return tuple(collated)",
    ),
)
wrong("collate", "joined, not stacked", ("tinytorch.stack(list(batch))", "tinytorch.cat(list(batch))"))
wrong("batches", "its own collate", ("collate_fn(take", "default_collate(take"))
wrong(
    "batches",
    "a list",
    (
        "    for indices in batch_sampler:\n        yield collate_fn(take(dataset, indices))",
        "    return iter([collate_fn(take(dataset, indices)) for indices in batch_sampler])",
    ),
)
wrong("batches", "never all at once", ("take(dataset, indices)", "[dataset[i] for i in indices]"))
wrong("batches", "sorted", ("take(dataset, indices)", "take(dataset, sorted(indices))"))
wrong(
    "standardize",
    "each by its own statistics",
    (
        "tuple((x - mean) / scale for x in (train, *others))",
        "tuple((x - x.mean(0)) / (((x - x.mean(0)) ** 2).mean(0) ** 0.5 + (std == 0)) for x in (train, *others))",
    ),
)
wrong("standardize", "one mean for all features", ("train.mean(0)", "train.mean()"))
wrong("standardize", "nan where it is constant", ("std + (std == 0)", "std"))
wrong("standardize", "never enlarged", ("std + (std == 0)", "std.clamp(min=1.0)"))
wrong("standardize", "the variance", ("** 0.5", "** 1.0"))
wrong("standardize", "over n - 1", ("((train - mean) ** 2).mean(0)", "((train - mean) ** 2).sum(0) / (len(train) - 1)"))
wrong("standardize", "a little added", ("std + (std == 0)", "std + 0.01"))
wrong("tensor-dataset", "arrays", ("t[index] for t", "t.numpy()[index] for t"))
wrong("tensor-dataset", "numbers", ("t[index] for t", "(t[index].item() if t.ndim == 1 else t[index]) for t"))
wrong("tensor-dataset", "neighbours' lengths are not compared", ("len(set(lengths)) != 1", "lengths[0] != lengths[-1]"))
wrong(
    "tensor-dataset",
    "the first two lengths must be the same and no others",
    ("len(set(lengths)) != 1", "len(set(lengths[:2])) > 1"),
)
wrong("tensor-dataset", "numbers of elements, not lengths", ("len(t) for t in tensors", "t.numel() for t in tensors"))
wrong("tensor-dataset", "a ValueError", ("raise AssertionError(", "raise ValueError("))
wrong(
    "tensor-dataset",
    "no number beyond the end is refused",
    ("return tuple(t[index] for", "index %= len(self)\n        return tuple(t[index] for"),
)
wrong("random-split", "two parts only", ("zip(ends, lengths, strict=True)]", "zip(ends, lengths[:2])]"))
wrong(
    "random-split",
    "samples, not a view",
    ("Subset(dataset, order[end - length : end])", "[dataset[i] for i in order[end - length : end]]"),
)
wrong("random-split", "sorted parts", ("order[end - length : end]", "sorted(order[end - length : end])"))
wrong(
    "random-split",
    "the last sample is always last",
    (
        "order = tinytorch.randperm(len(dataset), generator=generator).tolist()",
        "order = [*tinytorch.randperm(len(dataset) - 1, generator=generator).tolist(), len(dataset) - 1]",
    ),
)
wrong("random-split", "touches every sample", ("order = tiny", "list(dataset)\n    order = tiny"))
wrong(
    "random-split",
    "only rotated",
    (
        "order = tinytorch.randperm(len(dataset), generator=generator).tolist()",
        "first = int(tinytorch.randint(0, len(dataset), (), generator=generator))\n    order = [(first + i) % len(dataset) for i in range(len(dataset))]",
    ),
)
wrong(
    "random-sampler",
    "all is drawn from one call",
    ("(self.num_samples,), generator", "(min(self.num_samples, n),), generator"),
)
wrong("random-sampler", "at most two orders", ("range(self.num_samples // n)", "range(min(2, self.num_samples // n))"))
wrong(
    "random-sampler",
    "asks the samples",
    ("        if self.replacement:", "        list(self.data_source)\n        if self.replacement:"),
)
wrong(
    "random-sampler",
    "the last order in order",
    (
        "yield from tinytorch.randperm(n, generator=generator).tolist()[: self.num_samples % n]",
        "yield from range(self.num_samples % n)",
    ),
)
wrong("random-sampler", "never the last index, with replacement", ("randint(0, n, (self", "randint(0, n - 1, (self"))
wrong(
    "random-sampler",
    "whole orders only",
    (
        "yield from tinytorch.randperm(n, generator=generator).tolist()[: self.num_samples % n]",
        "yield from tinytorch.randperm(n, generator=generator).tolist()[: self.num_samples % n and n]",
    ),
)
wrong(
    "batch-sampler",
    "the wrong length with drop_last",
    ("if self.drop_last:\n            return len(self.sampler) // self.batch_size\n        return math", "return math"),
)
wrong(
    "batch-sampler",
    "tuples",
    ("yield batch\n                batch = []", "yield tuple(batch)\n                batch = []"),
)
wrong(
    "batch-sampler",
    "one more index than it needs",
    (
        "batch.append(index)\n            if len(batch) == self.batch_size:\n                yield batch\n                batch = []",
        "if len(batch) == self.batch_size:\n                yield batch\n                batch = []\n            batch.append(index)",
    ),
    ("if batch and not self.drop_last:", "if batch and (not self.drop_last or len(batch) == self.batch_size):"),
)
wrong("batch-sampler", "falsy indices are lost", ("batch.append(index)", "batch += [index] if index else []"))
wrong(
    "batch-sampler",
    "sorted",
    (
        "for index in self.sampler:",
        "for index in (sorted(self.sampler) if hasattr(self.sampler, '__len__') else self.sampler):",
    ),
)
wrong(
    "batch-sampler", "its length is counted", ("math.ceil(len(self.sampler) / self.batch_size)", "sum(1 for _ in self)")
)
wrong(
    "collate", "all in float32", ("tinytorch.stack(list(batch))", "tinytorch.stack([each.float() for each in batch])")
)
wrong("collate", "a bool is an integer", ("return tensor(batch)\n", "return tensor([int(x) for x in batch])\n"))
wrong("collate", "only the first two positions", ("zip(*batch, strict=True)]", "list(zip(*batch, strict=True))[:2]]"))
wrong("collate", "texts as a tuple", ("return batch\n", "return tuple(batch)\n"))
wrong("collate", "bytes are taken apart", ("(str, bytes)", "str"))
wrong("collate", "keys sorted", ("for key in first}", "for key in sorted(first)}"))
wrong("collate", "the first key only", ("for key in first}", "for key in list(first)[:1]}"))
wrong(
    "collate",
    "integer arrays become float",
    ("tinytorch.as_tensor(sample) for sample", "tinytorch.as_tensor(sample).float() for sample"),
)
wrong(
    "collate",
    "in float32 in between",
    ("tensor(batch, dtype=tinytorch.float64)", "tensor(batch).to(tinytorch.float64)"),
)
wrong(
    "batches",
    "without what __getitems__ gives",
    ("take(dataset, indices)", "(take(dataset, indices), [dataset[i] for i in indices])[1]"),
)
wrong(
    "batches",
    "one batch ahead",
    (
        "    for indices in batch_sampler:\n        yield collate_fn(take(dataset, indices))",
        "    waiting = None\n    for indices in batch_sampler:\n        if waiting is not None:\n            yield waiting\n        waiting = collate_fn(take(dataset, indices))\n    if waiting is not None:\n        yield waiting",
    ),
)
wrong("batches", "each sample once", ("take(dataset, indices)", "take(dataset, list(dict.fromkeys(indices)))"))
wrong("batches", "no empty batch", ("        yield collate", "        if sum(indices):\n            yield collate"))
wrong(
    "batches",
    "an index out of place ends it quietly",
    (
        "    for indices in batch_sampler:\n        yield collate_fn(take(dataset, indices))",
        "    for indices in batch_sampler:\n        try:\n            yield collate_fn(take(dataset, indices))\n        except (IndexError, ValueError):\n            return",
    ),
)
wrong("standardize", "two at most", ("(train, *others))", "(train, *others[:1]))"))
wrong(
    "standardize",
    "writes into them",
    ("    mean = train.mean(0)", "    train.array[...] -= train.mean(0).array\n    mean = train.mean(0)"),
)
wrong(
    "standardize",
    "float32 in between",
    (
        "    mean = train.mean(0)",
        "    train, others = train.float(), [x.float() for x in others]\n    mean = train.mean(0)",
    ),
)
wrong("standardize", "a small deviation counts as none", ("std + (std == 0)", "std + (std < 1e-3)"))
wrong("standardize", "constant features become 0", ("(x - mean) / scale for", "(x - mean) / scale * (std != 0) for"))

right(
    "tensor-dataset",
    "a loop",
    """class TensorDataset(Dataset):
    def __init__(self, *tensors):
        for t in tensors[1:]:
            assert t.shape[0] == tensors[0].shape[0], f"{t.shape[0]} and {tensors[0].shape[0]} samples"
        self.tensors = tensors

    def __getitem__(self, index):
        sample = ()
        for t in self.tensors:
            sample += (t[index],)
        return sample

    def __len__(self):
        return self.tensors[0].shape[0]
""",
)
right(
    "random-split",
    "by sorting random keys, the pieces taken from the end",
    """def random_split(dataset, lengths, generator=None):
    lengths = split_lengths(len(dataset), lengths)
    keys = tinytorch.rand(len(dataset), generator=generator, dtype=tinytorch.float64)
    left = [int(i) for i in np.argsort(keys.numpy())]
    parts = []
    for length in lengths:
        parts.append(Subset(dataset, [left.pop() for _ in range(length)]))
    return parts
""",
)
right(
    "random-sampler",
    "one index after another, by hand-made shuffles",
    (
        "yield from tinytorch.randint(0, n, (self.num_samples,), generator=generator).tolist()",
        "for _ in range(self.num_samples):\n                yield int(tinytorch.randint(0, n, (), generator=generator))",
    ),
    (
        """for _ in range(self.num_samples // n):
                yield from tinytorch.randperm(n, generator=generator).tolist()
            # drawn also where nothing of it is wanted, as PyTorch does: the generator goes on from the same place
            yield from tinytorch.randperm(n, generator=generator).tolist()[: self.num_samples % n]""",
        """left = []
            for _ in range(self.num_samples):
                left = left or list(range(n))
                yield left.pop(int(tinytorch.randint(0, len(left), (), generator=generator)))""",
    ),
)
right(
    "batch-sampler",
    "by islice",
    """class BatchSampler(Sampler):
    def __init__(self, sampler, batch_size: int, drop_last: bool):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while True:
            found = list(itertools.islice(indices, self.batch_size))
            if not found or (self.drop_last and len(found) < self.batch_size):
                return
            yield found

    def __len__(self):
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + bool(rest and not self.drop_last)
""",
)
right(
    "collate",
    "by numpy, position by position",
    ("return tinytorch.stack(list(batch))", "return tensor(np.stack([each.detach().numpy() for each in batch]))"),
    ("tinytorch.stack([tinytorch.as_tensor(sample) for sample in batch])", "tensor(np.array(batch))"),
    (
        "[default_collate(samples) for samples in zip(*batch, strict=True)]",
        "[default_collate([sample[i] for sample in batch]) for i in range(len(first))]",
    ),
)
right(
    "batches",
    "a generator expression",
    (
        "    for indices in batch_sampler:\n        yield collate_fn(take(dataset, indices))",
        "    return (collate_fn(take(dataset, each)) for each in batch_sampler)",
    ),
)
right(
    "standardize",
    "by numpy, in float64",
    """def standardize(train, *others):
    known = train.numpy().astype(np.float64)
    deviation = known.std(axis=0)
    deviation[deviation == 0] = 1
    return tuple(tensor(((x.numpy() - known.mean(axis=0)) / deviation).astype(x.numpy().dtype)) for x in (train, *others))
""",
)
