"""Solutions of lesson 16."""

from solutions.solution import Solutions

solutions = Solutions("16_gpu")
wrong, right = solutions.wrong, solutions.right

wrong(
    "counted-transfers",
    "counts what failed",
    ("        copy = move(array)\n", ""),
    ("return copy", "return move(array)"),
)
wrong("counted-transfers", "elements instead of bytes", ("array.nbytes", "array.size"))
wrong("counted-transfers", "the last one's bytes only", ("traffic.bytes += ", "traffic.bytes = "))
wrong("counted-transfers", "loses the copy", ("return copy", "return array"))

wrong(
    "least-seconds",
    "arithmetic and memory one after the other",
    ("max(flops / machine.flops, moved", "sum((flops / machine.flops, moved"),
    ("bandwidth)", "bandwidth))"),
)
wrong("least-seconds", "one start only", ("launches * machine.start", "machine.start"))
wrong(
    "least-seconds",
    "the cable overlaps",
    ("moved / machine.bandwidth)", "moved / machine.bandwidth, sent / machine.cable)"),
    (" + sent / machine.cable", ""),
)

wrong("add-kernel", "no guard", ("    if i < out.size:\n    ", ""))
wrong("add-kernel", "a guard that lets one too many through", ("i < out.size", "i <= out.size"))
wrong("add-kernel", "the number in the block only", ("cuda.grid(1)", "cuda.threadIdx.x"))
wrong(
    "add-kernel",
    "one thread does all",
    (
        "    if i < out.size:\n        out[i] = a[i] + b[i]",
        "    if i == 0:\n        for j in range(out.size):\n            out[j] = a[j] + b[j]",
    ),
)

wrong(
    "axpy-kernel",
    "no stride",
    ("range(cuda.grid(1), x.size, cuda.gridsize(1))", "range(cuda.grid(1), min(x.size, cuda.grid(1) + 1))"),
)
wrong("axpy-kernel", "the stride of a block", ("cuda.gridsize(1)", "cuda.blockDim.x"))
wrong(
    "axpy-kernel",
    "a piece for each thread",
    (
        "    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):",
        "    each = -(-x.size // cuda.gridsize(1))\n    for i in range(cuda.grid(1) * each, min(x.size, (cuda.grid(1) + 1) * each)):",
    ),
)
wrong("axpy-kernel", "overwrites y", ("y[i] += alpha", "y[i] = alpha"))

wrong("count-sectors", "segments of 128 bytes", ("byte // 32", "byte // 128"))
wrong("count-sectors", "each thread by itself", ("len({", "len(["), ("size - 1)})", "size - 1)])"))
wrong("count-sectors", "the first byte only", ("(first, first + size - 1)", "(first,)"))

wrong("fold", "no barrier before the first step", ("values.size // 2\n    cuda.syncthreads()\n", "values.size // 2\n"))
wrong("fold", "no barrier between the steps", ("        cuda.syncthreads()\n        half", "        half"))
wrong(
    "fold",
    "no barrier before it returns",
    ("    result = values[0]\n    cuda.syncthreads()\n    return result", "    return values[0]"),
)
wrong(
    "fold",
    "the barrier for some threads only",
    ("        cuda.syncthreads()\n        half", "            cuda.syncthreads()\n        half"),
)
wrong(
    "fold",
    "no guard",
    ("if i < half:", "if i + half < values.size:"),
)
wrong("fold", "stops a step early", ("while half > 0", "while half > 1"))
wrong("fold", "always the sum", ("if not largest:", "if True:"))
wrong("fold", "only the first thread has it", ("    return result", "    return result if i == 0 else np.float32(0)"))
wrong(
    "fold",
    "one thread adds up all",
    """@cuda.jit(device=True)
def fold(values, largest):
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        for i in range(1, values.size):
            values[0] = max(values[0], values[i]) if largest else values[0] + values[i]
    cuda.syncthreads()
    result = values[0]
    cuda.syncthreads()
    return result
""",
)

wrong("matmul-kernel", "no barrier after loading", ("        cuda.syncthreads()\n        for k", "        for k"))
wrong(
    "matmul-kernel",
    "no barrier after multiplying",
    ("* tile_b[k, x]\n        cuda.syncthreads()\n", "* tile_b[k, x]\n"),
)
wrong("matmul-kernel", "a transposed tile", ("tile_b[k, x]", "tile_b[x, k]"))
wrong(
    "matmul-kernel",
    "reads beyond the edge",
    ("b[start + y, column] if inside_b else np.float32(0)", "b[start + y, column]"),
)
wrong("matmul-kernel", "edges of K forgotten", ("row < a.shape[0] and start + x < a.shape[1]", "row < a.shape[0]"))
wrong(
    "matmul-kernel",
    "writes beyond the edge",
    ("    if row < c.shape[0] and column < c.shape[1]:\n        c[row", "    if True:\n        c[row"),
)
wrong(
    "matmul-kernel",
    "threads outside go home",
    (
        "    total = np.float32(0)\n",
        "    total = np.float32(0)\n    if row >= c.shape[0] or column >= c.shape[1]:\n        return\n",
    ),
)
wrong(
    "matmul-kernel",
    "without the tiles",
    ("total += tile_a[y, k] * tile_b[k, x]", "pass"),
    (
        "        c[row, column] = total",
        "        for k in range(a.shape[1]):\n            total += a[row, k] * b[k, column]\n        c[row, column] = total",
    ),
)
wrong(
    "matmul-kernel", "the last tile left out", ("range(0, a.shape[1], TILE)", "range(0, a.shape[1] - TILE + 1, TILE)")
)

