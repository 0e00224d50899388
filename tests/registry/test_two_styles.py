"""Whether a set looks like two styles, on clouds that are known. The sample sets: tests/demo."""

import numpy as np
import pytest

from registry import two_styles


def cloud(
    generator: np.random.Generator, count: int, dimensions: int, width: int = 64
) -> np.ndarray:
    """Draw pictures of one look: normal in a few dimensions beside the common direction."""
    features = np.zeros((count, width))
    features[:, 0] = 1.0
    features[:, 1 : 1 + dimensions] = 0.35 * generator.standard_normal((count, dimensions))
    return features


@pytest.mark.parametrize("dimensions", [1, 2, 4, 8, 40])
@pytest.mark.parametrize("count", [10, 20, 60])
def test_one_look_is_hardly_ever_taken_for_two(count: int, dimensions: int) -> None:
    generator = np.random.default_rng([count, dimensions])
    splits = [two_styles.split(cloud(generator, count, dimensions)) for _ in range(100)]
    assert sum(found is not None and found.is_two_styles for found in splits) <= 6


@pytest.mark.parametrize(("first", "second"), [(6, 6), (15, 5), (40, 8)])
def test_two_looks_are_told_apart_picture_by_picture(first: int, second: int) -> None:
    generator = np.random.default_rng([first, second])
    features = cloud(generator, first + second, 8)
    features[first:, 20] = 3.0
    features[:, 1:9] *= 0.5
    order = generator.permutation(len(features))
    found = two_styles.split(features[order])
    assert found is not None
    assert found.is_two_styles
    is_second = order >= first
    assert (found.second == is_second).all() or (
        first == second and (found.second == ~is_second).all()
    )


def test_noise_in_many_dimensions_has_no_gap() -> None:
    """Where a picture counts in its own centre, ten of them always fall into two tight groups."""
    generator = np.random.default_rng(1)
    for _ in range(20):
        found = two_styles.split(1 + generator.standard_normal((10, 768)))
        assert found is not None
        assert found.separation < 2.65
        assert not found.is_two_styles


def test_two_strays_are_not_a_style() -> None:
    features = cloud(np.random.default_rng(2), 20, 8)
    features[18:, 20] = 6.0
    found = two_styles.split(features)
    assert found is not None
    assert found.second.sum() == 2
    assert not found.is_two_styles


def test_seven_pictures_are_too_few_to_tell() -> None:
    assert two_styles.split(cloud(np.random.default_rng(3), 7, 4)) is None


def test_equal_pictures_have_no_halves() -> None:
    assert two_styles.split(np.ones((9, 16))) is None


def test_the_same_set_falls_into_the_same_groups() -> None:
    features = cloud(np.random.default_rng(4), 30, 4)
    one, other = two_styles.split(features), two_styles.split(features.copy())
    assert one is not None
    assert other is not None
    assert (one.second == other.second).all()
    assert (one.separation, one.silhouette) == (other.separation, other.silhouette)
