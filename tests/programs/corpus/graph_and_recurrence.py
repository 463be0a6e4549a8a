"""A graph convolution on edges (index_add_, scatter_add), and a network with a memory written by hand, step by step."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter

torch.manual_seed(42)


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = Parameter(torch.empty(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.zeros(out_features))
        else:
            self.register_parameter("bias", None)
        stdv = 1.0 / self.weight.size(1) ** 0.5
        self.weight.data.uniform_(-stdv, stdv)

    def forward(self, x, adj):
        output = torch.mm(adj, torch.mm(x, self.weight))
        return output if self.bias is None else output + self.bias

    def __repr__(self):
        return self.__class__.__name__ + " (" + str(self.weight.shape[0]) + " -> " + str(self.weight.shape[1]) + ")"


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.gc1, self.gc2 = GraphConvolution(6, 8), GraphConvolution(8, 2)

    def forward(self, x, adj):
        x = F.dropout(F.relu(self.gc1(x, adj)), 0.3, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


n = 24
labels = torch.arange(n) % 2
source = torch.randint(0, n, (90,))
same = torch.rand(90) < 0.8
target = (source + 2 * torch.randint(0, n // 2, (90,)) + (~same).long()) % n
adj = torch.eye(n)
adj[source, target] = 1
adj = adj.max(adj.t())
degree = torch.zeros(n).index_add_(0, adj.nonzero()[:, 0], torch.ones(int(adj.sum())))
adj = degree.pow(-0.5).diag() @ adj @ degree.pow(-0.5).diag()
features = torch.randn(n, 6) + labels.unsqueeze(1) * 0.5
idx_train, idx_val = torch.arange(14), torch.arange(14, n)
model = GCN()
print(model, degree.sum().item())
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
for epoch in range(40):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 10 == 9:
        model.eval()
        with torch.no_grad():
            output = model(features, adj)
            correct = output[idx_val].max(1)[1].type_as(labels).eq(labels[idx_val]).double().sum()
        print("Epoch: {:04d}".format(epoch + 1), "loss: {:.4f}".format(loss_train.item()), correct.item())
pooled = torch.zeros(2, 2).scatter_add(0, labels.unsqueeze(1).expand(-1, 2), output)
print(pooled)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        hidden = torch.tanh(self.i2h(torch.cat((input, hidden), 1)))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


rnn, criterion, learning_rate = RNN(2, 8, 2), nn.NLLLoss(), 0.05
for i in range(60):
    bits = torch.randint(0, 2, (5,))
    category, hidden = bits[:1], rnn.initHidden()
    rnn.zero_grad()
    for bit in bits:
        output, hidden = rnn(F.one_hot(bit, 2).float().unsqueeze(0), hidden)
    loss = criterion(output, category)
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    if i % 20 == 0:
        value, index = output.topk(1)
        print(i, "%.4f" % loss.item(), index[0].item() == category.item(), hidden.shape[1])
