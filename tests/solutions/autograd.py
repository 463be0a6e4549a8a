"""Solutions of lesson 02."""

from solutions.solution import Solutions

solutions = Solutions("02_autograd")
wrong, right = solutions.wrong, solutions.right

wrong("numerical-gradient", "forward difference", ("at[i] = middle - eps\n", "at[i] = middle\n"), ("(2 * eps)", "eps"))
wrong("numerical-gradient", "in float32", ("dtype=np.float64", "dtype=np.float32"))
wrong(
    "numerical-gradient",
    "the caller's array moves",
    ("np.array(at, dtype", "np.asarray(at, dtype"),
    ("at.copy()", "at"),
)
wrong("numerical-gradient", "not put back", ("        at[i] = middle\n", ""))
wrong(
    "unbroadcast",
    "the dimensions in front only",
    ("(*range(new), *stretched)", "tuple(range(new))"),
    (".reshape(shape)", ""),
)
wrong(
    "unbroadcast",
    "the dimensions of size 1 only",
    (
        "return grad.sum",
        "grad = grad[(0,) * new]\n    new, stretched = 0, [d - new for d in stretched]\n    return grad.sum",
    ),
)
wrong("unbroadcast", "mean instead of sum", ("grad.sum(", "grad.mean("))
wrong(
    "unbroadcast",
    "wide",
    (
        "return grad.sum(axis=(*range(new), *stretched))",
        "return (grad * np.float64(1)).sum(axis=(*range(new), *stretched))",
    ),
)
wrong("arithmetic-backward", "the sign of sub", ("unbroadcast(-grad, self.b_shape)", "unbroadcast(grad, self.b_shape)"))
wrong(
    "arithmetic-backward",
    "own value instead of the other",
    ("unbroadcast(grad * b, self.a_shape)", "unbroadcast(grad * a, self.a_shape)"),
    ("return grad * b if needs_a", "return grad * a if needs_a"),
)
wrong("arithmetic-backward", "not unbroadcast", ("unbroadcast(grad * a, self.b_shape)", "grad * a"))
wrong("arithmetic-backward", "the sign of div", ("-grad * (a / b) / b", "grad * (a / b) / b"))
wrong("arithmetic-backward", "b not squared", ("-grad * (a / b) / b", "-grad * (a / b)"))
wrong(
    "arithmetic-backward",
    "the gradient from above forgotten",
    ("unbroadcast(grad / b, self.a_shape)", "unbroadcast(grad * 0 + 1 / b, self.a_shape)"),
)
wrong(
    "arithmetic-backward",
    "cut from the tensors",
    ("    a, b = self.saved\n    needs_a", "    a, b = (values(x) for x in self.saved)\n    needs_a"),
)
wrong(
    "reductions-backward",
    "a sum of ones",
    (
        "return run(Expand, grad.reshape(self.kept_shape), shape=self.a_shape)",
        "return np.ones(self.a_shape, values(grad).dtype)",
    ),
)
wrong(
    "reductions-backward",
    "stretched along the last dimension",
    (
        "run(Expand, grad.reshape(self.kept_shape), shape",
        "run(Expand, grad.reshape(self.kept_shape) if grad.shape != self.a_shape[1:] else grad, shape",
    ),
    ("grad.reshape(self.kept_shape) * self.share", "grad * self.share"),
)
wrong("reductions-backward", "log without 1/a", ("grad / self.saved[0]", "grad * self.saved[0]"))
wrong("reductions-backward", "max to all", ("* self.share", "* (self.share * 0 + 1)"))
wrong("reductions-backward", "exp of numbers", ("return grad * self.saved[0]", "return grad * values(self.saved[0])"))
wrong("views-backward", "the same permutation again", ("tuple(np.argsort(self.dims))", "tuple(self.dims)"))
wrong(
    "views-backward",
    "expand averages",
    ("return unbroadcast(grad, self.a_shape)", "return unbroadcast(grad, self.a_shape) / max(1, grad.ndim)"),
)
wrong(
    "views-backward",
    "reshape in the other order",
    (
        "return grad.reshape(self.a_shape)",
        "return run(Reshape, run(Permute, grad, dims=tuple(range(grad.ndim))[::-1]), shape=self.a_shape)",
    ),
)
wrong("matmul-gradients", "transposed wrongly", ("a.swapaxes(-1, -2) @ grad", "(grad.swapaxes(-1, -2) @ a)"))
wrong("matmul-gradients", "not for batches", ("b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad", "b.T, a.T @ grad"))
wrong(
    "matmul-gradients",
    "exchanged",
    (
        "return grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad",
        "return a.swapaxes(-1, -2) @ grad, grad @ b.swapaxes(-1, -2)",
    ),
)
wrong(
    "graph-order",
    "as they come",
    ('sorted(todo, key=attrgetter("order"), reverse=True)', "todo"),
)
wrong("graph-order", "oldest first", (", reverse=True", ""))
wrong("graph-order", "the roots left out", ("return sorted(todo, ", "return sorted(set(todo).difference(roots), "))
wrong(
    "graph-order",
    "by recursion",
    """def graph_order(roots) -> list:
    seen = []

    def visit(node):
        if node not in seen:
            seen.append(node)
            for edge in node.edges:
                if isinstance(edge, Function):
                    visit(edge)

    for root in roots:
        visit(root)
    return sorted(seen, key=lambda node: node.order, reverse=True)
""",
)
wrong("grad-mode", "always on afterwards", ("grad_mode.enabled = self.previous", "grad_mode.enabled = True"))
wrong(
    "grad-mode",
    "swallows errors",
    ("grad_mode.enabled = self.previous", "grad_mode.enabled = self.previous\n        return True"),
)
wrong("grad-mode", "always off", ("grad_mode.enabled = bool(mode)", "grad_mode.enabled = False"))
wrong(
    "walk",
    "overwritten instead of added",
    ("pending[edge] = pending[edge] + gradient if edge in pending else gradient", "pending[edge] = gradient"),
)
wrong(
    "walk",
    "added in place",
    (
        "pending[edge] = pending[edge] + gradient if edge in pending else gradient",
        "if edge in pending:\n                    pending[edge] += gradient\n                else:\n                    pending[edge] = gradient",
    ),
)
wrong("walk", "hooks forgotten", ("grad = hooked(node.hooks, grad)", "pass"))
wrong("walk", "never released", ("if not retain_graph:", "if False:"))
wrong(
    "walk",
    "wanted before the hooks",
    (
        "        if node.hooks:\n",
        "        if node in wanted:\n            found[node] = grad\n        if node.hooks:\n",
    ),
    ("        if node in wanted:\n            found[node] = grad\n        for edge", "        for edge"),
)
wrong("walk", "a gradient of None", ("if edge is not None and gradient is not None:", "if edge is not None:"))
wrong(
    "walk",
    "all gradients ones",
    (
        "        grad = pending.pop(node, None)\n",
        "        grad = pending.pop(node, None)\n        grad = grad if grad is None else grad * 0 + 1\n",
    ),
)

