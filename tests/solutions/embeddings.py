"""Solutions of lesson 11."""

from solutions.solution import Solutions

solutions = Solutions("11_embeddings")
wrong, right = solutions.wrong, solutions.right

# ---- wrong

wrong("lookup", "negative ids count from the end", ("(ids < 0) | ", ""))
wrong("lookup", "columns instead of rows", ("return weight[ids]", "return weight.T[ids % weight.shape[1]]"))
wrong("lookup", "always zeros", ("return weight[ids]", "return np.zeros((*ids.shape, weight.shape[1]), weight.dtype)"))

ASSIGNED = """def scatter_add(ids, grad, rows):
    result = np.zeros((rows, grad.shape[-1]), grad.dtype)
    result[ids.reshape(-1)] += grad.reshape(ids.size, grad.shape[-1])
    return result
"""
wrong("scatter-add", "of equal ids the last one wins", ASSIGNED)
wrong("scatter-add", "grad in another order than the ids", ("[order], starts", ", starts"))
wrong("scatter-add", "always float64", ("np.zeros((rows, size), grad.dtype)", "np.zeros((rows, size))"))

wrong("weight-gradient", "padding 0 is taken for none", ("padding_idx is not None", "padding_idx"))
wrong("weight-gradient", "the padding row gets a gradient", ("result[padding_idx] = 0", "pass"))
wrong("weight-gradient", "nan where an id never occurs", ("np.maximum(count, 1)", "count"))
wrong(
    "weight-gradient", "the counts widen to float64", ("result /= ", "result = result / "), (".astype(grad.dtype)", "")
)
wrong(
    "weight-gradient", "a mean over all ids", ("np.maximum(count, 1)[:, None]", "np.full((rows, 1), max(ids.size, 1))")
)

wrong("embedding-function", "ids are copied", ("(ids,)\n", "(ids.copy(),)\n"))
wrong(
    "embedding-function",
    "all-ones gradient",
    ("weight_gradient(ids, grad,", "weight_gradient(ids, np.ones_like(grad),"),
)

wrong("embedding-module", "the padding row is random", ("init.zeros_(self.weight[self.padding_idx])", "pass"))
wrong("embedding-module", "a small start", ("init.normal_(self.weight)", "init.normal_(self.weight, std=0.02)"))
wrong(
    "embedding-module",
    "padding_idx is not handed on",
    ("input, self.weight, self.padding_idx", "input, self.weight, None"),
)
wrong(
    "embedding-module",
    "the norm's options are left out",
    ("self.padding_idx, self.max_norm, self.norm_type", "self.padding_idx, None, 2.0"),
)

wrong("sinusoidal-table", "sine and cosine swapped", ("np.sin", "np.tmp"), ("np.cos", "np.sin"), ("np.tmp", "np.cos"))
wrong(
    "sinusoidal-table",
    "angles in float32",
    (" * frequencies(dim)", ".astype(np.float32) * frequencies(dim).astype(np.float32)"),
)
wrong("sinusoidal-table", "even dimensions only", ("angles[:, : dim // 2]", "angles"))
HALVES = """def sinusoidal_table(num_positions, dim):
    angles = np.arange(num_positions)[:, None] * frequencies(dim)
    return np.concatenate([np.sin(angles), np.cos(angles)[:, : dim // 2]], 1).astype(np.float32)
"""
wrong("sinusoidal-table", "all sines, then all cosines", HALVES)

wrong("learned-positions", "the start is ignored", ("[start : start + input.shape[-2]]", "[: input.shape[-2]]"))
wrong("learned-positions", "the slice has no gradient", ("self.weight[start", "self.weight.detach()[start"))
wrong("learned-positions", "the table is not sliced", ("self.weight[start : start + input.shape[-2]]", "self.weight"))

