"""SimCLR on digits, and BYOL beside it: two views of each picture, NT-Xent, a momentum encoder, a linear probe."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import nn


class ContrastiveLearningViewGenerator(object):
    """Take two random crops of one image as the query and key."""

    def __init__(self, base_transform, n_views=2):
        self.base_transform = base_transform
        self.n_views = n_views

    def __call__(self, x):
        return [self.base_transform(x) for i in range(self.n_views)]


class RandomApply(torch.nn.Module):
    def __init__(self, transforms, p=0.5):
        super().__init__()
        self.transforms, self.p = transforms, p

    def forward(self, img):
        if self.p < torch.rand(1):
            return img
        for t in self.transforms:
            img = t(img)
        return img


class RandomShift:
    def __call__(self, img):
        dy, dx = (int(v) for v in torch.randint(-1, 2, (2,)))
        return torch.roll(img, shifts=(dy, dx), dims=(-2, -1))


class GaussianBlur(nn.Module):
    def __init__(self, sigma=0.8):
        super().__init__()
        k = torch.exp(-torch.arange(-1.0, 2.0).square() / (2 * sigma**2))
        self.register_buffer("kernel", torch.outer(k, k)[None, None] / k.sum() ** 2)

    def forward(self, img):
        return F.conv2d(F.pad(img[None], (1, 1, 1, 1), mode="replicate"), self.kernel)[0]


class Jitter:
    def __call__(self, img):
        return (img * torch.empty(1).uniform_(0.8, 1.2) + torch.empty(1).normal_(0, 0.05)).clamp(0, 1)


class RandomErasing:
    def __call__(self, img):
        i, j = np.random.randint(0, 6, size=2)
        img = img.clone()
        img[:, i : i + 2, j : j + 2] = 0.0
        return img


class Sequence:
    def __init__(self, *steps):
        self.steps = steps

    def __call__(self, x):
        for step in self.steps:
            x = step(x)
        return x


augment = Sequence(RandomShift(), RandomApply([GaussianBlur()], p=0.3), Jitter(), RandomApply([RandomErasing()]))


class Unlabelled(torch.utils.data.Dataset):
    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __getitem__(self, index):
        return self.transform(self.images[index]), index

    def __len__(self):
        return self.images.shape[0]


def mlp(i, hidden, o):
    return nn.Sequential(nn.Linear(i, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, o))


class SimCLR(nn.Module):
    def __init__(self, projection=8):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.Flatten()
        )
        dim_mlp = self.backbone(torch.zeros(2, 1, 8, 8)).shape[-1]
        self.head = mlp(dim_mlp, 32, projection)
        print("features", dim_mlp)

    def forward(self, x):
        return self.head(self.backbone(x))


def info_nce_loss(features, n_views=2, temperature=0.2):
    batch_size = features.shape[0] // n_views
    labels = torch.cat([torch.arange(batch_size) for i in range(n_views)], dim=0)
    labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
    features = F.normalize(features, dim=1)
    similarity_matrix = torch.matmul(features, features.T)
    # discard the main diagonal from both: labels and similarities matrix
    mask = torch.eye(labels.shape[0], dtype=torch.bool)
    labels = labels[~mask].view(labels.shape[0], -1)
    similarity_matrix = similarity_matrix[~mask].view(similarity_matrix.shape[0], -1)
    positives = similarity_matrix[labels.bool()].view(labels.shape[0], -1)
    negatives = similarity_matrix[~labels.bool()].view(similarity_matrix.shape[0], -1)
    logits = torch.cat([positives, negatives], dim=1)
    return logits / temperature, torch.zeros(logits.shape[0], dtype=torch.long)


def nt_xent(z1, z2, tau=0.2):
    z = F.normalize(torch.cat([z1, z2]), p=2, dim=-1)
    similarity = torch.exp(torch.mm(z, z.t().contiguous()) / tau)
    similarity = similarity.masked_select(~torch.eye(len(z)).bool()).view(len(z), -1)
    positive = torch.exp(torch.sum(z1 * z2, dim=-1) / (z1.norm(dim=-1) * z2.norm(dim=-1)) / tau).repeat(2)
    return (-torch.log(positive / similarity.sum(dim=-1))).mean()


digits = load_digits()
images = torch.from_numpy(digits.images.astype("float32") / 16).unsqueeze(1)
torch.manual_seed(0)
np.random.seed(0)
dataset = Unlabelled(images[:192], ContrastiveLearningViewGenerator(augment, n_views=2))
train_loader = torch.utils.data.DataLoader(dataset, batch_size=48, shuffle=True, drop_last=True)
model = SimCLR()
optimizer = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=len(train_loader), eta_min=0, last_epoch=-1)
criterion = torch.nn.CrossEntropyLoss()
for epoch_counter in range(2):
    for images_, index in train_loader:
        features = model(torch.cat(images_, dim=0))
        logits, labels = info_nce_loss(features)
        loss = criterion(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        top1 = (logits.argmax(1) == 0).float().mean()
        with torch.no_grad():
            same = torch.isclose(loss, nt_xent(*features.chunk(2)), atol=1e-4).item()
        print("step: %.4f acc/top1: %.2f same by NT-Xent: %s" % (loss, top1, same))
    if epoch_counter >= 1:
        scheduler.step()


class BYOL(nn.Module):
    def __init__(self, online):
        super().__init__()
        self.online = online
        self.target = copy.deepcopy(online)
        self.predictor = mlp(8, 16, 8)
        for p in self.target.parameters():
            p.requires_grad = False

    @torch.no_grad()
    def update_moving_average(self, m=0.95):
        for param_q, param_k in zip(self.online.parameters(), self.target.parameters()):
            param_k.data.mul_(m).add_(param_q.detach().data, alpha=1 - m)
        for q, k in zip(self.online.buffers(), self.target.buffers()):
            k.copy_(q)

    def forward(self, x1, x2):
        q1, q2 = self.predictor(self.online(x1)), self.predictor(self.online(x2))
        with torch.no_grad():
            k1, k2 = self.target(x1), self.target(x2)
        return 2 - F.cosine_similarity(q1, k2.detach(), dim=-1).mean() - F.cosine_similarity(q2, k1, dim=-1).mean()


byol = BYOL(model)
optimizer = torch.optim.SGD([p for p in byol.parameters() if p.requires_grad], lr=0.05, momentum=0.9)
queue = F.normalize(torch.randn(8, 32), dim=0)
for (x1, x2), index in train_loader:
    loss = byol(x1, x2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    byol.update_moving_average()
    keys = F.normalize(byol.target(x1), dim=1)[:8]
    queue = torch.cat([queue[:, 8:], keys.T], dim=1)
    print("byol %.4f" % loss.item(), "queue", tuple(queue.shape), "%.3f" % queue.norm())
model.eval()
with torch.no_grad():
    h = model.backbone(images[:500]).numpy()
probe = LogisticRegression(max_iter=200).fit(h[:400], digits.target[:400])
print("linear probe", round(probe.score(h[400:], digits.target[400:500]), 1))
