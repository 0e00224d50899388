"""Every list of the API over rows of equal moments: each row once, and the same way back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts.models import User
from generation import sheets
from generation.models import Generation, Sheet
from generation.prompts import queue_generation
from registry import aliases, blending
from registry.api.pagination import SignedCursorPagination
from registry.models import Aesthetic, Member, Notice, Version
from tests import factories
from tests.addresses import ROUTES, addresses
from tests.generation.drawn_sheets import doses, drawn

NAMES = {
    "owner": ["ada"],
    "slug": ["sea-mist"],
    "ref": ["v1"],
    "alias": ["alias-0"],
    **{name: ["x"] for name in ("which", "name", "digest", "other", "unknown")},
    "pk": ["00000000-0000-4000-8000-000000000000"],
}
MANY = range(5)


def lists() -> Iterator[str]:
    """Yield the routes that answer in pages."""
    for name, route in ROUTES.items():
        if name.startswith("api:"):
            (path, *_) = addresses(route, NAMES)
            view = getattr(resolve(path).func, "view_class", None)
            if getattr(view, "pagination_class", None) is SignedCursorPagination:
                yield name


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.fixture
def version(ada: User) -> Version:
    """The first of several of a look that has several of everything that is listed of one."""
    look, now = factories.aesthetic(ada), timezone.now()
    factories.members(look, len(MANY))
    version, *others = [factories.shelved(look, direction=number) for number in MANY]
    for number in MANY:
        factories.verified(version, finished_at=now)
        aliases.move_alias(look, f"alias-{number}", to=version, by=ada)
        aliases.move_alias(look, "alias-0", to=others[number % 2], by=ada)
        child = factories.aesthetic(ada, f"child-{number}")
        order = blending.Order(
            "difference", [(each, None) for each in (version, others[number % 4])]
        )
        blending.blend_into(child, blending.examine(order))
        Notice.objects.create(person=ada, sentence=f"It rained {number} times.")
    Version.objects.filter(number=None).update(number=1, published_at=now)
    Aesthetic.objects.update(published_at=now)
    Member.objects.update(added_at=now)
    Notice.objects.update(created_at=now)
    return version


@pytest.fixture
def drawings(version: Version) -> None:
    """Drawings and sheets: kept, removed and shared."""
    ada = version.aesthetic.owner
    for number in MANY:
        for _ in range(2):
            drawn(queue_generation(ada, version=version, prompt=f"a boat, {number}"))
            made = doses(ada, version, steps=[number], seeds=[1])
            drawn(made.cells.get())
        Generation.objects.remove(Generation.objects.kept().alone().order_by("created_at")[0].pk)
        sheets.remove(Sheet.objects.kept().order_by("created_at")[0])
    now = timezone.now()
    for kind in (Generation, Sheet):
        kind.objects.update(created_at=now)
        kind.objects.removed().update(hidden_at=now)
        kind.objects.kept().update(shared_at=now)


def walk(client: Client, path: str, headers: dict[str, str], link: str) -> Iterator[Any]:
    """Yield the pages that one link leads to, from the one at `path` on."""
    page = client.get(path, headers=headers).json()
    yield page
    if page[link] is not None:
        yield from walk(client, page[link], headers, link)


def test_every_list_leads_to_its_end_and_back(
    client: Client, version: Version, drawings: None
) -> None:
    headers = factories.bearer(version.aesthetic.owner)
    walked = list(lists())
    assert len(walked) == 14
    for name in walked:
        (path, *_) = addresses(ROUTES[name], NAMES)
        query = "&direction=children" if name == "api:lineage" else ""
        there = list(walk(client, f"{path}?limit=2{query}", headers, "next"))
        items = [json.dumps(item) for page in there for item in page["items"]]
        assert len(items) >= len(MANY), name
        assert len(set(items)) == len(items), name
        assert len(there) >= 3, name
        address = there[-2]["next"]
        back = list(walk(client, address, headers, "previous"))
        assert [page["items"] for page in back] == [page["items"] for page in there[::-1]], name
