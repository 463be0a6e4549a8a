"""Lesson 06: data sets, samplers, collating, the loader and its worker processes, against torch.utils.data."""

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import OrderedDict, UserDict, deque, namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data as theirs
from hypothesis import given
from hypothesis import strategies as st

import tinytorch
import tinytorch.utils.data as ours
from tinytorch.data import workers

ROOT = Path(__file__).parents[2]
Pair = namedtuple("Pair", "x y")


def seeded(seed):
    return tinytorch.Generator().manual_seed(seed)


def plain(value):
    """Tensors of either kind as (dtype, values); containers as they are."""
    if isinstance(value, (tinytorch.Tensor, torch.Tensor)):
        return str(value.dtype).split(".")[1], value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return type(value).__name__, [plain(part) for part in value]
    return value


def both(make):
    """(what ours gave or raised, what theirs did) for make(module, tensor)."""
    results = []
    for module, tensor in ((ours, tinytorch.tensor), (theirs, torch.tensor)):
        try:
            results.append(plain(make(module, tensor)))
        except Exception as error:
            results.append(type(error))
    return results


class Words(list):
    """A list of a kind of its own."""


class Numbers(ours.Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index


class Stream(ours.IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = ours.get_worker_info()
        return iter(range(self.n)) if info is None else iter(range(info.id, self.n, info.num_workers))


# data sets and splits


@pytest.mark.parametrize(
    "make",
    [
        lambda d, t: d.TensorDataset(t([1.0, 2.0]), t([3, 4]))[1],
        lambda d, t: len(d.TensorDataset(t([[1.0, 2.0]]))),
        lambda d, t: d.TensorDataset(t([1.0, 2.0]), t([3])),
        lambda d, t: d.TensorDataset(t([1, 2, 3]))[1:],
        lambda d, t: d.ConcatDataset([[1, 2], [3], [], [4, 5]])[3],
        lambda d, t: [d.ConcatDataset([[1, 2], [3]])[i] for i in (0, 1, 2, -1, -3)],
        lambda d, t: d.ConcatDataset([[1, 2], [3]])[3],
        lambda d, t: d.ConcatDataset([[1, 2], [3]])[-4],
        lambda d, t: d.ConcatDataset([]),
        lambda d, t: d.ConcatDataset([[1], [2]]).cumulative_sizes,
        lambda d, t: list(d.Subset([5, 6, 7], [2, 0])),
        lambda d, t: d.Subset([5, 6, 7], [2, 0]).__getitems__([1, 0]),
        lambda d, t: d.Subset(t([5, 6, 7]), [2, 0])[[1, 0]],
        lambda d, t: len(d.TensorDataset(t([1, 2])) + d.TensorDataset(t([3]))),
        lambda d, t: [
            d.StackDataset([1, 2], "ab")[1],
            len(d.StackDataset([1, 2], "ab")),
            d.StackDataset(a=[1, 2], b="ab")[0],
        ],
        lambda d, t: d.StackDataset(d.Subset([5, 6, 7], [2, 0, 1]), "abc").__getitems__([2, 0]),
        lambda d, t: d.StackDataset(a=d.TensorDataset(t([1, 2])), b="ab").__getitems__([1]),
        lambda d, t: list(d.DataLoader(d.StackDataset(range(3), "abc"), batch_size=2)),
        lambda d, t: d.StackDataset(),
        lambda d, t: d.StackDataset([1], [1, 2]),
        lambda d, t: d.StackDataset([1], a=[1]),
        lambda d, t: d.StackDataset(type("Short", (list,), {"__getitems__": lambda self, i: []})([1])).__getitems__(
            [0]
        ),
        lambda d, t: d.Dataset()[0],
        lambda d, t: [len(part) for part in d.random_split(range(10), [0.3, 0.3, 0.4])],
        lambda d, t: [len(part) for part in d.random_split(range(11), [0.5, 0.25, 0.25])],
        lambda d, t: [len(part) for part in d.random_split(range(7), [3, 4])],
        lambda d, t: d.random_split(range(7), [3, 5]),
        lambda d, t: d.random_split(range(7), [1.5, -0.5]),
    ],
)
def test_data_sets_as_torch(make):
    got, expected = both(make)
    assert got == expected


@pytest.mark.filterwarnings("ignore:Length of split")
@given(st.integers(1, 60), st.integers(0, 2**31), st.data())
def test_random_split_is_a_partition(n, seed, data):
    cut = data.draw(st.integers(0, n))
    parts = ours.random_split(range(n), [cut, n - cut], generator=seeded(seed))
    assert sorted(itertools.chain(*parts)) == list(range(n)) and len(parts[0]) == cut
    again = ours.random_split(range(n), [cut, n - cut], generator=seeded(seed))
    assert [p.indices for p in parts] == [p.indices for p in again]


def test_chain_and_subclassed_subset():
    class Letters(ours.IterableDataset):
        def __iter__(self):
            return iter("ab")

    assert list(Letters() + Letters()) == list("abab")
    with pytest.raises(AssertionError):
        list(ours.ChainDataset([[1]]))

    class Doubled(ours.Subset):
        def __getitem__(self, index):
            return 2 * super().__getitem__(index)

    assert next(iter(ours.DataLoader(Doubled(range(9), [3, 4]), batch_size=2))).tolist() == [6, 8]


# samplers


@pytest.mark.parametrize(
    "make",
    [
        lambda d, t: list(d.SequentialSampler(range(4))),
        lambda d, t: len(d.RandomSampler(range(4), num_samples=9)),
        lambda d, t: sorted(d.RandomSampler(range(4))),
        lambda d, t: d.RandomSampler([]),
        lambda d, t: d.RandomSampler(range(4), num_samples=0),
        lambda d, t: d.RandomSampler(range(4), replacement=1),
        lambda d, t: sorted(d.SubsetRandomSampler([7, 3, 3])),
        lambda d, t: list(d.WeightedRandomSampler([0.0, 1.0, 0.0], 3)),
        lambda d, t: sorted(d.WeightedRandomSampler([0.5, 1.0, 0.0], 2, replacement=False)),
        lambda d, t: list(d.WeightedRandomSampler([-1.0, 1.0], 3)),
        lambda d, t: d.WeightedRandomSampler([[1.0]], 3),
        lambda d, t: d.WeightedRandomSampler([1.0], True),
        lambda d, t: d.WeightedRandomSampler([1.0], 1, replacement=None),
        lambda d, t: d.BatchSampler(range(4), 0, False),
        lambda d, t: d.BatchSampler(range(4), True, False),
        lambda d, t: d.BatchSampler(range(4), 2, 1),
        lambda d, t: list(itertools.islice(d.BatchSampler(itertools.count(), 2, True), 2)),
    ],
)
def test_samplers_as_torch(make):
    got, expected = both(make)
    assert got == expected


@given(st.integers(0, 30), st.integers(1, 8), st.booleans())
def test_batch_sampler(n, size, drop):
    mine, other = ours.BatchSampler(range(n), size, drop), theirs.BatchSampler(range(n), size, drop)
    assert list(mine) == list(other) and len(mine) == len(other)


def test_random_samplers_are_new_each_epoch_and_repeatable():
    for make in (
        lambda g: ours.RandomSampler(range(30), generator=g),
        lambda g: ours.SubsetRandomSampler(range(30), generator=g),
        lambda g: ours.WeightedRandomSampler([1.0] * 30, 30, replacement=False, generator=g),
    ):
        first, again = make(seeded(1)), make(seeded(1))
        epochs = [list(first), list(first)]
        assert epochs[0] != epochs[1] and epochs == [list(again), list(again)]
        assert sorted(epochs[0]) == list(range(30))
        assert list(make(None)) != list(make(None))
    tinytorch.manual_seed(3)
    once = list(ours.RandomSampler(range(30)))
    tinytorch.manual_seed(3)
    assert list(ours.RandomSampler(range(30))) == once


def test_weights():
    drawn = np.bincount(list(ours.WeightedRandomSampler([1.0, 0.0, 3.0], 8000, generator=seeded(0))), minlength=3)
    assert drawn[1] == 0 and abs(drawn[2] / 8000 - 0.75) < 0.02
    firsts = [
        next(iter(ours.WeightedRandomSampler([1.0, 3.0], 1, replacement=False, generator=seeded(i))))
        for i in range(1000)
    ]
    assert abs(np.mean(firsts) - 0.75) < 0.05
    with pytest.raises(RuntimeError, match="not enough non-negative category"):  # torch draws the impossible one
        list(ours.WeightedRandomSampler([0.5, 1.0, 0.0], 3, replacement=False))


# collating


@pytest.mark.parametrize(
    "make",
    [
        lambda t: [1.0, 2.0],
        lambda t: [1, 2],
        lambda t: [True, False],
        lambda t: ["a", "b"],
        lambda t: [b"a"],
        lambda t: [(1, 2.0), (3, 4.0)],
        lambda t: [[1, 2.0], [3, 4.0]],
        lambda t: [{"a": 1, "b": (1.0, "x")}] * 2,
        lambda t: [Pair(1, t([1.0])), Pair(2, t([2.0]))],
        lambda t: [t(1), t(2)],
        lambda t: [t([[1.0]])] * 3,
        lambda t: [np.float32(1), np.float32(2)],
        lambda t: [np.float64(1)],
        lambda t: [np.int32(3)],
        lambda t: [np.bool_(True)],
        lambda t: [np.arange(3, dtype=np.uint8)] * 2,
        lambda t: [np.ones((2, 0))],
        lambda t: [np.array(3)],
        lambda t: [np.array(["a"])],
        lambda t: [None],
        lambda t: [object()],
        lambda t: [(1, 2), (1,)],
        lambda t: [t([1.0]), t([1.0, 2.0])],
        lambda t: [[]],
        lambda t: [()],
        lambda t: [{}],
        lambda t: [OrderedDict(a=1)] * 2,
        lambda t: [np.str_("a")] * 2,
        lambda t: [np.datetime64("2000-01-01")],
        lambda t: [Words([1, "a"])] * 2,
        lambda t: [deque([1, 2.0])] * 2,
        lambda t: [range(3)],
        lambda t: [bytearray(b"ab")] * 2,
        lambda t: [[(1, [2.0])]],
    ],
)
def test_default_collate_and_convert(make):
    got, expected = both(lambda d, t: d.default_collate(make(t)))
    if isinstance(expected, dict):
        expected = dict(expected)
    assert got == expected
    got, expected = both(lambda d, t: [d.default_convert(sample) for sample in make(t)])
    if not any(type(sample) is object for sample in make(torch.tensor)):
        assert got == expected


def test_containers_stay_what_they_are():
    for module in (ours, theirs):
        for sample in (OrderedDict(a=1), UserDict(a=1), Words([1]), deque([1]), {"a": 1}, [1], Pair(1, 2), (1, 2)):
            kind = list if type(sample) is tuple else type(sample)
            assert type(module.default_collate([sample] * 2)) is type(module.default_convert(sample)) is kind
            assert sample in (OrderedDict(a=1), UserDict(a=1), Words([1]), deque([1]), (1, 2)), (
                "the sample is as it was"
            )


# the loader


def endless(module):
    return type("Endless", (module.IterableDataset,), {"__iter__": lambda self: itertools.count()})()


@pytest.mark.parametrize(
    "make",
    [
        lambda d, t: list(d.DataLoader(range(7), batch_size=3)),
        lambda d, t: list(d.DataLoader(range(7), batch_size=3, drop_last=True)),
        lambda d, t: list(d.DataLoader(range(3))),
        lambda d, t: list(d.DataLoader(range(3), batch_size=None)),
        lambda d, t: list(d.DataLoader([np.float32(1), (np.ones(2), "a")], batch_size=None)),
        lambda d, t: list(d.DataLoader(range(7), batch_sampler=[[0, 1], [5]])),
        lambda d, t: list(d.DataLoader(range(7), sampler=[6, 2, 2], batch_size=2)),
        lambda d, t: list(d.DataLoader(range(7), batch_size=3, collate_fn=sum)),
        lambda d, t: list(d.DataLoader([], batch_size=3)),
        lambda d, t: list(d.DataLoader(d.TensorDataset(t([1.0, 2.0]), t([3, 4])), batch_size=2)),
        lambda d, t: [len(d.DataLoader(range(7), batch_size=3, drop_last=drop)) for drop in (True, False)],
        lambda d, t: len(d.DataLoader(range(7), batch_size=None)),
        lambda d, t: d.DataLoader([], shuffle=True),
        lambda d, t: d.DataLoader(range(3), num_workers=-1),
        lambda d, t: d.DataLoader(range(3), timeout=-1),
        lambda d, t: d.DataLoader(range(3), prefetch_factor=2),
        lambda d, t: d.DataLoader(range(3), num_workers=1, prefetch_factor=-2),
        lambda d, t: d.DataLoader(range(3), persistent_workers=True),
        lambda d, t: d.DataLoader(range(3), sampler=[1], shuffle=True),
        lambda d, t: d.DataLoader(range(3), batch_sampler=[[1]], batch_size=2),
        lambda d, t: d.DataLoader(range(3), batch_sampler=[[1]], shuffle=True),
        lambda d, t: d.DataLoader(range(3), batch_sampler=[[1]], sampler=[1]),
        lambda d, t: d.DataLoader(range(3), batch_sampler=[[1]], drop_last=True),
        lambda d, t: d.DataLoader(range(3), batch_size=None, drop_last=True),
        lambda d, t: d.DataLoader(range(3), batch_size=0),
        lambda d, t: d.DataLoader(endless(d), shuffle=True),
        lambda d, t: d.DataLoader(endless(d), sampler=[1]),
        lambda d, t: d.DataLoader(endless(d), batch_sampler=[[1]]),
        lambda d, t: d.DataLoader(range(3), multiprocessing_context="spawn"),
        lambda d, t: setattr(d.DataLoader(range(3)), "batch_size", 2),
        lambda d, t: next(iter(d.DataLoader(range(3), pin_memory=False, batch_size=2, num_workers=0))),
        lambda d, t: d.DataLoader(range(3), num_workers=1).prefetch_factor,
    ],
)
def test_loader_as_torch(make):
    got, expected = both(make)
    assert got == expected


def test_loader_messages_are_those_of_torch():
    for make in (
        lambda d: d.DataLoader(range(3), sampler=[1], shuffle=True),
        lambda d: d.DataLoader(range(3), batch_sampler=[[1]], drop_last=True),
        lambda d: d.DataLoader(range(3), num_workers=-1),
        lambda d: d.random_split(range(7), [3, 5]),
    ):
        messages = []
        for module in (ours, theirs):
            with pytest.raises(ValueError) as caught:
                make(module)
            messages.append(str(caught.value))
        assert messages[0].startswith(messages[1])


@given(st.integers(1, 40), st.integers(1, 9), st.booleans(), st.integers(0, 2**40))
def test_shuffled_epochs_hold_every_sample_once(n, size, drop, seed):
    loader = ours.DataLoader(range(n), batch_size=size, shuffle=True, drop_last=drop, generator=seeded(seed))
    epochs = [[i for batch in loader for i in batch.tolist()] for _ in range(2)]
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) == (n // size * size if drop else n)
    if n > 12 and not drop:
        assert epochs[0] != epochs[1]
    again = ours.DataLoader(range(n), batch_size=size, shuffle=True, drop_last=drop, generator=seeded(seed))
    assert epochs == [[i for batch in again for i in batch.tolist()] for _ in range(2)]


def test_streams_in_this_process():
    for size, drop, expected in [(4, False, [4, 4, 2]), (4, True, [4, 4]), (5, True, [5, 5])]:
        assert [len(b) for b in ours.DataLoader(Stream(10), batch_size=size, drop_last=drop)] == expected
    assert list(ours.DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    with pytest.raises(TypeError):
        len(ours.DataLoader(Stream(3)))


def test_getitems_is_used():
    class Whole(Numbers):
        def __getitems__(self, indices):
            return [100 + i for i in indices]

    assert [b.tolist() for b in ours.DataLoader(Whole(3), batch_size=2)] == [[100, 101], [102]]


# worker processes


def values(loader):
    return [batch.tolist() for batch in loader]


def no_children(within=30.0):
    end = time.monotonic() + within
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.01)
    return not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    "options", [{}, {"drop_last": True}, {"prefetch_factor": 1}, {"persistent_workers": True}, {"prefetch_factor": 0}]
)
def test_workers_give_the_same_batches_in_the_same_order(workers, options):
    g, options = torch.Generator().manual_seed(5), {"batch_size": 4, "shuffle": True} | options
    keeps = options.get("persistent_workers")  # these draw one seed for all epochs
    alike = {name: value for name, value in options.items() if keeps or name != "prefetch_factor"}
    other = theirs.DataLoader(Numbers(23), generator=g, num_workers=int(bool(keeps)), **alike)
    loader = ours.DataLoader(Numbers(23), generator=seeded(5), num_workers=workers, **options)
    assert [values(loader) for _ in range(3)] == [values(other) for _ in range(3)]
    del other
    del loader
    assert no_children()


def test_more_workers_than_batches_and_no_batches():
    assert values(ours.DataLoader(Numbers(2), num_workers=3)) == [[0], [1]]
    assert values(ours.DataLoader([], num_workers=2)) == []
    assert list(ours.DataLoader(Numbers(3), batch_size=None, num_workers=2)) == [0, 1, 2]
    assert no_children()


@pytest.mark.parametrize("persistent", [False, True])
def test_streams_in_workers(persistent):
    loader = ours.DataLoader(Stream(11), batch_size=2, num_workers=2, persistent_workers=persistent)
    for _ in range(2):
        batches = values(loader)
        assert sorted(itertools.chain(*batches)) == list(range(11)) and batches[:2] == [[0, 2], [1, 3]]
    del loader
    assert no_children()


class Slow(Numbers):
    def __getitem__(self, index):
        time.sleep(0.02 if index % 2 else 0.0)
        return index


def test_order_does_not_depend_on_who_is_faster():
    assert values(ours.DataLoader(Slow(8), num_workers=2)) == [[i] for i in range(8)]


class Broken(Numbers):
    error = ValueError

    def __getitem__(self, index):
        if index == 5:
            raise self.error("sample five is broken")
        return index


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


class LocalKey(Broken):
    error = KeyError


class Strange(Broken):
    def __getitem__(self, index):
        raise TwoArguments(1, 2)


@pytest.mark.parametrize(("kind", "expected"), [(Broken, ValueError), (LocalKey, KeyError), (Strange, RuntimeError)])
def test_exceptions_arrive_with_their_traceback(kind, expected):
    seen = []
    with pytest.raises(expected) as caught:
        for batch in ours.DataLoader(kind(20), batch_size=2, num_workers=2):
            seen.append(batch.tolist())
    text = str(caught.value)
    assert (
        "in DataLoader worker process 0" in text
        and "Original Traceback" in text
        and "__getitem__" in text
        and "\n" in text
    )
    if kind is not Strange:
        assert seen == [[0, 1], [2, 3]] and "sample five is broken" in text
    assert no_children()


def test_unsendable_batches_and_bad_init_functions_raise():
    with pytest.raises(Exception, match="worker process"):
        list(ours.DataLoader(Numbers(4), num_workers=1, collate_fn=lambda batch: lambda: batch))

    def init(worker):
        raise RuntimeError("no such disk")

    with pytest.raises(RuntimeError, match="no such disk"):
        list(ours.DataLoader(Numbers(4), num_workers=1, worker_init_fn=init))
    assert no_children()


class Dying(Numbers):
    def __getitem__(self, index):
        if index == 3:
            if self.how == "exit":
                os._exit(7)
            os.kill(os.getpid(), signal.SIGKILL)
        return index


@pytest.mark.parametrize(("how", "message"), [("exit", "status 7"), ("kill", "SIGKILL")])
def test_a_dying_worker_raises_at_once(how, message):
    data = Dying(10)
    data.how = how
    with pytest.raises(RuntimeError, match=f"exited unexpectedly.*{message}"):
        list(ours.DataLoader(data, num_workers=2))
    assert no_children()


class Sleeping(Numbers):
    def __getitem__(self, index):
        time.sleep(3600)


def test_timeout_and_breaking_off():
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        list(ours.DataLoader(Sleeping(4), num_workers=1, timeout=0.2))
    for batch in ours.DataLoader(Numbers(1000), num_workers=2):
        assert batch.tolist() == [0]
        break
    assert no_children()
    loader = ours.DataLoader(Numbers(50), num_workers=2, persistent_workers=True)
    first = iter(loader)
    next(first)
    assert values(loader) == [[i] for i in range(50)]
    with pytest.raises(RuntimeError, match="broken off"):
        next(first)
    del loader, first
    assert no_children()


class Big(Numbers):
    def __getitem__(self, index):
        return np.full(200_000, index, dtype=np.float32)


def test_large_batches_and_long_lists_of_indices_do_not_block():
    assert [batch[:, 0].tolist() for batch in ours.DataLoader(Big(6), batch_size=2, num_workers=2)] == [
        [0, 1],
        [2, 3],
        [4, 5],
    ]
    many = ours.DataLoader(Numbers(150_000), batch_size=50_000, num_workers=1, prefetch_factor=3)
    assert [batch.sum().item() for batch in many] == [sum(range(i, i + 50_000)) for i in (0, 50_000, 100_000)]


class Draws(Numbers):
    def __getitem__(self, index):
        info = ours.get_worker_info()
        return info.id, info.seed, float(tinytorch.rand(())), random.random(), float(np.random.rand())


def test_workers_are_seeded_differently_and_repeatably():
    def draw(seed):
        tinytorch.manual_seed(seed)
        return list(ours.DataLoader(Draws(4), batch_size=None, num_workers=2))

    first = draw(1)
    assert first == draw(1) and first != draw(2)
    assert first[0][1] + 1 == first[1][1], "seed + id"
    assert all(first[0][i] != first[1][i] for i in (2, 3, 4))
    assert ours.get_worker_info() is None


def test_numpy_is_seeded_as_by_pytorch():
    from torch.utils.data._utils.worker import _generate_state

    for seed, i in [(0, 0), (1, 3), (2**31, 1), (2**62 + 12345, 7), (2**63 - 1, 2)]:
        info = workers.WorkerInfo(i, 8, seed + i, None)
        assert workers.numpy_seed(info).tolist() == _generate_state(seed, i)


def test_generators_go_on_from_the_same_place():
    """Orders epoch after epoch, and what is drawn after them; a sampler that draws when it is asked for its order, too."""

    def follow(d, t, workers, persistent):
        class Drawn(d.Sampler):
            def __iter__(self):
                return iter(t.randperm(7).tolist())

            def __len__(self):
                return 7

        g, found = t.Generator().manual_seed(2**33 + 1), []
        t.manual_seed(5)
        for options in ({"shuffle": True, "generator": g}, {"batch_sampler": d.BatchSampler(Drawn(), 3, False)},
                        {"sampler": Drawn(), "batch_size": None}):  # fmt: skip
            if workers:
                options |= {"num_workers": workers, "persistent_workers": persistent}
            loader = d.DataLoader(range(7), **options)
            for _ in range(3):
                found += [*(t.as_tensor(batch).tolist() for batch in loader), t.rand(1).item()]
        return [*found, t.rand(1, generator=g).item()]

    for count, persistent in [(0, False), (2, False), (2, True)]:
        assert follow(ours, tinytorch, count, persistent) == follow(theirs, torch, count, persistent)


def test_init_function_sees_its_worker():
    def init(worker):
        assert ours.get_worker_info().id == worker
        ours.get_worker_info().dataset.n += 100 * worker

    class Length(Numbers):
        def __getitem__(self, index):
            return self.n

    assert list(ours.DataLoader(Length(4), batch_size=None, num_workers=2, worker_init_fn=init)) == [4, 104, 4, 104]


def test_spawned_workers():
    loader = ours.DataLoader(
        ours.TensorDataset(tinytorch.arange(6)), batch_size=2, num_workers=1, multiprocessing_context="spawn"
    )
    assert [batch[0].tolist() for batch in loader] == [[0, 1], [2, 3], [4, 5]]
    assert no_children()


@pytest.mark.skipif(
    not hasattr(signal, "SIGKILL") or not Path("/proc").exists(), reason="needs /proc to see other processes"
)
def test_a_killed_program_leaves_no_process_behind():
    program = textwrap.dedent("""
        import time
        from tinytorch.utils.data import DataLoader, Dataset
        class Numbers(Dataset):
            def __len__(self): return 10**6
            def __getitem__(self, index): return index
        loader = DataLoader(Numbers(), num_workers=2, persistent_workers=True)
        iterator = iter(loader); next(iterator)
        print(*[p.pid for p in loader._workers.processes], flush=True)
        time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    pids = [int(word) for word in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()

    def alive(pid):
        stat = Path(f"/proc/{pid}/stat")
        try:
            return stat.read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            return False

    end = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(pids) == 2 and not any(map(alive, pids))


# normalising


def test_standardize():
    rng = np.random.default_rng(0)
    train, other = rng.random((20, 3)).astype(np.float32), rng.random((5, 3)).astype(np.float32)
    train[:, 1] = 0.5
    from tinytorch.data.dataloader import standardize

    a, b = standardize(tinytorch.tensor(train), tinytorch.tensor(other))
    scale = np.where(train.std(0) == 0, 1, train.std(0))
    np.testing.assert_allclose(a.numpy(), (train - train.mean(0)) / scale, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(b.numpy(), (other - train.mean(0)) / scale, rtol=1e-4, atol=1e-5)
    assert a.dtype is tinytorch.float32
