"""How much of something a person may do in a day, and the refusal when it is used up."""

import math
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.refusals import Refusal


class QuotaExceeded(Refusal):
    """A person has used up a day's share of something.

    `bucket` names the share to programs, `wait` is how many seconds are left of the day.
    """

    def __init__(self, what: str, limit: int, *, bucket: str | None = None) -> None:
        super().__init__(
            "quota-exceeded", f"You have used today's {limit:,} {what}. More from midnight UTC on."
        )
        self.bucket = bucket or what.replace(" ", "-")
        self.wait = _seconds_left()


def start_of_day() -> datetime:
    """Return the last midnight UTC, when all quotas start anew."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def check_quota(what: str, *, used: int, asked: int, limit: int, bucket: str | None = None) -> None:
    """Raise QuotaExceeded when `asked` more on top of `used` would pass `limit`.

    The share's `bucket` is called as what it holds where it has no name of its own.
    """
    if used + asked > limit:
        raise QuotaExceeded(what, limit, bucket=bucket)


def _seconds_left() -> int:
    """Return how many seconds there are until midnight UTC, rounded up."""
    midnight = start_of_day() + timedelta(days=1)
    return max(1, math.ceil((midnight - timezone.now()).total_seconds()))
