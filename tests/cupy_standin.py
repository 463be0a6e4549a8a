"""A stand-in for CuPy's arrays, for machines without a GPU: as strict as they are, and it counts what crosses over.

A `DeviceArray` holds a numpy array, shows nobody its numbers unasked, and knows no more than CuPy 14 does: the functions
and ufuncs in the tables below, with CuPy's arguments. numpy hands its functions over to it (`__array_ufunc__`,
`__array_function__`), as it does to CuPy. What was found to differ between the two, on CuPy 14.2 and numpy 2.4:
no implicit conversion to a numpy array, no numpy array as an operand, results never numpy scalars, no `initial=`, no
`where=`, no `like=` for ones, full and eye, no `maximum.reduce`, no `flags.writeable`, no `__array_interface__`.
"""

import inspect
import sys
import weakref
from collections import Counter
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import numpy as np

from tinytorch import backends
from tinytorch.ops import conversion
from tinytorch.tensor import observers

crossings = Counter()  # "to device", "to host": arrays and numbers that went over

# CuPy's functions: "name", its parameters in order, "=" after those that have a default. tests/kernels/test_devices.py compares
# this table with CuPy's signatures where CuPy is installed.
FUNCTIONS = """
all a axis= out= keepdims=
amax a axis= out= keepdims=
amin a axis= out= keepdims=
any a axis= out= keepdims=
angle z deg=
append arr values axis=
arange start stop= step= dtype=
argmax a axis= dtype= out= keepdims=
argmin a axis= dtype= out= keepdims=
argsort a axis= kind=
argwhere a
array obj dtype= copy= order= subok= ndmin= blocking=
array2string a *args **kwargs
array_equal a1 a2 equal_nan=
asarray a dtype= order= copy= blocking=
ascontiguousarray a dtype=
atleast_1d *arys
bincount x weights= minlength=
broadcast_to array shape
clip a a_min a_max out=
concatenate tup axis= out= dtype= casting=
copyto dst src casting= where=
count_nonzero a axis=
cumprod a axis= dtype= out=
cumsum a axis= dtype= out=
diag v k=
diff a n= axis= prepend= append=
einsum *operands **kwargs
empty shape dtype= order=
empty_like prototype dtype= order= subok= shape=
expand_dims a axis
fft.fftn a s= axes= norm=
fft.ifftn a s= axes= norm=
fft.irfft a n= axis= norm=
fft.rfft a n= axis= norm=
flatnonzero a
flip a axis=
full_like a fill_value dtype= order= subok= shape=
isclose a b rtol= atol= equal_nan=
isin element test_elements assume_unique= invert=
lib.stride_tricks.sliding_window_view x window_shape axis= subok= writeable=
linalg.norm x ord= axis= keepdims=
linalg.qr a mode=
linalg.svd a full_matrices= compute_uv=
max a axis= out= keepdims=
mean a axis= dtype= out= keepdims=
min a axis= out= keepdims=
moveaxis a source destination
nan_to_num x copy= nan= posinf= neginf=
ndim a
nonzero a
ones_like a dtype= order= subok= shape=
pad array pad_width mode= **kwargs
prod a axis= dtype= out= keepdims=
put_along_axis arr indices values axis
ravel a order=
repeat a repeats axis=
reshape a newshape order= copy=
result_type *arrays_and_dtypes
roll a shift axis=
round a decimals= out=
searchsorted a v side= sorter=
select condlist choicelist default=
shape a
sort a axis= kind=
squeeze a axis=
stack tup axis= out= dtype= casting=
sum a axis= dtype= out= keepdims=
swapaxes a axis1 axis2
take a indices axis= out=
take_along_axis a indices axis
tensordot a b axes=
trace a offset= axis1= axis2= dtype= out=
transpose a axes=
tri N M= k= dtype=
tril m k=
triu m k=
unique ar return_index= return_inverse= return_counts= axis= equal_nan=
unravel_index indices dims order=
var a axis= dtype= out= ddof= keepdims=
where condition x= y=
zeros shape dtype= order=
zeros_like a dtype= order= subok= shape=
"""

