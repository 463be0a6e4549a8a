"""Probes of lesson 14. Clocks and meters follow a script, so that every time is exact."""

import numpy as np

from .harness import Probes

probe = Probes()


def sizes(rng, *lowest):
    """A shape of at least `lowest`, each up to 6 more."""
    return tuple(int(low + rng.integers(0, 7)) for low in lowest)


def whole(value):
    """A whole number, and whether it is one of Python's."""
    return int(value), type(value) is int


class Clock:
    """Stands still, but for what is added to `now`."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


class Ticking(Clock):
    """Is `step` later each time it is read."""

    def __init__(self, step):
        super().__init__()
        self.step, self.reads = step, 0

    def __call__(self):
        self.now, self.reads = self.now + self.step, self.reads + 1
        return self.now


class Meter:
    """Memory by a script: (now, the most since the last reading)."""

    def __init__(self, start):
        self.now = self.highest = start

    def to(self, *levels):
        for level in levels:
            self.now, self.highest = level, max(self.highest, level)

    def __call__(self):
        found, self.highest = (self.now, self.highest), self.now
        return found


@probe("median-time", hint="First the calls to warm up, untimed; then the median, not the mean, of the others.")
def median_time(tt, lesson, rng):
    asked = [(int(repeats), int(warmup)) for repeats, warmup in zip(rng.integers(3, 9, 5), (1, 0, 2, 4, 3))]
    durations = [rng.integers(1, 1000, repeats + warmup).tolist() for repeats, warmup in asked]
    for taken, (_, warmup) in zip(durations, asked):
        taken[:warmup] = [5000 + n for n in range(warmup)]

    def timed(taken, repeats, warmup):
        clock, left = Clock(float(sum(taken))), list(taken)

        def work():
            clock.now += left.pop(0) if left else 10_000

        found = lesson.median_time(work, repeats=repeats, warmup=warmup, clock=clock)
        return np.float64(found), isinstance(found, float), len(left)

    def by_default():
        clock, called = Clock(), []

        def work():
            called.append(1)
            clock.now += durations[3][0] * len(called) ** 2

        return np.float64(lesson.median_time(work, clock=clock)), len(called)

    return {"median": lambda: (*(timed(taken, *ask) for taken, ask in zip(durations, asked)), by_default())}


@probe(
    "counts",
    hint="Two for each term of each sum, a sum for each entry of the result; an array that is read twice moves once.",
)
def counts(tt, lesson, rng):
    batch, n, k, m, heads, queries, keys, width, out_width = sizes(rng, 2, 2, 2, 2, 2, 2, 2, 2, 2)
    groups, channels, filters, a, b, c, d = sizes(rng, 2, 1, 1, 1, 2, 3, 4)
    arrays = [np.zeros(sizes(rng, 1, 2), kind) for kind in ("float32", "float64", "int64", "uint8", "float32")]

    def product():
        plain, vector = [((n, k), (n, m)), ((batch, n, k), (batch, n, m))], [((k,), (m,)), ((k,), ())]
        shapes = [*plain, *vector, ((batch, 1, n, k), (batch, heads, n, m))]
        return tuple(whole(lesson.product_flops(*pair)) for pair in shapes)

    def convolution():
        plane = (groups * filters, channels, a, b), (batch, groups * filters, c, d)
        line = (filters, channels, b), (batch, filters, d)
        return whole(lesson.convolution_flops(*plane)), whole(lesson.convolution_flops(*line))

    def attention():
        many = (batch, heads, keys, width), (batch, heads, queries, out_width)
        shared = (1, heads, keys, width), (batch, heads, queries, out_width)
        one = (keys, width), (queries, out_width)
        return tuple(whole(lesson.attention_flops(*pair)) for pair in (many, shared, one))

    def bytes_moved():
        x, y, z, small, other = arrays
        once = [([x, y], [z]), ([x, x], [other]), ([y, y.copy(), y], []), ([], [z, small])]
        asked = [*once, ([x, 2.0, None, small], [None, y])]
        return tuple(whole(lesson.bytes_moved(*pair)) for pair in asked)

    return {"product": product, "convolution": convolution, "attention": attention, "bytes": bytes_moved}


@probe(
    "roofline",
    hint="The smaller of peak and intensity times bandwidth; a measurement divides the count by the median time, and "
    "hands repeats and clock on.",
)
def roofline(tt, lesson, rng):
    flops, moved = rng.integers(10, 10_000, 4).tolist(), rng.integers(10, 1000, 4).tolist()
    peak, bandwidth = rng.uniform(50, 100), rng.uniform(5, 10)
    intensities = rng.uniform(0.1, 40, 9)
    n, size, repeats, step = int(rng.integers(5, 40)), int(rng.integers(100, 900)), int(rng.integers(2, 9)), 0.25

    def intensity():
        found = [lesson.arithmetic_intensity(f, b) for f, b in zip(flops, moved)]
        return np.array(found, "float64"), np.float64(lesson.arithmetic_intensity(flops[0], 0))

    def attainable():
        one = [np.float64(lesson.attainable(float(x), peak, bandwidth)) for x in intensities]
        return np.array(lesson.attainable(intensities, peak, bandwidth)), np.array(one)

    def measured(function, amount):
        found = []
        for times in (repeats, repeats + 1):
            clock = Ticking(step)
            found += [np.float64(function(amount, repeats=times, clock=clock)), clock.reads]
        return tuple(found)

    return {
        "intensity": intensity,
        "attainable": attainable,
        "peak": lambda: measured(lesson.measured_peak, n),
        "bandwidth": lambda: measured(lesson.measured_bandwidth, size),
    }


def brackets(rng, count, now=1000):
    """A script of `count` ranges: [(what, name or None, time in ns)], nested at random, all closed in the end."""
    script, depth, left = [], 0, count
    while left or depth:
        now += 1000 * int(rng.integers(1, 90))
        if left and (not depth or rng.random() < 0.55):
            script.append(("open", f"range {rng.integers(0, 6)}", now))
            depth, left = depth + 1, left - 1
        else:
            script.append(("close", None, now))
            depth -= 1
    return script


def record(lesson, script):
    """The recorder after the script, and what `open` gave."""
    clock, given = Clock(), []
    recorder = lesson.Recorder(clock)
    for what, name, clock.now in script:
        if what == "open":
            given.append(recorder.open(name))
        else:
            recorder.close()
    return recorder, given


@probe(
    "ranges",
    hint="The innermost open range is the parent of the new one; close ends the one opened last; self time leaves out "
    "direct children only, whose totals hold their own children's.",
)
def ranges(tt, lesson, rng):
    script, unfinished = brackets(rng, 14), brackets(rng, 6)[:5]
    inner = np.cumsum(rng.integers(1, 50, 6) * 1000).tolist()

    def times():
        recorder, given = record(lesson, script)
        return (
            np.array([event.cpu_time_total for event in recorder.events], "float64"),
            [one is other for one, other in zip(recorder.events, given)],
            len(recorder.stack),
        )

    def nesting():
        found = []
        for each in (script, unfinished):
            recorder, _ = record(lesson, each)
            place = {id(event): number for number, event in enumerate(recorder.events)}
            parents = [-1 if event.cpu_parent is None else place[id(event.cpu_parent)] for event in recorder.events]
            children = [[place[id(child)] for child in event.cpu_children] for event in recorder.events]
            names = ",".join(event.name for event in recorder.events)
            found += [names, parents, str(children), [place[id(event)] for event in recorder.stack]]
        return tuple(found)

    def self_time():
        outer = lesson.FunctionEvent("outer")
        outer.start, outer.end = inner[0], inner[5]
        child = lesson.FunctionEvent("child", outer)
        child.start, child.end = inner[1], inner[4]
        grandchild = lesson.FunctionEvent("grandchild", child)
        grandchild.start, grandchild.end = inner[2], inner[3]
        outer.cpu_children.append(child)
        child.cpu_children.append(grandchild)
        return np.array([lesson.self_time(event) for event in (outer, child, grandchild)], "float64")

    return {"times": times, "nesting": nesting, "self time": self_time}


def what_was_seen(recorder):
    """Names, FLOPs, bytes and shapes of the events."""
    names, shapes = (",".join(str(getattr(e, what)) for e in recorder.events) for what in ("name", "input_shapes"))
    return names, shapes, [event.flops for event in recorder.events], [event.bytes for event in recorder.events]


@probe(
    "door",
    hint="Append an observer with `forward` and `backward` to `observers`, return from both what `run` returns, and "
    "remove it in a `finally`.",
)
def door(tt, lesson, rng):
    n, k, m = sizes(rng, 2, 2, 2)
    x, w, scale = (
        rng.normal(size=(n, k)).astype("float32"),
        rng.normal(size=(k, m)).astype("float32"),
        rng.uniform(2, 3),
    )

    def forward():
        return (tt.tensor(x, requires_grad=True) @ tt.tensor(w, requires_grad=True)).exp() * scale

    def on_the_way():
        with lesson.watched(lesson.Recorder()) as recorder:
            found = forward()
        forward()
        return (*what_was_seen(recorder), found)

    def back():
        a, b = tt.tensor(x), tt.tensor(w, requires_grad=True)
        loss = ((a @ b) * scale).sum()
        with lesson.watched(lesson.Recorder()) as recorder:
            loss.backward()
        return (*what_was_seen(recorder), b.grad)

    def put_back():
        before, flags, recorder = list(lesson.observers), [], lesson.Recorder()
        with lesson.watched(recorder):
            flags.append(lesson.observers != before)
            found = forward()
        flags.append(lesson.observers == before)
        try:
            with lesson.watched(recorder):
                tt.tensor(x) @ tt.tensor(x[:1, :1])
        except (RuntimeError, ValueError):
            flags.append(lesson.observers == before)
        lesson.observers[:] = before
        return flags, len(recorder.stack), what_was_seen(recorder), found

    def nested():
        with lesson.watched(lesson.Recorder()) as outer:
            with lesson.watched(lesson.Recorder()) as inner:
                forward().sum().backward()
            found = forward()
        return what_was_seen(outer), what_was_seen(inner), found

    return {"forward": on_the_way, "backward": back, "put back": put_back, "nested": nested}


COUNTED = (
    "count cpu_time_total self_cpu_time_total flops bytes cpu_memory_usage self_cpu_memory_usage peak_memory".split()
)


def numbers(averages):
    return np.array([[getattr(each, what) for what in COUNTED] for each in averages], "float64")


@probe(
    "averages",
    hint="Sums for each name, but the highest of the peaks; by shape the shapes belong to the key. The events stay as "
    "they are.",
)
def averages(tt, lesson, rng):
    script, shapes = brackets(rng, 20), [[[2, 3]], [[3, 2]], [[2, 3], [3]]]
    drawn = rng.integers(1, 1000, (20, 5)).tolist()

    def events():
        found = record(lesson, script)[0].events
        for event, (flops, moved, memory, peak, shape) in zip(found, drawn):
            event.flops, event.bytes, event.cpu_memory_usage, event.peak_memory = flops, moved, memory - 500, peak
            event.input_shapes = shapes[shape % 3]
        return found

    def add():
        found, one, two = events(), lesson.FunctionEventAvg("one"), lesson.FunctionEventAvg("two")
        for event in found[:7]:
            one.add(event)
        two.add(found[8])
        two.add(one)
        return numbers([one, two, *found[:3]])

    def by_name():
        found = events()
        result = lesson.averages(found)
        shapes = str([each.input_shapes for each in result])
        return ",".join(each.key for each in result), numbers(result), numbers(found[:3]), shapes

    def by_shape():
        result = lesson.averages(events(), by_shape=True)
        return str([(each.key, each.input_shapes) for each in result]), numbers(result)

    return {"add": add, "by name": by_name, "by shape": by_shape}


@probe(
    "peaks",
    hint="Each reading of the meter belongs to all ranges that are open then; what was allocated before a range opened "
    "is not its own.",
)
def peaks(tt, lesson, rng):
    script = brackets(rng, 12)
    levels = rng.integers(1000, 9000, (len(script), 3)).tolist()
    start = int(rng.integers(500, 5000))

    def recorded():
        clock, meter = Clock(), Meter(start)
        recorder = lesson.MemoryRecorder(clock, meter)
        for (what, name, clock.now), to in zip(script, levels):
            meter.to(*to)
            if what == "open":
                event = recorder.open(name)
            else:
                recorder.close()
        return recorder, event

    def kept():
        recorder, event = recorded()
        found = [each.cpu_memory_usage for each in recorder.events]
        return np.array(found), event is recorder.events[-1], len(recorder.stack)

    def highest():
        events = recorded()[0].events
        return np.array([each.peak_memory for each in events]), np.array([each.cpu_time_total for each in events])

    def note():
        recorder, meter = lesson.MemoryRecorder(Clock(), Meter(start)), Meter(start)
        recorder.meter = meter
        meter.to(*levels[0])
        recorder.open("outer")
        meter.to(*levels[1])
        found = recorder.note()
        meter.to(10_000 + levels[2][0], levels[2][1])  # highest of all, before the inner range begins
        recorder.open("inner")
        meter.to(*levels[3])
        recorder.close()
        recorder.close()
        return found, *[np.array([each.peak_memory, each.cpu_memory_usage]) for each in recorder.events]

    return {"kept": kept, "highest": highest, "note": note}


@probe(
    "kept",
    hint="Blocks, not arrays: a view counts as its whole block, each block once, for the oldest operation; the leaves' "
    "blocks not at all.",
)
def kept(tt, lesson, rng):
    n, k, m = sizes(rng, 3, 3, 3)
    x, w = rng.normal(size=(n, k)).astype("float32"), rng.normal(size=(k, m)).astype("float32")

    def told(output):
        found = lesson.kept_for_backward(output)
        return ",".join(found), [*found.values()]

    def tensors():
        return tt.tensor(x), tt.tensor(w, requires_grad=True)

    def shared():
        a, b = tensors()
        return told((a @ b).exp().sum()), told(((a @ b).exp() * (a @ b)).exp().sum()), told((a @ b).exp().log().sum())

    def views():
        a, b = tensors()
        part, turned = (a[:1] @ b).exp().sum(), (a.T[:2, 1:] * a.T[1:3, 1:]).sum()
        return told(part), told((a.reshape(-1)[:m] * b).sum() + (turned * b.sum()).exp())

    def leaves():
        a, b = tensors()
        double = tt.tensor(w.astype("float64"), requires_grad=True)
        return told((b * b.T.T).sum() + (a @ b).sum()), told(double.exp().exp().sum()), told((a @ b + 1.0).sum())

    return {"shared": shared, "views": views, "leaves": leaves}


@probe("amdahl", hint="The sum of all times before, over the sum of each part's time divided by its factor.")
def amdahl(tt, lesson, rng):
    names = ["MatMul", "Add", "Exp", "optimizer", "Sum"]
    times = [dict(zip(names[: 2 + n], rng.uniform(1, 50, 5).tolist())) for n in range(4)]
    factors = [dict(zip(rng.permutation(names)[:3].tolist(), rng.uniform(0.5, 20, 3).tolist())) for _ in times]

    def faster():
        found = [lesson.speedup(dict(t), dict(f)) for t, f in zip(times, factors)]
        return np.array(
            [*found, lesson.speedup(times[3], {"Add": float("inf")}), lesson.speedup(times[0], {})], "float64"
        )

    return {"faster": faster}
