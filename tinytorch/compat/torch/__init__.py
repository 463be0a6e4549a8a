"""What PyTorch has besides tensors: its own machinery, and machines. Each file lies where PyTorch has it."""

__all__ = []
