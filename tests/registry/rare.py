"""Examples for rare layers and losses, companions of lessons 02, 04, 08 and 09: see registry/__init__.py."""

from registry.normalization import norm
from registry.tools import E, holding, loss


def labels_in_order(d):
    """Each row the right classes, then -1, then what does not count."""
    return (d.rng.permuted([[0, 2, -1], [1, -1, 0], [2, 0, 1], [-1, 0, 1]], axis=0),)


def adaptive(**options):
    return (
        lambda t: holding(
            t,
            lambda self, *inputs: self.layer(*inputs).output,
            layer=t.nn.AdaptiveLogSoftmaxWithLoss(6, 7, [2, 4], div_value=2.0, **options),
        ),
        lambda d: [d.any(5, 6), (d.rng.permutation([0, 2, 5, 6, 3]),)],
    )


def eigen(t, a):
    """Eigenvalues by size, which are real here, and vectors but for their directions."""
    values, vectors = t.linalg.eig(a @ t.diag(t.arange(1, 4, dtype=a.dtype)) @ t.linalg.inv(a))
    order = values.real.argsort()
    return t.cat([values.real[order].unsqueeze(0), vectors.abs()[:, order]])


FUNCTIONS = {"Eig": [E(lambda t, a: eigen(t, a + 4 * t.eye(3, dtype=a.dtype)), "33")]}
MODULES = {
    "AdaptiveLogSoftmaxWithLoss": [adaptive(), adaptive(head_bias=True)],
    "NLLLoss2d": loss("NLLLoss2d", lambda d: [d.any(2, 3, 4, 5), d.labels(2, 4, 5)]),
    "MultiLabelMarginLoss": loss("MultiLabelMarginLoss", lambda d: [d.any(4, 3), labels_in_order(d)]),
    "LPPool3d": [(lambda t: t.nn.LPPool3d(2, (1, 2, 3), stride=1), lambda d: [d.any(2, 3, 2, 4, 5)])],
    "SyncBatchNorm": [
        norm("SyncBatchNorm", 3, shape=(4, 3, 2)),
        norm("SyncBatchNorm", 3, shape=(4, 3, 2, 2), evaluated=True),
    ],
}
