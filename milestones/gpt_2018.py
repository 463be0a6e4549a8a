"""2018: a transformer that guesses the next character writes text.

New that year: the decoder alone, trained on nothing but text to say what comes next, and what it learns serves for
everything else. Here: the reference manual of Python itself, character by character, against the best that counting
what follows four characters can do.

Alec Radford et al., "Improving Language Understanding by Generative Pre-Training", 2018.
"""

import math

import tinytorch
from milestones.manual import text, tokenizer
from milestones.ngram import ngram_bits
from tinytorch import nn, optim
from tinytorch.nn.gpt import GPT, GPTConfig, generate
from tinytorch.text import TextDataset
from tinytorch.utils.data import DataLoader

YEAR = 2018
DATA, METRIC, BAR, SEEDS = "Python's reference, by character", "bits per character", 1.78, 1
LOWER = True
CONTEXT, BATCH, STEPS, LR = 32, 16, 3000, 3e-3
PROMPT = "The statement "


def windows(part, stride):
    """(ids (n, CONTEXT), the ids that follow each of them) of a text."""
    ids = tinytorch.tensor(tokenizer().encode(part))
    starts = tinytorch.arange(0, len(ids) - CONTEXT, stride).unsqueeze(1)
    return ids[starts + tinytorch.arange(CONTEXT)], ids[starts + 1 + tinytorch.arange(CONTEXT)]


def data():
    """Some windows of what is learned from; of what is held out, windows that overlap by half."""
    learned, held_out = text()
    return windows(learned, 40 * CONTEXT), windows(held_out, CONTEXT // 2)


def build(seed):
    """A narrow GPT starts with larger weights than GPT-2 does: each of its sums has fewer terms."""
    tinytorch.manual_seed(seed)
    model = GPT(GPTConfig(tokenizer().vocab_size, CONTEXT, n_layer=2, n_head=8, n_embd=128))
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding) and module is not model.head:
            with tinytorch.no_grad():
                module.weight.mul_(5.0 if isinstance(module, nn.Embedding) else 4.0)
    return model


def loss(scores, ids):
    return nn.functional.cross_entropy(scores.flatten(0, 1), ids.flatten())


def train(model, examples, watch=lambda done: None):
    """STEPS batches of windows from anywhere in the text."""
    dataset = TextDataset(tokenizer().encode(text()[0]), CONTEXT)
    optimizer = optim.AdamW(model.parameters(), lr=LR, betas=(0.9, 0.99), weight_decay=0.1)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, LR, STEPS, pct_start=0.05, cycle_momentum=False)
    model.curve = []
    for step, (ids, following) in enumerate(DataLoader(dataset, BATCH, shuffle=True)):
        if step == STEPS:
            break
        optimizer.zero_grad()
        step_loss = loss(model(ids), following)
        step_loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        model.curve.append(step_loss.item() / math.log(2))
        watch((step + 1) / STEPS)


def score(model, ids, following):
    """Bits for each held-out character; it sees CONTEXT / 2 characters before it at least."""
    half, total = CONTEXT // 2, 0.0
    for i in range(0, len(ids), 500):
        part = following[i : i + 500, half:]
        total += loss(model(ids[i : i + 500])[:, half:], part).item() * len(part)
    return total / len(ids) / math.log(2)


def sample(model, count=300):
    """What it writes after PROMPT."""
    tinytorch.manual_seed(2018)
    ids = generate(model, tinytorch.tensor([tokenizer().encode(PROMPT)]), count, temperature=0.7)
    return tokenizer().decode(ids[0])


def notes(model):
    learned, held_out = text()
    counted = {n: ngram_bits(n, learned, held_out) for n in (3, 5)}
    return {
        "by counting": ", ".join(f"{n}-gram {bits:.3f} bits per character" for n, bits in counted.items()),
        "it writes": sample(model),
    }


def plots(model):
    import matplotlib.pyplot as plt

    learned, held_out = text()
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    every = max(1, len(model.curve) // 100)
    means = [sum(model.curve[i : i + every]) / every for i in range(0, len(model.curve) - every + 1, every)]
    ax.plot([every * (i + 1) for i in range(len(means))], means, label="GPT, on what it learns from")
    with tinytorch.no_grad():
        reached = score(model, *data()[1])
    ax.plot(len(model.curve), reached, "o", color="C0", label=f"GPT, held out: {reached:.3f}")
    for n, style in ((3, ":"), (5, "--")):
        bits = ngram_bits(n, learned, held_out)
        ax.axhline(bits, color="gray", linestyle=style, label=f"{n}-gram, held out: {bits:.3f}")
    ax.set(xlabel="step", ylabel="bits per character", ylim=(1.4, 4))
    ax.legend()
    return {"curve": figure}
