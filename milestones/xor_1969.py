"""1969: what one unit cannot do, two layers can.

New that year: a proof. Exclusive or ("one of them, but not both") cannot be computed by a perceptron, since no straight
line has (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on the other. A layer in between, trained through by the
chain rule, bends the line. The book knew that layers would help; how to train them took until 1986.

Marvin Minsky and Seymour Papert, "Perceptrons: An Introduction to Computational Geometry", MIT Press, 1969.
"""

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn, optim

YEAR = 1969
DATA, METRIC, BAR, SEEDS = "the 4 points of XOR", "points right", 1.0, 10
HIDDEN, STEPS = 8, 300


def data():
    """The four points, to learn from and to be asked: there are no others."""
    points = tinytorch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return (points, tinytorch.tensor([0, 1, 1, 0])), (points, tinytorch.tensor([0, 1, 1, 0]))


def build(seed):
    """Two hidden units could do it; with eight, training does not get stuck on the way (with four: 1 of 200 seeds)."""
    tinytorch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))


def loss(output, answers):
    return F.binary_cross_entropy_with_logits(output.squeeze(-1), answers.float())


def train(model, examples, watch=lambda done: None):
    points, answers = examples
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss(model(points), answers).backward()
        watch((step + 1) / STEPS)
        optimizer.step()


def predict(model, points):
    return (model(points).squeeze(-1) > 0).long()


def plots(model):
    """The boundary as it forms: dark where the answer is 1; a grey line is where one hidden unit is 0."""
    import matplotlib.pyplot as plt

    grid = [-0.5 + 2 * i / 80 for i in range(81)]
    everywhere = tinytorch.tensor([[x, y] for y in grid for x in grid])
    points, answers = data()[0]
    model, frames = build(0), []

    def look(done):
        step = round(done * STEPS) - 1  # steps made so far: this is before the next
        if step in (0, 10, 20, 30, 40, 60, STEPS - 1):
            with tinytorch.no_grad():
                surface = model(everywhere).sigmoid().reshape(81, 81).tolist()
                right = (predict(model, points) == answers).sum().item()
            frames.append((step, surface, model[0].weight.tolist(), model[0].bias.tolist(), right))

    train(model, data()[0], look)
    figure, axes = plt.subplots(1, len(frames), figsize=(1.9 * len(frames), 2.3), layout="constrained")
    for ax, (step, surface, weight, bias, right) in zip(axes, frames, strict=True):
        ax.contourf(grid, grid, surface, levels=20, cmap="Blues", vmin=0, vmax=1)
        ax.contour(grid, grid, surface, levels=[0.5], colors="black", linewidths=1.5)
        for (a, b), c in zip(weight, bias, strict=True):
            unit = [[a * x + b * y + c for x in grid] for y in grid]
            ax.contour(grid, grid, unit, levels=[0], colors="grey", linewidths=0.6)
        for (x, y), answer in zip(points.tolist(), answers.tolist(), strict=True):
            ax.plot(x, y, "o", markersize=9, color="black" if answer else "white", markeredgecolor="grey")
        ax.set(title=f"step {step}: {right} of 4", xticks=[0, 1], yticks=[0, 1], aspect="equal")
    return {"boundary": figure}
