"""2015: deep networks learn when each layer may pass on what it got.

New that year: the shortcut. A block adds what it finds to what came in, so the gradient has a way past every layer.
Deeper plain networks had become worse, even on what they were trained on; with shortcuts, depth does no harm. Here: the
same network with and without them, from the same numbers, 8 and 32 layers deep.

Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun, "Deep residual learning for image recognition", CVPR 2016
(arXiv:1512.03385, 2015).
"""

import functools

import tinytorch
from tinytorch import nn, optim
from tinytorch.vision.datasets import Digits

YEAR = 2015
DATA, METRIC, BAR, SEEDS = "all ten digits, 8×8 pixels", "accuracy", 0.97, 3
DEPTH, DEEP, CHANNELS, EPOCHS, BATCH = 8, 32, 12, 10, 64


def data():
    """(images, labels) to learn from, and (images, labels) held out: a fifth of each class."""
    seen, held_out = Digits(train=True), Digits(train=False)
    return (seen.data, seen.targets), (held_out.data, held_out.targets)


class Block(nn.Module):
    """Two convolutions; with the shortcut they need to find only what is missing."""

    def __init__(self, channels, shortcut):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.norm2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.shortcut = shortcut

    def forward(self, x):
        found = self.norm2(self.conv2(self.norm1(self.conv1(x)).relu()))
        return (x + found if self.shortcut else found).relu()


def build(seed, depth=DEPTH, shortcut=True):
    """`depth` layers with weights: a convolution, blocks of two, and the dense one."""
    tinytorch.manual_seed(seed)
    blocks = [Block(CHANNELS, shortcut) for _ in range((depth - 2) // 2)]
    early = len(blocks) // 3
    start = [nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU()]
    middle = [*blocks[:early], nn.MaxPool2d(2), *blocks[early:], nn.AvgPool2d(4)]
    return nn.Sequential(*start, *middle, nn.Flatten(), nn.Linear(CHANNELS, 10))


loss = nn.CrossEntropyLoss()


def train(model, examples, watch=lambda done: None):
    """The rate rises for a tenth of the steps, then falls to 0; `model.losses` keeps the mean loss of each epoch."""
    images, labels = examples
    optimizer = optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-3)
    steps, model.losses = EPOCHS * -(-len(labels) // BATCH), []
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(10 * (step + 1) / steps, 1 - step / steps))
    for _ in range(EPOCHS):
        total = 0.0
        for batch in tinytorch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            value = loss(model(images[batch]), labels[batch])
            value.backward()
            optimizer.step()
            scheduler.step()
            total += value.item() * len(batch)
            watch(scheduler.last_epoch / steps)
        model.losses.append(total / len(labels))


def predict(model, images):
    return model(images).argmax(dim=-1)


@functools.cache
def trained(depth, shortcut):
    """A network from seed 0, to compare with."""
    model = build(0, depth, shortcut)
    train(model, data()[0])
    return model.eval()


def pairs(model):
    """{depth: (the network with shortcuts, the one without)}"""
    return {DEPTH: (model, trained(DEPTH, False)), DEEP: (trained(DEEP, True), trained(DEEP, False))}


def accuracy(model):
    """The share of right answers on what is held out."""
    images, labels = data()[1]
    with tinytorch.no_grad():
        return (predict(model, images) == labels).float().mean().item()


def notes(model):
    said = "held out {:.1%} with shortcuts, {:.1%} without; training loss {:.3f} with, {:.3f} without"
    found = pairs(model).items()
    return {f"{n} layers": said.format(accuracy(a), accuracy(b), a.losses[-1], b.losses[-1]) for n, (a, b) in found}


def plots(model):
    import matplotlib.pyplot as plt

    names = ("with shortcuts", "steelblue"), ("without", "indianred")
    curves, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", sharey=True)
    for ax, (depth, pair) in zip(axes, pairs(model).items(), strict=True):
        for net, (name, colour) in zip(pair, names, strict=True):
            label = f"{name}: {accuracy(net):.1%} held out"
            ax.plot(range(1, EPOCHS + 1), net.losses, "o-", color=colour, label=label)
        ax.set(title=f"{depth} layers", xlabel="epoch", ylim=(0, 2.5))
        ax.legend()
    axes[0].set_ylabel("training loss")

    reach, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    images, labels = (part[:BATCH] for part in data()[0])
    for shortcut, (label, colour) in zip((True, False), names, strict=True):
        fresh = build(0, DEEP, shortcut)
        loss(fresh(images), labels).backward()
        weights = [p.grad for p in fresh.parameters() if p.ndim == 4]
        ax.semilogy(range(1, len(weights) + 1), [w.norm().item() for w in weights], "o-", color=colour, label=label)
    ax.set(title=f"{DEEP} layers, untrained: the gradient as it comes back", xlabel="convolution", ylabel="norm")
    ax.legend()
    return {"curves": curves, "gradients": reach}
