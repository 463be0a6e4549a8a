"""PyTorch's own samples of its operations (OpInfo), run on PyTorch and on tinytorch: values, dtypes, shapes, derivatives, errors.

`PYTHONPATH=tests/core python -m samples [NAME ...]` prints what does not agree, and how many samples do, by dtype.
"""

import functools
import sys
import types
import warnings
from collections import Counter

import ml_dtypes
import numpy as np
import torch

import tinytorch

torch.backends.disable_global_flags = lambda: None  # PyTorch's test code, on import; tests/conftest.py sets one

from torch.testing._internal import common_utils
from torch.testing._internal.common_device_type import toleranceOverride
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo import core

# It looks through the stack for the unittest.TestCase that asks, which took nine tenths of the time; there is none.
common_utils.extract_test_fn = core.extract_test_fn = lambda: None

DTYPES = (
    torch.float32, torch.float64, torch.int64, torch.bool, torch.float16, torch.bfloat16, torch.complex64, torch.complex128,
    torch.int8, torch.uint8, torch.int16, torch.int32,
)  # fmt: skip

# PyTorch promises no value here: what stands in new memory, and which of several equal values comes first (its sort
# takes another algorithm on another processor).
ANY_VALUE = {"empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"}
ANY_OF_EQUALS = {"argsort", "sort", "topk"}
ANY_PLACE = {"kthvalue", "mode"}  # of the equals along the dimension

# PyTorch's derivative is wrong: what is replaced gets the gradient, and what stays gets none.
WRONG_DERIVATIVE = {"as_strided_scatter"}

# The second derivative of complex eigenvectors is not PyTorch's: it has another imaginary part.
ONCE_IF_COMPLEX = {"linalg.eigh"}

# Samples in which tinytorch differs on purpose.
EXCEPTIONS = {
    # integers to a negative power: PyTorch refuses the number -1 and gives 0 for a tensor of -1; we refuse both
    "__rpow__": lambda sample: not sample.input.is_floating_point(),
    # a batch (0,) has no channels to normalize: PyTorch returns it, we say what is missing
    "nn.functional.batch_norm": lambda sample: sample.input.ndim < 2,
    # the first addend may have another shape than the result: PyTorch gives it that shape, in place, we refuse
    "addbmm": lambda sample: sample.input.numel() == 1,
    # no reflections, or no numbers: PyTorch's result wants a gradient that is not there, or has nan for it
    "linalg.householder_product": lambda sample: sample.args[0].numel() == 0,
    "linalg.norm": lambda sample: not sample.input.any(),
    # a whole number is round: torch.special has no round() for them, although torch has
    "round": lambda sample: not sample.input.is_floating_point(),
    # 0 ** a number near 0, twice differentiated: PyTorch has nan where the slope is 0
    "pow": lambda sample: getattr(sample.input, "dtype", None) is torch.bfloat16,
    "float_power": lambda sample: getattr(sample.input, "dtype", None) is torch.bfloat16,
    # PyTorch rounds after each of several steps, as we do, in another order
    "gradient": lambda sample: sample.input.element_size() == 2,
    # the edges are not in order
    "histogram": lambda sample: isinstance(sample.args[0], torch.Tensor),
    "histogramdd": lambda sample: isinstance(sample.args[0][0], torch.Tensor),
    # many of the 8000 numbers are equal: which of them comes first gets the gradient
    "msort": lambda sample: sample.input.element_size() == 2,
    # PyTorch counts in 16 bits: its steps drift
    "linspace": lambda sample: sample.kwargs.get("dtype") in (torch.float16, torch.bfloat16),
    "logspace": lambda sample: sample.kwargs.get("dtype") in (torch.float16, torch.bfloat16),
    # complex numbers have no mean of squares that says how large they are: PyTorch divides by it all the same
    "nn.functional.rms_norm": lambda sample: sample.input.is_complex(),
}

