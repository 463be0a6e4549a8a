"""Small pictures and a convolutional network: command line, device, data loaders, a function for training and testing."""

from __future__ import print_function

import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser(description="where is the bar?")
parser.add_argument("--bs", type=int, default=32, metavar="N")
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--cpu", action="store_true", help="even where there is a GPU")


class BarNet(nn.Module):
    def __init__(self, classes=10):
        super(BarNet, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, kernel_size=3),
            nn.ReLU(inplace=True),
        )
        self.drop = nn.Dropout2d(p=0.0)
        self.classifier = nn.Linear(16 * 4 * 4, classes)

    def forward(self, images):
        maps = self.drop(self.features(images))
        return F.log_softmax(self.classifier(maps.view(maps.size(0), -1)), dim=1)


def bars(n, seed):
    """A bright bar, whose place is the class, on noise."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 10, n)
    images = rng.rand(n, 1, 12, 12).astype(np.float32) * 0.3
    for image, label in zip(images, labels):
        image[0, label : label + 2, :] += 1.0
    return TensorDataset(torch.from_numpy(images), torch.from_numpy(labels).long())


def one_epoch(net, loader, device, optimizer=None):
    net.train(optimizer is not None)
    total, right = 0.0, 0
    for i, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        scores = net(images)
        loss = F.nll_loss(scores, labels)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if i % 4 == 0:
                print("batch {}/{} loss {:.5f}".format(i, len(loader), loss.item()))
        total += loss.item() * images.size(0)
        _, best = torch.max(scores.data, 1)
        right += (best == labels).sum().item()
    return total / len(loader.dataset), right


if __name__ == "__main__":
    args = parser.parse_args()
    torch.manual_seed(0)
    cuda = torch.cuda.is_available() and not args.cpu
    device = torch.device("cuda:0" if cuda else "mps" if torch.backends.mps.is_available() else "cpu")
    extra = {"num_workers": 1, "pin_memory": True} if cuda else {}
    train_loader = DataLoader(bars(256, 0), batch_size=args.bs, shuffle=False, **extra)
    test_loader = DataLoader(bars(100, 1), batch_size=50, **extra)
    net = BarNet().to(device)
    rng = np.random.RandomState(3)
    for p in net.parameters():
        p.data.copy_(torch.from_numpy(rng.uniform(-0.15, 0.15, tuple(p.shape)).astype(np.float32)))
    optimizer = optim.SGD(net.parameters(), lr=args.lr, momentum=0.5)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(args.epochs):
        one_epoch(net, train_loader, device, optimizer)
        with torch.no_grad():
            loss, right = one_epoch(net, test_loader, device)
        print("epoch %d: test loss %.4f, %d of %d right" % (epoch, loss, right, len(test_loader.dataset)))
        scheduler.step()
        print("next rate", scheduler.get_last_lr())
