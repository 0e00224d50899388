"""Vectors of parents and an operation in, the one vector that a blend is out. NumPy only.

An operation is what a recipe holds as its parameters, with the parents by their version digests:

    {"operation": "weighted-mean", "weights": {digest: weight, …}}
    {"operation": "slerp", "from": digest, "to": digest, "share": 0…1}
    {"operation": "difference", "from": digest, "minus": digest}
    {"operation": "project-out", "from": digest, "direction": digest}

All sums are made in float64, parents in the order of their digests, and rounded once to float32,
so that the same parents and parameters always give the same bytes. Raises CombinationRefused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.digests import is_digest

Vector = NDArray[np.float64]  # [width]

WEIGHTED_MEAN: Final = "weighted-mean"
# The operations on two parents, with the names that each gives to the first and to the second.
PAIRS: Final = {
    "slerp": ("from", "to"),
    "difference": ("from", "minus"),
    "project-out": ("from", "direction"),
}
OPERATIONS: Final = (WEIGHTED_MEAN, *PAIRS)

FEWEST_PARENTS: Final = 2
MOST_PARENTS: Final = 16
LARGEST_WEIGHT: Final = 10.0

# Lengths and angles below these are the rounding of float32 parents, not a direction.
NOTHING: Final = 1e-4  # of the length of what went in
PARALLEL: Final = 1e-4  # radians


class CombinationRefused(Exception):
    """The parents can't be combined so: `wrong-parents`, `opposite-parents` or `zero-result`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Part:
    """A parent of a combination, and what it does there, in words for people."""

    parent: str  # version digest
    words: str


