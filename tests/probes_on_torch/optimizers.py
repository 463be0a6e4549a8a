"""Lesson 05 by PyTorch."""

from types import SimpleNamespace

import torch

lesson = SimpleNamespace(
    SGD=torch.optim.SGD,
    Adam=torch.optim.Adam,
    AdamW=torch.optim.AdamW,
    StepLR=torch.optim.lr_scheduler.StepLR,
    clip_grad_norm_=torch.nn.utils.clip_grad_norm_,
)