# rtol and atol, for the value. PyTorch compares its own operations with references so; float32 allows for the eighth
# digit being lost in sums of some hundred terms, whose order is ours.
TOLERANCES = {
    "float32": (1e-5, 1e-5), "float64": (1e-7, 1e-7), "complex64": (1e-5, 1e-5), "complex128": (1e-7, 1e-7),
    "float16": (2e-3, 1e-3), "bfloat16": (1.6e-2, 1e-2),
}  # fmt: skip
# PyTorch's own error, where that is larger: with 30 digits (mpmath) its J0 is off by 2e-7 near 5.5, scipy's is not.
# Its exponentials of matrices have errors of up to 2e-3 in float32, the slopes of logcumsumexp 3e-3, as ours.
INACCURATE = {("special.bessel_j0", "float64"): (1e-5, 1e-6), ("matrix_exp", "float32"): (1e-4, 1e-3),
              ("logcumsumexp", "float32"): (1e-4, 1e-3)}  # fmt: skip

# Vectors whose sign, or more, is nobody's choice: what PyTorch's samples make of them is compared, say their sizes.
UP_TO_SIGN = {"linalg.eig", "linalg.eigh", "linalg.svd", "svd"}

# Of complex numbers these are not there, and say so; the last two are, but their second derivative has no digits left in
# complex64, here and in PyTorch.
OF_REAL_NUMBERS = {*"cumprod logcumsumexp logsumexp sinc svd_lowrank pca_lowrank".split()}

# A derivative adds up products of results that are rounded already, the second derivative such derivatives.
LOOSER = {"value": 1, "gradient": 10, "second derivative": 100}


class AbsentError(Exception):
    """A sample needs something of PyTorch's that tinytorch does not have: a name, a dtype, a layout."""


def found(path: str, start=tinytorch):
    """`start.path`, or AbsentError."""
    try:
        return functools.reduce(getattr, path.split("."), start)
    except (AttributeError, ImportError):
        raise AbsentError(path) from None


def seeded(function, *args, **options):
    """A random operation starts where `called` set the seed, not where PyTorch's `wrapper_set_seed` would set it."""
    return function(*args, **options)


def counterpart(t, function, path: str):
    """The function of `t` (torch or tinytorch) for PyTorch's `function`, the name of which is `path`.

    Some entries of op_db are functions of PyTorch's test code (`lambda x, shape: x.expand(shape)`, `lambda tensors,
    equation: torch.einsum(equation, tensors)`): the same code then runs with tinytorch under the name `torch`.
    """
    if isinstance(function, functools.partial):
        return functools.partial(counterpart(t, function.func, path), *function.args, **function.keywords)
    if isinstance(function, types.FunctionType) and function.__module__.startswith("torch.testing"):
        names = function.__globals__ | {"torch": t, "wrapper_set_seed": seeded}
        copy = types.FunctionType(
            function.__code__, names, function.__name__, function.__defaults__, function.__closure__
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        return copy
    if t is torch or getattr(function, "__module__", None) == "_operator":
        return function
    is_method = getattr(torch.Tensor, function.__name__, None) is function
    return found(path, tinytorch.Tensor if is_method else tinytorch)


def in_place(function):
    return lambda x, *args, **options: function(x.clone(), *args, **options)


def forms(op) -> list:
    """[(name, {torch: its function, tinytorch: its function})] for each way to call `op` that tinytorch has."""
    ways = []
    for way in (op, *op.aliases):
        ways += [(way.name, way.op, False), (f"Tensor.{way.name}", way.method_variant, False)]
        ways += [(f"{way.name}_", way.inplace_variant, True)]
    ways += [("operator", op.operator_variant, False), ("operator in place", op.inplace_operator_variant, True)]
    result = []
    for name, function, changes in ways:
        try:
            pair = {t: counterpart(t, function, name.removeprefix("Tensor.")) for t in (torch, tinytorch) if function}
        except AbsentError:
            continue
        if pair:
            result.append((name, {t: in_place(f) for t, f in pair.items()} if changes else pair))
    return result


def has(op) -> bool:
    """Whether tinytorch has PyTorch's name for `op`, as a function or as a method."""
    for owner in (tinytorch, tinytorch.Tensor):
        try:
            return found(op.name, owner) is not None
        except AbsentError:
            continue
    return False


OPERATIONS = [op for op in op_db if has(op) and op.name != "to_sparse"]  # tests/core/test_rare.py


def memory(x: torch.Tensor) -> np.ndarray:
    """A copy of the values of `x` that lies in memory as `x` does: its strides, gaps and repetitions are kept."""
    x = x.detach().resolve_conj().resolve_neg()
    if x.numel() == 0 or x.is_contiguous():
        return numbers(x).copy()
    extent = 1 + sum((n - 1) * step for n, step in zip(x.shape, x.stride()))
    flat = numbers(x.as_strided((extent,), (1,))).copy()
    return np.lib.stride_tricks.as_strided(flat, x.shape, [step * flat.itemsize for step in x.stride()])


def numbers(x) -> np.ndarray:
    """The values of a tensor of either package; numpy has no bfloat16, so ml_dtypes' here."""
    if isinstance(x, tinytorch.Tensor):
        return x.detach().array
    x = x.detach()
    if x._is_zerotensor():  # a gradient that PyTorch knows to be 0 takes no memory
        x = torch.zeros(x.shape, dtype=x.dtype)
    return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16) if x.dtype is torch.bfloat16 else x.numpy(force=True)


