"""Jobs from their queueing to the last retry, for any kind of job row: send, run, sweep."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from amqp.exceptions import AMQPError
from celery import Task
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from accounts.refusals import Refusal
from registry.leases import JobFailed, JobLost, Lease
from registry.models.jobs import LONGEST_PAUSE, Job, JobState
from registry.outages import Outage

logger = logging.getLogger(__name__)

JobTask = Task[[str], None]  # given the id of a job

BROKER_ERRORS = (OperationalError, AMQPError)  # the second: RabbitMQ refuses us

OUR_FAULT = "Something went wrong on our side; it is in our log. Trying again may help."


class QueueFull(Refusal):
    """More jobs of a kind would wait than may."""

    wait = 60  # seconds, in which some are done

    def __init__(self) -> None:
        most = settings.JOB_MOST_WAITING
        super().__init__("busy", f"The queue is full: {most:,} are waiting. Try again in a minute.")


def send_after_commit(task: JobTask, job: Job) -> None:
    """Send `task` with the id of `job` once the row is there for the worker to see.

    Raises QueueFull; see `send_all_after_commit`.
    """
    send_all_after_commit(task, [job])


def send_all_after_commit(task: JobTask, jobs: Sequence[Job]) -> None:
    """Send `task` with the id of each of `jobs`, all of one kind, once their rows are there.

    For the transaction that has written the rows: it ends without them where QueueFull is raised.
    """
    _refuse_when_full(type(jobs[0]))
    transaction.on_commit(partial(_send_all, task, jobs))


def _refuse_when_full(model: type[Job]) -> None:
    """Raise QueueFull where too many jobs of a kind wait, the new ones among them.

    Requests at the same moment don't see each other's, so that a few more may come to wait.
    """
    waiting = model.objects.filter(state=JobState.QUEUED)[: settings.JOB_MOST_WAITING + 1]
    if waiting.count() > settings.JOB_MOST_WAITING:
        raise QueueFull


def send(task: JobTask, job: Job) -> None:
    """Send `task` for `job`. When the broker is away, the sweep sends it later."""
    _send_all(task, [job])


def _send_all(task: JobTask, jobs: Sequence[Job]) -> None:
    """Send up to the first that the broker does not take.

    The sweep sends the rest: while a broker hangs, each would wait as long as the first.
    """
    sent = []
    for job in jobs:
        if not hand_over(task, str(job.pk)):
            break
        sent.append(job.pk)
    if sent:
        # A worker may have been quicker: what has ended, or is even published, is left alone.
        type(jobs[0]).objects.filter(pk__in=sent).unfinished().update(sent_at=Now())


def hand_over(task: Task[..., None], *keys: str) -> bool:
    """Give the broker a message for `task`; tell whether it took it, and log where it did not."""
    try:
        task.delay(*keys)
    except BROKER_ERRORS as error:
        logger.warning("The broker did not take %s: %s", " ".join([task.name, *keys]), error)
        return False
    return True


def run(model: type[Job], pk: UUID | str, work: Callable[[Any, Lease], None]) -> None:
    """Claim the job and do `work(job, lease)`; return quietly when there is nothing to do.

    The one place where every exception is caught: the job's owner gets a reason in words, the
    log gets the trace.
    """
    job = model.objects.filter(pk=pk).first()
    if job is None:
        return
    lease = Lease(job)
    if not lease.claim():
        return
    with lease.renewing():
        try:
            work(job, lease)
        except JobLost:
            logger.info("%s %s was cancelled or taken over.", model.__name__, pk)
        except Outage as outage:
            logger.warning("%s %s met an outage.", model.__name__, pk, exc_info=True)
            try_later(lease, outage)
        except JobFailed as error:
            end_with_reason(lease, str(error))
        except Exception:
            logger.exception("%s %s failed.", model.__name__, pk)
            end_with_reason(lease, OUR_FAULT)


def end_with_reason(lease: Lease, reason: str) -> None:
    """Fail the job unless it was cancelled meanwhile."""
    try:
        lease.fail(reason)
    except JobLost:
        logger.info("%s ended before its failure could be written.", lease.job.pk)


def try_later(lease: Lease, outage: Outage) -> None:
    """Postpone the job, each time for twice as long; end it where it was begun often enough."""
    begun = lease.job.attempts
    if begun >= settings.JOB_ATTEMPTS:
        end_with_reason(
            lease,
            f"{outage.told} This was begun {begun} {'time' if begun == 1 else 'times'}. Ask again "
            "later; where it happens again, tell the keepers of this hub.",
        )
        return
    longest = int(LONGEST_PAUSE.total_seconds())
    seconds = min(settings.JOB_RESEND_SECONDS * 2 ** (begun - 1), longest)
    minutes = max(1, round(seconds / 60))
    pause = f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    try:
        lease.postpone(
            f"{outage.told} This waits for {pause} and is tried again by itself.", seconds=seconds
        )
    except JobLost:
        logger.info("%s ended before it could be postponed.", lease.job.pk)


def sweep(model: type[Job], task: JobTask) -> None:
    """Send again what waits too long, and end what killed its worker time after time."""
    worn_out = model.objects.abandoned().filter(attempts__gte=settings.JOB_ATTEMPTS)
    worn_out.update(
        state=JobState.FAILED,
        lease=None,
        leased_until=None,
        finished_at=Now(),
        reason=f"The worker stopped {settings.JOB_ATTEMPTS} times while it worked on this.",
    )
    for job in model.objects.unsent(seconds=settings.JOB_RESEND_SECONDS).only("pk"):
        send(task, job)
