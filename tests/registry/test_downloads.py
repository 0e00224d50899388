"""Counting downloads: SPEC section 4."""

import hmac
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from registry.models import Aesthetic, Download, DownloadSalt, Version
from registry.tasks import forget_visitors
from tests import factories
from tests.answers import Answer

FILE = "/api/v1/aesthetics/ada/sea-mist/versions/v1/files/sea-mist.npy"
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def _published(version: Version) -> None:
    """Every test has a version to download."""


def count() -> int:
    number = Aesthetic.objects.get().download_count
    assert number == Download.objects.count()
    return number


def fetch(agent: str = "a", address: str = ADDRESS, path: str = FILE, **more: str) -> Answer:
    headers = {"User-Agent": agent, **more}
    return Client().get(path, headers=headers, REMOTE_ADDR=address)


def test_a_visitor_counts_once_a_version_and_day() -> None:
    for _ in range(3):
        assert fetch().status_code == 200
    assert count() == 1


def test_another_file_of_the_same_version_is_the_same_download(version: Version) -> None:
    fetch()
    fetch(path=FILE.replace(".npy", ".pt"))
    fetch(path=f"/api/v1/blobs/{version.files.get(name='sea-mist.json').digest}")
    assert count() == 1


def test_another_address_or_another_program_is_another_visitor() -> None:
    fetch("a", ADDRESS)
    fetch("b", ADDRESS)
    fetch("a", "203.0.113.8")
    assert count() == 3


def test_behind_a_proxy_each_visitor_counts(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for visitor in ("198.51.100.1", "198.51.100.2", "made up, 198.51.100.2"):
        fetch(**{"X-Forwarded-For": visitor})
    assert count() == 2


def test_without_a_trusted_proxy_nobody_is_believed_to_be_somebody_else() -> None:
    for visitor in ("198.51.100.1", "198.51.100.2"):
        fetch(**{"X-Forwarded-For": visitor})
    assert count() == 1


@pytest.mark.parametrize("proxies", [0, 2])
def test_a_visitor_whose_address_nobody_knows_downloads_all_the_same(
    settings: Settings, proxies: int
) -> None:
    """On a unix socket there is no address; with fewer proxies than said none is to be trusted."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert fetch(address="", **{"X-Forwarded-For": "198.51.100.1"}).status_code == 200
    assert count() == 1


def test_another_version_is_another_download(version: Version) -> None:
    factories.member(version.aesthetic, 99)
    factories.published(version.aesthetic)
    fetch()
    fetch(path=FILE.replace("/v1/files", "/v2/files"))
    assert count() == 2


def test_a_download_by_digest_counts(version: Version) -> None:
    fetch(path=f"/api/v1/blobs/{version.files.get(name='sea-mist.npy').digest}")
    assert count() == 1


def test_the_owners_own_downloads_do_not_count(version: Version) -> None:
    headers = factories.bearer(version.aesthetic.owner)
    assert Client().get(FILE, headers=headers).status_code == 200
    assert count() == 0


def test_another_persons_downloads_do(bob: User) -> None:
    assert Client().get(FILE, headers=factories.bearer(bob)).status_code == 200
    assert count() == 1


def test_head_304_and_a_later_part_do_not_count() -> None:
    etag = Client().head(FILE)["ETag"]
    assert fetch(**{"If-None-Match": etag}).status_code == 304
    assert fetch(Range="bytes=100-200").status_code == 206
    assert fetch(Range="bytes=900000-").status_code == 416
    assert count() == 0


def test_a_part_from_the_first_byte_counts() -> None:
    assert fetch(Range="bytes=0-99").status_code == 206
    assert count() == 1


def test_looking_at_lists_manifests_and_pages_does_not_count() -> None:
    for path in (
        "/ada/sea-mist",
        "/api/v1/aesthetics",
        "/api/v1/aesthetics/ada/sea-mist/versions/v1",
        "/api/v1/aesthetics/ada/sea-mist/versions/v1/manifest",
        "/api/v1/aesthetics/ada/sea-mist/versions/v1/recipe",
    ):
        assert fetch(path=path).status_code == 200
    assert count() == 0


def test_no_address_is_stored() -> None:
    fetch()
    (row,) = Download.objects.values()
    assert ADDRESS not in str(row)
    assert len(row["visitor"]) == 64


def test_the_secret_key_and_the_day_do_not_tell_who_it_was(settings: Settings) -> None:
    """Or whoever got hold of the key could try all addresses, for every day there ever was."""
    fetch()
    day, key = timezone.now().date(), settings.SECRET_KEY.encode()
    derived = hmac.digest(key, f"downloads {day}".encode(), "sha256")
    tried = hmac.new(derived, f"{ADDRESS} a".encode(), "sha256").hexdigest()
    assert Download.objects.get().visitor != tried
    assert len(bytes(DownloadSalt.objects.get(day=day).salt)) == 32


def test_a_day_is_forgotten_once_it_is_over_and_its_number_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch()
    forget_visitors()
    assert (Download.objects.count(), DownloadSalt.objects.count()) == (1, 1)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    fetch()
    forget_visitors()
    assert [row.day for row in Download.objects.all()] == [tomorrow.date()]
    assert [row.day for row in DownloadSalt.objects.all()] == [tomorrow.date()]
    assert Aesthetic.objects.get().download_count == 2


def test_beat_has_them_forgotten(settings: Settings) -> None:
    assert forget_visitors.name in settings.CELERY_BEAT_SCHEDULE


def test_a_visitor_cannot_be_followed_from_day_to_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same visitor has another name under the key of another day."""
    fetch()
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    fetch()
    assert count() == 2
    first, second = Download.objects.order_by("day")
    assert second.day - first.day == timedelta(days=1)
    assert first.visitor != second.visitor
