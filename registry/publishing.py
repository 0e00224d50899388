"""From a ready version to a published one: the number, the seal; and the yank. Request side."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.refusals import Refusal
from registry import packaging
from registry.models import Aesthetic, JobState, Version

ENOUGH_IMAGES = 5  # a side; below, an embedding tells much of each picture


class PublishingRefused(Refusal):
    """The version cannot be published or yanked."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the publisher must agree to: `name` for forms and calls, `sentence` for people."""

    name: str
    sentence: str


def cautions(version: Version) -> list[Caution]:
    """Return what whoever publishes `version` must agree to (SPEC section 5, privacy)."""
    sizes = Counter(version.members.values_list("side", flat=True))
    if min(sizes.values()) >= ENOUGH_IMAGES:
        return []
    return [
        Caution(
            "accept_few",
            f"This is few: with fewer than {ENOUGH_IMAGES} pictures on a side the embedding tells "
            "much of each of them. I accept that.",
        )
    ]


@transaction.atomic
def publish(version: Version, *, accepts: Collection[str] = ()) -> Version:
    """Give the version its number and seal it; publishing twice is a result, not an error.

    `accepts` names the cautions that the publisher agreed to.

    The files and the manifest are written anew first, since title and licence may have changed
    after the build. Numbers have no gaps: they are given under a lock of the aesthetic.
    """
    aesthetic = Aesthetic.objects.select_for_update().get(pk=version.aesthetic_id)
    version = Version.objects.select_related("aesthetic__owner", "space").get(pk=version.pk)
    if version.number is not None:
        return version
    if version.state != JobState.SUCCEEDED:
        raise PublishingRefused(
            "not-ready",
            f"This build is {version.get_state_display()}; only a ready one can be published.",
        )
    for caution in cautions(version):
        if caution.name not in accepts:
            raise PublishingRefused("few-images", caution.sentence)
    contents = packaging.package(version)
    packaging.replace_files(version, contents)
    newest = aesthetic.versions.aggregate(number=Max("number"))["number"] or 0
    version.number = newest + 1
    version.published_at = timezone.now()
    version.manifest = contents.manifest
    version.version_digest = contents.version_digest
    version.save(update_fields=["number", "published_at", "manifest", "version_digest"])
    Aesthetic.objects.filter(pk=aesthetic.pk).update(published_at=version.published_at)
    return version


@transaction.atomic
def yank(version: Version, *, reason: str) -> Version:
    """Withdraw a published version: it is no longer offered, but still there by its digest."""
    version = Version.objects.select_for_update(of=["self"]).get(pk=version.pk)
    if version.number is None:
        raise PublishingRefused("not-published", "Only a published version can be yanked.")
    if version.yanked_at is None:
        version.yanked_at = timezone.now()
        version.yank_reason = reason
        version.full_clean(exclude=["vector"])
        version.save(update_fields=["yanked_at", "yank_reason"])
    return version


@transaction.atomic
def delete(aesthetic: Aesthetic) -> None:
    """Hide an aesthetic for good. Its name is not issued again; its pictures leave the set."""
    aesthetic.members.all().delete()
    for version in aesthetic.versions.unfinished():
        Version.objects.cancel(version.pk)
    Aesthetic.objects.filter(pk=aesthetic.pk).update(deleted_at=timezone.now())
