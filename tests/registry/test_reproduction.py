"""What was measured again beside what is kept: deviations, stages, the first that deviates."""

import math

import numpy as np
import pytest

from registry.reproduction import (
    TOLERANCE,
    Stage,
    deviation,
    first_deviating,
    is_exact,
    of_digests,
    of_vectors,
)


def turned(angle: float, length: float = 1.0) -> np.ndarray:
    """Return a vector [2] at an angle in radians from (1, 0)."""
    return np.array([math.cos(angle), math.sin(angle)], dtype=np.float32) * np.float32(length)


@pytest.mark.parametrize("angle", [0.001, 0.1, 1.0, math.pi / 2, math.pi])
def test_the_deviation_of_equal_lengths_is_one_minus_the_cosine(angle: float) -> None:
    assert deviation(turned(0), turned(angle)) == pytest.approx(1 - math.cos(angle), rel=1e-4)


def test_equal_vectors_deviate_by_nothing_at_all() -> None:
    vector = np.random.default_rng(1).normal(size=768).astype(np.float32)  # [768]
    assert deviation(vector, vector.copy()) == 0.0


def test_a_longer_vector_of_the_same_direction_deviates() -> None:
    assert deviation(turned(0.3), turned(0.3, length=2.0)) == pytest.approx(0.25)
    assert deviation(turned(0.3), turned(0.3, length=1.001)) < TOLERANCE


def test_a_vector_of_zeros_deviates_from_all_but_itself() -> None:
    nothing = np.zeros(2, dtype=np.float32)
    assert (deviation(nothing, turned(0)), deviation(nothing, nothing)) == (1.0, 0.0)


def test_the_tolerance_is_that_of_the_specification() -> None:
    within, beyond = math.acos(1 - 0.9e-5), math.acos(1 - 1.1e-5)
    kept = np.array([1.0, 0.0], dtype=np.float32)
    found = [(False, deviation(kept, turned(angle))) for angle in (within, beyond)]
    assert of_vectors("features", found).agree == 1


def test_digests_agree_where_they_are_equal_and_there() -> None:
    stage = of_digests("pixels", [("a", "a"), ("a", "b"), ("a", ""), ("", "")])
    assert stage == Stage("pixels", of=4, agree=1, equal=1, largest_deviation=None)


def test_vectors_agree_within_the_tolerance_and_the_largest_deviation_is_told() -> None:
    stage = of_vectors("features", [(True, 0.0), (False, 1e-6), (False, 0.5), (False, None)])
    assert stage == Stage("features", of=4, agree=2, equal=1, largest_deviation=0.5)
    assert of_vectors("vector", [(False, None)]).largest_deviation is None


def test_the_first_stage_that_deviates_is_named() -> None:
    good, close = Stage("image", 3, 3, 3), Stage("features", 3, 3, 1, 1e-7)
    bad = Stage("vector", 1, 0, 0, 0.1)
    assert first_deviating([good, close]) == ""
    assert first_deviating([good, close, bad, Stage("image", 1, 0, 0)]) == "vector"
    assert is_exact([good])
    assert not is_exact([good, close])