UFUNCS = """
abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor cbrt ceil
conjugate copysign cos cosh divide equal exp exp2 expm1 fabs floor floor_divide fmax fmin fmod frexp gcd greater greater_equal
heaviside hypot invert isfinite isinf isnan ldexp lcm left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and
logical_not logical_or logical_xor matmul maximum minimum multiply negative nextafter not_equal positive power reciprocal remainder right_shift rint sign
signbit sin sinh sqrt square subtract tan tanh trunc
""".split()

METHODS = {"at": {"add", "subtract", "maximum", "minimum"}, "reduceat": {"add"}}  # of the ufuncs that have them in CuPy
HOST_ARRAYS_TAKEN_IN = {"array", "asarray"}  # with like=: what is given them may come from the host


def signature_of(line: str) -> tuple:
    name, *parameters = line.split()
    P, made = inspect.Parameter, []
    for text in parameters:
        bare = text.strip("*=")
        kind = P.VAR_KEYWORD if text[:2] == "**" else P.VAR_POSITIONAL if text[0] == "*" else P.POSITIONAL_OR_KEYWORD
        made.append(P(bare, kind, default=None if text.endswith("=") else P.empty))
    return name, inspect.Signature(made)


SIGNATURES = dict(map(signature_of, FUNCTIONS.strip().splitlines()))
_owners = weakref.WeakValueDictionary()  # id of a numpy array that owns memory -> the DeviceArray around it


