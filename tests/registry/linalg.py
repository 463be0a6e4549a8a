"""Examples for linear algebra, companions of lesson 02: see registry/__init__.py."""

from registry.tools import E


def regular(t, a):
    """Matrices far from singular."""
    return a + 4 * t.eye(*a.shape[-2:], dtype=a.dtype)


def covariance(t, a):
    return a @ a.mT + t.eye(a.shape[-1], dtype=a.dtype)


def eigen(t, a):
    """Eigenvalues, and eigenvectors but for their signs."""
    values, vectors = t.linalg.eigh(a + a.mT)
    return t.cat([values.unsqueeze(-2), vectors.abs()], -2)


def singular(t, a, **options):
    """Singular values, and vectors but for their signs."""
    u, s, vh = t.linalg.svd(a, **options)
    k = s.shape[-1]
    return t.cat([u[..., :k].abs(), s.unsqueeze(-2), vh[..., :k, :].mT.abs()], -2)


FUNCTIONS = {
    "Inverse": [E(lambda t, a: t.linalg.inv(regular(t, a)), "BNN")],
    "Solve": [
        E(lambda t, a, b: t.linalg.solve(regular(t, a), b), "BNN,BNK"),
        E(lambda t, a, b: t.linalg.solve(regular(t, a), b, left=False), "NN,BKN"),
        E(lambda t, a, b: t.linalg.solve(regular(t, a), b), "nn,n"),
    ],
    "TriangularSolve": [
        E(lambda t, a, b: t.linalg.solve_triangular(regular(t, a), b, upper=True), "BNN,NK"),
        E(lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False, unitriangular=True), "NN,BNK"),
        E(lambda t, a, b: t.linalg.solve_triangular(regular(t, a), b, upper=False, left=False), "NN,KN"),
    ],
    "Cholesky": [
        E(lambda t, a: t.linalg.cholesky(covariance(t, a)), "BNN"),
        E(lambda t, a: t.linalg.cholesky(covariance(t, a), upper=True), "nn"),
    ],
    "CholeskySolve": [
        E(lambda t, a, b: t.cholesky_solve(b, regular(t, a).tril()), "BNN,BNK"),
        E(lambda t, a: t.cholesky_inverse(regular(t, a).triu(), upper=True), "nn"),
    ],
    "LU": [E(lambda t, a: t.linalg.lu_factor(regular(t, a))[0], "BNN")]
    + [E(lambda t, a: t.linalg.lu_factor(a)[0], spec) for spec in ("24", "42")],
    "QRFunction": [E(lambda t, a: t.cat(t.linalg.qr(a), -2), spec) for spec in ("33", "b42")]
    + [E(lambda t, a: t.cat(t.linalg.qr(a), -1), "24")],
    "Eigh": [E(eigen, spec) for spec in ("33", "b22")],
    "SVDFunction": [E(lambda t, a: singular(t, a, full_matrices=False), spec) for spec in ("32", "23")]
    + [E(singular, "22"), E(lambda t, a: t.linalg.svdvals(a), "b34")],
    "PseudoInverse": [E(lambda t, a: t.linalg.pinv(regular(t, a)), spec) for spec in ("32", "b23")],
    "Det": [E(lambda t, a: t.linalg.det(a), "Bnn")],
    "SlogDet": [E(lambda t, a: t.linalg.slogdet(regular(t, a))[1], "BNN")],
    "MatrixExp": [E(lambda t, a: t.linalg.matrix_exp(a), "BNN")],
}
