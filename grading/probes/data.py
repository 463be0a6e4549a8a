"""Probes of lesson 06.

Random orders may be drawn in any way, so a probe does not ask for one order: it asks which samples come, how many, and
whether the order changes and repeats as it should. Samples are random numbers, so that nobody can guess which come.
"""

import itertools
from collections import namedtuple

import numpy as np

from .harness import Probes

probe = Probes()
Pair = namedtuple("Pair", "image label")


def seeded(tt, seed):
    return tt.Generator().manual_seed(seed)


def raises(error, function, *arguments):
    try:
        function(*arguments)
    except error:
        return True
    return False


@probe(
    "tensor-dataset",
    hint="A sample is the tuple of one entry of each tensor; len() is the length of the tensors, and any two "
    "lengths that differ are refused with an AssertionError.",
)
def tensor_dataset(tt, lesson, rng):
    n = int(rng.integers(5, 9))
    arrays = [rng.normal(size=(n, 2, 3)).astype("float32"), rng.integers(0, 9, n), rng.normal(size=(n, 2))]
    places = [int(i) for i in rng.permutation(n)[:3]] + [-int(rng.integers(1, n + 1))]

    def samples():
        whole = lesson.TensorDataset(*map(tt.tensor, arrays))
        single = lesson.TensorDataset(tt.tensor(arrays[0]))
        found = [whole[i] for i in places]
        return (
            len(whole),
            len(single),
            [type(sample).__name__ for sample in found] == ["tuple"] * 4,
            *found,
            single[places[0]],
        )

    def lengths():
        parts = [tt.tensor(array) for array in arrays]
        shorter = [tt.tensor(array[:-1]) for array in arrays]
        refused = [
            raises(AssertionError, lesson.TensorDataset, *parts[:i], shorter[i], *parts[i + 1 :]) for i in range(3)
        ]
        return refused, lesson.TensorDataset(*shorter)[places[0] % (n - 1)]

    return {"samples": samples, "lengths": lengths}


class Numbers:
    """A data set that notes how it is asked."""

    def __init__(self, numbers):
        self.numbers, self.asked = numbers, []

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.numbers[index]


