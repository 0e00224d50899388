"""Aliases over HTTP: set and moved by the owner, resolved and with their history for everybody."""

from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry.aliases import move_alias
from registry.models import AliasMove, Version
from registry.models.aliases import MOVES_SHOWN
from tests import factories
from tests.answers import Answer, errors, problem

ALIASES = "/api/v1/aesthetics/ada/sea-mist/aliases"
VERSIONS = "/api/v1/aesthetics/ada/sea-mist/versions"


def put(client: Client, person: User, name: str, version: str, *scopes: str) -> Answer:
    return client.put(
        f"{ALIASES}/{name}",
        {"version": version},
        "application/json",
        headers=factories.bearer(person, *scopes),
    )


def test_an_alias_is_set_then_moved_and_everybody_reads_how(
    client: Client, version: Version
) -> None:
    owner = version.aesthetic.owner
    factories.shelved(version.aesthetic)
    assert put(client, owner, "stable", "v1").status_code == 201
    moved = put(client, owner, "stable", "latest")
    assert moved.status_code == 200
    assert moved.json()["version"] == "v2"
    (alias,) = client.get(ALIASES).json()["items"]
    assert alias == client.get(f"{ALIASES}/stable").json()
    said = [(move["source"], move["target"], move["moved_by"]) for move in alias["moves"]]
    assert said == [("v1", "v2", "ada"), (None, "v1", "ada")]
    assert all(move["moved_at"] for move in alias["moves"])


def test_a_version_that_is_not_there_is_pointed_at(client: Client, version: Version) -> None:
    said = problem(put(client, version.aesthetic.owner, "stable", "v9"), 404, "not-found")
    assert said["detail"] == "ada/sea-mist has no published version “v9”."
    assert [error["pointer"] for error in said["errors"]] == ["/version"]


def test_an_alias_stands_for_the_version_at_every_address(client: Client, version: Version) -> None:
    put(client, version.aesthetic.owner, "stable", version.version_digest)
    assert client.get(f"{VERSIONS}/stable").json() == client.get(f"{VERSIONS}/v1").json()
    for part in ("manifest", "recipe", "files/sea-mist.npy"):
        by_alias, by_name = (client.get(f"{VERSIONS}/{ref}/{part}") for ref in ("stable", "v1"))
        assert by_alias.content == by_name.content
        assert by_alias["Cache-Control"] == "public, no-cache"
    assert "Version 1" in client.get("/ada/sea-mist/versions/stable").content.decode()


def moved_to_and_fro(version: Version, times: int) -> None:
    versions = [version, factories.shelved(version.aesthetic)]
    for number in range(times):
        to = versions[number % 2]
        move_alias(version.aesthetic, "stable", to=to, by=version.aesthetic.owner)


def test_an_alias_comes_with_its_newest_moves_and_all_of_them_are_pages(
    client: Client, version: Version
) -> None:
    moved_to_and_fro(version, MOVES_SHOWN + 5)
    beside = client.get(f"{ALIASES}/stable").json()["moves"]
    assert len(beside) == MOVES_SHOWN
    (alias,) = client.get(ALIASES).json()["items"]
    assert alias["moves"] == beside
    first = client.get(f"{ALIASES}/stable/moves", {"limit": 15}).json()
    rest = client.get(first["next"]).json()
    assert [*first["items"], *rest["items"]][:MOVES_SHOWN] == beside
    assert len(rest["items"]) == MOVES_SHOWN + 5 - 15
    assert (rest["items"][-1]["source"], rest["next"]) == (None, None)
    problem(client.get(f"{ALIASES}/other/moves"), 404, "not-found")


def test_aliases_are_pages_by_name(client: Client, version: Version) -> None:
    for name in ("b", "a", "d", "c"):
        move_alias(version.aesthetic, name, to=version, by=version.aesthetic.owner)
    first = client.get(ALIASES, {"limit": 3}).json()
    rest = client.get(first["next"]).json()
    assert [alias["name"] for alias in first["items"]] == ["a", "b", "c"]
    assert [alias["name"] for alias in rest["items"]] == ["d"]


def test_a_day_has_so_many_moves_and_one_that_changes_nothing_is_none(
    client: Client, version: Version, settings: Settings
) -> None:
    settings.QUOTA_ALIAS_MOVES = 2
    owner = version.aesthetic.owner
    factories.shelved(version.aesthetic)
    assert put(client, owner, "stable", "v1").status_code == 201
    assert put(client, owner, "stable", "v1").status_code == 200
    assert put(client, owner, "stable", "v2").status_code == 200
    body = problem(put(client, owner, "other", "v1"), 429, "quota-exceeded")
    assert "today's 2 moves of aliases" in body["detail"]
    assert AliasMove.objects.count() == 2
    assert put(client, owner, "stable", "v2").status_code == 200


def test_only_the_owner_sets_it_with_a_token_that_publishes(
    client: Client, version: Version, bob: User
) -> None:
    problem(put(client, bob, "stable", "v1"), 403, "forbidden")
    problem(put(client, version.aesthetic.owner, "stable", "v1", "write"), 403, "forbidden")
    answer = client.put(f"{ALIASES}/stable", {"version": "v1"}, "application/json")
    problem(answer, 401, "unauthenticated")
    assert not AliasMove.objects.exists()


def test_what_can_not_be_is_refused(client: Client, version: Version) -> None:
    owner = version.aesthetic.owner
    for name in ("latest", "v9", version.version_digest, "a" * 64):
        assert errors(put(client, owner, name, "v1")) == {"/name": "reserved-alias"}, name
    assert errors(put(client, owner, "-x", "v1")) == {"/name": "alias"}
    problem(put(client, owner, "stable", "v2"), 404, "not-found")
    problem(client.get(f"{ALIASES}/stable"), 404, "not-found")
    client.post(
        f"{VERSIONS}/v1/yank",
        {"reason": "x"},
        "application/json",
        headers=factories.bearer(owner),
    )
    problem(put(client, owner, "stable", "v1"), 409, "not-offered")
