"""torch.linalg, and torch's older names: corners and errors; values and derivatives are in test_op_samples and test_registry."""

import math

import numpy as np
import pytest
import torch
from against_torch import alike, some

import tinytorch as tt

SINGULAR = [[[1.0, 2.0], [2.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]]
INDEFINITE = [[2.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 2.0, 1.0]]


def test_singular_matrices_are_named():
    for t in (tt, torch):
        for call in (t.linalg.inv, lambda a, t=t: t.linalg.solve(a, t.ones(2, 2, 1)), t.linalg.lu_factor):
            with pytest.raises(RuntimeError, match=r"singular|division by zero"):
                call(t.tensor(SINGULAR))
        assert issubclass(t.linalg.LinAlgError, RuntimeError)
        assert t.linalg.inv_ex(t.tensor(SINGULAR)).info.tolist() == [2, 0]
        assert t.linalg.solve_ex(t.tensor(SINGULAR), t.ones(2, 2)).info.tolist() == [2, 0]
        assert t.linalg.lu_factor_ex(t.tensor(SINGULAR)).info.tolist() == [2, 0]
        with pytest.raises(RuntimeError, match=r"not positive-definite.*order 3"):
            t.linalg.cholesky(t.tensor(INDEFINITE))
        assert t.linalg.cholesky_ex(t.tensor(INDEFINITE)).info.item() == 3
        with pytest.raises(RuntimeError):
            t.linalg.inv_ex(t.tensor(SINGULAR), check_errors=True)
        assert t.linalg.cond(t.tensor(SINGULAR), 1).tolist() == [math.inf, 2]
        assert t.linalg.matrix_rank(t.tensor(SINGULAR)).tolist() == [1, 2]
        assert t.linalg.slogdet(t.tensor(SINGULAR)).logabsdet.tolist() == [-math.inf, pytest.approx(math.log(2))]
    inverse = tt.linalg.inv_ex(tt.tensor(SINGULAR)).inverse
    assert np.isnan(inverse[0].tolist()).all() and inverse[1].tolist() == [[1, 0], [0, 0.5]]


def test_the_determinant_of_a_singular_matrix_has_a_gradient():
    """Of rank n - 1 its cofactors, of less none."""
    for rank in (1, 2):
        a = (some(3, rank) @ some(rank, 3, seed=1)).round(2)
        a = a - a if rank == 0 else a
        alike(lambda t, a: t.linalg.det(a), a, twice=False, layouts=("plain",), kinds=("float64",))


def test_equal_eigenvalues_have_a_gradient():
    """Not their vectors, but the values: PyTorch's svdvals and eigvalsh do as well."""
    for call in (lambda t, a: t.linalg.eigvalsh(a).sum(), lambda t, a: t.linalg.svdvals(a).sum()):
        alike(call, np.eye(3), twice=False)


def test_a_norm_has_a_second_derivative_where_an_entry_is_zero():
    for p in (2, 3):
        results = []
        for t in (tt, torch):
            x = t.tensor([3.0, 0.0, -4.0], requires_grad=True)
            (first,) = t.autograd.grad(x.norm(p), x, create_graph=True)
            results.append(t.autograd.grad((first * t.tensor([1.0, 2.0, 3.0])).sum(), x)[0].tolist())
        np.testing.assert_allclose(*results, rtol=1e-5, err_msg=f"p = {p}")
    zero = tt.zeros(3, requires_grad=True)
    zero.norm().backward()
    assert zero.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t: t.linalg.inv(t.ones(2, 3)),
        lambda t: t.linalg.inv(t.ones(3)),
        lambda t: t.linalg.inv(t.ones(2, 2, dtype=t.int64)),
        lambda t: t.linalg.solve(t.eye(3), t.ones(2, 1)),
        lambda t: t.linalg.solve(t.eye(3), t.ones(3, dtype=t.float64)),
        lambda t: t.linalg.solve_triangular(t.eye(3), t.ones(2, 2), upper=True),
        lambda t: t.linalg.cholesky(t.ones(2, 3)),
        lambda t: t.linalg.eigh(t.eye(2), UPLO="X"),
        lambda t: t.linalg.qr(t.ones(2, 2), mode="full"),
        lambda t: t.linalg.matrix_power(t.ones(2, 3), 2),
        lambda t: t.linalg.matrix_power(t.eye(2), 0.5),
        lambda t: t.linalg.multi_dot([t.eye(2)]),
        lambda t: t.linalg.multi_dot([t.eye(2), t.ones(3, 2)]),
        lambda t: t.linalg.matrix_norm(t.eye(2), 3),
        lambda t: t.linalg.matrix_norm(t.eye(2), "max"),
        lambda t: t.linalg.vector_norm(t.tensor([1, 2])),
        lambda t: t.linalg.norm(t.ones(2, 2, 2), 2),
        lambda t: t.linalg.lstsq(t.ones(3, 2), t.ones(2, 1)),
        lambda t: t.linalg.lstsq(t.ones(3, 2), t.ones(3, 1), driver="magic"),
        lambda t: t.linalg.tensorinv(t.ones(2, 3), ind=0),
        lambda t: t.linalg.tensorinv(t.ones(2, 3), ind=1),
        lambda t: t.linalg.householder_product(t.ones(2, 3), t.ones(2)),
        lambda t: t.linalg.cross(t.ones(2), t.ones(2)),
        lambda t: t.linalg.vander(t.ones(3), N=1),
        lambda t: t.cholesky_solve(t.ones(2, 1), t.eye(3)),
        lambda t: t.cdist(t.ones(2, 3), t.ones(2, 4)),
        lambda t: t.cdist(t.ones(3), t.ones(2, 3)),
        lambda t: t.block_diag(t.ones(2, 2, 2)),
        lambda t: t.pca_lowrank(t.ones(3, 4), q=5),
        lambda t: t.lu_unpack(t.eye(2), t.tensor([1.0, 2.0])),
    ],
)
def test_errors_are_pytorchs(wrong):
    errors = []
    for t in (tt, torch):
        with pytest.raises(Exception) as error:
            wrong(t)
        errors.append(error.type)
    assert issubclass(errors[0], errors[1]), errors


