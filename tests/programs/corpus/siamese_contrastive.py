"""Siamese and triplet networks: pairs on the fly, contrastive and triplet margin losses, hard mining, nearest neighbours."""

import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import optim
from torch.utils.data import BatchSampler, DataLoader, Dataset


class BalancedBatchSampler(BatchSampler):
    """n_classes and from each of them n_samples: batches of n_classes * n_samples."""

    def __init__(self, labels, n_classes, n_samples):
        self.labels = labels
        self.labels_set = list(set(self.labels.numpy()))
        self.label_to_indices = {label: np.where(self.labels.numpy() == label)[0] for label in self.labels_set}
        for label in self.labels_set:
            np.random.shuffle(self.label_to_indices[label])
        self.used_label_indices_count = {label: 0 for label in self.labels_set}
        self.n_classes, self.n_samples = n_classes, n_samples
        self.n_dataset = len(self.labels)
        self.batch_size = self.n_samples * self.n_classes

    def __iter__(self):
        self.count = 0
        while self.count + self.batch_size < self.n_dataset:
            classes = np.random.choice(self.labels_set, self.n_classes, replace=False)
            indices = []
            for class_ in classes:
                used = self.used_label_indices_count[class_]
                indices.extend(self.label_to_indices[class_][used : used + self.n_samples])
                self.used_label_indices_count[class_] += self.n_samples
                if self.used_label_indices_count[class_] + self.n_samples > len(self.label_to_indices[class_]):
                    np.random.shuffle(self.label_to_indices[class_])
                    self.used_label_indices_count[class_] = 0
            yield indices
            self.count += self.n_classes * self.n_samples

    def __len__(self):
        return self.n_dataset // self.batch_size


class SiameseNetworkDataset(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __getitem__(self, index):
        i = random.randrange(len(self.images))
        should_get_same_class = random.randint(0, 1)
        while True:
            j = random.randrange(len(self.images))
            if (self.labels[i] == self.labels[j]) == bool(should_get_same_class):
                break
        return self.images[i], self.images[j], torch.from_numpy(
            np.array([int(self.labels[i] != self.labels[j])], dtype=np.float32)
        )

    def __len__(self):
        return 96


class EmbeddingNet(nn.Module):
    def __init__(self):
        super(EmbeddingNet, self).__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.PReLU(), nn.MaxPool2d(2, stride=2), nn.Conv2d(8, 16, 3), nn.PReLU()
        )
        self.fc = nn.Sequential(nn.Linear(16 * 2 * 2, 32), nn.PReLU(), nn.Linear(32, 2))

    def forward(self, x):
        output = self.convnet(x)
        output = output.view(output.size()[0], -1)
        return self.fc(output)

    def get_embedding(self, x):
        return self.forward(x)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        euclidean_distance = F.pairwise_distance(output1, output2, keepdim=True)
        return torch.mean(
            (1 - label) * torch.pow(euclidean_distance, 2)
            + (label) * torch.pow(torch.clamp(self.margin - euclidean_distance, min=0.0), 2)
        )


def pdist(vectors):
    return (
        -2 * vectors.mm(torch.t(vectors))
        + vectors.pow(2).sum(dim=1).view(1, -1)
        + vectors.pow(2).sum(dim=1).view(-1, 1)
    )


def batch_hard(embeddings, labels, margin):
    distances = torch.cdist(embeddings, embeddings, p=2)
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    eye = torch.eye(len(labels), dtype=torch.bool)
    hardest_positive = distances.masked_fill(~same | eye, 0.0).max(dim=1)[0]
    hardest_negative, _ = (distances + distances.max().detach() * same.float()).min(1, keepdim=False)
    return F.relu(hardest_positive - hardest_negative + margin).mean()


def semi_hard_triplets(embeddings, labels, margin):
    distance_matrix = pdist(embeddings).cpu()
    triplets = []
    for label in set(labels.tolist()):
        mask = labels == label
        positives, negatives = torch.nonzero(mask).flatten(), torch.where(torch.logical_not(mask))[0]
        for a in positives:
            for p in positives[positives > a]:
                loss_values = distance_matrix[a, p] - distance_matrix[a, negatives] + margin
                semi = torch.nonzero((loss_values < margin) & (loss_values > 0)).view(-1)
                if semi.numel():
                    triplets.append([a.item(), p.item(), negatives[semi[0]].item()])
    return torch.LongTensor(triplets if triplets else [[0, 1, len(labels) - 1]])


random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
digits = load_digits(n_class=4)
images = torch.as_tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
labels = torch.from_numpy(digits.target).to(torch.int64)
train_images, train_labels, test_images, test_labels = images[:240], labels[:240], images[240:360], labels[240:360]


def knn_accuracy(net, k=3):
    net.eval()
    with torch.no_grad():
        bank, queries = net.get_embedding(train_images), net.get_embedding(test_images)
        nearest = torch.cdist(queries, bank).topk(k, largest=False).indices
        votes = F.one_hot(train_labels[nearest], 4).sum(dim=1).argmax(dim=-1)
    net.train()
    return round(votes.eq(test_labels).float().mean().item(), 1)


net, criterion = EmbeddingNet(), ContrastiveLoss()
optimizer = optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(2):
    loader = DataLoader(SiameseNetworkDataset(train_images, train_labels), batch_size=24, shuffle=True)
    counter = []
    for i, (img0, img1, label) in enumerate(loader, 0):
        optimizer.zero_grad()
        loss_contrastive = criterion(net(img0), net(img1), label)
        loss_contrastive.backward()
        optimizer.step()
        counter.append(loss_contrastive.item())
    print("Epoch number {} Current loss {:.4f} mean {:.4f}".format(epoch, counter[-1], sum(counter) / len(counter)))
print("siamese", knn_accuracy(net) > 0.6)

sampler = BalancedBatchSampler(train_labels, n_classes=3, n_samples=6)
dataset = torch.utils.data.TensorDataset(train_images, train_labels)
for name in ("triplet", "hard", "cosine", "margin"):
    torch.manual_seed(0)
    np.random.seed(0)
    net = EmbeddingNet()
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for i, (data, target) in enumerate(DataLoader(dataset, batch_sampler=sampler)):
        embeddings = net(data)
        if name == "triplet":
            a, p, n = semi_hard_triplets(embeddings.detach(), target, 1.0).unbind(1)
            loss = nn.TripletMarginLoss(margin=1.0, p=2)(embeddings[a], embeddings[p], embeddings[n])
        elif name == "hard":
            loss = batch_hard(embeddings, target, 0.5)
        elif name == "cosine":
            flag = (target == target.roll(1)).float() * 2 - 1
            loss = nn.CosineEmbeddingLoss(margin=0.2)(embeddings, embeddings.roll(1, dims=0), flag)
        else:
            a, p, n = (embeddings[k:18:6] for k in (0, 1, 2))
            loss = F.margin_ranking_loss((a - n.flip(0)).norm(dim=1), (a - p).norm(dim=1), torch.ones(3), margin=0.3)
            loss = loss + nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance())(a, p, n.flip(0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(name, len(sampler), ["%.2f" % v for v in losses[:9:4]], knn_accuracy(net) > 0.6)
