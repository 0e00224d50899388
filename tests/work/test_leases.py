"""Who may work on a job and write to it: claims, leases, renewals, and their end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from registry.leases import JobLost, Lease
from registry.models import JobState, Version
from registry.models.jobs import FINAL_STATES

WORKERS = 8


def row(job: Version) -> dict[str, object]:
    """Return all that the database says of the job."""
    return dict(Version.objects.values().get(pk=job.pk))


def let_lease_end(job: Version) -> None:
    Version.objects.filter(pk=job.pk).update(leased_until=Now() - timedelta(seconds=1))


def claimed(job: Version) -> Lease:
    lease = Lease(Version.objects.get(pk=job.pk))
    assert lease.claim()
    return lease


def claimed_again(job: Version) -> None:
    let_lease_end(job)
    claimed(job)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_claim_a_job_at_once_one_gets_it(job: Version) -> None:
    together = threading.Barrier(WORKERS)

    def claim(_: int) -> bool:
        lease = Lease(Version.objects.get(pk=job.pk))
        together.wait(timeout=10)
        try:
            return lease.claim()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sorted(pool.map(claim, range(WORKERS))) == [False] * (WORKERS - 1) + [True]
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)


def test_a_claimed_job_knows_its_worker_and_when_it_was_begun(job: Version) -> None:
    lease = claimed(job)
    assert lease.job.lease == lease.token
    assert lease.job.started_at is not None
    assert lease.job.leased_until is not None
    assert lease.job.leased_until > lease.job.started_at


def test_a_job_that_another_worker_holds_is_not_claimed(job: Version) -> None:
    claimed(job)
    before = row(job)
    assert not Lease(job).claim()
    assert row(job) == before


def test_a_job_whose_lease_has_ended_is_claimed_by_the_next_worker(job: Version) -> None:
    first = claimed(job)
    let_lease_end(job)
    second = claimed(job)
    assert second.job.lease == second.token != first.token
    assert second.job.attempts == 2
    assert second.job.started_at == first.job.started_at


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda lease: lease.report(stage="late", done=7, total=9), id="report"),
        pytest.param(lambda lease: lease.succeed(vector_digest="late"), id="succeed"),
        pytest.param(lambda lease: lease.fail("Too late."), id="fail"),
    ],
)
@pytest.mark.parametrize(
    "lose",
    [
        pytest.param(claimed_again, id="taken over"),
        pytest.param(lambda job: Version.objects.cancel(job.pk), id="cancelled"),
        pytest.param(lambda job: Version.objects.filter(pk=job.pk).delete(), id="deleted"),
    ],
)
def test_a_worker_that_lost_its_lease_writes_nothing_and_is_told(
    job: Version, lose: Callable[[Version], object], write: Callable[[Lease], None]
) -> None:
    lease = claimed(job)
    lose(job)
    before = list(Version.objects.values())
    with pytest.raises(JobLost):
        write(lease)
    assert list(Version.objects.values()) == before


def test_progress_renews_the_lease(job: Version) -> None:
    lease = claimed(job)
    let_lease_end(job)
    lease.report(stage="encoding pictures", done=3, total=9)
    assert not Lease(job).claim()
    job.refresh_from_db()
    assert (job.stage, job.done, job.total) == ("encoding pictures", 3, 9)


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_its_worker_lives_and_ends_with_it(
    job: Version, settings: Settings
) -> None:
    settings.JOB_LEASE_SECONDS = 1
    lease = claimed(job)
    with lease.renewing():
        time.sleep(1.5)
        assert not Version.objects.abandoned().exists()
        assert not Lease(job).claim()
    time.sleep(1.2)
    assert Version.objects.abandoned().exists()
    assert Lease(job).claim()


@pytest.mark.django_db(transaction=True)
def test_a_renewal_does_not_bring_a_cancelled_job_back(job: Version, settings: Settings) -> None:
    settings.JOB_LEASE_SECONDS = 1
    with claimed(job).renewing():
        Version.objects.cancel(job.pk)
        before = row(job)
        time.sleep(0.8)
        assert row(job) == before
    assert before["leased_until"] is None


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_the_database_refused_is_tried_again(
    job: Version,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.JOB_LEASE_SECONDS = 3
    lease = claimed(job)
    # The thread's connection gives up on the row that this one keeps locked for a while.
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", "-c lock_timeout=100ms")
    with lease.renewing():
        with transaction.atomic():
            Version.objects.select_for_update().get(pk=job.pk)
            time.sleep(1.5)
        assert "Could not renew the lease" in caplog.text
        until = row(job)["leased_until"]
        time.sleep(1.0)
        assert row(job)["leased_until"] != until


@pytest.mark.parametrize("state", FINAL_STATES)
def test_a_final_state_never_changes(job: Version, state: str) -> None:
    lease = claimed(job)
    end(lease, state)
    before = row(job)
    assert before["state"] == state
    assert before["finished_at"] is not None
    assert (before["lease"], before["leased_until"]) == (None, None)

    assert not Lease(job).claim()
    assert not Version.objects.cancel(job.pk)
    report = partial(lease.report, stage="on", done=1, total=1)
    for write in (report, partial(lease.fail, "No.")):
        with pytest.raises(JobLost):
            write()
    assert not Version.objects.unsent(seconds=0).exists()
    assert row(job) == before


def end(lease: Lease, state: str) -> None:
    """End the job in one of the final states, as its worker or its owner does."""
    if state == JobState.SUCCEEDED:
        lease.succeed(**results())
    elif state == JobState.FAILED:
        lease.fail("A picture can't be read.")
    else:
        Version.objects.cancel(lease.job.pk)


def results() -> dict[str, object]:
    """Return what a build must have written when it ends well."""
    digest = f"sha256:{0:064x}"
    return {
        "vector": [1.0] * 768,
        "manifest": b"{}",
        "resultant_length": 1.0,
        "vector_digest": digest,
        "image_set_digest": digest,
        "version_digest": digest,
    }


def test_a_job_that_was_cancelled_while_it_waited_is_never_begun(job: Version) -> None:
    assert Version.objects.cancel(job.pk)
    assert not Lease(job).claim()
    assert row(job)["started_at"] is None
