"""Examples for the draws that have gradients, companions of lesson 04: see registry/__init__.py.

A draw is held at its uniform number, so that it moves with the shape as its gradient says; differences give PyTorch's side.
"""

import numpy as np

from registry.tools import E, both, made

U, STEP = np.array([0.2, 0.5, 0.9]), 1e-5


def array(a):
    return a.detach().cpu().numpy().astype(np.float64)


def gamma_number(a):
    from scipy.special import gammaincinv

    return gammaincinv(a, U)


def pair_of_shares(a):
    from scipy.special import betaincinv

    x = betaincinv(a[..., 0], a[..., 1], 0.3)
    return np.stack([x, 1 - x], -1)


def ours(name, draw):
    return lambda a: made(name, drawn=draw(array(a)).astype(a.dtype.numpy))(a)


def theirs(draw):
    """The draw, with a gradient by differences."""

    def call(t, a):
        at = array(a)
        result = t.tensor(draw(at), dtype=a.dtype)
        for i in range(at.shape[-1]):
            step = STEP * (np.arange(at.shape[-1]) == i)
            slope = t.tensor((draw(at + step) - draw(at - step)) / (2 * STEP), dtype=a.dtype)
            result = result + slope * (a - a.detach())[..., i : i + 1]
        return result

    return call


FUNCTIONS = {
    "StandardGamma": [E(both(ours("StandardGamma", gamma_number), theirs(gamma_number)), "3", "positive", False)],
    "SampleDirichlet": [
        E(both(ours("SampleDirichlet", pair_of_shares), theirs(pair_of_shares)), spec, "positive", False)
        for spec in ("2", "b2")
    ],
}