wrong(
    "softmax-kernel",
    "the largest is not subtracted",
    ("    largest = fold(values, True)", "    largest = fold(values, True)\n    largest = np.float32(0)"),
)
wrong("softmax-kernel", "not divided", (" / total", ""))
wrong("softmax-kernel", "the largest is at least zero", ("mine = np.float32(-math.inf)", "mine = np.float32(0)"))
wrong(
    "softmax-kernel",
    "only the first columns",
    (
        "    total = fold(values, False)\n    for j in range(i, x.shape[1], THREADS)",
        "    total = fold(values, False)\n    for j in range(i, min(x.shape[1], THREADS), THREADS)",
    ),
)
wrong("softmax-kernel", "the sum of one thread", ("total = fold(values, False)", "total = mine"))

right(
    "counted-transfers",
    "a class that can be called",
    """class Moving:
    def __init__(self, move, traffic):
        self.move, self.traffic = move, traffic

    def __call__(self, array):
        there, size = self.move(array), array.size * array.itemsize
        self.traffic.times, self.traffic.bytes = self.traffic.times + 1, self.traffic.bytes + size
        return there


def counted(move, traffic):
    return Moving(move, traffic)
""",
)
right(
    "add-kernel",
    "the index by hand, an early return",
    (
        "    i = cuda.grid(1)\n    if i < out.size:\n    ",
        "    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x\n    if i >= a.shape[0]:\n        return\n",
    ),
)
right(
    "axpy-kernel",
    "while",
    (
        "    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):\n        y[i] += alpha * x[i]",
        "    i = cuda.grid(1)\n    while i < len(x):\n        y[i] = y[i] + alpha * x[i]\n        i += cuda.blockDim.x * cuda.gridDim.x",
    ),
)
right(
    "count-sectors",
    "np.unique",
    """def sectors(addresses, size):
    first = np.array(addresses, np.int64)
    return int(np.unique(np.concatenate([first // 32, (first + size - 1) // 32])).size)
""",
)
right(
    "fold",
    "neighbours first, two functions",
    """@cuda.jit(device=True)
def together(a, b, largest):
    return max(a, b) if largest else a + b


@cuda.jit(device=True)
def fold(values, largest):
    i, step = cuda.threadIdx.x, 1
    cuda.syncthreads()
    while step < values.size:
        if i % (2 * step) == 0:
            values[i] = together(values[i], values[i + step], largest)
        step *= 2
        cuda.syncthreads()
    whole = values[0]
    cuda.syncthreads()
    return whole
""",
)
right(
    "matmul-kernel",
    "zeros by if, an index that stays inside",
    """@cuda.jit
def matmul_kernel(a, b, c):
    ours = cuda.shared.array((TILE, TILE), np.float32)
    theirs = cuda.shared.array((TILE, TILE), np.float32)
    j = cuda.blockIdx.x * TILE + cuda.threadIdx.x
    i = cuda.blockIdx.y * TILE + cuda.threadIdx.y
    (M, K), N = a.shape, b.shape[1]
    result = np.float32(0.0)
    for t in range((K + TILE - 1) // TILE):
        k = t * TILE + cuda.threadIdx.x
        ours[cuda.threadIdx.y, cuda.threadIdx.x] = 0
        if i < M and k < K:
            ours[cuda.threadIdx.y, cuda.threadIdx.x] = a[i, k]
        k = t * TILE + cuda.threadIdx.y
        value = b[min(k, K - 1), min(j, N - 1)]
        theirs[cuda.threadIdx.x, cuda.threadIdx.y] = value if k < K and j < N else np.float32(0)
        cuda.syncthreads()
        for k in range(min(TILE, K - t * TILE)):
            result += ours[cuda.threadIdx.y][k] * theirs[cuda.threadIdx.x, k]
        cuda.syncthreads()
    if i < M:
        if j < N:
            c[i, j] = result
""",
)
right(
    "softmax-kernel",
    "the exponentials kept in out",
    """@cuda.jit
def softmax_kernel(x, out):
    values = cuda.shared.array(THREADS, np.float32)
    row, i = cuda.blockIdx.x, cuda.threadIdx.x
    peak = np.float32(-1e38)
    j = i
    while j < x.shape[1]:
        if x[row, j] > peak:
            peak = x[row, j]
        j += cuda.blockDim.x
    values[i] = peak
    peak = fold(values, True)
    values[i] = 0
    for j in range(i, x.shape[1], THREADS):
        out[row, j] = math.exp(x[row, j] - peak)
        values[i] += out[row, j]
    total = fold(values, False)
    for j in range(i, x.shape[1], THREADS):
        out[row, j] /= total
""",
)
