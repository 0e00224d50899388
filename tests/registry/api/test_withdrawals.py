"""Withdrawn versions over HTTP: what to take instead, and what downloads say of it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from registry import publishing, takedowns
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer, errors, problem

VERSIONS = "/api/v1/aesthetics/ada/sea-mist/versions"


def yank(client: Client, version: Version, **said: str) -> Answer:
    headers = factories.bearer(version.aesthetic.owner)
    body = {"reason": "Too grey — sorry.", **said}
    return client.post(f"{VERSIONS}/v1/yank", body, "application/json", headers=headers)


@pytest.fixture
def better(version: Version, bob: User) -> Version:
    """A version of somebody else that may stand for the withdrawn one."""
    return factories.shelved(factories.aesthetic(bob, "better"))


def downloads(version: Version) -> list[str]:
    file = version.files.get(name="sea-mist.npy")
    return [
        *(f"{VERSIONS}/{ref}/files/{file.name}" for ref in ("v1", version.version_digest)),
        f"{VERSIONS}/v1/manifest",
        f"{VERSIONS}/v1/recipe",
        *(f"/api/v1/blobs/{digest}" for digest in (file.digest, version.version_digest)),
    ]


def test_what_to_take_instead_is_named_and_downloads_warn(
    client: Client, version: Version, better: Version
) -> None:
    for path in downloads(version):
        assert not {"Warning", "Link"} & set(client.get(path).headers), path
    said = yank(client, version, superseded_by="bob/better").json()["yanked"]
    assert said["superseded_by"] == "bob/better@v1"
    for path in downloads(version):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer["Warning"].startswith(
            '299 - "ada/sea-mist@v1 was withdrawn by its owner: '
        ), path
        assert answer["Link"].endswith('/bob/better/versions/v1>; rel="successor-version"'), path


def test_without_a_successor_downloads_only_warn(client: Client, version: Version) -> None:
    assert yank(client, version).json()["yanked"]["superseded_by"] is None
    answer = client.get(downloads(version)[0])
    assert "Warning" in answer.headers
    assert "Link" not in answer.headers


def test_a_successor_can_be_named_later(client: Client, version: Version, better: Version) -> None:
    yank(client, version)
    said = yank(client, version, reason="Another.", superseded_by="bob/better@v1").json()["yanked"]
    assert (said["reason"], said["superseded_by"]) == ("Too grey — sorry.", "bob/better@v1")


def test_a_successor_that_became_private_is_named_no_longer(
    client: Client, version: Version, better: Version
) -> None:
    yank(client, version, superseded_by="bob/better")
    Aesthetic.objects.filter(pk=better.aesthetic_id).update(visibility="private")
    assert client.get(f"{VERSIONS}/v1").json()["yanked"]["superseded_by"] is None
    assert "Link" not in client.get(downloads(version)[0]).headers
    assert "better" not in client.get("/ada/sea-mist").content.decode()


@pytest.mark.parametrize(
    "withdraw",
    [
        lambda successor: publishing.yank(successor, reason="Too blue."),
        lambda successor: takedowns.take_down(successor, reason="Not his."),
    ],
    ids=["withdrawn", "taken down"],
)
def test_a_successor_that_is_offered_no_more_is_named_no_longer(
    client: Client, version: Version, better: Version, withdraw: Callable[[Version], object]
) -> None:
    yank(client, version, superseded_by="bob/better")
    withdraw(better)
    assert client.get(f"{VERSIONS}/v1").json()["yanked"]["superseded_by"] is None
    assert "Link" not in client.get(downloads(version)[0]).headers
    assert "Take <a" not in client.get("/ada/sea-mist").content.decode()


def test_what_can_not_succeed_is_refused(client: Client, version: Version, bob: User) -> None:
    factories.shelved(factories.aesthetic(bob, "hidden"))
    Aesthetic.objects.filter(slug="hidden").update(visibility="private")
    own = factories.shelved(factories.aesthetic(version.aesthetic.owner, "own"))
    Aesthetic.objects.filter(pk=own.aesthetic_id).update(visibility="private")
    foreign = factories.shelved(factories.aesthetic(bob, "foreign"), within="another")
    assert foreign.space_id != version.space_id
    for ref in ("nobody/nothing", "bob/hidden", "x"):
        assert errors(yank(client, version, superseded_by=ref)) == {"/superseded_by": "invalid"}
    for ref in ("ada/sea-mist@v1", "ada/own", "bob/foreign"):
        problem(yank(client, version, superseded_by=ref), 422, "unfit-successor")
    version.refresh_from_db()
    assert version.yanked_at is None


def test_bytes_that_an_offered_version_has_as_well_come_without_a_warning(
    client: Client, version: Version, bob: User
) -> None:
    copy = factories.aesthetic(bob, "copy")
    for seed in range(5):
        factories.member(copy, 1000 * version.aesthetic_id + seed)
    factories.published(copy)
    yank(client, version)
    shared = version.files.get(name="sea-mist.npy").digest
    assert "Warning" not in client.get(f"/api/v1/blobs/{shared}").headers


@pytest.mark.parametrize("versions", [1, 2])
def test_the_answer_is_about_the_version_that_was_withdrawn_whatever_its_name_means_by_now(
    client: Client, version: Version, versions: int
) -> None:
    """Whoever is told of another, or of none, tries again, and withdraws one more."""
    newest = version
    for extra in range(1, versions):
        factories.member(version.aesthetic, 90 + extra)
        newest = factories.published(version.aesthetic)
    headers = factories.bearer(version.aesthetic.owner)
    said = {"reason": "Too grey."}
    answer = client.post(f"{VERSIONS}/latest/yank", said, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["version"]) == (200, newest.name)
    assert answer.json()["yanked"]["reason"] == "Too grey."
