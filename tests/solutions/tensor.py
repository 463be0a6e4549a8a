"""Solutions of lesson 01."""

from solutions.solution import Solutions

solutions = Solutions("01_tensor")
wrong, right = solutions.wrong, solutions.right

wrong("to-array", "arrays narrowed too", (" and not isinstance(data, (np.ndarray, np.generic))", ""))
wrong("to-array", "no copy", ("array = np.array(data)", "array = np.asarray(data)"))
wrong("to-array", "everything float32", ("if array.dtype == np.float64 and", "if"))
wrong(
    "function-apply",
    "constants need a gradient",
    ("needs.append(False)", "needs.append(True)"),
)
wrong("function-apply", "recorded under no_grad", (" and grad_mode.enabled", ""))
wrong("function-apply", "options lost", ("node.forward(*arrays, **options)", "node.forward(*arrays)"))
wrong(
    "function-apply",
    "saved after forward",
    ("    node.saved = ()\n", ""),
    ("    if True in needs", "    node.saved = ()\n    if True in needs"),
)
wrong(
    "to-array",
    "a given dtype through float32",
    ("return np.array(data, dtype=as_dtype(kind).numpy)", "return to_array(data).astype(as_dtype(kind).numpy)"),
)
wrong("function-apply", "notes on the class", ("node.saved = ()", "cls.saved = ()"))
wrong(
    "function-apply",
    "constants become arrays",
    ("            arrays.append(x)\n            needs", "            arrays.append(np.asarray(x))\n            needs"),
)
wrong("result-type", "numpy's rule", ("if rank == highest", ""))
wrong("result-type", "numbers count as tensors", ("else (0, DEFAULT", "else (2, DEFAULT"))
wrong(
    "result-type",
    "float64 by default",
    ("highest = max(rank for rank, _ in ranked)", "highest = min(rank for rank, _ in ranked)"),
)
wrong(
    "broadcast-shapes",
    "the larger size wins",
    ("if result[i] == 1:", "if result[i] == 1 or shape[i] == 0:"),
    ("result[i] = shape[i]", "result[i] = max(result[i], shape[i])"),
)
wrong(
    "broadcast-shapes",
    "aligned at the left",
    ("for i in range(-len(shape), 0):", "for i in range(len(shape)):"),
    ("raise RuntimeError(clash(shapes, i))", "raise RuntimeError(clash(shapes, i - len(result)))"),
)
wrong(
    "broadcast-shapes",
    "asks numpy",
    """def broadcast_shapes(*shapes):
    return np.broadcast_shapes(*shapes)


def clash(shapes, dim):
    return "no"
""",
)
wrong("arithmetic", "the sides of sub exchanged", ("return a - b", "return b - a"))
wrong(
    "arithmetic",
    "saved in the other order",
    ("self.saved = a if self.needs_input_grad[1] else None, b", "self.saved = b, a"),
)
wrong(
    "arithmetic",
    "a quotient saves as a product does",
    (
        "self.saved = a if self.needs_input_grad[1] else None, b",
        "self.saved = a if self.needs_input_grad[1] else None, b if self.needs_input_grad[0] else None",
    ),
)
wrong(
    "arithmetic",
    "the result saved for a's slope",
    ("result if self.needs_input_grad[1] else None", "result if self.needs_input_grad[0] else None"),
)
wrong("arithmetic", "integer division", ("return a / b", "return a // b"))
wrong("arithmetic", "changes its input", ("return a - b", "a -= b\n        return a"))
wrong("arithmetic", "float64", ("np.asarray(a**b)", 'np.asarray(a**b, "float64")'))
wrong(
    "mean-max",
    "without 1/n",
    ("tensor_sum(input, dim, keepdim) / count if count", "tensor_sum(input, dim, keepdim) if count"),
)
wrong(
    "mean-max", "divided by all", ("math.prod(input.shape[d] for d in normalize_dims(dim, input.ndim))", "numel(input)")
)
wrong(
    "mean-max",
    "history lost",
    ("return tensor_sum(input, dim, keepdim) / count", "return tensor_sum(input.detach(), dim, keepdim) / count"),
)
wrong(
    "mean-max",
    "history lost where dim is None",
    (
        "    count = math",
        "    if dim is None:\n        return Tensor.wrap(np.asarray(input.array.mean()))\n    count = math",
    ),
)
wrong(
    "mean-max",
    "a maximum of at least 0",
    ("axis=dim, keepdims=True)\n        places", "axis=dim, keepdims=True, initial=0)\n        places"),
)
wrong("mean-max", "ties count in full", ("places / places.sum(axis=dim, keepdims=True)", "places"))
wrong("mean-max", "share is float64", (".astype(a.dtype)", ""))
wrong("mean-max", "keepdim ignored", ("return kept if keepdim else kept", "return kept"))
wrong("views", "reshape copies", ("return a.reshape(shape)", "return a.reshape(shape).copy()"))
wrong("views", "expand by tiling", ("return np.broadcast_to(a, shape)", "return np.broadcast_to(a, shape).copy()"))
wrong("views", "the inverse permutation", ("a.transpose(dims)", "a.transpose(np.argsort(dims))"))
wrong("views", "the new shape kept", ("self.a_shape = a.shape", "self.a_shape = shape"))
wrong(
    "matmul",
    "only matrices",
    ("return a @ b", "return np.asarray(a[..., :, None] * b).sum(-2) if b.ndim == 2 else a @ b[0]"),
)
wrong("views", "the order of the memory", ("return a.reshape(shape)", "return a.reshape(shape, order='A')"))
wrong(
    "matmul",
    "saves only what is needed",
    ("self.saved = a, b", "self.saved = tuple(x if n else None for x, n in zip((a, b), self.needs_input_grad[::-1]))"),
)
wrong("matmul", "saved in the other order", ("self.saved = a, b", "self.saved = b, a"))
wrong(
    "matmul",
    "numpy raises the error",
    ("if a.shape[-1] != inner:", "if False:"),
    ("broadcast_shapes(a.shape[:-2], b.shape[:-2])\n", "\n"),
)
wrong("matmul", "the error names one shape", ("matmul: {a.shape} @ {b.shape}: the left", "matmul: the left"))
wrong("matmul", "float64", ("return a @ b", 'return a.astype("float64") @ b'))

