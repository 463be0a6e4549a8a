"""Solutions of lesson 21."""

from solutions.solution import Solutions

solutions = Solutions("21_recurrence")
wrong, right = solutions.wrong, solutions.right

# ---- wrong

wrong("elman-step", "no tanh", ("squash(part + from_state)", "part + from_state"))
wrong("elman-step", "the old state is added", ("squash(part + from_state)", "squash(part + from_state + h)"))
wrong("elman-step", "numpy's tanh, which takes no tensors", ("squash(part", "np.tanh(part"))
wrong("elman-step", "what is kept is the sum", ("return (h,), (h,)", "return (h,), (part + from_state,)"))

wrong("through-time", "every step begins at the first state", (
    "    for part in parts:\n        from_state = affine(state[0], weight, bias)\n        state, kept",
    "    first = state\n    for part in parts:\n        state = first\n"
    "        from_state = affine(state[0], weight, bias)\n        state, kept"))  # fmt: skip
wrong("through-time", "the matrix is not transposed", (
    "affine(state[0], weight, bias)",
    "state[0] @ (weight if weight.shape[0] == weight.shape[1] else weight.T) + (0 if bias is None else bias)"))  # fmt: skip
wrong("through-time", "the bias is forgotten", ("weight, bias)\n", "weight, None)\n"))
wrong("through-time", "from the last part to the first", ("in parts:", "in reversed(list(parts)):"))
wrong("through-time", "the outputs are the states before", (
    "        state, kept = step(part, from_state, *state)\n        outputs.append(state[0])\n",
    "        outputs.append(state[0])\n        state, kept = step(part, from_state, *state)\n"))  # fmt: skip

wrong("elman-step-back", "the slope is forgotten", ("grad_h * (1 - h * h)", "grad_h * 1"))
wrong("elman-step-back", "tanh twice", ("grad_h * (1 - h * h)", "grad_h * (1 - np.tanh(h) ** 2)"))
wrong("elman-step-back", "the gradient goes to the old state directly, too", ("(0.0,)", "(grad,)"))

wrong("back-through-time", "what comes from the step after is forgotten", (
    "grads[t] + grad_h", "grads[t] + 0 * grad_h"))  # fmt: skip
wrong("back-through-time", "the outputs' own gradients are forgotten", ("grads[t] + grad_h", "0 * grads[t] + grad_h"))
wrong("back-through-time", "what was used directly is lost", (
    "(direct + of_from_state @ weight", "(0 * direct + of_from_state @ weight"))  # fmt: skip
wrong("back-through-time", "the other states' gradients stay at the end", (
    "of_part, of_from_state, (direct, *others) = ", "of_part, of_from_state, (direct, *_) = "))  # fmt: skip
wrong("back-through-time", "the lists are not turned round", (
    "return grad_parts[::-1], grad_from_states[::-1]", "return grad_parts, grad_from_states"))  # fmt: skip
wrong("back-through-time", "cut off after one step", (
    "grad_state = (direct", "grad_state = (0 * grad_h if t % 2 else direct"))  # fmt: skip
wrong("back-through-time", "the weight's gradient is a mean", (
    "grads.T @ joined(before, 0), grads.sum(0)", "grads.T @ joined(before, 0) / len(grads), grads.mean(0)"))  # fmt: skip
wrong("back-through-time", "the weight's gradient is that of the last step", (
    "grads = joined(grad_from_states, 0)",
    "grad_from_states, before = grad_from_states[-1:], before[-1:]\n    grads = joined(grad_from_states, 0)"))  # fmt: skip

wrong("lstm-step", "forget and input gate are exchanged", ("i, f, g, o = cut(", "f, i, g, o = cut("))
wrong("lstm-step", "g is a gate", ("squash(g)", "gate(g)"))
wrong("lstm-step", "the output is the cell without tanh", ("(o * seen, new)", "(o * new, new)"))
wrong("lstm-step", "the old cell is not forgotten", ("f * c + i * g", "c + i * g"))
wrong("lstm-step", "what is kept is the new cell", ("g, o, c, seen)", "g, o, new, seen)"))

wrong("lstm-step-back", "the way through h' does not reach the cell", (
    "grad_c = grad_c + grad_h * o * (1 - seen * seen)", "grad_c = grad_c + 0 * grad_h"))  # fmt: skip
wrong("lstm-step-back", "the slope of tanh(c') is forgotten", ("o * (1 - seen * seen)", "o"))
wrong("lstm-step-back", "a gate's slope is tanh's", ("g * i * (1 - i)", "g * (1 - i * i)"))
wrong("lstm-step-back", "g's slope is a gate's", ("i * (1 - g * g)", "i * g * (1 - g)"))
wrong("lstm-step-back", "the old cell gets no gradient", ("(0.0, grad_c * f)", "(0.0, 0 * grad_c)"))
wrong("lstm-step-back", "grad_c is written into", ("grad_c = grad_c + grad_h", "grad_c += grad_h"))
wrong("lstm-step-back", "the order is i, f, o, g", ("[of_i, of_f, of_g, of_o]", "[of_i, of_f, of_o, of_g]"))