def combine(
    parameters: Mapping[str, object], vectors: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Carry out a recipe's operation on the vectors [width] of its parents, by version digest.

    Refuses parameters that are none, a result without a direction, and the arc between opposites.
    """
    check(parameters)
    parents = {digest: _checked(vectors[digest]) for digest in parents_of(parameters)}
    if parameters["operation"] == WEIGHTED_MEAN:
        return weighted_mean(parents, _weights(parameters))
    first, second = (parents[str(parameters[name])] for name in _roles(parameters))
    if parameters["operation"] == "slerp":
        return slerp(first, second, _share(parameters))
    if parameters["operation"] == "difference":
        return difference(first, second)
    return project_out(first, second)


def weighted_mean(
    vectors: Mapping[str, Vector], weights: Mapping[str, float]
) -> NDArray[np.float32]:
    """Return the sum of weight times vector at unit length over the sum of |weights|, [width].

    At unit length, since means and differences are of very different lengths and the longest would
    swallow the others; so a drawing mixes looks too. A negative weight leads away.
    """
    total = np.zeros_like(next(iter(vectors.values())))  # [width]
    for digest in sorted(vectors):
        total += weights[digest] * _unit(vectors[digest])
    mean = total / math.fsum(abs(weights[digest]) for digest in vectors)
    return _rounded(mean, least=NOTHING)


def slerp(start: Vector, end: Vector, share: float) -> NDArray[np.float32]:
    """Return the direction [width] at a share of the arc between two (Shoemake, SIGGRAPH 1985).

    Of unit length. Directions closer than PARALLEL are mixed along their line, which is the arc to
    float32's precision; between opposite ones there are many arcs and none is taken.
    """
    one, other = _unit(start), _unit(end)
    # Kahan's formula: the arc cosine loses half of the digits where the two are nearly parallel.
    angle = 2 * math.atan2(_length(one - other), _length(one + other))
    if angle > math.pi - PARALLEL:
        raise CombinationRefused(
            "opposite-parents",
            "The two looks point in exactly opposite directions, and no arc between those is "
            "shorter than the others; use a difference, or go by way of a third look.",
        )
    if angle < PARALLEL:
        return _rounded(_unit((1 - share) * one + share * other), least=NOTHING)
    arc = math.sin((1 - share) * angle) * one + math.sin(share * angle) * other
    return _rounded(_unit(arc), least=NOTHING)


def difference(first: Vector, second: Vector) -> NDArray[np.float32]:
    """Return first - second [width], as they are: of two means, the contrast of their sets."""
    return _rounded(first - second, least=NOTHING * max(_length(first), _length(second)))


def project_out(vector: Vector, direction: Vector) -> NDArray[np.float32]:
    """Return v - (v·u)u [width]: without what the vector has of the unit direction u."""
    unit = _unit(direction)
    return _rounded(vector - _dot(vector, unit) * unit, least=NOTHING * _length(vector))


def check(parameters: Mapping[str, object]) -> None:
    """Raise CombinationRefused for parameters that no blend's recipe has."""
    operation = parameters.get("operation")
    if operation == WEIGHTED_MEAN:
        _refuse_unless(set(parameters) == {"operation", "weights"}, "It takes weights.")
        _check_weights(_weights(parameters))
        return
    _refuse_unless(operation in PAIRS, f"The operations are {', '.join(OPERATIONS)}.")
    extra = {"share"} if operation == "slerp" else set()
    roles = _roles(parameters)
    _refuse_unless(set(parameters) == {"operation", *roles, *extra}, f"{operation} takes two.")
    first, second = (str(parameters[role]) for role in roles)
    _refuse_unless(is_digest(first) and is_digest(second), "Parents are named by digest.")
    _refuse_unless(first != second, f"A look and itself have no {operation}.")
    if extra:
        _refuse_unless(0 <= _share(parameters) <= 1, "The share of an arc is between 0 and 1.")


def _check_weights(weights: Mapping[str, float]) -> None:
    _refuse_unless(all(map(is_digest, weights)), "Parents are named by digest.")
    _refuse_unless(
        FEWEST_PARENTS <= len(weights) <= MOST_PARENTS,
        f"A weighted mean is made of {FEWEST_PARENTS} to {MOST_PARENTS} different looks, not of "
        f"{len(weights)}.",
    )
    for weight in weights.values():
        _refuse_unless(
            0 < abs(weight) <= LARGEST_WEIGHT,
            f"{weight:g} is no weight: use -{LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}, but not 0.",
        )


def parents_of(parameters: Mapping[str, object]) -> list[str]:
    """Return the version digests of the parents, sorted."""
    if parameters["operation"] == WEIGHTED_MEAN:
        return sorted(_weights(parameters))
    return sorted(str(parameters[role]) for role in _roles(parameters))


def parts_of(parameters: Mapping[str, object]) -> list[Part]:
    """Say what each parent does, for people: the heaviest first, or the first first."""
    if parameters["operation"] == WEIGHTED_MEAN:
        weights = sorted(_weights(parameters).items(), key=lambda each: (-each[1], each[0]))
        return [Part(digest, f"× {weight:g}") for digest, weight in weights]  # noqa: RUF001
    first, second = (str(parameters[role]) for role in _roles(parameters))
    words = {
        "slerp": ("from here", f"{parameters.get('share', 0):.0%} of the arc towards"),
        "difference": ("this", "minus this"),
        "project-out": ("this", "without its direction"),
    }[str(parameters["operation"])]
    return [Part(first, words[0]), Part(second, words[1])]


def _roles(parameters: Mapping[str, object]) -> tuple[str, str]:
    return PAIRS[str(parameters["operation"])]


def _weights(parameters: Mapping[str, object]) -> dict[str, float]:
    weights = parameters["weights"]
    _refuse_unless(isinstance(weights, Mapping), "Weights are numbers by digest.")
    return {str(digest): _number(weight) for digest, weight in weights.items()}  # type: ignore[attr-defined]


def _share(parameters: Mapping[str, object]) -> float:
    return _number(parameters["share"])


def _number(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _refuse_unless(is_number and math.isfinite(value), f"{value!a} is no number.")  # type: ignore[arg-type]
    return float(value)  # type: ignore[arg-type]


def _refuse_unless(holds: bool, sentence: str) -> None:  # noqa: FBT001 (an assertion)
    if not holds:
        raise CombinationRefused("wrong-parents", sentence)


def _checked(vector: NDArray[np.float32]) -> Vector:
    wide = np.asarray(vector, dtype=np.float32).astype(np.float64)  # [width]
    if wide.ndim != 1 or not np.isfinite(wide).all() or not wide.any():
        raise ValueError("A parent's vector is one row of finite numbers that are not all 0.")
    return wide


def _unit(vector: Vector) -> Vector:
    return vector / _length(vector)


def _length(vector: Vector) -> float:
    return math.sqrt(_dot(vector, vector))


def _dot(one: Vector, other: Vector) -> float:
    """Sum exactly, since the order in which BLAS adds differs between processors."""
    return math.fsum((one * other).tolist())


def _rounded(vector: Vector, *, least: float) -> NDArray[np.float32]:
    """Return the vector as float32 [width]; refuse one that is shorter than `least`."""
    if _length(vector) <= least:
        raise CombinationRefused(
            "zero-result",
            "The looks cancel out: what is left of them has no length, so it points nowhere.",
        )
    return vector.astype(np.float32)
