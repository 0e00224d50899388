"""A day's share of something."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from accounts.models import Usage
from accounts.quotas import QuotaExceeded, check_quota, start_of_day
from tests import factories


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


def test_a_refusal_says_which_share_it_is_and_how_long_until_midnight() -> None:
    with pytest.raises(QuotaExceeded) as caught:
        check_quota("bytes of pictures", used=2, asked=1, limit=2)
    midnight = start_of_day() + timedelta(days=1)
    left = (midnight - timezone.now()).total_seconds()
    assert caught.value.bucket == "bytes-of-pictures"
    assert left <= caught.value.wait <= left + 10
    with pytest.raises(QuotaExceeded) as caught:
        check_quota("pictures", used=2, asked=1, limit=2, bucket="drawings")
    assert caught.value.bucket == "drawings"


def test_a_day_begins_at_midnight_utc() -> None:
    start = start_of_day()
    assert (start.hour, start.minute, start.second, start.microsecond) == (0, 0, 0, 0)
    assert start.tzinfo == UTC
    assert 0 <= (timezone.now() - start).total_seconds() < 86_400 + 1


@pytest.mark.django_db
def test_what_was_spent_today_is_counted_for_each_person_and_thing() -> None:
    ada, bob = factories.person("ada"), factories.person("bob")
    Usage.objects.spend(ada, "pictures", 2, limit=2)
    with pytest.raises(QuotaExceeded, match="today's 2 pictures"):
        Usage.objects.spend(ada, "pictures", 1, limit=2)
    Usage.objects.spend(ada, "builds", 1, limit=2)
    Usage.objects.spend(bob, "pictures", 1, limit=2)
    Usage.objects.update(day=timezone.now().date() - timedelta(days=1))
    Usage.objects.spend(ada, "pictures", 1, limit=2)


@pytest.mark.django_db
def test_more_than_the_whole_share_is_refused_at_once() -> None:
    with pytest.raises(QuotaExceeded):
        Usage.objects.spend(factories.person(), "pictures", 3, limit=2)
