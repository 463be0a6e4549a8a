"""Imports as they are found in repositories: classes by the module that defines them, and much that is never called."""

import collections

import torch
import torch.backends.cudnn as cudnn
import torch.cuda.amp as amp
import torch.distributed as dist
import torch.fx
import torch.multiprocessing as mp
import torch.nn.init as init
import torch.nn.parallel
import torch.optim
import torch.utils.data
import torch.utils.data.distributed
from torch.autograd.function import Function, once_differentiable
from torch.distributed.rpc import RRef, init_rpc
from torch.fx import GraphModule, symbolic_trace
from torch.jit import Final
from torch.nn import Parameter
from torch.nn.modules.activation import ReLU
from torch.nn.modules.batchnorm import BatchNorm2d
from torch.nn.modules.container import ModuleList, Sequential
from torch.nn.modules.conv import Conv2d
from torch.nn.modules.dropout import Dropout
from torch.nn.modules.linear import Linear
from torch.nn.modules.loss import CrossEntropyLoss, _Loss
from torch.nn.modules.module import Module
from torch.nn.modules.normalization import LayerNorm
from torch.nn.modules.utils import _pair, _triple
from torch.nn.parameter import Parameter as SameParameter
from torch.nn.utils.clip_grad import clip_grad_norm_
from torch.optim.adam import Adam
from torch.optim.lr_scheduler import LambdaLR, _LRScheduler
from torch.optim.optimizer import Optimizer
from torch.utils.data.dataloader import DataLoader, default_collate
from torch.utils.data.dataset import Dataset, Subset, TensorDataset, random_split
from torch.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler

cudnn.benchmark = True
cudnn.deterministic = True
torch.backends.cuda.matmul.allow_tf32 = True


class EveryOther(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(0, len(self.data_source), 2))

    def __len__(self):
        return (len(self.data_source) + 1) // 2


class Numbers(Dataset):
    def __getitem__(self, index):
        return {"index": index, "value": torch.tensor([index, index**2], dtype=torch.float32)}

    def __len__(self):
        return 7


class Net(Module):
    scale: Final[int] = 2

    def __init__(self, group: "dist.ProcessGroup" = None):
        super().__init__()
        self.layers = ModuleList([Linear(2, 4), Linear(4, 3)])
        self.gain = Parameter(torch.ones(3))

    def forward(self, x):
        for layer in self.layers:
            x = ReLU()(layer(x))
        return x * self.gain * self.scale


print(SameParameter is Parameter, Parameter is torch.nn.Parameter, Conv2d is torch.nn.Conv2d, Adam is torch.optim.Adam)
print(DataLoader is torch.utils.data.DataLoader, Function is torch.autograd.Function, issubclass(Adam, Optimizer))
for kind in (Conv2d, BatchNorm2d, Linear, LayerNorm, Adam, DataLoader, TensorDataset, LambdaLR, CrossEntropyLoss):
    print(kind)
print(torch.Tensor, torch.device, Parameter, Module, type(torch.float32), torch.float32, torch.int64)
print(_pair(3), _triple((1, 2, 3)), amp.autocast.__name__, dist.is_available() and dist.is_initialized())

net = Net()
for p in net.parameters():
    with torch.no_grad():
        p.copy_(torch.linspace(-0.4, 0.9, p.numel()).view_as(p))
init.ones_(net.gain)
loader = DataLoader(Numbers(), batch_sampler=BatchSampler(EveryOther(Numbers()), 3, drop_last=False))
for batch in loader:
    print(batch["index"].tolist(), net(batch["value"]).sum(1).tolist())
first, second = random_split(TensorDataset(torch.arange(5)), [3, 2])
print(len(first), len(second), isinstance(first, Subset), sorted(i[0].item() for part in (first, second) for i in part))
optimizer = Adam(net.parameters(), lr=0.01)
scheduler = LambdaLR(optimizer, lambda epoch: 0.5**epoch)
for _ in range(3):
    loss = CrossEntropyLoss()(net(torch.ones(4, 2)), torch.tensor([0, 1, 2, 0]))
    optimizer.zero_grad()
    loss.backward()
    print("%.5f" % loss.item(), "%.5f" % clip_grad_norm_(net.parameters(), 1.0).item())
    optimizer.step()
    scheduler.step()
