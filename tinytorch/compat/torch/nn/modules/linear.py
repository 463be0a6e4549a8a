"""`torch.nn.modules.linear`: what it has beside the layers of `torch.nn`."""

from .....nn.module import Linear

__all__ = ["NonDynamicallyQuantizableLinear"]


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear under another name: PyTorch's attention has it as `out_proj`, which dynamic quantization leaves alone."""
