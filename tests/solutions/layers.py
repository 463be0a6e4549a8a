"""Solutions of lesson 03."""

from solutions.solution import Solutions

solutions = Solutions("03_layers")
wrong, right = solutions.wrong, solutions.right

wrong("parameter", "a copy", ("if data is None else data).array)", "if data is None else data).array.copy())"))
wrong("parameter", "always trained", ("self.requires_grad = requires_grad", "self.requires_grad = True"))
wrong("parameter", "never trained", ("        self.requires_grad = requires_grad\n", ""))
wrong(
    "parameter",
    "with a history",
    (
        "        self.requires_grad = requires_grad",
        "        self.requires_grad = requires_grad\n        self.grad_fn = None if data is None else data.grad_fn",
    ),
)
wrong("parameter", "float32 only", (".array)", '.array.astype("float32", copy=False))'))
wrong(
    "registration",
    "lists are searched",
    (
        "    return own\n",
        "    if isinstance(value, list) and value and isinstance(value[0], Parameter):\n        own['_parameters'][name] = value[0]\n    return own\n",
    ),
)
wrong(
    "registration",
    "by kind only",
    ("if isinstance(value, kind) or name in own.get(shelf, ()):", "if isinstance(value, kind):"),
)
wrong(
    "registration",
    "subclasses are not of the kind",
    ("if isinstance(value, kind) or name", "if type(value) is kind or name"),
)
wrong(
    "registration",
    "modules forgotten",
    ("if isinstance(value, kind) or", "if (isinstance(value, kind) and shelf != '_modules') or"),
)
wrong(
    "registration",
    "too early is silent",
    ('raise AttributeError(f"cannot assign {shelf[1:]} before Module.__init__() call")', "return own"),
)
wrong(
    "registration",
    "names before kinds",
    (
        "    own = vars(module)\n",
        "    own = vars(module)\n    for shelf in reversed(KINDS):\n        if name in own.get(shelf, ()):\n            return own[shelf]\n",
    ),
)
wrong(
    "named-members",
    "no recursion",
    (
        'yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)',
        'yield f"{prefix}.{name}" if prefix else name, child',
    ),
)
wrong("named-members", "modules that are false left out", ("if child is not None:", "if child:"))
wrong("named-members", "no path", ('yield f"{path}.{name}" if path else name, value', "yield name, value"))
wrong(
    "named-members",
    "tied ones twice",
    ("                if remove_duplicate:\n                    seen.add(value)\n", ""),
)
wrong("named-members", "a memo for each child", ("child.named_modules(memo,", "child.named_modules(set(),"))
wrong(
    "named-members",
    "equal numbers are one",
    ("value not in seen", "all(value.tolist() != other.tolist() for other in seen)"),
)
wrong(
    "named-members",
    "children first",
    ("    yield prefix, self\n", ""),
    ("remove_duplicate)\n\n\ndef", "remove_duplicate)\n    yield prefix, self\n\n\ndef"),
)
wrong("train-mode", "children are not told", ("for module in self.modules():", "for module in [self]:"))
wrong("train-mode", "only the children", ("for module in self.modules():", "for module in [self, *self.children()]:"))
wrong(
    "train-mode",
    "not if this one is so already",
    (
        "    for module in self.modules():",
        "    if self.training == mode:\n        return self\n    for module in self.modules():",
    ),
)
wrong("train-mode", "always training", ("module.training = mode", "module.training = True"))
wrong("train-mode", "returns nothing", ("    return self", ""))
wrong("linear", "bias forgotten", ("output if bias is None else output + bias", "output"))
wrong("linear", "a bias of zero is none", ("output if bias is None", "output if bias is None or not bias.array.any()"))
wrong("linear", "not transposed", ("input @ weight.T", "input @ weight.reshape(weight.shape[1], weight.shape[0])"))
wrong("linear", "input detached", ("input @ weight.T", "input.detach() @ weight.T"))
wrong(
    "linear",
    "for batches of rows only",
    ("output = input @ weight.T", "output = input.reshape(-1, weight.shape[-1]) @ weight.T"),
)
wrong("linear", "numpy's message", ("if got != expected:", "if False:"))
wrong("uniform-bound", "the variance", ("gain * math.sqrt(3 / fan_in)", "gain**2 * 3 / fan_in"))
wrong("uniform-bound", "the factor 3 forgotten", ("math.sqrt(3 / fan_in)", "math.sqrt(1 / fan_in)"))
wrong("uniform-bound", "gain forgotten", ("gain * math", "math"))
wrong("uniform-bound", "divides by 0", (" if fan_in else 0.0", ""))
wrong(
    "sequential",
    "in a list",
    ("self.add_module(name, module)", "vars(self).setdefault('layers', []).append(module)"),
    ("for module in self:", "for module in vars(self).get('layers', []):"),
)
wrong(
    "sequential",
    "each gets the input",
    (
        "            input = module(input)\n        return input",
        "            output = module(input)\n        return output",
    ),
)
wrong(
    "sequential",
    "names of its own",
    ("named = modules[0].items()", "named = ((str(i), module) for i, module in enumerate(modules[0].values()))"),
)
wrong("sequential", "forward called directly", ("module(input)", "module.forward(input)"))
wrong("sequential", "no module twice", ("for module in self:", "for module in self.children():"))
wrong(
    "sequential",
    "a list kept from the first call",
    (
        "        for module in self:\n",
        "        vars(self).setdefault('_flow', list(self))\n        for module in self._flow:\n",
    ),
)
wrong("sequential", "the first two only", ("for module in self:", "for module in list(self)[:2]:"))
wrong("state-dict", "a copy", ("value.detach()", "Tensor.wrap(value.array.copy())"))
wrong("state-dict", "with history", ("value if keep_vars else value.detach()", "value"))
wrong("state-dict", "transient ones too", (" and name not in module._non_persistent_buffers_set", ""))
wrong("state-dict", "buffers forgotten", ("{**module._parameters, **module._buffers}", "module._parameters"))
wrong("state-dict", "missing keys ignored", ("if strict and missing:", "if False:"))
wrong(
    "state-dict",
    "transient by the outermost's list",
    ("name not in module._non_persistent", "name not in self._non_persistent"),
)
wrong("state-dict", "never strict", ("if strict and unexpected:", "if unexpected:"))
wrong(
    "state-dict",
    "sorted",
    ("missing = [key for key in own if key not in given]", "missing = sorted(set(own) - set(given))"),
)
wrong("state-dict", "shapes not compared", ("if key in given and given[key].shape != own[key].shape:", "if False:"))
wrong("unreached", "everything entered", (" and source.order > since", ""))
wrong("unreached", "the caller's list is emptied", ("list(outputs), set(outputs)", "outputs, set(outputs)"))
wrong("unreached", "since entered", ("source.order > since", "source.order >= since"))
wrong(
    "unreached",
    "shortcuts ignored",
    ("shortcuts[source] if shortcuts and source in shortcuts else source.edges", "source.edges"),
)
wrong(
    "unreached",
    "not in the order of wanted",
    ("return [source for source in wanted if source in missing] if missing else []", "return sorted(missing, key=id)"),
)
wrong(
    "unreached",
    "nothing is ever missing",
    ("return [source for source in wanted if source in missing] if missing else []", "return []"),
)
wrong("unreached", "nothing seen", ("edge is not None and edge not in seen", "edge is not None"))
wrong(
    "unreached",
    "leaves are not met",
    (
        "        missing.discard(source)\n        if isinstance(source, Function)",
        "        if isinstance(source, Function):\n            missing.discard(source)\n        if isinstance(source, Function)",
    ),
)

