"""CTC: against all paths written out, and against PyTorch where nothing can be said, lengths differ or nothing fits."""

import itertools

import numpy as np
import pytest
import torch

import tinytorch

BOTH = (tinytorch, torch)
RNG = np.random.default_rng(0)


def read(path, blank: int) -> list:
    """What a path says: without repetitions, then without blanks."""
    return [k for k, before in zip(path, (None, *path)) if k != before and k != blank]


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("target", [[], [1], [1, 1], [1, 3], [3, 1, 3], [1, 1, 1]])
def test_all_paths(target, blank):
    scores = tinytorch.tensor(RNG.standard_normal((4, 4))).log_softmax(-1)
    chances = np.exp(scores.numpy())
    total = sum(
        np.prod([chances[t, k] for t, k in enumerate(path)])
        for path in itertools.product(range(4), repeat=4)
        if read(path, blank) == target
    )
    labels = tinytorch.tensor(target, dtype=tinytorch.int64)
    loss = tinytorch.nn.functional.ctc_loss(scores, labels, [4], [len(target)], blank, "sum")
    assert loss.item() == pytest.approx(-np.log(total) if total else np.inf, rel=1e-9)


def outcome(t, scores, labels, times, lengths, **options):
    """The loss, and its gradient behind a log_softmax."""
    x = t.tensor(scores, requires_grad=True)
    loss = t.nn.functional.ctc_loss(x.log_softmax(-1), t.tensor(labels), times, lengths, **options)
    (loss * t.arange(1, loss.numel() + 1).reshape(loss.shape)).sum().backward()
    return loss.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_as_pytorch(reduction, zero_infinity, kind):
    """The second target is too long for its input; the third is empty; the fourth repeats a label."""
    scores = RNG.standard_normal((7, 5, 6)).astype(kind)
    labels = np.array([[1, 2, 3, 4], [5, 5, 5, 5], [1, 1, 1, 1], [2, 2, 2, 3], [4, 1, 4, 1]])
    times, lengths = [7, 5, 6, 7, 4], [3, 4, 0, 4, 2]
    flat = np.concatenate([row[:n] for row, n in zip(labels, lengths)])
    options = {"reduction": reduction, "zero_infinity": zero_infinity}
    wanted = outcome(torch, scores, labels, times, lengths, **options)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if kind == np.float32 else {"rtol": 1e-9, "atol": 1e-12}
    for given in (
        (labels, times, lengths),
        (flat, tuple(times), tuple(lengths)),
    ):
        for ours, theirs in zip(outcome(tinytorch, scores, *given, **options), wanted, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, **tolerance)
    as_tensors = [tinytorch.tensor(n) for n in (times, lengths)]
    np.testing.assert_allclose(outcome(tinytorch, scores, labels, *as_tensors, **options)[0], wanted[0], **tolerance)


def test_no_time():
    """An empty input says an empty target for sure, and no other."""
    results = [outcome(t, np.zeros((3, 2, 4)), [[1], [2]], [0, 0], [0, 1], reduction="none") for t in BOTH]
    np.testing.assert_array_equal(results[0][0], results[1][0])


def test_labels_that_cannot_be_said():
    """A probability of 0 makes no nan (PyTorch's gradient is nan there)."""
    scores = np.array([[[0.0, -np.inf, 1.0]], [[0.5, 2.0, 0.0]], [[0.0, 1.0, -np.inf]]])
    found = outcome(tinytorch, scores, [[1, 2]], [3], [1])
    nearly = outcome(torch, np.maximum(scores, -60), [[1, 2]], [3], [1])
    for ours, theirs in zip(found, nearly, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-9, 1e-20)


def test_long_sequences():
    """Products of 2,000 probabilities, which no float holds."""
    scores = RNG.standard_normal((2000, 1, 20)).astype(np.float32)
    labels = RNG.integers(1, 20, (1, 200))
    results = [outcome(t, scores, labels, [2000], [200]) for t in BOTH]
    np.testing.assert_allclose(results[0][0], results[1][0], 1e-4)
    np.testing.assert_allclose(results[0][1], results[1][1], 0, 1e-4)


def test_gradients_of_one_sequence_without_a_batch():
    scores, labels = RNG.standard_normal((6, 5)), [1, 4, 4]
    results = [outcome(t, scores, labels, t.tensor(6), t.tensor(3), reduction="none") for t in BOTH]
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, 1e-9)


@pytest.mark.parametrize("t", BOTH, ids=["tinytorch", "torch"])
def test_what_is_refused(t):
    x, labels = t.zeros(5, 2, 4).log_softmax(-1), t.tensor([[1, 2], [3, 1]])
    loss = t.nn.functional.ctc_loss
    for wrong in (
        lambda: loss(x, labels, [5, 5], [2]),
        lambda: loss(x, labels, [5], [2, 2]),
        lambda: loss(x, labels, [6, 5], [2, 2]),
        lambda: loss(x, labels, [5, 5], [3, 2]),
        lambda: loss(x, labels.reshape(-1), [5, 5], [2, 1]),
        lambda: loss(x, labels, [5, 5], [2, 2], blank=4),
        lambda: loss(x.long(), labels, [5, 5], [2, 2]),
        lambda: loss(x, labels, t.tensor([5.0, 5.0]), t.tensor([2, 2])),
    ):
        with pytest.raises(RuntimeError):
            wrong()
    with pytest.raises(ValueError, match="not a valid value for reduction"):
        loss(x, labels, [5, 5], [2, 2], reduction="product")
    module = t.nn.CTCLoss(blank=3, reduction="sum", zero_infinity=True)
    assert (module.blank, module.reduction, module.zero_infinity) == (3, "sum", True)


def test_labels_out_of_range():
    """PyTorch reads beyond its memory."""
    x = tinytorch.zeros(5, 1, 4).log_softmax(-1)
    with pytest.raises(RuntimeError, match="label range"):
        tinytorch.nn.functional.ctc_loss(x, tinytorch.tensor([[1, 4]]), [5], [2])
    assert tinytorch.nn.functional.ctc_loss(x, tinytorch.tensor([[1, 4]]), [5], [1]).isfinite()  # it does not count