def tensor_of(t, array):
    """A tensor of `t` on the values of `array`."""
    if array.dtype != ml_dtypes.bfloat16:
        return t.from_numpy(array)
    return t.as_tensor(array) if t is tinytorch else t.from_numpy(array.view(np.int16)).view(torch.bfloat16)


def converted(t, value, copies: dict, exact: bool = False):
    """`value`, an argument of a sample, for `t`, with fresh tensors; a tensor that occurs twice is one tensor again.

    `exact`: numbers of 16 bits in 64.
    """
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided:
            raise AbsentError(f"{value.layout}, {value.dtype}")
        if id(value) not in copies:
            found(str(value.dtype).removeprefix("torch."))
            array = wide(memory(value)) if exact else memory(value)
            copies[id(value)] = tensor_of(t, array).requires_grad_(value.requires_grad)
        return copies[id(value)]
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(converted(t, x, copies, exact) for x in value)
    if isinstance(value, dict):
        here = [
            key for key in value if t is torch or key not in ("memory_format", "layout")
        ]  # no value depends on them
        return {key: converted(t, value[key], copies, exact) for key in here}
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        return counterpart(t, value, f"nn.functional.{value.__name__}")
    if t is torch:
        return value
    if isinstance(value, torch.nn.Module):
        return found(f"nn.{type(value).__name__}")()
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
        return found(str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return tinytorch.device(str(value))
    if isinstance(value, torch.Generator):
        return tinytorch.Generator().manual_seed(value.initial_seed())
    return value


def parts(value) -> list:
    """The leaves of nested results."""
    return [leaf for part in value for leaf in parts(part)] if isinstance(value, (list, tuple)) else [value]


def kind(x) -> str:
    """`float32` for a dtype or a tensor of that dtype, of either package."""
    return str(getattr(x, "dtype", x)).split(".")[-1]


class Call:
    """One call of a function of `t` on a sample's arguments, and the derivatives of what it returned.

    `exact`: the name of a dtype of 16 bits; the call is with its numbers, in 64 bits.
    """

    def __init__(self, t, function, sample, seed=0, exact=""):
        self.t, self.exact, copies = t, exact, {}
        self.args, self.options = (
            converted(t, (sample.input, *sample.args), copies, bool(exact)),
            converted(t, sample.kwargs, copies, bool(exact)),
        )
        self.leaves = [x for x in copies.values() if x.requires_grad]
        self.process = counterpart(t, sample.output_process_fn_grad, "")
        t.manual_seed(seed)
        self.value = function(*self.args, **self.options)

    def derivative(self, outputs, leaves, twice: bool) -> list:
        """The gradients of `outputs` at `leaves` for random ones from above, which are kept as `above`."""
        rng, t = np.random.default_rng(0), self.t
        outputs = [x for x in outputs if isinstance(x, t.Tensor) and x.requires_grad]
        above = [drawn(rng, tuple(x.shape), self.exact or kind(x)) for x in outputs]
        above = [wide(x) if self.exact else x for x in above]
        self.above = [tensor_of(t, x).requires_grad_(twice) for x in above]
        if not outputs or not leaves:
            return [t.zeros_like(x) for x in leaves]
        gradients = t.autograd.grad(outputs, leaves, self.above, create_graph=twice, allow_unused=True)
        return [t.zeros_like(x) if g is None else g for x, g in zip(leaves, gradients)]

    def gradients(self, twice: bool) -> list:
        self.first = self.derivative(parts(self.process(self.value)), self.leaves, twice)
        return self.first

    def second(self) -> list:
        return self.derivative(self.first, [*self.leaves, *self.above], False)


def drawn(rng, shape: tuple, dtype: str) -> np.ndarray:
    """Normal numbers of a floating point or complex dtype."""
    array = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if dtype.startswith("complex") else 0)
    return np.asarray(array).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)


