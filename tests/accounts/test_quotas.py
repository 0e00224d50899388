"""A day's share of something."""

from datetime import UTC

import pytest
from django.utils import timezone

from accounts.quotas import QuotaExceeded, check_quota, start_of_day


def test_the_last_one_of_the_share_is_granted() -> None:
    check_quota("builds", used=9, asked=1, limit=10)


def test_one_more_is_refused_in_a_sentence_with_the_number() -> None:
    with pytest.raises(QuotaExceeded) as caught:
        check_quota("bytes of pictures", used=2_000_000, asked=1, limit=2_000_000)
    assert caught.value.code == "quota-exceeded"
    assert caught.value.detail == (
        "You have used today's 2,000,000 bytes of pictures. More from midnight UTC on."
    )


def test_one_large_request_is_refused_as_a_whole() -> None:
    with pytest.raises(QuotaExceeded):
        check_quota("pictures", used=0, asked=11, limit=10)


def test_a_day_begins_at_midnight_utc() -> None:
    start = start_of_day()
    assert (start.hour, start.minute, start.second, start.microsecond) == (0, 0, 0, 0)
    assert start.tzinfo == UTC
    assert 0 <= (timezone.now() - start).total_seconds() < 86_400 + 1
