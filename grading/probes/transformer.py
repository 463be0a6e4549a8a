"""Probes of lesson 13."""

import numpy as np

from .harness import Probes

probe = Probes()
INF = float("inf")


def normal(rng, *shape):
    return rng.normal(size=shape)


def fill(tt, module, seed):
    """The module in float64, every parameter with numbers of its own, drawn by its name."""
    module = module.to(tt.float64)
    for name, parameter in module.named_parameters():
        numbers = np.random.default_rng([seed, *name.encode()]).normal(size=tuple(parameter.shape), scale=0.5)
        parameter.data.copy_(tt.tensor(numbers))
    return module


def small(lesson, rng, **options):
    """A config with few numbers: heads of 2 to 4 features."""
    heads, size = (int(n) for n in rng.integers(2, 5, 2))
    usual = {"vocab_size": int(rng.integers(7, 12)), "block_size": 9, "n_layer": 2, "n_head": heads}
    return lesson.GPTConfig(**(usual | {"n_embd": heads * size} | options))


def gradients(module, x, above, tt):
    """The result of `module`, its gradient for x, and those for the parameters."""
    x = tt.tensor(x, requires_grad=True)
    y = module(x)
    y.backward(tt.tensor(above))
    return y, x.grad, {name: parameter.grad for name, parameter in module.named_parameters()}


class Kept:
    """Stands in for a cache: each layer that asks finds the next of `rows`, keys and values that it saw before."""

    def __init__(self, tt, rows):
        self.tt, self.rows, self.asked, self.length = tt, rows, 0, rows.shape[-2]

    def extend(self, layer, k, v):
        before = self.tt.tensor(self.rows[self.asked])
        self.asked += 1
        return self.tt.cat([before[0], k], dim=2), self.tt.cat([before[1], v], dim=2)


