"""Which pictures stand apart: the rule, on clouds that are known."""

import numpy as np

from registry.influence import angles
from registry.outliers import angles_to_others, are_outliers


def cloud(seed: int, count: int = 20, width: int = 64, spread: float = 0.1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (1.0 + spread * generator.standard_normal((count, width))).astype(np.float32)


def test_each_picture_is_compared_with_the_others_alone() -> None:
    features = cloud(1, count=4)
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    expected = [
        float(angles(units[place], np.delete(units, place, axis=0).mean(axis=0)))
        for place in range(4)
    ]
    np.testing.assert_allclose(angles_to_others(features), expected, rtol=1e-5)


def test_a_stranger_is_found_wherever_it_stands() -> None:
    for place in (0, 7, 19):
        features = cloud(2)
        features[place, :32] *= -1
        assert np.flatnonzero(are_outliers(angles_to_others(features))).tolist() == [place]


def test_two_strangers_do_not_hide_each_other() -> None:
    features = cloud(3)
    features[[4, 9], :32] *= -1
    assert np.flatnonzero(are_outliers(angles_to_others(features))).tolist() == [4, 9]


def test_a_single_cloud_hardly_ever_has_one() -> None:
    found = sum(are_outliers(angles_to_others(cloud(seed))).sum() for seed in range(100, 200))
    assert found <= 20  # of 2,000 pictures


def test_nobody_is_dropped_for_being_typical() -> None:
    assert not are_outliers(np.array([0.5, *[30.0 + step for step in range(9)]])).any()


def test_four_pictures_say_nothing_of_each_other() -> None:
    assert not are_outliers(np.array([1.0, 1.0, 1.1, 80.0])).any()
    assert are_outliers(np.array([1.0, 1.0, 1.1, 1.2, 80.0])).tolist() == [False] * 4 + [True]


def test_equal_pictures_are_not_told_apart_by_rounding() -> None:
    features = np.repeat(cloud(5, count=1), 9, axis=0)
    features[8] *= 3.0
    assert not are_outliers(angles_to_others(features)).any()
