"""What is said of a vector from elsewhere, and of what that is derived."""

import numpy as np
import pytest

from registry import fingerprints
from tests.registry.made_files import a_vector

CLIP_L = "clip-vit-l-14-openai"


def means(count: int, shared: float, seed: int = 0) -> np.ndarray:
    """Make means that lie in ten directions of 768, all with as much of the first of them."""
    rng = np.random.default_rng(seed)
    space = np.linalg.qr(rng.standard_normal((768, 10)))[0].T  # [10, 768]
    places = rng.standard_normal((count, 10))
    places[:, 0] = shared
    made: np.ndarray = places @ space + 0.01 * rng.standard_normal((count, 768))
    return made.astype(np.float32)  # [count, 768]


def clip_mean(sign: float = 1.0) -> np.ndarray:
    """Make what an image mean of CLIP-L looks like, by the two dimensions that are known."""
    vector = 0.02 * np.random.default_rng(3).standard_normal(768)
    vector[413], vector[644] = -0.5 * sign, 0.5 * sign
    return (15 * vector).astype(np.float32)


def test_a_mean_of_the_space_is_consistent_and_a_vector_of_another_one_unusual() -> None:
    *known, other = means(21, shared=0.0)
    signature = fingerprints.signature_of("any", np.array(known))
    assert fingerprints.find(other, signature).label == "consistent"
    foreign = fingerprints.find(a_vector(), signature)
    assert foreign.label == "unusual"
    assert "20 published means" in foreign.sentence
    assert "like another encoder's" in foreign.sentence


def test_where_the_means_share_a_direction_a_contrast_and_an_opposite_are_unusual() -> None:
    *known, one, two = means(22, shared=5.0)
    signature = fingerprints.signature_of("any", np.array(known))
    assert fingerprints.find(one, signature).label == "consistent"
    for vector in (one - two, -one, a_vector()):
        found = fingerprints.find(vector, signature)
        assert found.label == "unusual"
        assert found.sentence.startswith("This does not look like a mean of image embeddings;")


def test_where_they_share_none_it_says_that_a_contrast_can_not_be_told() -> None:
    *known, one, two = means(22, shared=0.0)
    signature = fingerprints.signature_of("any", np.array(known))
    found = fingerprints.find(one - two, signature)
    assert found.label == "consistent"
    assert "a contrast or a text can't be told" in found.sentence


def test_the_length_of_a_vector_says_nothing() -> None:
    *known, other = means(21, shared=5.0)
    signature = fingerprints.signature_of("any", np.array(known))
    assert fingerprints.find(other * 1e-6, signature) == fingerprints.find(other, signature)


@pytest.mark.parametrize("count", [0, 1, fingerprints.ENOUGH - 1])
def test_of_few_means_nothing_can_be_told(count: int) -> None:
    signature = fingerprints.signature_of("any", means(count, shared=5.0).reshape(-1, 768))
    assert signature is None
    found = fingerprints.find(a_vector(), signature)
    assert found.label == "unknown"
    assert "can't be told" in found.sentence


def test_of_means_that_have_nothing_in_common_nothing_can_be_told() -> None:
    scattered = np.random.default_rng(0).standard_normal((20, 768)).astype(np.float32)
    assert fingerprints.signature_of("any", scattered) is None


def test_no_dimension_is_written_down_for_a_space_that_is_not_known() -> None:
    """The same means with their dimensions in another order give the same answer."""
    *known, other = means(21, shared=5.0)
    order = np.random.default_rng(1).permutation(768)
    plain = fingerprints.find(other, fingerprints.signature_of("any", np.array(known)))
    shuffled = fingerprints.signature_of("any", np.array(known)[:, order])
    assert fingerprints.find(other[order], shuffled) == plain


def test_of_clip_l_two_dimensions_are_known_before_anything_is_published() -> None:
    signature = fingerprints.signature_of(CLIP_L, means(0, 0.0).reshape(-1, 768))
    assert fingerprints.find(clip_mean(), signature).label == "consistent"
    for vector in (clip_mean(-1.0), a_vector(), clip_mean() - np.float32(1.01) * clip_mean()):
        assert fingerprints.find(vector, signature).label == "unusual"


def test_in_clip_l_too_the_published_means_are_asked_where_they_are_enough() -> None:
    signature = fingerprints.signature_of(CLIP_L, means(20, shared=5.0))
    assert fingerprints.find(means(20, shared=5.0)[0], signature).label == "consistent"
    assert fingerprints.find(clip_mean(), signature).label == "unusual"


def test_copies_of_one_set_do_not_disturb() -> None:
    copies = np.repeat(means(1, shared=5.0), 12, axis=0)
    signature = fingerprints.signature_of("any", copies)
    assert fingerprints.find(copies[0], signature).label == "consistent"
