"""Recurrent networks and packed sequences, beside PyTorch: layers, directions, lengths, states, errors."""

import copy
import itertools
import pickle
import warnings

import numpy as np
import pytest
import torch
from against_torch import same

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn.utils import rnn

KINDS = ("RNN", "LSTM", "GRU")


def pair(kind, *sizes, dtype="float64", **options):
    """(ours, PyTorch's) with the same parameters."""
    tt.manual_seed(1)
    ours, theirs = (getattr(t.nn, kind)(*sizes, dtype=getattr(t, dtype), **options) for t in (tt, torch))
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    return ours, theirs


def drawn(t, *shape, seed=0, grad=True):
    return t.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=grad)


def listed(value) -> list:
    return [x for part in value for x in listed(part)] if isinstance(value, (tuple, list)) else [value]


def outcome(t, module, inputs, *states):
    """All that a module returns for an input, and all gradients of a sum of it."""
    outputs = [x for x in listed(module(inputs, *states)) if x is not None and x.is_floating_point()]
    total = sum((x * drawn(t, *x.shape, seed=i, grad=False)).sum() for i, x in enumerate(outputs))
    leaves = [x for x in listed([inputs, *states]) if x is not None and x.requires_grad and x.is_leaf]
    return [*outputs, *t.autograd.grad(total, [*leaves, *module.parameters()])]


def state_of(t, module, *batch, seed=5):
    """A first state that wants a gradient, (h,) or ((h, c),)."""
    layers = module.num_layers * (2 if module.bidirectional else 1)
    sizes = [module.proj_size or module.hidden_size, module.hidden_size]
    h, c = (drawn(t, layers, *batch, size, seed=seed + i) for i, size in enumerate(sizes))
    return (h, c) if module.mode == "LSTM" else h


OPTIONS = [
    {},
    {"num_layers": 3},
    {"bidirectional": True, "bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"num_layers": 2, "dropout": 1.0},  # all between the layers is 0: no luck in it
]
LAYERS = [(kind, options) for kind in KINDS for options in OPTIONS]
LAYERS += [("RNN", {"nonlinearity": "relu", "num_layers": 2})]
LAYERS += [("LSTM", {"proj_size": 2, **options}) for options in OPTIONS[1:4]]
layers = pytest.mark.parametrize(("kind", "options"), LAYERS, ids=[f"{kind}-{o}" for kind, o in LAYERS])


@layers
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "a state"])
def test_layers_as_in_pytorch(kind, options, given):
    modules = pair(kind, 3, 4, **options)
    results = []
    for t, module in zip((tt, torch), modules, strict=True):
        n = 5 if options.get("batch_first") else 2
        results.append(outcome(t, module, drawn(t, 5, 2, 3), *[state_of(t, module, n)] * given))
    same(*results, rtol=1e-9, atol=1e-9, what=f"{kind} {options}")


@layers
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "a state"])
def test_without_a_batch(kind, options, given):
    modules = pair(kind, 3, 4, **options)
    results = []
    for t, module in zip((tt, torch), modules, strict=True):
        results.append(outcome(t, module, drawn(t, 5, 3), *[state_of(t, module)] * given))
    same(*results, rtol=1e-9, atol=1e-9, what=f"{kind} {options}")


@layers
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "a state"])
def test_packed_as_in_pytorch(kind, options, given):
    """Lengths out of order; two sequences end together; every output, state and gradient."""
    modules = pair(kind, 3, 4, **options)
    results = []
    for t, module in zip((tt, torch), modules, strict=True):
        sequences = [drawn(t, length, 3, seed=length + i) for i, length in enumerate((3, 6, 1, 3))]
        packed = t.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
        state = [state_of(t, module, 4)] * given
        output, last = module(packed, *state)
        padded, lengths = t.nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
        assert lengths.tolist() == [3, 6, 1, 3] and type(output) is t.nn.utils.rnn.PackedSequence
        outputs = [padded, output.data, *listed(last)]
        total = sum((x * drawn(t, *x.shape, seed=i, grad=False)).sum() for i, x in enumerate(outputs))
        results.append([*outputs, *t.autograd.grad(total, [*sequences, *listed(state), *module.parameters()])])
    same(*results, rtol=1e-9, atol=1e-9, what=f"{kind} {options}")


