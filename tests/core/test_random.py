"""From the same seed the same numbers as PyTorch: every way to draw, in order, and every module's initial parameters.

Floats may differ in the last bits: PyTorch itself takes other logarithms on other processors.
"""

import functools

import numpy as np
import pytest
import torch
from module_samples import MODULES, name_of

import tinytorch as tt
from tinytorch import backends


def drawn(t, draw, seed=7) -> list[np.ndarray]:
    t.manual_seed(seed)
    found = draw(t)
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(x.detach().numpy() if hasattr(x, "detach") else x) for x in [*found, t.randn(1), t.rand(2)]]


def agree(ours: list[np.ndarray], theirs: list[np.ndarray]):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(
            a, b, rtol=1e-6 if a.dtype.kind == "f" else 0, atol=1e-6 if a.dtype.kind == "f" else 0
        )


def batches(t, *arguments, **options):
    return [x for batch in t.utils.data.DataLoader(*arguments, **options) for x in batch]


def samples(t, sampler, *arguments, **options):
    return t.tensor(list(getattr(t.utils.data, sampler)(*arguments, **options)))


DRAWS = {
    "rand": lambda t: [t.rand(3, 4), t.rand(5, dtype=t.float64), t.rand(()), t.rand(0)],
    "rand_like": lambda t: [t.rand_like(t.zeros(3)), t.randn_like(t.zeros(30)), t.randint_like(t.zeros(3), 10)],
    "of 16 bits and complex": lambda t: [
        draw.to(t.complex128 if kind.is_complex else t.float32)
        for kind in (t.float16, t.bfloat16, t.complex64, t.complex128)
        for n in (5, 32, 40)
        for draw in (t.rand(n, dtype=kind), t.randn(n, dtype=kind), t.empty(n, 2, dtype=kind)[:, 0].normal_(1, 3))
    ],
    "uniform_": lambda t: [t.empty(50).uniform_(-0.3, 0.6), t.empty(50, dtype=t.float64).uniform_(-0.3, 0.6)],
    "randn, few": lambda t: [t.randn(3), t.randn(4), t.randn(1), t.rand(1), t.randn(2, 2), t.randn(3, dtype=t.float64)],
    "randn, blocks": lambda t: [t.randn(16), t.randn(3, 7), t.randn(100), t.randn(33, dtype=t.float64)],
    "normal_": lambda t: [t.empty(40).normal_(0.3, 0.02), t.empty(5).normal_(2, 3)],
    "in the order of the memory": lambda t: [
        t.empty(6, 8).t().normal_(),
        t.zeros(20, 20)[:, 3:9].normal_(),
        t.zeros(2, 3, 4).transpose(0, 2).uniform_(),
        t.zeros(3, 4).t().exponential_(),
        t.zeros(3, 4, dtype=t.int64).t().random_(),
    ],
    "like what lies in another order": lambda t: [
        draw(x.to(t.float32))
        for x in (
            t.ones(40, 6).t(),
            t.ones(3, 5, 4).permute(1, 2, 0),
            t.ones(6, 8)[:, ::2].t(),
            t.ones(1, 6).expand(5, 6),
            t.ones(3, 1, 4).expand(3, 2, 4).permute(2, 0, 1),
        )
        for draw in (
            t.rand_like,
            t.randn_like,
            lambda x: t.randint_like(x, 10),
            lambda x: t.randn_like(x, memory_format=t.contiguous_format),
            lambda x: t.empty_like(x).bernoulli_(0.3),
            lambda x: t.empty_like(x).bernoulli_(x / 2),
            lambda x: t.bernoulli(x / 2),
            t.nn.functional.dropout,
            lambda x: t.nn.functional.alpha_dropout(x, training=True),
            lambda x: t.nn.functional.rrelu(-x, training=True),
            t.nn.functional.gumbel_softmax,
            lambda x: t.multinomial(x.reshape(-1, 2).t(), 5),
        )
    ],
    "dropout in a transformer": lambda t: [
        make(dropout=0.5, batch_first=first, dtype=t.float64)(t.ones(5, 3, 8).double().cumsum(0), *more)
        for first in (False, True)
        for make, more in (
            (functools.partial(t.nn.TransformerEncoderLayer, 8, 2, 16), ()),
            (functools.partial(t.nn.TransformerDecoderLayer, 8, 2, 16), (t.ones(5, 3, 8).double(),)),
        )
    ],
    "normal": lambda t: [
        t.normal(0, 1, (30,)),
        t.normal(t.arange(5.0), t.ones(5) * 0.1),
        t.normal(t.arange(50.0), 2.0),
    ],
    "randint": lambda t: (
        [t.randint(-5, 5, (7,)), t.randint(5, (3,), dtype=t.float32)]
        + [t.randint(0, high, (3,)) for high in (10, 2**28 - 1, 2**28, 2**32, 2**40)]
    ),
    "randperm": lambda t: [t.randperm(n) for n in (0, 1, 10, 100)],
    "bernoulli": lambda t: [
        t.bernoulli(t.full((30,), 0.3)),
        t.bernoulli(t.full((30,), 0.3, dtype=t.float64)),
        t.bernoulli(t.zeros(9), 0.4),
        t.empty(30).bernoulli_(0.3),
        t.empty(30).bernoulli_(t.full((30,), 0.3)),
    ],
    "multinomial": lambda t: [
        t.multinomial(t.tensor([0.1, 0.2, 0.7]), 8, replacement=True),
        t.multinomial(t.tensor([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]), 1),
        t.multinomial(t.tensor([0.1, 0.2, 0.7, 0.4]), 3),
        t.multinomial(t.rand(20, 30), 5),
    ],
    "exponential_": lambda t: [t.empty(20).exponential_(2.0), t.empty(20, dtype=t.float64).exponential_()],
    "log_normal_": lambda t: [t.empty(5).log_normal_(), t.empty(20).log_normal_(0.0, 0.5)],
    "random_": lambda t: (
        [t.empty(4, dtype=kind).random_() for kind in (t.int64, t.int32, t.uint8, t.float32, t.float64, t.bool)]
        + [t.empty(4, dtype=t.int64).random_(10), t.empty(4).random_(3, 9)]
    ),
    "gamma": lambda t: [
        t._standard_gamma(a.to(kind))
        for kind in (t.float32, t.float64)
        for a in (t.tensor([0.0, 1e-3, 0.3, 1.0, 2.5, 1e5]), t.arange(300).reshape(20, 15).t() / 50, t.zeros(0))
    ],
    "dirichlet": lambda t: [
        t._sample_dirichlet(a.to(kind))
        for kind in (t.float32, t.float64)
        for a in (t.tensor([[2e-3, 1e-3], [0.5, 0.5], [3.0, 70.0]]), t.ones(100, 3), t.ones(2, 0))
    ],
    "poisson": lambda t: [
        t.poisson(rate.to(kind)).to(t.float32)
        for kind in (t.float16, t.bfloat16, t.float32, t.float64)
        for rate in (t.tensor([0.0, 0.1, 9.5, 10.0, 30.0, 1e4]), t.arange(300).reshape(20, 15).t() / 15)
    ],
    "binomial": lambda t: [
        t.binomial(n.to(kind), p.to(kind))
        for kind in (t.float32, t.float64)
        for n in (t.tensor(7.0), t.arange(300.0), t.full((300,), 1e6))
        for p in (t.tensor(0.3), t.arange(300) / 299, t.full((4, 1), 2e-5))
    ],
    "cauchy_": lambda t: [t.empty(20).cauchy_(1, 2), t.empty(6, 5, dtype=t.float64).t().cauchy_()],
    "geometric_": lambda t: [t.empty(20).geometric_(0.3), t.empty(6, 5, dtype=t.int64).t().geometric_(0.01)],
    "numbers by rejection, a generator of one's own": lambda t: [
        draw(t.full((4,), 3.0), generator=t.Generator().manual_seed(3)) for draw in (t._standard_gamma, t.poisson)
    ],
    "dropout": lambda t: [
        t.nn.functional.dropout(t.ones(40), 0.3),
        t.nn.functional.dropout(t.ones(40, dtype=t.float64), 0.5),
        t.nn.functional.dropout1d(t.ones(4, 5, 2), 0.3),
        t.nn.functional.dropout2d(t.ones(4, 5, 2, 2), 0.3),
        t.nn.functional.alpha_dropout(t.ones(30), 0.3, True),
    ],
    "gumbel_softmax": lambda t: t.nn.functional.gumbel_softmax(t.zeros(3, 4)),
    "init": lambda t: [
        getattr(t.nn.init, f"{name}_")(t.empty(5, 6))
        for name in "uniform normal xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal".split()
    ],
    "trunc_normal_": lambda t: [
        t.nn.init.trunc_normal_(t.empty(5, 6), std=0.02),
        t.nn.init.trunc_normal_(t.empty(50), 0.5, 1.0, 0.0, 1.0),
        t.nn.init.trunc_normal_(t.empty(50), 0.0, 1.0, 1.5, 2.0),
    ],
    "DataLoader": lambda t: (
        batches(t, t.utils.data.TensorDataset(t.arange(10)), batch_size=3)
        + batches(t, t.utils.data.TensorDataset(t.arange(10)), batch_size=3, shuffle=True)
    ),
    "samplers": lambda t: [
        samples(t, "SubsetRandomSampler", range(10)),
        samples(t, "WeightedRandomSampler", [0.1, 0.2, 0.7], 8),
        samples(t, "WeightedRandomSampler", [0.1, 0.2, 0.7], 2, replacement=False),
        samples(t, "RandomSampler", range(5), replacement=True, num_samples=70),
    ],
    "random_split": lambda t: [t.tensor(list(part)) for part in t.utils.data.random_split(range(10), [3, 7])],
    "recurrent networks": lambda t: [
        x
        for kind in ("RNN", "LSTM", "GRU")
        for cell in ("", "Cell")
        for x in getattr(t.nn, kind + cell)(3, 4).parameters()
    ],
    "in layers, both directions, projected": lambda t: [
        *t.nn.GRU(3, 4, 2, bidirectional=True, bias=False).parameters(),
        *t.nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2).parameters(),
    ],
    "dropout between layers": lambda t: [
        t.nn.RNN(3, 4, 3, dropout=0.5, bidirectional=True)(t.randn(5, 2, 3))[0],
        t.nn.LSTM(3, 4, 2, dropout=0.3, batch_first=True)(t.randn(5, 2, 3))[0],
        t.nn.LSTM(3, 4, 2, dropout=0.3, proj_size=2)(t.randn(5, 3))[0],
        t.nn.GRU(3, 4, 2, dropout=0.3)(t.nn.utils.rnn.pack_sequence([t.randn(5, 3), t.randn(2, 3)]))[0].data,
    ],
    "a generator of one's own": lambda t: [
        t.randn(20, generator=t.Generator().manual_seed(-3)),
        t.rand(2, generator=t.Generator().manual_seed(2**40 + 1)),
    ],
}


