"""Graphs: GCN with a dense and a sparse-like adjacency, attention on edges (GAT), message passing with scatter, GraphSAGE, link prediction, a batch of graphs."""

import math
from typing import List, Optional, Tuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import Parameter

np.random.seed(42)
torch.manual_seed(42)
num_nodes, num_classes = 34, 2
y = (torch.arange(num_nodes) >= 17).long()
pairs = [(i, j) for i in range(num_nodes) for j in range(i) if np.random.rand() < (0.25 if y[i] == y[j] else 0.03)]
edge_index = torch.tensor(pairs, dtype=torch.long).t().contiguous()
edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
x = torch.eye(num_nodes)
print(edge_index.size(), edge_index.unique(dim=1).size(1), edge_index[0].bincount(minlength=num_nodes)[:8])


def glorot(tensor: Optional[Tensor]):
    if tensor is not None:
        stdv = math.sqrt(6.0 / (tensor.size(-2) + tensor.size(-1)))
        tensor.data.uniform_(-stdv, stdv)


def scatter(src: Tensor, index: Tensor, dim_size: int, reduce: str = "sum") -> Tensor:
    out = src.new_zeros((dim_size,) + src.size()[1:])
    idx = index.view(-1, *[1] * (src.dim() - 1)).expand_as(src)
    out = out.scatter_add_(0, idx, src)
    if reduce == "mean":
        count = torch.zeros(dim_size).index_add_(0, index, torch.ones(index.size(0))).clamp_(min=1)
        out = out / count.view(-1, *[1] * (src.dim() - 1))
    return out


def softmax_on_edges(src: Tensor, index: Tensor, num_nodes: int) -> Tensor:
    out = (src - src.max()).exp()
    return out / (scatter(out, index, num_nodes)[index] + 1e-16)


def add_self_loops(edge_index: Tensor, num_nodes: int) -> Tensor:
    loop = torch.arange(0, num_nodes, dtype=torch.long, device=edge_index.device).unsqueeze(0).repeat(2, 1)
    return torch.cat([edge_index, loop], dim=1)


class MessagePassing(nn.Module):
    aggr = "sum"

    def propagate(self, edge_index, x, **kwargs):
        source, target = edge_index
        return scatter(self.message(x[source], **kwargs), target, x.size(0), self.aggr)

    def message(self, x_j):
        return x_j


class GCNConv(MessagePassing):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self):
        glorot(self.lin.weight)
        self.bias.data.zero_()

    def forward(self, x, edge_index):
        edge_index = add_self_loops(edge_index, x.size(0))
        row, col = edge_index
        deg = torch.zeros(x.size(0), dtype=x.dtype).scatter_add_(0, col, torch.ones(col.numel()))
        deg_inv_sqrt = deg.pow(-0.5)
        deg_inv_sqrt[deg_inv_sqrt == float("inf")] = 0
        norm = deg_inv_sqrt[row] * deg_inv_sqrt[col]
        return self.propagate(edge_index, x=self.lin(x), norm=norm) + self.bias

    def message(self, x_j, norm):
        return norm.view(-1, 1) * x_j


class GATConv(MessagePassing):
    def __init__(self, in_channels, out_channels, heads=2, concat=True, negative_slope=0.2, dropout=0.2):
        super().__init__()
        self.heads, self.out_channels, self.concat, self.slope, self.dropout = heads, out_channels, concat, negative_slope, dropout
        self.lin = nn.Linear(in_channels, heads * out_channels, bias=False)
        self.att_src, self.att_dst = (Parameter(torch.Tensor(1, heads, out_channels)) for _ in range(2))
        self.bias = Parameter(torch.zeros(heads * out_channels if concat else out_channels))
        for p in (self.lin.weight, self.att_src, self.att_dst):
            glorot(p)

    def forward(self, x, edge_index):
        n = x.size(0)
        edge_index = add_self_loops(edge_index, n)
        x = self.lin(x).view(-1, self.heads, self.out_channels)
        alpha = (x * self.att_src).sum(-1)[edge_index[0]] + (x * self.att_dst).sum(-1)[edge_index[1]]
        alpha = softmax_on_edges(F.leaky_relu(alpha, self.slope), edge_index[1], n)
        alpha = F.dropout(alpha, p=self.dropout, training=self.training)
        out = self.propagate(edge_index, x=x, alpha=alpha)
        return (out.flatten(1) if self.concat else out.mean(dim=1)) + self.bias

    def message(self, x_j, alpha):
        return alpha.unsqueeze(-1) * x_j


class SAGEConv(MessagePassing):
    aggr = "mean"

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.lin_l, self.lin_r = nn.Linear(in_channels, out_channels), nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x, edge_index):
        out = self.lin_l(self.propagate(edge_index, x=x)) + self.lin_r(x)
        return F.normalize(out, p=2.0, dim=-1)


class Net(torch.nn.Module):
    def __init__(self, conv, hidden):
        super().__init__()
        self.conv1 = conv(num_nodes, hidden)
        self.conv2 = conv(hidden * getattr(self.conv1, "heads", 1), num_classes)
        self.dropped = 0.5

    def forward(self, x, edge_index):
        x = F.dropout(x, p=self.dropped, training=self.training)
        x = F.elu(self.conv1(x, edge_index))
        x = self.conv2(x, edge_index)
        return F.log_softmax(x[:, :num_classes], dim=-1)


