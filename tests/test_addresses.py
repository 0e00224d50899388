"""Every address of the project, in every way it can be asked: answers, but no failures."""

import pytest
from django.test import Client

from accounts.models import issue_token
from generation.prompts import queue_generation
from hub.problems import PROBLEMS
from registry.models import Version
from tests import factories
from tests.addresses import ROUTES, addresses

METHODS = ("OPTIONS", "HEAD", "GET", "PUT", "PATCH", "POST", "DELETE")  # the last two change things
OURS = sorted(name for name in ROUTES if not name.startswith(("account_", "admin:")))
BODIES = {"application/json": "{}", "multipart/form-data; boundary=x": "--x--\r\n"}


@pytest.fixture
def version(db: None) -> Version:
    return factories.published(factories.aesthetic(factories.person("ada")))


@pytest.fixture
def blanks(version: Version) -> dict[str, list[str]]:
    """What can stand in an address: what is there, and what is not."""
    ada = version.aesthetic.owner
    job = queue_generation(ada, version=version, prompt="a boat")
    token, _ = issue_token(ada, name="test", scopes=["read"])
    digest = version.members.select_related("image")[0].image.digest
    zeros = "0" * 64
    return {
        "owner": ["ada"],
        "slug": ["sea-mist", "nothing"],
        "ref": ["v1", "latest", "v0", "x", version.version_digest],
        "name": ["sea-mist.npy", digest.removeprefix("sha256:"), "x"],
        "digest": [digest, version.version_digest, version.vector_digest, f"sha256:{zeros}", "x"],
        "pk": [str(version.pk), str(job.pk), str(token.pk)],
        "which": ["plain", "x"],
        "problem_type": list(PROBLEMS)[:2],
        "unknown": ["x", "x/y"],
    }


@pytest.mark.parametrize("name", OURS)
def test_no_call_of_an_owner_or_anybody_fails(
    name: str, version: Version, blanks: dict[str, list[str]], broker: str
) -> None:
    """The client raises what a view raises."""
    own = Client()
    own.force_login(version.aesthetic.owner)
    for path in addresses(ROUTES[name], blanks):
        for client in (Client(), own):
            for method in METHODS:
                for media_type, body in BODIES.items():
                    response = client.generic(method, path, body, media_type)
                    assert response.status_code < 500, (method, path)
                    if response.status_code >= 400 and path.startswith("/api/"):
                        assert response["Content-Type"] == "application/problem+json"
