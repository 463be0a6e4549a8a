"""Examples for lesson 12: see registry/__init__.py."""

from torch.nn.attention import SDPBackend, sdpa_kernel

from registry.tools import E, holding


def attention(t, *inputs, **options):
    """PyTorch's own by operations: its quicker ones have no second derivative."""
    with sdpa_kernel(SDPBackend.MATH):
        return t.nn.functional.scaled_dot_product_attention(*inputs, **options)


def self_attention(t, **options):
    part = t.nn.MultiheadAttention(4, 2, **options)
    return holding(t, lambda self, x: self.attention(x, x, x, need_weights=False)[0], attention=part)


def crossing(t, **options):
    """With three inputs, and the weights used too."""

    class Crossing(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = t.nn.MultiheadAttention(4, 2, **options)

        def forward(self, query, key, value):
            output, weights = self.attention(query, key, value)
            return output + weights.square().sum(-1).reshape(*output.shape[:-1], 1)

    return Crossing()


FUNCTIONS = {
    "AttentionFunction": [
        E(attention, "nle,nse,nsv"),
        E(lambda t, *x: attention(t, *x, is_causal=True), "bnle,bnle,bnlv"),
        E(lambda t, *x: attention(t, *x, scale=0.3), "nle,nse,nsv,ls"),
        E(lambda t, q, k, v: attention(t, q, k, v, t.tensor([[True, False], [True, True]])), "n2e,n2e,n2v"),
        E(attention, "anle,nse,a1sv,n1s"),
    ]
}
MODULES = {
    "MultiheadAttention": [
        (self_attention, lambda d: [d.any(3, 2, 4)]),
        (lambda t: self_attention(t, batch_first=True, bias=False), lambda d: [d.any(2, 3, 4)]),
        (lambda t: crossing(t, kdim=3, vdim=5), lambda d: [d.any(2, 4), d.any(3, 3), d.any(3, 5)]),
        (crossing, lambda d: [d.any(2, 2, 4), d.any(3, 2, 4), d.any(3, 2, 4)]),
    ]
}