train_mask = torch.zeros(num_nodes, dtype=torch.bool)
train_mask[[0, 1, 2, 30, 31, 32]] = True
for conv in (GCNConv, GATConv, SAGEConv):
    torch.manual_seed(1)
    model = Net(conv, 8)
    optimizer = torch.optim.Adam([dict(params=model.conv1.parameters(), weight_decay=5e-4), dict(params=model.conv2.parameters(), weight_decay=0)], lr=0.02)
    best = test_acc = 0
    for epoch in range(1, 31):
        model.train()
        optimizer.zero_grad()
        loss = F.nll_loss(model(x, edge_index)[train_mask], y[train_mask])
        loss.backward()
        optimizer.step()
        if epoch % 10 == 0:
            model.eval()
            pred = model(x, edge_index).argmax(dim=-1)
            accs = [int((pred[mask] == y[mask]).sum()) / int(mask.sum()) for mask in (train_mask, ~train_mask)]
            print(f"{conv.__name__} Epoch: {epoch:03d}, Loss: {loss:.4f}, Train: {accs[0]:.3f}, Test: {accs[1]:.3f}")


class DenseGAT(nn.Module):
    """The first implementation that many read: all pairs, masked by the adjacency."""

    def __init__(self, in_features, out_features, alpha=0.2):
        super().__init__()
        self.out_features = out_features
        self.W = nn.Parameter(torch.empty(size=(in_features, out_features)))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        self.a = nn.Parameter(torch.empty(size=(2 * out_features, 1)))
        nn.init.xavier_uniform_(self.a.data, gain=nn.init.calculate_gain("leaky_relu", alpha))
        self.leakyrelu = nn.LeakyReLU(alpha)

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        e = self.leakyrelu(torch.matmul(Wh, self.a[: self.out_features, :]) + torch.matmul(Wh, self.a[self.out_features :, :]).T)
        zero_vec = -9e15 * torch.ones_like(e)
        attention = F.softmax(torch.where(adj > 0, e, zero_vec), dim=1)
        return F.elu(torch.matmul(attention, Wh))


adj = torch.zeros(num_nodes, num_nodes)
adj[edge_index[0], edge_index[1]] = 1.0
adj = adj + torch.eye(num_nodes)
dense = DenseGAT(num_nodes, 4)
dense(x, adj).pow(2).sum().backward()
print(dense.W.grad.norm().item(), dense.a.grad.flatten()[:3])
values, vectors = torch.linalg.eigh(torch.diag(adj.sum(1)) - adj)
print(values[:3], (torch.sign(vectors[:, 1]).abs().sum()).item())

# which edges are missing?
encoder = nn.ModuleList([GCNConv(num_nodes, 8), GCNConv(8, 4)])
optimizer = torch.optim.Adam(encoder.parameters(), lr=0.02)
z = None
for epoch in range(20):
    optimizer.zero_grad()
    z = encoder[1](encoder[0](x, edge_index).relu(), edge_index)
    neg_edge_index = torch.randint(0, num_nodes, edge_index.size(), dtype=torch.long)
    edge_label_index = torch.cat([edge_index, neg_edge_index], dim=-1)
    edge_label = torch.cat([torch.ones(edge_index.size(1)), edge_index.new_zeros(neg_edge_index.size(1))], dim=0)
    out = (z[edge_label_index[0]] * z[edge_label_index[1]]).sum(dim=-1).view(-1)
    loss = F.binary_cross_entropy_with_logits(out, edge_label)
    loss.backward()
    optimizer.step()
print(f"Loss: {loss:.4f}, AUC: {roc_auc_score(edge_label.cpu().numpy(), out.detach().sigmoid().numpy()):.3f}", edge_label.dtype)


# a batch of small graphs, told apart by a vector; gated updates
def collate(graphs: List[Tuple[Tensor, Tensor]]):
    sizes = torch.tensor([len(nodes) for nodes, _ in graphs])
    start = torch.cumsum(torch.cat([sizes.new_zeros(1), sizes[:-1]]), 0)
    edges = torch.cat([e + s for (_, e), s in zip(graphs, start)], dim=1)
    return torch.cat([nodes for nodes, _ in graphs]), edges, torch.repeat_interleave(torch.arange(len(graphs)), sizes)


class GatedGraph(nn.Module):
    def __init__(self, channels, steps=3):
        super().__init__()
        self.message = nn.Sequential(nn.Linear(2 * channels, channels), nn.ReLU())
        self.cell, self.readout, self.steps = nn.GRUCell(channels, channels), nn.Linear(channels, 1), steps

    def forward(self, h, edges, batch):
        for _ in range(self.steps):
            m = self.message(torch.cat([h.index_select(0, edges[0]), h.index_select(0, edges[1])], -1))
            h = self.cell(torch.zeros_like(h).index_add(0, edges[1], m), h)
        return self.readout(scatter(h, batch, int(batch.max()) + 1, "mean")).squeeze(-1)


graphs, targets = [], []
for n in torch.randint(3, 7, (12,)).tolist():
    ring = torch.arange(n)
    edges = torch.stack([ring, ring.roll(1) if n % 2 else ring.flip(0)])
    graphs.append((torch.randn(n, 6), edges))
    targets.append(float(n % 2))
h, edges, batch = collate(graphs)
gated, targets = GatedGraph(6), torch.tensor(targets)
optimizer = torch.optim.Adam(gated.parameters(), lr=0.01)
for step in range(15):
    optimizer.zero_grad()
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(1.5))(gated(h, edges, batch), targets)
    loss.backward()
    optimizer.step()
    if step % 7 == 0:
        print(step, "%.5f" % loss.item(), batch.tolist()[:6])