def root(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of `array`; as_strided puts something between them that is no array."""
    base = array.base
    while base is not None:
        array, base = (base, base.base) if isinstance(base, np.ndarray) else (array, getattr(base, "base", None))
    return array


def wrapped(result):
    """Arrays in `result` as DeviceArrays, numpy's scalars too."""
    if isinstance(result, (tuple, list)):
        return type(result)(map(wrapped, result)) if type(result) in (tuple, list) else tuple(map(wrapped, result))
    if isinstance(result, (np.ndarray, np.generic)):
        array = np.asarray(result)
        owner = root(array)
        if owner is not array and id(owner) not in _owners:
            array = owner = array.copy("K")
        new = object.__new__(DeviceArray)
        new._a, new._owner = array, _owners.get(id(owner)) if owner is not array else None
        if owner is array:
            _owners[id(array)] = new
        return new
    return result


def inside(x, who: str, host_arrays: bool = False):
    """`x` with the arrays in it unwrapped. Raises TypeError where one of numpy's is among them."""
    if isinstance(x, DeviceArray):
        return x._a
    if isinstance(x, np.ndarray):
        if not host_arrays:
            raise TypeError(f"{who}: Unsupported type <class 'numpy.ndarray'>: {x.shape} {x.dtype}")
        crossings["to device"] += 1
        return x
    if isinstance(x, (list, tuple)):
        return type(x)(inside(part, who, host_arrays) for part in x)
    if type(x).__name__ in ("Tensor", "Parameter"):
        raise TypeError(f"{who}: a tensor among arrays")
    return x


def index_inside(index):
    """An index unwrapped; what comes from the host is counted."""
    parts = index if isinstance(index, tuple) else (index,)
    if sum(getattr(part, "ndim", 0) > 0 and part.dtype.kind == "b" for part in parts) > 1:
        raise ValueError("CuPy takes one mask in an index, not several")
    found = []
    for part in parts:
        if isinstance(part, (np.ndarray, list)):
            crossings["to device"] += 1
        found.append(part._a if isinstance(part, DeviceArray) else part)
    return tuple(found) if isinstance(index, tuple) else found[0]


class Flags:
    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata


class DeviceArray:
    """An array that lives "on the GPU"."""

    __slots__ = ("__weakref__", "_a", "_memory", "_owner")
    __array_priority__ = 100
    __hash__ = None

    def __new__(cls, *args):
        raise TypeError("use to_device()")

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    itemsize = property(lambda self: self._a.itemsize)
    nbytes = property(lambda self: self._a.nbytes)
    strides = property(lambda self: self._a.strides)
    flags = property(lambda self: Flags(self._a.flags))
    base = property(lambda self: self._owner)
    T = property(lambda self: wrapped(self._a.T))
    real = property(lambda self: wrapped(self._a.real), lambda self, value: self.real.__setitem__(..., value))
    imag = property(lambda self: wrapped(self._a.imag), lambda self, value: self.imag.__setitem__(..., value))
    data = property(lambda self: SimpleNamespace(ptr=self._a.__array_interface__["data"][0]), doc="Where it lies.")

    # ------------------------------------------------------------------------------------------- the only ways to the host

    def get(self):
        crossings["to host"] += 1
        return self._a.copy()

    def item(self, *args):
        return self.get().item(*args)

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def __bool__(self):
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __repr__(self):
        return f"DeviceArray({self._a!r})"

    def __format__(self, spec):
        return format(self.get(), spec)

    def __reduce__(self):
        return to_device, (self.get(),)

    def __array__(self, *args, **options):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    # ------------------------------------------------------------------------------------------------------ numpy's protocols

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        name = ufunc.__name__
        if name not in UFUNCS or (method != "__call__" and name not in METHODS.get(method, ())):
            return NotImplemented
        if method == "__call__" and options.keys() - {"out", "dtype"}:
            raise TypeError(f"{name}: CuPy has no {sorted(options.keys() - {'out', 'dtype'})}")
        for x in inputs:
            if method == "__call__" and not isinstance(x, (DeviceArray, bool, int, float, complex, np.generic)):
                raise TypeError(f"{name}: Unsupported type {type(x)}")
        out = options.pop("out", None)
        if out is not None:
            if not isinstance(out[0], DeviceArray):
                raise TypeError(f"{name}: out is a {type(out[0])}")
            options["out"] = out[0]._a
        if method == "at":
            target, index, *values = inputs
            if target.dtype.name not in ("int32", "uint32", "uint64", "float32", "float64"):
                raise TypeError(f"{name}.at: CUDA's atomicAdd does not know {target.dtype}")
            return ufunc.at(inside(target, name), index_inside(index), *inside(values, name))
        with np.errstate(all="ignore"):
            result = getattr(ufunc, method)(*inside(inputs, name), **options)
        return out[0] if out is not None else wrapped(result)

    def __array_function__(self, function, types, args, options):
        path = [*function.__module__.split(".")[1:], function.__name__]
        name = ".".join(part for part in path if part[0] != "_")
        if name not in SIGNATURES:
            return NotImplemented  # numpy raises TypeError, naming the function
        SIGNATURES[name].bind(*args, **options)
        if name == "shape":
            return self.shape
        if name in HOST_ARRAYS_TAKEN_IN:
            args = [x._a if isinstance(x, DeviceArray) else self._arrived(x) for x in args]
        out = options.get("out")
        if name == "take" and isinstance(args[1], (list, tuple, range)):
            crossings["to device"] += 1
        if name == "lib.stride_tricks.sliding_window_view":
            options = {**options, "writeable": True}  # CuPy's arrays are never read-only
        with np.errstate(all="ignore"):
            result = function(*inside(tuple(args), name), **{key: inside(x, name) for key, x in options.items()})
        if name == "broadcast_to":
            result.flags.writeable = True
        if isinstance(result, np.bool_) and name == "array_equal":
            return wrapped(result)
        return out if out is not None else wrapped(result)

    def _arrived(self, x):
        crossings["to device"] += 1
        return x

    # ---------------------------------------------------------------------------------------------------- a sequence of its own

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        part = self._a[index_inside(index)]
        if isinstance(part, np.generic):  # CuPy: a view with no dimensions
            part = self._a[(*index, ...) if isinstance(index, tuple) else (index, ...)]
        return wrapped(part)

    def __setitem__(self, index, value):
        if isinstance(value, (np.ndarray, list, tuple)):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        with np.errstate(all="ignore"):
            self._a[index_inside(index)] = inside(value, "assignment")


def method(name: str, parameters: str):
    """A method as CuPy's arrays have it."""
    _, signature = signature_of(f"{name} self {parameters}")

    def call(self, *args, **options):
        signature.bind(self, *args, **options)
        out = options.pop("out", None)
        if isinstance(out, DeviceArray):
            options["out"] = out._a
        for key in ("axis", "dtype", "subok", "casting"):  # CuPy's default is None
            if options.get(key, 0) is None:
                del options[key]
        with np.errstate(all="ignore"):
            result = getattr(self._a, name)(*inside(args, name), **options)
        return out if out is not None else wrapped(result)

    call.__name__ = name
    setattr(DeviceArray, name, call)


for _line in """
all axis= out= keepdims=
any axis= out= keepdims=
argmax axis= out= dtype= keepdims=
argmin axis= out= dtype= keepdims=
argsort axis= kind=
astype dtype order= casting= subok= copy=
clip min= max= out=
copy order=
cumsum axis= dtype= out=
diagonal offset= axis1= axis2=
dot b out=
fill value
flatten order=
max axis= out= keepdims=
mean axis= dtype= out= keepdims=
min axis= out= keepdims=
nonzero
prod axis= dtype= out= keepdims=
ravel order=
repeat repeats axis=
reshape *shape **order
round decimals= out=
sort axis= kind=
squeeze axis=
sum axis= dtype= out= keepdims=
swapaxes axis1 axis2
take indices axis= out=
trace offset= axis1= axis2= dtype= out=
transpose *axes
var axis= dtype= out= ddof= keepdims=
view dtype=
""".strip().splitlines():
    method(*_line.partition(" ")[::2])

for _symbol, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}.items():  # fmt: skip
    setattr(DeviceArray, f"__{_symbol}__", lambda self, other, f=_ufunc: f(self, other))
    setattr(DeviceArray, f"__r{_symbol}__", lambda self, other, f=_ufunc: f(other, self))
    setattr(DeviceArray, f"__i{_symbol}__", lambda self, other, f=_ufunc: f(self, other, out=self))