right(
    "parameter",
    "by parts",
    """class Parameter(Tensor):
    name = owner = None

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True):
        array = np.zeros(0, dtype=np.float32) if data is None else data.detach().array
        self._fill(array)
        if requires_grad:
            self.requires_grad = True
""",
)
right(
    "registration",
    "two questions for each shelf",
    """KINDS = {"_parameters": Parameter, "_modules": Module, "_buffers": ()}


def shelf_for(module: Module, name: str, value) -> dict:
    places = module.__dict__
    ready = "_parameters" in places
    for shelf, kind in KINDS.items():
        fits = isinstance(value, kind)
        if fits and not ready:
            what = "parameters" if kind is Parameter else "modules"
            raise AttributeError("cannot assign " + what + " before Module.__init__() call")
        if ready and (fits or name in places[shelf]):
            return places[shelf]
    return places
""",
)
right(
    "named-members",
    "with lists and other helpers",
    """@patch_to(Module)
def named_modules(self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True):
    memo = set() if memo is None else memo
    if self not in memo:
        if remove_duplicate:
            memo |= {self}
        yield prefix, self
        for name in self._modules:
            child = self._modules[name]
            if child is None:
                continue
            for pair in child.named_modules(memo, join(prefix, name), remove_duplicate):
                yield pair


def join(*parts):
    return ".".join(part for part in parts if part)


def named_members(module: Module, shelf: str, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True):
    seen = []
    modules = module.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, module)]
    for path, owner in modules:
        for name, value in owner.__dict__[shelf].items():
            if value is None or (remove_duplicate and id(value) in seen):
                continue
            seen.append(id(value))
            yield join(path, name), value
""",
)
right(
    "train-mode",
    "by recursion",
    (
        "for module in self.modules():\n        module.training = mode\n",
        "self.training = mode\n    for child in self.children():\n        child.train(mode)\n",
    ),
)
right(
    "linear",
    "transposed by permute",
    """@dispatch
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    out, features = weight.shape
    if input.shape[-1] != features:
        raise RuntimeError(
            f"Linear({features}, {out}): the input's last dimension is {input.shape[-1]}, expected {features}"
        )
    result = input.matmul(weight.permute(1, 0))
    if bias is not None:
        result = bias + result
    return result
""",
)
right(
    "uniform-bound",
    "by powers",
    ("gain * math.sqrt(3 / fan_in) if fan_in else 0.0", "0 if fan_in == 0 else (3 * gain * gain / fan_in) ** 0.5"),
)
right(
    "sequential",
    "by attributes",
    ("self.add_module(name, module)", "setattr(self, name, module)"),
    (
        "for module in self:\n            input = module(input)\n        return input",
        "output = input\n        for name in self._modules:\n            output = self._modules[name](output)\n        return output",
    ),
)
right(
    "state-dict",
    "shelf by shelf",
    (
        'for name, value in {**module._parameters, **module._buffers}.items():\n            if value is not None and name not in module._non_persistent_buffers_set:\n                state[f"{path}.{name}" if path else name] = value if keep_vars else value.detach()',
        "own = list(module._parameters.items())\n        own += [pair for pair in module._buffers.items() if pair[0] not in module._non_persistent_buffers_set]\n        for name, value in own:\n            if value is None:\n                continue\n            key = '.'.join(filter(None, (path, name)))\n            state[key] = value\n            if not keep_vars:\n                state[key] = value.detach()",
    ),
    (
        "if key in given and given[key].shape != own[key].shape:",
        "if key not in unexpected + missing and tuple(given[key].shape) != tuple(own[key].shape):",
    ),
)
right(
    "unreached",
    "level by level, to the end",
    """def unreached(outputs, wanted, since: int, shortcuts: dict | None = None) -> list:
    shortcuts = {id(key): list(value) for key, value in (shortcuts or {}).items()}
    met, level = {}, {id(source): source for source in outputs}
    while level:
        met.update(level)
        following = {}
        for key, source in level.items():
            if isinstance(source, Tensor) or source.order <= since:
                continue
            following.update((id(edge), edge) for edge in shortcuts.get(key, source.edges) if edge is not None)
        level = {key: source for key, source in following.items() if key not in met}
    return [source for source in wanted if id(source) not in met]
""",
)
