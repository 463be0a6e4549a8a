"""The oldest tutorials: regression, logistic regression, an SVM and a network from tensors alone, k-means, PCA, matrix factorisation, printing as one goes."""

import time

import numpy as np
import torch
from sklearn.datasets import make_blobs, make_moons
from sklearn.model_selection import train_test_split
from torch.autograd import Variable

dtype = torch.FloatTensor
torch.manual_seed(0)
N, D_in, H, D_out = 16, 20, 10, 3
x, y = torch.randn(N, D_in).type(dtype), torch.randn(N, D_out).type(dtype)
w1, w2 = torch.randn(D_in, H).type(dtype), torch.randn(H, D_out).type(dtype)
learning_rate = 1e-4
for t in range(60):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum().item()
    if t % 20 == 19:
        print(t, loss)
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h_relu = grad_y_pred.mm(w2.t())
    grad_h = grad_h_relu.clone()
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)
    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2

x, y = Variable(torch.randn(N, D_in).type(dtype), requires_grad=False), Variable(torch.randn(N, D_out).type(dtype), requires_grad=False)
w1, w2 = Variable(torch.randn(D_in, H).type(dtype), requires_grad=True), Variable(torch.randn(H, D_out).type(dtype), requires_grad=True)
for t in range(60):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    if t % 20 == 19:
        print(t, loss.data.item())
    loss.backward()
    w1.data -= learning_rate * w1.grad.data
    w2.data -= learning_rate * w2.grad.data
    w1.grad.data.zero_()
    w2.grad.data.zero_()

# least squares in four ways
a = torch.linspace(-1, 1, 50)
X = torch.stack([torch.ones_like(a), a, a**2], dim=1)
b = X @ torch.Tensor([0.5, -1, 2]) + 0.05 * torch.randn(50)
normal = torch.inverse(X.t() @ X) @ X.t() @ b
lstsq = torch.linalg.lstsq(X, b.unsqueeze(1)).solution.squeeze()
q, r = torch.linalg.qr(X)
by_qr = torch.linalg.solve_triangular(r, (q.t() @ b).unsqueeze(1), upper=True).squeeze()
print(normal, torch.allclose(normal, lstsq, atol=1e-4), torch.allclose(by_qr, torch.pinverse(X) @ b, atol=1e-4), torch.addmv(torch.zeros(3), X.t(), b).norm().item())

# logistic regression and an SVM with hinge loss
X, y = make_blobs(n_samples=100, centers=2, random_state=0, cluster_std=0.6)
X = (X - X.mean()) / X.std()
y[np.where(y == 0)] = -1
X, Y = torch.FloatTensor(X), torch.FloatTensor(y)
W, b = torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)
for epoch in range(4):
    perm = torch.randperm(len(Y))
    sum_loss = 0
    for i in range(0, len(Y), 20):
        x, y = X[perm[i : i + 20]], Y[perm[i : i + 20]]
        output = x.matmul(W) + b
        loss = torch.mean(torch.clamp(1 - y * output, min=0)) + 0.01 * (W.t() @ W) / 2.0
        loss.backward()
        with torch.no_grad():
            for p in (W, b):
                p -= 0.1 * p.grad
                p.grad.zero_()
        sum_loss += float(loss.detach())
    print("Epoch: {:4d}\tloss: {}".format(epoch, sum_loss / len(Y)))
print(W.data, b.tolist(), ((X @ W + b).sign() == Y).float().mean().item())

X, y = make_moons(n_samples=120, noise=0.15, random_state=3)
X_train, X_test, y_train, y_test = (torch.from_numpy(v).float() for v in train_test_split(X, y, test_size=0.25, random_state=3))


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def normalize(x, eps=1e-9):
    mean, std = x.mean(dim=0, keepdim=True), x.std(dim=0, keepdim=True)
    return torch.div(torch.sub(x, mean), torch.add(std, eps))


