"""Which pictures stand apart from the rest of their side. NumPy only.

The rule is Iglewicz and Hoaglin's (How to Detect and Handle Outliers, 1993, chapter 3): a number is
an outlier where it lies more than some robust standard deviations, 1.4826 times the median absolute
deviation, from the median; they take 3.5, and we take 4, since our sets are small. The numbers are
the angles between each picture and the mean direction of the others, so that a picture does not
pull towards itself what it is compared with. Only those that are too far count; nobody drops a
picture that is typical. And they must be a quarter farther than the median: in many dimensions
scattered pictures all have nearly the same distance, and a hair more is no news.

Of the sample sets' 196 pictures the rule names two (with 3.5, four), and it finds a third of the
strangers that are put into a set. So it is a hint that is hardly ever wrong; the order by influence
shows more.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.influence import angles
from registry.statistics import units

MOST_DEVIATIONS: Final = 4.0
TO_STANDARD: Final = 1.4826  # of the median absolute deviation of a normal distribution
LEAST_RATIO: Final = 1.25  # of an outlier's angle to the median
LEAST: Final = 1e-3  # degrees; among equal pictures even rounding would be far
FEWEST: Final = 5  # pictures on a side; the median of fewer deviations says nothing


def angles_to_others(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return for each row of features [n, width] its angle to the others' mean direction, degrees.

    With n of 2 or more; raises ValueError as `statistics` does.
    """
    directions = units(features)  # [n, width]
    return angles(directions, directions.sum(axis=0) - directions)


def are_outliers(distances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which of the distances [n] of one side, in degrees, are too far: none below FEWEST."""
    if len(distances) < FEWEST:
        return np.zeros(len(distances), dtype=np.bool_)
    middle = np.median(distances)
    deviation = TO_STANDARD * np.median(np.abs(distances - middle))
    far = max(MOST_DEVIATIONS * deviation, (LEAST_RATIO - 1) * middle, LEAST)
    result: NDArray[np.bool_] = distances - middle > far
    return result
