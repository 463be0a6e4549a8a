"""Products of vectors and matrices, and einsum, against PyTorch."""

import numpy as np
import pytest
import torch
from against_torch import alike
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as tt


def numbers(shape, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 1.5, shape)


PRODUCTS = {
    "dot": ["n", "n"],
    "vdot": ["n", "n"],
    "mv": ["nk", "k"],
    "mm": ["nk", "km"],
    "bmm": ["bnk", "bkm"],
    "outer": ["n", "m"],
    "ger": ["n", "m"],
    "inner": ["nk", "mk"],
    "addmm": ["nm", "nk", "km"],
    "addmv": ["n", "nk", "k"],
    "baddbmm": ["bnm", "bnk", "bkm"],
    "matmul": ["nk", "km"],
    "trace": ["nm"],
}


@pytest.mark.parametrize("name", PRODUCTS)
@given(st.fixed_dictionaries({c: st.integers(0, 3) for c in "nkmb"}))
def test_products(name, size):
    arrays = [numbers([size[c] for c in part], i) for i, part in enumerate(PRODUCTS[name])]
    alike(lambda t, *xs: getattr(t, name)(*xs), *arrays, layouts=("plain", "transposed"))


@pytest.mark.parametrize(("beta", "alpha"), [(1, 1), (0.5, 2), (0, 3), (2, 0)])
def test_weights(beta, alpha):
    for input_shape in [(2, 4), (4,), (1,), (2, 1)]:
        alike(
            lambda t, c, a, b: t.addmm(c, a, b, beta=beta, alpha=alpha),
            numbers(input_shape),
            numbers((2, 3)),
            numbers((3, 4)),
            twice=bool(beta),
        )
    nans = [t.addmm(t.full((2, 2), float("nan")), t.ones(2, 2), t.ones(2, 2), beta=0).tolist() for t in (tt, torch)]
    assert nans[0] == nans[1]


EINSUMS = [
    ("ij,jk->ik", "ij jk"),
    ("ij,jk", "ij jk"),
    ("bij,bjk->bik", "bij bjk"),
    ("ij->ji", "ij"),
    ("ji", "ij"),
    ("ij->", "ij"),
    ("ij->i", "ij"),
    ("ii->i", "ii"),
    ("ii", "ii"),
    ("iij->j", "iij"),
    ("iii->i", "iii"),
    ("i,j->ij", "i j"),
    ("i,i->", "i i"),
    ("ij,ij->ij", "ij ij"),
    ("ij,ij->", "ij ij"),
    ("...ij,...jk->...ik", "abij bjk"),
    ("...i->...", "abi"),
    ("...,...->...", "ab b"),
    ("i...->...i", "iab"),
    ("...ij,jk", "bij jk"),
    ("bhqd,bhkd->bhqk", "bhqd bhkd"),
    ("bhqk,bhkd->bhqd", "bhqk bhkd"),
    ("ij,jk,kl->il", "ij jk kl"),
    ("i,j,k->kji", "i j k"),
    ("ijk,il,jm,kn->lmn", "ijk il jm kn"),
    ("ij,j", "ij j"),
    ("bn,anm,bm->ba", "bn anm bm"),
    ("ij,kj->ik", "ij kj"),
    ("i,->i", "i "),
    (" i j , j k -> i k ", "ij jk"),
    ("Ab,bA->A", "Ab bA"),
    ("ba,B", "ba B"),
    ("ij,ik->", "ij ik"),
    ("abc,cd,ab->d", "abc cd ab"),
    ("ii,jj->ij", "ii jj"),
    ("ij,ij,ij->j", "ij ij ij"),
]


@pytest.mark.parametrize(("equation", "shapes"), EINSUMS, ids=[e for e, _ in EINSUMS])
def test_einsum(equation, shapes):
    for size in ({"default": 2}, {"i": 2, "j": 3, "k": 1, "default": 2}, {"j": 0, "b": 0, "default": 2}):
        arrays = [numbers([size.get(c, size["default"]) for c in part], i) for i, part in enumerate(shapes.split(" "))]
        alike(lambda t, *xs: t.einsum(equation, *xs), *arrays, layouts=("plain", "transposed"))


def test_einsum_broadcasts_ones():
    alike(lambda t, a, b: t.einsum("ij,ij->i", a, b), numbers((2, 3)), numbers((2, 1)))
    alike(lambda t, a, b: t.einsum("...i,...i->...", a, b), numbers((4, 1, 3)), numbers((5, 3)))
    alike(lambda t, a, b: t.einsum("ij,jk->ik", [a, b]), numbers((2, 3)), numbers((3, 2)))
    alike(lambda t, a: t.einsum("ij,jk->ik", a, a), numbers((3, 3)))


