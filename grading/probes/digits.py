"""scikit-learn's handwritten digits, as a task of which nobody can have prepared the weights."""


def digits(rng):
    """What is trained on, and 400 held out: x (n, 64) and y (n,), pixels, classes and samples in an order of rng's."""
    from sklearn.datasets import load_digits  # outside only: the sandbox has no scikit-learn

    raw = load_digits()
    order, pixels, classes = rng.permutation(len(raw.data)), rng.permutation(64), rng.permutation(10)
    x, y = (raw.data / 16).astype("float32")[order][:, pixels], classes[raw.target[order]]
    return {"x": x[400:], "y": y[400:]}, {"x": x[:400], "y": y[:400]}
