"""From looks with weights to a version that can be published. Request side.

A blend is arithmetic on a few vectors, so it is made while its maker waits, like an import, and is
ready at once: no worker, no encoder. Its recipe names the parents by their version digests, and the
vector is made by carrying that recipe out, so it can be made again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.refusals import Refusal
from registry import (
    combinations,
    constructions,
    digests,
    manifests,
    packaging,
    queueing,
    rights,
    search,
    takedowns,
)
from registry.models import Aesthetic, JobState, Parentage, Space, Version

NEAREST = 6


class BlendRefused(Refusal):
    """The looks can't be blended: `wrong-parents`, `incompatible-space` or `zero-result` …"""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants: an operation, looks in their order with weights, a share of an arc."""

    operation: str
    looks: Sequence[tuple[Version, float | None]]  # the weight where one was given
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """A look in a blend: what it does there, and how near the result is to it."""

    version: Version
    words: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A blend that may be made: its recipe and vector, and what it inherits."""

    recipe: bytes  # canonical JSON
    recipe_digest: str
    vector: np.ndarray  # float32 [768]
    vector_digest: str
    space: Space
    parents: list[Parent]  # as the recipe orders them
    rights: rights.Rights

    @property
    def versions(self) -> list[Version]:
        return [parent.version for parent in self.parents]


@dataclass(frozen=True, slots=True)
class Blended:
    """The version that a blend made, or made before."""

    version: Version
    candidate: Candidate
    is_new: bool


def find_parent(ref: str, *, person: User | AnonymousUser) -> Version | None:
    """Return the version that may be blended by `owner/slug[@version]` or its version digest."""
    offered = Version.objects.visible_to(person).offered()
    if digests.is_digest(ref):
        found: Version | None = (
            offered.filter(version_digest=ref).select_related("aesthetic__owner", "space").first()
        )
        return found
    return offered.named_in_full(ref)


def examine(order: Order) -> Candidate:
    """Make the recipe of an order and carry it out; nothing is stored.

    Raises BlendRefused, and RightsRefused where the parents' licences forbid it.
    """
    versions = [version for version, _ in order.looks]
    space = _space_of(versions)
    inherited = rights.inherited(versions)
    try:
        parameters = parameters_of(order)
        combinations.check(parameters)
        recipe = manifests.recipe(
            space=space.identity(),
            construction=Version.Construction.BLEND,
            parameters=parameters,
            members=digests.members_digest([]),
            parents=combinations.parents_of(parameters),
        )
        recipe_json = digests.canonical_json(recipe)
        # As whoever makes it again will read it.
        vector = constructions.of_parents(json.loads(recipe_json))
    except combinations.CombinationRefused as refused:
        raise BlendRefused(refused.code, refused.detail) from refused
    if not search.is_comparable(vector):  # nor if it overflowed
        raise BlendRefused(
            "wrong-parents",
            f"What these looks make has the length {search.length_of(vector):.2g}; only lengths "
            f"from {search.SHORTEST:g} to {search.LONGEST:g} can be compared here.",
        )
    return Candidate(
        recipe=recipe_json,
        recipe_digest=digests.digest_bytes(recipe_json),
        vector=vector,
        vector_digest=digests.vector_digest(vector.tolist()),
        space=space,
        parents=_parents(parameters, versions, vector),
        rights=inherited,
    )


def parameters_of(order: Order) -> dict[str, object]:
    """Return what a recipe says of the order, with its looks by their version digests."""
    named = [version.version_digest for version, _ in order.looks]
    twice = [str(v) for place, (v, _) in enumerate(order.looks) if named[place] in named[:place]]
    if twice:
        raise BlendRefused("wrong-parents", f"{twice[0]} is named twice.")
    if order.operation == combinations.WEIGHTED_MEAN:
        if order.share is not None:
            raise BlendRefused("wrong-parents", "A weighted mean has weights, and no share.")
        weights = [1.0 if weight is None else weight for _, weight in order.looks]
        return {"operation": order.operation, "weights": dict(zip(named, weights, strict=True))}
    if order.operation not in combinations.PAIRS:
        raise BlendRefused(
            "wrong-parents",
            f"“{order.operation}” is none of {', '.join(combinations.OPERATIONS)}.",
        )
    return _parameters_of_pair(order, named)


def _parameters_of_pair(order: Order, named: Sequence[str]) -> dict[str, object]:
    roles = combinations.PAIRS[order.operation]
    if len(named) != len(roles):
        raise BlendRefused(
            "wrong-parents", f"“{order.operation}” takes two looks, not {len(named)}."
        )
    if any(weight is not None for _, weight in order.looks):
        raise BlendRefused("wrong-parents", "Only a weighted mean takes weights.")
    if (order.share is not None) != (order.operation == "slerp"):
        raise BlendRefused("wrong-parents", "A share of the way belongs to slerp, which needs one.")
    share = {"share": order.share} if order.share is not None else {}
    return {"operation": order.operation, **dict(zip(roles, named, strict=True)), **share}


def nearest(candidate: Candidate, *, person: User | AnonymousUser) -> list[search.Neighbour]:
    """Return the published versions nearest to the result, its parents among them."""
    return search.nearest(candidate.vector, space=candidate.space, person=person, most=NEAREST)


def refuse_unfit_new(candidate: Candidate, *, person: User, licence: str, rating: str) -> None:
    """Refuse a new aesthetic for the blend before it is made: by its card, or the day's share."""
    queueing.check_build_quota(person)
    rights.refuse_unfit_card(candidate.versions, licence=licence, rating=rating, what="The blend")


