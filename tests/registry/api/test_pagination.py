"""Pages of lists: signed cursors, limits, links. SPEC section 4."""

import re
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.core import signing
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from accounts.models import User
from generation.models import Generation, Sheet
from registry import publishing
from registry.api.pagination import Cursor, SignedCursorPagination, beyond
from registry.models import Aesthetic
from registry.search import RELEVANCE, SORTS
from tests import factories
from tests.answers import errors

LIST = "/api/v1/aesthetics"
NOBODYS = "00000000-0000-4000-8000-000000000000"
SLUGS = {"look-0", "look-1", "look-2", "look-3", "look-4"}
BY_EACH_SORT = pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "look"},
        {"q": "look", "sort": "title"},
        *({"sort": sort} for sort in SORTS if sort != RELEVANCE),
    ],
    ids=lambda query: " ".join(query.values()),
)


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


@BY_EACH_SORT
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


@pytest.fixture
def tied(looks: None) -> None:
    """Eight looks that share each sort's value, but for one that was downloaded."""
    for number in range(5, 8):
        factories.shelved(factories.aesthetic(User.objects.get(), f"look-{number}", title="A look"))
    Aesthetic.objects.update(published_at=timezone.now())


def follow(client: Client, page: dict[str, Any], link: str) -> list[dict[str, Any]]:
    """Return the page, and all that one link leads to from there on."""
    found = [page]
    while found[-1][link] is not None:
        found.append(client.get(found[-1][link]).json())
    return found


def pages(client: Client, query: dict[str, str]) -> list[dict[str, Any]]:
    """Return all pages of two, from the first on."""
    return follow(client, client.get(LIST, {"limit": "2", **query}).json(), "next")


def slugs_on(page: dict[str, Any]) -> list[str]:
    return [item["slug"] for item in page["items"]]


@BY_EACH_SORT
def test_the_way_back_leads_back(client: Client, tied: None, query: dict[str, str]) -> None:
    """From each page to the one before it, and from the last to the first."""
    there = pages(client, query)
    assert [len(page["items"]) for page in there] == [2, 2, 2, 2]
    assert len({slug for page in there for slug in slugs_on(page)}) == 8
    assert there[0]["previous"] is None
    for before, page in pairwise(there):
        assert client.get(page["previous"]).json()["items"] == before["items"]
    back = follow(client, there[-1], "previous")
    assert [page["items"] for page in back] == [page["items"] for page in there[::-1]]
    again = follow(client, back[-1], "next")
    assert [page["items"] for page in again] == [page["items"] for page in there]


@BY_EACH_SORT
def test_what_is_published_meanwhile_moves_nothing(
    client: Client, tied: None, ada: User, query: dict[str, str]
) -> None:
    """Not even among equal values, wherever in the order it comes."""
    before = [slugs_on(page) for page in pages(client, query)]
    first = client.get(LIST, {"limit": "2", **query}).json()
    for number in range(2):
        newcomer = factories.aesthetic(ada, f"newcomer-{number}", title="A look")
        factories.shelved(newcomer)
    known = {slug for page in before for slug in page}
    second = client.get(first["next"]).json()
    assert slugs_on(first) == before[0]
    third = client.get(second["next"]).json()
    later = [slug for page in (second, third) for slug in slugs_on(page) if slug in known]
    assert later == [*before[1], *before[2]]


@BY_EACH_SORT
@pytest.mark.parametrize("gone", [[0], [1], [0, 1]])
def test_what_is_deleted_meanwhile_moves_nothing(
    client: Client, tied: None, query: dict[str, str], gone: list[int]
) -> None:
    """Not even the row that a cursor names."""
    before = [slugs_on(page) for page in pages(client, query)]
    first = client.get(LIST, {"limit": "2", **query}).json()
    for index in gone:
        publishing.delete(Aesthetic.objects.get(slug=before[0][index]))
    second = client.get(first["next"]).json()
    assert slugs_on(second) == before[1]
    left = [slug for index, slug in enumerate(before[0]) if index not in gone]
    assert slugs_on(client.get(second["previous"]).json()) == left


