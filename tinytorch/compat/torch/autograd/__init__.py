"""`torch.autograd` beside lesson 02: the old Variable, and the search for nan."""

from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .variable import Variable

__all__ = ["Variable", "detect_anomaly", "set_detect_anomaly"]
