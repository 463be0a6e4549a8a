"""Solutions of lesson 14."""

from solutions.solution import Solutions

solutions = Solutions("14_profiling")
wrong, right = solutions.wrong, solutions.right

# ---- wrong

wrong("median-time", "the mean", ("np.median(times)", "np.mean(times)"))
wrong("median-time", "the minimum", ("np.median(times)", "min(times)"))
wrong("median-time", "the upper of the two in the middle", ("np.median(times)", "sorted(times)[len(times) // 2]"))
wrong("median-time", "no warm-up", ("for _ in range(warmup):\n        function()\n", "\n"))
wrong("median-time", "the warm-up is timed", ("for _ in range(warmup):\n        function()\n", "\n"), (
    "range(repeats)", "range(warmup + repeats)"))  # fmt: skip
wrong("median-time", "its own clock", ("clock()", "time.perf_counter()"))
wrong("median-time", "an array", ("float(np.median(times))", "np.median(times, keepdims=True)"))

wrong("counts", "multiplications only", ("2 * a[-1]", "a[-1]"))
wrong("counts", "the sum's length from the wrong end", ("a[-1]", "a[0]"))
wrong("counts", "the batch is left out", ("a[-1] * math.prod(out)", "a[-1] * math.prod(out[-2:])"))
wrong("counts", "one addition fewer", ("2 * a[-1] * math.prod(out)", "(2 * a[-1] - 1) * math.prod(out)"))
wrong("counts", "all filters in one sum", ("math.prod(weight[1:])", "math.prod(weight)"))
wrong("counts", "no channels", ("math.prod(weight[1:])", "math.prod(weight[2:])"))
wrong("counts", "the scores alone", ("(key[-1] + out[-1])", "key[-1]"))
wrong("counts", "one head", ("math.prod(out[:-1]) * key", "out[-2] * key"))
wrong("counts", "keys and widths alike", ("(key[-1] + out[-1])", "2 * key[-1]"))
wrong("counts", "x * x reads twice", ("distinct.values()", "read"))
wrong("counts", "elements, not bytes", ("x.nbytes for", "x.size for"))
wrong("counts", "what is written is left out", (", *written]", "]"))
wrong("counts", "equal shapes are one array", ("{id(x): x for x in read}", "{(str(getattr(x, 'shape', x))): x for x in read}"))  # fmt: skip

wrong("roofline", "the larger", ("np.minimum(", "np.maximum("))
wrong("roofline", "divided by the bandwidth", ("intensity * bandwidth", "bandwidth / intensity"))
wrong("roofline", "bytes by FLOPs", ("flops / moved if moved", "moved / flops if moved"))
wrong("roofline", "numbers only", ("np.minimum(peak, intensity * bandwidth)", "min(peak, intensity * bandwidth)"))
wrong("roofline", "the copy is read only", ("bytes_moved([source], [target])", "bytes_moved([source], [])"))
wrong("roofline", "seconds", ("product_flops(a.shape, a.shape) / seconds", "seconds"))
wrong("roofline", "float64", ("np.ones(size, np.float32), np.zeros(size, np.float32)", "np.ones(size), np.zeros(size)"))
wrong("roofline", "the repeats are not handed on", ("a @ a, repeats, clock=clock", "a @ a, clock=clock"))
wrong("roofline", "elements in a second", ("bytes_moved([source], [target]) / seconds", "size / seconds"))

wrong("ranges", "no parent", ("FunctionEvent(name, parent)", "FunctionEvent(name)"))
wrong("ranges", "the outermost is the parent", ("self.stack[-1] if", "self.stack[0] if"))
wrong("ranges", "closes the outermost", ("self.stack.pop()", "self.stack.pop(0)"))
wrong("ranges", "written down when it closes", ("        self.events.append(event)\n", ""), (
    "self.stack.pop().end = end", "event = self.stack.pop()\n        event.end = end\n        self.events.append(event)"))  # fmt: skip
wrong("ranges", "no child", ("parent.cpu_children.append(event)", "pass"))
wrong("ranges", "all descendants are children", (
    "            parent.cpu_children.append(event)", "            for each in self.stack:\n                each.cpu_children.append(event)"))  # fmt: skip
wrong("ranges", "self time is the total", (" - sum(child.cpu_time_total for child in event.cpu_children)", ""))
wrong("ranges", "children's self times", ("sum(child.cpu_time_total", "sum(child.self_cpu_time_total"))
wrong(
    "ranges", "nanoseconds", ("return event.cpu_time_total - sum(", "return 1000 * event.cpu_time_total - 1000 * sum(")
)

FINALLY = """    try:
        yield recorder
    finally:
        observers.remove(reporter)"""
