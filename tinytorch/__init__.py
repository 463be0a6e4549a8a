"""tinytorch: PyTorch's names, built lesson by lesson in modules/. This namespace only hands names on."""

import sys
from types import FunctionType, ModuleType  # not `types`: torch.types is a module of PyTorch's

from . import _namespace

__version__ = "0.1.0"

# The modules whose names are tinytorch's own, in the order of the lessons.
# Where two have a name, the first one's counts: companions know more dtypes than lesson 01.
TENSOR_LEVEL = ("ops.methods", "ops.sparse", "ops.scattering", "ops.old_forms", "ops.dtypes", "ops.size", "ops.creation", "tensor", "ops.half", "ops.layout", "ops.conversion", "ops.generator", "ops.random", "ops.comparison",
                "ops.counting", "ops.subscripts", "ops.typed", "ops.node_names", "ops.printing", "ops.gradcheck", "autograd", "ops.elementwise", "ops.complex", "ops.reductions", "ops.shapes",
                "ops.indexing", "ops.linalg", "ops.inplace", "ops.random_fills", "ops.storage", "ops.custom_function", "ops.solving", "ops.lu", "ops.decompositions",
                "ops.matrix_functions", "ops.norms", "ops.special", "ops.gamma_functions", "ops.bessel",
                "ops.gamma_sampling", "ops.windows", "ops.stft", "ops.arithmetic", "ops.cumulative", "ops.statistics", "ops.arranging")
# Loaded because they add methods to Tensor (`x.relu()`, `tinytorch.softmax`); their names are not ours.
ATTACHING = ("nn.basic_activations", "nn.losses", "nn.activations", "multiprocessing", "serialization", "overrides")
ALIASES = {"bool": "bool_", "half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32", "long": "int64",
           "cfloat": "complex64", "cdouble": "complex128"}


# PyTorch's names that are here, and two of ours. What else the lessons build is theirs: it stays in their modules.
NAMES = frozenset("""
    BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage CharTensor DoubleStorage DoubleTensor
    ComplexDoubleStorage ComplexFloatStorage FloatStorage FloatTensor Generator HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor
    ShortStorage ShortTensor Size Tensor TypedStorage UntypedStorage abs abs_ absolute acos acos_ add addcdiv
    addcmul addmm addmv adjoint all allclose amax amin aminmax angle any arange arccos arcsin arctan arctan2 argmax
    argmin argsort argwhere as_strided as_tensor asarray asin asin_ atan atan2 atan_ atleast_1d atleast_2d atleast_3d
    baddbmm bernoulli bfloat16 bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
    bitwise_xor bmm bool broadcast_shapes broadcast_tensors broadcast_to bucketize can_cast cat cdouble ceil ceil_
    celu cfloat channels_last channels_last_3d chunk clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip
    clip_ clone complex complex128 complex64 concat concatenate conj conj_physical contiguous_format cos cos_ cosh
    cosh_ count_nonzero cumsum default_generator detach detach_ device diag diag_embed diagonal div divide dot
    double dtype e einsum empty empty_like enable_grad eq equal erf erf_ exp exp2 exp2_ exp_ expm1 expm1_ eye fill_
    finfo fix fix_ flatten flip fliplr flipud float float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float16 float32 float64 floor floor_ floor_divide fmod frac
    frac_ from_file from_numpy full full_like gather ge ger get_default_device get_default_dtype
    get_rng_state greater greater_equal gt half hardshrink hstack hypot iinfo imag index_add index_copy index_fill
    index_put index_put_ index_select inf inference_mode initial_seed inner int int16 int32 int64 int8 is_complex
    is_conj is_floating_point is_grad_enabled is_neg is_signed is_tensor isclose isfinite isin isinf isnan isreal
    layout le lerp less less_equal linspace log log10 log10_ log1p log1p_ log2 log2_ log_ log_softmax logaddexp
    logical_and logical_not logical_or logical_xor logsumexp long lt manual_seed masked_fill masked_select
    matmul max maximum mean median memory_format meshgrid min minimum mm moveaxis movedim mul multinomial multiply
    mv nan nan_to_num nan_to_num_ narrow ne neg neg_ negative negative_ no_grad nonzero norm normal not_equal numel
    ones ones_like outer permute pi polar pow prelu preserve_format prod promote_types rand rand_like randint
    randint_like randn randn_like randperm range ravel real reciprocal reciprocal_ relu relu_ remainder
    repeat_interleave reshape resolve_conj resolve_neg result_type roll round round_ row_stack rsqrt rsqrt_ rsub
    scalar_tensor scatter scatter_add searchsorted seed select selu set_default_device set_default_dtype
    set_default_tensor_type set_grad_enabled set_printoptions set_rng_state sgn short sigmoid sigmoid_ sign sin sin_
    sinh sinh_ softmax sort split split_with_sizes sqrt sqrt_ square square_ squeeze stack std std_mean strided sub
    subtract sum swapaxes swapdims t take take_along_dim tan tan_ tanh tanh_ tensor tensor_split tensordot tile topk
    trace transpose tril triu true_divide trunc trunc_ typename uint16 uint32 uint64 uint8 unbind unflatten unique unsqueeze
    var var_mean vdot view_as_complex view_as_real vstack where zero_ zeros zeros_like gradcheck draw_graph
""".split()) | frozenset("""
    _sample_dirichlet _standard_gamma addbmm addmv_ addr binomial block_diag cdist chain_matmul cholesky cholesky_inverse cholesky_solve cross cumprod det digamma dist
    erfc erfc_ erfinv geqrf i0 i0_ igamma igammac inverse kron lgamma logdet logit logit_ lu lu_solve
    lu_unpack matrix_exp matrix_power mvlgamma nuclear_norm orgqr ormqr pca_lowrank pinverse poisson polygamma qr sinc sinc_
    slogdet svd svd_lowrank triangular_solve vander xlogy xlogy_
    bartlett_window blackman_window hamming_window hann_window istft kaiser_window stft
""".split()) | frozenset("""
    acosh acosh_ alias_copy arccos_ arccosh arccosh_ arcsin_ arcsinh arcsinh_ arctan_ arctanh arctanh_
    as_strided_copy as_strided_scatter asinh asinh_ atanh atanh_ cartesian_prod column_stack
    combinations conj_physical_ constant_pad_nd copysign corrcoef cov cummax cummin cumulative_trapezoid deg2rad
    deg2rad_ detach_copy diagflat diagonal_copy diagonal_scatter diff dsmm dsplit dstack eig empty_permuted
    empty_strided expand_copy fill float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float_power fmax
    fmin frexp frobenius_norm frombuffer gcd gcd_ get_device gradient heaviside histc histogram histogramdd
    hsplit hspmm index_reduce is_distributed is_inference is_inference_mode_enabled is_nonzero is_same_size
    isneginf isposinf kthvalue lcm lcm_ ldexp ldexp_ logaddexp2 logcumsumexp logspace lstsq masked_scatter
    matrix_rank mode msort nanmean nanmedian nanquantile nansum narrow_copy nextafter nonzero_static
    norm_except_dim permute_copy positive put quantile rad2deg rad2deg_ renorm resize_as_ rot90 scatter_reduce
    segment_reduce select_copy select_scatter signbit slice_scatter smm solve sparse_coo sparse_coo_tensor split_copy
    split_with_sizes_copy spmm squeeze_copy symeig t_copy transpose_copy trapezoid trapz tril_indices
    triu_indices unbind_copy unfold_copy unique_consecutive unravel_index unsafe_chunk unsafe_split
    unsafe_split_with_sizes unsqueeze_copy view_copy vsplit
""".split())


