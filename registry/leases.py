"""How a worker holds a job: it claims the row, renews the lease while it lives, writes results.

A lease is short and renewed by a thread of the working process, so that the job of a killed
worker is free again within seconds, however long the work may take. A worker that hangs is
killed by the task's time limit, and its thread with it. Writes of a worker that has lost its
lease change nothing and raise JobLost.
"""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.functions import Now

from registry.models.jobs import Job, JobState

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class JobLost(Exception):
    """The job was cancelled, or another worker has taken it: stop, and write nothing more."""


class JobFailed(Exception):
    """The work cannot be done, for a reason that its owner can read and act upon."""


class Lease:
    """One worker's hold on one job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.token = uuid.uuid4()
        self._ended = threading.Event()

    def claim(self) -> bool:
        """Take the job; False when it has ended, is worn out, or another worker holds it."""
        taken = type(self.job).objects.claim(
            self.job.pk,
            lease=self.token,
            seconds=settings.JOB_LEASE_SECONDS,
            most_attempts=settings.JOB_ATTEMPTS,
        )
        if not taken:
            return False
        self.job.refresh_from_db()
        return True

    def report(self, *, stage: str, done: int, total: int, **results: Any) -> None:
        """Write progress, with what is done so far, and renew the lease.

        Raises JobLost when it is gone.
        """
        self._write(stage=stage, done=done, total=total, **results, **self._renewed())

    def succeed(self, **results: Any) -> None:
        """Write the results and end the job, in one UPDATE."""
        self._end(state=JobState.SUCCEEDED, stage="", **results)

    def give_back(self, **results: Any) -> None:
        """Let the job wait again, with what is done of it; that was no failed attempt."""
        self._write(
            **results,
            state=JobState.QUEUED,
            lease=None,
            leased_until=None,
            attempts=F("attempts") - 1,
        )

    def postpone(self, reason: str, *, seconds: int) -> None:
        """Let the job wait again, and be no worker's for some seconds; that was an attempt.

        When they are over the sweep sends it.
        """
        self._write(
            state=JobState.QUEUED,
            stage="",
            reason=reason,
            lease=None,
            leased_until=Now() + timedelta(seconds=seconds),
            sent_at=None,
        )

    def fail(self, reason: str) -> None:
        """End the job with the reason."""
        self._end(state=JobState.FAILED, reason=reason)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Renew the lease from a thread until the block is left."""
        thread = threading.Thread(target=self._renew_until_ended, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _renew_until_ended(self) -> None:
        pause = settings.JOB_LEASE_SECONDS / RENEWALS_PER_LEASE
        while not self._ended.wait(pause):
            try:
                held = type(self.job).objects.held(self.job.pk, self.token)
                held.update(**self._renewed())
            except DatabaseError as error:
                # The next renewal may succeed; if none does, the lease ends and others take over.
                logger.warning("Could not renew the lease of %s: %s", self.job.pk, error)
            finally:
                connection.close()

    def _renewed(self) -> dict[str, Any]:
        return {"leased_until": Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)}

    def _end(self, **values: Any) -> None:
        self._write(**values, lease=None, leased_until=None, finished_at=Now())

    def _write(self, **values: Any) -> None:
        held = type(self.job).objects.held(self.job.pk, self.token)
        if not held.update(**values):
            raise JobLost(f"{self.job.pk} is no longer ours.")