def blend_into(aesthetic: Aesthetic, candidate: Candidate) -> Blended:
    """Make the blend a version of `aesthetic`, ready to be published; the same again is the same.

    Raises QuotaExceeded, BlendRefused for a set that was deleted, and RightsRefused where the card
    is more open than what the parents allow.
    """
    rights.refuse_unfit_card(
        candidate.versions,
        licence=aesthetic.licence,
        rating=aesthetic.rating,
        what=aesthetic.ref,
    )
    version = _version_of(aesthetic, candidate)
    contents = packaging.package(version)  # before the transaction, since the store may be slow
    version.manifest, version.version_digest = contents.manifest, contents.version_digest
    with transaction.atomic():
        locked = Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
        if locked.deleted_at is not None:
            raise BlendRefused("not-found", f"{aesthetic.ref} was deleted.")
        same = aesthetic.versions.with_same_inputs(version.recipe_digest).first()
        if same is not None:
            takedowns.refuse_taken_down(same)
            return Blended(same, candidate, is_new=False)
        aesthetic.owner.hold_share()
        queueing.check_build_quota(aesthetic.owner)
        version.full_clean(exclude=["vector"])
        version.save()
        packaging.replace_files(version, contents)
        Parentage.objects.bulk_create(
            Parentage(version=version, parent=parent) for parent in candidate.versions
        )
    return Blended(version, candidate, is_new=True)


def _space_of(versions: Sequence[Version]) -> Space:
    if not versions:
        raise BlendRefused("wrong-parents", "A blend is made of two looks at least.")
    first = versions[0]
    for version in versions[1:]:
        if version.space_id != first.space_id:
            raise BlendRefused(
                "incompatible-space",
                f"{first} lives in the space “{first.space.name}” and {version} in "
                f"“{version.space.name}”; vectors of different spaces are never blended.",
            )
    return first.space


def _parents(
    parameters: dict[str, object], versions: Sequence[Version], vector: np.ndarray
) -> list[Parent]:
    by_digest = {version.version_digest: version for version in versions}
    return [
        Parent(by_digest[part.parent], part.words, _cosine(vector, by_digest[part.parent].vector))
        for part in combinations.parts_of(parameters)
    ]


def _cosine(one: np.ndarray, other: object) -> float:
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)  # [768]
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _version_of(aesthetic: Aesthetic, candidate: Candidate) -> Version:
    return Version(
        aesthetic=aesthetic,
        space=candidate.space,
        construction=Version.Construction.BLEND,
        recipe=candidate.recipe,
        recipe_digest=candidate.recipe_digest,
        image_count=0,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now(),
        vector=candidate.vector,
        vector_digest=candidate.vector_digest,
    )
