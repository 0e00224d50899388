"""Builds and versions over the API: measure, publish, look, withdraw."""

import hashlib
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from registry import queueing
from registry.models import Aesthetic, Version
from registry.tasks import build_version
from tests import factories
from tests.answers import Answer, errors, problem

ONE = "/api/v1/aesthetics/ada/sea-mist"
VERSIONS = f"{ONE}/versions"

Headers = dict[str, str]


@pytest.fixture
def as_ada(ada: User) -> Headers:
    return factories.bearer(ada)


@pytest.fixture
def as_bob(bob: User) -> Headers:
    return factories.bearer(bob)


def post(client: Client, path: str, headers: Headers, **values: object) -> Answer:
    return client.post(path, values, content_type="application/json", headers=headers)


def test_a_build_is_accepted_with_the_place_to_ask(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    factories.members(draft, 5)
    factories.features(draft, factories.space())
    response = post(client, f"{ONE}/builds", as_ada)
    assert response.status_code == 202
    assert response["Retry-After"] == "1"
    job = response.json()
    assert response["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["result"]) == ("version", "queued", None)
    build_version(job["id"])
    job = client.get(response["Location"], headers=as_ada).json()
    assert (job["state"], job["reason"]) == ("succeeded", "")
    assert job["result"] is not None
    again = post(client, f"{ONE}/builds", as_ada)
    assert (again.status_code, again.json()["id"]) == (202, job["id"])
    published = post(client, VERSIONS, as_ada, build=job["id"])
    assert published.status_code == 201
    assert published.json()["ref"] == "ada/sea-mist@v1"


def test_a_set_that_is_too_small_is_refused(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    factories.space()
    body = problem(post(client, f"{ONE}/builds", as_ada), 422, "too-few-images")
    assert body["detail"].startswith("The side “towards” has 0 pictures")


def test_a_hub_without_a_space_is_not_available(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    problem(post(client, f"{ONE}/builds", as_ada), 503, "no-space")


def test_publishing_few_pictures_needs_consent(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    build = factories.built(draft, pictures=2)
    refused = post(client, VERSIONS, as_ada, build=str(build.pk))
    assert problem(refused, 422, "few-images")["detail"].startswith("This is few")
    accepted = post(client, VERSIONS, as_ada, build=str(build.pk), accept_few=True)
    assert (accepted.status_code, accepted.json()["version"]) == (201, "v1")


def test_publishing_what_is_close_to_a_published_one_needs_consent(
    client: Client, as_ada: Headers, version: Version
) -> None:
    factories.member(version.aesthetic, 77)
    build = factories.built(version.aesthetic)
    problem(post(client, VERSIONS, as_ada, build=str(build.pk)), 422, "close-versions")
    accepted = post(client, VERSIONS, as_ada, build=str(build.pk), accept_close=True)
    assert (accepted.status_code, accepted.json()["version"]) == (201, "v2")


def test_a_build_that_is_not_ready_is_not_published(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    factories.space()
    factories.members(draft, 5)
    build = queueing.queue_build(draft).version
    problem(post(client, VERSIONS, as_ada, build=str(build.pk)), 409, "not-ready")


def test_a_build_of_another_aesthetic_is_not_published_here(
    client: Client, as_ada: Headers, draft: Aesthetic, bob: User
) -> None:
    other = factories.built(factories.aesthetic(bob), 2)
    said = problem(post(client, VERSIONS, as_ada, build=str(other.pk)), 404, "not-found")
    assert said["detail"] == "ada/sea-mist has no such build; its page lists them."
    assert [error["pointer"] for error in said["errors"]] == ["/build"]
    assert errors(post(client, VERSIONS, as_ada, build="5")) == {"/build": "invalid"}
    assert errors(post(client, VERSIONS, as_ada)) == {"/build": "required"}


def test_only_the_owner_builds_publishes_and_yanks(
    client: Client, as_bob: Headers, version: Version
) -> None:
    problem(post(client, f"{ONE}/builds", as_bob), 403, "forbidden")
    problem(post(client, VERSIONS, as_bob, build=str(version.pk)), 403, "forbidden")
    problem(post(client, f"{VERSIONS}/v1/yank", as_bob, reason="No."), 403, "forbidden")
    for path in (f"{ONE}/builds", VERSIONS, f"{VERSIONS}/v1/yank"):
        problem(post(client, path, {}), 401, "unauthenticated")


def test_versions_are_listed_newest_first(client: Client, version: Version) -> None:
    factories.shelved(version.aesthetic)
    items = client.get(VERSIONS).json()["items"]
    assert [item["version"] for item in items] == ["v2", "v1"]


@pytest.mark.parametrize("ref", ["v1", "latest", "digest"])
def test_a_version_is_found_by_number_alias_and_digest(
    client: Client, version: Version, ref: str
) -> None:
    ref = version.version_digest if ref == "digest" else ref
    body = client.get(f"{VERSIONS}/{ref}").json()
    assert body["ref"] == "ada/sea-mist@v1"
    assert body["version_digest"] == version.version_digest
    assert (body["space"], body["construction"]) == (version.space.name, "mean")
    assert body["image_count"] == 5
    assert body["yanked"] is None
    names = [file["name"] for file in body["files"]]
    assert names == ["sea-mist.json", "sea-mist.npy", "sea-mist.pt", "sea-mist.safetensors"]
    for file in body["files"]:
        data = client.get(file["url"]).content
        assert len(data) == file["size"]
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == file["digest"]


@pytest.mark.parametrize("ref", ["v2", "v0", "v01", "draft", "sha256:" + "0" * 64, "v" + "9" * 30])
def test_a_version_that_is_not_there_is_missing(client: Client, version: Version, ref: str) -> None:
    for path in ("", "/manifest", "/recipe", "/neighbours", "/files/sea-mist.npy"):
        problem(client.get(f"{VERSIONS}/{ref}{path}"), 404, "not-found")


def test_a_draft_build_has_no_name_and_is_not_listed(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    build = factories.built(draft)
    assert client.get(VERSIONS, headers=as_ada).json()["items"] == []
    path = f"{VERSIONS}/{build.version_digest}"
    problem(client.get(path, headers=as_ada), 404, "not-found")


def test_the_manifest_is_served_byte_for_byte(client: Client, version: Version) -> None:
    media_type = "application/vnd.oci.image.manifest.v1+json"
    response = client.get(f"{VERSIONS}/v1/manifest", headers={"Accept": media_type})
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == media_type
    assert response.content == version.sealed_manifest
    assert response["ETag"] == f'"{version.version_digest.removeprefix("sha256:")}"'
    assert json.loads(response.content)["schemaVersion"] == 2


@pytest.mark.parametrize("what", ["manifest", "recipe"])
def test_what_is_named_by_a_digest_never_changes(
    client: Client, version: Version, what: str
) -> None:
    for ref in ("v1", "latest"):
        assert client.get(f"{VERSIONS}/{ref}/{what}")["Cache-Control"] == "public, no-cache"
    by_digest = client.get(f"{VERSIONS}/{version.version_digest}/{what}")
    assert by_digest["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_recipe_is_served_byte_for_byte(client: Client, version: Version) -> None:
    response = client.get(f"{VERSIONS}/v1/recipe")
    digest = hashlib.sha256(response.content).hexdigest()
    assert f"sha256:{digest}" == version.recipe_digest
    assert response["ETag"] == f'"{digest}"'


def test_the_recipe_names_no_picture(client: Client, version: Version) -> None:
    text = client.get(f"{VERSIONS}/v1/recipe").content + client.get(f"{VERSIONS}/v1").content
    for member in version.members.select_related("image"):
        assert member.image.digest.encode() not in text


def test_a_withdrawn_version_says_so_and_stays(
    client: Client, as_ada: Headers, version: Version
) -> None:
    path = f"{VERSIONS}/v1/yank"
    assert errors(post(client, path, as_ada)) == {"/reason": "required"}
    assert errors(post(client, path, as_ada, reason="")) == {"/reason": "blank"}
    body = post(client, path, as_ada, reason="Too grey.").json()
    assert body["yanked"]["reason"] == "Too grey."
    assert client.get(f"{VERSIONS}/v1").json() == body
    assert client.get(f"{VERSIONS}/v1/files/sea-mist.npy").status_code == 200
    problem(client.get(f"{VERSIONS}/latest"), 404, "not-found")


def test_neighbours_come_with_their_cosine(client: Client, version: Version, bob: User) -> None:
    factories.shelved(factories.aesthetic(bob, "near"))
    (item,) = client.get(f"{VERSIONS}/v1/neighbours").json()["items"]
    assert item["version"]["ref"] == "bob/near@v1"
    assert -1 <= item["cosine"] <= 1


def test_more_neighbours_take_no_more_queries(client: Client, version: Version, bob: User) -> None:
    factories.shelved(factories.aesthetic(bob, "near-0"))
    with CaptureQueriesContext(connection) as one:
        client.get(f"{VERSIONS}/v1/neighbours")
    for number in range(1, 4):
        factories.shelved(factories.aesthetic(bob, f"near-{number}"))
    with CaptureQueriesContext(connection) as four:
        assert len(client.get(f"{VERSIONS}/v1/neighbours").json()["items"]) == 4
    assert len(four) == len(one)
