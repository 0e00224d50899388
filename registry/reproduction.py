"""What is kept and what was measured again in, how far they differ and where first out. NumPy only.

A version is measured again stage by stage: the stored bytes, the pixels that they decode to, the
set of both, the features, the vector. A stage after one that deviates is told all the same, since
it says how much the deviation matters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STAGES: Final = ("image", "pixels", "set", "features", "vector")

# SPEC section 2: the last bits differ between processors, and cos >= 1 - 1e-5 is the same.
TOLERANCE: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Stage:
    """How one stage came out: of how many things, how many agree, how many bit for bit.

    `largest_deviation` is that of what could be compared, and None where a stage compares digests
    or nothing could be.
    """

    name: str
    of: int
    agree: int
    equal: int
    largest_deviation: float | None = None


def deviation(kept: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return how far two vectors [width] differ: 1 - cos, where their lengths are equal.

    |kept - found|² / (2 |kept| |found|) is (r + 1/r) / 2 - cos for lengths in the ratio r, so a
    vector that points the same way and is longer deviates as well, which 1 - cos would not see. It
    is 0 for equal vectors, without rounding.
    """
    difference = kept.astype(np.float64) - found.astype(np.float64)  # [width]
    lengths = np.linalg.norm(kept.astype(np.float64)) * np.linalg.norm(found.astype(np.float64))
    if lengths == 0:
        return float(difference.any())
    return float(difference @ difference / (2 * lengths))


def of_digests(name: str, pairs: Iterable[tuple[str, str]]) -> Stage:
    """Return the stage of (kept, found) digests; an empty text is nothing and agrees with none."""
    agreements = [kept == found != "" for kept, found in pairs]
    return Stage(name, len(agreements), sum(agreements), sum(agreements))


def of_vectors(name: str, compared: Sequence[tuple[bool, float | None]]) -> Stage:
    """Return the stage of vectors, each as (equal bit for bit, its deviation or None)."""
    deviations = [found for _, found in compared if found is not None]
    return Stage(
        name,
        of=len(compared),
        agree=sum(found <= TOLERANCE for found in deviations),
        equal=sum(is_equal for is_equal, _ in compared),
        largest_deviation=max(deviations, default=None),
    )


def first_deviating(stages: Iterable[Stage]) -> str:
    """Return the name of the first stage in which not all agree, or an empty text."""
    return next((stage.name for stage in stages if stage.agree < stage.of), "")


def is_exact(stages: Iterable[Stage]) -> bool:
    """Tell whether everything is equal bit for bit."""
    return all(stage.equal == stage.of for stage in stages)