TURN = "result[..., 0::2] = first * cos - second * sin\n    result[..., 1::2] = first * sin + second * cos"
BACK = "result[..., 0::2] = first * cos + second * sin\n    result[..., 1::2] = second * cos - first * sin"
wrong("rotary", "turned the wrong way", (TURN, BACK))
wrong("rotary", "halves instead of neighbours", ("x[..., 0::2], x[..., 1::2]", "np.split(x, 2, -1)"))
wrong("rotary", "x is overwritten", ("np.empty_like(x)", "x"))
wrong("rotary", "the gradient turns the same way", ("sin=-self.sin", "sin=self.sin"))
wrong(
    "rotary", "the derivative has no derivative",
    ("run(RotaryFunction, grad, cos=self.cos, sin=-self.sin)", "Tensor.wrap(rotate(grad.array, self.cos, -self.sin))"),
)  # fmt: skip

# ---- right, in another style

right("lookup", "by take, flat", """def lookup(weight, ids):
    for i in np.unique(ids):
        if i < 0 or i > weight.shape[0] - 1:
            raise IndexError(f"there is no row {i} among {weight.shape[0]}")
    return np.take(weight, ids.ravel(), axis=0).reshape(ids.shape + weight.shape[1:])
""")  # fmt: skip
right("scatter-add", "by np.add.at", (
    "    order = np.argsort", "    result = np.zeros((rows, size), dtype=grad.dtype)\n"
    "    np.add.at(result, ids, grad.reshape(ids.size, size))\n    return result\n    order = np.argsort"))  # fmt: skip
right("scatter-add", "by a matrix product", """def scatter_add(ids, grad, rows):
    return one_hot_rows(ids, rows, grad.dtype).T @ grad.reshape(ids.size, grad.shape[-1])
""", added="""def one_hot_rows(ids, rows, dtype):
    return (ids.reshape(-1)[:, None] == np.arange(rows)).astype(dtype)
""")  # fmt: skip
right("weight-gradient", "before the sum instead of after it", """def weight_gradient(ids, grad, rows, padding_idx=None, scale_grad_by_freq=False):
    flat, grad = ids.ravel(), grad.reshape(ids.size, -1).copy() if grad.size else grad.reshape(ids.size, grad.shape[-1])
    if scale_grad_by_freq:
        for i in set(flat.tolist()):
            grad[flat == i] /= (flat == i).sum()
    if padding_idx is not None:
        grad = np.where((flat == padding_idx)[:, None], grad.dtype.type(0), grad)
    return scatter_add(flat, grad, rows)
""")  # fmt: skip
right("embedding-module", "by a mask and by keywords", (
    "init.normal_(self.weight)\n        if self.padding_idx is not None:\n            with no_grad():\n"
    "                init.zeros_(self.weight[self.padding_idx])",
    "with no_grad():\n            self.weight.normal_()\n            if self.padding_idx is not None:\n"
    "                self.weight[self.padding_idx] = 0"),
    ("input, self.weight, self.padding_idx, self.max_norm,", "input, self.weight, self.padding_idx, max_norm=self.max_norm,"),
    ("self.norm_type, self.scale_grad_by_freq, self.sparse\n",
     "norm_type=self.norm_type,\n            scale_grad_by_freq=self.scale_grad_by_freq, sparse=self.sparse\n"))  # fmt: skip
right("sinusoidal-table", "one number after another", """def sinusoidal_table(num_positions, dim):
    table = np.zeros((num_positions, dim), np.float32)
    places = np.arange(num_positions, dtype=np.float64)
    for column in range(dim):
        angle = places * np.exp(-np.log(10000.0) * (column // 2 * 2) / dim)
        table[:, column] = (np.cos if column % 2 else np.sin)(angle)
    return table
""")  # fmt: skip
right(
    "learned-positions",
    "by narrow",
    ("self.weight[start : start + input.shape[-2]]", "self.weight.narrow(0, start, input.shape[-2])"),
)
right("rotary", "by complex numbers", (
    "first, second = x", "turned = (x[..., 0::2] + 1j * x[..., 1::2]) * (cos + 1j * sin)\n"
    "    return np.stack([turned.real, turned.imag], -1).reshape(x.shape).astype(x.dtype)\n    first, second = x"))  # fmt: skip
