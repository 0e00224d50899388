"""Parents in; the licence and the rating that a blend of them inherits, or a refusal, out."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.refusals import Refusal
from registry import inheritance
from registry.licences import Licence, Rating
from registry.models import Aesthetic, Version


class RightsRefused(Refusal):
    """What the parents allow is not what is asked for; the sentence names who forbids it."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a blend inherits: the most open licence that all parents allow, the strictest rating."""

    licence: Licence
    licences: frozenset[Licence]  # all that it may carry
    rating: Rating


def inherited(parents: Sequence[Version]) -> Rights:
    """Return what a blend of these may carry; refuse licences that can't go together."""
    licences = [Licence(parent.aesthetic.licence) for parent in parents]
    try:
        allowed = inheritance.allowed(licences)
    except inheritance.IncompatibleLicences as error:
        first, second = parents[error.first], parents[error.second]
        who = f"{first} can't" if first == second else f"{first} and {second} can't"
        raise RightsRefused(
            "incompatible-licences", f"{who} be blended: {error.reason}."
        ) from error
    return Rights(
        licence=inheritance.inherited(licences),
        licences=allowed,
        rating=inheritance.strictest(Rating(parent.aesthetic.rating) for parent in parents),
    )


def refuse_unfit_card(parents: Sequence[Version], *, licence: str, rating: str, what: str) -> None:
    """Raise RightsRefused where a card is more open than what the parents allow."""
    _refuse_unfit_licence(parents, licence, what)
    _refuse_open_rating(parents, rating, what)


def _refuse_unfit_licence(parents: Sequence[Version], licence: str, what: str) -> None:
    rights = inherited(parents)
    if licence not in rights.licences:
        strict = _who_forbids(parents, Licence(licence))
        raise RightsRefused(
            "licence-not-inherited",
            f"{what} can't be {inheritance.short(licence)}: {strict} is "
            f"{inheritance.short(strict.aesthetic.licence)}, which "
            f"{inheritance.TERMS[Licence(strict.aesthetic.licence)].clause}. "
            f"Use {inheritance.short(rights.licence)}.",
        )


def _refuse_open_rating(parents: Sequence[Version], rating: str, what: str) -> None:
    strictest = inheritance.strictest(Rating(parent.aesthetic.rating) for parent in parents)
    if inheritance.is_more_open(rating, than=strictest):
        strict = next(each for each in parents if each.aesthetic.rating == strictest)
        raise RightsRefused(
            "rating-not-inherited",
            f"{what} can't be rated “{Rating(rating).label}”: {strict} is rated "
            f"“{strictest.label}”, and so is what is made of it.",
        )


def _who_forbids(parents: Sequence[Version], licence: Licence) -> Version:
    """Return the parent that forbids the licence, of several the strictest."""
    forbidden = [each for each in parents if licence not in _allowed_by(each)]
    return min(forbidden, key=lambda each: len(_allowed_by(each)))


def _allowed_by(parent: Version) -> frozenset[Licence]:
    return inheritance.TERMS[Licence(parent.aesthetic.licence)].allows


def refuse_unfit_blend(version: Version) -> None:
    """Raise RightsRefused for a blend that can't be published as it is.

    Its parents must be public, since its recipe and its credits name them, and still offered; and
    its card must say what they allow.
    """
    parents = parents_of(version)
    offered = Version.objects.public().offered().filter(pk__in=[each.pk for each in parents])
    public = set(offered.values_list("pk", flat=True))
    for parent in parents:
        if parent.pk not in public:
            raise RightsRefused(
                "parent-not-offered",
                f"{parent} is private or was withdrawn, so nothing that is made of it can be "
                "published: the recipe and the credits would name it.",
            )
    aesthetic = version.aesthetic
    refuse_unfit_card(
        parents, licence=aesthetic.licence, rating=aesthetic.rating, what=aesthetic.ref
    )


def refuse_unfit_change(aesthetic: Aesthetic, *, licence: str, rating: str) -> None:
    """Raise RightsRefused where a changed card would be too open for its published blends.

    `aesthetic` has the card as it stands. Only what changes is judged, and what becomes stricter
    passes: parents are others' looks, and what their owners say of them today must not keep
    anybody from changing a title, or from warning of more.
    """
    is_relicensed = licence != aesthetic.licence
    is_opened = inheritance.is_more_open(rating, than=Rating(aesthetic.rating))
    if not is_relicensed and not is_opened:
        return
    blends = aesthetic.versions.published().filter(construction=Version.Construction.BLEND)
    for version in blends.standing():
        everybody = parents_of(version)
        hidden = [each for each in everybody if not _is_known(each.aesthetic, aesthetic.owner_id)]
        parents = [each for each in everybody if each not in hidden]
        if is_relicensed:
            if hidden and not _is_within(licence, of=aesthetic.licence):
                raise RightsRefused("licence-not-inherited", _nobody_to_ask(hidden[0], aesthetic))
            if asked := _asked_of(parents, aesthetic.licence, licence):
                _refuse_unfit_licence(asked, licence, aesthetic.ref)
        if is_opened:
            if hidden:
                raise RightsRefused("rating-not-inherited", _nobody_to_ask(hidden[0], aesthetic))
            _refuse_open_rating(parents, rating, aesthetic.ref)


def _is_known(parent: Aesthetic, owner_id: int) -> bool:
    """Tell whether somebody knows today's card of a look: everybody does, or they wrote it."""
    return parent.is_public or parent.owner_id == owner_id


def _nobody_to_ask(hidden: Version, aesthetic: Aesthetic) -> str:
    """Say so without a word of today's card of what is private: it is nobody else's to know."""
    return (
        f"The card of {aesthetic.ref} can only become stricter: {hidden}, of which it is made, is "
        "private or deleted by now, so nobody can ask what it allows."
    )


def _is_within(licence: str, *, of: str) -> bool:
    """Tell whether a licence is one that another allows for what is made of a work under it."""
    return licence in inheritance.TERMS[Licence(of)].allows


def _asked_of(parents: Sequence[Version], present: str, licence: str) -> list[Version]:
    """Return the parents that have a say in a change from the licence `present` to `licence`.

    One that today forbids even the present licence was relicensed after the blend had been
    published. It has none where the new licence is one that `present` allows for what is made of a
    work under it, since that takes nothing away from what the parent allowed then.
    """
    if not _is_within(licence, of=present):
        return list(parents)
    return [parent for parent in parents if present in _allowed_by(parent)]


def parents_of(version: Version) -> list[Version]:
    """Return the parents of a blend with their cards, oldest first."""
    parents = Version.objects.filter(offspring__version=version)
    return list(parents.select_related("aesthetic__owner").order_by("published_at", "pk"))
