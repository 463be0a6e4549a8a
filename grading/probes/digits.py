"""scikit-learn's handwritten digits, as tasks of which nobody can have prepared the weights: mixed anew for each seed.

scikit-learn is imported where the data are made, outside: the sandbox has none.
"""

import numpy as np


def digits(rng):
    """What is trained on, and 400 held out: x (n, 64) and y (n,), pixels, classes and samples in an order of rng's."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    order, pixels, classes = rng.permutation(len(raw.data)), rng.permutation(64), rng.permutation(10)
    x, y = (raw.data / 16).astype("float32")[order][:, pixels], classes[raw.target[order]]
    return {"x": x[400:], "y": y[400:]}, {"x": x[:400], "y": y[:400]}


def images(rng):
    """The same for what needs neighbours, x (n, 1, 8, 8): turned, mirrored and rolled, with their classes permuted."""
    from sklearn.datasets import load_digits

    raw, classes, order = load_digits(), rng.permutation(10), rng.permutation(1797)
    turned = np.rot90(raw.images / 8 - 1, int(rng.integers(4)), axes=(1, 2))
    rolled = np.roll(turned[:, :, :: int(rng.choice([-1, 1]))], rng.integers(0, 8, 2), axis=(1, 2))
    x, y = rolled[order, None].astype("float32"), classes[raw.target[order]].astype("int64")
    return {"x": x[:1300], "y": y[:1300]}, {"x": x[1300:], "y": y[1300:]}


def share_right(network):
    """`measure` for a classifier: the share of right answers of `network(tt, lesson)` with the trained weights."""

    def measure(tt, lesson, weights, held_out):
        model = network(tt, lesson).eval()
        model.load_state_dict({name: tt.tensor(array) for name, array in weights.items()})
        with tt.no_grad():
            guesses = model(tt.tensor(held_out["x"])).numpy().argmax(1)
        return np.mean(guesses == held_out["y"])

    return measure


def classifier(network, epochs, size=50, lr=0.02):
    """data, train and measure of a network for the images, trained with Adam."""

    def train(tt, lesson, rng, given):
        tt.manual_seed(int(rng.integers(2**31)))
        model = network(tt, lesson)
        optimizer = tt.optim.Adam(model.parameters(), lr=lr)
        for _ in range(epochs):
            for batch in rng.permutation(len(given["y"])).reshape(-1, size):
                guesses = model(tt.tensor(given["x"][batch]))
                loss = tt.nn.functional.cross_entropy(guesses, tt.tensor(given["y"][batch]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return dict(model.state_dict())

    return {"data": images, "train": train, "measure": share_right(network)}
