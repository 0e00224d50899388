"""Asking for a measuring anew: who gets one, how many, and what is told of it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from registry import publishing, takedowns
from registry.leases import Lease
from registry.models import Aesthetic, JobState, Verification, Version
from registry.takedowns import TakenDown
from registry.verifying import VerificationRefused, queue_verification, reproduction_of
from tests import factories
from tests.concurrency import refused_at_once
from tests.registry.test_importing import imported


def test_a_published_version_is_queued_and_sent_once_the_row_is_there(
    version: Version, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        asked = queue_verification(version)
    assert (asked.state, asked.version, asked.verdict) == (JobState.QUEUED, version, "")
    assert len(callbacks) == 1


def test_asking_again_while_it_waits_or_runs_is_the_same_job(
    version: Version, settings: Settings
) -> None:
    settings.QUOTA_VERIFICATIONS = 1
    asked = queue_verification(version)
    assert queue_verification(version) == asked
    assert Lease(asked).claim()
    assert queue_verification(version) == asked
    Verification.objects.cancel(asked.pk)
    with pytest.raises(QuotaExceeded, match="today's 1 verifications"):
        queue_verification(version)


def test_the_quota_is_a_persons_and_counts_all_their_versions(
    version: Version, bob: User, settings: Settings
) -> None:
    settings.QUOTA_VERIFICATIONS = 1
    other = factories.published(factories.aesthetic(version.aesthetic.owner, "other"))
    queue_verification(version)
    with pytest.raises(QuotaExceeded):
        queue_verification(other)
    assert queue_verification(factories.published(factories.aesthetic(bob)))


@pytest.mark.usefixtures("broker")
@pytest.mark.django_db(transaction=True)
def test_verifications_asked_for_at_once_do_not_pass_the_share_together(
    settings: Settings,
) -> None:
    ada = factories.person("ada")
    versions = [factories.published(factories.aesthetic(ada, f"look-{n}")) for n in range(4)]
    settings.QUOTA_VERIFICATIONS = 1
    assert refused_at_once(4, lambda: queue_verification(versions.pop())) == 3
    assert Verification.objects.count() == 1


def test_an_import_has_nothing_to_measure_and_says_so(draft: Aesthetic) -> None:
    version = publishing.publish(imported(draft).version)
    with pytest.raises(VerificationRefused) as refused:
        queue_verification(version)
    assert refused.value.code == "nothing-to-measure"
    assert refused.value.detail == (
        "ada/sea-mist@v1 was imported from a file: there are no pictures to measure."
    )
    assert not reproduction_of(version, person=version.aesthetic.owner).is_measured


def test_what_was_taken_down_is_not_measured(version: Version) -> None:
    taken_down = takedowns.take_down(version, reason="It was not ada's.")
    with pytest.raises(TakenDown):
        queue_verification(taken_down)


def test_what_was_taken_down_since_it_was_read_is_not_measured(version: Version) -> None:
    as_it_was = Version.objects.get(pk=version.pk)
    takedowns.take_down(version, reason="It was not ada's.")
    with pytest.raises(TakenDown, match=r"It was not ada's\.$"):
        queue_verification(as_it_was)
    assert not Verification.objects.exists()


def test_what_was_deleted_since_it_was_read_is_not_measured(version: Version) -> None:
    as_it_was = Version.objects.get(pk=version.pk)
    publishing.delete(version.aesthetic)
    with pytest.raises(VerificationRefused, match=r"^ada/sea-mist was deleted\.$"):
        queue_verification(as_it_was)
    assert not Verification.objects.exists()


def test_workers_and_days_are_counted_and_deviations_are_not(version: Version) -> None:
    first, second = datetime(2026, 3, 1, 23, 59, tzinfo=UTC), datetime(2026, 3, 2, 0, 1, tzinfo=UTC)
    for worker, at, verdict in (
        ("worker-1", first, "reproduced"),
        ("worker-1", first, "within-tolerance"),  # the same worker on the same day
        ("worker-1", second, "reproduced"),
        ("worker-2", second, "within-tolerance"),
    ):
        factories.verified(version, worker=worker, finished_at=at, verdict=verdict)
    factories.verified(version, worker="worker-3", verdict="deviates", deviates_at="vector")
    Verification.objects.create(version=version, state=JobState.FAILED, reason="It rained.")
    queue_verification(version)
    assert version.verifications.times_reproduced() == 3


def test_everybody_reads_the_newest_verdict_and_the_owner_of_the_work_too(
    version: Version, bob: User
) -> None:
    factories.verified(version, finished_at=datetime(2026, 3, 1, tzinfo=UTC))
    newest = factories.verified(version, verdict="deviates", deviates_at="image")
    newest.remeasurements.create(image=version.members.all()[0].image, is_equal=False)
    asked = queue_verification(version)
    for person in (bob, AnonymousUser()):
        told = reproduction_of(version, person=person)
        assert (told.times, told.newest, told.job, told.pictures) == (1, newest, None, [])
    told = reproduction_of(version, person=version.aesthetic.owner)
    assert (told.job, len(told.pictures)) == (asked, 1)


def test_a_failure_is_told_until_the_next_one_succeeds(version: Version) -> None:
    owner = version.aesthetic.owner
    failed = Verification.objects.create(version=version, state=JobState.FAILED, reason="Rain.")
    assert reproduction_of(version, person=owner).job == failed
    factories.verified(version)
    assert reproduction_of(version, person=owner).job is None