@pytest.mark.parametrize("kind", KINDS)
def test_packed_or_alone_is_the_same(kind):
    """What is packed with longer ones gives what it gives alone, in both directions."""
    tt.manual_seed(0)
    module = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True, dtype=tt.float64)
    sequences = [drawn(tt, length, 3, seed=length) for length in (2, 5, 4)]
    output, states = module(rnn.pack_sequence(sequences, enforce_sorted=False))
    for i, (sequence, ours) in enumerate(zip(sequences, rnn.unpack_sequence(output), strict=True)):
        alone, state = module(sequence)
        np.testing.assert_allclose(ours.detach().numpy(), alone.detach().numpy(), atol=1e-12)
        for of_all, of_one in zip(listed(states), listed(state), strict=True):
            np.testing.assert_allclose(of_all[:, i].detach().numpy(), of_one.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(2,), (), (0,)])
def test_cells_as_in_pytorch(kind, bias, batch):
    modules = pair(kind, 3, 4, bias=bias)
    results = []
    for t, module in zip((tt, torch), modules, strict=True):
        state = tuple(drawn(t, *batch, 4, seed=i) for i in (1, 2))
        state = state if kind == "LSTMCell" else state[0]
        found = outcome(t, module, drawn(t, *batch, 3), state)
        results.append([*found, *outcome(t, module, drawn(t, *batch, 3))])
    same(*results, rtol=1e-9, atol=1e-9, what=kind)


@pytest.mark.parametrize("kind", [*KINDS, "RNNCell", "LSTMCell", "GRUCell"])
def test_initial_values(kind):
    """Uniform in +-1 / sqrt(hidden_size), all parameters, whatever their width."""
    tt.manual_seed(0)
    for value in getattr(nn, kind)(100, 16).parameters():
        assert 0.2 < value.abs().max().item() <= 0.25
        assert abs(value.detach().numpy().std() - 0.25 / 3**0.5) < 0.03


def test_names_shapes_and_order_of_the_parameters():
    for options in ({"num_layers": 2, "bidirectional": True}, {"bias": False}, {"proj_size": 2, "bidirectional": True}):
        ours, theirs = (t.nn.LSTM(3, 4, **options) for t in (tt, torch))
        assert [(name, tuple(p.shape)) for name, p in ours.named_parameters()] == [
            (name, tuple(p.shape)) for name, p in theirs.named_parameters()
        ]
        shapes = [[[tuple(p.shape) for p in part] for part in module.all_weights] for module in (ours, theirs)]
        assert shapes[0] == shapes[1] and ours.all_weights[0][0] is ours.weight_ih_l0
        assert repr(ours) == repr(theirs) and ours.flatten_parameters() is None


@pytest.mark.parametrize("make", [lambda n: n.RNN(2, 3, 2, "relu", False), lambda n: n.GRU(2, 3, 2, False, True, 0.5, True),
                                  lambda n: n.RNNCell(2, 3, nonlinearity="relu"), lambda n: n.GRUCell(2, 3, False)])  # fmt: skip
def test_reprs(make):
    assert repr(make(nn)) == repr(make(torch.nn))


