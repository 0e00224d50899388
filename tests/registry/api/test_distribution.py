"""The OCI distribution spec's pull, address by address."""

import base64
import hashlib
import json

import pytest
from django.test import Client

from accounts.models import Token, User, issue_token
from registry import publishing, takedowns
from registry.aliases import move_alias
from registry.models import Aesthetic, Image, Version
from tests import factories
from tests.answers import Answer

REPOSITORY = "/v2/ada/sea-mist"
IMMUTABLE = "public, max-age=31536000, immutable"
NOBODY = {"Authorization": "Bearer anonymous"}


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def refusal(response: Answer, status: int) -> str:
    """Check that the answer is the spec's list of errors; return the code of its only one."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    (error,) = response.json()["errors"]
    assert error["message"].endswith(".")
    return str(error["code"])


def descriptors(version: Version) -> list[dict[str, str]]:
    manifest = json.loads(version.sealed_manifest)
    return [manifest["config"], *manifest["layers"]]


def test_there_is_a_registry(client: Client, db: None) -> None:
    answer = client.get("/v2/")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer["Docker-Distribution-API-Version"] == "registry/2.0"


def test_the_manifest_is_the_sealed_one_by_tag_and_digest(client: Client, version: Version) -> None:
    for ref, caching in (
        ("latest", "public, no-cache"),
        ("v1", "public, no-cache"),
        (version.version_digest, IMMUTABLE),
    ):
        got = client.get(f"{REPOSITORY}/manifests/{ref}", headers={"Accept": "text/html"})
        head = client.head(f"{REPOSITORY}/manifests/{ref}")
        assert got.content == version.sealed_manifest
        assert got["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
        assert got["Docker-Content-Digest"] == version.version_digest == sha256(got.content)
        assert got["Cache-Control"] == caching
        assert (head.content, head.headers) == (b"", got.headers)


def test_every_blob_of_the_manifest_is_there_as_it_says(client: Client, version: Version) -> None:
    assert len(descriptors(version)) == 5
    for blob in descriptors(version):
        got = client.get(f"{REPOSITORY}/blobs/{blob['digest']}")
        head = client.head(f"{REPOSITORY}/blobs/{blob['digest']}")
        assert got["Docker-Content-Digest"] == blob["digest"] == sha256(got.content)
        assert got["Content-Type"] == blob["mediaType"]
        assert got["Content-Length"] == str(blob["size"]) == str(len(got.content))
        assert got["Cache-Control"] == IMMUTABLE
        assert (head.content, head.headers) == (b"", got.headers)


def test_a_part_of_a_blob_is_served(client: Client, version: Version) -> None:
    digest = version.files.get(name="sea-mist.npy").digest
    part = client.get(f"{REPOSITORY}/blobs/{digest}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)


def test_a_blob_is_served_only_by_a_repository_that_published_it(
    client: Client, version: Version, bob: User
) -> None:
    other = factories.published(factories.aesthetic(bob, "other"), direction=5)
    draft = factories.built(factories.aesthetic(bob, "draft"), direction=6)
    picture = Image.objects.first()
    assert picture is not None
    foreign = [blob["digest"] for made in (other, draft) for blob in descriptors(made)]
    unknown = [*foreign, picture.digest, version.version_digest, sha256(b""), "sha256:x", "x"]
    for digest in unknown:
        for headers in ({}, factories.bearer(bob), factories.bearer(version.aesthetic.owner)):
            answer = client.get(f"{REPOSITORY}/blobs/{digest}", headers=headers)
            assert refusal(answer, 404) == "BLOB_UNKNOWN"
            assert "Docker-Content-Digest" not in answer
    owners = factories.bearer(bob)
    for digest in (blob["digest"] for blob in descriptors(draft)):
        answer = client.get(f"/v2/bob/draft/blobs/{digest}", headers=owners)
        assert refusal(answer, 404) == "BLOB_UNKNOWN"


def test_what_is_missing_has_the_code_of_the_spec(client: Client, version: Version) -> None:
    assert refusal(client.get(f"{REPOSITORY}/manifests/v2"), 404) == "MANIFEST_UNKNOWN"
    assert refusal(client.get(f"{REPOSITORY}/manifests/main"), 404) == "MANIFEST_UNKNOWN"
    for path in ("/v2/ada/nothing/tags/list", "/v2/x", "/v2/ada/sea-mist/more/manifests/v1"):
        assert refusal(client.get(path, headers=NOBODY), 404) == "NAME_UNKNOWN"


@pytest.mark.parametrize("way", ["draft", "private", "deleted", "never"])
def test_nobody_can_tell_what_is_hidden_from_what_was_never_there(
    client: Client, draft: Aesthetic, bob: User, way: str
) -> None:
    version = factories.built(draft) if way == "draft" else factories.published(draft)
    if way == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    elif way == "deleted":
        publishing.delete(draft)
    repository = "/v2/ada/nothing" if way == "never" else REPOSITORY
    for rest in ("manifests/v1", f"blobs/{descriptors(version)[1]['digest']}", "tags/list"):
        unasked = client.get(f"{repository}/{rest}")
        assert refusal(unasked, 401) == "UNAUTHORIZED"
        assert unasked["WWW-Authenticate"] == (
            'Bearer realm="http://testserver/v2/token",service="aesthetic-hub"'
        )
        for headers in (NOBODY, factories.bearer(bob)):
            assert refusal(client.get(f"{repository}/{rest}", headers=headers), 404) == (
                "NAME_UNKNOWN"
            )


def test_its_owner_pulls_what_is_private(client: Client, version: Version) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    headers = factories.bearer(version.aesthetic.owner, Token.Scope.READ)
    for rest in ("manifests/v1", f"blobs/{descriptors(version)[1]['digest']}", "tags/list"):
        answer = client.get(f"{REPOSITORY}/{rest}", headers=headers)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-store"
    unread = factories.bearer(version.aesthetic.owner, Token.Scope.GENERATE)
    assert refusal(client.get(f"{REPOSITORY}/manifests/v1", headers=unread), 403) == "DENIED"


def basic(password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"ada:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def test_a_token_is_a_password_and_nobody_gets_a_word_for_nobody(client: Client, ada: User) -> None:
    _, secret = issue_token(ada, name="docker", scopes=["read"])
    assert client.get("/v2/token").json()["token"] == "anonymous"
    logged_in = client.get("/v2/token", headers=basic(secret))
    assert logged_in.json()["token"] == secret
    assert logged_in["Cache-Control"] == "private, no-store"
    Token.objects.update(user=ada, scopes=["read"])
    refused = client.get("/v2/token", headers=basic(f"{secret[:-1]}x"))
    assert refusal(refused, 401) == "UNAUTHORIZED"
    assert refused["WWW-Authenticate"] == 'Basic realm="aesthetic-hub"'
    unreadable = client.get("/v2/token", headers={"Authorization": "Basic é"})
    assert refusal(unreadable, 401) == "UNAUTHORIZED"


def test_a_token_that_does_not_work_is_told_so(client: Client, version: Version) -> None:
    answer = client.get(f"{REPOSITORY}/tags/list", headers={"Authorization": "Bearer x"})
    assert refusal(answer, 401) == "UNAUTHORIZED"


def test_tags_come_in_lexical_order_page_by_page(client: Client, version: Version) -> None:
    for number in range(2, 12):
        factories.shelved(version.aesthetic, number)
    everything = ["latest", "v1", "v10", "v11", *(f"v{number}" for number in range(2, 10))]
    assert client.get(f"{REPOSITORY}/tags/list").json() == {
        "name": "ada/sea-mist",
        "tags": everything,
    }
    found, path = [], f"{REPOSITORY}/tags/list?n=5"
    while path:
        page = client.get(path)
        found.append(page.json()["tags"])
        path = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert [len(tags) for tags in found] == [5, 5, 2]
    assert [tag for tags in found for tag in tags] == everything
    assert client.get(f"{REPOSITORY}/tags/list?last=v3&n=2").json()["tags"] == ["v4", "v5"]
    nothing = client.get(f"{REPOSITORY}/tags/list?n=0")
    assert (nothing.json()["tags"], "Link" in nothing) == ([], False)


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "", "²", "9" * 5000])
def test_a_number_of_tags_is_a_number(client: Client, version: Version, number: str) -> None:
    answer = client.get(f"{REPOSITORY}/tags/list", {"n": number})
    assert refusal(answer, 400) == "PAGINATION_NUMBER_INVALID"


def test_a_withdrawn_version_has_no_tag_and_comes_with_a_warning(
    client: Client, version: Version
) -> None:
    assert "Warning" not in client.get(f"{REPOSITORY}/manifests/v1")
    publishing.yank(version, reason='"Not" mine.')
    for ref in ("v1", version.version_digest):
        answer = client.get(f"{REPOSITORY}/manifests/{ref}")
        assert answer.status_code == 200
        assert answer["Warning"] == (
            "299 - \"ada/sea-mist@v1 was withdrawn by its owner: 'Not' mine.\""
        )
    assert client.get(f"{REPOSITORY}/tags/list").json()["tags"] == []
    assert refusal(client.get(f"{REPOSITORY}/manifests/latest"), 404) == "MANIFEST_UNKNOWN"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{REPOSITORY}/blobs/uploads/"),
        ("PATCH", f"{REPOSITORY}/blobs/uploads/1"),
        ("PUT", f"{REPOSITORY}/manifests/v9"),
        ("DELETE", f"{REPOSITORY}/manifests/v1"),
        ("DELETE", f"{REPOSITORY}/blobs/sha256:x"),
        ("POST", "/v2/ada/nothing/blobs/uploads/"),
    ],
)
def test_a_push_is_unsupported_whoever_pushes(
    client: Client, version: Version, method: str, path: str
) -> None:
    for headers in ({}, factories.bearer(version.aesthetic.owner)):
        assert refusal(client.generic(method, path, headers=headers), 405) == "UNSUPPORTED"


def test_an_alias_is_a_tag(client: Client, version: Version) -> None:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    assert client.get(f"{REPOSITORY}/tags/list").json()["tags"] == ["latest", "stable", "v1"]
    answer = client.get(f"{REPOSITORY}/manifests/stable")
    assert answer["Docker-Content-Digest"] == version.version_digest


def test_what_was_taken_down_is_not_pulled(client: Client, version: Version) -> None:
    takedowns.take_down(version, reason="It was not hers.")
    answer = client.get(f"{REPOSITORY}/manifests/v1")
    assert refusal(answer, 451) == "DENIED"
    assert "It was not hers." in answer.json()["errors"][0]["message"]
    for blob in descriptors(version):
        missing = client.get(f"{REPOSITORY}/blobs/{blob['digest']}")
        assert refusal(missing, 404) == "BLOB_UNKNOWN"
    assert client.get(f"{REPOSITORY}/tags/list").json()["tags"] == []
