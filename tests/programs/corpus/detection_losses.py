"""A one-stage detector on squares: anchors, matching by IoU, focal and GIoU losses, hard negatives, NMS, average precision."""

import itertools
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.utils.data import DataLoader, Dataset

np.random.seed(4)
torch.manual_seed(4)
IMAGE, STRIDE = 32, 8


def point_form(boxes):
    """(cx, cy, w, h) -> (xmin, ymin, xmax, ymax)"""
    return torch.cat((boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2), 1)


def center_size(boxes):
    return torch.cat([(boxes[:, 2:] + boxes[:, :2]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)


def intersect(box_a, box_b):
    A = box_a.size(0)
    B = box_b.size(0)
    max_xy = torch.min(box_a[:, 2:].unsqueeze(1).expand(A, B, 2), box_b[:, 2:].unsqueeze(0).expand(A, B, 2))
    min_xy = torch.max(box_a[:, :2].unsqueeze(1).expand(A, B, 2), box_b[:, :2].unsqueeze(0).expand(A, B, 2))
    inter = torch.clamp((max_xy - min_xy), min=0)
    return inter[:, :, 0] * inter[:, :, 1]


def jaccard(box_a, box_b):
    inter = intersect(box_a, box_b)
    area_a = ((box_a[:, 2] - box_a[:, 0]) * (box_a[:, 3] - box_a[:, 1])).unsqueeze(1).expand_as(inter)
    area_b = ((box_b[:, 2] - box_b[:, 0]) * (box_b[:, 3] - box_b[:, 1])).unsqueeze(0).expand_as(inter)
    return inter / (area_a + area_b - inter)


def giou(a, b):
    lt, rb = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh.prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).clamp_min(0).prod(-1)
    return inter / union - (hull - union) / hull


class PriorBox(object):
    def __init__(self, cfg):
        self.cfg = cfg

    def forward(self):
        mean = []
        for i, j in itertools.product(range(self.cfg["feature_map"]), repeat=2):
            cx, cy = (j + 0.5) / self.cfg["feature_map"], (i + 0.5) / self.cfg["feature_map"]
            for size, ratio in itertools.product(self.cfg["sizes"], self.cfg["ratios"]):
                mean += [cx, cy, size * math.sqrt(ratio), size / math.sqrt(ratio)]
        output = torch.Tensor(mean).view(-1, 4)
        return output.clamp_(max=1, min=0)


def encode(matched, priors, variances):
    g_cxcy = (matched[:, :2] + matched[:, 2:]) / 2 - priors[:, :2]
    g_cxcy /= variances[0] * priors[:, 2:]
    g_wh = torch.log((matched[:, 2:] - matched[:, :2]) / priors[:, 2:]) / variances[1]
    return torch.cat([g_cxcy, g_wh], 1)


def decode(loc, priors, variances):
    boxes = torch.cat(
        (priors[:, :2] + loc[:, :2] * variances[0] * priors[:, 2:], priors[:, 2:] * torch.exp(loc[:, 2:] * variances[1])), 1
    )
    boxes[:, :2] -= boxes[:, 2:] / 2
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def match(threshold, truths, priors, labels):
    overlaps = jaccard(truths, point_form(priors))
    best_prior_overlap, best_prior_idx = overlaps.max(1, keepdim=True)
    best_truth_overlap, best_truth_idx = overlaps.max(0, keepdim=True)
    best_truth_idx.squeeze_(0)
    best_truth_overlap.squeeze_(0)
    best_prior_idx.squeeze_(1)
    best_truth_overlap.index_fill_(0, best_prior_idx, 2)  # ensure best prior
    for j in range(best_prior_idx.size(0)):
        best_truth_idx[best_prior_idx[j]] = j
    conf = labels[best_truth_idx] + 1
    conf[best_truth_overlap < threshold] = 0  # label as background
    return encode(truths[best_truth_idx], priors, [0.1, 0.2]), conf


def nms(boxes, scores, overlap=0.5):
    keep = scores.new(scores.size(0)).zero_().long()
    v, idx = scores.sort(0)
    count = 0
    while idx.numel() > 0:
        i = idx[-1]
        keep[count] = i
        count += 1
        if idx.size(0) == 1:
            break
        idx = idx[:-1]
        iou = jaccard(boxes[i].unsqueeze(0), torch.index_select(boxes, 0, idx)).squeeze(0)
        idx = idx[iou.le(overlap)]
    return keep[:count]


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.25):
        super().__init__()
        self.gamma, self.alpha = gamma, alpha

    def forward(self, logits, targets):
        ce_loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        p = torch.sigmoid(logits)
        p_t = p * targets + (1 - p) * (1 - targets)
        alpha_t = self.alpha * targets + (1 - self.alpha) * (1 - targets)
        return (alpha_t * ((1 - p_t) ** self.gamma) * ce_loss).sum()


class Squares(Dataset):
    def __init__(self, n):
        self.images, self.targets = torch.rand(n, 3, IMAGE, IMAGE) * 0.2, []
        for image in self.images:
            target = []
            for label in range(np.random.randint(1, 3)):
                x, y, s = np.random.randint(0, 18), np.random.randint(0, 18), np.random.randint(6, 13)
                image[label, y : y + s, x : x + s] += 0.8
                target.append([x, y, x + s, y + s, label])
            self.targets.append(np.array(target, dtype=np.float32) / [*[IMAGE] * 4, 1])

    def __getitem__(self, index):
        return self.images[index], self.targets[index]

    def __len__(self):
        return len(self.images)


