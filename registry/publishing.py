"""From a ready version to a published one: the number, the seal; and the yank. Request side."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef
from django.utils import timezone

from accounts.refusals import Refusal
from registry import notices, origins, packaging, rights, takedowns
from registry.models import Aesthetic, JobState, Verification, Version, VersionMember

# On a side, and between two versions; fewer, and embeddings tell much of each picture.
ENOUGH_IMAGES = 5
# Of one publishing: each more is for a card that was changed while the one before was stored.
PACKAGINGS = 5


class PublishingRefused(Refusal):
    """The version cannot be published or yanked."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the publisher must agree to, or be refused by `code`."""

    code: str
    name: str  # in forms and calls
    sentence: str


def cautions(version: Version) -> list[Caution]:
    """Return what whoever publishes `version` must agree to (SPEC section 5, privacy).

    A set of pictures is compared with all published ones of the same owner; with those of others
    it is not, since the answer would tell what is in them.
    """
    return [*_few(version), *_close(version)]


def _few(version: Version) -> Iterator[Caution]:
    sizes = Counter(version.members.values_list("side", flat=True))
    if sizes and min(sizes.values()) < ENOUGH_IMAGES:  # an import has no pictures
        yield Caution(
            "few-images",
            "accept_few",
            f"This is few: with fewer than {ENOUGH_IMAGES} pictures on a side the embedding tells "
            "much of each of them. I accept that.",
        )


def _close(version: Version) -> Iterator[Caution]:
    """Compare with the published versions of the owner, withdrawn and deleted ones too."""
    same = version.members.filter(image=OuterRef("image"), side=OuterRef("side"))
    others = Version.objects.published().filter(
        aesthetic__owner=version.aesthetic.owner_id, space=version.space_id
    )
    shared = (
        VersionMember.objects.order_by()
        .filter(Exists(same), version__in=others)
        .values_list("version__aesthetic__slug", "version__number", "version__image_count")
        .annotate(count=Count("pk"))
    )
    own = version.aesthetic.slug
    differences = [
        (count + version.image_count - 2 * common, slug != own, slug, number)
        for slug, number, count, common in shared
    ]
    for difference, is_elsewhere, slug, number in sorted(differences)[:1]:
        if 0 < difference < ENOUGH_IMAGES:
            name = f"{slug}@v{number}" if is_elsewhere else f"v{number}"
            yield Caution(
                "close-versions",
                "accept_close",
                f"This set and that of {name} differ in {difference} "
                f"{'picture' if difference == 1 else 'pictures'}: from the two embeddings anybody "
                "can compute exactly what the difference adds (N·m₁ − (N−1)·m₂). I accept that.",  # noqa: RUF001
            )


def publish(version: Version, *, accepts: Collection[str] = ()) -> Version:
    """Give the version its number and seal it; publishing twice is a result, not an error.

    `accepts` names the cautions that the publisher agreed to.

    The files and the manifest are written anew first, since title and licence may have changed
    after the build. A store far away takes its time for that, so it is no part of the transaction;
    where the card changes meanwhile, they are written once more.
    """
    version = Version.objects.select_related("aesthetic__owner", "space").get(pk=version.pk)
    if version.number is not None:
        return version
    _refuse_unfit(version, accepts)
    for _ in range(PACKAGINGS):
        if sealed := _seal(version, packaging.package(version), accepts):
            return sealed
    raise PublishingRefused(
        "card-changed",
        f"What the files of {version.aesthetic.ref} say changed {PACKAGINGS} times while they were "
        "written; please publish again.",
    )


def _refuse_unfit(version: Version, accepts: Collection[str]) -> None:
    """Raise a Refusal for what is not ready, was taken down here, or was not agreed to."""
    if version.state != JobState.SUCCEEDED:
        raise PublishingRefused(
            "not-ready",
            f"This build is {version.get_state_display()}; only a ready one can be published.",
        )
    takedowns.refuse_vector_taken_down(version.vector_digest, person=version.aesthetic.owner)
    origins.refuse_unstated(version)
    if version.is_blend:
        rights.refuse_unfit_blend(version)
    for caution in cautions(version):
        if caution.name not in accepts:
            raise PublishingRefused(caution.code, caution.sentence)


@transaction.atomic
def _seal(
    version: Version, contents: packaging.Package, accepts: Collection[str]
) -> Version | None:
    """Give the version the next number, or nothing where the package is not of today's cards.

    There are no gaps, and the card stays as it is: the aesthetic is locked meanwhile.
    """
    locked = Aesthetic.objects.select_for_update(of=["self"]).select_related("owner")
    aesthetic = version.aesthetic = locked.get(pk=version.aesthetic_id)
    if aesthetic.deleted_at is not None:
        raise PublishingRefused("not-found", f"{aesthetic.ref} was deleted.")
    sealed = ["number", "published_at", "manifest", "version_digest"]
    version.refresh_from_db(fields=sealed)
    if version.number is not None:  # a second click was faster
        return version
    aesthetic.owner.hold_share()  # what is close to it may be published at this moment
    _refuse_unfit(version, accepts)  # again, since another version or card may have come meanwhile
    if packaging.contents_of(version).version_digest != contents.version_digest:
        return None
    packaging.replace_files(version, contents)
    newest = aesthetic.versions.aggregate(number=Max("number"))["number"] or 0
    version.number = newest + 1
    version.published_at = timezone.now()
    version.manifest = contents.manifest
    version.version_digest = contents.version_digest
    version.save(update_fields=sealed)
    Aesthetic.objects.filter(pk=aesthetic.pk).update(published_at=version.published_at)
    return version


@transaction.atomic
def yank(version: Version, *, reason: str, superseded_by: Version | None = None) -> Version:
    """Withdraw a published version: it is no longer offered, but still there by its digest.

    `superseded_by` is what to take instead, which everybody must be able to see. Yanking twice is
    a result; the second time may still name a successor where there is none.
    """
    version = Version.objects.select_for_update(of=["self"]).get(pk=version.pk)
    if version.number is None:
        raise PublishingRefused("not-published", "Only a published version can be yanked.")
    if superseded_by is not None:
        _refuse_unfit_successor(version, superseded_by)
    if version.yanked_at is None:
        version.yanked_at = timezone.now()
        version.yank_reason = reason
        notices.tell_of_withdrawal(version, reason=reason)
    version.superseded_by = version.superseded_by or superseded_by
    version.full_clean(exclude=["vector"])
    version.save(update_fields=["yanked_at", "yank_reason", "superseded_by"])
    return version


def _refuse_unfit_successor(version: Version, successor: Version) -> None:
    offered = Version.objects.public().offered().exclude(pk=version.pk)
    if not offered.filter(pk=successor.pk, space=version.space_id).exists():
        raise PublishingRefused(
            "unfit-successor",
            f"{version} can't be superseded by {successor}: that must be another version, public, "
            "not withdrawn, and of the same space.",
        )


@transaction.atomic
def delete(aesthetic: Aesthetic) -> None:
    """Hide an aesthetic for good. Its name is not issued again; its pictures leave the set.

    What waits or runs for it ends: builds, and the measuring anew of its versions.
    """
    # Uploads and builds under way take the same lock: they come before this or find nothing.
    Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
    aesthetic.members.all().delete()
    for version in aesthetic.versions.unfinished():
        Version.objects.cancel(version.pk)
    # A subquery and no join, so that the UPDATE itself asks for the state: final ones don't change.
    Verification.objects.filter(version__in=aesthetic.versions.all()).cancel_all()
    Aesthetic.objects.filter(pk=aesthetic.pk).update(deleted_at=timezone.now())
