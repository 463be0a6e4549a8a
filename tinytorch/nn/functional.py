"""`torch.nn.functional`: the functions behind the modules, handed on from the lessons that build them."""

from types import FunctionType

from .._namespace import namespace
from . import MODULES

NAMES = frozenset("""
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
    adaptive_max_pool3d affine_grid alpha_dropout avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear
    binary_cross_entropy binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv3d
    conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity cross_entropy
    ctc_loss dropout dropout1d dropout2d dropout3d elu embedding embedding_bag feature_alpha_dropout fold
    fractional_max_pool2d fractional_max_pool3d gaussian_nll_loss gelu glu grid_sample group_norm gumbel_softmax
    hardshrink hardsigmoid hardswish hardtanh hinge_embedding_loss huber_loss instance_norm interpolate kl_div
    l1_loss layer_norm leaky_relu linear local_response_norm log_softmax logsigmoid lp_pool1d lp_pool2d
    margin_ranking_loss max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d mish mse_loss
    multi_margin_loss multilabel_soft_margin_loss nll_loss normalize pairwise_distance pixel_shuffle
    pixel_unshuffle poisson_nll_loss prelu relu relu6 rms_norm rrelu rrelu_ scaled_dot_product_attention selu
    sigmoid silu smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign tanh tanhshrink
    threshold triplet_margin_loss triplet_margin_with_distance_loss unfold
    adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices celu_ conv_tbc elu_
    fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices hardtanh_ leaky_relu_ lp_pool3d
    max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices multi_head_attention_forward
    multilabel_margin_loss relu_ selu_ threshold_ upsample upsample_bilinear upsample_nearest
""".split())

__getattr__, __dir__ = namespace(__name__, MODULES, keep=lambda value: isinstance(value, FunctionType) and value.__name__ in NAMES,
                            elsewhere={"pad": "ops.indexing", "one_hot": "ops.indexing", "pdist": "ops.norms"})