def tolerance(op, dtype: str, stage: str) -> tuple[float, float]:
    """(rtol, atol), or what PyTorch grants this operation itself where that is more."""
    rtol, atol = INACCURATE.get((op.name, dtype)) or TOLERANCES.get(dtype, (0, 0))
    for info in op.decorators:
        for override in getattr(info, "decorators", [info]):
            granted = (
                getattr(override, "d", {}).get(getattr(torch, dtype))
                if isinstance(override, toleranceOverride)
                else None
            )
            rtol, atol = (max(rtol, granted.rtol), max(atol, granted.atol)) if granted else (rtol, atol)
    return rtol * LOOSER[stage], atol * LOOSER[stage]


def difference(op, stage, ours, theirs, values=True) -> str:
    """What tells our result from PyTorch's, in a few words; empty if nothing does."""
    fields = getattr(theirs, "__match_args__", ())  # of a named tuple, as `max` returns
    if (
        isinstance(theirs, (list, tuple)) != isinstance(ours, (list, tuple))
        or getattr(ours, "_fields", fields) != fields
    ):
        return f"a {type(ours).__name__}, PyTorch has a {type(theirs).__name__}"
    ours, theirs = parts(ours), parts(theirs)
    if len(ours) != len(theirs):
        return f"{len(ours)} results, PyTorch has {len(theirs)}"
    for a, b in zip(ours, theirs):
        if isinstance(b, torch.Tensor) and isinstance(a, tinytorch.Tensor):
            if (tuple(a.shape), kind(a)) != (tuple(b.shape), kind(b)):
                return f"{kind(a)} of shape {tuple(a.shape)}, PyTorch has {kind(b)} of shape {tuple(b.shape)}"
            if stage == "value" and a.requires_grad != b.requires_grad:
                return f"requires_grad is {a.requires_grad}, PyTorch has {b.requires_grad}"
            a, b = numbers(a), numbers(b)
        elif type(a) is not type(b) and kind(a) != kind(b):
            return f"{a!r}, PyTorch has {b!r}"
        if values and isinstance(b, (np.ndarray, float, complex)):
            rtol, atol = tolerance(op, kind(np.asarray(b)), stage)
            close = np.isclose(*map(wide, (a, b)), rtol=rtol, atol=atol, equal_nan=True)
            if not np.all(close):
                at = tuple(map(int, np.argwhere(~close)[0]))
                return (
                    f"{np.asarray(a)[at]} at {at}, PyTorch has {np.asarray(b)[at]} ({np.sum(~close)} of {np.size(b)})"
                )
        elif values and kind(a) != kind(b):
            return f"{a!r}, PyTorch has {b!r}"
    return ""


