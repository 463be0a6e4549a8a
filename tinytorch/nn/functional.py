"""`torch.nn.functional`: the functions behind the modules, handed on from the lessons that build them."""

from types import FunctionType

from .._face import face
from . import MODULES

NAMES = frozenset("""
    bilinear binary_cross_entropy binary_cross_entropy_with_logits celu cosine_embedding_loss cosine_similarity
    cross_entropy elu gaussian_nll_loss gelu glu gumbel_softmax hardshrink hardsigmoid hardswish hardtanh
    hinge_embedding_loss huber_loss kl_div l1_loss leaky_relu linear log_softmax logsigmoid margin_ranking_loss mish
    mse_loss multi_margin_loss multilabel_soft_margin_loss nll_loss normalize pairwise_distance poisson_nll_loss prelu
    relu relu6 selu sigmoid silu smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign tanh
    tanhshrink threshold triplet_margin_loss triplet_margin_with_distance_loss
""".split())

__getattr__, __dir__ = face(__name__, MODULES, keep=lambda value: isinstance(value, FunctionType) and value.__name__ in NAMES,
                            elsewhere={"pad": "ops.indexing", "one_hot": "ops.indexing"})
