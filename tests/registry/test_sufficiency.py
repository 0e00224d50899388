"""What more pictures would change, against drawing them."""

import numpy as np
import pytest

from registry.sufficiency import LITTLE, STEP, Sufficiency

WIDTH = 64
SPREAD = np.linspace(1.5, 0.1, WIDTH)  # unequal, as an encoder's scatter is


def draw(generator: np.random.Generator, count: int, centre: float = 1.0) -> np.ndarray:
    return centre + SPREAD * generator.standard_normal((count, WIDTH))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize(("count", "more"), [(10, 10), (20, 25), (60, 5), (60, 100)])
def test_the_change_is_the_one_that_drawing_more_pictures_has(count: int, more: int) -> None:
    generator = np.random.default_rng(count)
    expected, found = [], []
    for _ in range(400):
        rows = draw(generator, count + more)
        expected.append(Sufficiency.of(rows[:count], np.ones(count, dtype=bool)).change(more))
        found.append(1 - cosine(rows[:count].mean(axis=0), rows.mean(axis=0)))
    assert np.mean(expected) == pytest.approx(np.mean(found), rel=0.08)


def test_the_sides_of_a_contrast_add_up() -> None:
    generator = np.random.default_rng(1)
    expected, found = [], []
    for _ in range(400):
        towards, away = draw(generator, 60), draw(generator, 30, centre=-0.5)
        now = np.concatenate([towards[:40], away[:20]])
        expected.append(Sufficiency.of(now, np.arange(60) < 40).change(30))
        then = towards.mean(axis=0) - away.mean(axis=0)
        found.append(1 - cosine(towards[:40].mean(axis=0) - away[:20].mean(axis=0), then))
    assert np.mean(expected) == pytest.approx(np.mean(found), rel=0.08)


def test_the_standard_error_is_the_angle_to_the_mean_of_endless_pictures() -> None:
    generator = np.random.default_rng(2)
    squares, expected = [], []
    for _ in range(400):
        rows = draw(generator, 30)
        angle = np.degrees(np.arccos(cosine(rows.mean(axis=0), np.ones(WIDTH))))
        squares.append(angle**2)
        expected.append(Sufficiency.of(rows, np.ones(30, dtype=bool)).standard_error)
    assert np.mean(expected) == pytest.approx(np.sqrt(np.mean(squares)), rel=0.05)


def test_more_pictures_change_a_larger_set_less() -> None:
    rows = draw(np.random.default_rng(3), 80)
    changes = [
        Sufficiency.of(rows[:count], np.ones(count, dtype=bool)).change(STEP)
        for count in (5, 20, 80)
    ]
    assert changes == sorted(changes, reverse=True)


def test_enough_is_where_the_change_passes_the_bound() -> None:
    measured = Sufficiency.of(draw(np.random.default_rng(4), 50), np.ones(50, dtype=bool))
    enough = measured.enough
    assert enough > 1
    assert Sufficiency(enough, measured.scatter).change(STEP) <= LITTLE
    assert Sufficiency(enough - 1, measured.scatter).change(STEP) > LITTLE


def test_equal_pictures_are_enough_at_once() -> None:
    measured = Sufficiency.of(np.ones((3, WIDTH)), np.ones(3, dtype=bool))
    assert (measured.change(STEP), measured.standard_error, measured.enough) == (0.0, 0.0, 0)


def test_a_side_of_one_picture_tells_nothing() -> None:
    with pytest.raises(ValueError, match="A side of one picture has no scatter"):
        Sufficiency.of(np.ones((3, WIDTH)), np.array([True, True, False]))
