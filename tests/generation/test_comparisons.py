"""Looks beside each other: which, and whether their sheets can be compared."""

import pytest
from django.test import Client

from generation.models import StandardSheet
from registry.models import Version
from tests import factories
from tests.generation.drawn_standard import finished, html

BOTH = {"look": ["ada/sea-mist", "Ink"]}


@pytest.fixture
def drawn(version: Version) -> StandardSheet:
    """The sheet of “Ink”, beside one of ada's look that was drawn in the same way."""
    finished(version)
    eve = factories.person("eve")
    return finished(factories.shelved(factories.aesthetic(eve, "ink", title="Ink")))


@pytest.fixture
def looks(version: Version) -> list[str]:
    """The names of four looks."""
    owner = version.aesthetic.owner
    others = [factories.aesthetic(owner, slug) for slug in ("ink", "neon", "stone")]
    return ["ada/sea-mist", *(factories.shelved(other).aesthetic.ref for other in others)]


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
    assert 'value="no/such"' in page  # to be mended
    assert all(f'<option value="{look}">' in page for look in looks)
    assert "Add it" not in html(client.get("/compare", {"look": looks}))


def test_looks_are_compared_beside_each_other(client: Client, version: Version) -> None:
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink", title="Ink"))
    finished(version)
    page = client.get("/compare", {"look": ["ada/sea-mist", "Ink", "nobody/x"]})
    shown = html(page)
    assert [each.version for each in page.context["compared"]] == [version, other]
    assert shown.count("standard.webp") == 1
    assert "Not drawn yet." in shown
    assert "There is no published look “nobody/x”." in shown


def test_a_look_is_left_out_of_a_comparison(client: Client, version: Version) -> None:
    factories.shelved(factories.aesthetic(factories.person("eve"), "ink", title="Ink"))
    both = html(client.get("/compare", {"look": ["ada/sea-mist", "Ink"]}))
    assert 'href="?look=eve/ink%40v1&amp;"' in both
    assert 'href="?look=ada/sea-mist%40v1&amp;"' in both
    assert "Leave out" not in html(client.get("/compare?look=eve/ink%40v1&"))


def test_sheets_of_different_checkpoints_are_compared_with_a_warning(
    client: Client, drawn: StandardSheet
) -> None:
    assert "different checkpoints" not in html(client.get("/compare", BOTH))
    StandardSheet.objects.filter(pk=drawn.pk).update(checkpoint="sha256:" + "1" * 64)
    assert "drawn by 2 different checkpoints" in html(client.get("/compare", BOTH))


def test_sheets_of_different_doses_are_compared_with_a_warning(
    client: Client, drawn: StandardSheet
) -> None:
    assert "not all that differs" not in html(client.get("/compare", BOTH))
    drawn.recipe["rate"] = 0.5
    drawn.save()
    said = "These were drawn at 2 different doses, so not all that differs is the looks' doing."
    assert said in html(client.get("/compare", BOTH))
    drawn.checkpoint, drawn.recipe["prompts"] = "sha256:" + "1" * 64, ["a cat"]
    drawn.save()
    said = "by 2 different checkpoints and at 2 different doses and from 2 different sets of words"
    assert said in html(client.get("/compare", BOTH))


def test_more_looks_than_fit_are_named(client: Client, version: Version) -> None:
    shown = html(client.get("/compare", {"look": [f"ada/{name}" for name in "abcde"]}))
    assert "left out: ada/e" in shown
    assert "Name a look to begin with." in html(client.get("/compare"))
