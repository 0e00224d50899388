"""Jobs as they are sent and run: messages, the broker away, the one place of errors."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django import DjangoCaptureOnCommitCallbacks

from generation.tasks import draw_generation
from registry import jobs, queueing
from registry.leases import JobFailed, Lease
from registry.models import Aesthetic, JobState, Version
from registry.tasks import build_version, sweep_builds
from tests import factories
from tests.processes import OwnBroker

# A request to a hub whose broker is away must not take much longer than others; on a busy machine.
PATIENCE = 2.0  # seconds
SILENCE = 15.0  # seconds for which a broker hangs; after it even a request that waits is answered


# --- Running ------------------------------------------------------------------------------------


def test_running_a_job_twice_does_its_work_once(job: Version) -> None:
    begun: list[str] = []

    def work(found: Version, lease: Lease) -> None:
        begun.append(str(found.pk))
        lease.fail("Nothing to measure.")

    jobs.run(Version, job.pk, work)
    after = Version.objects.values().get(pk=job.pk)
    jobs.run(Version, str(job.pk), work)
    assert begun == [str(job.pk)]
    assert Version.objects.values().get(pk=job.pk) == after


def test_a_message_for_a_job_that_is_gone_is_dropped_quietly(job: Version) -> None:
    Version.objects.all().delete()
    build_version(str(job.pk))
    draw_generation(str(job.pk))


def test_a_message_for_a_job_that_another_worker_holds_is_dropped_quietly(job: Version) -> None:
    assert Lease(job).claim()
    before = Version.objects.values().get(pk=job.pk)
    build_version(str(job.pk))
    assert Version.objects.values().get(pk=job.pk) == before


def test_a_job_that_is_cancelled_while_it_runs_stops_at_its_next_write(
    job: Version, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reached: list[str] = []

    def work(found: Version, lease: Lease) -> None:
        lease.report(stage="encoding pictures", done=1, total=3)
        reached.append("first")
        Version.objects.cancel(found.pk)
        lease.report(stage="encoding pictures", done=2, total=3)
        reached.append("second")

    jobs.run(Version, job.pk, work)
    job.refresh_from_db()
    assert reached == ["first"]
    assert (job.state, job.done, job.reason) == (JobState.CANCELLED, 1, "")
    assert "was cancelled or taken over" in caplog.text


def test_work_that_cannot_be_done_fails_with_the_reason_in_words(job: Version) -> None:
    jobs.run(Version, job.pk, raising(JobFailed("The picture cat.png can't be read.")))
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.FAILED, "The picture cat.png can't be read.")
    assert job.finished_at is not None


def test_an_unforeseen_error_is_told_vaguely_to_the_owner_and_wholly_to_the_log(
    job: Version, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.run(Version, job.pk, raising(ZeroDivisionError("the secret of the house")))
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.FAILED, jobs.OUR_FAULT)
    assert "secret" not in job.reason
    logged = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert str(job.pk) in logged.getMessage()
    assert "ZeroDivisionError: the secret of the house" in caplog.text


@pytest.mark.parametrize("error", [JobFailed("Too late."), ZeroDivisionError("too late")])
def test_a_job_that_was_cancelled_before_its_work_failed_stays_cancelled(
    job: Version, error: Exception
) -> None:
    def work(found: Version, lease: Lease) -> None:
        Version.objects.cancel(found.pk)
        raise error

    jobs.run(Version, job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.CANCELLED, "")


def test_an_error_while_the_work_of_another_lease_goes_on_leaves_that_alone(job: Version) -> None:
    def work(found: Version, _: Lease) -> None:
        ended = Now() - timedelta(seconds=1)
        Version.objects.filter(pk=found.pk).update(leased_until=ended)
        assert Lease(found).claim()
        raise ZeroDivisionError

    jobs.run(Version, job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.reason) == (JobState.RUNNING, 2, "")


def raising(error: Exception) -> Callable[[Version, Lease], None]:
    def work(_: Version, __: Lease) -> None:
        raise error

    return work


def test_a_build_without_work_left_ends_a_second_time_as_it_did_the_first(
    draft: Aesthetic,
) -> None:
    built = factories.built(draft)
    before = Version.objects.values().get(pk=built.pk)
    files = list(built.files.values().order_by("name"))
    build_version(str(built.pk))
    assert Version.objects.values().get(pk=built.pk) == before
    assert list(built.files.values().order_by("name")) == files


# --- Sending ------------------------------------------------------------------------------------


def test_a_job_is_sent_once_its_row_is_there_to_see(
    draft: Aesthetic,
    own_broker: OwnBroker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.space()
    factories.members(draft, 2)
    with django_capture_on_commit_callbacks(execute=True):
        version = queueing.queue_build(draft).version
        assert own_broker.waiting("embed") == 0
    assert own_broker.waiting("embed") == 1
    version.refresh_from_db()
    assert version.sent_at is not None


def test_what_is_asked_for_twice_is_queued_and_sent_once(
    draft: Aesthetic,
    own_broker: OwnBroker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.space()
    factories.members(draft, 2)
    with django_capture_on_commit_callbacks(execute=True):
        first, second = queueing.queue_build(draft), queueing.queue_build(draft)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.version == second.version
    assert own_broker.waiting("embed") == 1


@pytest.fixture
def silent_broker(own_broker: OwnBroker) -> Iterator[OwnBroker]:
    """A broker that takes connections and does not answer for a long time."""
    assert own_broker._server is not None
    process = own_broker._server.process
    process.suspend()
    end = threading.Timer(SILENCE, process.resume)
    end.start()
    yield own_broker
    end.cancel()
    process.resume()


@pytest.mark.django_db(transaction=True)
def test_a_request_is_answered_while_the_broker_is_away_and_the_sweep_sends_it_later(
    client: Any, draft: Aesthetic, own_broker: OwnBroker, caplog: pytest.LogCaptureFixture
) -> None:
    factories.space()
    factories.members(draft, 2)
    headers = factories.bearer(draft.owner)
    own_broker.stop()

    begun = time.monotonic()
    answer = client.post(f"/api/v1/aesthetics/{draft.ref}/builds", headers=headers)
    assert time.monotonic() - begun < PATIENCE
    assert answer.status_code == 202, answer.content
    version = draft.versions.get()
    assert (version.state, version.sent_at) == (JobState.QUEUED, None)
    assert "The broker did not take registry.tasks.build_version" in caplog.text

    own_broker.start()
    assert own_broker.waiting("embed") == 0
    sweep_builds()
    assert own_broker.waiting("embed") == 1
    version.refresh_from_db()
    assert version.sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_request_is_answered_though_the_broker_hangs(
    client: Any, draft: Aesthetic, silent_broker: OwnBroker
) -> None:
    factories.space()
    factories.members(draft, 2)
    headers = factories.bearer(draft.owner)
    begun = time.monotonic()
    answer = client.post(f"/api/v1/aesthetics/{draft.ref}/builds", headers=headers)
    assert time.monotonic() - begun < 3 + PATIENCE
    assert answer.status_code == 202, answer.content
    assert draft.versions.get().sent_at is None


def test_several_jobs_are_sent_together_and_not_at_all_after_one_that_the_broker_did_not_take(
    job: Version,
    own_broker: OwnBroker,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        jobs.send_all_after_commit(build_version, [job] * 3)
    assert own_broker.waiting("embed") == 3
    job.refresh_from_db()
    assert job.sent_at is not None
    Version.objects.update(sent_at=None)
    own_broker.stop()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.send_all_after_commit(build_version, [job] * 3)
    assert caplog.text.count("The broker did not take") == 1
    job.refresh_from_db()
    assert job.sent_at is None


def test_a_job_that_ended_before_its_sending_was_noted_stays_as_it_is(
    draft: Aesthetic, own_broker: OwnBroker
) -> None:
    """A quick worker is through, and its owner has published the result: the row is sealed."""
    version = factories.published(draft)
    before = Version.objects.values().get(pk=version.pk)
    jobs.send(build_version, version)
    assert Version.objects.values().get(pk=version.pk) == before
    assert own_broker.waiting("embed") == 1


def test_a_sweep_without_a_broker_ends_quietly(job: Version, own_broker: OwnBroker) -> None:
    own_broker.stop()
    sweep_builds()
    job.refresh_from_db()
    assert (job.state, job.sent_at) == (JobState.QUEUED, None)
