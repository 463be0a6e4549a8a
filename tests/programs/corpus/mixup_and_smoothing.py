"""Mixup, cutmix, cutout, label smoothing and sharpness-aware steps on digits; AverageMeter, ProgressMeter, adjust_learning_rate."""

import argparse
import random
import time
import warnings
from enum import Enum

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class Summary(Enum):
    NONE = 0
    AVERAGE = 1
    SUM = 2


class AverageMeter(object):
    """Computes and stores the average and current value"""

    def __init__(self, name, fmt=":f", summary_type=Summary.AVERAGE):
        self.name, self.fmt, self.summary_type = name, fmt, summary_type
        self.reset()

    def reset(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count

    def __str__(self):
        return ("{name} {val" + self.fmt + "} ({avg" + self.fmt + "})").format(**self.__dict__)


class ProgressMeter(object):
    def __init__(self, num_batches, meters, prefix=""):
        num_digits = len(str(num_batches // 1))
        self.batch_fmtstr = "[{:" + str(num_digits) + "d}/" + ("{:" + str(num_digits) + "d}").format(num_batches) + "]"
        self.meters, self.prefix = meters, prefix

    def display(self, batch):
        print("\t".join([self.prefix + self.batch_fmtstr.format(batch)] + [str(meter) for meter in self.meters]))


def mixup_data(x, y, alpha=1.0):
    """Returns mixed inputs, pairs of targets, and lambda"""
    lam = np.random.beta(alpha, alpha) if alpha > 0 else 1
    index = torch.randperm(x.size()[0])
    mixed_x = lam * x + (1 - lam) * x[index, :]
    return mixed_x, y, y[index], lam


def mixup_criterion(criterion, pred, y_a, y_b, lam):
    return lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b)


def rand_bbox(size, lam):
    W, H = size[2], size[3]
    cut_rat = np.sqrt(1.0 - lam)
    cut_w, cut_h = int(W * cut_rat), int(H * cut_rat)
    cx, cy = np.random.randint(W), np.random.randint(H)
    x1, y1 = np.clip(cx - cut_w // 2, 0, W), np.clip(cy - cut_h // 2, 0, H)
    return x1, y1, np.clip(cx + cut_w // 2, 0, W), np.clip(cy + cut_h // 2, 0, H)


class Cutout(object):
    def __init__(self, n_holes, length):
        self.n_holes, self.length = n_holes, length

    def __call__(self, img):
        h, w = img.size(1), img.size(2)
        mask = np.ones((h, w), np.float32)
        for n in range(self.n_holes):
            y, x = np.random.randint(h), np.random.randint(w)
            mask[max(0, y - self.length) : y + self.length, max(0, x - self.length) : x + self.length] = 0.0
        mask = torch.from_numpy(mask)
        return img * mask.expand_as(img)


class LabelSmoothingCrossEntropy(nn.Module):
    def __init__(self, eps=0.1, reduction="mean"):
        super(LabelSmoothingCrossEntropy, self).__init__()
        self.eps, self.reduction = eps, reduction

    def forward(self, output, target):
        c = output.size()[-1]
        log_preds = F.log_softmax(output, dim=-1)
        loss = -log_preds.sum(dim=-1)
        if self.reduction == "mean":
            loss = loss.mean()
        return loss * self.eps / c + (1 - self.eps) * F.nll_loss(log_preds, target, reduction=self.reduction)


class SoftTargetCrossEntropy(nn.Module):
    def forward(self, x, target):
        return torch.sum(-target * F.log_softmax(x, dim=-1), dim=-1).mean()


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimization (Foret et al. 2021)."""

    def __init__(self, params, base_optimizer, rho=0.05, adaptive=False, **kwargs):
        assert rho >= 0.0, f"Invalid rho, should be non-negative: {rho}"
        defaults = dict(rho=rho, adaptive=adaptive, **kwargs)
        super(SAM, self).__init__(params, defaults)
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        grad_norm = self._grad_norm()
        for group in self.param_groups:
            scale = group["rho"] / (grad_norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old_p"] = p.data.clone()
                e_w = (torch.pow(p, 2) if group["adaptive"] else 1.0) * p.grad * scale.to(p)
                p.add_(e_w)
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.data = self.state[p]["old_p"]
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        assert closure is not None, "Sharpness Aware Minimization requires closure, but it was not provided"
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        closure()
        self.second_step()

    def _grad_norm(self):
        return torch.norm(
            torch.stack([
                ((torch.abs(p) if group["adaptive"] else 1.0) * p.grad).norm(p=2)
                for group in self.param_groups for p in group["params"] if p.grad is not None
            ]),
            p=2,
        )  # fmt: skip


def adjust_learning_rate(optimizer, epoch, lr):
    """Sets the learning rate to the initial LR decayed by 10 every epoch"""
    lr = lr * (0.1**epoch)
    for param_group in optimizer.param_groups:
        param_group["lr"] = lr


class WideNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, 1, 1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(12), nn.LeakyReLU(0.1, inplace=True)
        self.conv2 = nn.Conv2d(12, 12, 3, 2, 1)
        self.head = nn.Sequential(nn.Flatten(1, -1), nn.Dropout(p=0.1), nn.Linear(12 * 16, 10))

    def forward(self, x, mix=None):
        x = self.relu1(self.bn1(self.conv1(x)))
        if mix is not None:  # manifold mixup
            lam, index = mix
            x = x.lerp(x[index], 1 - lam)
        return self.head(torch.relu(self.conv2(x)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default=5, type=int)
    parser.add_argument("--epochs", default=2, type=int)
    args = parser.parse_args()
    if args.seed is not None:
        random.seed(args.seed)
        np.random.seed(args.seed)
        torch.manual_seed(args.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn("You have chosen to seed training.")
    digits = load_digits()
    images, labels = torch.from_numpy(digits.images).float().div_(16).unsqueeze(1), torch.from_numpy(digits.target)
    train = TensorDataset(images[:320], labels[:320])
    val_loader = DataLoader(TensorDataset(images[-200:], labels[-200:]), batch_size=100)
    cutout = Cutout(n_holes=1, length=2)
    for kind in ("mixup", "cutmix", "cutout", "smoothing", "manifold", "sam"):
        torch.manual_seed(args.seed)
        model = WideNet()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
        if kind == "sam":
            optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.1, momentum=0.9)
        losses, top1 = AverageMeter("Loss", ":.3e", Summary.NONE), AverageMeter("Acc@1", ":6.1f")
        loader = DataLoader(train, batch_size=64, shuffle=True)
        progress = ProgressMeter(len(loader), [losses, top1], prefix="Epoch: [{}]".format(kind))
        for epoch in range(args.epochs):
            end = time.time()
            adjust_learning_rate(optimizer, epoch, 0.1)
            for i, (x, y) in enumerate(loader):
                if kind == "mixup":
                    x, y_a, y_b, lam = mixup_data(x, y, 0.4)
                    output = model(x)
                    loss = mixup_criterion(nn.CrossEntropyLoss(), output, y_a, y_b, lam)
                elif kind == "cutmix":
                    lam = np.random.beta(1.0, 1.0)
                    rand_index = torch.randperm(x.size()[0])
                    bbx1, bby1, bbx2, bby2 = rand_bbox(x.size(), lam)
                    x[:, :, bbx1:bbx2, bby1:bby2] = x[rand_index, :, bbx1:bbx2, bby1:bby2]
                    lam = 1 - ((bbx2 - bbx1) * (bby2 - bby1) / (x.size()[-1] * x.size()[-2]))
                    soft = F.one_hot(y, num_classes=10) * lam + F.one_hot(y[rand_index], 10) * (1.0 - lam)
                    output = model(x)
                    loss = SoftTargetCrossEntropy()(output, soft)
                elif kind == "cutout":
                    output = model(torch.stack([cutout(one) for one in x]))
                    loss = F.multi_margin_loss(output, y) + F.cross_entropy(output, F.one_hot(y, 10).float())
                elif kind == "manifold":
                    index = torch.randperm(len(x))
                    output = model(x, mix=(0.7, index))
                    loss = 0.7 * F.cross_entropy(output, y) + 0.3 * F.cross_entropy(output, y[index])
                else:
                    output = model(x)
                    loss = LabelSmoothingCrossEntropy(eps=0.1)(output, y)
                optimizer.zero_grad()
                loss.backward()
                if kind == "sam":
                    optimizer.step(lambda: LabelSmoothingCrossEntropy()(model(x), y).backward())
                else:
                    optimizer.step()
                losses.update(loss.item(), x.size(0))
                top1.update(100.0 * (output.argmax(dim=1) == y).float().mean().item(), x.size(0))
            assert time.time() >= end
        progress.display(i + 1)
        model.eval()
        with torch.no_grad():
            total = sum((model(x).max(dim=1).indices == y).sum() for x, y in val_loader)
        print(f" * {kind} Acc@1 {total.item() / 200:.1f}", optimizer.param_groups[0]["lr"])


if __name__ == "__main__":
    main()