def wide(x):
    """Numbers of 16 bits in 64, so that their differences do not overflow."""
    return np.asarray(x, np.float64) if kind(np.asarray(x)) in ("float16", "bfloat16") else x


def attempt(function, *args):
    """(result, None) or (None, error)."""
    try:
        return function(*args), None
    except AbsentError:
        raise
    except Exception as error:
        return None, error


def refusal(error, expected) -> str:
    """What is wrong with our `error` where PyTorch raises `expected`; each may be None."""
    if error is None:
        return f"no error, PyTorch has {type(expected).__name__}: {expected}"
    if expected is None:
        return f"{type(error).__name__}: {error}"
    kinds = f"{type(error).__name__} ({error}), PyTorch has {type(expected).__name__} ({expected})"
    return "" if isinstance(error, type(expected)) else kinds


def left_open(op, function, sample, ours: Call, theirs: Call) -> bool:
    """Whether PyTorch leaves open in what the two values differ: random numbers, and which of equal values comes first."""
    if difference(op, "value", ours.value, theirs.value, values=False):
        return False  # another shape or dtype
    if op.name in ANY_PLACE:
        return np.array_equal(*[numbers(parts(call.value)[0]) for call in (ours, theirs)])
    if op.name in ANY_OF_EQUALS and not ours.options.get("stable"):
        place = 2 if op.name == "topk" else 1
        at, dim = [parts(call.value)[-1] for call in (ours, theirs)], (*theirs.args, *[None] * 3)[place]
        dim = theirs.options.get("dim", -1) if dim is None else dim
        return np.array_equal(*[np.take_along_axis(numbers(theirs.args[0]), np.asarray(x), dim) for x in at])
    others = [Call(torch, function, sample, seed=seed).value for seed in range(1, 6)]  # a coin falls thrice on one side
    return any(not torch.equal(x, y) for other in others for x, y in zip(parts(other), parts(theirs.value)))


def nearer(op, stage, ours, theirs, exact) -> bool:
    """Whether each of our numbers is as near to the exact ones as PyTorch's, whose sums in 16 bits drift."""
    for a, b, c in zip(*map(parts, (ours, theirs, exact)), strict=True):
        rtol, atol = tolerance(op, kind(b), stage)
        rounded = numbers(c).astype(numbers(b).dtype)  # what is too large for 16 bits is infinite
        a, b, rounded, c = wide(numbers(a)), wide(numbers(b)), wide(rounded), numbers(c)
        good = np.isclose(a, b, rtol, atol, True) | np.isclose(a, rounded, rtol, atol, True)
        if not np.all(good | (abs(a - c) <= 1.01 * abs(b - c))):
            return False
    return True


def drifts(op, function, sample, stage, ours, theirs) -> bool:
    """Whether what differs is PyTorch's: its numbers of 16 bits are further from the exact ones than ours."""
    small = next((kind(x) for x in parts(theirs) if kind(x) in ("float16", "bfloat16")), "")
    if not small or difference(op, stage, ours, theirs, values=False):
        return False
    exact, error = attempt(lambda: reached(Call(torch, function, sample, exact=small), op, stage))
    return error is None and nearer(op, stage, ours, theirs, exact)


def reached(call: Call, op, stage: str):
    """The results of a call at a stage."""
    if stage == "value":
        return call.value
    first = call.gradients(op.supports_gradgrad)
    return first if stage == "gradient" else call.second()


