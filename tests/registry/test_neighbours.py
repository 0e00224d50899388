"""What is near: within one space, offered, and never private."""

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import Settings

from accounts.models import User
from registry import publishing, search
from registry.models import Aesthetic, Version
from tests import factories

ANYBODY = AnonymousUser()


def look(owner: User, slug: str, direction: int, **card: object) -> Version:
    """Publish an aesthetic whose vector lies near one axis."""
    return factories.shelved(factories.aesthetic(owner, slug, **card), direction)


def near(version: Version, person: User | AnonymousUser = ANYBODY, most: int = 10) -> list[str]:
    found = search.neighbours(version, person=person, most=most)
    return [neighbour.version.aesthetic.slug for neighbour in found]


@pytest.fixture
def centre(ada: User) -> Version:
    return look(ada, "centre", 1)


def test_the_nearest_comes_first_with_its_cosine(centre: Version, bob: User) -> None:
    look(bob, "far", 2)
    look(bob, "close", 1)
    assert near(centre) == ["close", "far"]
    close, far = search.neighbours(centre, person=ANYBODY, most=2)
    assert 0.5 < close.cosine <= 1
    assert abs(far.cosine) < 0.5


def test_the_cosine_is_that_of_the_two_vectors(centre: Version, bob: User) -> None:
    other = look(bob, "close", 1)
    (neighbour,) = search.neighbours(centre, person=ANYBODY, most=1)
    one, two = (Version.objects.get(pk=version.pk).vector for version in (centre, other))
    dot = sum(x * y for x, y in zip(one, two, strict=True))
    lengths = sum(x * x for x in one) * sum(y * y for y in two)
    assert neighbour.cosine == pytest.approx(dot / lengths**0.5, abs=1e-6)


def test_no_more_come_than_were_asked_for(centre: Version, bob: User) -> None:
    for number in range(3):
        look(bob, f"look-{number}", 1)
    assert len(near(centre, most=2)) == 2


def test_an_aesthetic_is_not_its_own_neighbour(centre: Version) -> None:
    factories.shelved(centre.aesthetic, 1)
    assert near(centre) == []


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_what_is_too_short_or_too_long_to_be_compared_is_near_nothing(
    centre: Version, bob: User, scale: float
) -> None:
    assert near(factories.shelved(factories.aesthetic(bob, "extreme"), scale=scale)) == []


def test_a_cosine_that_is_no_number_is_left_out(centre: Version, bob: User) -> None:
    """JSON has no such number, and one import of long ago would be in the way of all others."""
    factories.shelved(factories.aesthetic(bob, "extreme"), direction=1, scale=5e37)
    look(bob, "close", 1)
    assert near(centre) == ["close"]


def test_other_spaces_are_never_compared(centre: Version, bob: User, settings: Settings) -> None:
    settings.HUB_SPACE = "clip"
    other = look(bob, "close", 1)
    assert other.space.name == "clip"
    assert near(centre) == []
    assert near(other) == []


def test_private_deleted_and_draft_ones_are_never_neighbours(centre: Version, bob: User) -> None:
    look(bob, "private", 1, visibility="private")
    publishing.delete(look(bob, "deleted", 1).aesthetic)
    factories.built(factories.aesthetic(bob, "draft"), 2, 1)
    assert near(centre) == []
    assert near(centre, centre.aesthetic.owner) == []


def test_a_person_sees_their_own_private_ones(centre: Version, ada: User) -> None:
    look(ada, "private", 1, visibility="private")
    assert near(centre, ada) == ["private"]


def test_one_version_stands_for_an_aesthetic_the_newest_that_was_not_yanked(
    centre: Version, bob: User
) -> None:
    first = look(bob, "close", 1)
    second = factories.shelved(first.aesthetic, 1)
    found = search.neighbours(centre, person=ANYBODY, most=9)
    assert [neighbour.version for neighbour in found] == [second]
    publishing.yank(second, reason="Too grey.")
    found = search.neighbours(centre, person=ANYBODY, most=9)
    assert [neighbour.version for neighbour in found] == [first]
    publishing.yank(first, reason="Too grey.")
    assert near(centre) == []


def test_a_look_with_a_version_in_two_spaces_is_near_in_both(centre: Version, bob: User) -> None:
    old = look(bob, "close", 1)
    new = factories.shelved(old.aesthetic, 1, within="newer")
    other = factories.shelved(factories.aesthetic(bob, "other"), 1, within="newer")
    for version, nearest in ((centre, old), (other, new)):
        found = search.neighbours(version, person=ANYBODY, most=9)
        assert [neighbour.version for neighbour in found] == [nearest]


def test_of_each_space_the_newest_version_stands_for_a_look(centre: Version, bob: User) -> None:
    first = look(bob, "close", 1)
    second = factories.shelved(first.aesthetic, 1)
    factories.shelved(first.aesthetic, 1, within="newer")
    found = search.neighbours(centre, person=ANYBODY, most=9)
    assert [neighbour.version for neighbour in found] == [second]


def test_what_becomes_private_is_no_longer_near(centre: Version, bob: User) -> None:
    look(bob, "close", 1)
    Aesthetic.objects.filter(slug="close").update(visibility="private")
    assert near(centre) == []
