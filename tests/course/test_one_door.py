"""Defence 2: layers compose tensor operations and never open a tensor; nobody but a few writes a tensor's history."""

import ast
from pathlib import Path

import tinytorch

PACKAGE = Path(tinytorch.__file__).parent
DOORS = {
    "array",
    "numpy",
    "item",
    "tolist",
    "wrap",
    "detach",
    "data",
}  # ways out of a tensor, and back in without a history

# A class that may leave the graph, and the door it takes: nothing but what is listed.
EXEMPT = {}

# Who writes `grad_fn` or `_requires_grad`, and why.
WRITERS = {
    "tensor.py:Tensor._fill": "a new tensor has no history",
    "tensor.py:set_requires_grad": "the flag of a leaf",
    "tensor.py:closed": "a new tensor has no history",
    "tensor.py:set_history": "how the companions below write it",
    "tensor.py:apply": "a result's, of every operation",
    "kernels/operators.py:recording.operator": "the same, for two tensors",
    "ops/saved.py:with_history": "create_graph: what was saved gets its history back",
    "ops/inplace.py:take_history": "a tensor changed in place takes over the history of the result",
    "ops/inplace.py:alias": "the tensor as it was before the change",
    "ops/inplace.py:shape_in_place.method": "a tensor becomes its own view",
    "ops/inplace.py:detach_": "a history is cut on request",
    "ops/conversion.py:tensor_copy": "a copied or unpickled leaf",
    "overrides.py:as_subclass": "the same tensor, of another class",
    "ops/sparse.py:SparseTensor.__init__": "a new tensor has no history",
}


def sources() -> dict:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))
    }


def classes(trees: dict) -> dict:
    """{class name: (file, node, names of its bases)} of all classes."""
    found = {}
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in node.bases]
                found[node.name] = (file, node, bases)
    return found


def layers(trees: dict) -> dict:
    """{name: (file, node)} of every class that derives from Module."""
    known, found, grown = classes(trees), {"Module": None}, True
    while grown:
        new = {name: entry[:2] for name, entry in known.items() if name not in found and set(entry[2]) & set(found)}
        found |= new
        grown = bool(new)
    del found["Module"]
    return found


def opened(node: ast.ClassDef) -> list:
    """Where the body of a layer leaves the world of tensors: (line, what)."""
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in DOORS and not own_data(part):
            found.append((part.lineno, f".{part.attr}"))
        if isinstance(part, ast.Name) and part.id in ("np", "numpy"):
            found.append((part.lineno, part.id))
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "values":
            found.append((part.lineno, "values()"))
        if isinstance(part, (ast.Import, ast.ImportFrom)) and "numpy" in ast.unparse(part):
            found.append((part.lineno, "import numpy"))
    return found


def own_data(attribute: ast.Attribute) -> bool:
    """`self.data`, `self.item` of a container are its own affair."""
    return attribute.attr in ("data", "item") and isinstance(attribute.value, ast.Name) and attribute.value.id == "self"


def writers(tree) -> dict:
    """{qualified name of a function: lines} of all that write a history: by assignment, setattr or object.__setattr__."""
    found = {}

    def visit(node, path):
        for child in ast.iter_child_nodes(node):
            inner = [*path, child.name] if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else path
            targets = [*getattr(child, "targets", []), getattr(child, "target", None)]
            targets = [t for target in targets if target for t in ast.walk(target)]
            names = {t.attr for t in targets if isinstance(t, ast.Attribute) and isinstance(t.ctx, ast.Store)}
            if isinstance(child, ast.Call) and ast.unparse(child.func).endswith(("setattr", "__setattr__")):
                names |= {a.value for a in child.args if isinstance(a, ast.Constant)}
            if isinstance(child, ast.Call) and ast.unparse(child.func).endswith("set_history"):
                names.add("grad_fn")
            if names & {"grad_fn", "_requires_grad"}:
                found.setdefault(".".join(inner) or "<module>", []).append(child.lineno)
            visit(child, inner)

    visit(tree, [])
    return found


def trees() -> dict:
    return {file: ast.parse(source) for file, source in sources().items()}


def test_layers_compose():
    found = layers(trees())
    assert len(found) > 20, "the layers were not found"
    complaints = [
        f"{file}:{line} {name} uses {what}"
        for name, (file, node) in found.items()
        for line, what in opened(node)
        if (name, what) not in EXEMPT
    ]
    assert not complaints, "a layer computes with tensor operations only:\n" + "\n".join(complaints)


def test_few_write_history():
    found = {f"{file}:{name}": lines for file, tree in trees().items() for name, lines in writers(tree).items()}
    assert "tensor.py:apply" in found
    unknown = {name: lines for name, lines in found.items() if name not in WRITERS}
    assert not unknown, f"only the functions listed here may write grad_fn or _requires_grad, found {unknown}"


BAD_LAYERS = {
    "numpy": "class A(Module):\n def forward(self, x):\n  return tensor(np.exp(x))",
    "array": "class A(nn.Module):\n def forward(self, x):\n  return Tensor(x.array * 2)",
    "a helper of its own": "class A(Module):\n def forward(self, x):\n  return self.f(x)\n def f(self, x):\n  return tensor(x.tolist())",
    "item": "class A(Module):\n def forward(self, x):\n  return x * x.mean().item()",
    "detach": "class A(Module):\n def forward(self, x):\n  return x - x.detach().mean()",
    "through a base": "class B(Module):\n pass\nclass A(B):\n def forward(self, x):\n  return x.numpy()",
    "an import of its own": "class A(Module):\n def forward(self, x):\n  import numpy as n\n  return n.exp(x)",
}
BAD_WRITERS = {
    "assignment": "def f(x):\n x.grad_fn = None",
    "two at once": "def f(x):\n x.a, x._requires_grad = 1, True",
    "setattr": "def f(x):\n setattr(x, 'grad_fn', None)",
    "in a method": "class A:\n def f(self):\n  object.__setattr__(self, '_requires_grad', True)",
    "by the function for it": "def f(x):\n tensor.set_history(x, True)",
    "at the top": "x._requires_grad = True",
}


def test_the_checks_can_fail():
    for why, source in BAD_LAYERS.items():
        name, node = "A", layers({"bad.py": ast.parse(source)})["A"][1]
        assert opened(node), f"not found: {name}, {why}"
    for why, source in BAD_WRITERS.items():
        assert writers(ast.parse(source)), f"not found: {why}"
    good = "class A(Module):\n def forward(self, x):\n  return (x @ self.weight.T).relu()"
    assert not opened(layers({"good.py": ast.parse(good)})["A"][1])
    assert not writers(ast.parse("def f(x):\n return x.grad_fn, x.requires_grad"))
