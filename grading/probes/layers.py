"""Probes of lesson 03: modules are asked as PyTorch's users ask them."""

from collections import OrderedDict

import numpy as np

from .digits import digits, share_right
from .harness import Probes

probe = Probes()
LETTERS = list("abcdefghjkmnpqrstuvwxyz")


def some(rng, *shape, kind="float32"):
    return np.asarray(rng.normal(size=shape), kind)


def sizes(rng, count):
    return tuple(int(n) for n in rng.choice(np.arange(2, 8), count, replace=False))


def words(rng, count):
    """Different names of four letters."""
    first = rng.choice(LETTERS, count, replace=False)
    return ["".join([str(letter), *map(str, rng.choice(LETTERS, 3))]) for letter in first]


def refusal(error, call):
    """The message with which `call` raises `error`."""
    try:
        call()
    except error as raised:
        return str(raised)
    return "nothing was raised"


def holder(lesson, **members):
    """A module with these attributes."""
    module = lesson.Module()
    for name, value in members.items():
        setattr(module, name, value)
    return module


def scaler(lesson):
    """A class of layers that multiply."""

    class Scale(lesson.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = lesson.Parameter(factor)

        def forward(self, input):
            return input * self.factor

    return Scale


@probe(
    "parameter",
    hint="Take the raw array of the data as it is, without copy or history, and set requires_grad after _fill.",
)
def parameter(tt, lesson, rng):
    shape = sizes(rng, 2)
    array, wide, weight = some(rng, *shape), some(rng, shape[1], kind="float64"), some(rng, *shape)

    def memory():
        found = []
        for values in (array, wide):
            data = tt.tensor(values)
            ours = lesson.Parameter(data), lesson.Parameter(data, requires_grad=False)
            data.numpy()[...] *= 3
            found += [each.detach() for each in ours] + [[each.requires_grad for each in (*ours, data)]]
        return tuple(found)

    def leaf():
        source = tt.tensor(array, requires_grad=True)
        p = lesson.Parameter(source * 2)
        frozen = lesson.Parameter(source * 3, requires_grad=False)
        result = p * tt.tensor(weight) + frozen
        result.sum().backward()
        flags = [p.is_leaf, p.grad_fn is None, frozen.requires_grad, frozen.grad is None, source.grad is None]
        flags += [isinstance(p, tt.Tensor), type(result) is tt.Tensor]
        return p.grad, result.detach(), flags

    def empty():
        p, q = lesson.Parameter(), lesson.Parameter(None, False)
        other = lesson.Parameter(tt.tensor(wide))
        return list(p.shape), [p.requires_grad, q.requires_grad, p is q], (other * 2).sum().detach()

    return {"memory": memory, "leaf": leaf, "without data": empty}


def shelves(module, names):
    """What lies where: names, one line for each shelf, and the numbers."""
    lines = [
        [name for name, _ in found]
        for found in (module.named_parameters(), module.named_buffers(), module.named_modules())
    ]
    ordinary = [name for name in names if name in vars(module)]
    values = [p.detach() for _, p in module.named_parameters()] + [x for _, x in module.named_buffers()]
    return "\n".join(" ".join(line) for line in [*lines, ordinary]), tuple(values)


@probe(
    "registration",
    hint="Shelf by shelf: a value fits by its kind or by a name that the shelf holds; else it is an ordinary one.",
)
def registration(tt, lesson, rng):
    names, numbers = words(rng, 8), [some(rng, 2) for _ in range(8)]
    a, b, c, d, e, f, g, h = names

    def param(i):
        return lesson.Parameter(tt.tensor(numbers[i]))

    def plain(i):
        return tt.tensor(numbers[i])

    def by_kind():
        inner = holder(lesson, **{g: param(0)})
        module = holder(lesson, **{a: param(1), b: inner, c: 3, d: plain(2), e: [param(3)], f: None, h: param(4)})
        return shelves(module, names), getattr(module, d), getattr(module, b) is inner

    def by_name():
        module = holder(lesson, **{a: param(0), b: lesson.Module(), g: param(1)})
        module.register_buffer(c, plain(2))
        module.register_buffer(d, plain(3))
        module.register_parameter(e, None)
        found = [shelves(module, names)]
        setattr(module, a, None)  # takes the parameter away
        setattr(module, b, None)
        setattr(module, c, plain(4))  # still a buffer
        setattr(module, e, param(5))
        found.append(shelves(module, names))
        setattr(module, a, param(6))
        setattr(module, d, None)
        return (*found, shelves(module, names), [getattr(module, b) is None, getattr(module, d) is None])

    def moves():
        module = holder(lesson, **{a: param(0), b: lesson.Module(), c: 3})
        module.register_buffer(d, plain(1))
        for i, name in enumerate((b, c, d)):
            setattr(module, name, param(2 + i))  # off the other shelves, and no ordinary attribute any more
        refused = [
            refusal(TypeError, lambda: setattr(module, a, plain(7))) != "nothing was raised",
            refusal(TypeError, lambda: setattr(module, a, lesson.Module())) != "nothing was raised",
        ]
        return shelves(module, names), refused

    def too_early():
        class Early(lesson.Module):
            def __init__(self, name, value):
                setattr(self, name, value)
                super().__init__()
                setattr(self, name + "x", value)

        refused = [
            "before Module.__init__() call" in refusal(AttributeError, lambda v=v: Early(a, v))
            for v in (param(0), lesson.Module())
        ]
        allowed = [Early(b, value) for value in (3, plain(1), None)]
        ordinary = [name for early in allowed for name in (b, b + "x") if name in vars(early)]
        return refused, " ".join(ordinary), shelves(holder(lesson, **{a: param(2)}), names)

    return {"by kind": by_kind, "by name": by_name, "another shelf": moves, "before __init__": too_early}


def tree(tt, lesson, rng, depth=3):
    """A function that builds a network with random names, in which things are absent, tied, and shared."""
    plan, values = [], []
    for _ in range(depth):
        names = words(rng, 9)
        plan.append((names, [int(i) for i in rng.permutation(9)]))
        values.append([some(rng, 2) for _ in range(9)])

    def build():
        Scale, inner, shared = scaler(lesson), None, None
        for (names, order), numbers in zip(plan, values, strict=True):
            module = lesson.Module()
            own = lesson.Parameter(tt.tensor(numbers[0]))
            child = Scale(tt.tensor(numbers[1]))
            shared = shared or child
            members = [
                own,
                own,
                child,
                child,
                shared,
                inner,
                lesson.Parameter(tt.tensor(numbers[2])),
                None,
                tt.tensor(numbers[3]),
            ]
            for i in order:
                name, member = names[i], members[i]
                if i == 7:
                    module.register_parameter(name, None)
                elif i == 8:
                    module.register_buffer(name, member, persistent=bool(order[0] % 2))
                elif i == 4:
                    setattr(module, name, member.factor)  # tied with a parameter further inside
                else:
                    setattr(module, name, member) if member is not None else module.register_module(name, None)
            inner = module
        return inner

    return build


@probe(
    "named-members",
    hint="Itself first, then each child under the longer path; hand memo, path, remove_duplicate on; leave None out.",
)
def named_members(tt, lesson, rng):
    build, prefix = tree(tt, lesson, rng), words(rng, 1)[0]

    def paths(found):
        return "\n".join(path for path, _ in found)

    def values(found):
        return tuple(value.detach() for _, value in found)

    def modules():
        net = build()
        found = [net.named_modules(), net.named_modules(prefix=prefix), net.named_modules(remove_duplicate=False)]
        again = list(net.modules())
        same = [module is other for (_, module), other in zip(net.named_modules(), again, strict=True)]
        return tuple(map(paths, found)), same

    def memo():
        net = build()
        came = [module for _, module in net.named_modules()]
        return tuple(paths(net.named_modules({came[i]}, prefix)) for i in (1, len(came) // 2, len(came) - 1))

    def parameters():
        net = build()
        options = [{}, {"prefix": prefix}, {"recurse": False}, {"remove_duplicate": False}]
        found = [list(net.named_parameters(**option)) for option in options]
        same = [p is q for (_, p), q in zip(found[0], net.parameters(), strict=True)]
        return tuple(map(paths, found)), tuple(map(values, found)), same

    def buffers():
        net = build()
        found = [list(net.named_buffers()), list(net.named_buffers(prefix, False))]
        twin = holder(
            lesson, **{prefix: lesson.Parameter(tt.tensor([1.0])), prefix + "x": lesson.Parameter(tt.tensor([1.0]))}
        )
        return tuple(map(paths, found)), tuple(map(values, found)), paths(twin.named_parameters())

    return {"modules": modules, "memo": memo, "parameters": parameters, "buffers": buffers}


@probe("train-mode", hint="Every module inside must hear it, at any depth; set `mode`, and return the module itself.")
def train_mode(tt, lesson, rng):
    build, x, factors = tree(tt, lesson, rng), some(rng, 3), [float(f) for f in rng.uniform(2, 3, 4)]
    picks = [(float(share), bool(mode)) for share, mode in zip(rng.random(6), rng.integers(0, 2, 6), strict=True)]

    class Moody(lesson.Module):
        def __init__(self, factor, inner):
            super().__init__()
            self.factor, self.inner = factor, inner

        def forward(self, input):
            input = input if self.inner is None else self.inner(input)
            return input * self.factor if self.training else input + self.factor

    def flags():
        net = build()
        found = []
        for share, mode in picks:
            modules = list(net.modules())
            part = modules[int(share * len(modules))]
            same = part.train(mode) is part
            found.append([same] + [module.training for module in modules])
        return found

    def felt():
        net = None
        for factor in factors:
            net = Moody(factor, net)
        outputs = [net(tt.tensor(x)), net.eval()(tt.tensor(x)), net.train()(tt.tensor(x))]
        net.inner.train(False)
        outputs.append(net(tt.tensor(x)))
        net.inner.inner.train(True)
        return (*outputs, net(tt.tensor(x)))

    return {"all": lambda: (flags(), felt())}


@probe(
    "linear", hint="input @ weight.T + bias on the tensors themselves; compare the sizes first, and ask `bias is None`."
)
def linear(tt, lesson, rng):
    n, m, k, batch = sizes(rng, 4)
    shapes = [(batch, n), (n,), (2, batch, n), (1, n), (0, n)]
    inputs = [some(rng, *shape) for shape in shapes]
    weight, bias, up = some(rng, m, n), some(rng, m), some(rng, batch, m)
    wide = [some(rng, *shape, kind="float64") for shape in ((n, batch), (m, n), (m,))]
    clashes = [(some(rng, batch, n + 1), weight), (some(rng, n + 2), weight), (some(rng, k, m, 1), some(rng, m, k))]

    def values():
        w, b = tt.tensor(weight), tt.tensor(bias)
        found = [lesson.linear(tt.tensor(x), w, b) for x in inputs] + [lesson.linear(tt.tensor(inputs[0]), w)]
        x, w, b = map(tt.tensor, wide)
        found.append(lesson.linear(x.T, w, b))
        return (*found, lesson.linear(tt.tensor(inputs[0]), tt.tensor(weight[:1]), tt.tensor(bias[:1])), *inputs[:2])

    def gradients():
        found = []
        for b in (bias, np.zeros_like(bias), None):
            given = [tt.tensor(a, requires_grad=True) for a in (inputs[0], weight, b) if a is not None]
            (lesson.linear(*given) * tt.tensor(up)).sum().backward()
            found += [t.grad for t in given]
        layer = lesson.Linear(n, m)
        (layer(tt.tensor(inputs[0])) * tt.tensor(up)).sum().backward()
        return (*found, layer.weight.grad, layer.bias.grad)

    def messages():
        return "\n".join(
            refusal(RuntimeError, lambda x=x, w=w: lesson.linear(tt.tensor(x), tt.tensor(w))) for x, w in clashes
        )

    return {"values": values, "gradients": gradients, "sizes that differ": messages}


@probe("uniform-bound", hint="Solve b**2 / 3 = gain**2 / fan_in for b; without inputs it is 0.")
def uniform_bound(tt, lesson, rng):
    asked = [(int(n), float(gain)) for n, gain in zip(rng.integers(1, 2000, 20), rng.uniform(0.1, 3, 20), strict=True)]
    asked += [(1, 1.0), (0, float(rng.uniform(1, 2)))]
    return {"bounds": lambda: np.array([lesson.uniform_bound(*each) for each in asked], "float64")}


@probe(
    "sequential",
    hint="Register each module under its name, then call one after the other, each on what the one before it gave.",
)
def sequential(tt, lesson, rng):
    n, m, k = sizes(rng, 3)
    x, factors, names = some(rng, 4, n), [some(rng, m), some(rng, n), some(rng, k)], words(rng, 4)
    weights = [some(rng, m, n), some(rng, m), some(rng, k, m), some(rng, k)]
    count, tags = int(rng.integers(11, 14)), [int(i) for i in rng.integers(2, 99, 3)]

    def layers():
        first, second = lesson.Linear(n, m), lesson.Linear(m, k)
        state = dict(zip(("0.weight", "0.bias", "1.weight", "1.bias"), map(tt.tensor, weights), strict=True))
        holder(lesson, **{"0": first, "1": second}).load_state_dict(state)
        return [first, scaler(lesson)(tt.tensor(factors[0])), second]

    def forward():
        net = lesson.Sequential(*layers())
        output = net(tt.tensor(x))
        output.sum().backward()
        twice = scaler(lesson)(tt.tensor(factors[1]))
        again, nested = (
            lesson.Sequential(twice, twice),
            lesson.Sequential(lesson.Sequential(*layers()), scaler(lesson)(tt.tensor(factors[2]))),
        )
        return (
            output.detach(),
            tuple(p.grad for p in net.parameters()),
            again(tt.tensor(x)),
            nested(tt.tensor(x)),
            lesson.Sequential()(tt.tensor(x)),
        )

    def named():
        net = lesson.Sequential(OrderedDict(zip(names, layers(), strict=False)))
        many = lesson.Sequential(*(lesson.Linear(1, 1, bias=False) for _ in range(count)))
        nested = lesson.Sequential(net, lesson.Sequential(*layers()))
        one = lesson.Sequential(layers()[0])
        text = "\n".join(path for each in (net, many, nested, one) for path, _ in each.named_parameters())
        return text, net(tt.tensor(x)), [len(net), len(many), len(one)], tuple(p.detach() for p in one.parameters())

    def called():
        net, seen = lesson.Sequential(*layers()), []
        for number, module in zip(tags, net, strict=True):
            module.register_forward_hook(lambda module, args, output, number=number: seen.append(number))
        net[1].register_forward_hook(lambda module, args, output: output * 2)
        return net(tt.tensor(x)), seen

    return {"forward": forward, "names": named, "calls": called}


@probe(
    "state-dict",
    hint="Parameters, then buffers, of each module, detached on the same memory; errors in the order of the keys.",
)
def state_dict(tt, lesson, rng):
    build, prefix = tree(tt, lesson, rng), words(rng, 1)[0]
    keys, shape = words(rng, 9), sizes(rng, 2)
    change, other = some(rng, 2), some(rng, 2)

    def paths(state):
        return "\n".join(state)

    def state():
        net = build()
        net.register_buffer(keys[0], tt.tensor(change))
        net.register_buffer(keys[1], tt.tensor(other), persistent=False)
        found = [net.state_dict(), net.state_dict(prefix=f"{prefix}."), lesson.Linear(2, 1, bias=False).state_dict()]
        return tuple(map(paths, found)), tuple(found[0].values())

    def memory():
        net = build()
        state, kept = net.state_dict(), net.state_dict(keep_vars=True)
        wanted = [[x.requires_grad for x in each.values()] for each in (state, kept)]
        same = [kept[path] is p for path, p in net.named_parameters()]
        for x in state.values():
            x.numpy()[...] += change
        return tuple(p.detach() for p in net.parameters()), tuple(net.buffers()), wanted, same

    def errors():
        a, b, c, d, e, f, g, h, i = keys

        def zeros(*names, shape=shape):
            return {name: tt.tensor(np.zeros(shape)) for name in names}

        own = zeros(e, c, a, d) | zeros(b, shape=(3,)) | zeros(h)
        given = zeros(b, i, g, shape=shape[:1]) | zeros(f, e) | zeros(h, shape=(*shape, 1))
        asked = [
            (own, given),
            (own, own),
            (own, zeros(e)),
            (zeros(e, a), zeros(a, e, f)),
            (zeros(a), zeros(a, shape=(1,))),
        ]
        return "\n-\n".join(
            "\n".join(line.strip() for line in lesson.state_errors(*each, strict))
            for each in asked
            for strict in (True, False)
        )

    def loading():
        net, source = build(), build()
        for p in source.parameters():
            p.detach().numpy()[...] *= 2
        state = dict(source.state_dict())
        dropped = state.pop(next(iter(state)))
        refused = refusal(RuntimeError, lambda: net.load_state_dict(state)) != "nothing was raised"
        result = net.load_state_dict(state | {keys[0]: dropped}, strict=False)
        after = tuple(p.detach() for p in net.parameters())
        return after, [refused], "\n".join([*result.missing_keys, "-", *result.unexpected_keys])

    return {"keys": state, "memory": memory, "errors": errors, "loading": loading}


def sources(tt, start, steps):
    """Five leaves, which hold the same number, and the nodes of a random graph on them, oldest first."""
    values = [tt.tensor(start, requires_grad=True) for _ in range(5)]
    for kind, i, j in steps:
        a, b = values[i], values[j]
        values.append(a + b if kind == 0 else a * b if kind == 1 else -a)
    return [x.grad_fn or x for x in values]


def places(found, everything):
    return [next((i for i, each in enumerate(everything) if each is source), -1) for source in found]


def contract(tt, lesson, factor):
    """Whether networks are refused in which a layer forgets its history, or its parameters."""

    class Broken(lesson.Linear):
        def forward(self, input):
            return lesson.linear(input.detach(), self.weight, self.bias)

    class Unused(lesson.Linear):
        def forward(self, input):
            return input * factor

    x = tt.tensor(np.full((2, 3), factor), dtype=tt.float32, requires_grad=True)
    nets = [
        lesson.Sequential(lesson.Linear(3, 3), kind(3, 3), lesson.Linear(3, 3))
        for kind in (Broken, Unused, lesson.Linear)
    ]
    refused = [refusal(RuntimeError, lambda net=net: net(x)) != "nothing was raised" for net in nets]
    return refused, x * 2.0


@probe(
    "unreached",
    hint="Keep sets (== compares numbers), enter only what is younger than `since`, answer in the order of wanted.",
)
def unreached(tt, lesson, rng):
    steps = [(int(rng.integers(3)), *(int(i) for i in rng.integers(0, 5 + number, 2))) for number in range(16)]
    starts = [float(x) for x in rng.uniform(1, 2, 5)]
    rounds = [rng.permutation(21) for _ in range(12)]
    cuts, ends = [int(c) for c in rng.integers(0, 12, 12)], rng.integers(5, 21, (12, 2)).tolist()
    factor, height = float(rng.uniform(0.5, 1)), int(rng.integers(40, 60))

    def met():
        everything, found = sources(tt, starts[0], steps), []
        for order, outputs in zip(rounds, ends, strict=True):
            wanted = [everything[i] for i in order[:9]]
            given = [everything[i] for i in outputs]
            found.append(places(lesson.unreached(given, wanted, 0), everything))
            found.append([len(given), len(wanted)])
        return tuple(found)

    def since():
        everything, found = sources(tt, starts[0], steps), []
        for order, cut, outputs in zip(rounds, cuts, ends, strict=True):
            wanted, border = [everything[i] for i in order[:12]], everything[5 + cut].order
            found.append(places(lesson.unreached([everything[i] for i in outputs], wanted, border), everything))
        return tuple(found)

    def shortcuts():
        everything, found = sources(tt, starts[0], steps), []
        for order, cut, outputs in zip(rounds, cuts, ends, strict=True):
            wanted = [everything[i] for i in order[:12]]
            short = {
                everything[outputs[0]]: [everything[int(order[0])]],
                everything[5 + cut]: [everything[int(order[1]) % 5]],
            }
            found.append(places(lesson.unreached([everything[i] for i in outputs], wanted, 0, short), everything))
        return tuple(found)

    def cost():
        x, lost = (tt.tensor(start, requires_grad=True) for start in starts[:2])
        long = x
        for _ in range(5000):
            long = (long + 1.0) * factor
        branching = x
        for _ in range(height):
            branching = branching + branching * factor
        known = [x, lost, long.grad_fn, branching.grad_fn]
        found = [lesson.unreached([end.grad_fn], [lost, x, long.grad_fn], 0) for end in (long, branching)]
        return tuple(places(each, known) for each in found), branching.detach()

    return {
        "met": met,
        "since": since,
        "shortcuts": shortcuts,
        "cost": cost,
        "contract": lambda: contract(tt, lesson, factor),
    }


def network(tt, lesson):
    return lesson.Sequential(lesson.Linear(64, 24), lesson.Linear(24, 10))


def train(tt, lesson, rng, data):
    """By hand, all examples at once: there is no optimizer yet."""
    tt.manual_seed(int(rng.integers(2**31)))
    net, x, wanted = network(tt, lesson), tt.tensor(data["x"]), tt.tensor(np.eye(10, dtype="float32")[data["y"]])
    for _ in range(60):
        net.zero_grad()
        ((net(x) - wanted) ** 2).mean().backward()
        with tt.no_grad():
            for p in net.parameters():
                p -= 1.0 * p.grad
    return {name: p.detach() for name, p in net.named_parameters()}


probe.learns("sequential", 0.65, digits, train, share_right(network))
