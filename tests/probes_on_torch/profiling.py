"""Lesson 14 by definition: counted in loops, intervals compared with one another, everything computed at the end."""

import itertools
import statistics
import time
from types import SimpleNamespace

import numpy as np
import torch


def median_time(function, repeats=7, warmup=2, clock=time.perf_counter):
    times = []
    for _ in range(warmup + repeats):
        before = clock()
        function()
        times.append(clock() - before)
    return float(statistics.median(times[warmup:]))


def product_flops(a, out):
    """The multiplications and additions of torch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        columns = torch.zeros(a[-1], 1)
        for _ in range(int(np.prod(out))):
            torch.zeros(1, a[-1]) @ columns
    return counter.get_total_flops()


def convolution_flops(weight, out):
    terms = sum(1 for _ in itertools.product(*map(range, weight[1:])))
    return sum(2 * terms for _ in itertools.product(*map(range, out)))


def attention_flops(key, out):
    length, width = key[-2:]
    scores = product_flops((width,), (*out[:-1], length))
    return scores + product_flops((length,), out)


def bytes_moved(read, written):
    total, before = 0, []
    for x in read:
        if isinstance(x, np.ndarray) and not any(x is other for other in before):
            before.append(x)
            total += x.size * x.itemsize
    return total + sum(y.size * y.itemsize for y in written if isinstance(y, np.ndarray))


def arithmetic_intensity(flops, moved):
    return float(np.divide(flops, moved)) if moved else 0.0


def attainable(intensity, peak, bandwidth):
    """The time for one byte: the longer of moving it and computing with it."""
    return intensity / np.maximum(1 / bandwidth, intensity / peak)


def measured(count):
    def function(amount, repeats=7, clock=time.perf_counter):
        return count(amount) / median_time(lambda: None, repeats, 0, clock)

    return function


class FunctionEvent:
    def __init__(self, name, parent=None):
        self.name = self.key = name
        self.cpu_parent, self.cpu_children, self.input_shapes = parent, [], []
        self.start = self.end = self.flops = self.bytes = self.cpu_memory_usage = self.peak_memory = 0
        self.count = 1

    cpu_time_total = property(lambda self: (self.end - self.start) / 1000)
    self_cpu_time_total = property(lambda self: self_time(self))
    self_cpu_memory_usage = property(
        lambda self: self.cpu_memory_usage - sum(child.cpu_memory_usage for child in self.cpu_children)
    )


def self_time(event):
    """Cut the range at every beginning and end of its children, and keep the pieces outside of them."""
    cuts = sorted({event.start, event.end, *(t for child in event.cpu_children for t in (child.start, child.end))})
    return (
        sum(
            b - a
            for a, b in itertools.pairwise(cuts)
            if not any(child.start <= a and b <= child.end for child in event.cpu_children)
        )
        / 1000
    )


class Recorder:
    """Each open range knows the one around it."""

    def __init__(self, clock=time.perf_counter_ns):
        self.clock, self.events, self.innermost = clock, [], None

    @property
    def stack(self):
        found, event = [], self.innermost
        while event is not None:
            found, event = [event, *found], event.cpu_parent
        return found

    def open(self, name):
        event = FunctionEvent(name, self.innermost)
        self.events.append(event)
        if self.innermost is not None:
            self.innermost.cpu_children = [*self.innermost.cpu_children, event]
        self.innermost, event.start = event, self.clock()
        return event

    def close(self):
        self.innermost.end = self.clock()
        self.innermost = self.innermost.cpu_parent


class MemoryRecorder(Recorder):
    """Keeps all readings, and looks them up at the end of a range."""

    def __init__(self, clock, meter):
        super().__init__(clock)
        self.meter, self.readings = meter, []

    def note(self):
        self.readings.append(self.meter())
        return self.readings[-1][0]

    def open(self, name):
        now = self.note()
        event = super().open(name)
        event.before, event.first = now, len(self.readings)
        return event

    def close(self):
        event, now = self.innermost, self.note()
        super().close()
        event.cpu_memory_usage = now - event.before
        event.peak_memory = (
            max([event.before, *(highest for _, highest in self.readings[event.first :])]) - event.before
        )


class FunctionEventAvg:
    """Keeps what it is made of."""

    def __init__(self, key="Total", input_shapes=()):
        self.key, self.input_shapes, self.parts = key, list(input_shapes), []

    def add(self, event):
        self.parts.append(event)

    def __getattr__(self, name):
        values = [getattr(part, name) for part in self.parts]
        return max(values) if name == "peak_memory" else sum(values)


def averages(events, by_shape=False):
    keys = [(event.name, event.input_shapes if by_shape else []) for event in events]
    found = [FunctionEventAvg(*key) for i, key in enumerate(keys) if key not in keys[:i]]
    for average in found:
        average.parts = [event for event, key in zip(events, keys) if key == (average.key, average.input_shapes)]
    return found


def speedup(times, factors):
    whole = sum(times.values())
    return 1 / sum(t / whole / factors.get(name, 1.0) for name, t in times.items())


lesson = SimpleNamespace(
    median_time=median_time,
    product_flops=product_flops,
    convolution_flops=convolution_flops,
    attention_flops=attention_flops,
    bytes_moved=bytes_moved,
    arithmetic_intensity=arithmetic_intensity,
    attainable=attainable,
    measured_peak=measured(lambda n: 2 * n**3),
    measured_bandwidth=measured(lambda size: 2 * size * np.dtype("float32").itemsize),
    FunctionEvent=FunctionEvent,
    Recorder=Recorder,
    self_time=self_time,
    MemoryRecorder=MemoryRecorder,
    FunctionEventAvg=FunctionEventAvg,
    averages=averages,
    speedup=speedup,
    not_in_pytorch={
        "door": "it observes the operations of our own package",
        "kept": "PyTorch's operations keep other arrays than ours",
    },
)
