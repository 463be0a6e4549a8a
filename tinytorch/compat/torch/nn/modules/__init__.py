"""`torch.nn.modules`: where PyTorch keeps its layers; here they come from `torch.nn`."""

__all__ = []
