"""Lesson 21 by PyTorch: its cells, with the identity for the weights of what is given, and its packed sequences."""

import functools
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence


def on_arrays(function):
    """`function` of tensors, in tuples too, for arrays as well."""

    def converted(x, kind, make):
        return (
            tuple(converted(each, kind, make) for each in x)
            if isinstance(x, tuple)
            else make(x)
            if isinstance(x, kind)
            else x
        )

    def of_any(*given):
        if any(isinstance(x, torch.Tensor) for x in given):
            return function(*given)
        return converted(
            function(*converted(given, np.ndarray, torch.tensor)), torch.Tensor, lambda x: x.numpy(force=True)
        )

    return of_any


def eye(x):
    return torch.eye(x.shape[-1], dtype=x.dtype)


def elman_step(part, from_state, h):
    h = torch.rnn_tanh_cell(part, from_state, eye(part), eye(part))
    return (h,), (h,)


def elman_step_back(kept, grad_h):
    part = kept[0].atanh().requires_grad_()
    elman_step(part, torch.zeros_like(part), None)[0][0].backward(grad_h)
    return part.grad, part.grad, (0.0,)


def lstm(sums, c):
    return torch.lstm_cell(sums, (c * 0, c), eye(sums), torch.zeros(sums.shape[1], c.shape[1], dtype=c.dtype))


def lstm_step(part, from_state, h, c):
    i, f, g, o = (part + from_state).chunk(4, 1)
    new = lstm(part + from_state, c)
    return new, (i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), c, new[1].tanh())


def lstm_step_back(kept, grad_h, grad_c):
    i, f, g, o, c, _ = kept
    sums = torch.cat([i.logit(), f.logit(), g.atanh(), o.logit()], 1).requires_grad_()
    c = c.clone().requires_grad_()
    torch.autograd.backward(lstm(sums, c), (grad_h, grad_c))
    return sums.grad, sums.grad, (0.0, c.grad)


def gru(part, from_state, h):
    """Row by row: what the state says is a bias, as its own weights are zeros."""
    zeros = torch.zeros(part.shape[1], h.shape[1], dtype=h.dtype)
    none = zeros[:, 0]
    return torch.stack(
        [torch.gru_cell(p[None], s[None], eye(part), zeros, none, q)[0] for p, q, s in zip(part, from_state, h)]
    )


def gru_step(part, from_state, h):
    (r, z, n), (from_r, from_z, from_n) = part.chunk(3, 1), from_state.chunk(3, 1)
    r = (r + from_r).sigmoid()
    return (gru(part, from_state, h),), (r, (z + from_z).sigmoid(), torch.addcmul(n, r, from_n).tanh(), from_n, h)


def gru_step_back(kept, grad_h):
    r, z, n, from_n, h = kept
    part = torch.cat([r.logit(), z.logit(), n.atanh() - r * from_n], 1).requires_grad_()
    from_state = torch.cat([0 * r, 0 * z, from_n], 1).requires_grad_()
    h = h.clone().requires_grad_()
    gru(part, from_state, h).backward(grad_h)
    return part.grad, from_state.grad, (h.grad,)


def through_time(step, parts, weight, bias, state):
    """By folding: each step adds to what is there."""

    def more(found, part):
        outputs, state, memory = found
        said = state[0] @ weight.T
        state, kept = step(part, said if bias is None else said + bias, *state)
        return [*outputs, state[0]], state, [*memory, kept]

    return functools.reduce(more, parts, ([], state, []))


def back_through_time(step_back, grads, grad_last, memory, weight):
    """By recursion: first all later steps, then the first one."""
    if not memory:
        return [], [], grad_last
    parts, said, (grad_h, *others) = back_through_time(step_back, grads[1:], grad_last, memory[1:], weight)
    of_part, of_said, (direct, *others) = step_back(memory[0], grad_h + grads[0], *others)
    return [of_part, *parts], [of_said, *said], (of_said @ weight + direct, *others)


def weight_gradients(grad_from_states, before):
    grads, before = torch.tensor(np.stack(grad_from_states)), torch.tensor(np.stack(before))
    return torch.einsum("tng,tnh->gh", grads, before), torch.einsum("tng->g", grads)


def batch_sizes_of(lengths):
    padded = torch.zeros(int(lengths.max()), len(lengths))
    return pack_padded_sequence(padded, torch.tensor(lengths)).batch_sizes.numpy()


def packed_places(batch_sizes):
    steps, sequences = np.indices((len(batch_sizes), batch_sizes[0]))
    lengths = (batch_sizes[:, None] > np.arange(batch_sizes[0])).sum(0)
    return tuple(pack_padded_sequence(torch.tensor(x), lengths).data.numpy() for x in (steps, sequences))


lesson = SimpleNamespace(
    elman_step=on_arrays(elman_step),
    elman_step_back=on_arrays(elman_step_back),
    lstm_step=on_arrays(lstm_step),
    lstm_step_back=on_arrays(lstm_step_back),
    gru_step=on_arrays(gru_step),
    gru_step_back=on_arrays(gru_step_back),
    through_time=through_time,
    back_through_time=back_through_time,
    weight_gradients=weight_gradients,
    batch_sizes_of=batch_sizes_of,
    packed_places=packed_places,
    LSTM=torch.nn.LSTM,
)
