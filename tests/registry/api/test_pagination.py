"""Pages of lists: signed cursors, limits, links. SPEC section 4."""

import re

import pytest
from django.core import signing
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic
from tests import factories
from tests.answers import errors

LIST = "/api/v1/aesthetics"
SLUGS = {"look-0", "look-1", "look-2", "look-3", "look-4"}


@pytest.fixture
def looks(ada: User) -> None:
    for number in range(5):
        factories.shelved(factories.aesthetic(ada, f"look-{number}", title="A look"))
    Aesthetic.objects.filter(slug="look-3").update(download_count=3)


def walk(client: Client, headers: dict[str, str] | None = None, **query: str) -> list[str]:
    """Follow `next` from the first page to the last; return what stood on them."""
    page = client.get(LIST, {"limit": "2", **query}, headers=headers or {}).json()
    slugs = []
    while True:
        assert 0 < len(page["items"]) <= 2
        slugs += [item["slug"] for item in page["items"]]
        if page["next"] is None:
            return slugs
        page = client.get(page["next"], headers=headers or {}).json()


@pytest.mark.parametrize(
    "query",
    [{}, {"sort": "newest"}, {"sort": "downloads"}, {"sort": "title"}, {"q": "look"}],
)
def test_following_the_links_shows_each_once(
    client: Client, looks: None, query: dict[str, str]
) -> None:
    slugs = walk(client, None, **query)
    assert len(slugs) == 5
    assert set(slugs) == SLUGS


@pytest.mark.parametrize("sort", ["relevance", "newest", "downloads", "title"])
def test_a_persons_own_drafts_are_all_shown_too(client: Client, ada: User, sort: str) -> None:
    for number in range(5):
        factories.aesthetic(ada, f"look-{number}")
    slugs = walk(client, factories.bearer(ada), owner="ada", sort=sort)
    assert len(slugs) == 5
    assert set(slugs) == SLUGS


def test_published_ones_and_drafts_of_ones_own_are_all_shown(
    client: Client, looks: None, ada: User
) -> None:
    factories.aesthetic(ada, "draft-1")
    factories.aesthetic(ada, "draft-2")
    slugs = walk(client, factories.bearer(ada), owner="ada", sort="newest")
    assert len(slugs) == 7
    assert set(slugs) == SLUGS | {"draft-1", "draft-2"}


def test_the_way_back_leads_back(client: Client, looks: None) -> None:
    first = client.get(LIST, {"limit": "2"}).json()
    second = client.get(first["next"]).json()
    assert first["previous"] is None
    assert client.get(second["previous"]).json()["items"] == first["items"]


def test_what_is_published_meanwhile_moves_nothing(client: Client, looks: None, ada: User) -> None:
    first = client.get(LIST, {"limit": "2"}).json()
    factories.shelved(factories.aesthetic(ada, "newcomer"))
    second = client.get(first["next"]).json()
    assert [item["slug"] for item in second["items"]] == ["look-2", "look-1"]


def test_the_link_header_says_the_same_as_the_body(client: Client, looks: None) -> None:
    first = client.get(LIST, {"limit": "2"})
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = client.get(first.json()["next"])
    relations = re.findall(r'<([^>]+)>; rel="(\w+)"', second["Link"])
    assert relations == [(second.json()["next"], "next"), (second.json()["previous"], "prev")]
    assert "Link" not in client.get(LIST)


@pytest.mark.parametrize("limit", ["1", "100"])
def test_a_limit_within_bounds_is_taken(client: Client, looks: None, limit: str) -> None:
    assert len(client.get(LIST, {"limit": limit}).json()["items"]) == min(int(limit), 5)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "", "1.5", "²", "9" * 5000])
def test_a_limit_out_of_bounds_is_refused_not_clamped(client: Client, db: None, limit: str) -> None:
    response = client.get(LIST, {"limit": limit})
    assert errors(response) == {"/limit": "invalid"}
    assert response.json()["errors"][0]["detail"].endswith("is not a number from 1 to 100.")


def test_thirty_come_where_nothing_is_said(client: Client, ada: User) -> None:
    for number in range(31):
        factories.shelved(factories.aesthetic(ada, f"look-{number}"))
    assert len(client.get(LIST).json()["items"]) == 30


def test_a_cursor_cannot_be_read_or_made_by_anyone_else(client: Client, looks: None) -> None:
    following = client.get(LIST, {"limit": "2"}).json()["next"]
    cursor = re.search(r"cursor=([^&]+)", following)
    assert cursor is not None
    for forged in (cursor.group(1)[:-1], f"x{cursor.group(1)}", "x", "", "cD0y", "a:b:c"):
        response = client.get(LIST, {"cursor": forged})
        assert errors(response) == {"/cursor": "invalid"}
    detail = response.json()["errors"][0]["detail"]
    assert detail == "This cursor was not made by the hub, or not for this order."


def test_something_else_that_the_hub_has_signed_is_not_a_cursor(client: Client, db: None) -> None:
    other = signing.dumps([0, False, "x"], salt="something else")
    assert errors(client.get(LIST, {"cursor": other})) == {"/cursor": "invalid"}


def test_a_cursor_of_another_order_is_refused(client: Client, looks: None) -> None:
    following = client.get(LIST, {"limit": "2", "sort": "title"}).json()["next"]
    response = client.get(following.replace("sort=title", "sort=newest"))
    assert errors(response) == {"/cursor": "invalid"}
