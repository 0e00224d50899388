"""Covers: the few pictures of a set that stand for it, and who may see which thumbnail."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from registry import digests
from registry.models import Aesthetic, Image, Member, Version, VersionMember
from registry.models.version_parts import COVER_SIZE
from registry.origins import STATED


def thumbnail_url(aesthetic: Aesthetic, digest: str) -> str:
    """Return where the thumbnail of an image of `aesthetic` is served."""
    return reverse(
        "registry:thumbnail",
        args=[aesthetic.owner.username, aesthetic.slug, digests.hex_of(digest)],
    )


def attach_covers(aesthetics: Iterable[Aesthetic]) -> list[Aesthetic]:
    """Give each aesthetic `latest` (its newest offered version) and `covers` (thumbnail URLs).

    Two queries for any number of them, and one more for each draft, which shows its first
    pictures.
    """
    found = list(aesthetics)
    newest = Version.objects.newest_of_each().filter(aesthetic__in=found)
    latest = {version.aesthetic_id: version for version in newest.light()}
    covers = covers_of(version.pk for version in latest.values())
    for aesthetic in found:
        aesthetic.latest = latest.get(aesthetic.pk)
        chosen = covers[aesthetic.latest.pk] if aesthetic.latest else draft_cover(aesthetic)
        aesthetic.covers = [thumbnail_url(aesthetic, digest) for digest in chosen]
    return found


def covers_of(version_ids: Iterable[UUID]) -> defaultdict[UUID, list[str]]:
    """Return the cover images of each version, most typical first, as digests."""
    members = (
        _creditable()
        .filter(version__in=version_ids)
        .order_by("cover_rank")
        .values_list("version_id", "image__digest")
    )
    covers: defaultdict[UUID, list[str]] = defaultdict(list)
    for version_id, digest in members:
        covers[version_id].append(digest)
    return covers


def _creditable() -> QuerySet[VersionMember]:
    """Return the covers of which the set still says where they are from.

    A picture that left it, or whose origin was emptied, is shown no more: nobody could credit it.
    """
    stated = Member.objects.filter(
        STATED, aesthetic=OuterRef("version__aesthetic"), image=OuterRef("image")
    )
    return VersionMember.objects.filter(Exists(stated), cover_rank__isnull=False)


def draft_cover(aesthetic: Aesthetic) -> list[str]:
    """Return the first images of the set: the cover of a draft, which only its owner sees.

    Nothing once it was published, be all its versions withdrawn: then others see the page, and
    even the digest of a picture in a set is its owner's business.
    """
    if aesthetic.is_published:
        return []
    members = aesthetic.members.order_by("side", "pk")[:COVER_SIZE]
    return list(members.values_list("image__digest", flat=True))


def credits_of(aesthetic: Aesthetic, images: Iterable[str]) -> list[Member]:
    """Return the members behind these images that name an author or a source, in their order."""
    named = aesthetic.members.filter(image__digest__in=images).exclude(credit="", source="")
    return list(named.order_by("pk"))


def may_see_thumbnail(person: object, aesthetic: Aesthetic, digest: str) -> bool:
    """Tell whether `person` may see this picture: its owner all, everybody the covers."""
    if not isinstance(person, User) or person.pk != aesthetic.owner_id:
        return is_cover(aesthetic, digest)
    measured = VersionMember.objects.filter(version__aesthetic=aesthetic, image__digest=digest)
    of_set = Q(memberships__aesthetic=aesthetic) | Q(pk__in=measured.values("image"))
    return Image.objects.filter(of_set, digest=digest).exists()


def is_cover(aesthetic: Aesthetic, digest: str) -> bool:
    """Tell whether whoever may see the aesthetic sees this picture on it."""
    covers = _creditable().filter(version__aesthetic=aesthetic, image__digest=digest)
    shown = covers.filter(version__number__isnull=False)
    return shown.filter(version__taken_down_at__isnull=True).exists()