def _with_methods(found):
    """A method of Tensor is a function too (`tinytorch.exp`), functions take `out=`, and Python's names for numbers are dtypes."""
    methods = vars(found["Tensor"]) if found else {}
    found = {name: value for name, value in methods.items() if isinstance(value, FunctionType)} | found
    out = _namespace.load("ops.out")
    found |= out.taking_out(found) if out else {}
    found |= {alias: found[name] for alias, name in ALIASES.items() if name in found}
    return {name: value for name, value in found.items() if name in NAMES}


class _Package(ModuleType):
    """`tinytorch.tensor` is the function, as in PyTorch, although a file has the same name."""

    def __setattr__(self, name, value):
        """Python calls this, too, for each file of the package that it has just imported."""
        is_module = isinstance(value, ModuleType)
        if name != "tensor" or not is_module:
            super().__setattr__(name, value)
        if is_module and name == "dispatch":
            value.keep_memory()  # freed memory is kept for the next large arrays
        if is_module and name in _namespace.LESSON_FILES:
            _namespace.add_names(value, f"compat.torch.{name}")
        if is_module and name == "autograd":
            value.__path__ = [str(_namespace.HERE / "autograd")]  # a file with a folder beside it: autograd.functional
            _namespace.load("kernels.operators")  # operators and the backward pass with fewer steps of Python take their places


sys.modules[__name__].__class__ = _Package
# Functions that `torch` has beside `torch.nn.functional`, and where they are: {module: names}.
LAYERS = {
    "nn.activations": "threshold", "nn.inplace_activations": "celu_ selu_ threshold_", "nn.rrelu": "rrelu rrelu_",
    "nn.bilinear": "bilinear", "nn.conv": "conv1d conv2d", "nn.conv3d": "conv3d",
    "nn.conv_transpose": "conv_transpose1d conv_transpose2d conv_transpose3d", "nn.with_indices": "conv_tbc",
    "nn.pooling": "max_pool2d", "nn.window_pooling": "avg_pool1d max_pool1d max_pool3d",
    "nn.adaptive_pooling": "adaptive_avg_pool1d", "nn.pixelshuffle": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "nn.distance": "cosine_similarity pairwise_distance", "ops.norms": "pdist", "nn.norm": "rms_norm",
    "compat.torch._functions": """
        adaptive_max_pool1d alpha_dropout alpha_dropout_ batch_norm ctc_loss dropout dropout_ embedding
        feature_alpha_dropout feature_dropout grid_sampler group_norm instance_norm kl_div layer_norm
    """,
}
ELSEWHERE = {name: module for module, names in LAYERS.items() for name in names.split()} | {
    "save": "serialization", "load": "serialization", "vmap": "func.batching",
    "load_ipython_extension": "compat.notebook",
}

__getattr__, __dir__ = _namespace.namespace(__name__, TENSOR_LEVEL, elsewhere=ELSEWHERE, attaching=ATTACHING,
                                            finish=_with_methods)