def test_a_gradient_that_does_not_exist_is_refused():
    x = tt.ones(3, 2, requires_grad=True)
    for mode in ("r", "complete"):
        with pytest.raises(RuntimeError, match="has no derivative"):
            tt.linalg.qr(x, mode)
    assert tt.linalg.qr(x.detach(), "r").Q.numel() == 0


def test_low_rank():
    tt.manual_seed(0)
    a = some(4, 20, 3) @ some(4, 3, 15, seed=1)
    for t in (tt, torch):
        u, s, v = t.svd_lowrank(t.tensor(a), q=3)
        np.testing.assert_allclose((u * s.unsqueeze(-2) @ v.mT).numpy(), a, atol=1e-8)
        u, s, v = t.pca_lowrank(t.tensor(a[0]), q=3)
        centered = a[0] - a[0].mean(0)
        np.testing.assert_allclose((u * s @ v.T).numpy(), centered, atol=1e-8)


def test_named_results():
    a = np.eye(3) + 0.1 * some(3, 3)
    for t in (tt, torch):
        x = t.tensor(a)
        assert t.linalg.qr(x).Q.shape == (3, 3) and t.linalg.eigh(x).eigenvalues.shape == (3,)
        assert t.linalg.svd(x).Vh.shape == (3, 3) and t.svd(x).V.shape == (3, 3)
        assert t.linalg.slogdet(x).sign.item() == 1 and t.linalg.lu(x).P.tolist() == np.eye(3).tolist()
        assert t.linalg.lstsq(x, x).solution.shape == (3, 3) and t.geqrf(x).tau.shape == (3,)
        assert t.triangular_solve(x, x.triu()).solution.shape == (3, 3)


def test_losses_that_depend_on_the_phases_of_complex_singular_vectors_are_refused():
    a = np.array([[1 + 2j, 0.5], [0.3j, 2]])
    for t in (tt, torch):
        x = t.tensor(a, requires_grad=True)
        u = t.linalg.svd(x).U
        with pytest.raises(RuntimeError, match="phase"):
            u.real.sum().backward(retain_graph=True)
        (u.abs() ** 2 * t.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        assert x.grad.abs().sum() > 0


def test_running_products_of_complex_numbers_are_refused():
    with pytest.raises(NotImplementedError, match="complex"):
        tt.cumprod(tt.tensor([1j, 2.0]), 0)


def test_integers():
    for t in (tt, torch):
        assert t.linalg.cross(t.tensor([1, 0, 0]), t.tensor([0, 1, 0])).tolist() == [0, 0, 1]
        assert t.linalg.vander(t.tensor([1, 2, 3]), N=3).tolist() == [[1, 1, 1], [1, 2, 4], [1, 3, 9]]
        assert t.vander(t.tensor([1, 2])).tolist() == [[1, 1], [2, 1]]
        assert t.kron(t.tensor([[1, 2]]), t.tensor([[1], [3]])).tolist() == [[1, 2], [3, 6]]
        assert t.linalg.matrix_power(t.tensor([[1.0, 1.0], [0.0, 1.0]]), 5).tolist() == [[1, 5], [0, 1]]
