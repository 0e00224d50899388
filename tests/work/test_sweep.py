"""The sweep: what it sends again, what it leaves alone, when it gives up."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as current
from django.core import mail
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from generation.models import Generation
from generation.tasks import sweep_generations
from hub.celery import app
from registry import notices
from registry.leases import Lease
from registry.models import JobState, Notice, Verification, Version
from registry.queueing import queue_build
from registry.tasks import mail_notices, sweep_builds, sweep_notices, sweep_verifications
from tests import factories
from tests.processes import OwnBroker


def change(job: Version, **values: object) -> None:
    Version.objects.filter(pk=job.pk).update(**values)


def abandon(job: Version, attempts: int = 1) -> None:
    """Make the job look as a killed worker leaves it, a while after its message was sent."""
    assert Lease(job).claim()
    long_ago = Now() - timedelta(minutes=5)
    change(job, leased_until=long_ago, sent_at=long_ago, attempts=attempts)


def lose_message(job: Version, *, seconds_ago: float) -> None:
    """Make the job look as if its only message had been sent then and got lost."""
    then = Now() - timedelta(seconds=seconds_ago)
    change(job, created_at=then, sent_at=then)


@pytest.fixture
def messages_after_sweep(own_broker: OwnBroker) -> Callable[[], int]:
    """Give a function that sweeps and says how many messages the builds' queue has then."""

    def sweep() -> int:
        sweep_builds()
        return own_broker.waiting("embed")

    return sweep


def test_a_job_that_was_never_sent_is_sent_by_the_sweep(
    job: Version, messages_after_sweep: Callable[[], int]
) -> None:
    assert messages_after_sweep() == 1
    job.refresh_from_db()
    assert job.sent_at is not None


def test_a_job_that_was_sent_just_now_is_not_sent_again(
    job: Version, messages_after_sweep: Callable[[], int], settings: Settings
) -> None:
    lose_message(job, seconds_ago=settings.JOB_RESEND_SECONDS - 5)
    assert messages_after_sweep() == 0


def test_a_job_whose_message_was_lost_is_sent_again_once(
    job: Version, messages_after_sweep: Callable[[], int], settings: Settings
) -> None:
    lose_message(job, seconds_ago=settings.JOB_RESEND_SECONDS + 5)
    assert messages_after_sweep() == 1
    assert messages_after_sweep() == 1


@pytest.mark.parametrize(
    ("waited", "sent_ago", "expected"),
    [
        pytest.param(600, 200, 0, id="sent after 400 s, to be sent again at 800 s"),
        pytest.param(900, 450, 1, id="sent after 450 s, due at 900 s"),
        pytest.param(86_400, 300, 0, id="a day in the queue, five minutes after the last message"),
        pytest.param(86_400, 601, 1, id="a day in the queue, ten minutes after the last message"),
    ],
)
def test_the_pause_between_messages_grows_while_a_job_waits_in_a_long_queue(
    job: Version,
    messages_after_sweep: Callable[[], int],
    waited: int,
    sent_ago: int,
    expected: int,
) -> None:
    change(
        job,
        created_at=Now() - timedelta(seconds=waited),
        sent_at=Now() - timedelta(seconds=sent_ago),
    )
    assert messages_after_sweep() == expected


def test_what_waits_longest_is_sent_first(job: Version, ada: User) -> None:
    younger = factories.aesthetic(ada, "younger")
    factories.members(younger, 2)
    later = queue_build(younger).version
    assert list(Version.objects.unsent(seconds=0)) == [job, later]


def test_the_job_of_a_killed_worker_is_sent_again(
    job: Version, messages_after_sweep: Callable[[], int]
) -> None:
    abandon(job)
    assert messages_after_sweep() == 1


def test_a_job_that_a_living_worker_holds_is_left_alone(
    job: Version, messages_after_sweep: Callable[[], int]
) -> None:
    assert Lease(job).claim()
    lose_message(job, seconds_ago=3600)
    before = Version.objects.values().get(pk=job.pk)
    assert messages_after_sweep() == 0
    assert Version.objects.values().get(pk=job.pk) == before


def test_a_job_that_stopped_its_worker_each_time_fails_with_that_reason(
    job: Version, messages_after_sweep: Callable[[], int], settings: Settings
) -> None:
    settings.JOB_ATTEMPTS = 3
    abandon(job, attempts=3)
    assert messages_after_sweep() == 0
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.reason == "The worker stopped 3 times while it worked on this."
    assert job.finished_at is not None


