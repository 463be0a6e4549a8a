"""Classes of one's own that take the place of operations, in the ways that PyTorch's notes on extending it show."""

import torch
import torch.nn.functional as F
from torch import nn


class Watched(torch.Tensor):
    """Writes down what is computed with it."""

    heard = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.heard.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


torch.manual_seed(0)
x = Watched([[1.0, -2.0], [3.0, 4.0]])
y = torch.relu(x * 2 - 1) @ x
z = torch.cat([y, torch.ones(1, 2)]).softmax(dim=1).mean()
print(y, type(z).__name__, round(z.item(), 4))
print(Watched.heard)
Watched.heard.clear()
linear = nn.Linear(2, 3)
out = F.gelu(linear(x))
print(type(out).__name__, type(linear.weight * 2).__name__, type(x.max(dim=1)[0]).__name__, type(x.tolist()).__name__)
w = Watched([1.0, 2.0]).requires_grad_()
((w + 1) ** 2).sum().backward()
print(w.grad, type(w.grad).__name__, type(w.data).__name__, type(w.detach()).__name__, type(w[0]).__name__)
print({"sub", "add", "relu", "linear", "gelu", "backward"} & set(Watched.heard) == {"linear", "gelu", "add", "backward"})


class Diagonal:
    """n times a number on the diagonal, by itself no tensor."""

    table = {}

    def __init__(self, n, value):
        self.n, self.value = n, value

    def dense(self):
        return self.value * torch.eye(self.n)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in cls.table or not all(issubclass(t, (torch.Tensor, Diagonal)) for t in types):
            return NotImplemented
        return cls.table[func](*args, **(kwargs or {}))


def dense(x):
    return x.dense() if isinstance(x, Diagonal) else x


Diagonal.table[torch.mean] = lambda x: x.value / x.n
Diagonal.table[torch.add] = lambda a, b, alpha=1: dense(a) + alpha * dense(b)
Diagonal.table[torch.stack] = lambda tensors, dim=0: torch.stack([dense(x) for x in tensors], dim)
d = Diagonal(2, 6.0)
print(torch.mean(d), torch.add(d, torch.ones(2, 2), alpha=2), torch.add(torch.ones(2, 2), d))
print(torch.stack([d, torch.zeros(2, 2)]).shape)
for attempt in (lambda: torch.mul(d, 2), lambda: torch.ones(2, 2) + d, lambda: F.hardtanh(d), lambda: torch.cat([d, d])):
    try:
        attempt()
    except TypeError as error:
        print("TypeError", str(error).split(";")[0].split("[")[0])


class Labelled:
    """A tensor and a note, which results inherit."""

    def __init__(self, data, note):
        self.data, self.note = torch.as_tensor(data), note

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        notes = [a.note for a in args if hasattr(a, "note")]
        result = func(*[getattr(a, "data", a) if isinstance(a, cls) else a for a in args], **(kwargs or {}))
        return cls(result, notes[0])


marked = torch.mul(torch.tensor([[1, 2], [1, 2]]), Labelled([[1, 2], [3, 4]], "measured in May"))
print(marked.data, marked.note)


class Base(torch.Tensor):
    pass


class Derived(Base):
    pass


class Stranger(torch.Tensor):
    pass


print([type(torch.add(a([0]), b([1]))).__name__ for a in (Base, Derived, torch.Tensor) for b in (Base, Derived)])
try:
    torch.add(Derived([0]), Stranger([1]))
except TypeError as error:
    print(str(error).split(";")[0])
print(repr(Base([1.0, 2.0])), type(torch.zeros_like(Base([1.0]))).__name__, type(torch.ones(2).as_subclass(Base)).__name__)
print([type(part).__name__ for part in torch.split(Base([1.0, 2.0]), 1)])

from torch.overrides import TorchFunctionMode, handle_torch_function, has_torch_function, is_tensor_like


def halved(x):
    """A function for the public, which asks the classes of its arguments, too."""
    if has_torch_function((x,)):
        return handle_torch_function(halved, (x,), x)
    return x / 2


Diagonal.table[halved] = lambda x: Diagonal(x.n, x.value / 2)
print(halved(torch.ones(1)), halved(d).value, type(halved(Base([4.0]))).__name__)
print(is_tensor_like(d), is_tensor_like(3), is_tensor_like(torch.ones(1)), has_torch_function((torch.ones(1), 2)))
with torch._C.DisableTorchFunctionSubclass():
    print(type(Base([1.0]) + 1).__name__, has_torch_function((Base([1.0]),)))


class Counting(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.count = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count[func.__name__] = self.count.get(func.__name__, 0) + 1
        return func(*args, **(kwargs or {}))


with Counting() as counting:
    torch.ones(2).add(1).mul(2)
    torch.exp(torch.zeros(1))
print(counting.count)
