"""A vector from elsewhere in; whether it looks like a mean of a space's images out. NumPy only.

Encoders put all images into a narrow cone, so the means of a space share a direction, whatever
they show. The direction is that of the space's own published means; a space that has too few of
them may have one that is known from elsewhere.

What this can't know: how many pictures there were, and whether they are what is said of them. A
text, a contrast or another encoder's vector lacks the direction, so a contrast is called unusual
as well, though it may be just what its maker meant.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from registry.digests import WIDTH

ENOUGH = 8  # published means; of fewer, the direction says more of these looks than of the space
SHARED = 0.2  # the least cosine that means usually have; unrelated vectors have 0 ± 0.04
ALIKE = 0.5  # of that usual cosine; whoever has less lacks what the means share


@dataclass(frozen=True, slots=True)
class Signature:
    """The direction [768] that a space's means share, of length 1, and how close they usually are.

    `usual` is the median cosine of a mean and the direction of the others; `source` says in words
    what was compared.
    """

    direction: NDArray[np.float64]
    usual: float
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a fingerprint says of a vector, for machines and in a sentence."""

    label: Literal["consistent", "unusual", "unknown"]
    sentence: str


def _of_dimensions(values: dict[int, float], source: str) -> Signature:
    """Return the signature of means whose unit vectors have about these values, whatever else."""
    direction = np.zeros(WIDTH)  # [768]
    direction[list(values)] = list(values.values())
    length = float(np.linalg.norm(direction))
    return Signature(direction / length, length, source)


# By the name of the space. In 142 of 144 public embeddings of CLIP-L these two dimensions are the
# largest, with 0.36 to 0.61 of the unit vector; the other two are no means of images.
KNOWN: Final = MappingProxyType(
    {
        "clip-vit-l-14-openai": _of_dimensions(
            {413: -0.48, 644: 0.48}, "the two dimensions that dominate CLIP-L's image means"
        )
    }
)


def signature_of(space: str, means: NDArray[np.float32]) -> Signature | None:
    """Return what the published means [n, 768] of a space share, else what is known of the space.

    None where there are too few, or where they share no direction.
    """
    lengths = np.linalg.norm(means.astype(np.float64), axis=1, keepdims=True)  # [n, 1]
    units = means[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]  # [n, 768]
    if len(units) < ENOUGH:
        return KNOWN.get(space)
    total = units.sum(axis=0)  # [768]
    others = total - units  # [n, 768]; without itself, or each would look like the direction
    closeness = (units * others).sum(axis=1) / np.linalg.norm(others, axis=1)  # [n]
    usual = float(np.median(closeness))
    if usual < SHARED:
        return KNOWN.get(space)
    return Signature(
        total / np.linalg.norm(total), usual, f"{len(units)} published means of the space"
    )


def find(vector: NDArray[np.float32], signature: Signature | None) -> Finding:
    """Compare a vector [768], not all zero, with what the means of its space share."""
    if signature is None:
        return Finding(
            "unknown",
            f"Whether it is a mean of image embeddings can't be told: that takes {ENOUGH} published"
            " means of its space which share a direction.",
        )
    unit = vector / np.linalg.norm(vector.astype(np.float64))  # [768]
    cosine = float(unit @ signature.direction)
    measured = f"its cosine is {cosine:.2f} where {signature.usual:.2f} is usual"
    if cosine < ALIKE * signature.usual:
        return Finding(
            "unusual",
            "This does not look like a mean of image embeddings; a contrast, a text, or another"
            f" encoder's vector would look so. Compared with {signature.source}, {measured}.",
        )
    return Finding(
        "consistent",
        "This looks like a mean of image embeddings of its space. Compared with"
        f" {signature.source}, {measured}.",
    )
