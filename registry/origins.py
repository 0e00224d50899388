"""Where the pictures of a set are from: what is stated, what is missing, and stating it.

An origin is stated where a picture has a licence, and a source or somebody to credit. Versions
measured from pictures are published with all of them stated.
"""

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from accounts.refusals import Refusal
from registry.models import Aesthetic, Member, Side, Version, VersionMember

ORIGIN = ("source", "licence", "credit")
NAMED = 3  # pictures that a refusal names

STATED = ~Q(licence="") & ~(Q(source="") & Q(credit=""))


class OriginMissing(Refusal):
    """Pictures of a build say not where they are from."""


def refuse_unstated(version: Version) -> None:
    """Raise OriginMissing for a version with pictures whose origin nobody stated.

    Imports and blends have no pictures. What a build measured and the set has no more counts as
    not stated: nobody can credit it.
    """
    missing = unstated_of(version)
    count = missing.count()
    if not count:
        return
    gone = missing.exclude(image__memberships__aesthetic=version.aesthetic_id).count()
    named = _names(version.aesthetic, missing)
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    has_left = f" {gone} of them left the set, so build it again." if gone else ""
    raise OriginMissing(
        "no-provenance",
        f"Of {pictures} nobody said where {'it is' if count == 1 else 'they are'} from{named}: "
        f"state the licence, and a source or whom to credit, for each or for the whole set."
        f"{has_left}",
    )


def unstated_of(version: Version) -> QuerySet[VersionMember]:
    """Return the measured pictures whose origin is not stated."""
    stated = Member.objects.filter(
        STATED, aesthetic=version.aesthetic_id, image=OuterRef("image"), side=OuterRef("side")
    )
    return version.members.filter(~Exists(stated))


def unstated(aesthetic: Aesthetic) -> QuerySet[Member]:
    """Return the pictures of the set whose origin is not stated."""
    return aesthetic.members.exclude(STATED)


def is_stated(member: Member) -> bool:
    """Tell of one picture what STATED asks of the database."""
    return bool(member.licence and (member.source or member.credit))


def state_for_all(members: QuerySet[Member], **origin: str) -> int:
    """Say `source`, `licence` or `credit` of all these pictures; return how many there were."""
    return members.update(**{name: origin[name] for name in ORIGIN if name in origin})


def state_missing(aesthetic: Aesthetic, **origin: str) -> int:
    """Say of the pictures whose origin is not stated what nobody said of them, and no more.

    Return how many there were. A licence without a source stays the licence it is.
    """
    said = {
        name: Case(When(**{name: ""}, then=Value(origin[name])), default=F(name))
        for name in ORIGIN
        if name in origin
    }
    return unstated(aesthetic).update(**said) if said else unstated(aesthetic).count()


@transaction.atomic
def move(aesthetic: Aesthetic, digest: str, *, to: Side) -> int:
    """Put a picture on one side alone, with its origin; return on how many sides it was."""
    # Uploads, builds and other moves take the same lock.
    Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
    members = list(aesthetic.members.filter(image__digest=digest))
    if members and all(member.side != to for member in members):
        aesthetic.members.filter(pk=members[0].pk).update(side=to)
    aesthetic.members.filter(image__digest=digest).exclude(side=to).delete()
    return len(members)


def _names(aesthetic: Aesthetic, missing: QuerySet[VersionMember]) -> str:
    images = missing.values("image")
    names = aesthetic.members.filter(image__in=images).values_list("filename", flat=True)
    shown = list(dict.fromkeys(names))[:NAMED]
    return f" ({', '.join(shown)}{', …' if len(names) > len(shown) else ''})" if shown else ""