def kept_rows(rng, config, batch, length):
    """For each layer of `config`, keys and values (2, batch, heads, length, features)."""
    return normal(rng, config.n_layer, 2, batch, config.n_head, length, config.n_embd // config.n_head)


def outcomes(y):
    """Which numbers stand in each column, in order: whatever is drawn, dropout leaves few different ones."""
    rows = y.detach().numpy()
    return tuple(np.unique(column.round(9)) for column in rows.reshape(-1, rows.shape[-1]).T)


@probe("mlp", hint="expand, gelu, project, and dropout last.")
def mlp(tt, lesson, rng):
    configs = small(lesson, rng), small(lesson, rng, bias=False)
    seed, rate = int(rng.integers(2**31)), float(rng.uniform(0.3, 0.6))
    questions = [(config, normal(rng, 2, 5, config.n_embd), normal(rng, 2, 5, config.n_embd)) for config in configs]
    dropping, constants = small(lesson, rng, dropout=rate), rng.uniform(1, 9, 20)

    def values():
        asked = ((fill(tt, lesson.MLP(config), seed), x, above) for config, x, above in questions)
        return tuple(gradients(module, x, above, tt) for module, x, above in asked)

    def dropout():
        module, width = fill(tt, lesson.MLP(dropping), seed), dropping.n_embd
        module.project.weight.data.fill_(0.0)
        module.project.bias.data.copy_(tt.tensor(constants[:width]))
        x = tt.ones(64, 2, width, dtype=tt.float64)
        return outcomes(module.train()(x)), outcomes(module.eval()(x))

    return {"values": values, "dropout": dropout}


@probe("lookback-mask", hint="New token i stands at position total - new + i, and sees itself and all before.")
def lookback_mask(tt, lesson, rng):
    shapes = [(int(new), int(new + more)) for new, more in rng.integers((1, 0), (9, 9), (6, 2))]
    return {"mask": lambda: tuple(lesson.lookback_mask(*shape) for shape in (*shapes, (4, 4), (1, 5), (1, 1)))}


@probe("causal-attention", hint="Cut (B, T, heads, d) and transpose, before and after; mask what is later.")
def causal_attention(tt, lesson, rng):
    configs = small(lesson, rng), small(lesson, rng, bias=False)
    seed, rate = int(rng.integers(2**31)), float(rng.uniform(0.3, 0.6))
    questions = [(config, normal(rng, 2, 5, config.n_embd), normal(rng, 2, 5, config.n_embd)) for config in configs]
    config, x, _ = questions[0]
    kept = [kept_rows(rng, config, 2, int(length)) for length in rng.permutation(np.arange(1, 6))[:2]]
    dropping, constants = small(lesson, rng, dropout=rate), rng.uniform(1, 9, 20)

    def values():
        asked = ((fill(tt, lesson.CausalSelfAttention(config), seed), x) for config, x, _ in questions)
        return tuple(module(tt.tensor(x)) for module, x in asked)

    def slopes():
        asked = ((fill(tt, lesson.CausalSelfAttention(config), seed), x, above) for config, x, above in questions)
        return tuple(gradients(module, x, above, tt)[1:] for module, x, above in asked)

    def cache():
        module = fill(tt, lesson.CausalSelfAttention(config), seed)
        long = [module(tt.tensor(x), Kept(tt, rows)) for rows in kept]
        return *long, module(tt.tensor(x[:, :1]), Kept(tt, kept[0]))

    def dropout():
        """One position sees itself only, with weight 1: each number is the value's bias, or 0, or made larger."""
        module, width = fill(tt, lesson.CausalSelfAttention(dropping), seed), dropping.n_embd
        module.qkv.weight.data.fill_(0.0)
        module.qkv.bias.data[2 * width :] = tt.tensor(constants[:width])
        module.project.weight.data.copy_(tt.eye(width))
        module.project.bias.data.fill_(0.0)
        x = tt.ones(200, 1, width, dtype=tt.float64)
        return outcomes(module.train()(x)), outcomes(module.eval()(x))

    return {"values": values, "gradients": slopes, "cache": cache, "dropout": dropout}


@probe("block", hint="x plus the attention of norm1(x), and then this new x plus the mlp of its norm2.")
def block(tt, lesson, rng):
    configs = small(lesson, rng), small(lesson, rng, bias=False)
    seed = int(rng.integers(2**31))
    questions = [(config, normal(rng, 2, 5, config.n_embd), normal(rng, 2, 5, config.n_embd)) for config in configs]
    kept = kept_rows(rng, configs[0], 2, int(rng.integers(1, 6)))

    def asked():
        return [(fill(tt, lesson.Block(config), seed), x, above) for config, x, above in questions]

    def values():
        tensors = [(module, tt.tensor(x)) for module, x, _ in asked()]
        return tuple((module(x), x) for module, x in tensors)

    def cache():
        module, x, _ = asked()[0]
        return module(tt.tensor(x), Kept(tt, kept))

    return {
        "values": values,
        "gradients": lambda: tuple(gradients(module, x, above, tt)[1:] for module, x, above in asked()),
        "cache": cache,
    }


@probe("gpt-init", hint="N(0, 0.02), smaller by sqrt(2 n_layer) in project; biases 0, norms as they were.")
def gpt_init(tt, lesson, rng):
    seed, width = int(rng.integers(2**31)), 96
    layers = [int(n) for n in rng.choice([2, 8, 18], 6)]  # 2 n_layer is a square

    def started(n_layer):
        table, head = tt.nn.Embedding(200, width), tt.nn.Linear(width, 150, bias=False)
        config = lesson.GPTConfig(n_head=4, n_embd=width)
        model = fill(tt, tt.nn.Sequential(table, lesson.Block(config), head), seed)
        lesson.init_gpt(model, n_layer)
        return {name: p.detach().numpy() for name, p in model.named_parameters()}

    def drawn(numbers, unit):
        """Mean, one divided by the deviation, and weight of the tails, so rounded that what is drawn is no matter."""
        even = numbers / numbers.std()
        return np.rint([10 * even.mean(), 1 / numbers.std() / unit, (even**4).mean()]) + 0.0

    def weights():
        found = started(layers[0])
        matrices = [name for name in found if found[name].ndim == 2 and "project" not in name]
        return [drawn(found[name], 10) for name in matrices], {n: p for n, p in found.items() if p.ndim == 1}

    def project():
        models = [started(n_layer) for n_layer in layers]
        names = [name for name in models[0] if name.endswith("project.weight")]
        return [drawn(found[name], 25) for found in models for name in names]

    return {"weights": weights, "project": project}


@probe("gpt-forward", hint="Tokens plus positions from start on, dropout, every block with the cache, norm, head.")
def gpt_forward(tt, lesson, rng):
    configs = small(lesson, rng), small(lesson, rng, bias=False, n_layer=3)
    seed, rate = int(rng.integers(2**31)), float(rng.uniform(0.3, 0.6))
    questions = [
        (config, rng.integers(0, config.vocab_size, (2, length)), normal(rng, 2, length, config.vocab_size))
        for config in configs
        for length in (9, int(rng.integers(3, 8)))
    ]
    config, ids, _ = questions[1]
    kept = [kept_rows(rng, config, 2, length) for length in (1, 2)]
    dropping = small(lesson, rng, dropout=rate, n_head=1, n_embd=3)

    def scores():
        asked = ((fill(tt, lesson.GPT(config), seed), ids) for config, ids, _ in questions)
        return tuple(model(tt.tensor(ids)) for model, ids in asked)

    def slopes():
        found = []
        for config, ids, above in questions[1:3]:
            model = fill(tt, lesson.GPT(config), seed)
            model(tt.tensor(ids)).backward(tt.tensor(above))
            found.append({name: parameter.grad for name, parameter in model.named_parameters()})
        return tuple(found)

    def cache():
        model = fill(tt, lesson.GPT(config), seed)
        return tuple(model(tt.tensor(ids), Kept(tt, rows)) for rows in kept)

    def dropout():
        """One token again and again, in blocks that add nothing: of its three numbers some are dropped."""
        model = fill(tt, lesson.GPT(dropping), seed)
        for layer in model.blocks:
            for part in (layer.attention.project, layer.mlp.project):
                part.weight.data.fill_(0.0)
                part.bias.data.fill_(0.0)
        same = tt.tensor(np.full((2000, 1), 3))
        return outcomes(model.train()(same)), outcomes(model.eval()(same))

    return {"scores": scores, "gradients": slopes, "cache": cache, "dropout": dropout}


LENGTH = 16


def language(rng):
    """Which token comes next is drawn for every pair before it, such that the last one alone tells nothing."""
    following = np.stack([rng.permutation(8) for _ in range(8)], axis=1)

    def texts(count):
        ids = rng.integers(0, 8, (count, LENGTH + 1))
        for t in range(2, LENGTH + 1):
            told = rng.random(count) < 0.85
            ids[told, t] = following[ids[told, t - 2], ids[told, t - 1]]
        return {"ids": ids}

    return texts(1500), texts(300)


def speaker(lesson):
    return lesson.GPT(lesson.GPTConfig(8, LENGTH, n_layer=1, n_head=2, n_embd=32))


def learn_language(tt, lesson, rng, data):
    tt.manual_seed(int(rng.integers(2**31)))
    model, steps = speaker(lesson), 150
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.data.mul_(4.0)
    optimizer = tt.optim.Adam(model.parameters(), lr=0.01)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * min((step + 1) / 10, 1.1 - step / steps)
        ids = data["ids"][rng.integers(0, len(data["ids"]), 32)]
        scores = model(tt.tensor(ids[:, :-1])).reshape(-1, 8)
        loss = tt.nn.functional.cross_entropy(scores, tt.tensor(ids[:, 1:].reshape(-1)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return dict(model.named_parameters())


def share_foretold(tt, lesson, weights, data):
    model = speaker(lesson)
    for name, parameter in model.named_parameters():
        parameter.data.copy_(tt.tensor(weights[name]))
    found = model(tt.tensor(data["ids"][:, :-1])).detach().numpy().argmax(-1)
    return np.mean(found[:, 1:] == data["ids"][:, 2:])


probe.learns("gpt-forward", 0.6, language, learn_language, share_foretold)


@probe("filters", hint="The k-th best stays, and so does the token with which the sum reaches p.")
def filters(tt, lesson, rng):
    count = int(rng.integers(8, 12))
    spaced = rng.uniform(0.2, 0.4, (3, 2, count)).cumsum(-1)  # no two alike, none of them hopeless
    logits = rng.permuted(spaced, axis=-1) - 2
    single, narrow = logits[0, 0].copy(), logits[0].astype("float32")
    ks = 1, int(rng.integers(2, count - 1)), count, count + 3
    sums = np.sort(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))[..., ::-1].cumsum(-1)

    def between(low, high):
        """A p that no sum comes close to."""
        return float(max(rng.uniform(low, high, 99), key=lambda p: np.abs(sums - p).min()))

    ps = between(0.02, 0.1), between(0.2, 0.4), between(0.4, 0.6), between(0.6, 0.85), 1.0

    def asked(function, options):
        given = [tt.tensor(each) for each in (logits, single, narrow)]
        return tuple((function(each, option), each) for option in options for each in given)

    return {
        "top k": lambda: asked(lesson.filter_top_k, ks),
        "top p": lambda: asked(lesson.filter_top_p, ps),
    }


@probe("choose", hint="First the temperature divides, then top k, then top p on what is left, then draw.")
def choose(tt, lesson, rng):
    shares, ranks = rng.permutation([5, 4, 3, 2, 1, 1]) / 16, rng.permutation(8)
    temperature, cold = float(rng.uniform(1.5, 3)), float(rng.uniform(0.3, 0.6))
    p, seeds, random = float(rng.uniform(0.55, 0.62)), rng.integers(0, 2**31, 2).tolist(), normal(rng, 9, 50)

    def draw(row, seed=0, count=8000, **options):
        logits = tt.tensor(np.tile(row, (count, 1)))
        return lesson.choose(logits, generator=tt.Generator().manual_seed(int(seeds[seed])), **options).numpy()

    def frequencies(row, **options):
        """In sixteenths, so far apart that what is drawn does not matter."""
        drawn = draw(row, **options)
        return list(drawn.shape), np.rint(np.bincount(drawn.ravel(), minlength=6) * (16 / len(drawn)))

    def possible(**options):
        return np.unique(draw(-0.3 * ranks, count=4000, **options))

    def with_generator():
        first, again, other = (draw(np.log(shares), seed) for seed in (0, 0, 1))
        same = np.array_equal(first, again), np.array_equal(first, other)
        return list(same), frequencies(np.log(shares))

    return {
        "greedy": lambda: (
            lesson.choose(tt.tensor(random), greedy=True),
            lesson.choose(tt.tensor(random), 5.0, top_k=3, greedy=True),
        ),
        "temperature": lambda: (
            frequencies(temperature * np.log(shares) + 3, temperature=temperature),
            frequencies(cold * np.log(shares), temperature=cold),
        ),
        "filters": lambda: (
            possible(top_k=3),
            possible(top_p=p),
            possible(top_k=4, top_p=p),
            possible(temperature=2.0, top_p=p),
            possible(temperature=0.5, top_k=7, top_p=p),
        ),
        "generator": with_generator,
    }


@probe("cache", hint="The kept rows first, then the new ones, along dimension 2, for each layer its own.")
def cache(tt, lesson, rng):
    config, seed = small(lesson, rng), int(rng.integers(2**31))
    pieces = [normal(rng, 2, 3, int(length), 4) for length in rng.integers(1, 8, 6)]
    ids = rng.integers(0, config.vocab_size, (2, 9))
    first, second = int(rng.integers(1, 5)), int(rng.integers(1, 4))

    def parts():
        """(layer, keys, values) again and again, of two layers."""
        layers = lesson.MLP(config), lesson.MLP(config)
        for piece in pieces:
            for factor, layer in enumerate(layers, 1):
                yield layer, tt.tensor(factor * piece), tt.tensor(-factor * piece)

    def extend():
        kept = lesson.KeyValueCache()
        found = [kept.extend(*part) for part in parts()]
        fresh = [lesson.KeyValueCache().extend(*part) for part in list(parts())[-2:]]
        return *found, *fresh

    def length():
        kept = lesson.KeyValueCache()
        found = [kept.length]
        for part in parts():
            kept.extend(*part)
            found.append(kept.length)
        return [*found, lesson.KeyValueCache().length]

    def model():
        model, found = fill(tt, lesson.GPT(config), seed), []
        for lengths in ((first, second, 1, 1), (1,) * 9, (9,)):
            kept, start = lesson.KeyValueCache(), 0
            for n in lengths:
                found.append(model(tt.tensor(ids[:, start : start + n]), kept))
                start += n
        return tuple(found)

    return {"extend": extend, "length": length, "model": model}


@probe("generate", hint="Up to block_size tokens from the cache, beyond it the last ones anew; eval, and back.")
def generate(tt, lesson, rng):
    config, seed = small(lesson, rng, block_size=8), int(rng.integers(2**31))
    prompt, long = rng.integers(0, config.vocab_size, (2, 3)), rng.integers(0, config.vocab_size, (2, 11))
    few, many = int(rng.integers(2, 6)), int(rng.integers(9, 14))
    draws = int(rng.integers(2**31))

    class Watched(lesson.GPT):
        """Notes what it is asked: how many tokens, in which modes."""

        def forward(self, ids, cache=None):
            self.asked.append([ids.shape[1], self.training, self.blocks[0].training, tt.is_grad_enabled()])
            return super().forward(ids, cache)

    def write(ids, count, kind=lesson.GPT, **options):
        given = tt.tensor(ids)
        generator = tt.Generator().manual_seed(draws)
        return lesson.generate(fill(tt, lesson.GPT(config), seed), given, count, generator=generator, **options), given

    def both(ids, count, **options):
        return tuple(write(ids, count, use_cache=use_cache, **options) for use_cache in (True, False))

    def drawn():
        first, again, uncached = (
            write(np.tile(prompt, (20, 1)), few, temperature=3.0, use_cache=use)[0].numpy()
            for use in (True, True, False)
        )
        best = write(prompt, many, greedy=True)[0].numpy()
        one = [{"temperature": 1e-7}, {"top_k": 1}, {"top_p": 1e-6}]  # each leaves the best only
        same = np.array_equal(first, again), np.array_equal(first, uncached), len(np.unique(first, axis=0)) > 10
        return *(write(prompt, many, **options)[0] for options in one), best, list(same)

    def modes():
        found = []
        for training in (True, False):
            for use_cache in (True, False):
                model = fill(tt, Watched(config), seed).train(training)
                model.asked = []
                text = lesson.generate(model, tt.tensor(prompt), many, greedy=True, use_cache=use_cache)
                flags = [text.requires_grad, model.training, model.blocks[0].training, tt.is_grad_enabled()]
                found.append((text, model.asked, flags))
        return tuple(found)

    def failing():
        model = fill(tt, Watched(config), seed).train()
        model.asked = None  # to append to it fails
        try:
            lesson.generate(model, tt.tensor(prompt), few)
        except Exception as error:
            return type(error).__name__, [model.training, model.blocks[0].training, tt.is_grad_enabled()]
        return "no error"

    return {
        "text": lambda: (*both(prompt, few, greedy=True), *both(prompt, 0, greedy=True)),
        "beyond": lambda: (*both(prompt, many, greedy=True), *both(long, few, greedy=True)),
        "drawn": drawn,
        "modes/asked": modes,
        "modes/after an error": failing,
    }
