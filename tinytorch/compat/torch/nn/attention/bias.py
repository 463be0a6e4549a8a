"""`torch.nn.attention.bias`: causal masks, from the companion of lesson 12 that builds them."""

from .....nn.attention_bias import CausalBias, CausalVariant, causal_lower_right, causal_upper_left

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]
