"""Two versions of an aesthetic: how far their vectors lie apart, and which pictures did it."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accounts.refusals import Refusal
from registry import influence
from registry.measured_sets import measured_set, members_of
from registry.models import Version, VersionMember


class NotComparable(Refusal):
    """The versions lie in different spaces."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What anybody may know who sees both versions: their vectors are public."""

    before: Version
    after: Version
    cosine: float
    angle: float  # degrees


@dataclass(frozen=True, slots=True)
class Move:
    """A picture that is in one of the two sets only, and what that did to the vector."""

    image: str  # digest
    side: str
    is_added: bool
    angle: float  # degrees by which this alone would have turned the vector
    share: float  # of the whole turn; negative where it held the vector back


def compare(before: Version, after: Version) -> Comparison:
    """Compare the vectors of two ready versions; raise NotComparable for two spaces."""
    if before.space_id != after.space_id:
        raise NotComparable(
            "incompatible-space",
            f"{before} is in the space “{before.space}”, {after} in “{after.space}”; vectors of "
            "different spaces can't be compared.",
        )
    one, other = _vector(before), _vector(after)
    cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    angle = float(influence.angles(one, other))
    return Comparison(before, after, cosine=min(cosine, 1.0), angle=angle)


def moves(comparison: Comparison) -> list[Move]:
    """Return the pictures that came and went, those that turned the vector most first.

    For the owner alone: this is about single pictures. Pictures that stayed have no part in it.
    Nothing where one of the two is no mean of pictures: then none of them moved it there.
    """
    before, after = comparison.before, comparison.after
    places: dict[tuple[str, str], VersionMember] = {}
    inside: dict[UUID, set[tuple[str, str]]] = {}
    for version in (before, after):
        found = {(member.image.digest, member.side): member for member in members_of(version.pk)}
        places |= found
        inside[version.pk] = set(found)
    if not all(inside.values()):  # imported, or blended
        return []
    names = sorted(places)
    measured = measured_set([places[name] for name in names], before.space)
    was = np.array([name in inside[before.pk] for name in names])  # [n]
    is_now = np.array([name in inside[after.pk] for name in names])  # [n]
    steps = influence.moves(measured.features, measured.towards, was, is_now)  # [n, 768]
    one, other = _vector(before), _vector(after)
    angles = influence.angles(one, one + steps)  # [n]
    shares = influence.turn_shares(steps, one, other)  # [n]
    changed = np.flatnonzero(was != is_now)
    return [
        Move(
            image=names[place][0],
            side=names[place][1],
            is_added=bool(is_now[place]),
            angle=round(float(angles[place]), 4),
            share=round(float(shares[place]), 4),
        )
        for place in sorted(changed, key=lambda place: -shares[place])
    ]


def _vector(version: Version) -> NDArray[np.float64]:
    # The database gives decimals that stand for numbers of 32 bits.
    return np.asarray(version.vector, dtype=np.float32).astype(np.float64)  # [768]
