"""Bytes by name and by digest, and what a hash names."""

import hashlib

import pytest
from django.test import Client

from accounts.models import User
from registry import identifying, publishing
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import problem

VERSIONS = "/api/v1/aesthetics/ada/sea-mist/versions"
FILE = f"{VERSIONS}/v1/files/sea-mist.safetensors"
IMMUTABLE = "public, max-age=31536000, immutable"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names_of(version: Version) -> list[str]:
    """Return every digest that names a published version or a part of it."""
    return [
        version.version_digest,
        version.vector_digest,
        version.recipe_digest,
        version.image_set_digest,
        *version.files.values_list("digest", flat=True),
    ]


def test_a_file_comes_under_its_own_name_and_media_type(client: Client, version: Version) -> None:
    response = client.get(FILE)
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="sea-mist.safetensors"'
    assert response["Content-Type"].endswith(".safetensors")
    assert response["ETag"] == f'"{sha256(response.content)}"'
    assert response["Repr-Digest"].startswith("sha-256=:")
    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("accepted", ["*/*", "application/octet-stream", "text/html"])
def test_a_file_comes_as_it_is_whatever_is_accepted(
    client: Client, version: Version, accepted: str
) -> None:
    assert client.get(FILE, headers={"Accept": accepted}).status_code == 200


def test_by_name_is_asked_again_and_by_digest_never(client: Client, version: Version) -> None:
    by_digest = FILE.replace("/v1/files", f"/{version.version_digest}/files")
    assert client.get(FILE)["Cache-Control"] == "public, no-cache"
    newest = FILE.replace("/v1/files", "/latest/files")
    assert client.get(newest)["Cache-Control"] == "public, no-cache"
    assert client.get(by_digest)["Cache-Control"] == IMMUTABLE


def test_what_is_known_is_not_sent_again(client: Client, version: Version) -> None:
    etag = client.get(FILE)["ETag"]
    response = client.get(FILE, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response["Content-Length"] == str(len(client.get(FILE).content))  # RFC 9110, 8.6


def test_a_part_is_sent_and_the_parts_make_the_whole(client: Client, version: Version) -> None:
    whole = client.get(FILE).content
    first = client.get(FILE, headers={"Range": "bytes=0-99"})
    rest = client.get(FILE, headers={"Range": "bytes=100-", "If-Range": first["ETag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole


def test_a_part_outside_is_a_problem_that_says_how_long_the_file_is(
    client: Client, version: Version
) -> None:
    size = len(client.get(FILE).content)
    response = client.get(FILE, headers={"Range": f"bytes={size}-"})
    problem(response, 416, "range-not-satisfiable")
    assert response["Content-Range"] == f"bytes */{size}"


def test_another_file_than_expected_is_a_problem(client: Client, version: Version) -> None:
    problem(client.get(FILE, headers={"If-Match": '"x"'}), 412, "precondition-failed")


def test_head_is_get_without_the_bytes(client: Client, version: Version) -> None:
    got, head = client.get(FILE), client.head(FILE)
    assert head.content == b""
    assert head.headers == got.headers


@pytest.mark.parametrize("name", ["other.npy", "sea-mist.txt", "sea-mist", ".."])
def test_a_file_that_is_not_there_is_missing(client: Client, version: Version, name: str) -> None:
    problem(client.get(f"{VERSIONS}/v1/files/{name}"), 404, "not-found")


def test_everything_published_is_served_by_its_digest_for_ever(
    client: Client, version: Version
) -> None:
    files = version.files.values_list("digest", flat=True)
    for digest in [*files, version.version_digest, version.recipe_digest]:
        response = client.get(f"/api/v1/blobs/{digest}")
        assert response.status_code == 200
        assert f"sha256:{sha256(response.content)}" == digest
        assert response["Cache-Control"] == IMMUTABLE


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:x", "x", "..%2f..%2fetc"])
def test_a_digest_of_nothing_is_missing(client: Client, version: Version, digest: str) -> None:
    problem(client.get(f"/api/v1/blobs/{digest}"), 404, "not-found")
    problem(client.get(f"/api/v1/by-hash/{digest}"), 404, "not-found")


def test_any_of_our_digests_leads_to_the_version(client: Client, version: Version) -> None:
    for digest in names_of(version):
        (item,) = client.get(f"/api/v1/by-hash/{digest}").json()["items"]
        assert item["ref"] == "ada/sea-mist@v1"


def test_a_files_sha256_as_programs_print_it_leads_to_the_version(
    client: Client, version: Version
) -> None:
    digest = sha256(client.get(FILE).content)
    (item,) = client.get(f"/api/v1/by-hash/{digest}").json()["items"]
    assert item["version_digest"] == version.version_digest


def test_the_oldest_that_has_the_same_vector_comes_first(
    client: Client, version: Version, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = factories.aesthetic(bob, "copy")
    for seed in range(5):
        factories.member(copy, 1000 * version.aesthetic_id + seed)
    other = factories.published(copy)
    assert other.vector_digest == version.vector_digest
    items = client.get(f"/api/v1/by-hash/{version.vector_digest}").json()["items"]
    assert [item["ref"] for item in items] == ["ada/sea-mist@v1", "bob/copy@v1"]
    monkeypatch.setattr(identifying, "MOST_NAMED", 1)
    items = client.get(f"/api/v1/by-hash/{version.vector_digest}").json()["items"]
    assert [item["ref"] for item in items] == ["ada/sea-mist@v1"]


@pytest.mark.parametrize("change", ["private", "deleted"])
def test_what_is_no_longer_public_is_not_served_by_any_name(
    client: Client, version: Version, bob: User, change: str
) -> None:
    if change == "private":
        Aesthetic.objects.update(visibility="private")
    else:
        publishing.delete(version.aesthetic)
    for headers in ({}, factories.bearer(bob)):
        problem(client.get(FILE, headers=headers), 404, "not-found")
        for digest in names_of(version):
            problem(client.get(f"/api/v1/blobs/{digest}", headers=headers), 404, "not-found")
            problem(client.get(f"/api/v1/by-hash/{digest}", headers=headers), 404, "not-found")


def test_its_owner_still_has_what_was_made_private(client: Client, version: Version) -> None:
    Aesthetic.objects.update(visibility="private")
    headers = factories.bearer(version.aesthetic.owner)
    assert client.get(FILE, headers=headers).status_code == 200
    digest = version.files.all()[0].digest
    assert client.get(f"/api/v1/blobs/{digest}", headers=headers).status_code == 200


def test_what_only_its_owner_may_see_is_kept_by_no_cache_on_the_way(
    client: Client, version: Version
) -> None:
    Aesthetic.objects.update(visibility="private")
    headers = factories.bearer(version.aesthetic.owner)
    digest = version.files.all()[0].digest
    for path in (FILE, f"/api/v1/blobs/{digest}", f"{VERSIONS}/v1/manifest"):
        assert client.get(path, headers=headers)["Cache-Control"] == "private, no-store"


def test_files_of_a_build_that_was_not_published_are_not_served(
    client: Client, draft: Aesthetic
) -> None:
    build = factories.built(draft)
    for headers in ({}, factories.bearer(draft.owner)):
        for digest in names_of(build):
            problem(client.get(f"/api/v1/blobs/{digest}", headers=headers), 404, "not-found")
            problem(client.get(f"/api/v1/by-hash/{digest}", headers=headers), 404, "not-found")
