"""`torch.backends.quantized`: PyTorch's engines for quantized networks, none of which is here."""

__all__ = ["engine", "supported_engines"]

engine, supported_engines = "none", ["none"]
