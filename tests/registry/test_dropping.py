"""Pictures dropped and the rest measured anew: by arithmetic alone; and put back."""

import pytest

from accounts.models import User
from registry import dropping, publishing
from registry.models import Aesthetic, DroppedPictures, Feature, Member, Side, Version
from registry.queueing import BuildRefused, Queued
from registry.tasks import build_version
from tests import factories


@pytest.fixture
def built(draft: Aesthetic) -> Version:
    """A build of six pictures in a space that no encoder knows: to encode anything would fail."""
    return factories.built(draft, pictures=6)


def places_of(version: Version, count: int) -> set[dropping.Place]:
    members = version.members.select_related("image")[:count]
    return {(member.image.digest, member.side) for member in members}


def rows(of: Aesthetic) -> list[tuple[object, ...]]:
    fields = ("image__digest", "side", "filename", "source", "licence", "credit")
    return sorted(of.members.values_list(*fields))


def test_a_subset_is_measured_without_an_encoder(built: Version) -> None:
    before = set(Feature.objects.values_list("pk", flat=True))
    dropped, queued = dropping.drop_and_build(built.aesthetic, places_of(built, 2))
    assert (len(dropped), queued.is_new, queued.version.image_count) == (2, True, 4)
    build_version(str(queued.version.pk))
    version = Version.objects.get(pk=queued.version.pk)
    assert version.has_succeeded, version.reason
    assert set(Feature.objects.values_list("pk", flat=True)) == before
    assert version.vector_digest != built.vector_digest


def test_the_version_that_was_there_keeps_its_pictures(built: Version) -> None:
    dropping.drop_and_build(built.aesthetic, places_of(built, 2))
    assert built.members.count() == 6


def test_only_the_side_that_was_chosen_is_dropped(draft: Aesthetic) -> None:
    factories.members(draft, 4)
    away = factories.members(draft, 3, Side.AWAY, first=3)  # the first is on both sides
    version = factories.built(draft)
    dropping.drop_and_build(version.aesthetic, {(away[0].image.digest, "towards")})
    assert (draft.members.filter(side="towards").count(), draft.members.count()) == (3, 6)


def test_a_set_that_would_be_too_small_stays_whole(built: Version) -> None:
    with pytest.raises(BuildRefused) as caught:
        dropping.drop_and_build(built.aesthetic, places_of(built, 5))
    assert caught.value.code == "too-few-images"
    assert built.aesthetic.members.count() == 6


def test_pictures_that_are_gone_already_are_passed_over(built: Version) -> None:
    places = places_of(built, 2)
    (digest, _), _ = places
    built.aesthetic.members.filter(image__digest=digest).delete()
    dropped, queued = dropping.drop_and_build(built.aesthetic, places)
    assert (len(dropped), queued.version.image_count) == (1, 4)
    with pytest.raises(dropping.DropRefused) as caught:
        dropping.drop_and_build(built.aesthetic, places)
    assert caught.value.detail == "None of these pictures is in the set any more."
    assert built.aesthetic.versions.count() == 2


def test_what_was_dropped_comes_back_as_it_was(built: Version) -> None:
    Member.objects.update(source="https://example.org", licence="CC0-1.0", credit="Ada")
    before = rows(built.aesthetic)
    dropped, _ = dropping.drop_and_build(built.aesthetic, places_of(built, 2))
    assert rows(built.aesthetic) != before
    assert dropping.put_back(built.aesthetic, dropped) == 2
    assert rows(built.aesthetic) == before
    assert dropping.put_back(built.aesthetic, dropped) == 0
    assert factories.built(built.aesthetic) == built  # which stands as it was


def test_what_was_dropped_is_kept_until_it_is_back_or_the_set_is_measured_again(
    built: Version,
) -> None:
    of = built.aesthetic
    first, _ = dropping.drop_and_build(of, places_of(built, 1))
    assert dropping.dropped_last(of) == first
    last = {(member.image.digest, member.side) for member in of.members.all()[:1]}
    second, _ = dropping.drop_and_build(of, last)
    assert dropping.dropped_last(of) == second
    assert DroppedPictures.objects.count_of(of) == 1
    dropping.put_back(of, second)
    assert dropping.dropped_last(of) == []
    dropping.drop_and_build(of, last)
    factories.member(of, 99)
    factories.built(of)
    assert not DroppedPictures.objects.exists()


def test_it_can_be_put_back_where_what_is_left_was_measured_before(built: Version) -> None:
    of = built.aesthetic
    added = factories.member(of, 99)
    before = rows(of)
    factories.built(of)
    dropped, queued = dropping.drop_and_build(of, {(added.image.digest, "towards")})
    assert queued == Queued(built, is_new=False)
    assert DroppedPictures.objects.count_of(of) == 1
    assert dropping.put_back(of, dropping.dropped_last(of)) == len(dropped)
    assert rows(of) == before


def test_it_can_be_put_back_whatever_else_came_into_the_look(built: Version) -> None:
    of = built.aesthetic
    dropping.drop_and_build(of, places_of(built, 2))
    factories.shelved(of)  # as an import or a blend does
    assert DroppedPictures.objects.count_of(of) == len(dropping.dropped_last(of)) == 2


def test_nobody_gets_a_picture_by_its_digest(built: Version, bob: User) -> None:
    dropped, _ = dropping.drop_and_build(built.aesthetic, places_of(built, 1))
    other = factories.aesthetic(bob)
    assert dropping.put_back(other, dropped) == 0
    assert not other.members.exists()


def test_a_deleted_set_stays_empty(built: Version) -> None:
    dropped, _ = dropping.drop_and_build(built.aesthetic, places_of(built, 1))
    publishing.delete(built.aesthetic)
    with pytest.raises(dropping.DropRefused) as caught:
        dropping.put_back(built.aesthetic, dropped)
    assert caught.value.code == "not-found"
