"""Two versions of an aesthetic: the angle between them, and whose doing it is."""

import numpy as np
import pytest

from registry import comparing
from registry.models import Aesthetic, Side, Space, Version
from tests import factories


def grown(version: Version) -> Version:
    """Return a second version: one picture fewer, two more."""
    first = version.aesthetic.members.first()
    assert first is not None
    first.delete()
    factories.members(version.aesthetic, 2, first=900)
    return factories.published(version.aesthetic)


def test_the_cosine_is_that_of_the_published_vectors(version: Version) -> None:
    second = grown(version)
    comparison = comparing.compare(version, second)
    one, other = (np.array(each.vector, dtype=np.float64) for each in (version, second))
    expected = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert comparison.cosine == pytest.approx(expected)
    assert comparison.angle == pytest.approx(np.degrees(np.arccos(expected)), rel=1e-4)


def test_every_picture_that_came_or_went_has_its_share(version: Version) -> None:
    gone = version.aesthetic.members.first()
    assert gone is not None
    moves = comparing.moves(comparing.compare(version, grown(version)))
    assert [move.is_added for move in moves].count(True) == 2
    assert [move.image for move in moves if not move.is_added] == [gone.image.digest]
    assert sum(move.share for move in moves) == pytest.approx(1.0, abs=1e-3)
    assert [move.share for move in moves] == sorted((move.share for move in moves), reverse=True)
    assert all(move.angle > 0 for move in moves)


def test_a_picture_that_changed_its_side_went_and_came(draft: Aesthetic) -> None:
    factories.members(draft, 5)
    factories.members(draft, 5, Side.AWAY, first=50)
    first = factories.published(draft)
    moved = draft.members.filter(side="away").first()
    assert moved is not None
    moved.delete()
    factories.member(draft, 50, Side.TOWARDS)
    moves = comparing.moves(comparing.compare(first, factories.published(draft)))
    assert {(move.side, move.is_added) for move in moves} == {("away", False), ("towards", True)}
    assert {move.image for move in moves} == {moved.image.digest}


def test_a_version_and_itself_are_equal(version: Version) -> None:
    comparison = comparing.compare(version, version)
    assert comparison.cosine == pytest.approx(1.0)
    assert comparison.angle == pytest.approx(0.0)
    assert comparing.moves(comparison) == []


def test_versions_of_two_spaces_are_not_compared(version: Version) -> None:
    other = grown(version)
    other.space = Space(pk=other.space_id + 1, name="another")
    with pytest.raises(comparing.NotComparable) as caught:
        comparing.compare(version, other)
    assert caught.value.code == "incompatible-space"


def test_versions_without_pictures_have_no_moves(draft: Aesthetic) -> None:
    one, other = factories.shelved(draft), factories.shelved(draft)
    assert comparing.moves(comparing.compare(one, other)) == []


def test_no_picture_moved_a_vector_to_one_that_was_not_measured(version: Version) -> None:
    other = factories.shelved(version.aesthetic)  # as an import or a blend, without pictures
    assert comparing.moves(comparing.compare(version, other)) == []
    assert comparing.moves(comparing.compare(other, version)) == []
