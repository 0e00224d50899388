"""What every job row has in common: states, progress, and the lease of the worker that holds it.

A job is a row of its own kind (a version being built, a picture being drawn), so that the result
and the state change in one UPDATE.

    QUEUED -> RUNNING -> SUCCEEDED | FAILED
    QUEUED | RUNNING  -> CANCELLED
    RUNNING -> QUEUED (given back by its worker, when it can wait and others can't)
    RUNNING -> QUEUED (postponed by its worker, where the store or the models are away)

A worker takes a job by one conditional UPDATE and gets a lease: a random token and a time. Every
later write of that worker names the token, so a worker that lost its lease (cancelled, or thought
dead) changes nothing any more. A job that is postponed has the end of a lease without a token:
until then it is no worker's, and then the next one's. All times are the database's, so clocks of
workers may differ.
"""

import uuid
from abc import abstractmethod
from datetime import timedelta
from typing import Self, TypeVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least, Now


class JobState(models.TextChoices):
    QUEUED = "queued", "waiting"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "ready"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


FINAL_STATES = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED]
OPEN_STATES = [JobState.QUEUED, JobState.RUNNING]

LONGEST_PAUSE = timedelta(minutes=10)  # between two messages for a job that nobody works on


AnyJob = TypeVar("AnyJob", bound="Job")


class JobQuerySet(models.QuerySet[AnyJob]):
    def unfinished(self) -> Self:
        """Return the jobs that wait or run."""
        return self.filter(state__in=OPEN_STATES)

    def abandoned(self) -> Self:
        """Return the running jobs whose worker stopped renewing its lease."""
        return self.filter(state=JobState.RUNNING, leased_until__lt=Now())

    def claim(self, pk: uuid.UUID, *, lease: uuid.UUID, seconds: int, most_attempts: int) -> bool:
        """Take the job `pk` for the holder of `lease`; False when there is nothing to take.

        A job that was begun `most_attempts` times is left for the sweep to end: what stops every
        worker is not given to one more by a message that was still under way.
        """
        return bool(
            self._free()
            .filter(pk=pk, attempts__lt=most_attempts)
            .update(
                state=JobState.RUNNING,
                reason="",
                lease=lease,
                leased_until=Now() + timedelta(seconds=seconds),
                attempts=F("attempts") + 1,
                started_at=Coalesce("started_at", Now()),
            )
        )

    def held(self, pk: uuid.UUID, lease: uuid.UUID) -> Self:
        """Return the job `pk` as long as `lease` holds it; writes of workers go through this."""
        return self.filter(pk=pk, lease=lease, state=JobState.RUNNING)

    def cancel(self, pk: uuid.UUID) -> bool:
        """End the job `pk` unless it has ended; its worker notices at its next write."""
        return bool(self.filter(pk=pk).cancel_all())

    def cancel_all(self) -> int:
        """End those of these that have not ended, and return how many there were."""
        return self.unfinished().update(
            state=JobState.CANCELLED, reason="", lease=None, leased_until=None, finished_at=Now()
        )

    def unsent(self, *, seconds: int) -> Self:
        """Return the jobs nobody works on, whose last message is older than `seconds`.

        The oldest come first, so that lost messages cost nobody their turn. Most of them wait in a
        long queue, where every message more is in the way. So the pause doubles with the waiting,
        up to LONGEST_PAUSE.
        """
        idle_since = Coalesce("leased_until", "created_at")
        pause = Greatest(
            Least(F("sent_at") - idle_since, Value(LONGEST_PAUSE)),
            Value(timedelta(seconds=seconds)),
            output_field=models.DurationField(),
        )
        due = Q(sent_at__isnull=True) | Q(sent_at__lt=Now() - pause)
        return self._free().filter(due).order_by("created_at")

    def _free(self) -> Self:
        """Return the jobs that a worker may take: no lease, or one that has ended."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
        return self.unfinished().filter(free)


class Job(models.Model):
    """The columns of a job; see the module's text for its states."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=9, choices=JobState.choices, default=JobState.QUEUED)
    stage = models.CharField(max_length=64, blank=True)  # what is being done, for people
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)  # why it failed, or was postponed, in words
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="%(class)s_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING)
                | Q(lease__isnull=False, leased_until__isnull=False),
                name="%(class)s_running_is_leased",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.FAILED) | ~Q(reason=""),
                name="%(class)s_failed_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "sent_at"],
                condition=Q(state__in=OPEN_STATES),
                name="%(class)s_open",
            ),
        ]

    @abstractmethod  # held by mypy: each kind of job has a page of its own
    def get_absolute_url(self) -> str:
        """Return the address of the result's page."""

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def has_succeeded(self) -> bool:
        return self.state == JobState.SUCCEEDED