wrong("door", "not put back after an error", (FINALLY, "    yield recorder\n    observers.remove(reporter)"))
wrong("door", "not put back", (FINALLY, "    yield recorder"))
wrong("door", "backward is not seen", ("        def backward(self, run, node, grad):\n            with", "        def backward(self, run, node, grad):\n            return run(node, grad)\n            with"))  # fmt: skip
wrong("door", "nothing is counted", ("note_forward(event, function, inputs, options, output)", "pass"))
wrong("door", "backward is not counted", ("note_backward(event, node, grad, gradients)", "pass"))
wrong("door", "options are lost", ("output = run(*inputs, **options)", "output = run(*inputs, **{k: v for k, v in options.items() if k != 'keepdim'})"))  # fmt: skip
wrong("door", "the history is lost", ("            return output\n", "            return output.detach()\n"))
wrong("door", "backward has the name of forward", ('f"{type(node).__name__}Backward"', "type(node).__name__"))
wrong("door", "the inner recorder takes it all", ("output = run(*inputs", "output = ORIGINAL(function, *inputs"), added="from tinytorch.tensor import apply as ORIGINAL")  # fmt: skip

wrong("averages", "the average, not the sum", ("return list(found.values())", "for avg in found.values():\n        avg.cpu_time_total /= avg.count\n    return list(found.values())"))  # fmt: skip
wrong("averages", "peaks add up", ("max(self.peak_memory, event.peak_memory)", "self.peak_memory + event.peak_memory"))
wrong("averages", "one for each event", ("key = event.name, str(shapes)", "key = id(event)"))
wrong("averages", "always by shape", ("event.input_shapes if by_shape else []", "event.input_shapes"))
wrong("averages", "never by shape", ("event.input_shapes if by_shape else []", "[]"))
wrong("averages", "sorted", ("list(found.values())", "sorted(found.values(), key=lambda avg: avg.key)"))
wrong("averages", "adding counts one", ('("count", "flops"', '("flops"'), (
    "self.peak_memory = max", "self.count += 1\n        self.peak_memory = max"))  # fmt: skip
wrong("averages", "self time is the total", ("getattr(self, name) + getattr(event, name)", 'getattr(self, name) + getattr(event, name.replace("self_cpu_time", "cpu_time"))'))  # fmt: skip

wrong("peaks", "the innermost range alone", ("for event in self.stack:", "for event in self.stack[-1:]:"))
wrong("peaks", "the meter's highest as it is", ("event.highest - event.before", "event.highest"))
wrong("peaks", "the last reading, not the highest", ("max(event.highest, highest)", "highest"))
wrong("peaks", "what was there before", ("now - event.before", "now"))
wrong("peaks", "no reading at the end", ("now, event = self.note(), self.stack[-1]", "now, event = self.meter()[0], self.stack[-1]"))  # fmt: skip
wrong("peaks", "no reading at the beginning", ("now = self.note()\n        event = super", "now = self.meter()[0]\n        event = super"))  # fmt: skip
wrong("peaks", "never below zero", ("now - event.before", "max(0, now - event.before)"))

wrong("kept", "arrays, not blocks", ("map(block_of, held(node))", "held(node)"))
wrong("kept", "leaves count", ("seen = {id(block_of(edge.array)) for node in nodes for edge in node.edges if isinstance(edge, Tensor)}", "seen = set()"))  # fmt: skip
wrong("kept", "the youngest", ("[::-1]", ""))
wrong("kept", "each time it is held", ("seen.add(id(block))", "pass"))
wrong("kept", "one node of a name", ("kept[name] = kept.get(name, 0) + block.nbytes", "kept[name] = block.nbytes"))
wrong("kept", "the last operation alone", ("graph_order([output.grad_fn])[::-1]", "[output.grad_fn]"))
wrong("kept", "elements", ("block.nbytes", "block.size"))

wrong("amdahl", "the factors add up", ("t / factors.get(name, 1)", "t - factors.get(name, 0)"))
wrong("amdahl", "the new time", ("return sum(times.values()) / after", "return after / sum(times.values())"))
wrong("amdahl", "what is not named is free", ("t / factors.get(name, 1)", "t / factors.get(name, math.inf)"))
wrong("amdahl", "the mean factor", ("return sum(times.values()) / after", "return sum(factors.get(name, 1) for name in times) / len(times)"))  # fmt: skip

# ---- right

