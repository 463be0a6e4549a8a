"""`torch.utils.tensorboard`: what TensorBoard shows, written by the package tensorboardX."""

from .writer import SummaryWriter

__all__ = ["SummaryWriter"]
