"""The set doctor on the sample sets, as the built-in encoder sees them: what its bounds rest on."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from hub.demo.samples import SAMPLES, read_sets
from registry import near_duplicates, outliers, two_styles
from registry.encoder import Encoder, Source
from registry.pictures import pixels

SETS = {each.slug: [picture.path for picture in each.pictures] for each in read_sets(SAMPLES)}
Features = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def features(one_torch_thread: None) -> Features:
    """The features of all sample sets: [pictures, 768] by name."""
    encoder = Encoder.load(Source(settings.ENCODER_MODEL))
    return {name: encode(encoder, paths) for name, paths in SETS.items()}


def encode(encoder: Encoder, paths: list[Path]) -> np.ndarray:
    size = encoder.description.image_size
    return encoder.encode_pictures([pixels(path.read_bytes(), size) for path in paths])


def is_two_styles(features: np.ndarray) -> bool:
    found = two_styles.split(features)
    return found is not None and found.is_two_styles


@pytest.mark.parametrize("name", SETS)
def test_a_sample_set_is_one_look(features: Features, name: str) -> None:
    assert not is_two_styles(features[name])


def test_two_sample_sets_in_one_are_two_looks(features: Features) -> None:
    """Three in four are found; the others are looks that are near each other."""
    mixtures = [
        is_two_styles(np.concatenate([features[one], features[other]]))
        for one, other in combinations(SETS, 2)
    ]
    assert np.mean(mixtures) > 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cold-peaks", "people-of-the-two-suns"),
        ("ember-dusk", "winter-wash"),
        ("painted-nebulae", "storybook-animals"),
        ("old-engraving", "synthwave"),
    ],
)
def test_these_two_looks_are_told_apart(features: Features, one: str, other: str) -> None:
    found = two_styles.split(np.concatenate([features[one], features[other]]))
    assert found is not None
    assert found.is_two_styles
    is_other = np.arange(len(found.second)) >= len(features[one])
    right = (found.second == is_other).mean()
    assert max(right, 1 - right) > 0.9


def test_hardly_a_picture_of_the_sample_sets_stands_apart(features: Features) -> None:
    found = [
        outliers.are_outliers(outliers.angles_to_others(rows)).sum() for rows in features.values()
    ]
    assert sum(found) <= 2


def test_hardly_a_pair_of_the_sample_sets_is_taken_for_one_picture(features: Features) -> None:
    pairs = [
        near_duplicates.near_duplicates(
            features[name], [near_duplicates.perceptual_hash(path.read_bytes()) for path in paths]
        )
        for name, paths in SETS.items()
    ]
    assert sum(found.total for found in pairs) <= 1
