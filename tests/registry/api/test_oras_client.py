"""A client of OCI registries, oras, pulls from us."""

import hashlib
import json
from pathlib import Path
from typing import Protocol

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import User, issue_token
from registry.models import Aesthetic, Version
from tests import factories
from tests.registry.real_clients import run, watched_requests

REPOSITORY = "ada/sea-mist"

CLIENT = """
import json, sys
import oras.client
where, token, folder = sys.argv[1:4]
client = oras.client.OrasClient(hostname=where.partition("/")[0], insecure=True)
if token:
    client.auth.set_token_auth(token)
"""
PULL = f"""{CLIENT}
print(*client.pull(target=where, outdir=folder), sep="\\n")
"""
LOGGED_IN_PULL = PULL.replace("set_token_auth(", "set_basic_auth('ada', ")
MANIFEST = f"""{CLIENT}
import oras.schemas
print(json.dumps(client.get_manifest(where, validation_schema=oras.schemas.manifest)))
"""
TAGS = f"""{CLIENT}
print(*client.get_tags(where))
print(*client.get_tags(where, N=2))
"""
ERROR = f"""{CLIENT}
url = client.get_container(where).manifest_url()
answer = client.do_request(f"http://{{url}}")
print(answer.status_code, *(error["code"] for error in answer.json()["errors"]))
"""
PUSH = f"""{CLIENT}
from pathlib import Path
file = Path(folder) / "look.txt"
file.write_text("a look")
try:
    client.push(target=where, files=[str(file)], disable_path_validation=True)
except ValueError as error:
    print(error)
"""

pytestmark = pytest.mark.django_db(transaction=True)


class Run(Protocol):
    def __call__(self, program: str, name: str, token: str = "") -> str: ...


@pytest.fixture
def oras(live_server: LiveServer, tmp_path: Path) -> Run:
    """Run lines of Python whose registry is ours; they are given a name there."""
    registry = live_server.url.removeprefix("http://")

    def run_with_us(program: str, name: str, token: str = "") -> str:
        return run(program, f"{registry}/{name}", token, str(tmp_path), home=tmp_path / "home")

    return run_with_us


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("how", [":latest", ":v1", "@{digest}"])
def test_all_files_are_pulled_by_tag_and_by_digest(oras: Run, version: Version, how: str) -> None:
    name = REPOSITORY + how.format(digest=version.version_digest)
    pulled = [Path(path) for path in oras(PULL, name).splitlines()]
    assert {path.name: digest_of(path.read_bytes()) for path in pulled} == dict(
        version.files.values_list("name", "digest")
    )
    assert len(pulled) == 4


def test_nobody_needs_a_token_for_what_is_public(oras: Run, version: Version) -> None:
    with watched_requests() as asked:
        oras(PULL, REPOSITORY)
    assert asked[0] == f"GET /v2/{REPOSITORY}/manifests/latest"
    assert "GET /v2/token" not in asked
    assert len(asked) == 5


def test_pulling_is_a_download(oras: Run, version: Version) -> None:
    oras(PULL, REPOSITORY)
    assert Aesthetic.objects.get().download_count == 1


def test_the_manifest_is_valid_for_the_client(oras: Run, version: Version) -> None:
    manifest = json.loads(oras(MANIFEST, f"{REPOSITORY}:v1"))
    assert manifest == json.loads(version.sealed_manifest)


def test_tags_are_listed(oras: Run, version: Version) -> None:
    factories.members(version.aesthetic, 5, first=99)
    factories.published(version.aesthetic, direction=3)
    everything, two = oras(TAGS, REPOSITORY).splitlines()
    assert everything == "latest v1 v2"
    assert two == "latest v1"


def test_what_is_missing_is_unknown(oras: Run, version: Version) -> None:
    with watched_requests() as asked:
        assert oras(ERROR, "ada/nothing:latest") == "404 NAME_UNKNOWN"
    assert asked == [
        "GET /v2/ada/nothing/manifests/latest",
        "GET /v2/token",
        "GET /v2/ada/nothing/manifests/latest",
    ]
    assert oras(ERROR, f"{REPOSITORY}:v2") == "404 MANIFEST_UNKNOWN"


def test_what_is_private_is_unknown_to_all_but_its_owner(
    oras: Run, version: Version, bob: User
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    _, owners = issue_token(version.aesthetic.owner, name="mine", scopes=["read"])
    _, strangers = issue_token(bob, name="mine", scopes=["read"])
    for token in ("", strangers):
        assert oras(ERROR, f"{REPOSITORY}:v1", token) == "404 NAME_UNKNOWN"
    assert len(oras(PULL, f"{REPOSITORY}:v1", owners).splitlines()) == 4


def test_a_token_is_the_password_to_log_in_with(oras: Run, version: Version) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    _, owners = issue_token(version.aesthetic.owner, name="mine", scopes=["read"])
    with watched_requests() as asked:
        assert len(oras(LOGGED_IN_PULL, REPOSITORY, owners).splitlines()) == 4
    assert asked[1] == "GET /v2/token"


def test_a_push_is_refused(oras: Run, version: Version) -> None:
    _, owners = issue_token(version.aesthetic.owner, name="mine", scopes=["read", "write"])
    for token in ("", owners):
        with watched_requests() as asked:
            assert "UNSUPPORTED" in oras(PUSH, f"{REPOSITORY}:v9", token)
        assert "GET /v2/token" not in asked
