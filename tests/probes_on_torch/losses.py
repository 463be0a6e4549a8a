"""Lesson 04 by PyTorch."""

from types import SimpleNamespace

import torch
from torch.nn import functional as F


class CrossEntropyFunction:
    """One loss a row."""

    @staticmethod
    def apply(scores, classes):
        return F.cross_entropy(scores, torch.from_numpy(classes), reduction="none")


lesson = SimpleNamespace(
    relu=torch.relu,
    sigmoid=torch.sigmoid,
    tanh=torch.tanh,
    squared_errors=lambda x, t: F.mse_loss(*torch.broadcast_tensors(x, t), reduction="none"),
    softmax=torch.softmax,
    log_softmax=torch.log_softmax,
    class_losses=lambda table, classes: F.nll_loss(table, torch.from_numpy(classes), reduction="none"),
    CrossEntropyFunction=CrossEntropyFunction,
    logsigmoid=F.logsigmoid,
    logistic_losses=lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
)