def test_dropout_between_the_layers_only():
    tt.manual_seed(0)
    module, x = nn.GRU(3, 50, num_layers=2, dropout=0.5), tt.ones(4, 2, 3)
    first, second = (module(x)[0].detach().numpy() for _ in range(2))
    assert not np.allclose(first, second) and (first != 0).all(), "no output of the last layer is dropped"
    module.eval()
    assert np.array_equal(*(module(x)[0].detach().numpy() for _ in range(2)))
    with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1"):
        nn.LSTM(3, 4, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(3, 4, num_layers=2, dropout=0.5)


def test_a_state_that_is_carried_on():
    """Two halves, the second from the state of the first, are the whole; detached, no gradient crosses."""
    tt.manual_seed(0)
    module, x = nn.LSTM(3, 4, dtype=tt.float64), drawn(tt, 6, 2, 3)
    whole, _ = module(x)
    first, state = module(x[:2])
    second, _ = module(x[2:], state)
    np.testing.assert_allclose(tt.cat([first, second]).detach().numpy(), whole.detach().numpy(), atol=1e-12)
    assert (tt.autograd.grad(second.sum(), x)[0].numpy()[:2] != 0).all()
    second, _ = module(x[2:], tuple(s.detach() for s in state))
    assert (tt.autograd.grad(second.sum(), x)[0].numpy()[:2] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_may_be_changed_in_place(kind):
    """As in PyTorch, by a ReLU(inplace=True) for instance: the way back does not compute from it."""
    found = []
    for t in (tt, torch):
        t.manual_seed(0)
        module, x = getattr(t.nn, kind)(3, 4), t.linspace(-1, 1, 18).reshape(3, 2, 3).requires_grad_()
        output, _ = module(x)
        output.mul_(2.0).sum().backward()
        found.append([g.numpy() for g in (x.grad, *(p.grad for p in module.parameters()))])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_backward_frees_and_can_be_told_not_to():
    output, _ = nn.GRU(3, 4)(tt.ones(3, 2, 3))
    output.sum().backward(retain_graph=True)
    output.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        output.sum().backward()


def test_copied_pickled_and_moved():
    tt.manual_seed(0)
    module, x = nn.LSTM(3, 4, num_layers=2, bidirectional=True), tt.ones(3, 2, 3)
    expected = module(x)[0].detach().numpy()
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert np.array_equal(other(x)[0].detach().numpy(), expected)
    assert module.double()(x.double())[0].dtype is tt.float64


def test_a_weight_that_is_computed():
    """Programs that drop weights replace the parameter by a tensor of the same name."""
    tt.manual_seed(0)
    module, x = nn.LSTM(3, 4), tt.ones(3, 2, 3)
    raw = module.weight_hh_l0
    del module.weight_hh_l0
    module.weight_hh_l0 = raw * 0.5
    module(x)[0].sum().backward()
    assert raw.grad is not None and (raw.grad != 0).any()


# ------------------------------------------------------------------------------------------------------------- sequences


SEQUENCES = [(3, 6, 1, 3), (4,), (2, 2), (5, 4, 1)]


@pytest.mark.parametrize("lengths", SEQUENCES)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("tail", [(), (2,), (2, 3)])
def test_packing_as_in_pytorch(lengths, batch_first, tail):
    results = []
    for t in (tt, torch):
        functions = t.nn.utils.rnn
        sequences = [drawn(t, n, *tail, seed=i) for i, n in enumerate(lengths)]
        padded = functions.pad_sequence(sequences, batch_first, 7.5)
        packed = functions.pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
        again, back = functions.pad_packed_sequence(packed, batch_first, -1.5, total_length=8)
        total = sum((x * drawn(t, *x.shape, seed=9, grad=False)).sum() for x in (padded, packed.data, again))
        lists = [
            *functions.unpack_sequence(packed),
            *functions.unpad_sequence(padded.clone(), t.tensor(lengths), batch_first),
        ]
        results.append([padded, *packed, again, back, *lists, *t.autograd.grad(total, sequences)])
    same(*results, what=f"{lengths}")


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_of_whole_numbers(side):
    ours, theirs = (
        t.nn.utils.rnn.pad_sequence([t.tensor([1, 2]), t.tensor([3, 4, 5])], True, 9, side) for t in (tt, torch)
    )
    same(ours, theirs)


def test_a_sorted_batch_keeps_no_order():
    packed = rnn.pack_sequence([tt.tensor([1, 2]), tt.tensor([3])])
    assert packed.sorted_indices is packed.unsorted_indices is None
    assert packed.data.tolist() == [1, 3, 2] and packed.batch_sizes.tolist() == [2, 1]
    theirs = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
    assert repr(packed) == repr(theirs)


def test_packed_sequences_are_converted():
    packed = rnn.pack_sequence([tt.ones(2), tt.ones(3)], enforce_sorted=False)
    wide = packed.double()
    assert wide.data.dtype is tt.float64 and wide.batch_sizes is packed.batch_sizes and type(wide) is type(packed)
    assert packed.to("cpu") is packed and packed.float() is packed and packed.to(tt.float64).data.dtype is tt.float64
    assert packed.long().data.dtype is tt.int64 and not packed.is_cuda
    data, sizes, order, back = packed
    assert rnn.PackedSequence((data, sizes)).batch_sizes is sizes
    assert rnn.PackedSequence(data, sizes, order).unsorted_indices.tolist() == back.tolist()
    assert rnn.invert_permutation(tt.tensor([2, 0, 1])).tolist() == [1, 2, 0] and rnn.invert_permutation(None) is None


def test_packed_words_through_an_embedding():
    """As programs do it: the data is taken out, and packed again."""
    tt.manual_seed(0)
    words = rnn.pack_sequence([tt.tensor([1, 2, 3]), tt.tensor([4])])
    table, module = nn.Embedding(5, 3), nn.GRU(3, 4)
    output, _ = module(rnn.PackedSequence(table(words.data), words.batch_sizes))
    output.data.sum().backward()
    assert (table.weight.grad.numpy()[1:] != 0).any(axis=1).all()


# ---------------------------------------------------------------------------------------------------------------- errors


def R(t, *shape):
    return t.zeros(*shape)


def packed(t, *lengths, features=3):
    return t.nn.utils.rnn.pack_sequence([R(t, n, features) for n in lengths])


ERRORS = {
    "no steps": lambda t: t.nn.RNN(3, 4)(R(t, 0, 2, 3)),
    "no steps, no batch": lambda t: t.nn.GRU(3, 4)(R(t, 0, 3)),
    "dimensions": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 2, 2, 3)),
    "one dimension": lambda t: t.nn.RNN(3, 4)(R(t, 3)),
    "features": lambda t: t.nn.GRU(3, 4)(R(t, 2, 2, 5)),
    "dtype": lambda t: t.nn.GRU(3, 4)(R(t, 2, 2, 3).double()),
    "whole numbers": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 2, 3).long()),
    "state's size": lambda t: t.nn.GRU(3, 4)(R(t, 2, 2, 3), R(t, 1, 3, 4)),
    "state's dimensions": lambda t: t.nn.GRU(3, 4)(R(t, 2, 2, 3), R(t, 2, 4)),
    "state's dimensions without a batch": lambda t: t.nn.RNN(3, 4)(R(t, 2, 3), R(t, 1, 1, 4)),
    "cell's size": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 2, 3), (R(t, 1, 2, 4), R(t, 1, 3, 4))),
    "states' dimensions": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 2, 3), (R(t, 2, 4), R(t, 2, 4))),
    "states' dimensions without a batch": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 3), (R(t, 1, 1, 4), R(t, 1, 4))),
    "a tuple for a GRU": lambda t: t.nn.GRU(3, 4)(R(t, 2, 2, 3), (R(t, 1, 2, 4),)),
    "one tensor for an LSTM": lambda t: t.nn.LSTM(3, 4)(R(t, 2, 2, 3), R(t, 1, 2, 4)),
    "packed, state": lambda t: t.nn.GRU(3, 4)(packed(t, 3, 2), R(t, 1, 3, 4)),
    "packed, features": lambda t: t.nn.GRU(2, 4)(packed(t, 3, 2)),
    "dropout": lambda t: t.nn.LSTM(2, 4, dropout=1.5),
    "dropout True": lambda t: t.nn.LSTM(2, 4, dropout=True),
    "projection of a GRU": lambda t: t.nn.GRU(2, 4, proj_size=2),
    "projection of an RNN": lambda t: t.nn.RNN(2, 4, proj_size=0),
    "projection too wide": lambda t: t.nn.LSTM(2, 4, proj_size=4),
    "projection below 0": lambda t: t.nn.LSTM(2, 4, proj_size=-1),
    "nonlinearity": lambda t: t.nn.RNN(2, 4, nonlinearity="gelu"),
    "mode": lambda t: t.nn.RNNBase("X", 2, 4),
    "input_size": lambda t: t.nn.GRU(0, 4),
    "input_size 2.0": lambda t: t.nn.GRU(2.0, 4),
    "hidden_size": lambda t: t.nn.GRU(2, -1),
    "num_layers": lambda t: t.nn.LSTM(2, 4, 0),
    "bias": lambda t: t.nn.GRU(3, 3, bias=1),
    "batch_first": lambda t: t.nn.GRU(3, 3, batch_first=0),
    "an unknown option": lambda t: t.nn.GRU(3, 3, layers=2),
    "cell, dimensions": lambda t: t.nn.GRUCell(2, 4)(R(t, 1, 1, 2)),
    "cell, features": lambda t: t.nn.GRUCell(2, 4)(R(t, 1, 3)),
    "cell, state": lambda t: t.nn.GRUCell(2, 4)(R(t, 1, 2), R(t, 1, 5)),
    "cell, batch": lambda t: t.nn.RNNCell(2, 4)(R(t, 1, 2), R(t, 3, 4)),
    "cell, state's dimensions": lambda t: t.nn.RNNCell(2, 4)(R(t, 1, 2), R(t, 1, 1, 1, 4)),
    "cell, two states' dimensions": lambda t: t.nn.LSTMCell(2, 4)(R(t, 1, 2), (R(t, 1, 4), R(t, 1, 1, 4))),
    "cell, second state": lambda t: t.nn.LSTMCell(2, 4)(R(t, 1, 2), (R(t, 1, 4), R(t, 1, 5))),
    "cell, one tensor": lambda t: t.nn.LSTMCell(2, 4)(R(t, 2, 2), R(t, 2, 2, 4)),
    "cell, dtype": lambda t: t.nn.GRUCell(2, 4)(R(t, 1, 2).double()),
    "cell, state's dtype": lambda t: t.nn.GRUCell(2, 4)(R(t, 1, 2), R(t, 1, 4).double()),
    "cell, nonlinearity": lambda t: t.nn.RNNCell(2, 4, nonlinearity="x")(R(t, 1, 2)),
    "unsorted": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4, 2, 3), [2, 4]),
    "length 0": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4, 2, 3), [4, 0]),
    "too many lengths": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4, 2, 3), [4, 3, 2]),
    "lengths 2D": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4, 2, 3), t.ones(2, 1)),
    "no batch dimension": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4), [4]),
    "nothing to pack": lambda t: t.nn.utils.rnn.pack_padded_sequence(R(t, 4, 0, 3), []),
    "no sequences": lambda t: t.nn.utils.rnn.pack_sequence([]),
    "total_length": lambda t: t.nn.utils.rnn.pad_packed_sequence(packed(t, 3, 2), total_length=2),
    "pad nothing": lambda t: t.nn.utils.rnn.pad_sequence([]),
    "pad a number": lambda t: t.nn.utils.rnn.pad_sequence(3),
    "pad numbers": lambda t: t.nn.utils.rnn.pad_sequence([1, 2]),
    "pad on a side": lambda t: t.nn.utils.rnn.pad_sequence([R(t, 2)], padding_side="top"),
    "pad other features": lambda t: t.nn.utils.rnn.pad_sequence([R(t, 2, 3), R(t, 3, 4)]),
    "lengths missing": lambda t: t.nn.utils.rnn.unpad_sequence(R(t, 3, 2), t.tensor([3])),
    "a PackedSequence without sizes": lambda t: t.nn.utils.rnn.PackedSequence(R(t, 3)),
}
OURS_ALONE = {"cell, one tensor", "cell, dtype", "cell, state's dtype", "pad other features", "projection of an RNN"}


