"""Wrong implementations of lesson 21: see wrong/__init__.py."""

import numpy as np

from tinytorch.nn import rnn
from tinytorch.nn.rnn import CELLS
from tinytorch.nn.utils import rnn as sequences
from wrong.tools import function, replace, wrong

ELMAN, LSTM, GRU = (function("Recurrence", n, n) for n in (1, 3, 5))  # examples of the registry
LAYERS = "test_recurrence.py::test_layers_as_in_pytorch"
PACKED = "test_recurrence.py::test_packed_as_in_pytorch"


def another_cell(mode, **changed):
    """CELLS[mode] with another step or way back."""
    CELLS[mode] = CELLS[mode]._replace(**changed)


@wrong(*ELMAN)
def gradient_through_time_cut_off():
    """Each step learns from its own output only."""
    right = rnn.back_through_time

    def back(step_back, grads, last, memory, weight):
        return right(step_back, grads, last, memory, 0 * weight)

    replace(right, back)


@wrong(*ELMAN)
def weights_learn_from_the_last_step():
    right = rnn.weight_gradients
    replace(right, lambda grads, before: right(grads[-1:], before[-1:]))


@wrong(*ELMAN)
def weights_learn_from_the_state_after():
    """h_t in the place of h_(t-1)."""
    right = rnn.weight_gradients
    replace(right, lambda grads, before: right(grads, [*before[1:], before[-1]]))


@wrong(*LSTM)
def lstm_gates_in_another_order():
    """i, f, o, g, as other frameworks have them."""

    def step(part, from_state, h, c):
        i, f, o, g = rnn.cut(part + from_state, 4)
        new = rnn.gate(f) * c + rnn.gate(i) * rnn.squash(g)
        seen = rnn.squash(new)
        return (rnn.gate(o) * seen, new), (rnn.gate(i), rnn.gate(f), rnn.squash(g), rnn.gate(o), c, seen)

    another_cell("LSTM", step=step)


@wrong(*LSTM)
def lstm_cell_without_the_way_through_h():
    right = rnn.lstm_step_back

    def back(kept, grad_h, grad_c):
        i, f, g, o, c, seen = kept
        return right((i, f, g, o, c, 0 * seen + 1), grad_h, grad_c)

    another_cell("LSTM", step_back=back)


@wrong(*LSTM)
def lstm_forgets_its_last_cell_on_the_way_back():
    right = rnn.lstm_step_back
    another_cell("LSTM", step_back=lambda kept, grad_h, grad_c: right(kept, grad_h, 0 * grad_c))


@wrong(*GRU)
def gru_of_the_paper():
    """r multiplies h, not what it says. (Their weights would have to be others.)"""
    right = rnn.gru_step

    def step(part, from_state, h):
        _, kept = right(part, from_state, h)
        r, z, _, from_n, _ = kept
        n = rnn.squash(rnn.cut(part, 3)[2] + from_n * r * r)
        return ((1 - z) * n + z * h,), (r, z, n, from_n, h)

    another_cell("GRU", step=step)


@wrong(*GRU)
def gru_without_its_lane():
    right = rnn.gru_step_back

    def back(kept, grad_h):
        of_part, of_said, _ = right(kept, grad_h)
        return of_part, of_said, (0.0,)

    another_cell("GRU", step_back=back)


@wrong(*ELMAN)
def second_derivative_of_a_memory_as_constants():
    """What the steps kept stays as it was: right once, wrong the second time."""
    right = rnn.through_time

    def through(step, parts, weight, bias, state):
        outputs, last, memory = right(step, parts, weight, bias, state)
        return outputs, last, [tuple(x.detach() if hasattr(x, "detach") else x for x in kept) for kept in memory]

    replace(right, through)


@wrong(LAYERS)
def reverse_direction_from_the_front():
    right = rnn.one_direction
    replace(right, lambda *args: right(*args[:-1], False))


@wrong(LAYERS)
def dropout_behind_the_last_layer():
    right = rnn.RNNBase.run_layers

    def run_layers(self, *args):
        rows, state = right(self, *args)
        return rnn.dropout(rows, self.dropout, self.training), state

    replace(right, run_layers)


@wrong("test_recurrence.py::test_initial_values")
def parameters_within_one_over_the_input_size():
    right = rnn.uniform_
    replace(right, lambda x, low, high: right(x, -1 / x.shape[-1], 1 / x.shape[-1]))


@wrong(PACKED)
def last_state_of_the_longest():
    """As if every sequence ended with the longest one: the states that were put aside come back as zeros."""
    right = rnn.joined
    replace(right, lambda parts, dim=-1: right([parts[0], *(0 * p for p in parts[1:])] if dim == 0 else parts, dim))


@wrong(PACKED)
def states_in_the_order_of_the_lengths():
    """Packed sequences are sorted; their states must come back in the order in which they were given."""
    replace(rnn.in_order, lambda state, permutation: state)


@wrong("test_recurrence.py::test_packing_as_in_pytorch")
def padding_before_the_sequence():
    right = sequences.packed_places
    replace(right, lambda sizes: (right(sizes)[0][::-1].copy(), right(sizes)[1]))


@wrong("test_recurrence.py::test_packing_as_in_pytorch")
def batch_sizes_one_step_late():
    right = sequences.batch_sizes_of
    replace(right, lambda lengths: np.concatenate([right(lengths)[:1], right(lengths)[:-1]]))
