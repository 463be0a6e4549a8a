"""1957: a machine that learns from its mistakes.

New that year: nobody sets the weights. Rosenblatt's perceptron sums its weighted inputs, says "yes" above zero, and is
corrected only when it was wrong; what it has learned is in its weights. Here it tells a handwritten 0 from a 1.
Twelve years later Minsky and Papert proved what no such unit can learn; `plots` shows that too.

Frank Rosenblatt, "The Perceptron: A Perceiving and Recognizing Automaton", Cornell Aeronautical Laboratory, 1957; "The
Perceptron: a probabilistic model for information storage and organization in the brain", Psychological Review 65, 1958.
"""

import math

import tinytorch
from tinytorch import nn

YEAR = 1957
DATA, METRIC, BAR, SEEDS = "digits 0 and 1, 8×8 pixels", "accuracy", 0.99, 3
RATE, EPOCHS = 0.1, 6


def data():
    """(images, labels) to learn from, and (images, labels) held out: a random 30 %, the same for every seed."""
    from sklearn.datasets import load_digits  # it ships them; at lesson 03 there are no data sets of our own yet

    images, labels = load_digits(n_class=2, return_X_y=True)
    images, labels = tinytorch.tensor(images / 16, dtype=tinytorch.float32), tinytorch.tensor(labels)
    order = tinytorch.randperm(len(labels), generator=tinytorch.Generator().manual_seed(0))
    seen, held_out = order[: len(order) * 7 // 10], order[len(order) * 7 // 10 :]
    return (images[seen], labels[seen]), (images[held_out], labels[held_out])


class Perceptron(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.unit = nn.Linear(inputs, 1)

    def forward(self, x):
        return self.unit(x).squeeze(-1)


def build(seed):
    tinytorch.manual_seed(seed)
    return Perceptron(64)


def loss(scores, labels):
    """How far the score is from saying the right thing (+ for 1, - for 0) by a margin of 1; nothing if it does."""
    return (1 - (2 * labels - 1) * scores).clamp(min=0).mean()


def train(model, examples, watch=lambda done: None, epochs=EPOCHS):
    """One example at a time; where the answer is right, the loss is 0 and nothing changes: Rosenblatt's rule."""
    inputs, labels = examples
    for epoch in range(epochs):
        for step, i in enumerate(tinytorch.randperm(len(labels)).tolist()):
            model.zero_grad()
            loss(model(inputs[i]), labels[i]).backward()
            watch((epoch + (step + 1) / len(labels)) / epochs)  # who looks on sees the gradients here
            with tinytorch.no_grad():
                for parameter in model.parameters():
                    parameter -= RATE * parameter.grad


def predict(model, inputs):
    return (model(inputs) > 0).long()


def plots(model):
    return {"weights": plot_weights(model), "xor": plot_xor()}


def plot_weights(model):
    """What was learned, as an image: where ink speaks for a 1 and where for a 0; and the sums of what is held out."""
    import matplotlib.pyplot as plt

    (images, labels), (held_out, answers) = data()
    weight = model.unit.weight.detach()[0]
    largest = weight.abs().max().item()
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.6), layout="constrained", width_ratios=[1, 1, 1.2, 2])
    for ax, digit in zip(axes, (0, 1), strict=False):
        ax.imshow(images[labels == digit].mean(dim=0).reshape(8, 8).tolist(), cmap="gray_r")
        ax.set(title=f"the mean {digit}", xticks=[], yticks=[])
    shown = axes[2].imshow(weight.reshape(8, 8).tolist(), cmap="RdBu", vmin=-largest, vmax=largest)
    axes[2].set(title="the weights", xticks=[], yticks=[])
    figure.colorbar(shown, ax=axes[2], shrink=0.8)
    with tinytorch.no_grad():
        sums = model(held_out)
    for digit, colour in ((0, "indianred"), (1, "steelblue")):
        axes[3].hist(sums[answers == digit].tolist(), bins=20, color=colour, label=f"held-out images of a {digit}")
    axes[3].axvline(0, color="black")
    axes[3].set(title="what it says about images it never saw", xlabel="weighted sum (above 0: a 1)", yticks=[])
    axes[3].legend(fontsize=8)
    return figure


def plot_xor():
    """No line gets all four points of XOR right, and training does not find one."""
    import matplotlib.pyplot as plt

    points = tinytorch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    answers = tinytorch.tensor([0, 1, 1, 0])
    angles, offsets = tinytorch.linspace(-math.pi, math.pi, 361), tinytorch.linspace(-2, 2, 201)
    directions = tinytorch.stack([angles.cos(), angles.sin()])  # with an offset, every line there is
    says_one = (points @ directions)[:, None] + offsets[:, None] > 0  # (points, offsets, angles)
    right = (says_one == (answers == 1)[:, None, None]).sum(dim=0)

    tinytorch.manual_seed(0)
    model, history = Perceptron(2), []
    look = lambda done: history.append((predict(model, points) == answers).sum().item())
    train(model, (points, answers), look, epochs=50)

    figure, (left, middle) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
    figure.suptitle(
        "XOR wants  b ≤ 0,  u + b > 0,  v + b > 0,  u + v + b ≤ 0.  The outer two add up to u + v + 2b ≤ 0, "
        "the inner two to u + v + 2b > 0: impossible.",
        fontsize=10,
    )
    shown = left.imshow(right.tolist(), vmin=0, vmax=4, origin="lower", aspect="auto", extent=(-180, 180, -2, 2))
    figure.colorbar(shown, ax=left, ticks=range(5), label="points right")
    left.set_title(f"{right.numel():,} lines through the plane: {right.max().item()} of 4 at best")
    left.set(xlabel="direction of the weights (u, v) in degrees", ylabel="bias b")
    middle.plot(history)
    middle.axhline(4, color="grey", linestyle="--")
    middle.set_title(f"The same training on XOR: {max(history)} of 4 at best")
    middle.set(xlabel="step", ylabel="points right", ylim=(-0.2, 4.4))
    return figure
