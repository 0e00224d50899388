"""Whether a set has enough pictures: how much its vector would still turn with more. NumPy only.

With k more pictures of the same kind, the mean of n moves by k / (n + k) times the difference of
two independent means, of k and of n. Its expected square across the vector is S k / (n (n + k)),
with S the scatter of single pictures across it; over the vector's squared length this is the
squared tangent t of the turn, and the cosine 1 / sqrt(1 + t). For small turns that is the standard
error of a mean direction (Mardia and Jupp, Directional Statistics, 2000, section 10.3). The sides
of a contrast add up, each growing in proportion.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.influence import sides

STEP: Final = 25  # pictures more
LITTLE: Final = 0.001  # the change, 1 - cosine, that is not worth STEP pictures more


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """What is needed to tell how much `pictures` more would change the vector."""

    pictures: int
    scatter: float  # of single pictures across the vector, in squared lengths of the vector

    @classmethod
    def of(cls, features: NDArray[np.floating], towards: NDArray[np.bool_]) -> "Sufficiency":
        """Measure the set of features [n, width]; `towards` [n] marks the side of the look.

        Raises ValueError for a side of one picture: nothing tells how far others would lie.
        """
        rows = features.astype(np.float64)  # [n, width]
        signed = [(rows[side], sign) for side, sign in sides(towards)]
        if min(len(side) for side, _ in signed) == 1:
            raise ValueError("A side of one picture has no scatter.")
        vector = sum(sign * side.mean(axis=0) for side, sign in signed)  # [width]
        length = np.linalg.norm(vector)
        scatter = 0.0
        for side, _ in signed:
            apart = (side - side.mean(axis=0)) / length  # [m, width]
            along = apart @ (vector / length)  # [m]
            variance = ((apart**2).sum() - (along**2).sum()) / (len(side) - 1)
            scatter += float(variance) * len(rows) / len(side)
        return cls(len(rows), scatter)

    def change(self, more: int) -> float:
        """Return the expected change, 1 - cosine, with `more` pictures more."""
        squared = self.scatter * more / (self.pictures * (self.pictures + more))
        return float(1 - 1 / np.sqrt(1 + squared))

    @property
    def standard_error(self) -> float:
        """The expected angle between the vector and that of endless pictures, in degrees."""
        return float(np.degrees(np.arctan(np.sqrt(self.scatter / self.pictures))))

    @property
    def enough(self) -> int:
        """The number of pictures from which on STEP more would change less than LITTLE."""
        most = 1 / (1 - LITTLE) ** 2 - 1  # of the squared tangent
        # n (n + STEP) = scatter STEP / most, solved for n.
        n = (-STEP + np.sqrt(STEP**2 + 4 * self.scatter * STEP / most)) / 2
        return int(np.ceil(n))
