"""1986: hidden layers find features of their own.

New that year: backpropagation, shown to work. The chain rule tells each hidden unit how it should have answered, and so
the layer comes to detect what the task needs, which nobody wrote down. Here: all ten handwritten digits.

David Rumelhart, Geoffrey Hinton and Ronald Williams, "Learning representations by back-propagating errors", Nature 323,
1986.
"""

import tinytorch
from tinytorch import nn, optim
from tinytorch.training import Callback, Trainer, confusion_matrix
from tinytorch.utils.data import DataLoader, TensorDataset
from tinytorch.vision.datasets import Digits

YEAR = 1986
DATA, METRIC, BAR, SEEDS = "all ten digits, 8×8 pixels", "accuracy", 0.96, 5
HIDDEN, EPOCHS = 96, 20


def data():
    """(images, labels) to learn from, and (images, labels) held out: a fifth of each class."""
    seen, held_out = Digits(train=True), Digits(train=False)
    return (seen.data, seen.targets), (held_out.data, held_out.targets)


def build(seed):
    tinytorch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 10))


loss = nn.CrossEntropyLoss()


class Report(Callback):
    """Tells `watch` after each step how far the training is."""

    def __init__(self, watch, steps):
        self.watch, self.steps, self.done = watch, steps, 0

    def on_step_end(self, trainer):
        self.done += 1
        self.watch(self.done / self.steps)


def train(model, examples, watch=lambda done: None):
    """The learning rate falls to zero: the last steps settle, whichever examples come last."""
    loader = DataLoader(TensorDataset(*examples), batch_size=32, shuffle=True)
    steps = EPOCHS * len(loader)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    report = Report(watch, steps)
    Trainer(model, loss, optimizer, loader, callbacks=[report], scheduler=scheduler, schedule_each="step").fit(EPOCHS)


def predict(model, images):
    return model(images).argmax(dim=-1)


def plots(model):
    import matplotlib.pyplot as plt

    images, labels = data()[1]
    with tinytorch.no_grad():
        certainty, given = model(images).softmax(dim=-1).max(dim=-1)
    counts = confusion_matrix(given, labels, 10)
    labels, given, certainty = labels.tolist(), given.tolist(), certainty.tolist()

    confusion, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
    shown = [[-n if row == column else 12 * n for column, n in enumerate(ns)] for row, ns in enumerate(counts.tolist())]
    ax.imshow(shown, cmap="RdBu_r", vmin=-60, vmax=60)
    for row in range(10):
        for column in range(10):
            if counts[row, column]:
                ax.text(column, row, counts[row, column], ha="center", va="center")
    wrong = [i for i in range(len(labels)) if given[i] != labels[i]]
    ax.set(
        xticks=range(10),
        yticks=range(10),
        xlabel="the answer",
        ylabel="the digit",
        title=f"{len(labels) - len(wrong)} of {len(labels)} held-out digits are right",
    )

    rows = max(1, -(-len(wrong) // 8))
    mistakes, axes = plt.subplots(rows, 8, figsize=(8, 1.35 * rows + 0.4), layout="constrained", squeeze=False)
    mistakes.suptitle("The mistakes: the digit → the answer, and how certain it was")
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, sorted(wrong, key=lambda i: -certainty[i]), strict=False):
        ax.imshow(images[i, 0].tolist(), cmap="gray_r")
        ax.set_title(f"{labels[i]} → {given[i]}   {certainty[i]:.0%}", fontsize=9)

    weight = model[1].weight.detach()
    features, axes = plt.subplots(8, 12, figsize=(8, 6), layout="constrained")
    features.suptitle(f"What each of the {HIDDEN} hidden units looks for (blue: ink, red: no ink)")
    for ax, unit in zip(axes.flat, weight, strict=True):
        largest = unit.abs().max().item()
        ax.imshow(unit.reshape(8, 8).tolist(), cmap="RdBu", vmin=-largest, vmax=largest)
        ax.axis("off")
    return {"confusion": confusion, "mistakes": mistakes, "features": features}