def test_a_job_has_all_its_attempts_before_the_sweep_gives_up(
    job: Version, messages_after_sweep: Callable[[], int], settings: Settings
) -> None:
    settings.JOB_ATTEMPTS = 3
    abandon(job, attempts=2)
    assert messages_after_sweep() == 1
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_worn_out_job_is_not_begun_by_a_message_that_was_still_under_way(
    job: Version, settings: Settings
) -> None:
    settings.JOB_ATTEMPTS = 3
    abandon(job, attempts=3)
    assert not Lease(job).claim()


def test_a_last_attempt_that_still_runs_is_not_given_up(
    job: Version, messages_after_sweep: Callable[[], int], settings: Settings
) -> None:
    settings.JOB_ATTEMPTS = 3
    assert Lease(job).claim()
    change(job, attempts=3)
    messages_after_sweep()
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED])
def test_what_has_ended_is_never_sent_again(
    job: Version, messages_after_sweep: Callable[[], int], state: str
) -> None:
    change(job, state=state, reason="It was so.")
    assert messages_after_sweep() == 0


def test_drawings_are_swept_into_their_own_queue(ada: User, own_broker: OwnBroker) -> None:
    version = factories.published(factories.aesthetic(ada))
    Generation.objects.create(
        owner=ada,
        version=version,
        prompt="a boat on the sea",
        seed=1,
        optimiser="adam",
        steps=1,
        rate=1e-4,
        weight=1.0,
        sampling_steps=1,
        guidance=1.0,
        width=96,
        height=96,
    )
    sweep_generations()
    assert (own_broker.waiting("generate"), own_broker.waiting("embed")) == (1, 0)


def test_verifications_are_swept_into_the_queue_of_the_builds(
    ada: User, own_broker: OwnBroker
) -> None:
    version = factories.shelved(factories.aesthetic(ada))
    asked = Verification.objects.create(version=version)
    sweep_verifications()
    asked.refresh_from_db()
    assert (own_broker.waiting("embed"), asked.sent_at is None) == (1, False)


@pytest.mark.parametrize(
    ("age", "by_email", "expected"),
    [
        pytest.param(120, True, 1, id="a message that was lost"),
        pytest.param(5, True, 0, id="a message that is under way"),
        pytest.param(120, False, 0, id="a hub without mail"),
        pytest.param(2 * 86_400, True, 0, id="two days old"),
    ],
)
def test_notices_that_were_never_mailed_are_swept_by_one_message(
    ada: User,
    own_broker: OwnBroker,
    settings: Settings,
    age: int,
    by_email: bool,
    expected: int,
) -> None:
    factories.confirm(ada)
    for number in range(3):
        notices.tell(ada, f"Notice {number}.")
    Notice.objects.update(created_at=Now() - timedelta(seconds=age))
    settings.NOTICES_BY_EMAIL = by_email
    sweep_notices()
    assert own_broker.waiting("embed") == expected


def test_notices_of_who_has_confirmed_no_address_are_not_swept(
    ada: User, own_broker: OwnBroker, settings: Settings
) -> None:
    settings.NOTICES_BY_EMAIL = True
    notices.tell(ada, "It rained.")
    Notice.objects.update(created_at=Now() - timedelta(minutes=2))
    sweep_notices()
    assert own_broker.waiting("embed") == 0
    factories.confirm(ada)
    sweep_notices()
    assert own_broker.waiting("embed") == 1


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_no_broker_took_is_mailed_once_it_is_swept(
    ada: User, own_broker: OwnBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTICES_BY_EMAIL = True
    factories.confirm(ada)
    own_broker.stop()
    notice = notices.tell(ada, "It rained.")
    assert "The broker did not take registry.tasks.mail_notices" in caplog.text
    own_broker.start()
    Notice.objects.update(created_at=Now() - timedelta(minutes=2))
    sweep_notices()
    assert own_broker.waiting("embed") == 1
    mail_notices()
    notice.refresh_from_db()
    assert (len(mail.outbox), notice.mailed_at is None) == (1, False)
    sweep_notices()
    assert own_broker.waiting("embed") == 1


@pytest.mark.parametrize(
    "task",
    [
        "registry.tasks.sweep_builds",
        "registry.tasks.sweep_verifications",
        "generation.tasks.sweep_generations",
    ],
)
def test_a_sweep_of_jobs_waits_neither_for_a_question_nor_for_a_build(task: str) -> None:
    sent = [entry for entry in current.CELERY_BEAT_SCHEDULE.values() if entry["task"] == task]
    assert {entry["options"]["queue"] for entry in sent} == {"encode", "embed"}


def test_every_sweep_is_on_the_timer() -> None:
    swept = {task for task in app.tasks if ".tasks.sweep_" in task}
    assert "registry.tasks.sweep_notices" in swept
    assert swept <= current.CELERY_BEAT_SCHEDULE.keys()