@pytest.mark.parametrize(
    "backend", [name for name in ("lessons", "numba") if name == "lessons" or name in backends.available()]
)
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_numbers(draw, backend):
    with backends.use(backend):
        agree(drawn(tt, draw), drawn(torch, draw))


@pytest.mark.parametrize("info", MODULES, ids=name_of)
def test_the_same_initial_parameters(info):
    made = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=True, training=True)
    for sample in made[:3]:
        arguments = sample.constructor_input
        found = []
        for t in (tt, torch):
            t.manual_seed(1)
            try:
                found.append(getattr(t.nn, info.module_cls.__name__)(*arguments.args, **arguments.kwargs))
                if "Lazy" in info.module_cls.__name__:  # its parameters are drawn when it sees its first input
                    found[-1](t.ones(2, 4, 5, 5, 5)[(..., *[0] * (3 - int(info.module_cls.__name__[-2])))])
            except (TypeError, NotImplementedError):  # an argument of PyTorch's own kind, a tensor or a module
                return
        agree(*[[x.numpy() for x in module.state_dict().values() if x is not None] for module in found])


def test_a_state_goes_both_ways():
    for used in (0, 1, 623, 624, 1000):
        ours, theirs = tt.Generator().manual_seed(5), torch.Generator().manual_seed(5)
        for t, generator in ((tt, ours), (torch, theirs)):
            t.rand(used, generator=generator), t.randn(1, generator=generator)  # the other of two normal numbers waits
        here = tt.Generator().set_state(tt.from_numpy(theirs.get_state().numpy()))
        there = torch.Generator().set_state(torch.from_numpy(ours.get_state().numpy()))
        for draw in (lambda t, g: t.randn(3, generator=g), lambda t, g: t.rand(700, generator=g)):
            agree(*[[draw(t, generator).numpy()] for t, generator in ((tt, here), (torch, there))])
        assert here.initial_seed() == there.initial_seed() == 5


def test_a_state_that_is_none():
    with pytest.raises(TypeError, match="ByteTensor"):
        tt.set_rng_state(tt.zeros(5056))
    with pytest.raises(RuntimeError, match="5056"):
        tt.set_rng_state(tt.zeros(45, dtype=tt.uint8))
