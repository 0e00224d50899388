"""Every address of the project, in every way it can be asked: answers, but no failures."""

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import resolve

from accounts.models import issue_token
from accounts.names import OWNER_VALIDATORS
from generation.prompts import queue_generation
from registry.models import Version
from registry.names import ALIAS_VALIDATORS, SLUG_VALIDATORS
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


# What people choose, and what refuses a word for it.
CHOSEN = {
    "owner": OWNER_VALIDATORS,
    "slug": SLUG_VALIDATORS,
    "ref": ALIAS_VALIDATORS,
    "alias": ALIAS_VALIDATORS,
    "revision": ALIAS_VALIDATORS,
}
# What stands in addresses beside the blanks; "x.webp" where a blank has an ending.
WORDS = sorted(
    {re.sub("<[^>]*>", "x", part) for route in ROUTES.values() for part in route.pattern.split("/")}
)
UUID = "00000000-0000-4000-8000-000000000000"
TAKES_ALL_ELSE = {"api:unknown", "clients:no_repository", "without_slash"}


def may_be_chosen(word: str, validators: list[Callable[[str], None]]) -> bool:
    try:
        for validate in validators:
            validate(word)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("chosen", CHOSEN)
def test_a_name_that_is_a_word_of_addresses_leads_where_it_should(chosen: str) -> None:
    """Whatever may be chosen as a name: no other address takes what was meant for this one."""
    usual = {name: ["sea-mist"] for route in ROUTES.values() for name in route.blanks}
    keys = {"accounts:revoke_token": ["1"]}
    words = [word for word in WORDS if may_be_chosen(word, CHOSEN[chosen])]
    assert {"standard", "standard.webp", "lineage"} & set(words) or chosen == "owner"
    for name in set(OURS) - TAKES_ALL_ELSE:
        blanks = {**usual, "pk": keys.get(name, [UUID]), chosen: words}
        for path in addresses(ROUTES[name], blanks):
            assert resolve(path).view_name == name, path
