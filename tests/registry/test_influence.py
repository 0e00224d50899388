"""What each picture does to a vector, against the vector taken anew without it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import influence


def rows_of(seed: int, count: int, width: int = 24) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal((count, width)) + 1.0).astype(np.float32)


def vector_of(features: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Return the vector in float64, by its definition."""
    rows = features.astype(np.float64)
    away = rows[~towards].mean(axis=0) if (~towards).any() else 0.0
    vector: np.ndarray = rows[towards].mean(axis=0) - away
    return vector


def angle_of(one: np.ndarray, other: np.ndarray) -> float:
    return math.degrees(math.acos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))


@given(st.integers(0, 2**32), st.integers(2, 12), st.sampled_from([0, 2, 5]))
def test_leaving_a_picture_out_turns_the_vector_as_if_it_were_taken_anew(
    seed: int, towards_count: int, away_count: int
) -> None:
    features = rows_of(seed, towards_count + away_count)
    towards = np.arange(len(features)) < towards_count
    turns = influence.leave_one_out(features, towards)
    whole = vector_of(features, towards)
    for place, turn in enumerate(turns):
        rest = np.arange(len(features)) != place
        assert turn == pytest.approx(
            angle_of(whole, vector_of(features[rest], towards[rest])), abs=1e-4
        )


def test_a_side_of_one_picture_cannot_lose_it() -> None:
    with pytest.raises(ValueError, match="A side of one picture has no mean without it"):
        influence.leave_one_out(rows_of(1, 3), np.array([True, True, False]))


SETS = {
    "pictures came": ([1, 1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 1, 1, 1]),
    "pictures went": ([1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 1, 0]),
    "both, on both sides": ([1, 1, 0, 0, 1, 1, 0], [0, 1, 1, 1, 1, 0, 1]),
    "an away side came": ([1, 1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1]),
    "an away side went": ([1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0]),
    "nothing in common": ([1, 1, 0, 0, 1, 0, 0], [0, 0, 1, 1, 0, 1, 1]),
}


@pytest.mark.parametrize("name", SETS)
def test_the_moves_add_up_to_the_difference_of_the_vectors(name: str) -> None:
    features = rows_of(7, 7)
    towards = np.array([True, True, True, True, False, False, False])
    before, after = (np.array(marks, dtype=bool) for marks in SETS[name])
    steps = influence.moves(features, towards, before, after)
    one = vector_of(features[before], towards[before])
    other = vector_of(features[after], towards[after])
    np.testing.assert_allclose(steps.sum(axis=0), other - one, atol=1e-12)
    assert not steps[before & after].any()
    shares = influence.turn_shares(steps, one, other)
    assert shares.sum() == pytest.approx(1.0)


def test_a_picture_that_is_like_the_mean_moves_nothing_and_a_stranger_moves_all() -> None:
    features = rows_of(3, 6)
    features[4] = features[:4].mean(axis=0)
    towards = np.ones(6, dtype=bool)
    before = np.arange(6) < 4
    steps = influence.moves(features, towards, before, towards)
    shares = influence.turn_shares(
        steps, vector_of(features[before], towards[before]), vector_of(features, towards)
    )
    assert shares[4] == pytest.approx(0.0, abs=1e-6)
    assert shares[5] == pytest.approx(1.0, abs=1e-6)


def test_no_turn_has_no_shares() -> None:
    vector = np.ones(4)
    assert influence.turn_shares(np.zeros((2, 4)), vector, 2 * vector).tolist() == [0.0, 0.0]


def test_angles_are_exact_where_cosines_are_not() -> None:
    one = np.array([1.0, 0.0])
    tiny = 1e-9  # radians; their cosine is 1 in 64 bits
    other = np.array([[math.cos(tiny), math.sin(tiny)], [0.0, 2.0], [-3.0, 0.0], [0.0, 0.0]])
    angles = influence.angles(one, other)
    assert angles[0] == pytest.approx(math.degrees(tiny), rel=1e-6)
    assert angles[1:].tolist() == pytest.approx([90.0, 180.0, 90.0])


def test_features_are_left_as_they_were() -> None:
    features = rows_of(4, 5)
    before, marks = features.copy(), np.array([True, True, True, False, False])
    influence.leave_one_out(features, marks)
    influence.moves(features, marks, marks, ~marks)
    assert (features == before).all()
