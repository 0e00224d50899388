"""How much of something a person may do in a day, and the refusal when it is used up."""

from datetime import datetime

from django.utils import timezone

from accounts.refusals import Refusal


class QuotaExceeded(Refusal):
    """A person has used up a day's share of something."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            "quota-exceeded", f"You have used today's {limit:,} {what}. More from midnight UTC on."
        )


def start_of_day() -> datetime:
    """Return the last midnight UTC, when all quotas start anew."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def check_quota(what: str, *, used: int, asked: int, limit: int) -> None:
    """Raise QuotaExceeded when `asked` more on top of `used` would pass `limit`."""
    if used + asked > limit:
        raise QuotaExceeded(what, limit)