def detection_collate(batch):
    """Stacks images; the targets stay a list, since each image has its own number of boxes."""
    targets = []
    imgs = []
    for sample in batch:
        imgs.append(sample[0])
        targets.append(torch.FloatTensor(sample[1]))
    return torch.stack(imgs, 0), targets


class Detector(nn.Module):
    def __init__(self, num_classes=3, anchors=2):
        super().__init__()
        self.num_classes = num_classes
        layers, channels = [], 3
        for out in (8, 16, 16):
            layers += [nn.Conv2d(channels, out, 3, stride=2, padding=1), nn.GroupNorm(2, out), nn.ReLU(inplace=True)]
            channels = out
        self.backbone = nn.Sequential(*layers)
        self.lateral = nn.ModuleList([nn.Conv2d(16, 16, 1), nn.Conv2d(16, 16, kernel_size=1)])
        self.loc = nn.Conv2d(16, anchors * 4, kernel_size=3, padding=1)
        self.conf = nn.Conv2d(16, anchors * num_classes, kernel_size=3, padding=1)
        prior_probability = 0.05
        nn.init.constant_(self.conf.bias, -math.log((1 - prior_probability) / prior_probability))

    def forward(self, x):
        features = []
        for k, layer in enumerate(self.backbone):
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                features.append(x)
        top = self.lateral[0](features[-1])
        up = F.interpolate(top, scale_factor=2, mode="nearest") + self.lateral[1](features[-2])
        x = F.max_pool2d(up, 2) + top
        loc = self.loc(x).permute(0, 2, 3, 1).contiguous().view(x.size(0), -1, 4)
        conf = self.conf(x).permute(0, 2, 3, 1).reshape(x.size(0), -1, self.num_classes)
        return loc, conf


priors = PriorBox({"feature_map": IMAGE // STRIDE, "sizes": [0.3], "ratios": [1.0, 0.7]}).forward()
print(priors.shape, priors[:2].numpy().round(3).tolist())
loader = DataLoader(Squares(32), batch_size=8, shuffle=True, collate_fn=detection_collate)
for kind in ("multibox", "focal"):
    torch.manual_seed(0)
    net = Detector()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    focal = FocalLoss()
    for epoch in range(2):
        for images, targets in loader:
            loc_data, conf_data = net(Variable(images))
            num = loc_data.size(0)
            loc_t, conf_t = torch.Tensor(num, len(priors), 4), torch.LongTensor(num, len(priors))
            for idx in range(num):
                truths, labels = targets[idx][:, :-1].data, targets[idx][:, -1].data.long()
                loc_t[idx], conf_t[idx] = match(0.5, truths, priors.data, labels)
            pos = conf_t > 0
            pos_idx = pos.unsqueeze(pos.dim()).expand_as(loc_data)
            N = pos.sum().clamp(min=1).float()
            if kind == "multibox":
                loss_l = F.smooth_l1_loss(loc_data[pos_idx].view(-1, 4), loc_t[pos_idx].view(-1, 4), reduction="sum")
                batch_conf = conf_data.view(-1, 3)
                loss_c = torch.logsumexp(batch_conf, 1, keepdim=True) - batch_conf.gather(1, conf_t.view(-1, 1))
                loss_c = loss_c.view(num, -1)
                loss_c[pos] = 0  # filter out pos boxes for now
                _, loss_idx = loss_c.sort(1, descending=True)
                _, idx_rank = loss_idx.sort(1)
                num_neg = torch.clamp(3 * pos.long().sum(1, keepdim=True), max=pos.size(1) - 1)
                neg = idx_rank < num_neg.expand_as(idx_rank)
                chosen = (pos + neg).gt(0)
                loss_c = F.cross_entropy(conf_data[chosen].view(-1, 3), conf_t[chosen], reduction="sum")
            else:
                predicted = torch.stack([decode(one, priors, [0.1, 0.2]) for one in loc_data])[pos]
                matched = torch.stack([decode(one, priors, [0.1, 0.2]) for one in loc_t])[pos]
                loss_l = (1 - giou(predicted, matched)).sum()
                loss_c = focal(conf_data[..., 1:], F.one_hot(conf_t, 3)[..., 1:].to(conf_data.dtype))
            loss = (loss_l + loss_c) / N
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(net.parameters(), 1.0)
            optimizer.step()
        print(kind, epoch, "loc: %.3f cls: %.3f positives: %d" % (loss_l.item() / N, loss_c.item() / N, N))
    net.eval()
    with torch.no_grad():
        loc, conf = net(images)
        scores = conf[0].softmax(-1)[:, 1] if kind == "multibox" else conf[0, :, 1].sigmoid()
        boxes = decode(loc[0].clone(), priors, [0.1, 0.2]).clamp_(0, 1)
        keep = nms(boxes, scores, 0.4)
        print(kind, "kept", len(keep), ["%.2f" % s for s in scores[keep[:3]].tolist()], "%.2f" % boxes[keep].mean())
