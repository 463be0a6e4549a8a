"""A training script for a big machine, on one that has nothing of it: it asks, sets switches, and falls back."""

import contextlib
import os

import torch
import torch.distributed as dist
import torch.nn as nn
from torch.cuda.amp import GradScaler, autocast
from torch.nn.parallel import DistributedDataParallel as DDP

try:
    from torch.nn.attention.flex_attention import flex_attention_of_the_future
except ImportError:
    flex_attention_of_the_future = None
try:
    import apex_that_nobody_has
except ImportError:
    apex_that_nobody_has = None


def setup_distributed():
    if "RANK" in os.environ and dist.is_available():
        dist.init_process_group("nccl")
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


rank, world = setup_distributed()
if hasattr(torch, "set_float32_matmul_precision"):
    torch.set_float32_matmul_precision("high")
torch.backends.cudnn.benchmark = True
torch.backends.cuda.matmul.allow_tf32 = True
torch.use_deterministic_algorithms(True, warn_only=True)
torch.set_num_threads(1)
print(rank, world, torch.get_num_threads(), torch.get_float32_matmul_precision())
print(torch.cuda.is_available(), torch.cuda.device_count(), torch.backends.mps.is_available(), torch.version.cuda)
print(hasattr(torch, "xpu") and torch.xpu.is_available(), torch.accelerator.current_accelerator())
if torch.cuda.is_available():
    torch.cuda.set_device(rank)
torch.cuda.manual_seed_all(1)
torch.cuda.empty_cache()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@torch.jit.script
def fused_gelu(x):
    return x * 0.5 * (1.0 + torch.erf(x / 1.41421))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    @torch.jit.ignore
    def no_weight_decay(self):
        return {"fc.bias"}

    @torch.jit.unused
    def extra(self):
        return None

    def forward(self, x):
        if not torch.jit.is_scripting():
            x = fused_gelu(x)
        return self.fc(x)


model = Block().to(device)
for p in model.parameters():
    nn.init.constant_(p, 0.25)
if world > 1:
    model = DDP(model, device_ids=[rank])
else:
    model = nn.DataParallel(model)
print(sorted(model.state_dict()), model.module.no_weight_decay(), model.device_ids)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = GradScaler(enabled=torch.cuda.is_available())
for step in range(3):
    context = autocast(dtype=torch.float32) if torch.cuda.is_available() else contextlib.nullcontext()
    with context:
        loss = model(torch.ones(2, 4, device=device)).pow(2).mean()
    optimizer.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    print("%.5f" % loss.item(), scaler.get_scale(), torch.cuda.max_memory_allocated())
