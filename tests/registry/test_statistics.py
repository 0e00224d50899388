"""Means, contrasts and tightness of features, against their definitions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import statistics


def features_of(seed: int, count: int = 9, width: int = 16) -> np.ndarray:
    """Make features with a common part, as an encoder's are."""
    generator = np.random.default_rng(seed)
    return (generator.standard_normal((count, width)) + 1.0).astype(np.float32)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_mean_is_the_exact_mean_rounded_once(seed: int, count: int) -> None:
    features = features_of(seed, count)
    exact = [
        np.float32(float(sum(Fraction(float(number)) for number in column) / count))
        for column in features.T
    ]
    result = statistics.mean(features)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, exact, rtol=6e-8, atol=1e-9)


def test_the_mean_is_accumulated_in_64_bits() -> None:
    features = np.array([[2.0**24], [1.0], [1.0], [-(2.0**24)]], dtype=np.float32)
    assert statistics.mean(features)[0] == 0.5


def test_the_mean_has_the_same_bytes_whatever_the_memory_layout() -> None:
    features = features_of(1, count=777, width=768)
    result = statistics.mean(features).tobytes()
    assert statistics.mean(np.asfortranarray(features)).tobytes() == result
    assert statistics.mean(np.repeat(features, 2, axis=1)[:, ::2]).tobytes() == result


def test_the_mean_is_not_of_normalised_features() -> None:
    features = np.array([[3.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert statistics.mean(features).tolist() == [1.5, 0.5]


def test_the_contrast_is_the_mean_towards_less_the_mean_away() -> None:
    towards, away = features_of(2), features_of(3, count=5)
    expected = towards.astype(np.float64).mean(axis=0) - away.astype(np.float64).mean(axis=0)
    result = statistics.contrast(towards, away)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_the_contrast_is_rounded_once() -> None:
    towards = np.array([[1.0], [1.0], [1.0 + 2.0**-23]], dtype=np.float32)
    away = np.array([[1.0]], dtype=np.float32)
    assert statistics.contrast(towards, away)[0] == pytest.approx(2.0**-23 / 3, rel=1e-6)


@pytest.mark.parametrize("count", [1, 50])
def test_images_of_one_direction_have_the_resultant_length_one(count: int) -> None:
    lengths = np.linspace(1.0, 20.0, count, dtype=np.float32)[:, None]
    features = lengths * np.array([[0.3, -0.2, 0.9]], dtype=np.float32)
    assert statistics.resultant_length(features) == pytest.approx(1.0, abs=1e-6)
    assert statistics.resultant_length(features) <= 1.0


def test_opposite_images_have_the_resultant_length_zero_whatever_their_norms() -> None:
    features = np.array([[5.0, 0.0], [-0.5, 0.0]], dtype=np.float32)
    assert statistics.resultant_length(features) == 0.0


def test_the_resultant_length_of_a_right_angle_is_known() -> None:
    features = np.array([[2.0, 0.0], [0.0, 7.0]], dtype=np.float32)
    assert statistics.resultant_length(features) == pytest.approx(math.sqrt(0.5))


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_resultant_length_lies_between_zero_and_one(seed: int, count: int) -> None:
    assert 0.0 <= statistics.resultant_length(features_of(seed, count)) <= 1.0


def test_features_are_left_as_they_were() -> None:
    features = features_of(4)
    before = features.copy()
    statistics.mean(features)
    statistics.contrast(features, features)
    statistics.resultant_length(features)
    assert (features == before).all()


def test_an_empty_set_has_no_mean() -> None:
    with pytest.raises(ValueError, match=r"not \(0, 768\)"):
        statistics.mean(np.zeros((0, 768), dtype=np.float32))
    with pytest.raises(ValueError, match=r"not \(768,\)"):
        statistics.mean(np.zeros(768, dtype=np.float32))


def test_features_that_are_not_finite_are_named() -> None:
    features = features_of(5)
    features[3, 2] = math.nan
    with pytest.raises(ValueError, match="row 3 holds a number that is not finite"):
        statistics.mean(features)


def test_a_zero_feature_has_no_direction() -> None:
    features = features_of(6)
    features[2] = 0.0
    with pytest.raises(ValueError, match="row 2 is zero and points nowhere"):
        statistics.resultant_length(features)
