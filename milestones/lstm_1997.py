"""1997: a memory behind gates adds up what lies a hundred steps apart.

New that year: a cell to which each step only adds, so that the gradient does not vanish on its way back, and gates that
say what goes in and what comes out. Elman's network (1990) has no such lane. Here: a list of numbers, two of which are
marked, and at its end the sum of those two; then, in the notes, the text of the GPT of 2018.

Sepp Hochreiter and Jürgen Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997. The gate that forgets
came later: Felix Gers, Jürgen Schmidhuber and Fred Cummins, "Learning to forget", Neural Computation 12(10), 2000.
"""

import functools

import tinytorch
from milestones import manual, recurrent_text
from milestones.ngram import ngram_bits
from milestones.runner import milestones
from tinytorch import nn, optim

YEAR = 1997
DATA, METRIC, BAR, SEEDS = "sums of 2 of 100 numbers", "sums right", 0.99, 3
LENGTH, HIDDEN, BATCH, STEPS, LR = 100, 32, 32, 1500, 2e-2
OPEN = 2.0  # of which the sigmoid is 0.88
NEAR = 0.16  # what counts as right; in the paper 0.04, of a target that is 0.5 + sum / 4


def draw(count):
    """Numbers from -1 to 1 and marks (count, LENGTH, 2), one in each half, and the sums of what is marked (count,)."""
    numbers, marks = tinytorch.rand(count, LENGTH) * 2 - 1, tinytorch.zeros(count, LENGTH)
    for start in (0, LENGTH // 2):
        marks[tinytorch.arange(count), start + tinytorch.randint(0, LENGTH // 2, (count,))] = 1.0
    return tinytorch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1)


def data():
    """Some of what is learned from, and 1,000 lists that are held out, the same in every run."""
    state = tinytorch.get_rng_state()
    tinytorch.manual_seed(1997)
    examples, held_out = draw(500), draw(1000)
    tinytorch.set_rng_state(state)
    return examples, held_out


class Reader(nn.Module):
    """Reads lists (N, LENGTH, 2), and answers from the last state with one number each, (N,)."""

    def __init__(self, kind=nn.LSTM):
        super().__init__()
        self.memory, self.answer = kind(2, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 1)

    def forward(self, x):
        return self.answer(self.memory(x)[0][:, -1]).squeeze(-1)


def build(seed, kind=nn.LSTM):
    """The gate that forgets is open at first: in 1997 there was none."""
    tinytorch.manual_seed(seed)
    model = Reader(kind)
    if kind is nn.LSTM:
        with tinytorch.no_grad():
            model.memory.bias_ih_l0[HIDDEN : 2 * HIDDEN].fill_(OPEN)
    return model


def loss(output, sums):
    return nn.functional.mse_loss(output, sums)


def train(model, examples, watch=lambda done: None):
    """New lists in every step; `model.curve` keeps the error of each."""
    optimizer, model.curve = optim.Adam(model.parameters(), lr=LR), []
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, LR, STEPS, pct_start=0.1, cycle_momentum=False)
    for step in range(STEPS):
        lists, sums = draw(BATCH)
        optimizer.zero_grad()
        error = loss(model(lists), sums)
        error.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        model.curve.append(error.item())
        watch((step + 1) / STEPS)


def score(model, lists, sums):
    return ((model(lists) - sums).abs() < NEAR).float().mean().item()


@functools.cache
def elman():
    """Elman's network, trained in the same way."""
    model = build(0, nn.RNN)
    train(model, None)
    return model.eval()


def notes(model):
    """Elman's network on the same lists; and an LSTM on the GPT's text, beside counting and the GPT's bar."""
    (lists, sums), nets = data()[1], {"LSTM": model, "Elman": elman()}
    with tinytorch.no_grad():
        found = {name: score(net, lists, sums) for name, net in nets.items()}
    guess = (sums.abs() < NEAR).float().mean().item()
    parts = [f"{name} {share:.1%}" for name, share in found.items()]
    learned, held_out = manual.text()
    text = f"LSTM {recurrent_text.bits(recurrent_text.trained()):.3f}, 5-gram {ngram_bits(5, learned, held_out):.3f}"
    return {
        "sums right": ", ".join([*parts, f"always 0 {guess:.1%}"]),
        "bits per character of Python's reference": f"{text}, the GPT's bar {milestones()['gpt_2018'].bar}",
    }


def plots(model):
    import matplotlib.pyplot as plt

    curve, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    for name, net in (("LSTM", model), ("Elman", elman())):
        means = [sum(net.curve[i : i + 25]) / 25 for i in range(0, len(net.curve) - 24, 25)]
        ax.plot([25 * (i + 1) for i in range(len(means))], means, label=name)
    ax.axhline(2 / 3, color="grey", linestyle=":", label="always 0")
    ax.set(xlabel="step", ylabel="squared error", ylim=(0, 0.9), title=f"the sum of 2 of {LENGTH} numbers")
    ax.legend()

    reach, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    for name, kind in (("LSTM", nn.LSTM), ("Elman", nn.RNN)):
        lists = data()[0][0][:BATCH].clone().requires_grad_()
        build(0, kind)(lists).sum().backward()
        sizes = lists.grad.abs().amax(dim=(0, 2)).flip(0).clamp(min=1e-40)
        ax.semilogy(sizes.tolist(), label=name)
    ax.set(xlabel="steps before the end", ylabel="size (log)", title="untrained: the answer's gradient at each number")
    ax.legend()
    return {"curve": curve, "gradients": reach}
