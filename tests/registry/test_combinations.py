"""What parents and an operation give, where it is defined, and where it is refused by name."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from generation import aesthetics
from registry import combinations, statistics
from registry.combinations import CombinationRefused, combine
from registry.digests import digest_bytes, recipe_digest, vector_digest

WIDTH = 768
A, B, C = (digest_bytes(name) for name in (b"a", b"b", b"c"))

Vector = NDArray[np.float32]


def random(seed: int, length: float = 1.0) -> Vector:
    vector = np.random.default_rng(seed).normal(0, 1, WIDTH)  # [768]
    return (length * vector / np.linalg.norm(vector)).astype(np.float32)


def axis(place: int, length: float = 1.0) -> Vector:
    vector = np.zeros(WIDTH, np.float32)
    vector[place] = length
    return vector


VECTORS = {A: random(1, 9.0), B: random(2, 0.3), C: random(3, 4.0)}


def mean_of(weights: dict[str, float]) -> dict[str, object]:
    return {"operation": "weighted-mean", "weights": weights}


def pair(operation: str, first: str = A, second: str = B, **more: float) -> dict[str, object]:
    roles = combinations.PAIRS[operation]
    return {"operation": operation, roles[0]: first, roles[1]: second, **more}


def refused(parameters: dict[str, object], vectors: dict[str, Vector] = VECTORS) -> str:
    with pytest.raises(CombinationRefused) as caught:
        combine(parameters, vectors)
    assert caught.value.detail.endswith(".")
    return caught.value.code


def test_a_weighted_mean_weighs_directions_whatever_the_lengths() -> None:
    made = combine(mean_of({A: 1.0, B: 0.5, C: -0.25}), VECTORS)
    units = {name: v.astype(np.float64) / np.linalg.norm(v) for name, v in VECTORS.items()}
    expected = (units[A] + 0.5 * units[B] - 0.25 * units[C]) / 1.75
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-8)


def test_a_weighted_mean_points_where_a_drawing_with_these_weights_goes() -> None:
    weights = {A: 1.0, B: 0.5, C: -0.25}
    made = torch.from_numpy(combine(mean_of(weights), VECTORS))
    drawn = aesthetics.mixed(
        torch.stack([torch.from_numpy(VECTORS[name]) for name in weights]),
        torch.tensor(list(weights.values())),
    )
    assert float(torch.cosine_similarity(made, drawn, dim=0)) == pytest.approx(1, abs=1e-6)


def test_the_same_parents_in_any_order_give_the_same_bits() -> None:
    weights = {A: 0.3, B: 0.7, C: -0.1}
    digests = {
        (recipe_digest(told), vector_digest(combine(told, vectors).tolist()))
        for names in (list(weights), list(weights)[::-1])
        for told in [mean_of({name: weights[name] for name in names})]
        for vectors in [{name: VECTORS[name] for name in names}]
    }
    assert len(digests) == 1


def test_slerp_turns_by_its_share_of_the_angle_and_has_unit_length() -> None:
    angle = math.acos(float(random(1) @ random(2)))
    for share in (0, 0.25, 0.5, 1):
        made = combine(pair("slerp", share=share), VECTORS).astype(np.float64)
        assert np.linalg.norm(made) == pytest.approx(1, abs=1e-6)
        assert math.acos(min(1.0, float(made @ random(1)))) == pytest.approx(
            share * angle, abs=1e-3
        )
    ends = [combine(pair("slerp", share=share), VECTORS) for share in (0, 1)]
    np.testing.assert_allclose(ends, [random(1), random(2)], atol=1e-7)


def test_slerp_between_nearly_equal_directions_is_between_them() -> None:
    near = axis(0) + axis(1, 1e-5)
    made = combine(pair("slerp", share=0.5), {A: axis(0), B: near})
    assert made[1] == pytest.approx(0.5e-5, rel=1e-3)
    assert combine(pair("slerp", share=0.5), {A: axis(0), B: axis(0, 3)}).tolist() == list(axis(0))


@pytest.mark.parametrize("off", [0.0, 1e-5])
def test_there_is_no_arc_between_opposites(off: float) -> None:
    vectors = {A: axis(0, 2), B: axis(0, -1) + axis(1, off)}
    assert refused(pair("slerp", share=0.5), vectors) == "opposite-parents"


def test_a_little_off_the_opposite_there_is_one_arc() -> None:
    vectors = {A: axis(0), B: axis(0, -1) + axis(1, 0.01)}
    made = combine(pair("slerp", share=0.5), vectors)
    assert made[1] == pytest.approx(1, abs=1e-4)


def test_a_difference_of_two_means_is_the_contrast_of_their_sets() -> None:
    towards = np.stack([random(seed, 5) for seed in range(6)])  # [6, 768]
    away = np.stack([random(seed, 5) for seed in range(10, 14)])  # [4, 768]
    means = {A: statistics.mean(towards), B: statistics.mean(away)}
    made = combine(pair("difference"), means)
    np.testing.assert_allclose(made, statistics.contrast(towards, away), atol=1e-6)


def test_projecting_out_leaves_nothing_of_the_direction_and_all_of_the_rest() -> None:
    vectors = {A: axis(0, 3) + axis(1, 2), B: axis(1, -7)}
    assert combine(pair("project-out"), vectors).tolist() == list(axis(0, 3))
    made = combine(pair("project-out"), VECTORS).astype(np.float64)
    assert abs(made @ VECTORS[B]) < 1e-6


@pytest.mark.parametrize(
    ("parameters", "vectors"),
    [
        (mean_of({A: 1.0, B: 1.0}), {A: axis(0, 2), B: axis(0, -5)}),
        (mean_of({A: 1.0, B: -1.0}), {A: axis(0, 2), B: axis(0, 5)}),
        (pair("difference"), {A: axis(0, 2), B: axis(0, 2)}),
        (pair("project-out"), {A: axis(0, 2), B: axis(0, -1)}),
        (pair("project-out"), {A: random(1), B: -3 * random(1)}),
    ],
)
def test_what_cancels_out_is_refused(
    parameters: dict[str, object], vectors: dict[str, Vector]
) -> None:
    assert refused(parameters, vectors) == "zero-result"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"operation": "sum", "weights": {A: 1.0, B: 1.0}},
        mean_of({A: 1.0}),
        mean_of({A: 1.0, B: 0.0}),
        mean_of({A: 1.0, B: 10.5}),
        mean_of({A: 1.0, B: math.nan}),
        mean_of({A: 1.0, B: True}),
        mean_of({A: 1.0, "sea-mist": 1.0}),
        {**mean_of({A: 1.0, B: 1.0}), "share": 0.5},
        {"operation": "weighted-mean", "weights": [1, 1]},
        mean_of({digest_bytes(bytes([number])): 1.0 for number in range(17)}),
        pair("slerp"),
        pair("slerp", share=1.5),
        pair("slerp", share=-0.1),
        pair("slerp", A, A, share=0.5),
        pair("difference", A, A),
        pair("difference", share=0.5),
        pair("difference", A, "sea-mist"),
        {"operation": "difference", "from": A},
    ],
)
def test_what_no_recipe_says_is_refused(parameters: dict[str, object]) -> None:
    assert refused(parameters) == "wrong-parents"


def test_a_parent_that_is_no_vector_is_an_error_of_ours() -> None:
    for wrong in (np.zeros(WIDTH), np.full(WIDTH, np.nan), np.ones((1, WIDTH))):
        with pytest.raises(ValueError, match="A parent's vector"):
            combine(pair("difference"), {A: random(1), B: wrong.astype(np.float32)})


def test_the_parts_are_told_in_words() -> None:
    told = [part.words for part in combinations.parts_of(mean_of({A: -0.5, B: 1.0}))]
    assert told == ["× 1", "× -0.5"]  # noqa: RUF001
    told = [part.words for part in combinations.parts_of(pair("slerp", share=0.25))]
    assert told == ["from here", "25% of the arc towards"]
