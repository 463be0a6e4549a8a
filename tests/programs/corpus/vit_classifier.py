"""A vision transformer on digits: patches, a class token, drop path, warm-up, label smoothing, attention maps by hooks."""

import json
import math
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Tuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    image_size: int = 8
    patch_size: int = 2
    dim: int = 24
    depth: int = 2
    heads: int = 3
    mlp_ratio: float = 2.0
    drop_path_rate: float = 0.1
    num_classes: int = 10
    betas: Tuple[float, float] = field(default=(0.9, 0.98))


def drop_path(x, drop_prob: float = 0.0, training: bool = False):
    if drop_prob == 0.0 or not training:
        return x
    keep_prob = 1 - drop_prob
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)  # work with diff dim tensors, not just 2D
    random_tensor = keep_prob + torch.rand(shape, dtype=x.dtype, device=x.device)
    random_tensor.floor_()
    return x.div(keep_prob) * random_tensor


class DropPath(nn.Module):
    def __init__(self, drop_prob=None):
        super(DropPath, self).__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        return drop_path(x, self.drop_prob, self.training)


class Attention(nn.Module):
    def __init__(self, dim, num_heads=8, qkv_bias=False):
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attend = nn.Softmax(dim=-1)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attn = self.attend((q @ k.transpose(-2, -1)) * self.scale)
        return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))


class LayerScale(nn.Module):
    def __init__(self, dim, init_values=1e-1, inplace=False):
        super().__init__()
        self.inplace = inplace
        self.gamma = nn.Parameter(init_values * torch.ones(dim))

    def forward(self, x):
        return x.mul_(self.gamma) if self.inplace else x * self.gamma


class Block(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio, drop_path=0.0, norm_layer=nn.LayerNorm):
        super().__init__()
        self.norm1, self.norm2 = norm_layer(dim), norm_layer(dim)
        self.attn = Attention(dim, num_heads=num_heads, qkv_bias=True)
        self.ls1, self.ls2 = LayerScale(dim), LayerScale(dim, inplace=True)
        self.drop_path = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()
        hidden = int(dim * mlp_ratio)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(0.05), nn.Linear(hidden, dim))

    def forward(self, x):
        x = x + self.drop_path(self.ls1(self.attn(self.norm1(x))))
        x = x + self.drop_path(self.ls2(self.mlp(self.norm2(x))))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.cfg = cfg
        self.patch_embed = nn.Conv2d(1, cfg.dim, kernel_size=cfg.patch_size, stride=cfg.patch_size)
        num_patches = (cfg.image_size // cfg.patch_size) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, cfg.dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches + 1, cfg.dim))
        dpr = [x.item() for x in torch.linspace(0, cfg.drop_path_rate, cfg.depth)]  # stochastic depth decay rule
        self.blocks = nn.ModuleList([Block(cfg.dim, cfg.heads, cfg.mlp_ratio, dpr[i]) for i in range(cfg.depth)])
        self.norm = nn.LayerNorm(cfg.dim, eps=1e-6)
        self.head = nn.Linear(cfg.dim, cfg.num_classes) if cfg.num_classes > 0 else nn.Identity()
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            if isinstance(m, nn.Linear) and m.bias is not None:
                nn.init.constant_(m.bias, 0)
        elif isinstance(m, nn.LayerNorm):
            nn.init.constant_(m.bias, 0)
            nn.init.constant_(m.weight, 1.0)

    @torch.jit.ignore
    def no_weight_decay(self):
        return {"pos_embed", "cls_token"}

    def interpolate_pos_encoding(self, size):
        grid = self.pos_embed[:, 1:].reshape(1, 4, 4, -1).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=(size, size), mode="bicubic", align_corners=False)
        return torch.cat((self.pos_embed[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)), dim=1)

    def forward(self, x):
        x = self.patch_embed(x)
        size = x.shape[-1]
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = x + (self.pos_embed if x.shape[1] == self.pos_embed.shape[1] else self.interpolate_pos_encoding(size))
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm(x)[:, 0])


