"""numpy as it might be on another processor, for tinytorch and the notebooks: a stricter test than any one machine.

The same function of numpy's gives other last bits where its loops for AVX-512 run, and a sum or a product of matrices is
added up in another order by another BLAS or wider registers. Here each result of exp, log, sin, tanh, `**` and their like
becomes one of its neighbours or stays what it is, as a hash of its bits says (so the same number has the same result
everywhere, as on a real processor), and sums and products are added up in an order that only their shapes decide. What
is exact everywhere stays: 0, 1 (but as a logarithm), infinity and nan; squares and square roots. What then fails holds by luck.

`pytest -p other_processor`, with this folder on PYTHONPATH, or imported before tinytorch. OTHER_PROCESSOR in the
environment chooses one of three: each number is another neighbour in each. `python tests/processors` runs them.
"""

import ast
import builtins
import functools
import importlib.machinery
import os
import sys

import numpy as np
from numpy._core import _methods

SEED = int(os.environ.get("OTHER_PROCESSOR", "0"))
INEXACT = """
exp exp2 expm1 log log2 log10 log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh
arctan2
""".split()
EXACT_POWERS = (-1, 0, 0.5, 1, 2)
BITS = {np.dtype(np.float32): (np.uint32, 0x9E3779B1), np.dtype(np.float64): (np.uint64, 0x9E3779B97F4A7C15)}


def neighbours(values, one=True):
    """Each of `values`, or the next larger or smaller in magnitude, as its bits decide; `one`: whether 1 is exact."""
    integer, factor = BITS[values.dtype]
    size = np.abs(values)
    hashed = (size.view(integer) * integer(factor)) >> integer(values.itemsize * 8 - 16)
    turn = (hashed + integer(SEED)) % integer(3)
    other = np.where(turn == 0, size, np.nextafter(size, np.where(turn == 1, 0, np.inf).astype(values.dtype)))
    stays = (size == 0) | (one & (size == 1)) | ~np.isfinite(size) | ~np.isfinite(other)
    return np.where(stays, values, np.copysign(other, values)).astype(values.dtype)


def is_float(*arrays):
    return all(isinstance(a, np.ndarray | np.generic) and a.dtype in BITS for a in arrays)


class Inexact:
    """A function of numpy's with other last bits. (A class, since like a ufunc it must not turn into a method.)"""

    def __init__(self, ufunc):
        self.ufunc = ufunc

    def __getattr__(self, name):
        return getattr(self.ufunc, name)

    def __call__(self, *inputs, **options):
        result = self.ufunc(*inputs, **options)
        if not is_float(result) or "where" in options:
            return result
        other = neighbours(np.asarray(result), one=not self.ufunc.__name__.startswith("log"))
        if isinstance(result, np.generic):
            return other[()]
        result[...] = other
        return result


def power(base, exponent):
    result = base**exponent
    exact = isinstance(exponent, (int, float)) and exponent in EXACT_POWERS
    return neighbours(np.asarray(result))[()] if is_float(result) and not exact else result


# ------------------------------------------------------------------------------------------- in another order


def order(*lengths):
    """The order in which the first of `lengths` is gone through; the others may change it, as tiles of a BLAS do."""
    return np.random.default_rng([SEED, *lengths]).permutation(lengths[0])


def shuffled(a, axis=None):
    """`a` in another order along the dimensions that are summed up."""
    for d in range(a.ndim) if axis is None else np.atleast_1d(axis):
        a = a.take(order(a.shape[d], a.size), d)
    return a


def reordered(reduce):
    """A reduction that adds up, or multiplies, in another order."""

    @functools.wraps(reduce)
    def in_another_order(a, axis=None, *more, **options):
        plain = is_float(a) and a.ndim and a.size and options.get("where", True) is True
        return reduce(shuffled(a, axis) if plain else a, axis, *more, **options)

    return in_another_order


def matmul(a, b, *out, **options):
    if not is_float(a, b) or not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(-2, -b.ndim)]:
        return np.matmul(a, b, *out, **options) if out or options else a @ b
    steps = order(a.shape[-1], *a.shape[-2:], *b.shape[-2:])
    return np.matmul(a.take(steps, -1), b.take(steps, max(-2, -b.ndim)), *out, **options)


def norm(x, ord=None, axis=None, **options):
    plain = is_float(x) and x.size and (axis is None or isinstance(axis, int)) and (ord is None or axis is not None)
    return np.linalg.norm(shuffled(x, axis) if plain else x, ord, axis, **options)


# ------------------------------------------------------------------------------------------- put in their places


class Rewrite(ast.NodeTransformer):
    """Code that calls what is here instead of numpy's functions and operators; not what numba compiles."""

    def visit_FunctionDef(self, node):
        compiled = any("jit" in text or "compiled" in text for text in map(ast.unparse, node.decorator_list))
        return node if compiled else self.generic_visit(node)

    def visit_Attribute(self, node):
        found = HERE.get(ast.unparse(node)) if isinstance(node.ctx, ast.Load) else None
        return ast.copy_location(here(found), node) if found else self.generic_visit(node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        name = {ast.MatMult: "matmul", ast.Pow: "power"}.get(type(node.op))
        return ast.copy_location(ast.Call(here(name), [node.left, node.right], []), node) if name else node


def here(name):
    return ast.Attribute(ast.Name("other_processor", ast.Load()), name, ast.Load())


HERE = {"np.linalg.norm": "norm", "np.matmul": "matmul", "np.sum": "sum", "np.prod": "prod"}
HERE |= {f"np.{name}": name for name in INEXACT}
for _name in INEXACT:
    globals()[_name] = Inexact(getattr(np, _name))
sum, prod = reordered(np.sum), reordered(np.prod)


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        """Compiled from the source each time: what is cached on disk stays the plain code."""
        path = self.get_filename(fullname)
        return compile(ast.fix_missing_locations(Rewrite().visit(ast.parse(self.get_data(path)))), path, "exec")


class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        spec = super().find_spec(fullname, path, target) if fullname.partition(".")[0] == "tinytorch" else None
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def install():
    """For what is imported from now on, for the methods of arrays, and in a notebook's kernel for its cells."""
    builtins.other_processor = sys.modules[__name__]
    sys.meta_path.insert(0, Finder)
    _methods.umr_sum, _methods.umr_prod = reordered(_methods.umr_sum), reordered(_methods.umr_prod)
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        shell.ast_transformers.append(Rewrite())


install()
