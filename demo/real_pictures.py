"""What the space knows of real pictures: a studio in, how well it orders them by words out.

The pictures are those of the sample sets that no training saw (other pictures of the same sets were
mixed into CLIP's). A pair of opposite words gives a direction; along it the pictures should lie in
the order of what is measured in their pixels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from demo import photographs
from demo.studio import Studio


def orderings(studio: Studio) -> dict[str, float]:
    """Return Spearman's rank correlation, -1 to 1, for each of `photographs.CONTRASTS`."""
    cuts, _ = photographs.load(part="test")  # [n, 128, 128, 3]
    features = studio.features(cuts)  # [n, width]
    directions = features / np.linalg.norm(features, axis=1, keepdims=True)
    measured = [photographs.attributes(cut) for cut in cuts]
    found = {}
    for contrast in photographs.CONTRASTS:
        towards, away = studio.encoder.encode_words([contrast.towards, contrast.away])  # [width]
        axis = towards / np.linalg.norm(towards) - away / np.linalg.norm(away)
        found[contrast.name] = spearman(
            directions @ axis, [contrast.measure(each) for each in measured]
        )
    return found


def spearman(first: Sequence[float] | NDArray[np.floating], second: Sequence[float]) -> float:
    """Return the rank correlation of two lists of the same length; equal values share a rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    _, place, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place])