for _symbol, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(DeviceArray, f"__{_symbol}__", lambda self, other, f=_ufunc: f(self, other))
for _symbol, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}.items():
    setattr(DeviceArray, f"__{_symbol}__", lambda self, f=_ufunc: f(self))


def as_strided(x, shape=None, strides=None):
    result = wrapped(np.lib.stride_tricks.as_strided(x._a, shape, strides))
    result._owner, result._memory = None, x  # as in CuPy: it holds the memory, and has no base
    return result


lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))  # cupy.lib
_special = ModuleType(f"{__name__}x.scipy.special")  # cupyx.scipy.special
sys.modules[_special.__name__] = _special


def _erf(x):
    from scipy.special import erf

    return wrapped(erf(x._a))


_special.erf = _erf


def to_device(array: np.ndarray) -> DeviceArray:
    crossings["to device"] += 1
    return wrapped(np.array(array, order="K"))


def to_host(array: DeviceArray) -> np.ndarray:
    return array.get()


def install() -> None:
    """Let "cuda" be where DeviceArrays live."""
    backends.register_device("cuda", DeviceArray, to_device, to_host)


def remove() -> None:
    """No more "cuda", and none of its kernels is asked."""
    del backends.ARRAYS[DeviceArray], backends.DEVICES["cuda"]
    backends.choose_kernels()
    observers.remove(sys.modules["tinytorch.cuda.kernels"].one_device)
    conversion.example.cache_clear()


@contextmanager
def counted():
    """A Counter of what crosses over inside `with counted() as crossed:`."""
    before, result = Counter(crossings), Counter()
    yield result
    result.update(Counter(crossings) - before)
