"""Who may see which picture: covers are everybody's, the rest of a set its owner's."""

import pytest
from django.test import Client

from accounts.models import User
from registry import uploads
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer


def thumbnail(client: Client, digest: str, of: str = "ada/sea-mist") -> Answer:
    return client.get(f"/{of}/thumbnails/{digest.removeprefix('sha256:')}.webp")


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


def test_a_cover_is_public_and_small(client: Client, version: Version) -> None:
    for member in version.members.exclude(cover_rank=None).select_related("image"):
        response = thumbnail(client, member.image.digest)
        assert response.status_code == 200
        assert response["Content-Type"] == "image/webp"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response.content[8:12] == b"WEBP"
        # It may be taken down; whoever keeps it asks each time.
        assert response["Cache-Control"] == "public, no-cache"


def test_another_picture_of_the_set_is_its_owners_only(
    client: Client, as_ada: Client, as_bob: Client, version: Version
) -> None:
    digest = version.members.get(cover_rank=None).image.digest
    assert thumbnail(as_ada, digest).status_code == 200
    assert thumbnail(client, digest).status_code == 404
    assert thumbnail(as_bob, digest).status_code == 404


def test_what_only_its_owner_sees_is_kept_by_nobody_since_they_may_log_out(
    as_ada: Client, version: Version
) -> None:
    cover = version.members.get(cover_rank=1).image.digest
    other = version.members.get(cover_rank=None).image.digest
    assert thumbnail(as_ada, cover)["Cache-Control"] == "public, no-cache"
    assert thumbnail(as_ada, other)["Cache-Control"] == "private, no-store"
    Aesthetic.objects.update(visibility="private")
    assert thumbnail(as_ada, cover)["Cache-Control"] == "private, no-store"


def test_the_cover_of_a_build_that_was_not_published_is_its_owners_only(
    client: Client, as_ada: Client, as_bob: Client, version: Version
) -> None:
    added = factories.member(version.aesthetic, 99)
    factories.built(version.aesthetic).members.update(cover_rank=None)
    factories.built(version.aesthetic).members.filter(image=added.image).update(cover_rank=1)
    assert thumbnail(as_ada, added.image.digest).status_code == 200
    assert thumbnail(client, added.image.digest).status_code == 404
    assert thumbnail(as_bob, added.image.digest).status_code == 404


def test_pictures_of_a_draft_are_its_owners_only(
    client: Client, as_ada: Client, as_bob: Client, draft: Aesthetic
) -> None:
    digest = factories.member(draft, 1).image.digest
    assert thumbnail(as_ada, digest).status_code == 200
    assert thumbnail(client, digest).status_code == 404
    assert thumbnail(as_bob, digest).status_code == 404


def test_a_cover_of_what_became_private_is_its_owners_only(
    client: Client, as_ada: Client, version: Version
) -> None:
    digest = version.members.get(cover_rank=1).image.digest
    Aesthetic.objects.update(visibility="private")
    assert thumbnail(as_ada, digest).status_code == 200
    assert thumbnail(client, digest).status_code == 404


def test_a_picture_that_is_elsewhere_is_not_found_here(
    as_ada: Client, as_bob: Client, version: Version, bob: User
) -> None:
    """Nobody learns by this whether the hub holds a picture."""
    digest = version.members.get(cover_rank=1).image.digest
    factories.aesthetic(bob, "mine")
    assert thumbnail(as_bob, digest, "bob/mine").status_code == 404


def test_its_owner_still_sees_what_a_published_version_measured(
    as_ada: Client, client: Client, version: Version
) -> None:
    digest = version.members.get(cover_rank=None).image.digest
    uploads.remove_image(version.aesthetic, digest)
    assert thumbnail(as_ada, digest).status_code == 200
    assert thumbnail(client, digest).status_code == 404


@pytest.mark.parametrize("name", ["x", "0" * 63, "G" * 64, "0" * 64, "..%2f..%2fx"])
def test_what_is_no_digest_of_the_set_is_not_found(
    as_ada: Client, version: Version, name: str
) -> None:
    assert as_ada.get(f"/ada/sea-mist/thumbnails/{name}.webp").status_code == 404


def test_a_browser_that_has_it_asks_in_vain(client: Client, version: Version) -> None:
    digest = version.members.get(cover_rank=1).image.digest
    etag = thumbnail(client, digest)["ETag"]
    path = f"/ada/sea-mist/thumbnails/{digest.removeprefix('sha256:')}.webp"
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("how", ["taken out of the set", "origin emptied"])
def test_a_cover_that_nobody_can_credit_any_more_is_shown_to_its_owner_alone(
    client: Client, as_ada: Client, version: Version, how: str
) -> None:
    member = version.members.get(cover_rank=1)
    digest = member.image.digest
    page = client.get("/ada/sea-mist").content.decode()
    assert digest.removeprefix("sha256:") in page
    if how == "taken out of the set":
        uploads.remove_image(version.aesthetic, digest)
    else:
        version.aesthetic.members.filter(image=member.image).update(credit="", source="")
    assert thumbnail(client, digest).status_code == 404
    assert thumbnail(as_ada, digest)["Cache-Control"] == "private, no-store"
    page = client.get("/ada/sea-mist").content.decode()
    assert digest.removeprefix("sha256:") not in page
    assert page.count("/thumbnails/") == 3