right(
    "numerical-gradient",
    "with unit arrays",
    """def numerical_gradient(function, at: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    at = np.asarray(at, dtype="float64")
    found = []
    for i in range(at.size):
        step = np.zeros(at.size)
        step[i] = eps
        step = step.reshape(at.shape)
        found.append((function(at + step) - function(at - step)) / (eps + eps))
    return np.array(found).reshape(at.shape)
""",
)
right(
    "unbroadcast",
    "in a loop",
    """def unbroadcast(grad, shape: tuple):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for d in range(len(shape)):
        if shape[d] == 1:
            grad = grad.sum(axis=d, keepdims=True)
    return grad
""",
)
right(
    "arithmetic-backward",
    "all gradients, needed or not",
    """@derivative(Sub)
def sub_backward(self, grad):
    return unbroadcast(grad, self.a_shape), unbroadcast(grad * -1.0, self.b_shape)


@derivative(Mul)
def mul_backward(self, grad):
    a, b = self.saved
    return (
        None if b is None else unbroadcast(b * grad, self.a_shape),
        None if a is None else unbroadcast(a * grad, self.b_shape),
    )


@derivative(Div)
def div_backward(self, grad):
    a, b = self.saved
    to_b = None
    if self.needs_input_grad[1]:
        to_b = unbroadcast(grad * (-a / b**2), self.b_shape)
    return unbroadcast(grad * b**-1, self.a_shape), to_b
""",
)
right(
    "reductions-backward",
    "stretched by a product",
    (
        "return run(Expand, grad.reshape(self.kept_shape), shape=self.a_shape)",
        "kind = values(grad).dtype\n    return grad.reshape(self.kept_shape) * np.ones(self.a_shape, kind)",
    ),
    ("return grad * self.saved[0]", "(result,) = self.saved\n    return result * grad"),
    ("return grad / self.saved[0]", "(a,) = self.saved\n    return grad * a**-1"),
    ("grad.reshape(self.kept_shape) * self.share", "self.share * run(Reshape, grad, shape=self.kept_shape)"),
)
right(
    "views-backward",
    "the inverse by index",
    ("tuple(np.argsort(self.dims))", "tuple(self.dims.index(d) for d in range(len(self.dims)))"),
    ("return grad.reshape(self.a_shape)", "return run(Reshape, grad, shape=self.a_shape)"),
)
right(
    "matmul-gradients",
    "the whole transposed",
    (
        "return grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad",
        "flipped = grad.swapaxes(-1, -2)\n    return (b @ flipped).swapaxes(-1, -2), (flipped @ a).swapaxes(-1, -2)",
    ),
)
right(
    "graph-order",
    "level by level, with a dictionary",
    """def graph_order(roots) -> list:
    found, level = {}, list(roots)
    while level:
        found.update((id(node), node) for node in level)
        edges = {id(e): e for node in level for e in node.edges if isinstance(e, Function)}
        level = [edge for key, edge in edges.items() if key not in found]
    return sorted(found.values(), key=lambda node: -node.order)
""",
)
right(
    "grad-mode",
    "with a helper",
    (
        "self.previous = grad_mode.enabled\n        self.mode = grad_mode.enabled = bool(mode)",
        "self.mode, self.previous = bool(mode), exchange(bool(mode))",
    ),
    ("grad_mode.enabled = self.previous", "exchange(self.previous)\n        return False"),
    added='''def exchange(mode):
    """Switch, and say what it was."""
    before, grad_mode.enabled = grad_mode.enabled, mode
    return before
''',
)
right(
    "walk",
    "edge by edge",
    """@dispatch
def walk(pending: dict, wanted=(), retain_graph: bool = False, create_graph: bool = False) -> dict:
    found = {}
    for node in graph_order([source for source in pending if isinstance(source, Function)]):
        if node not in pending:
            continue
        grad = hooked(node.hooks or (), pending[node])
        del pending[node]
        if node in wanted:
            found |= {node: grad}
        answers = list(input_gradients(node, grad, create_graph))
        for place, source in enumerate(node.edges):
            if source is None or answers[place] is None:
                continue
            if source in pending:
                pending[source] = answers[place] + pending[source]
            else:
                pending[source] = answers[place]
        if retain_graph is False:
            release(node)
    return {**pending, **found}
""",
)
