"""Which looks stand beside each other on the page that compares them."""

from typing import Any

import pytest
from django.test import Client

from registry.models import Version
from tests import factories


@pytest.fixture
def looks(version: Version) -> list[str]:
    """The names of four looks."""
    owner = version.aesthetic.owner
    others = [factories.aesthetic(owner, slug) for slug in ("ink", "neon", "stone")]
    return ["ada/sea-mist", *(factories.shelved(other).aesthetic.ref for other in others)]


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_look_that_is_named_in_two_ways_stands_there_once(
    client: Client, version: Version, looks: list[str]
) -> None:
    page = client.get("/compare", {"look": ["Sea mist", "ada/sea-mist", "ada/ink"]})
    assert [str(each.version) for each in page.context["compared"]] == [
        "ada/sea-mist@v1",
        "ada/ink@v1",
    ]
    assert 'href="?look=ada/ink%40v1&amp;"' in html(page)


def test_a_name_of_no_look_takes_no_place(client: Client, looks: list[str]) -> None:
    page = html(client.get("/compare", {"look": [*looks[:3], "no/such"]}))
    assert "There is no published look “no/such”." in page
    assert "Add it" in page
    assert "Add it" not in html(client.get("/compare", {"look": looks}))
