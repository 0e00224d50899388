"""From an image set to a build in the queue: the snapshot, the recipe, its digest. Request side."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.quotas import check_quota, start_of_day
from accounts.refusals import Refusal
from registry import digests, jobs, manifests, takedowns
from registry.models import (
    Aesthetic,
    DroppedPictures,
    Member,
    Side,
    Space,
    Version,
    VersionMember,
)
from registry.tasks import build_version

FEWEST_IMAGES = 2  # the mean of one image would be the vector of that image


class BuildRefused(Refusal):
    """The set cannot be measured as it is."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A version that is, or will be, the result of the set as it stands."""

    version: Version
    is_new: bool


def queue_build(aesthetic: Aesthetic) -> Queued:
    """Queue the measuring of the set as it stands; the same set again gives the same version.

    Raises BuildRefused for a set that is too small, QuotaExceeded and QueueFull.
    """
    space = current_space()
    with transaction.atomic():
        # The lock makes a second click wait, and then find the version of the first.
        Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
        members = list(aesthetic.members.select_related("image"))
        check_size(members)
        construction = construction_of(members)
        recipe = manifests.recipe(
            space=space.identity(),
            construction=construction,
            parameters={},
            members=digests.members_digest((m.image.digest, m.side) for m in members),
            parents=[],
        )
        recipe_digest = digests.recipe_digest(recipe)
        same = aesthetic.versions.with_same_inputs(recipe_digest).first()
        if same is not None:
            takedowns.refuse_taken_down(same)
            return Queued(same, is_new=False)
        aesthetic.owner.hold_share()
        check_build_quota(aesthetic.owner)
        version = Version(
            aesthetic=aesthetic,
            space=space,
            construction=construction,
            recipe=digests.canonical_json(recipe),
            recipe_digest=recipe_digest,
            image_count=len(members),
        )
        version.full_clean()
        version.save()
        VersionMember.objects.bulk_create(
            VersionMember(version=version, image=member.image, side=member.side)
            for member in members
        )
        # The owner goes on from here; what they dropped before is not put back any more.
        DroppedPictures.objects.filter(aesthetic=aesthetic).delete()
        jobs.send_after_commit(build_version, version)
    return Queued(version, is_new=True)


def current_space() -> Space:
    """Return the space in which sets are measured now; raise BuildRefused when there is none."""
    space = Space.objects.filter(name=settings.HUB_SPACE).first()
    if space is None:
        raise BuildRefused(
            "no-space",
            f"The hub has no space “{settings.HUB_SPACE}” yet; its keeper makes it with "
            "`manage.py register_space`.",
        )
    return space


def construction_of(members: list[Member]) -> Version.Construction:
    """Return `contrast` for a set with an away side, `mean` for one without."""
    if any(member.side == Side.AWAY for member in members):
        return Version.Construction.CONTRAST
    return Version.Construction.MEAN


def check_size(members: list[Member]) -> None:
    """Raise BuildRefused for a side with too few pictures."""
    for side in sorted({Side.TOWARDS} | {Side(member.side) for member in members}):
        count = sum(member.side == side for member in members)
        if count < FEWEST_IMAGES:
            raise BuildRefused(
                "too-few-images",
                f"The side “{side}” has {count} {'picture' if count == 1 else 'pictures'}; "
                f"{FEWEST_IMAGES} are the least, since the mean of one picture is that picture's "
                "own vector, which stays private.",
            )


def check_build_quota(person: User) -> None:
    """Raise QuotaExceeded when `person` may build and import nothing more today."""
    today = Version.objects.filter(aesthetic__owner=person, created_at__gte=start_of_day())
    check_quota("builds", used=today.count(), asked=1, limit=settings.QUOTA_BUILDS)
