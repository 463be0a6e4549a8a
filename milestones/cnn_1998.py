"""1998: a network that sees the same stroke wherever it is.

New that year: convolution and pooling, trained from the pixels to the answer. One small filter looks everywhere with the
same weights; whatever it has learned in one place it knows in all places. Fewer weights than a dense layer, and a shifted
digit is still the digit. Here: LeNet, small, on the 8×8 digits; with `--data mnist` on the images it was made for.

Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 1998.
"""

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.datasets import MNIST, Digits

YEAR, LESSONS = 1998, 8
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
    else:
        parts = MNIST(source, train=True, download=True), MNIST(source, train=False, download=True)
    images = [part.data if source is None else part.data.unsqueeze(1).float() / 255 for part in parts]
    return (images[0], parts[0].targets), (images[1], parts[1].targets)


def lenet(size, kernel):
    """Twice filters and pooling, then two dense layers, for images of size × size."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel, padding=kernel // 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel, padding=kernel // 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * (size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def build(seed):
    tinytorch.manual_seed(seed)
    return lenet(8, 3) if source is None else lenet(28, 5)


loss = nn.CrossEntropyLoss()


def moved(images, dy, dx):
    """The images, moved by (dy, dx) pixels (a number, or one for each image); what leaves the frame is lost."""
    n, _, height, width = images.shape
    far = 2
    framed = F.pad(images, (far, far, far, far))[:, 0]
    rows = far - dy + tinytorch.arange(height)[None, :, None]
    columns = far - dx + tinytorch.arange(width)[None, None, :]
    return framed[tinytorch.arange(n)[:, None, None], rows, columns].unsqueeze(1)


def train(model, examples, watch=lambda done: None):
    """Half of the images of each batch are moved by up to a pixel: only here, never where it is measured."""
    images, labels = examples
    epochs, size = (20, 32) if source is None else (3, 64)
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
    """Accuracy on the held-out images, moved by `pixels` in each of the eight directions."""
    images, labels = data()[1]
    ways = [(y, x) for y in (-pixels, 0, pixels) for x in (-pixels, 0, pixels) if y or x] or [(0, 0)]
    with tinytorch.no_grad():
        right = [(predict(model, moved(images, y, x)) == labels).float().mean().item() for y, x in ways]
    return sum(right) / len(right)


def dense(like):
    """A network like that of 1986 with as many numbers as the model `like`."""
    size = data()[1][0][0].numel()
    hidden = (sum(p.numel() for p in like.parameters()) - 10) // (size + 11)
    tinytorch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def notes(model):
    other = dense(model)
    train(other, data()[0])
    count = [sum(p.numel() for p in net.parameters()) for net in (model, other)]
    found = {"numbers": f"{count[0]:,} in the CNN, {count[1]:,} in an MLP trained in the same way"}
    for pixels in (0, 1, 2):
        cnn, mlp = shifted_accuracy(model, pixels), shifted_accuracy(other, pixels)
        found[f"held-out images moved by {pixels}"] = f"CNN {cnn:.1%}, MLP {mlp:.1%}"
    return found
