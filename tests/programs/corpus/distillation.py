"""Knowledge distillation: soft targets with a temperature, hints by forward hooks, attention transfer, relations, mutual learning."""

import argparse
import copy
import logging
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Subset, TensorDataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s:%(name)s: %(message)s")
logger = logging.getLogger("kd")
parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("--temperature", "-T", type=float, default=4.0)
parser.add_argument("--alpha", type=float, default=0.7)
parser.add_argument("--modes", nargs="+", default=["none", "kd", "hint", "attention", "relation"])
args = parser.parse_args()
torch.manual_seed(0)
digits = load_digits()
dataset = TensorDataset(torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze_(1), torch.tensor(digits.target))
train_set, test_set = Subset(dataset, range(384)), Subset(dataset, list(range(1000, 1200)))
train_loader, test_loader = DataLoader(train_set, 48, shuffle=True), DataLoader(test_set, 100)


def conv3x3(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer1 = conv3x3(1, width)
        self.layer2 = nn.Sequential(conv3x3(width, 2 * width), nn.MaxPool2d(2))
        self.layer3 = conv3x3(2 * width, 2 * width)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(2 * width, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.pool(x).flatten(start_dim=1))


class Features:
    """What the layers of a model gave, by name."""

    def __init__(self, model, names):
        self.found = {}
        self.handles = [model.get_submodule(name).register_forward_hook(self.keep(name)) for name in names]

    def keep(self, name):
        def hook(module, input, output):
            self.found[name] = output

        return hook

    def __getitem__(self, name):
        return self.found[name]

    def remove(self):
        for handle in self.handles:
            handle.remove()


class DistillKL(nn.Module):
    def __init__(self, T):
        super(DistillKL, self).__init__()
        self.T = T

    def forward(self, y_s, y_t):
        p_s = F.log_softmax(y_s / self.T, dim=1)
        p_t = F.softmax(y_t / self.T, dim=1)
        return F.kl_div(p_s, p_t, reduction="batchmean") * (self.T**2)


def at(x):
    return F.normalize(x.pow(2).mean(1).view(x.size(0), -1))


def pdist(e, squared=False, eps=1e-12):
    e_square = e.pow(2).sum(dim=1)
    prod = e @ e.t()
    res = (e_square.unsqueeze(1) + e_square.unsqueeze(0) - 2 * prod).clamp(min=eps)
    if not squared:
        res = res.sqrt()
    res = res.clone()
    res[range(len(e)), range(len(e))] = 0
    return res


def rkd(student, teacher):
    with torch.no_grad():
        t_d = pdist(teacher.flatten(1))
        t_d = t_d / t_d[t_d > 0].mean()
    d = pdist(student.view(student.size(0), -1))
    d = d / d[d > 0].mean()
    return F.smooth_l1_loss(d, t_d, reduction="mean")


@torch.no_grad()
def evaluate(model):
    model.eval()
    correct = sum(int((model(x).argmax(-1) == y).sum()) for x, y in test_loader)
    model.train()
    return round(correct / len(test_set), 1)


teacher = Net(12)
optimizer = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for epoch in range(2):
    for x, y in train_loader:
        loss = F.cross_entropy(teacher(x), y)
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    logger.info("teacher epoch %d loss %.3f", epoch, loss.item())
logger.info("teacher accuracy %s", evaluate(teacher))
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)
start = Net(4)
for mode in args.modes:
    torch.manual_seed(1)
    student = copy.deepcopy(start)
    regressor = nn.Conv2d(8, 24, 1)
    of_teacher, of_student = (Features(m, ["layer2", "layer3"]) for m in (teacher, student))
    criterion_cls, criterion_div = nn.CrossEntropyLoss(), DistillKL(args.temperature)
    trainable = nn.ModuleList([student, regressor] if mode == "hint" else [student])
    optimizer = torch.optim.SGD(trainable.parameters(), lr=0.05, momentum=0.9, dampening=0, weight_decay=5e-4)
    for x, y in train_loader:
        logit_s = student(x)
        with torch.no_grad():
            logit_t = teacher(x)
        loss_cls = criterion_cls(logit_s, y)
        loss_div = torch.zeros(())
        if mode == "kd":
            loss_div = criterion_div(logit_s, logit_t)
        elif mode == "hint":
            loss_div = nn.MSELoss()(regressor(of_student["layer2"]), of_teacher["layer2"].detach())
        elif mode == "attention":
            loss_div = sum((at(of_student[k]) - at(of_teacher[k])).pow(2).mean() for k in ("layer2", "layer3")) * 10
        elif mode == "relation":
            loss_div = rkd(of_student["layer3"], of_teacher["layer3"])
        loss = (1 - args.alpha) * loss_cls + args.alpha * loss_div
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    logger.info("%s: cls %.3f div %.2f accuracy %s", mode, loss_cls, loss_div, evaluate(student))
    of_teacher.remove(), of_student.remove()
    assert not student.layer2._forward_hooks
print(sum(p.numel() for p in teacher.parameters()), sum(p.numel() for p in student.parameters()), len(trainable))

# two students learn from each other
students = [copy.deepcopy(start) for _ in range(2)]
for s in students:
    s.fc.reset_parameters()
optimizers = [torch.optim.NAdam(s.parameters(), lr=3e-3) for s in students]
for x, y in train_loader:
    logits = [s(x) for s in students]
    for k in range(2):
        peer = logits[1 - k].detach()
        loss = F.cross_entropy(logits[k], y) + nn.KLDivLoss(reduction="batchmean", log_target=True)(
            F.log_softmax(logits[k], 1), F.log_softmax(peer, 1)
        )
        optimizers[k].zero_grad()
        loss.backward(retain_graph=k == 0)
        optimizers[k].step()
logger.warning("mutual %.3f agreement %.1f", loss.item(), (logits[0].argmax(1) == logits[1].argmax(1)).float().mean())