@BY_EACH_SORT
def test_where_all_that_follows_is_deleted_the_end_is_behind(
    client: Client, tied: None, query: dict[str, str]
) -> None:
    before = [slugs_on(page) for page in pages(client, query)]
    third = client.get(LIST, {"limit": "6", **query}).json()
    for slug in before[3]:
        publishing.delete(Aesthetic.objects.get(slug=slug))
    beyond_it = client.get(third["next"].replace("limit=6", "limit=2")).json()
    assert (beyond_it["items"], beyond_it["next"]) == ([], None)
    last = client.get(beyond_it["previous"]).json()
    assert (slugs_on(last), last["next"]) == (before[2], None)
    for slug in before[0] + before[1]:
        publishing.delete(Aesthetic.objects.get(slug=slug))
    start = client.get(last["previous"]).json()
    assert (start["items"], start["previous"]) == ([], None)
    assert slugs_on(client.get(start["next"]).json()) == before[2]


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Aesthetic.objects.public().order_by(*SORTS["newest"]), "aesthetic_newest"),
        (Aesthetic.objects.public().order_by(*SORTS["downloads"]), "aesthetic_most_downloaded"),
        (Generation.objects.filter(owner=1).order_by("-created_at", "-pk"), "generation_of_owner"),
        (Sheet.objects.filter(owner=1).order_by("-created_at", "-pk"), "sheet_of_owner"),
        (
            Generation.objects.filter(
                version=UUID(NOBODYS), shared_at__isnull=False
            ).newest_shared(),
            "generation_shared",
        ),
        (Sheet.objects.filter(shared_at__isnull=False).newest_shared(), "sheet_shared"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("is_backwards", [False, True], ids=["forwards", "backwards"])
def test_a_page_begins_where_the_index_says(
    db: None, rows: QuerySet[Any], index: str, *, is_backwards: bool
) -> None:
    """Nothing before it is read, as an offset would have it."""
    with connection.cursor() as cursor:
        # Tables without rows are otherwise read from end to end, and sorted.
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;"
            "SET LOCAL enable_bitmapscan = off"
        )
    first = "5" if rows.query.order_by[0] == "-download_count" else "2026-01-02 03:04:05.000678+00"
    last = "7" if rows.model is Aesthetic else NOBODYS
    plan = beyond(Cursor(is_backwards, [first, last]), rows)[:3].explain()
    # Where the index has the first key alone, it leads to that.
    assert re.search(rf"{index} .*\n +Index Cond: .*(ROW\(|created_at [<>]=)", plan), plan


def test_a_key_without_a_value_has_no_place(ada: User) -> None:
    """A cursor that cannot say where it is would lose rows without a word."""
    factories.aesthetic(ada, "draft-1")
    factories.aesthetic(ada, "draft-2")
    request = Request(RequestFactory().get(LIST, {"limit": "1"}))
    with pytest.raises(ValueError, match="published_at is null"):
        SignedCursorPagination().paginate_queryset(
            Aesthetic.objects.order_by("-published_at", "-pk"), request
        )


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
    assert detail == "This cursor was not made by the hub, or not for this list and order."


def test_something_else_that_the_hub_has_signed_is_not_a_cursor(client: Client, db: None) -> None:
    other = signing.dumps([0, False, "x"], salt="something else")
    assert errors(client.get(LIST, {"cursor": other})) == {"/cursor": "invalid"}


def test_a_cursor_of_another_order_is_refused(client: Client, looks: None) -> None:
    following = client.get(LIST, {"limit": "2", "sort": "title"}).json()["next"]
    response = client.get(following.replace("sort=title", "sort=newest"))
    assert errors(response) == {"/cursor": "invalid"}
