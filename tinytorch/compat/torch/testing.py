"""`torch.testing`: are two results the same, up to rounding?"""

import collections.abc
import math
import numbers

import numpy as np

from ...dispatch import to_numpy
from ...tensor import Tensor, as_dtype

__all__ = ["assert_allclose", "assert_close"]

TOLERANCES = {"float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
              "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7)}  # fmt: skip


def assert_close(
    actual,
    expected,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg=None,
) -> None:
    """AssertionError unless |actual - expected| <= atol + rtol * |expected|, everywhere; nan equals nan on request.

    Takes tensors, numbers, arrays, None, and sequences and dicts of them. Without `rtol` and `atol` they follow the
    dtype: of float32 1.3e-6 and 1e-5. `msg` replaces what is said, or is called with it.
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'rtol' if rtol is None else 'atol'}."
        )
    same = {"device": check_device, "dtype": check_dtype, "stride": check_stride}
    found = difference(actual, expected, (rtol, atol), equal_nan, same, "")
    if found:
        raise AssertionError(found if msg is None else msg(found) if callable(msg) else msg)


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg="") -> None:
    """The older `assert_close`, which takes arrays for tensors and does not look at dtypes."""
    actual, expected = (x if isinstance(x, Tensor) else Tensor.wrap(np.asarray(x)) for x in (actual, expected))
    options = {"check_device": True, "check_dtype": False, "check_stride": False, "msg": msg or None}
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, **options)


def difference(actual, expected, tolerance, equal_nan, same, where) -> str | None:
    """What to say about two things that differ at `where`; None if they do not."""
    options = tolerance, equal_nan, same
    if actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual} is not {expected}"
    if isinstance(actual, Tensor) and isinstance(expected, Tensor):
        text = attributes_differ(actual, expected, same) or values_differ(actual, expected, tolerance, equal_nan)
    elif isinstance(actual, np.ndarray) and isinstance(expected, np.ndarray):
        return difference(Tensor.wrap(actual), Tensor.wrap(expected), *options, where)
    elif isinstance(actual, bool) and isinstance(expected, bool):
        text = None if actual is expected else f"Booleans mismatch: {actual} is not {expected}"
    elif all(isinstance(x, numbers.Number) and not isinstance(x, bool) for x in (actual, expected)):
        if same["dtype"] and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}."
        text = numbers_differ(actual, expected, *limits(type(actual), type(expected), tolerance), equal_nan)
    elif all(isinstance(x, collections.abc.Mapping) for x in (actual, expected)):
        return mappings_differ(actual, expected, options, where)
    elif all(isinstance(x, collections.abc.Sequence) and not isinstance(x, str) for x in (actual, expected)):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
        pairs = enumerate(zip(actual, expected, strict=True))
        return first(difference(a, b, *options, f"{where}[{i}]") for i, (a, b) in pairs)
    else:
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
            + (f"\n\nThe failure occurred for item {where}" if where else "")
        )
    return text + (f"\n\nThe failure occurred for item {where}" if where else "") if text else None


def first(found):
    return next(filter(None, found), None)


def mappings_differ(actual, expected, options, where) -> str | None:
    if actual.keys() != expected.keys():
        missing, more = sorted(expected.keys() - actual.keys()), sorted(actual.keys() - expected.keys())
        return (
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {missing}\nAdditional keys in the actual mapping: {more}"
        )
    return first(difference(actual[key], expected[key], *options, f"{where}[{key!r}]") for key in actual)


def attributes_differ(actual, expected, same) -> str | None:
    """The first attribute in which two tensors differ that are to be the same in it."""
    asked = {"shape": lambda x: x.shape, "device": lambda x: x.device, "dtype": lambda x: x.dtype,
             "stride": lambda x: x.stride()}  # fmt: skip
    for name, get in asked.items():
        a, b = get(actual), get(expected)
        if same.get(name, True) and a != b:
            return f"The values for attribute '{name}{'()' * (name == 'stride')}' do not match: {a} != {b}."
    return None


def limits(actual, expected, tolerance) -> tuple:
    """(rtol, atol) for two dtypes."""
    if tolerance[0] is not None:
        return tolerance
    pairs = [TOLERANCES.get(getattr(as_dtype(kind), "name", ""), (0.0, 0.0)) for kind in (actual, expected)]
    return tuple(map(max, *pairs))


def values_differ(actual, expected, tolerance, equal_nan) -> str | None:
    rtol, atol = limits(actual.dtype, expected.dtype, tolerance)
    a, b = (to_numpy(x.array) for x in (actual, expected))
    kind = np.result_type(a, b) if {a.dtype.kind, b.dtype.kind} - set("iub") else np.int64
    a, b = a.astype(kind), b.astype(kind)
    close = np.isclose(a, b, rtol, atol, equal_nan) if rtol or atol else (a == b) | (equal_nan & (a != a) & (b != b))
    if close.all():
        return None
    if not a.ndim:
        return numbers_differ(a.item(), b.item(), rtol, atol, equal_nan)
    with np.errstate(all="ignore"):
        absolute = np.where(close, np.zeros_like(a), np.abs(a - b))
        floating = np.float32 if kind == np.int64 else absolute.dtype
        relative = np.where(close, 0, absolute.astype(floating) / np.abs(b).astype(floating))
    lines = [f"Tensor-likes are not {'close' if rtol or atol else 'equal'}!", ""]
    lines.append(f"Mismatched elements: {(~close).sum()} / {a.size} ({(~close).mean():.1%})")
    for name, values, limit in (("absolute", absolute, atol), ("relative", relative, rtol)):
        index = np.unravel_index(values.argmax(), a.shape)
        allowed = f" (up to {limit} allowed)" if rtol or atol else ""
        lines.append(f"Greatest {name} difference: {values[index]} at index {tuple(map(int, index))}{allowed}")
    return "\n".join(lines)


def numbers_differ(actual, expected, rtol, atol, equal_nan) -> str | None:
    if actual == expected or (equal_nan and actual != actual and expected != expected):
        return None
    absolute = abs(actual - expected)
    if math.isfinite(absolute) and absolute <= atol + rtol * abs(expected):
        return None
    relative = absolute / abs(expected) if expected else math.inf
    allowed = [f" (up to {limit} allowed)" if rtol or atol else "" for limit in (atol, rtol)]
    return (
        f"Scalars are not {'close' if rtol or atol else 'equal'}!\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {absolute}{allowed[0]}\nRelative difference: {relative}{allowed[1]}"
    )