theta = torch.zeros((6, 1), dtype=torch.float64)
features = lambda x: torch.cat((torch.ones(len(x), 1), x, x.pow(2), x.prod(1, keepdim=True)), 1).double()
m = len(X_train)
for i in range(200):
    hyp = sigmoid(torch.mm(features(normalize(X_train)), theta))
    gradient = 1.0 / m * torch.mm(features(normalize(X_train)).t(), hyp - y_train.view(-1, 1))
    theta.sub_(0.5 * gradient)
cost = -1.0 / m * torch.sum(y_train.view(-1, 1) * torch.log(hyp) + (1 - y_train.view(-1, 1)) * torch.log(1 - hyp))
predicted = (sigmoid(features(normalize(X_test)) @ theta) >= 0.5).squeeze(1)
print("cost %.6f accuracy %.3f" % (cost, (predicted == y_test.bool()).double().mean()), theta.squeeze().numpy().round(3))

# k-means, principal components, neighbours
points = torch.from_numpy(make_blobs(n_samples=60, centers=3, random_state=5)[0]).float()
centers = points[torch.randperm(60)[:3]].clone()
for _ in range(10):
    labels = torch.cdist(points, centers).argmin(1)
    for k in range(3):
        if (labels == k).any():
            centers[k] = points[labels == k].mean(0)
print(labels.bincount(), centers.sort(dim=0)[0], torch.norm(points - centers[labels], dim=1).sum().item())
U, S, V = torch.svd(points - points.mean(0))
print(S, (U * S).matmul(V.t()).sub(points - points.mean(0)).abs().max().item() < 1e-4, (S**2 / torch.sum(S**2)).cumsum(0))
nearest = ((points.unsqueeze(1) - points.unsqueeze(0)) ** 2).sum(-1).topk(4, largest=False)[1][:, 1:]
print(nearest[:3], (labels[nearest] == labels.unsqueeze(1)).float().mean())


# films and people
class MatrixFactorization(torch.nn.Module):
    def __init__(self, n_users, n_items, n_factors=4):
        super().__init__()
        self.user_factors = torch.nn.Embedding(n_users, n_factors, sparse=False)
        self.item_factors = torch.nn.Embedding(n_items, n_factors)
        self.user_biases, self.item_biases = torch.nn.Embedding(n_users, 1), torch.nn.Embedding(n_items, 1)
        self.user_biases.weight.data.fill_(0.0)
        torch.nn.init.zeros_(self.item_biases.weight)

    def forward(self, user, item):
        pred = self.user_biases(user) + self.item_biases(item)
        pred += (self.user_factors(user) * self.item_factors(item)).sum(1, keepdim=True)
        return pred.squeeze()


rng = np.random.RandomState(0)
ratings = np.clip(np.round(3 + rng.randn(12, 2) @ rng.randn(2, 9)), 1, 5)
ratings[rng.rand(12, 9) < 0.3] = 0
rows, cols = ratings.nonzero()
model, loss_func = MatrixFactorization(12, 9), torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=1e-5)
for epoch in range(3):
    p, started = rng.permutation(len(rows)), time.time()
    losses = []
    for row, col in zip(rows[p], cols[p]):
        rating = Variable(torch.FloatTensor([ratings[row, col]]))
        prediction = model(torch.LongTensor([int(row)]), Variable(torch.LongTensor([int(col)])))
        loss = loss_func(prediction.view(1), rating)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    print(epoch, "%.4f" % (sum(losses) / len(losses)).item(), time.time() >= started)
z = torch.Tensor(2, 3).zero_()
z[0][1], z[1, -1] = 5, z.max() + 2.5
print(z, z.size(), z.numpy().dtype, torch.is_tensor(z), z.nonzero(), z.numel(), torch.cat([z, z], 0).size(), z.view(-1)[1:4], len(z))
print(z.add(1).mul_(2).t(), torch.max(z, 1), z.sum(0, keepdim=True).expand(2, 3).eq(z), z.long().byte().type(), torch.arange(1, 4))
print(torch.ByteTensor([1, 0, 2]), torch.IntTensor([7]) // 2, torch.DoubleTensor([0.1]) + 1, torch.HalfTensor([0.5]), torch.zeros(2, 2).bernoulli_(1.0).bool())
