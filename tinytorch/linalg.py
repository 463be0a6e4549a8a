"""`torch.linalg`: linear algebra, handed on from the companions that build it."""

from ._namespace import namespace

MODULES = ("ops.norms", "ops.matrix_functions", "ops.decompositions", "ops.lu", "ops.solving", "tensor")
NAMES = frozenset("""
    LinAlgError cholesky cholesky_ex cond cross det diagonal eig eigvals eigh eigvalsh householder_product inv inv_ex ldl_factor
    ldl_factor_ex ldl_solve lstsq lu lu_factor lu_factor_ex lu_solve matmul matrix_exp matrix_norm matrix_power
    matrix_rank multi_dot norm pinv qr slogdet solve solve_ex solve_triangular svd svdvals tensorinv tensorsolve vander
    vecdot vector_norm
""".split())


def _of_linalg(found):
    """Where a name of `torch.linalg` means something else in `torch`, the companions call its function linalg_NAME."""
    found |= {name.removeprefix("linalg_"): value for name, value in found.items() if name.startswith("linalg_")}
    return {name: value for name, value in found.items() if name in NAMES}


__getattr__, __dir__ = namespace(__name__, MODULES, finish=_of_linalg)
