"""`torch.version`: of PyTorch, whose behaviour is followed; without any machine but the CPU."""

from .torch_version import TorchVersion

__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "xpu"]

__version__ = TorchVersion("2.13.0")
debug = False
cuda = hip = xpu = None
git_version = "unknown"
