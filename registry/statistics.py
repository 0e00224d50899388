"""Features of images in, one vector or one measure of the set out. NumPy only.

Features are the encoder's output as it comes, not normalised: the paper (arXiv:2209.12330) and both
public implementations average them so. Rows stand in the order of their image digests, which the
caller sees to, so that the same features always give the same bytes.

All raise ValueError for features that are not [n, width] with n of 1 or more, or not all finite.
"""

import numpy as np
from numpy.typing import NDArray

AXES = 2  # features are [n, width]


def mean(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the rows of features [n, width]; return [width], rounded once."""
    return _mean(features).astype(np.float32)  # [width]


def contrast(towards: NDArray[np.float32], away: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean(towards [n, width]) - mean(away [m, width]) as [width], rounded once."""
    return (_mean(towards) - _mean(away)).astype(np.float32)  # [width]


def resultant_length(features: NDArray[np.float32]) -> float:
    """Measure how tight the set is: 1 where all rows of [n, width] point the same way, 0 for none.

    The length of the mean of the unit vectors (Mardia and Jupp, Directional Statistics, chapter 9).
    A row of zeros points nowhere, and is a ValueError too.
    """
    length = float(np.linalg.norm(_mean(units(features))))
    return min(length, 1.0)  # rounding may end a hair above


def units(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the rows of features [n, width] at length 1: their directions.

    A row of zeros points nowhere, and is a ValueError too.
    """
    rows = _checked(features).astype(np.float64)  # [n, width]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)  # [n, 1]
    if not lengths.all():
        place = int(np.argmin(lengths))
        raise ValueError(f"The feature in row {place} is zero and points nowhere.")
    directions: NDArray[np.float64] = rows / lengths  # [n, width]
    return directions


def _mean(features: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = _checked(features)  # [n, width]
    total = np.zeros(rows.shape[1], dtype=np.float64)  # [width]
    # Row after row: numpy.sum groups the additions by memory layout, which changes the last bits.
    for row in rows:
        total += row
    return total / len(rows)  # [width]


def _checked(features: NDArray[np.floating]) -> NDArray[np.floating]:
    if features.ndim != AXES or len(features) == 0:
        raise ValueError(f"Features must be [n, width] with n of 1 or more, not {features.shape}.")
    if not np.isfinite(features).all():
        place = int(np.argmin(np.isfinite(features).all(axis=1)))
        raise ValueError(f"The feature in row {place} holds a number that is not finite.")
    return features
