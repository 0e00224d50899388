"""From a published version to its measuring anew in the queue, and what came out. Request side.

Only the owner of a version asks for it: it costs as much encoding as all its pictures, and what it
finds of single pictures is theirs. What came out is for everybody who sees the version.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from accounts.models import User
from accounts.quotas import check_quota, start_of_day
from accounts.refusals import Refusal
from registry import jobs
from registry.models import Aesthetic, JobState, Remeasurement, Verification, Version
from registry.models.jobs import FINAL_STATES
from registry.models.verifications import MEASURED
from registry.takedowns import refuse_taken_down
from registry.tasks import verify_version

MOST_PICTURES_NAMED: Final = 100  # of those that deviate; the stages count them all


class VerificationRefused(Refusal):
    """The version cannot be measured again."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What is known of a version's being measured again.

    `times` counts workers and days, see `VerificationQuerySet.times_reproduced`. `job` is one of
    the owner's that waits, runs, or ended without a verdict after the newest; None for others.
    """

    is_measured: bool
    times: int
    newest: Verification | None
    job: Verification | None
    pictures: list[Remeasurement]  # of the newest that deviate; none for others than the owner


def queue_verification(version: Version) -> Verification:
    """Queue the measuring of a published version anew; one that waits or runs already is the one.

    Raises VerificationRefused for what is not made of pictures or was deleted, TakenDown,
    QuotaExceeded and QueueFull.
    """
    refuse_taken_down(version)
    if version.construction not in MEASURED:
        raise VerificationRefused("nothing-to-measure", why_nothing_to_measure(version))
    owner = version.aesthetic.owner
    with transaction.atomic():
        # The lock makes a second click wait, and then find the verification of the first; who
        # deletes the look, or takes the version down, has come before it or finds this one.
        aesthetic = Aesthetic.objects.select_for_update().get(pk=version.aesthetic_id)
        if aesthetic.deleted_at is not None:
            raise VerificationRefused("not-found", f"{aesthetic.ref} was deleted.")
        version.refresh_from_db(fields=["taken_down_at", "takedown_reason"])
        refuse_taken_down(version)
        running = version.verifications.unfinished().first()
        if running is not None:
            return running
        owner.hold_share()
        today = Verification.objects.owned_by(owner).filter(created_at__gte=start_of_day())
        limit = settings.QUOTA_VERIFICATIONS
        check_quota("verifications", used=today.count(), asked=1, limit=limit)
        _drop_unfinished_work(version)
        verification = Verification(version=version)
        verification.full_clean()
        verification.save()
        jobs.send_after_commit(verify_version, verification)
    return verification


def why_nothing_to_measure(version: Version) -> str:
    """Say why a version is not one that can be measured again."""
    if version.is_imported:
        return f"{version} was imported from a file: there are no pictures to measure."
    return f"{version} was not made of pictures, so there is nothing to measure."


def _drop_unfinished_work(version: Version) -> None:
    """Remove what failed and cancelled verifications have measured: nobody goes on with it."""
    ended = version.verifications.filter(state__in=FINAL_STATES).exclude(state=JobState.SUCCEEDED)
    Remeasurement.objects.filter(verification__in=ended).delete()


def reproduction_of(version: Version, *, person: User | AnonymousUser) -> Reproduction:
    """Return what is known of the version's being measured again, as far as `person` may know."""
    newest = version.verifications.finished().newest_first().first()
    is_owner = version.aesthetic.owner_id == person.pk
    return Reproduction(
        is_measured=version.construction in MEASURED,
        times=version.verifications.times_reproduced(),
        newest=newest,
        job=_job_of(version) if is_owner else None,
        pictures=deviating_pictures(newest) if newest is not None and is_owner else [],
    )


def _job_of(version: Version) -> Verification | None:
    last = version.verifications.order_by("-created_at", "-pk").first()
    return last if last is not None and not last.has_succeeded else None


def deviating_pictures(verification: Verification) -> list[Remeasurement]:
    """Return the first pictures of which something deviates, as their owner calls them."""
    found = verification.remeasurements.deviating().defer("vector").select_related("image")
    rows = list(found[:MOST_PICTURES_NAMED])
    members = verification.version.aesthetic.members.filter(
        image__in=[row.image_id for row in rows]
    )
    names = dict(members.values_list("image_id", "filename"))
    for row in rows:
        # A picture that has left the set since has no name but its digest.
        row.filename = PurePosixPath(names.get(row.image_id, "")).name
    return rows
