"""Every address of the project, in every way it can be asked: answers, but no failures."""

import pytest
from django.test import Client

from accounts.models import issue_token
from generation.prompts import queue_generation
from registry.models import Version
from tests import factories
from tests.addresses import ROUTES, addresses

DELETING = ("api:aesthetic", "registry:delete")  # tried last
OURS = sorted(
    (name for name in ROUTES if not name.startswith(("account_", "admin:"))),
    key=lambda name: (name in DELETING, name),
)


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
    return {
        "address": ["draw", "ada/sea-mist", "nothing/is/here"],
        "owner": ["ada"],
        "slug": ["sea-mist", "nothing"],
        "ref": ["v1", "x"],
        "revision": ["main", "x"],
        "other": ["v1", str(version.pk)],
        "name": ["sea-mist.npy", digest.removeprefix("sha256:")],
        "digest": [digest, version.version_digest],
        "alias": ["stable", "latest"],
        "pk": [str(version.pk), str(job.pk), str(token.pk)],
        "which": ["plain", "x"],
        "problem_type": ["invalid", "x"],
        "unknown": ["x/y"],
    }


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "GET", "PUT", "PATCH", "POST", "DELETE"])
def test_no_call_of_an_owner_fails(
    method: str, version: Version, blanks: dict[str, list[str]], broker: str
) -> None:
    """The client raises what a view raises."""
    client = Client()
    client.force_login(version.aesthetic.owner)
    for path in (path for name in OURS for path in addresses(ROUTES[name], blanks)):
        response = client.generic(method, path, "{}", "application/json")
        assert response.status_code < 500, path
        if response.status_code >= 400 and path.startswith("/api/"):
            assert response["Content-Type"] == "application/problem+json"