@probe(
    "random-split",
    hint="Shuffle the numbers of all samples once, with the generator that is handed in, and cut that list "
    "into pieces that neither overlap nor leave anything out.",
)
def random_split(tt, lesson, rng):
    numbers, seed = rng.normal(size=int(rng.integers(30, 50))), int(rng.integers(1e6))
    n = len(numbers)
    sizes = [n - 12, 9, 3]
    half = float(rng.uniform(0.3, 0.7))

    def split(lengths, seed=seed):
        return [list(part) for part in lesson.random_split(numbers, lengths, generator=seeded(tt, seed))]

    def samples():
        found = []
        for lengths in (sizes, [half, 1 - half]):
            parts = split(lengths)
            found += [[len(part) for part in parts], np.sort(np.concatenate(parts))]
        source = Numbers(numbers)
        parts = lesson.random_split(source, sizes)
        everything = np.sort([number for part in parts for number in part])
        kinds = {type(index).__name__ for index in source.asked}
        return (*found, everything, " ".join(sorted(kinds)), [isinstance(part, lesson.Subset) for part in parts])

    def order():
        first, again, other = split(sizes), split(sizes), split(sizes, seed + 1)
        in_front = np.zeros(n, dtype=bool)
        for each in range(60):
            in_front |= np.isin(numbers, split([n - n // 2, n // 2], each)[0])
        stream = seeded(tt, seed)
        series = [[list(part) for part in lesson.random_split(numbers, sizes, generator=stream)] for _ in range(2)]
        unseeded = [[list(part) for part in lesson.random_split(numbers, sizes)] for _ in range(2)]
        return (
            series[0] == series[1],
            unseeded[0] == unseeded[1],
            np.concatenate(first) - np.concatenate(again),
            np.array_equal(np.concatenate(first), np.concatenate(other)),
            np.array_equal(np.concatenate(first), numbers),
            numbers[in_front],
        )

    return {"samples": samples, "order": order}


@probe(
    "random-sampler",
    hint="Without replacement: one whole shuffled order after the other, the last one cut; each is drawn anew "
    "from the generator that is handed in.",
)
def random_sampler(tt, lesson, rng):
    numbers, seed = rng.normal(size=int(rng.integers(20, 40))), int(rng.integers(1e6))
    n, rest, few = len(numbers), int(rng.integers(3, 15)), int(rng.integers(3, 10))

    def once():
        sampler = lesson.RandomSampler(numbers, generator=seeded(tt, seed))
        first, second, again = list(sampler), list(sampler), list(lesson.RandomSampler(numbers))
        flat = first == list(range(n)), first == second
        return (*flat, *[numbers[sorted(order)] for order in (first, second, again)])

    def generator():
        first, again = (lesson.RandomSampler(numbers, generator=seeded(tt, seed)) for _ in range(2))
        other = lesson.RandomSampler(numbers, generator=seeded(tt, seed + 1))
        series = [np.concatenate([numbers[list(sampler)] for _ in range(3)]) for sampler in (first, again, other)]
        unseeded = lesson.RandomSampler(numbers)
        return (
            series[0] - series[1],
            np.array_equal(series[0], series[2]),
            list(unseeded) == list(unseeded),
            np.sort(series[0]),
        )

    def number():
        longer = list(lesson.RandomSampler(numbers, num_samples=2 * n + rest, generator=seeded(tt, seed)))
        shorter = list(lesson.RandomSampler(numbers, num_samples=few))
        orders = [longer[:n], longer[n : 2 * n], longer[2 * n :]]
        again = list(lesson.RandomSampler(numbers, num_samples=2 * n + rest, generator=seeded(tt, seed)))
        counts = [len(longer), len(shorter), len(set(orders[2])), len(set(shorter)), orders[0] == orders[1]]
        counts.append(longer == again)
        return counts, numbers[sorted(orders[0])], numbers[sorted(orders[1])]

    def replacement():
        plain = list(lesson.RandomSampler(numbers, replacement=True))
        drawn = list(lesson.RandomSampler(numbers, True, 100 * n, seeded(tt, seed)))
        again = list(lesson.RandomSampler(numbers, True, 100 * n, seeded(tt, seed)))
        counts = np.bincount(drawn, minlength=n)
        twice = sum(len(set(drawn[i : i + n])) < n for i in range(0, 100 * n, n)) > 90
        often = int(counts.min()) > 30, int(counts.max()) < 250
        return len(plain), len(drawn), twice, *often, np.subtract(drawn, again), numbers[sorted(set(drawn))]

    return {"each once": once, "generator": generator, "num_samples": number, "replacement": replacement}


class Listed:
    """A sampler with given indices."""

    def __init__(self, indices):
        self.indices = indices

    def __iter__(self):
        return iter(self.indices)

    def __len__(self):
        return len(self.indices)


@probe(
    "batch-sampler",
    hint="A new list for each batch, yielded as soon as it is full; what is left over at the end is the last "
    "batch, unless drop_last.",
)
def batch_sampler(tt, lesson, rng):
    size = int(rng.integers(3, 6))
    exact, rest = rng.integers(0, 1000, 4 * size).tolist(), rng.integers(0, 1000, 3 * size + 2).tolist()
    short = rng.integers(0, 1000, size - 1).tolist()
    start = int(rng.integers(10, 1000))

    def batches(drop_last):
        found = []
        for indices, n in ((exact, size), (rest, size), (short, size), ([], size), (rest, 1)):
            sampler = lesson.BatchSampler(Listed(indices), n, drop_last)
            got = list(sampler)
            found.append([len(sampler), *map(len, got), all(type(batch) is list for batch in got)])
            found.append(list(itertools.chain(*got)))
        return tuple(found)

    def stream():
        asked, found = [], []
        for drop_last in (True, False):
            endless = (asked.append(i) or i for i in range(start, start + 100 * size))
            taken = iter(lesson.BatchSampler(endless, size, drop_last))
            found += next(taken) + next(taken)
        one, another = list(lesson.BatchSampler(Listed(exact), 2 * size, False))
        return found, len(asked) < 10 * size, one is another

    return {"all": lambda: batches(False), "drop_last": lambda: batches(True), "stream": stream}


@probe(
    "collate",
    hint="What the first sample is decides: tensors and arrays are stacked and keep their dtype, floats become "
    "float64, integers int64, texts stay; dicts, tuples and lists are collated inside.",
)
def collate(tt, lesson, rng):
    n, shape = int(rng.integers(2, 5)), rng.integers(2, 4, 2)
    arrays = {
        kind: [rng.normal(0, 9, shape).astype(kind) for _ in range(n)] for kind in ("float32", "float64", "int64")
    }
    floats, integers = rng.normal(size=n).tolist(), rng.integers(2, 99, n).tolist()
    bools, texts = [bool(x) for x in rng.random(n) < 0.5], ["".join(rng.choice([*"abcdef"], 7)) for _ in range(n)]
    images, collated = arrays["float32"], lesson.default_collate

    def stacked():
        return (
            *[collated([tt.tensor(array) for array in each]) for each in arrays.values()],
            *[collated(each) for each in arrays.values()],
            collated([tt.tensor(x) for x in integers]),
        )

    def containers():
        pairs = collated([(tt.tensor(x), i) for x, i in zip(images, integers)])
        lists = collated([[x, [f, i, f]] for x, f, i in zip(images, floats, integers)])
        dicts = collated([{"x": (x, f), "name": t, "y": i} for x, f, t, i in zip(images, floats, texts, integers)])
        named = collated([Pair(x, i) for x, i in zip(images, integers)])
        kinds = [type(each).__name__ for each in (pairs, lists, lists[1], dicts, dicts["x"], dicts["name"], named)]
        found = (*pairs, lists[0], *lists[1], *dicts["x"], "|".join(dicts["name"]), dicts["y"], *named)
        return (" ".join(kinds), " ".join(dicts), *found)

    def numbers():
        return collated(floats), collated(integers), collated(bools)

    return {
        "tensors and arrays": stacked,
        "numbers": numbers,
        "texts": lambda: (
            "|".join(collated(texts)),
            isinstance(collated(texts), list),
            "|".join(collated(texts[::-1])),
        ),
        "containers": containers,
    }


@probe(
    "batches",
    hint="For each list of indices: take those samples, collate them with the collate_fn that is handed in, "
    "and yield the batch before the next one is made.",
)
def batches(tt, lesson, rng):
    numbers = rng.normal(size=12)
    lists = [rng.permutation(12)[: int(k)].tolist() for k in rng.integers(2, 6, 4)]

    class AtOnce(Numbers):
        def __getitems__(self, indices):
            self.asked.append(sum(indices))
            return [self.numbers[i] - 1 for i in indices]

    def together(samples):
        return np.array([*samples, len(samples)])

    def in_turn():
        source = Numbers(numbers)
        stream, asked = lesson.batches(source, iter(lists), together), []
        asked.append(len(source.asked))
        for _ in lists:
            next_batch = next(stream)
            asked.append(len(source.asked))
        return asked, source.asked, next_batch, next(stream, None) is None

    def at_once():
        source = AtOnce(numbers)
        return (*lesson.batches(source, lists, together), source.asked)

    return {
        "batches": lambda: tuple(lesson.batches(numbers, lists, together)),
        "in turn": in_turn,
        "at once": at_once,
    }


@probe(
    "standardize",
    hint="Mean and deviation come from the training set alone, over dimension 0, and serve for all; where the "
    "deviation is 0, divide by 1.",
)
def standardize(tt, lesson, rng):
    shape = rng.integers(2, 4, 2)
    size, shift = rng.uniform(0.5, 9, shape), rng.normal(0, 5, shape)
    train, one, two = ((rng.normal(size=(n, *shape)) * size + shift).astype("float32") for n in (16, 5, 7))
    two = two * 3 + 1
    flat, constant = train.copy(), int(rng.integers(1, 9)) / 4
    flat[:, 0, 1] = constant
    column, other = rng.normal(3, 0.4, (9, 1)), rng.normal(3, 2, (4, 1))

    def of(*arrays):
        tensors = [tt.tensor(array) for array in arrays]
        found = lesson.standardize(*tensors)
        return (len(found), isinstance(found, tuple), *found, *tensors)

    return {
        "training set": lambda: (of(train), of(column)),
        "others": lambda: (of(train, one, two)[3:], of(train, two)[3:], of(column, other)[3:]),
        "constant feature": lambda: of(flat, one),
    }