right("median-time", "sorted by hand", """def median_time(function, repeats=7, warmup=2, clock=time.perf_counter):
    times = []
    for i in range(warmup + repeats):
        begin = clock()
        function()
        end = clock()
        if i >= warmup:
            times.append(end - begin)
    times.sort()
    half = repeats // 2
    return float(times[half]) if repeats % 2 else (times[half - 1] + times[half]) / 2.0
""")  # fmt: skip
right("counts", "loops", """def product_flops(a, out):
    count = 2
    for n in [a[len(a) - 1], *out]:
        count *= n
    return count


def convolution_flops(weight, out):
    return product_flops((1, math.prod(weight[1:])), out)


def attention_flops(key, out):
    queries = out[:-1]
    return product_flops((key[-1],), (*queries, key[-2])) + product_flops((key[-2],), out)


def bytes_moved(read, written):
    total, before = 0, []
    for x in read:
        if isinstance(x, np.ndarray) and all(x is not y for y in before):
            before.append(x)
            total += int(x.size) * x.dtype.itemsize
    for x in written:
        total += 0 if x is None else x.nbytes
    return total
""")  # fmt: skip
right("roofline", "in another way", """def arithmetic_intensity(flops, moved):
    return 0.0 if moved == 0 else flops / moved


def attainable(intensity, peak, bandwidth):
    return np.where(np.asarray(intensity) < peak / bandwidth, np.asarray(intensity) * bandwidth, peak)


def measured_peak(n=768, repeats=7, clock=time.perf_counter):
    a, b = np.random.rand(2, n, n).astype(np.float32)
    out = np.empty_like(a)
    return 2 * n**3 / median_time(lambda: np.matmul(a, b, out=out), repeats=repeats, clock=clock)


def measured_bandwidth(size=16_000_000, repeats=7, clock=time.perf_counter):
    numbers, copy = np.full(size, 2.0, np.float32), np.full(size, 3.0, np.float32)

    def work():
        copy[:] = numbers

    return 8 * size / median_time(work, clock=clock, repeats=repeats)
""")  # fmt: skip
right("ranges", "the parent is remembered", ("        self.events.append(event)\n        self.stack.append(event)\n", "        for kept in (self.events, self.stack):\n            kept.append(event)\n"), (
    "self.stack.pop().end = end", "event = self.stack[-1]\n        event.end = end\n        del self.stack[-1]"), (
    "return event.cpu_time_total - sum(child.cpu_time_total for child in event.cpu_children)",
    "own = event.end - event.start\n    for child in event.cpu_children:\n        own -= child.end - child.start\n    return own / 1000"))  # fmt: skip
right("door", "a class", """class watched:
    def __init__(self, recorder):
        self.recorder = recorder

    def __enter__(self):
        observers.append(self)
        return self.recorder

    def forward(self, run, function, *inputs, **options):
        recorder = self.recorder
        recorder.open(function.__name__)
        event = recorder.stack[-1]
        try:
            output = run(*inputs, **options)
        finally:
            recorder.close()
        note_forward(event, function, inputs, options, output)
        return output

    def backward(self, run, node, grad):
        event = self.recorder.open(node.__class__.__name__ + "Backward")
        try:
            found = run(node, grad)
        finally:
            self.recorder.close()
        note_backward(event, node, grad, found)
        return found

    def __exit__(self, *error):
        observers.remove(self)
""")  # fmt: skip
right("averages", "grouped first", """class FunctionEventAvg(FunctionEvent):
    cpu_time_total = self_cpu_time_total = self_cpu_memory_usage = 0
    cpu_time = property(lambda self: self.cpu_time_total / self.count if self.count else 0.0)

    def __init__(self, key="Total", input_shapes=()):
        super().__init__(key)
        self.count, self.input_shapes = 0, list(input_shapes)

    def add(self, event):
        self.count += event.count
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        self.flops += event.flops
        self.bytes += event.bytes
        self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_memory_usage += event.self_cpu_memory_usage
        if event.peak_memory > self.peak_memory:
            self.peak_memory = event.peak_memory


def averages(events, by_shape=False):
    keys = [(event.name, [list(shape) for shape in event.input_shapes] if by_shape else []) for event in events]
    found = []
    for i, key in enumerate(keys):
        if key not in keys[:i]:
            found.append(FunctionEventAvg(*key))
            for event, other in zip(events, keys):
                if other == key:
                    found[-1].add(event)
    return found
""")  # fmt: skip
right("kept", "by definition", """def kept_for_backward(output):
    order = sorted(graph_order([output.grad_fn]), key=lambda node: node.order)
    leaves = [block_of(edge.array) for node in order for edge in node.edges if isinstance(edge, Tensor)]
    counted, kept = list(leaves), {}
    for node in order:
        for array in held(node):
            block = block_of(array)
            if any(block is other for other in counted):
                continue
            counted.append(block)
            kept.setdefault(type(node).__name__, 0)
            kept[type(node).__name__] += block.size * block.itemsize
    return kept
""")  # fmt: skip
right("amdahl", "by shares", """def speedup(times, factors):
    whole, left = sum(times.values()), 0.0
    for name in times:
        share = times[name] / whole
        left += share / factors[name] if name in factors else share
    return 1 / left
""")  # fmt: skip