def compare(op, pair, sample, derivatives: bool) -> tuple[str, str]:
    """(stage, difference) of the first stage at which a sample does not agree; ("", "") if it does."""
    theirs, expected = attempt(Call, torch, pair[torch], sample)
    if theirs and any(kind(x) == "complex32" for x in parts(theirs.value)):
        raise AbsentError("complex32")
    ours, error = attempt(Call, tinytorch, pair[tinytorch], sample)
    if error or expected:
        what = refusal(error, expected)
        return ("error", what) if what else ("", "")
    if op.name in UP_TO_SIGN:
        for call in (ours, theirs):
            call.value = call.process(call.value)
            call.process = lambda value: value
    what = difference(op, "value", ours.value, theirs.value, values=op.name not in ANY_VALUE)
    if what and left_open(op, pair[torch], sample, ours, theirs):
        return "", ""
    if what and drifts(op, pair[torch], sample, "value", ours.value, theirs.value):
        what = ""
    if what or not derivatives or op.name in ANY_VALUE:
        return ("value", what) if what else ("", "")
    twice = op.supports_gradgrad and not (op.name in ONCE_IF_COMPLEX and sample.input.is_complex())
    for stage, call in (("gradient", lambda run: run.gradients(twice)), ("second derivative", Call.second))[
        : 1 + twice
    ]:
        wanted, expected = attempt(call, theirs)
        if expected:  # PyTorch has none
            break
        got, error = attempt(call, ours)
        what = refusal(error, None) if error else difference(op, stage, got, wanted)
        if what and (error or not drifts(op, pair[torch], sample, stage, got, wanted)):
            return stage, what
    return "", ""


def supports(op, dtype) -> bool:
    return dtype in op.supported_dtypes("cpu") and not (dtype.is_complex and op.formatted_name in OF_REAL_NUMBERS)


def samples_of(op, dtype, derivatives: bool) -> list:
    """PyTorch's samples of `op` in a dtype; for "errors", those that PyTorch refuses."""
    if dtype == "errors":
        if op.error_inputs_func is None or op.name.startswith("__"):  # Tensor.__add__(2, 3) is nobody's call
            return []
        samples = [given.sample_input for given in op.error_inputs("cpu")]
        return [sample for sample in samples if not {"out", "layout"} & {*sample.kwargs}]
    return list(op.sample_inputs("cpu", dtype, requires_grad=derivatives))


@np.errstate(all="ignore")
def examined(op, dtype, most=None) -> list:
    """[(number, sample, {form: (stage, difference)})] for the samples of `op`, or for `most` of them, evenly chosen.

    A sample that needs what tinytorch lacks (half precision, say) is left out.
    """
    derivatives = dtype != "errors" and op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
    derivatives = derivatives and op.name not in WRONG_DERIVATIVE
    ways, result = forms(op), []
    with warnings.catch_warnings(action="ignore"), torch.backends.mkldnn.flags(enabled=False):  # no processor decides
        exception = EXCEPTIONS.get(op.name, lambda sample: False)
        samples = [sample for sample in samples_of(op, dtype, derivatives) if not exception(sample)]
        for i in range(0, len(samples), max(1, len(samples) // most) if most else 1):
            try:
                results = {
                    form: compare(op, pair, samples[i], derivatives)
                    for form, pair in ways[: 1 if dtype == "errors" else None]
                }
            except AbsentError:
                continue
            result.append((i, samples[i], {form: pair for form, pair in results.items() if pair[1]}))
    return result


def main(names):
    agreeing, everything = Counter(), Counter()
    for op in OPERATIONS:
        for dtype in (*[d for d in DTYPES if supports(op, d)], "errors") if not names or op.name in names else ():
            for i, sample, wrong in examined(op, dtype):
                everything[dtype] += 1
                agreeing[dtype] += not wrong
                for form, (stage, what) in wrong.items():
                    print(f"{op.formatted_name} {kind(dtype)} {i} {form}, {stage}: {' '.join(what.split())[:300]}")
                if wrong and names:
                    print("   ", sample.summary())
    for dtype in (*DTYPES, "errors"):
        print(f"{kind(dtype):8} {agreeing[dtype]:5} of {everything[dtype]:5} agree")


if __name__ == "__main__":
    main(sys.argv[1:])
