"""Jobs that meet an outage: they wait, in words, are taken again after growing pauses, and end."""

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from registry import jobs
from registry.leases import Lease
from registry.models import JobState, Version
from registry.outages import ModelsAway, Outage, StoreAway
from registry.tasks import sweep_builds
from tests import factories
from tests.processes import OwnBroker

PAUSES = [60, 120, 240, 480, 600, 600]  # seconds


def meet(job: Version, outage: Outage | None = None) -> Version:
    """Have a worker take the job and meet an outage; return what the row says then."""

    def work(_: Version, lease: Lease) -> None:
        lease.report(stage="encoding pictures", done=1, total=3)
        raise outage or StoreAway("The port 9000 of 10.0.0.7 is closed.")

    jobs.run(Version, job.pk, work)
    return Version.objects.get(pk=job.pk)


def pass_time(job: Version, seconds: int) -> None:
    Version.objects.filter(pk=job.pk).update(
        leased_until=F("leased_until") - timedelta(seconds=seconds)
    )


def pause_of(job: Version) -> int:
    """Return for how many more seconds the job is no worker's, to the next ten."""
    assert job.leased_until is not None
    return 10 * round((job.leased_until - timezone.now()).total_seconds() / 10)


def test_a_job_that_meets_an_outage_waits_and_says_so(
    job: Version, caplog: pytest.LogCaptureFixture
) -> None:
    found = meet(job)
    assert (found.state, found.attempts, found.finished_at) == (JobState.QUEUED, 1, None)
    assert (found.lease, found.stage, found.done) == (None, "", 1)
    assert found.reason == (
        "The worker could not use the store of pictures and files. This waits for 1 minute and is "
        "tried again by itself."
    )
    logged = next(record for record in caplog.records if record.levelno == logging.WARNING)
    assert str(job.pk) in logged.getMessage()
    assert "StoreAway: The port 9000 of 10.0.0.7 is closed." in caplog.text


def test_it_says_what_is_away(job: Version) -> None:
    assert meet(job, ModelsAway("A folder is empty.")).reason.startswith(
        "The worker could not use its models. This waits for 1 minute"
    )


def test_nobody_takes_it_before_its_time(job: Version, own_broker: OwnBroker) -> None:
    meet(job)
    before = Version.objects.values().get(pk=job.pk)
    assert not Lease(job).claim()
    sweep_builds()
    assert own_broker.waiting("embed") == 0
    assert Version.objects.values().get(pk=job.pk) == before


def test_it_is_sent_and_taken_when_its_time_has_come(job: Version, own_broker: OwnBroker) -> None:
    # Its last message was a moment ago, and it has waited for so long that the next would be late.
    Version.objects.update(created_at=Now() - timedelta(days=1), sent_at=Now())
    meet(job)
    pass_time(job, PAUSES[0])
    sweep_builds()
    assert own_broker.waiting("embed") == 1
    sweep_builds()
    assert own_broker.waiting("embed") == 1
    assert Lease(job).claim()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.reason) == (JobState.RUNNING, 2, "")


def test_a_message_that_is_lost_then_is_sent_again(job: Version, own_broker: OwnBroker) -> None:
    meet(job)
    pass_time(job, PAUSES[0] + 100)
    Version.objects.filter(pk=job.pk).update(sent_at=Now() - timedelta(seconds=90))
    sweep_builds()
    assert own_broker.waiting("embed") == 1


def test_the_pauses_grow_and_the_last_attempt_ends_it(job: Version, settings: Settings) -> None:
    settings.JOB_ATTEMPTS = len(PAUSES) + 1
    for number, pause in enumerate(PAUSES, start=1):
        found = meet(job)
        assert (found.state, found.attempts, pause_of(found)) == (JobState.QUEUED, number, pause)
        assert f"waits for {pause // 60} minute" in found.reason
        pass_time(job, pause)
    found = meet(job)
    assert (found.state, found.attempts) == (JobState.FAILED, 7)
    assert (found.lease, found.leased_until) == (None, None)
    assert found.finished_at is not None
    assert found.reason == (
        "The worker could not use the store of pictures and files. This was begun 7 times. Ask "
        "again later; where it happens again, tell the keepers of this hub."
    )


def test_after_the_outage_it_ends_as_if_there_had_been_none(job: Version) -> None:
    meet(job)
    pass_time(job, PAUSES[0])
    jobs.run(Version, job.pk, lambda _, lease: lease.fail("A picture can't be read."))
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.FAILED, "A picture can't be read.")


@pytest.mark.parametrize("is_first", [True, False])
def test_its_owner_can_cancel_it_before_it_waits_and_then(job: Version, is_first: bool) -> None:
    def work(_: Version, __: Lease) -> None:
        if is_first:
            Version.objects.cancel(job.pk)
        raise StoreAway

    jobs.run(Version, job.pk, work)
    assert Version.objects.cancel(job.pk) is not is_first
    job.refresh_from_db()
    assert (job.state, job.reason, job.leased_until) == (JobState.CANCELLED, "", None)


def test_page_and_api_tell_its_owner(job: Version, ada: User, client: Client) -> None:
    meet(job)
    said = client.get(f"/api/v1/jobs/{job.pk}", headers=factories.bearer(ada)).json()
    assert said["state"] == "queued"
    assert said["reason"].startswith("The worker could not use the store of pictures and files.")
    client.force_login(ada)
    page = client.get(f"/{job.aesthetic.ref}/builds/{job.pk}").content.decode()
    assert "This waits for 1 minute and is tried again by itself." in page
    assert "Waiting for a worker." not in page


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_connection_to_the_database_is_cut_is_found_by_the_sweep(
    job: Version, own_broker: OwnBroker
) -> None:
    def work(_: Version, lease: Lease) -> None:
        with pytest.raises(OperationalError):
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")
        lease.report(stage="encoding pictures", done=1, total=3)

    with pytest.raises(OperationalError):
        jobs.run(Version, job.pk, work)
    connection.close()  # as Celery's task of Django does at its end
    job.refresh_from_db()
    assert (job.state, job.attempts, job.reason) == (JobState.RUNNING, 1, "")
    pass_time(job, 60)
    sweep_builds()
    assert own_broker.waiting("embed") == 1
    assert Lease(job).claim()
