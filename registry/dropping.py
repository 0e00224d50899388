"""Pictures out of a set and the rest measured anew, in one step; and back in. Request side."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from accounts.refusals import Refusal
from registry.models import Aesthetic, DroppedPictures, Image, Member, VersionMember
from registry.queueing import Queued, queue_build

Place = tuple[str, str]  # digest of an image, and its side


class DropRefused(Refusal):
    """There is nothing to drop, or nothing to put back."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """All that a set knew of a picture, so that it can come back as it was."""

    image: str  # digest
    side: str
    filename: str
    source: str
    licence: str
    credit: str


@transaction.atomic
def drop_and_build(aesthetic: Aesthetic, places: Collection[Place]) -> tuple[list[Dropped], Queued]:
    """Take pictures out of the set and queue the measuring of what is left.

    Their features are kept, so that the build is arithmetic. What is no longer in the set is passed
    over. What the set knew of the others is kept until it is measured again, see `dropped_last`.
    Raises DropRefused where none of them is in it, or none is named, and what `queue_build` raises;
    then all stay.
    """
    if not places:
        raise DropRefused("invalid", "Tick the pictures to drop first.")
    Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
    members = [
        member
        for member in aesthetic.members.select_related("image")
        if (member.image.digest, member.side) in places
    ]
    if not members:
        raise DropRefused("invalid", "None of these pictures is in the set any more.")
    dropped = [
        Dropped(
            image=member.image.digest,
            side=member.side,
            filename=member.filename,
            source=member.source,
            licence=member.licence,
            credit=member.credit,
        )
        for member in members
    ]
    aesthetic.members.filter(pk__in=[member.pk for member in members]).delete()
    queued = queue_build(aesthetic)
    DroppedPictures.objects.update_or_create(
        aesthetic=aesthetic,
        defaults={
            "build": queued.version,
            "pictures": [asdict(picture) for picture in dropped],
        },
    )
    return dropped, queued


def dropped_last(aesthetic: Aesthetic) -> list[Dropped]:
    """Return what was dropped last, unless it is back or the set was measured again since."""
    kept = DroppedPictures.objects.filter(aesthetic=aesthetic).first()
    return [Dropped(**picture) for picture in kept.pictures] if kept else []


@transaction.atomic
def put_back(aesthetic: Aesthetic, dropped: Sequence[Dropped]) -> int:
    """Put dropped pictures into the set again; return how many were not there already.

    Only pictures that a version of this aesthetic was measured from come back, so that nobody gets
    a picture into a set by its digest. Nothing is left to be put back. Raises DropRefused for a set
    that was deleted.
    """
    kept = Aesthetic.objects.select_for_update().filter(pk=aesthetic.pk, deleted_at__isnull=True)
    if kept.values("pk").first() is None:
        raise DropRefused("not-found", f"{aesthetic.ref} was deleted.")
    measured = VersionMember.objects.filter(version__aesthetic=aesthetic).values("image")
    own = Image.objects.filter(pk__in=measured)
    images = own.in_bulk([each.image for each in dropped], field_name="digest")
    DroppedPictures.objects.filter(aesthetic=aesthetic).delete()
    before = aesthetic.members.count()
    Member.objects.bulk_create(
        [
            Member(
                aesthetic=aesthetic,
                image=images[each.image],
                side=each.side,
                filename=each.filename,
                source=each.source,
                licence=each.licence,
                credit=each.credit,
            )
            for each in dropped
            if each.image in images
        ],
        ignore_conflicts=True,  # put back by an upload meanwhile
    )
    return aesthetic.members.count() - before