def param_groups(model, weight_decay=0.05):
    decay, no_decay = [], []
    for name, param in model.named_parameters():
        if not param.requires_grad:
            continue  # frozen weights
        if param.ndim <= 1 or name.endswith(".bias") or name in model.no_weight_decay():
            no_decay.append(param)
        else:
            decay.append(param)
    return [{"params": no_decay, "weight_decay": 0.0}, {"params": decay, "weight_decay": weight_decay}]


class SmoothedValue(defaultdict):
    def __init__(self):
        super().__init__(list)

    def update(self, **values):
        for key, value in values.items():
            self[key].append(value.item() if isinstance(value, torch.Tensor) else value)

    def __str__(self):
        return ", ".join(f"{k}: {np.mean(v):.3f}" for k, v in self.items())


def accuracy(output, target, topk=(1,)):
    """Computes the accuracy over the k top predictions for the specified values of k"""
    with torch.no_grad():
        maxk = max(topk)
        _, pred = output.topk(maxk, 1, True, True)
        pred = pred.t()
        correct = pred.eq(target.view(1, -1).expand_as(pred))
        return [correct[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / target.size(0)) for k in topk]


def main():
    torch.manual_seed(0)
    cfg = Config()
    print(json.dumps(asdict(cfg)))
    digits = load_digits()
    X, y = digits.data[:600].reshape(-1, 1, 8, 8) / 16, digits.target[:600]
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    as_set = lambda a, b: TensorDataset(torch.tensor(a, dtype=torch.float), torch.tensor(b))  # noqa: E731
    train_loader = DataLoader(as_set(X_train, y_train), batch_size=48, shuffle=True, drop_last=True)
    val_loader = DataLoader(as_set(X_val, y_val), batch_size=60)
    model = VisionTransformer(cfg)
    n_parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print("number of params:", n_parameters, [len(g["params"]) for g in param_groups(model)])
    optimizer = torch.optim.AdamW(param_groups(model), lr=4e-3, betas=cfg.betas, eps=1e-8)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    total, warmup = 2 * len(train_loader), 4

    def lr_lambda(step):
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

    scheduler = LambdaLR(optimizer, lr_lambda)
    for epoch in range(2):
        model.train(True)
        meter = SmoothedValue()
        for samples, targets in train_loader:
            loss = criterion(model(samples), targets)
            if not math.isfinite(loss.item()):
                print("Loss is {}, stopping training".format(loss.item()))
                sys.exit(1)
            optimizer.zero_grad()
            loss.backward()
            grad_norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            scheduler.step()
            meter.update(loss=loss, grad_norm=grad_norm, lr=optimizer.param_groups[0]["lr"] * 1000)
        print(f"Epoch: [{epoch}] {meter}")
        model.eval()
        meter = SmoothedValue()
        with torch.no_grad():
            for images, target in val_loader:
                output = model(images)
                acc1, acc3 = accuracy(output, target, topk=(1, 3))
                meter.update(loss=F.cross_entropy(output, target), acc1=acc1.round(), acc3=acc3.round())
        print("*", str(meter))
    maps = {}
    handles = [
        blk.attn.attend.register_forward_hook(lambda m, i, o, n=n: maps.__setitem__(n, o.detach()))
        for n, blk in enumerate(model.blocks)
    ]
    with torch.no_grad():
        larger = model(F.interpolate(images[:2], scale_factor=1.5, mode="bilinear"))
    for handle in handles:
        handle.remove()
    print(larger.shape, {n: tuple(m.shape) for n, m in maps.items()})
    rollout = torch.eye(maps[0].size(-1))
    for attention in maps.values():
        fused = attention.mean(dim=1) + torch.eye(attention.size(-1))
        rollout = fused / fused.sum(dim=-1, keepdim=True) @ rollout
    print(["%.3f" % v for v in rollout[0, 0, 1:5].tolist()])


if __name__ == "__main__":
    main()
