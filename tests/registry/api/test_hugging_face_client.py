"""The client of the Hugging Face Hub, huggingface_hub, downloads from us."""

import hashlib
from pathlib import Path
from typing import Protocol

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import User, issue_token
from registry import publishing
from registry.models import Aesthetic, Version
from tests import factories
from tests.registry.real_clients import run, watched_requests

REPOSITORY = "ada/sea-mist"
RESOLVE = "/ada/sea-mist/resolve"
FILE = "sea-mist.safetensors"

ONE_FILE = """
import sys
from huggingface_hub import hf_hub_download
print(hf_hub_download(sys.argv[1], sys.argv[2], revision=sys.argv[3]))
"""
ALL_FILES = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1], revision=sys.argv[2]))
"""
ERROR = """
import sys
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
try:
    hf_hub_download(sys.argv[1], sys.argv[2], revision=sys.argv[3])
except HfHubHTTPError as error:
    print(type(error).__name__, error.response.status_code)
"""
DESCRIPTION = """
import sys
from huggingface_hub import HfApi
api = HfApi()
found = api.model_info(sys.argv[1], files_metadata=True)
print(found.id, found.sha, found.private, found.card_data.license, found.created_at.year)
print(*sorted(sibling.rfilename for sibling in found.siblings))
print(api.verify_repo_checksums(sys.argv[1], revision=sys.argv[2]).mismatches)
"""

pytestmark = pytest.mark.django_db(transaction=True)


class Run(Protocol):
    def __call__(self, program: str, *arguments: str, token: str = "") -> str: ...


@pytest.fixture
def hub(live_server: LiveServer, tmp_path: Path) -> Run:
    """Run lines of Python whose Hub is ours."""

    def run_with_us(program: str, *arguments: str, token: str = "") -> str:
        return run(
            program,
            *arguments,
            home=tmp_path / "home",
            HF_ENDPOINT=live_server.url,
            HF_HOME=str(tmp_path / "home"),
            HF_TOKEN=token,
            HF_HUB_DISABLE_TELEMETRY="1",
        )

    return run_with_us


def commit_of(version: Version) -> str:
    return version.version_digest.removeprefix("sha256:")[:40]


def test_a_file_is_downloaded_and_asked_for_again_with_one_head(hub: Run, version: Version) -> None:
    with watched_requests() as asked:
        path = Path(hub(ONE_FILE, REPOSITORY, FILE, "main"))
    assert asked == [f"HEAD {RESOLVE}/main/{FILE}", f"GET {RESOLVE}/main/{FILE}"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"sha256:{digest}" == version.files.get(name=FILE).digest
    assert path.resolve().name == digest  # the client names stored files by their ETag
    assert path.parent.name == commit_of(version)

    with watched_requests() as asked:
        assert hub(ONE_FILE, REPOSITORY, FILE, "main") == str(path)
    assert asked == [f"HEAD {RESOLVE}/main/{FILE}"]


def test_a_download_counts_and_a_question_does_not(hub: Run, version: Version) -> None:
    hub(ONE_FILE, REPOSITORY, FILE, "main")
    hub(ONE_FILE, REPOSITORY, FILE, "main")
    assert Aesthetic.objects.get().download_count == 1


def test_a_new_version_is_noticed(hub: Run, version: Version) -> None:
    before = hub(ONE_FILE, REPOSITORY, FILE, "main")
    factories.members(version.aesthetic, 5, first=99)
    newer = factories.published(version.aesthetic, direction=3)
    after = hub(ONE_FILE, REPOSITORY, FILE, "main")
    assert (Path(before).parent.name, Path(after).parent.name) == (
        commit_of(version),
        commit_of(newer),
    )


def test_every_name_of_a_version_is_a_revision(hub: Run, version: Version) -> None:
    commit = commit_of(version)
    for revision in ("main", "latest", "v1", version.version_digest, commit):
        assert Path(hub(ONE_FILE, REPOSITORY, FILE, revision)).parent.name == commit


def test_a_known_commit_is_not_asked_for_again(hub: Run, version: Version) -> None:
    hub(ONE_FILE, REPOSITORY, FILE, commit_of(version))
    with watched_requests() as asked:
        hub(ONE_FILE, REPOSITORY, FILE, commit_of(version))
    assert asked == []


def test_a_snapshot_has_all_files_the_manifest_and_the_recipe(hub: Run, version: Version) -> None:
    folder = Path(hub(ALL_FILES, REPOSITORY, "main"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()}.keys() == {
        "sea-mist.safetensors",
        "sea-mist.pt",
        "sea-mist.npy",
        "sea-mist.json",
        "sea-mist.manifest.json",
        "sea-mist.recipe.json",
    }
    assert (folder / "sea-mist.manifest.json").read_bytes() == version.sealed_manifest
    assert (folder / "sea-mist.recipe.json").read_bytes() == bytes(version.recipe)

    with watched_requests() as asked:
        assert hub(ALL_FILES, REPOSITORY, "main") == str(folder)
    assert asked == [f"GET /api/models/{REPOSITORY}/revision/main"]


def test_the_client_understands_our_description_and_finds_our_checksums_right(
    hub: Run, version: Version
) -> None:
    hub(ALL_FILES, REPOSITORY, "main")
    about, names, mismatches = hub(DESCRIPTION, REPOSITORY, commit_of(version)).splitlines()
    created = version.aesthetic.created_at.year
    assert about == f"{REPOSITORY} {commit_of(version)} False cc-by-4.0 {created}"
    assert len(names.split()) == 6
    assert mismatches == "[]"


@pytest.mark.parametrize(
    ("repository", "name", "revision", "error"),
    [
        ("ada/nothing", FILE, "main", "RepositoryNotFoundError 404"),
        ("nobody/sea-mist", FILE, "main", "RepositoryNotFoundError 404"),
        (REPOSITORY, FILE, "v2", "RevisionNotFoundError 404"),
        (REPOSITORY, FILE, "0" * 40, "RevisionNotFoundError 404"),
        (REPOSITORY, "config.json", "main", "RemoteEntryNotFoundError 404"),
        (REPOSITORY, "text_encoder/config.json", "main", "RemoteEntryNotFoundError 404"),
    ],
)
def test_what_is_missing_is_the_clients_own_error(
    hub: Run, version: Version, repository: str, name: str, revision: str, error: str
) -> None:
    assert hub(ERROR, repository, name, revision) == error


def test_what_is_private_is_missing_for_all_but_its_owner(
    hub: Run, version: Version, bob: User
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    _, owners = issue_token(version.aesthetic.owner, name="mine", scopes=["read"])
    _, strangers = issue_token(bob, name="mine", scopes=["read"])
    for token in ("", strangers):
        assert hub(ERROR, REPOSITORY, FILE, "main", token=token) == "RepositoryNotFoundError 404"
    assert hub(ERROR, REPOSITORY, FILE, "main", token="hf_foreign") == "HfHubHTTPError 401"
    path = Path(hub(ONE_FILE, REPOSITORY, FILE, "main", token=owners))
    assert path.parent.name == commit_of(version)
    assert Path(hub(ALL_FILES, REPOSITORY, "main", token=owners)).name == commit_of(version)


def test_a_withdrawn_version_is_there_by_its_name_and_no_longer_the_newest(
    hub: Run, version: Version
) -> None:
    publishing.yank(version, reason="A picture was not mine.")
    assert hub(ERROR, REPOSITORY, FILE, "main") == "RevisionNotFoundError 404"
    for revision in ("v1", commit_of(version)):
        assert Path(hub(ONE_FILE, REPOSITORY, FILE, revision)).is_file()
