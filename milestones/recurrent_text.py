"""A character language model with an LSTM, on the text of the GPT of 2018: it reads on and on, and keeps its state."""

import math

import tinytorch
from milestones.manual import text, tokenizer
from tinytorch import nn, optim

WIDTH, HIDDEN, LENGTH, BATCH, STEPS, LR = 64, 256, 64, 16, 1500, 1e-2  # as many characters as the GPT learns from


class Writer(nn.Module):
    """Ids (N, T) and a state, or None, to scores (N, T, characters) and the next state."""

    def __init__(self, characters):
        super().__init__()
        self.characters = nn.Embedding(characters, WIDTH)
        self.memory, self.head = nn.LSTM(WIDTH, HIDDEN, batch_first=True), nn.Linear(HIDDEN, characters)

    def forward(self, ids, state=None):
        output, state = self.memory(self.characters(ids), state)
        return self.head(output), state


def streams(part, count):
    """A text as `count` long rows of ids, side by side."""
    ids = tinytorch.tensor(tokenizer().encode(part))
    return ids[: len(ids) // count * count].reshape(count, -1)


def pieces(rows):
    """(ids (N, LENGTH), the ids that follow) of the rows, piece by piece."""
    for start in range(0, rows.shape[1] - LENGTH, LENGTH):
        yield rows[:, start : start + LENGTH], rows[:, start + 1 : start + LENGTH + 1]


def loss(scores, ids):
    return nn.functional.cross_entropy(scores.flatten(0, 1), ids.flatten())


def trained(seed=0):
    """A model after STEPS pieces, each going on where the one before it stopped."""
    tinytorch.manual_seed(seed)
    model, rows, step = Writer(tokenizer().vocab_size), streams(text()[0], BATCH), 0
    optimizer = optim.Adam(model.parameters(), lr=LR)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, LR, STEPS, pct_start=0.1, cycle_momentum=False)
    while step < STEPS:
        state = None
        for ids, following in pieces(rows):
            optimizer.zero_grad()
            scores, state = model(ids, state)
            loss(scores, following).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            state, step = tuple(s.detach() for s in state), step + 1
            if step == STEPS:
                break
    return model.eval()


def bits(model):
    """Bits for each held-out character, read in one go."""
    total, count, state = 0.0, 0, None
    with tinytorch.no_grad():
        for ids, following in pieces(streams(text()[1], 1)):
            scores, state = model(ids, state)
            total, count = total + loss(scores, following).item() * LENGTH, count + LENGTH
    return total / count / math.log(2)
