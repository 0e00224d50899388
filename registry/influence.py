"""How much each picture of a set moves its vector: left out of one set, or between two. NumPy only.

The vector is mean(towards) - mean(away), where `towards` marks the rows of features [n, width] that
are on the side of the look; a set without an away side is its mean. Everything is closed form: no
mean is taken twice. Angles are degrees.
"""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]
Marks = NDArray[np.bool_]


def leave_one_out(features: Features, towards: Marks) -> NDArray[np.float64]:
    """Return for each row the angle by which the vector turns when that picture is left out, [n].

    A mean of n rows without row x is mean + (mean - x) / (n - 1). This is the empirical influence
    of Cook and Weisberg, Residuals and Influence in Regression (1982), section 3.4. Raises
    ValueError for a side of one picture, which has no mean without it.
    """
    rows = features.astype(np.float64)  # [n, width]
    changes = np.empty_like(rows)  # [n, width]
    vector = np.zeros(rows.shape[1])  # [width]
    for side, sign in sides(towards):
        count = int(side.sum())
        if count == 1:
            raise ValueError("A side of one picture has no mean without it.")
        centre = rows[side].mean(axis=0)  # [width]
        changes[side] = sign * (centre - rows[side]) / (count - 1)
        vector += sign * centre
    return angles(vector, vector + changes)


def moves(features: Features, towards: Marks, before: Marks, after: Marks) -> NDArray[np.float64]:
    """Return what each picture adds to the vector on the way from one set to another, [n, width].

    The rows are the pictures of both sets, `before` and `after` mark where each is. The moves add
    up to the difference of the two vectors; those of pictures in both are 0. From a mean m of n
    rows to one of k: k (m' - m) = sum of the new (x - m) - sum of the gone (x - m).
    """
    rows = features.astype(np.float64)  # [n, width]
    result = np.zeros_like(rows)  # [n, width]
    for side, sign in sides(towards):
        old, new = side & before, side & after
        # A side that comes or goes as a whole has the mean 0 where it is not.
        centre = rows[old].mean(axis=0) if old.any() and new.any() else 0.0  # [width]
        count = int(new.sum()) or int(old.sum())
        result[new & ~old] = sign * (rows[new & ~old] - centre) / count
        result[old & ~new] = -sign * (rows[old & ~new] - centre) / count
    return result


def turn_shares(
    steps: NDArray[np.float64], before: Features, after: Features
) -> NDArray[np.float64]:
    """Return which part of the turn from one vector to the other is each step's, [n]; sum 1.

    Of steps [n, width] that add up to after - before, both [width]. A part is negative where a
    picture held the vector back. All are 0 where the vectors point the same way.
    """
    one, other = before.astype(np.float64), after.astype(np.float64)  # [width]
    across = other / np.linalg.norm(other) - one / np.linalg.norm(one)  # [width]
    whole = float((other - one) @ across)
    if whole <= 0.0:
        return np.zeros(len(steps))
    shares: NDArray[np.float64] = steps @ across / whole  # [n]
    return shares


def sides(towards: Marks) -> list[tuple[Marks, float]]:
    """Return the sides that have pictures, each as marks [n] with its sign in the vector."""
    return [(side, sign) for side, sign in ((towards, 1.0), (~towards, -1.0)) if side.any()]


def angles(one: Features, other: Features) -> NDArray[np.float64]:
    """Return the angles between the rows of two [n, width], in degrees; one [width] does for all.

    By the half-angle, which is exact where the cosine is not: for small angles (Kahan, How
    futile are mindless assessments of roundoff, 2006, section 12). What is 0 points nowhere and
    stands at 90 degrees to all.
    """
    first, second = _unit_or_zero(one), _unit_or_zero(other)
    apart = np.linalg.norm(second - first, axis=-1)  # [n]
    along = np.linalg.norm(second + first, axis=-1)  # [n]
    result: NDArray[np.float64] = np.degrees(2 * np.arctan2(apart, along))
    return result


def _unit_or_zero(rows: Features) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows.astype(np.float64), axis=-1, keepdims=True)
    result: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return result
