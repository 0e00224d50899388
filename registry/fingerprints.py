"""A vector from elsewhere in; whether it looks like a mean of a space's images out. NumPy only.

An encoder uses a few of all possible directions: the means that were measured in a space lie, for
the larger part, in the leading directions of the others, and a vector of another space does not.
In most encoders the means also share one direction, whatever they show, which a contrast and a
text lack; in real CLIP-L two dimensions hold it. All of that is computed from the space's own
published means; a space that has too few of them may have a direction known from elsewhere.

What this can't know: how many pictures there were, and whether they are what is said of them; and,
where the means share no direction, whether a vector is a mean, a contrast or a text.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from registry.digests import WIDTH

ENOUGH = 8  # published means; the directions of fewer say more of these looks than of the space
LEADING = 16  # directions at the most; a vector of another space has 2 % in them by chance
TELLING_SHARE = 0.1  # below, the means have too little in common to tell anything
TELLING_COSINE = 0.2  # of means with what they share; unrelated vectors have 0 ± 0.04
SMALLEST = 1e-9  # of the squared length that all rows have in a direction; below is rounding
ALIKE = 0.5  # of the least that means have; whoever has less is unlike all of them


@dataclass(frozen=True, slots=True)
class Signature:
    """What the means of a space have in common.

    `directions` are orthonormal, [k, 768]; each mean has `least_share` or more of its squared
    length in those of the others. `shared` has length 1, [768]; each mean has `least_cosine` or
    more with it. None where the means share no direction. `source` says what was compared.
    """

    directions: NDArray[np.float64]
    least_share: float
    shared: NDArray[np.float64]
    least_cosine: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a fingerprint says of a vector, for machines and in sentences."""

    label: Literal["consistent", "unusual", "unknown"]
    sentence: str


def _known(least: dict[int, float], source: str) -> Signature:
    """Return the signature of means that have these values or larger ones in their unit vectors."""
    shared = np.zeros(WIDTH)  # [768]
    shared[list(least)] = list(least.values())
    length = float(np.linalg.norm(shared))
    shared /= length
    return Signature(shared[np.newaxis], length**2, shared, length, source)


# By the name of the space. In 142 of 144 public embeddings of CLIP-L these two dimensions are the
# largest, with 0.36 to 0.61 of the unit vector; the other two are no means of images.
KNOWN: Final = MappingProxyType(
    {
        "clip-vit-l-14-openai": _known(
            {413: -0.36, 644: 0.36}, "the two dimensions that dominate CLIP-L's means"
        )
    }
)


def signature_of(space: str, means: NDArray[np.float32]) -> Signature | None:
    """Return what published means [n, 768] of a space have in common, else what is known of it.

    None where there are too few means, or where they have too little in common. Each mean is
    compared with the others alone.
    """
    lengths = np.linalg.norm(means.astype(np.float64), axis=1)  # [n]
    units = means[lengths > 0] / lengths[lengths > 0, np.newaxis]  # [n, 768]
    if len(units) < ENOUGH:
        return KNOWN.get(space)
    others = [np.delete(units, row, axis=0) for row in range(len(units))]
    pairs = list(zip(units, others, strict=True))
    least_share = min(_share(unit, _leading(rest)) for unit, rest in pairs)
    if least_share < TELLING_SHARE:
        return KNOWN.get(space)
    least_cosine = min(float(unit @ _middle(rest)) for unit, rest in pairs)
    return Signature(
        directions=_leading(units),
        least_share=least_share,
        shared=_middle(units),
        least_cosine=least_cosine if least_cosine >= TELLING_COSINE else None,
        source=f"{len(units)} published means of the space",
    )


def find(vector: NDArray[np.float32], signature: Signature | None) -> Finding:
    """Compare a vector [768], not all zero, with what the means of its space have in common."""
    if signature is None:
        return Finding(
            "unknown",
            "Whether this is a mean of image embeddings can't be told: that takes"
            f" {ENOUGH} published means of its space which have something in common.",
        )
    unit = vector / np.linalg.norm(vector.astype(np.float64))  # [768]
    share, cosine = _share(unit, signature.directions), float(unit @ signature.shared)
    compared = f"Compared with {signature.source}"
    if signature.least_cosine is not None:
        if cosine < ALIKE * signature.least_cosine:
            return Finding(
                "unusual",
                "This does not look like a mean of image embeddings; a contrast, a text or another"
                f" encoder's vector would look so. {compared}, its cosine with what they share is"
                f" {cosine:.2f}, and the least of theirs is {signature.least_cosine:.2f}.",
            )
        doubt = ""
    else:
        doubt = " Whether it is a mean, a contrast or a text can't be told in this space."
    measured = (
        f"{compared}, {share:.0%} of it lies in their directions, and the least of theirs is"
        f" {signature.least_share:.0%}."
    )
    if share < ALIKE * signature.least_share:
        return Finding(
            "unusual",
            "This does not look like an embedding of its space, but like another encoder's."
            f" {measured}",
        )
    return Finding("consistent", f"This looks like the embeddings of its space. {measured}{doubt}")


def _leading(units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the directions [k, 768] that hold most of the rows [n, 768], orthonormal.

    The leading right singular vectors, by way of the small matrix [n, n] of the rows' products.
    """
    values, vectors = np.linalg.eigh(units @ units.T)  # [n] ascending, [n, n] by columns
    kept = [place for place in range(len(values))[-LEADING:] if values[place] > SMALLEST]
    directions: NDArray[np.float64] = vectors[:, kept].T @ units  # [k, 768]
    directions /= np.sqrt(values[kept, np.newaxis])
    return directions


def _share(unit: NDArray[np.float64], directions: NDArray[np.float64]) -> float:
    return float(((directions @ unit) ** 2).sum())


def _middle(units: NDArray[np.float64]) -> NDArray[np.float64]:
    total = units.sum(axis=0)  # [768]
    middle: NDArray[np.float64] = total / np.linalg.norm(total)
    return middle