wrong("gru-step", "z and 1 - z are exchanged", ("((1 - z) * n + z * h,)", "(z * n + (1 - z) * h,)"))
wrong("gru-step", "r multiplies the part as well", ("squash(n + r * from_n)", "squash(r * (n + from_n))"))
wrong(
    "gru-step",
    "z and r are exchanged",
    ("(r, z, n), (from_r, from_z, from_n) =", "(z, r, n), (from_z, from_r, from_n) ="),
)
wrong("gru-step", "the lane is forgotten on the way back", ("(grad_h * z,)", "(0.0,)"))
wrong(
    "gru-step", "from_state's third piece is part's", ("joined([of_r, of_z, of_n * r])", "joined([of_r, of_z, of_n])")
)
wrong("gru-step", "the gradient of z lacks the old h", ("grad_h * (h - n)", "grad_h * -n"))

wrong("packing", "one too many goes on", ("lengths > np", "lengths >= np"))
wrong("packing", "the sizes count from the shortest", (".sum(1)", ".sum(1)[::-1]"))
wrong("packing", "sequence by sequence", (
    "    return steps, np.concatenate([np.arange(n) for n in batch_sizes])",
    "    sequences = np.concatenate([np.arange(n) for n in batch_sizes])\n"
    "    order = np.argsort(sequences, kind='stable')\n    return steps[order], sequences[order]"))  # fmt: skip
wrong("packing", "steps and sequences are exchanged", (
    "return steps, np.concatenate([np.arange(n) for n in batch_sizes])",
    "return np.concatenate([np.arange(n) for n in batch_sizes]), steps"))  # fmt: skip

# ---- right, in another style

right("elman-step", "by the function of lesson 04", """def elman_step(part, from_state, h):
    total = part + from_state
    new = run(TanhFunction, total)
    return (new,), (new,)
""")  # fmt: skip
right("through-time", "by places, with the product written out", """def through_time(step, parts, weight, bias, state):
    outputs, memory = [None] * len(parts), [None] * len(parts)
    turned = weight.T
    for t in range(len(parts)):
        said = state[0] @ turned
        if bias is not None:
            said = said + bias
        state, memory[t] = step(parts[t], said, *state)
        outputs[t] = state[0]
    return outputs, state, memory
""")  # fmt: skip
right("elman-step-back", "expanded", """def elman_step_back(kept, grad_h):
    h = kept[0]
    slope = 1 - h**2
    of_sum = grad_h * slope
    return of_sum, of_sum, (0 * of_sum,)
""")  # fmt: skip
right("back-through-time", "lists filled from the end, the weight's gradient step by step", """def back_through_time(step_back, grads, grad_last, memory, weight):
    steps = len(memory)
    parts, said, carried = [None] * steps, [None] * steps, tuple(grad_last)
    for t in range(steps - 1, -1, -1):
        found = step_back(memory[t], carried[0] + grads[t], *carried[1:])
        parts[t], said[t], old = found
        carried = (said[t] @ weight + old[0], *old[1:])
    return parts, said, carried

def weight_gradients(grad_from_states, before):
    of_weight, of_bias = 0, 0
    for grad, h in zip(grad_from_states, before):
        of_weight = of_weight + grad.T @ h
        of_bias = of_bias + grad.sum(0)
    return of_weight, of_bias
""")  # fmt: skip
right("lstm-step", "sum by sum, with a helper", """def lstm_step(part, from_state, h, c):
    i, f, o = (gate(piece(part + from_state, k)) for k in (0, 1, 3))
    g = squash(piece(part + from_state, 2))
    cell = i * g + f * c
    shown = squash(cell)
    return (shown * o, cell), (i, f, g, o, c, shown)
""", added="""def piece(x, k):
    size = x.shape[1] // 4
    return x[:, k * size : k * size + size]
""")  # fmt: skip
right("lstm-step-back", "by numpy where arrays come, the slopes apart", """def lstm_step_back(kept, grad_h, grad_c):
    i, f, g, o, c, seen = kept
    total = grad_h * (o - o * seen**2) + grad_c
    slopes = [s - s * s for s in (i, f)]
    pieces = [total * g * slopes[0], total * c * slopes[1], total * i * (1 - g**2), grad_h * seen * (o - o * o)]
    both = np.concatenate(pieces, 1) if isinstance(o, np.ndarray) else cat(pieces, 1)
    return both, both, (0 * grad_h, f * total)
""")  # fmt: skip
right("gru-step", "the new state as a step towards n", """def gru_step(part, from_state, h):
    size = h.shape[1]
    rz = gate(part[:, : 2 * size] + from_state[:, : 2 * size])
    r, z = rz[:, :size], rz[:, size:]
    said = from_state[:, 2 * size :]
    n = squash(part[:, 2 * size :] + r * said)
    return (n + z * (h - n),), (r, z, n, said, h)

def gru_step_back(kept, grad_h):
    r, z, n, said, h = kept
    through_n = (grad_h - grad_h * z) * (1 - n**2)
    of_r = through_n * said * (r - r**2)
    of_z = (grad_h * h - grad_h * n) * (z - z**2)
    return joined([of_r, of_z, through_n]), joined([of_r, of_z, r * through_n]), (z * grad_h,)
""")  # fmt: skip
right("packing", "by loops", """def batch_sizes_of(lengths):
    return np.array([sum(int(n) > t for n in lengths) for t in range(int(max(lengths)))])

def packed_places(batch_sizes):
    pairs = [(t, n) for t, size in enumerate(batch_sizes) for n in range(size)]
    steps, sequences = zip(*pairs)
    return np.array(steps), np.array(sequences)
""")  # fmt: skip
