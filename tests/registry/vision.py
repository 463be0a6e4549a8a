"""Examples for the Functions of tinytorch.vision, which PyTorch has as several operations: see registry/__init__.py."""

import numpy as np

from registry.tools import E, both, made

ROWS = np.array([[[0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75]], [[0, 0, 0, 0], [0, 1.5, 0, 0]]])
COLUMNS = np.array([[[1, 0, 0, 0, 0], [0, 0.5, 0.5, 0, 0]], [[0, 0, 0, 0.5, 0.5], [0, 0, 2, 0, 0]]])
OWNERS = [1, 0]
ROW_SLICES = [[slice(0, 2), slice(1, 4)], [slice(2, 3), slice(0, 4)]]
COLUMN_SLICES = [[slice(0, 5), slice(3, 4)], [slice(1, 3), slice(2, 5)]]


def weighted(t, x):
    rows, columns = (t.tensor(array, dtype=x.dtype) for array in (ROWS, COLUMNS))
    return t.einsum("khy,kcyx,kwx->kchw", rows, x[OWNERS], columns)


def largest(t, x):
    cells = [
        x[owner, :, y, z].amax((1, 2))
        for owner, down, across in zip(OWNERS, ROW_SLICES, COLUMN_SLICES, strict=True)
        for y in down
        for z in across
    ]
    return t.stack(cells).reshape(2, 2, 2, -1).permute(0, 3, 1, 2)


FUNCTIONS = {
    "WeightedRegions": [
        E(both(made("WeightedRegions", owners=OWNERS, rows=ROWS, columns=COLUMNS), weighted), "2c45", twice=False)
    ],
    "LargestOfRegions": [
        E(
            both(made("LargestOfRegions", owners=OWNERS, rows=ROW_SLICES, columns=COLUMN_SLICES), largest),
            "2c45",
            twice=False,
        )
    ],
}
