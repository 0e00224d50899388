"""A version measured again, on its page."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry import publishing
from registry.models import Aesthetic, Verification, Version
from tests import factories
from tests.registry.test_importing import imported

PAGE = "/ada/sea-mist/versions/v1"


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def as_bob(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def words(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_owner_asks_watches_and_cancels_without_javascript(
    as_ada: Client, version: Version
) -> None:
    assert "Nobody has measured the pictures of this version a second time yet." in words(as_ada)
    asked = as_ada.post(f"{PAGE}/verify")
    assert asked["Location"] == f"{PAGE}#reproduced"
    page, fragment = words(as_ada), words(as_ada, f"{PAGE}/reproduced")
    for text in (page, fragment):
        assert "Waiting for a worker." in text
        assert 'hx-trigger="every 1s"' in text
    assert "<html" not in fragment
    job = Verification.objects.get()
    as_ada.post(f"{PAGE}/verify/{job.pk}/cancel")
    job.refresh_from_db()
    assert job.state == "cancelled"
    page = words(as_ada)
    assert "The measuring is cancelled." in page
    assert "Measure again" in page
    assert 'hx-get="/ada/sea-mist/versions/v1/reproduced"' not in page


def test_everybody_reads_what_came_out_and_nobody_else_has_the_button(
    as_ada: Client, as_bob: Client, client: Client, version: Version
) -> None:
    found = factories.verified(version, verdict="deviates", deviates_at="features")
    picture = version.members.select_related("image")[3].image
    found.remeasurements.create(image=picture, is_equal=False)
    factories.verified(version, finished_at="2026-01-05T00:00:00Z")
    as_ada.post(f"{PAGE}/verify")
    for visitor in (as_bob, client):
        page = words(visitor)
        assert "reproduced ×1" in page  # noqa: RUF001  (a multiplication sign is meant)
        assert "<strong>Deviates</strong> at the stage “features”" in page
        assert "5 of 5" in page
        for secret in ("Measure again", "Waiting for a worker.", "for you alone", "bytes are gone"):
            assert secret not in page
    assert "The stored bytes are gone." in words(as_ada)


def test_others_neither_ask_nor_cancel(as_bob: Client, client: Client, version: Version) -> None:
    job = Verification.objects.create(version=version)
    for path in (f"{PAGE}/verify", f"{PAGE}/verify/{job.pk}/cancel"):
        assert as_bob.post(path).status_code == 403
        assert client.post(path).status_code == 302
    job.refresh_from_db()
    assert (job.state, Verification.objects.count()) == ("queued", 1)


def test_a_refusal_is_told_on_the_page(
    as_ada: Client, version: Version, settings: Settings
) -> None:
    settings.QUOTA_VERIFICATIONS = 0
    page = as_ada.post(f"{PAGE}/verify", follow=True).content.decode()
    assert "You have used today&#x27;s 0 verifications." in page


def test_an_import_has_nothing_to_measure(as_ada: Client, draft: Aesthetic) -> None:
    publishing.publish(imported(draft).version)
    page = words(as_ada)
    assert "There is nothing to measure" in page
    assert "Measure again" not in page