right(
    "to-array",
    "by a look at the data",
    """def to_array(data, kind: dtype | None = None) -> np.ndarray:
    array = np.array(data)
    if kind is None:
        python = not hasattr(data, "dtype")
        kind = "float32" if python and array.dtype.kind == "f" else array.dtype
    array = array.astype(as_dtype(kind).numpy, copy=True)
    as_dtype(array.dtype)
    return array
""",
)
right(
    "function-apply",
    "with comprehensions",
    """def apply(cls, *inputs, **options) -> Tensor:
    def is_wanted(x):
        return isinstance(x, Tensor) and x.requires_grad

    node = cls()
    node.saved, node.needs_input_grad = (), [is_wanted(x) for x in inputs]
    arrays = [opened(x) if isinstance(x, Tensor) else x for x in inputs]
    output = closed(node, node.forward(*arrays, **options), inputs)
    if not grad_mode.enabled or not any(node.needs_input_grad):
        return output
    output.grad_fn, output._requires_grad = node, True
    node.record(inputs, arrays, output)
    return output


Function.apply = classmethod(apply)
""",
)
right(
    "result-type",
    "category by category",
    """def result_type(*operands) -> dtype:
    shelves = {0: [], 1: [], 2: []}
    for x in operands:
        if isinstance(x, Tensor):
            shelves[0 if x.dim() else 1].append(x.dtype)
        else:
            shelves[2].append(DEFAULT_DTYPES[type(x)])
    best = max(k.family for kinds in shelves.values() for k in kinds)
    for kinds in shelves.values():
        fitting = [k for k in kinds if k.family == best]
        if fitting:
            widest = fitting[0].numpy
            for k in fitting[1:]:
                widest = np.promote_types(widest, k.numpy)
            return as_dtype(widest)


Tensor._result_type = staticmethod(result_type)
""",
)
right(
    "broadcast-shapes",
    "padded with ones",
    """def broadcast_shapes(*shapes: tuple) -> tuple:
    ndim = max(map(len, shapes), default=0)
    padded = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes]
    result = ()
    for dim, column in enumerate(zip(*padded)):
        others = set(column) - {1}
        if len(others) > 1:
            raise RuntimeError(clash(shapes, dim - ndim))
        result += (others.pop() if others else 1,)
    return result


def clash(shapes, dim: int) -> str:
    sizes = [shape[dim] for shape in shapes if len(shape) >= -dim]
    return (
        f"shapes {' and '.join(map(str, shapes))} do not broadcast: aligned at the right, dimension {dim} has "
        f"sizes {' and '.join(map(str, sizes))}; they must be equal or 1"
    )
""",
)
right(
    "broadcast-shapes",
    "two at a time, by recursion",
    """def broadcast_shapes(*shapes: tuple) -> tuple:
    if len(shapes) < 2:
        return tuple(shapes[0]) if shapes else ()
    return meet(shapes, broadcast_shapes(*shapes[:-1]), shapes[-1]) if len(shapes) > 2 else meet(shapes, *shapes)


def clash(shapes, dim: int) -> str:
    sizes = [shape[dim] for shape in shapes if len(shape) >= -dim]
    return (
        f"shapes {' and '.join(map(str, shapes))} do not broadcast: aligned at the right, dimension {dim} has "
        f"sizes {' and '.join(map(str, sizes))}; they must be equal or 1"
    )
""",
    added='''def meet(shapes, p, q):
    """The shape of two."""
    if len(p) < len(q):
        p, q = q, p
    result = list(p)
    for i in range(1, len(q) + 1):
        if p[-i] == 1:
            result[-i] = q[-i]
        elif q[-i] != 1 and q[-i] != p[-i]:
            raise RuntimeError(clash(shapes, -i))
    return tuple(result)
''',
)
right(
    "arithmetic",
    "everything saved, by numpy's functions",
    (
        "self.saved = a if self.needs_input_grad[1] else None, b\n        return a / b",
        "self.saved = (a, b)\n        return np.divide(a, b)",
    ),
    ("return a - b", "return np.subtract(a, b)"),
    ("result = np.asarray(a**b)", "result = np.asarray(np.power(a, b))"),
)
right(
    "mean-max",
    "sum of shares, sorted dimensions",
    (
        "return tensor_sum(input, dim, keepdim) / count if count else tensor_sum(input, dim, keepdim) * math.nan",
        "return tensor_sum(input, dim=dim, keepdim=keepdim) * (1 / count if count else math.nan)",
    ),
    ("kept = np.max(a, axis=dim, keepdims=True)", "kept = np.amax(a, axis=tuple(sorted(dim)), keepdims=True)"),
    ("places = (a == kept) | (np.isnan(kept) & np.isnan(a))", "places = np.equal(a, kept)"),
    (
        "(places / places.sum(axis=dim, keepdims=True)).astype(a.dtype)",
        "np.divide(places, np.count_nonzero(places, axis=dim, keepdims=True), dtype=a.dtype)",
    ),
    ("kept.reshape([n for d, n in enumerate(a.shape) if d not in dim])", "np.squeeze(kept, axis=dim)"),
)
right(
    "matmul",
    "einsum",
    """class MatMul(Function):
    differentiable_twice = True

    def forward(self, a, b):
        if 0 in (a.ndim, b.ndim) or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
            raise RuntimeError(f"cannot multiply {a.shape} and {b.shape}")
        broadcast_shapes(a.shape[:-2], b.shape[:-2])
        self.saved = (a, b)
        left, right = ("k" if a.ndim == 1 else "...nk"), ("k" if b.ndim == 1 else "...km")
        result = "" if a.ndim == b.ndim == 1 else "..." + "n" * (a.ndim > 1) + "m" * (b.ndim > 1)
        return np.einsum(f"{left},{right}->{result}", a, b)


def matmul(input, other) -> Tensor:
    if not isinstance(other, Tensor):
        return NotImplemented
    if input.dtype is not other.dtype:
        raise RuntimeError("matmul: two dtypes")
    return MatMul.apply(input, other)


Tensor.matmul = Tensor.__matmul__ = matmul
""",
)
