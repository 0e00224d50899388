"""A published blend's card: what its parents' owners say today does not lock it."""

import pytest
from django.test import Client

from accounts.models import User
from registry import blending, editing, publishing
from registry.models import Aesthetic, Version
from registry.rights import RightsRefused
from tests import factories
from tests.answers import problem


@pytest.fixture
def fog(bob: User) -> Version:
    """A look of somebody else, open enough."""
    return factories.published(factories.aesthetic(bob, "fog", licence="CC-BY-4.0"), direction=0)


@pytest.fixture
def mine(ada: User, fog: Version) -> Aesthetic:
    """A look of ada with a published blend of it."""
    own = factories.published(factories.aesthetic(ada, "neon", licence="CC-BY-4.0"), direction=1)
    made = factories.aesthetic(ada, "mine", licence="CC-BY-4.0")
    order = blending.Order("weighted-mean", [(fog, None), (own, None)])
    publishing.publish(blending.blend_into(made, blending.examine(order)).version)
    return made


def say(of: Version, **card: str) -> None:
    """Let the owner of a parent change its card."""
    Aesthetic.objects.filter(pk=of.aesthetic_id).update(**card)


STRANGERS_CHANGES = [
    {"licence": "CC-BY-ND-4.0"},
    {"licence": "other"},
    {"licence": "CC-BY-SA-4.0"},
    {"rating": "mature"},
]


@pytest.mark.parametrize("theirs", STRANGERS_CHANGES)
@pytest.mark.parametrize(
    "said",
    [
        {"title": "Neon in fog"},
        {"visibility": "private"},
        {"licence": "CC-BY-4.0", "rating": "general"},
        {"rating": "mature"},
        {"licence": "CC-BY-NC-4.0"},
        {"licence": "CC-BY-SA-4.0", "rating": "mature"},
    ],
)
def test_what_stays_and_what_becomes_stricter_asks_nobody(
    mine: Aesthetic, fog: Version, theirs: dict[str, str], said: dict[str, str]
) -> None:
    say(fog, **theirs)
    editing.change_card(mine, said)
    mine.refresh_from_db()
    assert {name: getattr(mine, name) for name in said} == said


def test_page_and_api_save_a_title_although_a_parent_was_relicensed(
    mine: Aesthetic, fog: Version
) -> None:
    say(fog, licence="CC-BY-ND-4.0", rating="mature")
    client = Client()
    client.force_login(mine.owner)
    card = {"title": "One", "licence": mine.licence, "rating": mine.rating, "visibility": "public"}
    assert client.post("/ada/mine/edit", card).status_code == 302
    mine.refresh_from_db()
    assert mine.title == "One"
    headers = factories.bearer(mine.owner)
    path, body = "/api/v1/aesthetics/ada/mine", {"title": "Two", "licence": mine.licence}
    assert client.patch(path, body, "application/json", headers=headers).json()["title"] == "Two"
    body = {"licence": "CC0-1.0"}
    answer = client.patch(path, body, "application/json", headers=headers)
    problem(answer, 422, "incompatible-licences")


@pytest.mark.parametrize(
    ("theirs", "said", "code"),
    [
        ({}, {"licence": "CC0-1.0"}, "licence-not-inherited"),
        ({"licence": "CC-BY-SA-4.0"}, {"licence": "CC0-1.0"}, "licence-not-inherited"),
        # Both allow the licence as it stands, so both have a say in the next one.
        ({"licence": "CC-BY-3.0"}, {"licence": "GPL-3.0-or-later"}, "licence-not-inherited"),
        ({"licence": "CC-BY-ND-4.0"}, {"licence": "CC0-1.0"}, "incompatible-licences"),
    ],
)
def test_what_becomes_more_open_asks_the_parents_of_today(
    mine: Aesthetic, fog: Version, theirs: dict[str, str], said: dict[str, str], code: str
) -> None:
    say(fog, **theirs)
    with pytest.raises(RightsRefused) as caught:
        editing.change_card(mine, said)
    assert caught.value.code == code


def test_a_rating_that_was_taken_back_is_asked_of_the_parents(
    mine: Aesthetic, fog: Version
) -> None:
    editing.change_card(mine, {"rating": "mature"})
    editing.change_card(mine, {"rating": "general"})
    editing.change_card(mine, {"rating": "mature"})
    say(fog, rating="mature")
    with pytest.raises(RightsRefused) as caught:
        editing.change_card(mine, {"rating": "general"})
    assert caught.value.code == "rating-not-inherited"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"licence": "CC0-1.0"}, "licence-not-inherited"),
        ({"rating": "general"}, "rating-not-inherited"),
        ({"licence": "CC-BY-SA-4.0"}, ""),
        ({"title": "Neon in fog"}, ""),
    ],
)
def test_the_card_of_a_parent_that_is_private_by_now_is_not_told(
    mine: Aesthetic, fog: Version, said: dict[str, str], code: str
) -> None:
    editing.change_card(mine, {"rating": "mature"})
    say(fog, visibility="private", licence="CC-BY-NC-4.0", rating="mature")
    if not code:
        editing.change_card(mine, said)
        return
    with pytest.raises(RightsRefused) as caught:
        editing.change_card(mine, said)
    assert caught.value.code == code
    assert "bob/fog@v1, of which it is made, is private or deleted" in caught.value.detail
    assert "NC" not in caught.value.detail
    assert "ature" not in caught.value.detail
