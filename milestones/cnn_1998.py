"""1998: a network that sees the same stroke wherever it is.

New that year: convolution and pooling, trained from the pixels to the answer. A small filter looks everywhere with the
same weights: what it has learned in one place it knows in all, and a shifted digit is still the digit. Here: a small
LeNet on the 8×8 digits; with `--data mnist` on the images it was made for.

Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 1998.
"""

import functools

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.vision.datasets import MNIST, Digits

YEAR = 1998
DATA, METRIC, BAR, SEEDS = "all ten digits, 8×8 pixels", "accuracy", 0.98, 3
DATASETS = {"mnist": ("MNIST, 28×28 pixels", 0.988, 1)}
source = None  # the folder of MNIST, if that is to be learned


def use(name, folder):
    """Learn `name`, with its files in `folder`, or downloaded into it."""
    global source
    source = folder


def data():
    """(images, labels) to learn from, and (images, labels) held out."""
    if source is None:
        parts = Digits(train=True), Digits(train=False)
        return tuple((part.data, part.targets) for part in parts)
    parts = MNIST(source, train=True, download=True), MNIST(source, train=False, download=True)
    return tuple((part.data.unsqueeze(1).float() / 255, part.targets) for part in parts)


def build(seed):
    """Twice filters and pooling, then two dense layers: 5×5 filters for MNIST, for the small images more of 3×3."""
    tinytorch.manual_seed(seed)
    side, size, wide = (8, 3, 32) if source is None else (28, 5, 16)
    return nn.Sequential(
        nn.Conv2d(1, wide, size, padding=size // 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(wide, 2 * wide, size, padding=size // 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * wide * (side // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def loss(scores, labels):
    """With few images, none is to be learned as certain: a tenth of each label is spread over all ten."""
    return F.cross_entropy(scores, labels, label_smoothing=0.1 if source is None else 0.0)


def moved(images, dy, dx):
    """The images, moved by (dy, dx) pixels (a number, or one for each image); what leaves the frame is lost."""
    n, _, height, width = images.shape
    framed = F.pad(images, (2, 2, 2, 2))[:, 0]  # nothing is moved farther than that
    rows = 2 - dy + tinytorch.arange(height)[None, :, None]
    columns = 2 - dx + tinytorch.arange(width)[None, None, :]
    return framed[tinytorch.arange(n)[:, None, None], rows, columns].unsqueeze(1)


def train(model, examples, watch=lambda done: None):
    """Half of the images of each batch are moved by up to a pixel: only here, never where it is measured."""
    images, labels = examples
    epochs, size = (12, 32) if source is None else (3, 64)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    steps = epochs * -(-len(labels) // size)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for batch in tinytorch.randperm(len(labels)).split(size):
            dy, dx = tinytorch.randint(-1, 2, (2, len(batch), 1, 1)) * (tinytorch.rand(len(batch), 1, 1) < 0.5)
            optimizer.zero_grad()
            loss(model(moved(images[batch], dy, dx)), labels[batch]).backward()
            optimizer.step()
            scheduler.step()
            watch(scheduler.last_epoch / steps)


def predict(model, images):
    return model(images).argmax(dim=-1)


def shifted_accuracy(model, pixels):
    """Accuracy on (at most 1,000) held-out images, moved by `pixels` in each of the eight directions."""
    images, labels = (part[:1000] for part in data()[1])
    ways = [(y, x) for y in (-pixels, 0, pixels) for x in (-pixels, 0, pixels) if y or x] or [(0, 0)]
    with tinytorch.no_grad():
        right = [(predict(model, moved(images, y, x)) == labels).float().mean().item() for y, x in ways]
    return sum(right) / len(right)


@functools.cache
def dense(numbers):
    """A network like that of 1986 with (nearly) as many `numbers` as the CNN, trained in the same way."""
    size = data()[0][0][0].numel()
    hidden = (numbers - 10) // (size + 11)
    tinytorch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    train(model, data()[0])
    return model


def notes(model):
    numbers = sum(p.numel() for p in model.parameters())
    mlp = dense(numbers)
    found = [f"CNN {shifted_accuracy(model, n):.1%}, MLP {shifted_accuracy(mlp, n):.1%}" for n in (0, 1, 2)]
    size = f"{numbers:,} numbers in the CNN, {sum(p.numel() for p in mlp.parameters()):,} in an MLP trained likewise"
    return {"size": size} | {f"held-out images moved by {n}": text for n, text in enumerate(found)}


def plots(model):
    import matplotlib.pyplot as plt

    image, draw = data()[1][0][:1], {"cmap": "RdBu", "vmin": -1, "vmax": 1}
    rows = [build(0)[0].weight[:16, 0].detach(), model[0].weight[:16, 0].detach(), model[:2](image)[0, :16].detach()]
    filters, axes = plt.subplots(3, 16, figsize=(12, 2.9), layout="constrained")
    filters.suptitle("16 filters before training (above) and after; below, where each of them answers to a digit")
    for line, row in zip(axes, rows, strict=True):
        for ax, picture in zip(line, row, strict=True):
            ax.imshow(picture.tolist(), **(draw if line is not axes[2] else {"cmap": "gray_r"}))
            ax.axis("off")

    curve, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    for net, label in ((model, "CNN"), (dense(sum(p.numel() for p in model.parameters())), "MLP, as many numbers")):
        ax.plot(range(3), [shifted_accuracy(net, n) for n in range(3)], "o-", label=label)
    ax.set(xlabel="held-out images moved by so many pixels", ylabel="accuracy", xticks=range(3), ylim=(0, 1.02))
    ax.legend()
    return {"filters": filters, "moved": curve}
