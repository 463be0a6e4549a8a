"""tinytorch: PyTorch's names, built lesson by lesson in modules/. This namespace only hands names on."""

import sys
import types

from . import _namespace

__version__ = "0.1.0"

# The modules whose names are tinytorch's own, in the order of the lessons.
TENSOR_LEVEL = ("tensor", "ops.conversion", "ops.creation", "ops.generator", "ops.random", "ops.comparison", "ops.counting", "ops.subscripts", "autograd", "ops.elementwise", "ops.reductions", "ops.shapes",
                "ops.indexing", "ops.linalg", "ops.inplace", "ops.random_fills", "ops.custom_function")
# Loaded because they add methods to Tensor (`x.relu()`, `tinytorch.softmax`); their names are not ours.
ATTACHING = ("nn.basic_activations", "nn.losses", "nn.activations")
ALIASES = {"bool": "bool_", "float": "float32", "double": "float64", "int": "int32", "long": "int64"}


# PyTorch's names that are here, and two of ours. What else the lessons build is theirs: it stays in their modules.
NAMES = frozenset("""
    Generator Tensor abs abs_ absolute acos acos_ add addcdiv addcmul addmm addmv all allclose amax amin aminmax any
    arange arccos arcsin arctan arctan2 argmax argmin argsort argwhere as_tensor asin asin_ atan atan2 atan_
    atleast_1d atleast_2d atleast_3d baddbmm bernoulli bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor bmm bool broadcast_shapes broadcast_tensors broadcast_to bucketize can_cast cat
    ceil ceil_ celu chunk clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_ clone concat concatenate
    cos cos_ cosh cosh_ count_nonzero cumsum default_generator detach detach_ device diag diag_embed diagonal div
    divide dot double dtype e einsum empty empty_like enable_grad eq equal erf erf_ exp exp2 exp2_ exp_ expm1 expm1_
    eye fill_ finfo fix fix_ flatten flip fliplr flipud float float32 float64 floor floor_ floor_divide fmod frac
    frac_ from_numpy full full_like gather ge ger get_default_dtype get_rng_state greater greater_equal gt hardshrink
    hstack hypot iinfo index_add index_copy index_fill index_put index_put_ index_select inf inference_mode
    initial_seed inner int int32 int64 is_complex is_floating_point is_grad_enabled is_tensor isclose isfinite isin
    isinf isnan le lerp less less_equal linspace log log10 log10_ log1p log1p_ log2 log2_ log_ log_softmax logaddexp
    logical_and logical_not logical_or logical_xor logsumexp long lt manual_seed masked_fill masked_select matmul max
    maximum mean median meshgrid min minimum mm moveaxis movedim mul multinomial multiply mv nan nan_to_num
    nan_to_num_ narrow ne neg neg_ negative negative_ no_grad nonzero norm normal not_equal numel ones ones_like outer
    permute pi pow prelu prod promote_types rand rand_like randint randint_like randn randn_like randperm ravel
    reciprocal reciprocal_ relu relu_ remainder repeat_interleave reshape result_type roll round round_ row_stack
    rsqrt rsqrt_ rsub scatter scatter_add searchsorted seed select selu set_default_dtype set_grad_enabled
    set_rng_state sgn sigmoid sigmoid_ sign sin sin_ sinh sinh_ softmax sort split split_with_sizes sqrt sqrt_ square
    square_ squeeze stack std std_mean sub subtract sum swapaxes swapdims t take take_along_dim tan tan_ tanh tanh_
    tensor tensor_split tensordot tile topk trace transpose tril triu true_divide trunc trunc_ uint8 unbind unflatten
    unique unsqueeze var var_mean vdot vstack where zero_ zeros zeros_like gradcheck draw_graph
""".split())


def _with_methods(found):
    """A method of Tensor is a function too (`tinytorch.exp`), and Python's names for numbers are dtypes."""
    methods = vars(found["Tensor"]) if found else {}
    found = {name: value for name, value in methods.items() if isinstance(value, types.FunctionType)} | found
    found |= {alias: found[name] for alias, name in ALIASES.items() if name in found}
    return {name: value for name, value in found.items() if name in NAMES}


class _Package(types.ModuleType):
    """`tinytorch.tensor` is the function, as in PyTorch, although a file has the same name."""

    def __setattr__(self, name, value):
        """Python calls this, too, for each file of the package that it has just imported."""
        is_module = isinstance(value, types.ModuleType)
        if name != "tensor" or not is_module:
            super().__setattr__(name, value)
        if is_module and name == "dispatch":
            value.keep_memory()  # freed memory is kept for the next large arrays
        if is_module and name == "autograd":
            _namespace.load("kernels.operators")  # operators and the backward pass with fewer steps of Python take their places


sys.modules[__name__].__class__ = _Package
__getattr__, __dir__ = _namespace.namespace(__name__, TENSOR_LEVEL, elsewhere={"save": "serialization", "load": "serialization"},
                                  attaching=ATTACHING, finish=_with_methods)
