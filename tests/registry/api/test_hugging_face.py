"""What the addresses of Hugging Face's clients say beyond what the client itself shows."""

import pytest
from django.test import Client

from accounts.models import User
from registry import publishing, takedowns
from registry.aliases import move_alias
from registry.models import Aesthetic, Version
from tests import factories

RESOLVE = "/ada/sea-mist/resolve"
FILE = f"{RESOLVE}/main/sea-mist.npy"
MODEL = "/api/models/ada/sea-mist"
IMMUTABLE = "public, max-age=31536000, immutable"


def commit_of(version: Version) -> str:
    return version.version_digest.removeprefix("sha256:")[:40]


def test_a_file_has_the_headers_that_clients_need(client: Client, version: Version) -> None:
    got, head = client.get(FILE), client.head(FILE)
    file = version.files.get(name="sea-mist.npy")
    assert got["ETag"] == f'"{file.digest.removeprefix("sha256:")}"'
    assert got["X-Repo-Commit"] == commit_of(version)
    assert got["Content-Length"] == str(file.size)
    assert "Authorization" in got["Vary"]
    assert (head.content, head.headers) == (b"", got.headers)


def test_what_a_client_has_is_not_sent_again(client: Client, version: Version) -> None:
    answer = client.get(FILE, headers={"If-None-Match": client.head(FILE)["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["X-Repo-Commit"] == commit_of(version)


def test_a_commit_never_changes_and_a_name_is_asked_again(client: Client, version: Version) -> None:
    for ref in ("main", "latest", "v1"):
        assert client.get(f"{RESOLVE}/{ref}/sea-mist.npy")["Cache-Control"] == "public, no-cache"
    for ref in (commit_of(version), version.version_digest):
        assert client.get(f"{RESOLVE}/{ref}/sea-mist.npy")["Cache-Control"] == IMMUTABLE


def test_a_revision_is_no_prefix_shorter_than_a_commit(client: Client, version: Version) -> None:
    for ref in (commit_of(version)[:39], "sha256:", "sha256", "v", "%"):
        answer = client.get(f"{RESOLVE}/{ref}/sea-mist.npy")
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "RevisionNotFound")


def test_a_head_and_the_description_do_not_count_as_downloads(
    client: Client, version: Version
) -> None:
    client.head(FILE)
    client.get(MODEL)
    client.get(f"{RESOLVE}/main/sea-mist.manifest.json")
    assert Aesthetic.objects.get().download_count == 0
    client.get(FILE)
    assert Aesthetic.objects.get().download_count == 1


def test_a_missing_file_tells_the_commit_it_is_missing_from(
    client: Client, version: Version
) -> None:
    answer = client.head(f"{RESOLVE}/v1/config.json")
    assert (answer.status_code, answer["X-Error-Code"]) == (404, "EntryNotFound")
    assert answer["X-Repo-Commit"] == commit_of(version)


@pytest.mark.parametrize("path", [FILE, MODEL, f"{MODEL}/revision/v1", f"{MODEL}/tree/v1"])
def test_what_is_private_answers_exactly_as_what_was_never_there(
    client: Client, version: Version, bob: User, path: str
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    for headers in ({}, factories.bearer(bob)):
        private = client.get(path, headers=headers)
        missing = client.get(path.replace("ada/sea-mist", "ada/sea-mess"), headers=headers)
        assert private.status_code == missing.status_code == 404
        assert private["X-Error-Code"] == "RepoNotFound"
        assert private.headers == missing.headers
    owners = client.get(path, headers=factories.bearer(version.aesthetic.owner))
    assert owners.status_code == 200
    assert owners["Cache-Control"] == "private, no-store"


def test_a_token_that_does_not_work_is_told_so(client: Client, version: Version) -> None:
    for path in (FILE, MODEL):
        answer = client.get(path, headers={"Authorization": "Bearer hf_foreign"})
        assert answer.status_code == 401
        assert answer["X-Error-Message"].startswith("This is not a token of the hub")
        assert "X-Error-Code" not in answer


def test_a_draft_is_a_repository_without_revisions_for_its_owner(
    client: Client, draft: Aesthetic
) -> None:
    build = factories.built(draft)
    headers = factories.bearer(draft.owner)
    for ref in ("main", "v1", build.version_digest, commit_of(build)):
        answer = client.get(f"{RESOLVE}/{ref}/sea-mist.npy", headers=headers)
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "RevisionNotFound")


def test_a_withdrawn_version_comes_with_a_warning(client: Client, version: Version) -> None:
    assert "X-HF-Warning" not in client.get(FILE)
    publishing.yank(version, reason="“Fünf” pictures\nwere not mine.")
    for path in (f"{RESOLVE}/v1/sea-mist.npy", f"{MODEL}/revision/{commit_of(version)}"):
        answer = client.get(path)
        told = "ada/sea-mist@v1 was withdrawn by its owner: 'F?nf' pictures were not mine."
        assert answer["X-HF-Warning"] == f"withdrawn; {told}"
    assert client.get(FILE)["X-Error-Code"] == "RevisionNotFound"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_changed_here(client: Client, version: Version, method: str) -> None:
    headers = factories.bearer(version.aesthetic.owner)
    for path in (FILE, MODEL, f"{MODEL}/tree/main"):
        assert client.generic(method, path, headers=headers).status_code == 405


def test_an_alias_is_a_revision(client: Client, version: Version) -> None:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    assert client.get(f"{RESOLVE}/stable/sea-mist.npy")["X-Repo-Commit"] == commit_of(version)


def test_of_a_version_that_was_taken_down_there_is_a_tombstone(
    client: Client, version: Version
) -> None:
    takedowns.take_down(version, reason="It was not hers.")
    for path in (f"{RESOLVE}/v1/sea-mist.npy", f"{MODEL}/revision/{commit_of(version)}"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (451, "It was not hers."), path
    assert client.get(FILE)["X-Error-Code"] == "RevisionNotFound"