@given(st.data())
def test_einsum_drawn(data):
    letters = "abcd"
    size = {c: data.draw(st.integers(0, 3)) for c in letters}
    parts = data.draw(st.lists(st.text(letters, min_size=0, max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(parts)))
    out = "".join(data.draw(st.permutations(used))[: data.draw(st.integers(0, len(used)))])
    arrays = [numbers([size[c] for c in part], i) for i, part in enumerate(parts)]
    alike(lambda t, *xs: t.einsum(",".join(parts) + "->" + out, *xs), *arrays, layouts=("plain",))


def test_einsum_of_lists():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 3))
    alike(lambda t, a, b: t.einsum(a, [0, 1], b, [1, 2], [0, 2]), a, b)
    alike(lambda t, a, b: t.einsum(a, [0, 30], b, [30, 2]), a, b)
    alike(lambda t, a, b: t.einsum(a, [..., 4], b, [4, 51], [..., 51]), a, b)
    alike(lambda t, a, b: t.einsum(a, [3, 3]), a, b)


@pytest.mark.parametrize("dims", [0, 1, 2, ([0, 2], [1, 0]), ([1], [1])])
def test_tensordot(dims):
    shape = (
        {0: ((2, 3), (4,)), 1: ((2, 3), (3, 4)), 2: ((2, 3, 4), (3, 4, 2))}.get(dims)
        if isinstance(dims, int)
        else ((4, 3, 2), (2, 4, 5))
    )
    if dims == ([1], [1]):
        shape = (2, 3), (4, 3)
    alike(lambda t, a, b: t.tensordot(a, b, dims=dims), numbers(shape[0]), numbers(shape[1]))


def test_integers():
    for call in (
        lambda t, a: t.einsum("ij,jk->ik", a, a),
        lambda t, a: t.mm(a, a),
        lambda t, a: t.outer(a[0], a[1]),
        lambda t, a: t.trace(a),
    ):
        ours, theirs = [call(t, t.tensor([[1, 2], [3, 4]])) for t in (tt, torch)]
        assert ours.tolist() == theirs.tolist() and ours.dtype.name == str(theirs.dtype)[6:]


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.mm(t.ones(2, 3), t.ones(2, 3)),
        lambda t: t.mm(t.ones(2), t.ones(2, 3)),
        lambda t: t.bmm(t.ones(2, 2, 2), t.ones(3, 2, 2)),
        lambda t: t.bmm(t.ones(2, 2), t.ones(2, 2)),
        lambda t: t.dot(t.ones(2), t.ones(3)),
        lambda t: t.dot(t.ones(2, 2), t.ones(2)),
        lambda t: t.mv(t.ones(2, 3), t.ones(2)),
        lambda t: t.outer(t.ones(2, 2), t.ones(2)),
        lambda t: t.mm(t.ones(2, 2), t.ones(2, 2).double()),
        lambda t: t.trace(t.ones(2)),
        lambda t: t.addmm(t.ones(3, 3), t.ones(2, 2), t.ones(2, 2)),
        lambda t: t.tensordot(t.ones(2, 3), t.ones(2, 3), 1),
        lambda t: t.inner(t.ones(2), t.ones(3)),
        lambda t: t.einsum("ij,jk->ik", t.ones(2, 3)),
        lambda t: t.einsum("ij->i", t.ones(2)),
        lambda t: t.einsum("i->i", t.ones(2, 2)),
        lambda t: t.einsum("ij,jk->ik", t.ones(2, 3), t.ones(2, 3)),
        lambda t: t.einsum("i->ii", t.ones(2)),
        lambda t: t.einsum("i->j", t.ones(2)),
        lambda t: t.einsum("i1->i", t.ones(2, 2)),
        lambda t: t.einsum("ii->i", t.ones(2, 3)),
        lambda t: t.einsum("i,i", t.ones(2), t.ones(2).double()),
    ],
)
def test_errors(call):
    for t in (tt, torch):
        with pytest.raises(RuntimeError):
            call(t)


def test_messages_teach():
    with pytest.raises(RuntimeError, match=r"names 2 operands, but 1 were given"):
        tt.einsum("ij,jk->ik", tt.ones(2, 2))
    with pytest.raises(RuntimeError, match=r"subscript j has size 2 .* 3 before"):
        tt.einsum("ij,jk->ik", tt.ones(2, 3), tt.ones(2, 3))
    with pytest.raises(RuntimeError, match=r"mat2 must have 2 dimensions, but its shape is torch.Size\(\[3\]\)"):
        tt.mm(tt.ones(2, 3), tt.ones(3))


def test_a_matrix_of_which_only_one_lapack_says_that_it_is_singular(monkeypatch):
    """numpy's and scipy's are built apart, and round apart."""
    monkeypatch.setattr("scipy.linalg.lapack.get_lapack_funcs", lambda *args: (lambda a, **options: (a, 0),))
    for a in (tt.zeros(2, 2), tt.stack([tt.eye(2), tt.zeros(2, 2)])):
        for call, failed in ((tt.linalg.cholesky, tt.linalg.cholesky_ex), (tt.linalg.inv, tt.linalg.inv_ex)):
            assert failed(a).info.reshape(-1).tolist() == [0, 2][-a[..., 0, 0].numel() :]
            with pytest.raises(tt.linalg.LinAlgError):
                call(a)
