"""Examples for lesson 21: see registry/__init__.py."""

import numpy as np

from registry.tools import E, both, holding
from tinytorch.nn.rnn import CELLS, Recurrence
from tinytorch.nn.utils.rnn import Pack, Pad


def recurrent(mode, bias=True):
    """The layer, from the parts on; PyTorch's has the identity for the input's weights."""

    def ours(parts, weight, *rest):
        shift, state = (rest[0], rest[1:]) if bias else (None, rest)
        cell = CELLS[mode]
        return Recurrence.apply(parts, weight, shift, *state, step=cell.step, step_back=cell.step_back)

    def theirs(t, parts, weight, *rest):
        shift, state = (rest[0], rest[1:]) if bias else (None, rest)
        state = tuple(s.unsqueeze(0) for s in state)
        eye = t.eye(parts.shape[-1], dtype=parts.dtype)
        weights = [eye, weight, t.zeros_like(shift), shift] if bias else [eye, weight]
        call = getattr(t, mode.lower())
        with t.backends.mkldnn.flags(enabled=False):  # its LSTM has no second derivative
            output, *last = call(
                parts, state if mode == "LSTM" else state[0], weights, bias, 1, 0.0, False, False, False
            )
        return t.cat([output, *last[1:]])

    return both(ours, theirs)


PLACES = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 0, 1])


def packed(t, x):
    return x[PLACES[0], PLACES[1]]


def padded(t, rows):
    x = t.full((2, 3, *rows.shape[1:]), 0.5, dtype=rows.dtype)
    return x.index_put(tuple(map(t.tensor, PLACES)), rows)


def network(t, kind, *sizes, **options):
    """All that a module returns, in one row."""

    def forward(self, x):
        output, state = self.part(x)
        states = state if isinstance(state, tuple) else (state,)
        return t.cat([output.flatten(), *(s.flatten() for s in states)])

    return holding(t, forward, part=getattr(t.nn, kind)(*sizes, **options))


def networks(kind, *more):
    options = [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}, {"bias": False}, *more]
    return [(lambda t, o=o: network(t, kind, 3, 4, **o), lambda d: [d.any(5, 2, 3)]) for o in options]


def cell(t, kind, **options):
    """Two steps of it, the first without a state."""

    def forward(self, x):
        state = self.part(x, self.part(x))
        return t.cat(state) if isinstance(state, tuple) else state

    return holding(t, forward, part=getattr(t.nn, kind)(3, 4, **options))


def cells(kind, *more):
    options = [{}, {"bias": False}, *more]
    return [(lambda t, o=o: cell(t, kind, **o), lambda d: [d.any(2, 3)]) for o in options]


def at_the_end(t, kind):
    """Sequences of different lengths, out of order, packed and padded again."""

    def forward(self, x):
        rnn = t.nn.utils.rnn
        sequences = rnn.pack_sequence([x[:2, 0], x[:, 1], x[:3, 2]], enforce_sorted=False)
        output, state = self.part(sequences)
        states = state if isinstance(state, tuple) else (state,)
        return t.cat([rnn.pad_packed_sequence(output)[0].flatten(), *(s.flatten() for s in states)])

    return holding(t, forward, part=getattr(t.nn, kind)(3, 4, num_layers=2, bidirectional=True))


FUNCTIONS = {
    "Recurrence": [
        E(recurrent("RNN_TANH"), "tnh,hh,h,nh"),
        E(recurrent("RNN_RELU", bias=False), "tnh,hh,nh"),
        E(recurrent("LSTM"), "tn8,82,8,n2,n2"),
        E(recurrent("LSTM", bias=False), "tn4,41,n1,n1"),
        E(recurrent("GRU"), "tn6,62,6,n2"),
    ],
    "Pack": [E(both(lambda x: Pack.apply(x, places=PLACES), packed), "23h")],
    "Pad": [E(both(lambda x: Pad.apply(x, places=PLACES, shape=(2, 3), value=0.5), padded), "5h")],
}
MODULES = {
    kind: [*networks(kind, *more), (lambda t, kind=kind: at_the_end(t, kind), lambda d: [d.any(4, 3, 3)])]
    for kind, more in {
        "RNN": [{"nonlinearity": "relu"}],
        "LSTM": [{"proj_size": 2, "num_layers": 2}],
        "GRU": [],
    }.items()
}
MODULES |= {
    "RNNCell": cells("RNNCell", {"nonlinearity": "relu"}),
    "LSTMCell": cells("LSTMCell"),
    "GRUCell": cells("GRUCell"),
}