@pytest.mark.parametrize("what", ERRORS)
def test_errors_as_in_pytorch(what):
    """PyTorch's kind of error, and, but where its message is about something else, how it begins."""
    with pytest.raises(Exception) as theirs:
        ERRORS[what](torch)
    with pytest.raises(theirs.type) as ours:
        ERRORS[what](tt)
    if what not in OURS_ALONE:
        first = str(theirs.value).replace("torch.", "tinytorch.").split(",")[0][:40]
        assert str(ours.value).replace("  ", " ").startswith(first.strip()), (str(ours.value), str(theirs.value))


def test_errors_where_pytorch_has_none_or_another():
    with pytest.raises(RuntimeError, match="length 5, but the padded input has 4 steps"):
        rnn.pack_padded_sequence(tt.zeros(4, 2, 3), [5, 3])  # PyTorch reads what lies behind its memory
    for state, what in (
        (tt.zeros(1, 2, 4).double(), "hidden is tinytorch.float64"),
        (tt.zeros(2, 2, 4), "Expected hidden size"),
    ):
        with pytest.raises(RuntimeError, match=what):
            nn.GRU(3, 4)(packed(tt, 3, 2), state)


def test_all_options_together():
    """No combination of options stops: shapes as in PyTorch's documentation."""
    for kind, layers_, both, first, bias in itertools.product(
        KINDS, (1, 2), (False, True), (False, True), (False, True)
    ):
        module = getattr(nn, kind)(3, 4, layers_, bias=bias, batch_first=first, bidirectional=both)
        output, state = module(tt.zeros(5, 2, 3))
        assert output.shape == (5, 2, 4 * (1 + both))
        assert all(s.shape == (layers_ * (1 + both), 5 if first else 2, 4) for s in listed(state))
