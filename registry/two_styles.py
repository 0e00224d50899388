"""Whether a set looks like two styles instead of one. NumPy only.

Two groups are found by spherical 2-means (Dhillon and Modha, Concept decompositions, 2001), begun
along the first principal axes, so that nothing is random. Any set falls into two halves; the
question is whether there is a gap between them. For that each picture is placed on the line between
the centres of the groups as they are without it: among so many dimensions a picture's own share in
its centre would open a gap in any noise. Ashman's D (Ashman, Bird and Zepf, AJ 108, 1994) of these
places, the distance of the means in standard deviations, must pass 3 + 6 / sqrt(n).

That bound is the 98th percentile of sets drawn from one normal cloud, by simulation, for 10 to 200
pictures and the worst of 1 to 8 dimensions; one cloud cut in half has 2.65. The highest of the
sample sets has 4.6, where 5.1 are needed. Besides, the groups must be compact (silhouette of
Rousseeuw, 1987, on cosines: 0.25, his least structure) and none may be a few strays, which
`outliers` names.

What is shown moves an encoder's features too. Of 192 sets of ten pictures that the demo's world
draws in one look each, six pass the bound.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.statistics import units

FEWEST: Final = 8  # pictures; of fewer nothing can be told
FEWEST_OF_GROUP: Final = 3
LEAST_SHARE: Final = 0.1  # of the pictures in the smaller group
LEAST_SILHOUETTE: Final = 0.25
AXES: Final = 3  # principal axes from which 2-means begins; the best end is taken
ROUNDS: Final = 100  # of 2-means; it ends long before

Directions = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Split:
    """The best two groups of a set, and how far apart they are."""

    second: Marks  # [n]; the smaller group
    separation: float  # Ashman's D
    silhouette: float
    needed: float  # the separation that two styles have at least

    @property
    def is_two_styles(self) -> bool:
        smaller = int(self.second.sum())
        least = max(FEWEST_OF_GROUP, LEAST_SHARE * len(self.second))
        is_apart = self.separation >= self.needed and self.silhouette >= LEAST_SILHOUETTE
        return is_apart and smaller >= least


def split(features: NDArray[np.floating]) -> Split | None:
    """Divide features [n, width] into the best two groups; None where there are too few to tell.

    Also None where all point the same way. Raises ValueError as `statistics` does.
    """
    directions = units(features)  # [n, width]
    count = len(directions)
    second = _two_means(directions) if count >= FEWEST else None
    if second is None:
        return None
    if 2 * second.sum() > count:
        second = ~second
    return Split(
        second=second,
        separation=_separation(directions, second),
        silhouette=_silhouette(directions, second),
        needed=3 + 6 / float(np.sqrt(count)),
    )


def _two_means(directions: Directions) -> Marks | None:
    """Return the second of the two groups whose pictures agree best with their group, [n]."""
    centred = directions - directions.mean(axis=0)  # [n, width]
    _, _, axes = np.linalg.svd(centred, full_matrices=False)  # [min(n, width), width]
    ends = [_settled(directions, centred @ axis > 0) for axis in axes[:AXES]]
    found = [end for end in ends if end.any() and not end.all()]
    return max(found, key=lambda second: _agreement(directions, second), default=None)


def _settled(directions: Directions, second: Marks) -> Marks:
    """Move each picture to the nearer centre until none moves."""
    for _ in range(ROUNDS):
        if second.all() or not second.any():
            return second
        one, other = units(_sums(directions, second))  # [width] each
        nearer = directions @ other > directions @ one  # [n]
        if (nearer == second).all():
            return second
        second = nearer
    return second


def _agreement(directions: Directions, second: Marks) -> float:
    return float(np.linalg.norm(_sums(directions, second), axis=1).sum())


def _sums(directions: Directions, second: Marks) -> Directions:
    """Return the sums of the first and of the second group, [2, width]."""
    return np.stack([directions[~second].sum(axis=0), directions[second].sum(axis=0)])


def _separation(directions: Directions, second: Marks) -> float:
    """Return Ashman's D of the places on the line between the centres; 0 for a group of one."""
    sums = _sums(directions, second)
    sizes = np.array([(~second).sum(), second.sum()])  # [2]
    if sizes.min() == 1:
        return 0.0
    group = second.astype(int)  # [n]
    own = (sums[group] - directions) / (sizes[group] - 1)[:, None]  # [n, width]; without itself
    other = sums[1 - group] / sizes[1 - group][:, None]  # [n, width]
    across = own - other  # [n, width]
    places = ((directions - (own + other) / 2) * across).sum(axis=1)  # [n]
    places = np.where(second, 1, -1) * places / (across**2).sum(axis=1)  # ±1/2 at the centres
    one, two = places[~second], places[second]
    within = ((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum()
    deviation = np.sqrt(within / (len(places) - 2))
    return float((two.mean() - one.mean()) / max(deviation, np.finfo(float).tiny))


def _silhouette(directions: Directions, second: Marks) -> float:
    """Return the mean silhouette by the distance 1 - cosine; a group of one counts as 0."""
    sums = _sums(directions, second)
    sizes = np.array([(~second).sum(), second.sum()])  # [2]
    likeness = directions @ sums.T  # [n, 2]
    group, rows = second.astype(int), np.arange(len(directions))
    own = 1 - (likeness[rows, group] - 1) / np.maximum(sizes[group] - 1, 1)  # [n]
    other = 1 - likeness[rows, 1 - group] / sizes[1 - group]  # [n]
    larger = np.maximum(np.maximum(own, other), np.finfo(float).tiny)
    scores = np.where(sizes[group] > 1, (other - own) / larger, 0.0)  # [n]
    return float(scores.mean())
