"""Families of versions, both ways, and only as far as the asker may see."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from accounts.models import User
from registry import blending, lineage, publishing, takedowns
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import problem

CARD = {"licence": "CC-BY-4.0"}


def blended(owner: User, slug: str, *looks: Version, publish: bool = True) -> Version:
    found = Aesthetic.objects.filter(owner=owner, slug=slug).first()
    into = found or factories.aesthetic(owner, slug, **CARD)
    order = blending.Order("weighted-mean", [(look, None) for look in looks])
    version = blending.blend_into(into, blending.examine(order)).version
    return publishing.publish(version) if publish else version


class Family:
    """Two looks of ada; a blend of bob's of both; a blend of eve's of that and the first."""

    def __init__(self, ada: User, bob: User) -> None:
        self.eve = factories.person("eve")
        self.fog = factories.shelved(factories.aesthetic(ada, "fog", **CARD))
        self.neon = factories.shelved(factories.aesthetic(ada, "neon", **CARD), direction=1)
        self.child = blended(bob, "child", self.fog, self.neon)
        self.grandchild = blended(self.eve, "grandchild", self.child, self.fog)


@pytest.fixture
def family(ada: User, bob: User) -> Family:
    return Family(ada, bob)


def walked(version: Version, direction: lineage.Direction, person: Any) -> dict[str, int]:
    found = lineage.relatives(version, direction, among=lineage.seen_by(person))
    return {str(each): found[each.pk] for each in lineage.shown(found)}


def test_ancestors_and_descendants_with_their_fewest_steps(family: Family) -> None:
    nobody = AnonymousUser()
    assert walked(family.fog, "children", nobody) == {"eve/grandchild@v1": 1, "bob/child@v1": 1}
    assert walked(family.neon, "children", nobody) == {"bob/child@v1": 1, "eve/grandchild@v1": 2}
    assert walked(family.grandchild, "parents", nobody) == {
        "bob/child@v1": 1,
        "ada/fog@v1": 1,
        "ada/neon@v1": 2,
    }
    assert walked(family.fog, "parents", nobody) == {}


def test_what_is_hidden_is_not_counted_and_not_walked_through(
    family: Family, ada: User, bob: User
) -> None:
    Aesthetic.objects.filter(slug="child").update(visibility="private")
    assert walked(family.neon, "children", ada) == {}  # the grandchild is public, its way is not
    assert walked(family.neon, "children", bob) == {"bob/child@v1": 1, "eve/grandchild@v1": 2}
    assert walked(family.grandchild, "parents", ada) == {"ada/fog@v1": 1}
    branches = lineage.tree(family.grandchild, person=ada)
    assert [str(branch.version) for branch in branches] == ["ada/fog@v1"]


def test_a_draft_is_not_in_public_families_nor_in_its_owners(family: Family) -> None:
    blended(family.eve, "secret", family.neon, family.fog, publish=False)
    for person in (AnonymousUser(), family.eve):
        assert "eve/secret@draft" not in walked(family.neon, "children", person)
    assert "eve/secret@draft" in [str(each) for each in lineage.descendants(family.neon)]


def test_the_tree_shows_each_parents_own_parents_once(family: Family) -> None:
    tree = {
        str(branch.version): branch
        for branch in lineage.tree(family.grandchild, person=AnonymousUser())
    }
    child, fog = tree["bob/child@v1"], tree["ada/fog@v1"]
    assert child.words == "× 1"  # noqa: RUF001
    assert {str(each.version) for each in child.branches} == {"ada/fog@v1", "ada/neon@v1"}
    assert fog.branches == []
    shallow = lineage.tree(family.grandchild, person=AnonymousUser(), steps=1)
    assert [branch.branches for branch in shallow] == [[], []]


def test_the_api_pages_through_a_family(client: Client, family: Family) -> None:
    path = "/api/v1/aesthetics/ada/neon/versions/v1/lineage"
    (only,) = client.get(path, {"direction": "children"}).json()["items"]
    assert (only["steps"], only["version"]["ref"]) == (1, "bob/child@v1")
    assert set(only["parents"]) == {family.fog.version_digest, family.neon.version_digest}
    first = client.get(f"{path}?direction=children&depth=3&limit=1").json()
    second = client.get(first["next"]).json()
    refs = [page["items"][0]["version"]["ref"] for page in (first, second)]
    assert refs == ["eve/grandchild@v1", "bob/child@v1"]
    assert second["next"] is None
    assert client.get(path).json()["items"] == []  # parents, of a look measured from pictures


@pytest.mark.parametrize("query", ["direction=aunts", "depth=0", "depth=9", "depth=x"])
def test_the_api_refuses_other_directions_and_depths(
    client: Client, family: Family, query: str
) -> None:
    path = f"/api/v1/aesthetics/ada/neon/versions/v1/lineage?{query}"
    problem(client.get(path), 422, "invalid")


def test_pages_show_the_family_both_ways(client: Client, family: Family) -> None:
    page = client.get("/bob/child").content.decode()
    for shown in ("Made of", "ada/fog@v1", "ada/neon@v1", "Made of it", "eve/grandchild@v1"):
        assert shown in page
    assert "Blended of other looks." in page
    whole = client.get("/eve/grandchild/versions/v1/lineage").content.decode()
    for shown in ("ada/fog@v1", "ada/neon@v1", "bob/child@v1", "Nothing yet."):
        assert shown in whole
    assert "measured from pictures" in client.get("/ada/fog/versions/v1/lineage").content.decode()
    assert client.get("/ada/fog/versions/v9/lineage").status_code == 404


def test_pages_of_what_is_made_of_something_withdrawn_say_so(
    client: Client, family: Family, ada: User
) -> None:
    assert "was withdrawn" not in client.get("/eve/grandchild").content.decode()
    publishing.yank(family.neon, reason="Too bright.")
    takedowns.take_down(family.fog, reason="Not hers.")
    for path in ("/eve/grandchild", "/bob/child"):
        page = client.get(path).content.decode()
        assert "Something this is made of was withdrawn." in page
        assert "was withdrawn: Too bright." in page
        assert "was taken down: Not hers." in page
    answer = client.get(
        "/api/v1/aesthetics/bob/child/versions/v1/lineage", {"direction": "parents"}
    ).json()
    assert [item["version"]["taken_down"] is None for item in answer["items"]] == [True, False]
    assert client.get("/ada/fog/versions/v1/lineage").status_code == 451


def test_the_page_of_a_long_family_asks_the_database_a_few_times(
    client: Client, family: Family, bob: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        blended(bob, f"more-{number}", family.fog, family.neon)
    with django_assert_max_num_queries(40):
        page = client.get("/ada/fog").content.decode()
    assert page.count("relative__ref") == lineage.CHILDREN_SHOWN
    assert "All that was made of it" in page


def test_the_first_of_a_long_line_is_credited_and_the_last_is_told_of(ada: User, bob: User) -> None:
    fog = factories.shelved(factories.aesthetic(ada, "fog", **CARD))
    neon = factories.shelved(factories.aesthetic(ada, "neon", **CARD), direction=1)
    last = blended(bob, "link-0", fog, neon)
    for number in range(1, lineage.MOST_STEPS + 2):
        last = blended(bob, f"link-{number}", last, neon)
    assert any("(ada/fog@v1)" in line for line in lineage.attribution(last))
    assert last in lineage.descendants(fog)
    assert str(last) not in walked(fog, "children", AnonymousUser())  # pages show eight steps
