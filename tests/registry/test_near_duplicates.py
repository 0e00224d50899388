"""The same picture again, made from real ones: smaller, saved anew, brighter, cropped, mirrored."""

import tracemalloc
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from registry import near_duplicates, statistics
from registry.near_duplicates import MOST_BITS, MOST_PAIRS, perceptual_hash
from tests import factories
from tests.samples import sample_files

PICTURES = sample_files(24)


def jpeg(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=50)
    return file.getvalue()


def half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


def brighter(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.15)


def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


WAYS: dict[str, Callable[[Image.Image], bytes]] = {
    "saved anew": jpeg,
    "halved": lambda picture: factories.png(half(picture)),
    "brighter": lambda picture: factories.png(brighter(picture)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_hash_of_the_same_picture_is_close(way: str) -> None:
    for path in PICTURES:
        with Image.open(path) as picture:
            copy = WAYS[way](picture)
        assert bits_apart(perceptual_hash(path.read_bytes()), perceptual_hash(copy)) <= MOST_BITS


def test_a_mirrored_picture_is_another() -> None:
    for path in PICTURES:
        with Image.open(path) as picture:
            mirrored = factories.png(ImageOps.mirror(picture.convert("RGB")))
        assert bits_apart(perceptual_hash(path.read_bytes()), perceptual_hash(mirrored)) > MOST_BITS


def test_a_hash_is_sixteen_digits_that_do_not_change() -> None:
    places = np.arange(64)
    square = np.outer(places, np.ones(64)) * 2 + np.outer(np.ones(64), places)
    data = factories.png(Image.fromarray(square.astype(np.uint8)))
    assert perceptual_hash(data) == perceptual_hash(data)
    assert len(perceptual_hash(data)) == 16


def test_both_signs_must_agree() -> None:
    features = np.array([[1.0, 0.0], [0.99, 0.1], [0.0, 1.0], [0.1, 0.99]])
    hashes = ["0" * 16, "0" * 15 + "7", "0" * 16, "f" * 16]
    found = near_duplicates.near_duplicates(features, hashes)
    (pair,) = found.closest
    assert (found.total, found.groups) == (1, [[0, 1]])
    assert (pair.one, pair.other, pair.bits) == (0, 1, 3)
    assert pair.cosine == pytest.approx(0.99 / np.hypot(0.99, 0.1))


def test_pairs_are_found_across_blocks_of_rows_and_once_only() -> None:
    count = near_duplicates.BLOCK + 40
    features = np.random.default_rng(1).standard_normal((count, 64))
    hashes = [f"{int(number):016x}" for number in range(count)]
    features[count - 1], hashes[count - 1] = features[3], hashes[3]
    found = near_duplicates.near_duplicates(features, hashes)
    (pair,) = found.closest
    assert (pair.one, pair.other, pair.bits) == (3, count - 1, 0)
    assert pair.cosine == pytest.approx(1.0, abs=1e-6)


def frames(count: int) -> tuple[NDArray[np.float64], list[str]]:
    """Return features [count, 64] and hashes of one shot: each frame is all the others again."""
    around = np.random.default_rng(2).normal(0, 0.005, (count, 64))
    around[:, 0] += 1
    return around, ["0" * 16] * count


def test_of_many_frames_the_closest_pairs_are_named_and_all_are_one_group() -> None:
    features, hashes = frames(300)
    found = near_duplicates.near_duplicates(features, hashes)
    assert found.total == 300 * 299 // 2
    assert found.groups == [list(range(300))]
    directions = statistics.units(features)
    cosines = np.sort((directions @ directions.T)[np.triu_indices(300, 1)])[::-1]
    assert len(found.closest) == MOST_PAIRS
    assert [pair.cosine for pair in found.closest] == pytest.approx(
        cosines[:MOST_PAIRS].tolist(), abs=1e-6
    )


def test_thousands_of_frames_take_the_memory_of_a_block() -> None:
    features, hashes = frames(3000)
    tracemalloc.start()
    found = near_duplicates.near_duplicates(features, hashes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.total, len(found.closest)) == (3000 * 2999 // 2, MOST_PAIRS)
    assert peak < 100 * near_duplicates.BLOCK * 3000  # bytes


def test_groups_hang_together_by_pairs_also_across_blocks() -> None:
    """Of a slow pan only neighbours are alike; yet it is one shot."""
    angles = np.arange(near_duplicates.BLOCK + 50) * 0.3  # radians; up to 0.45 are alike
    features = np.zeros((len(angles) + 2, 4))
    shot = np.concatenate([angles[::2], angles[1::2]])  # neighbours lie far apart in the order
    features[:-2, 0], features[:-2, 1] = np.cos(shot), np.sin(shot)
    features[-2:, 2:] = np.eye(2)
    found = near_duplicates.near_duplicates(features, ["0" * 16] * len(features))
    assert found.groups == [list(range(len(angles)))]


def test_pairs_make_groups() -> None:
    assert near_duplicates.groups_of([(5, 1), (2, 4), (1, 3)], 7) == [[1, 3, 5], [2, 4]]
    assert near_duplicates.groups_of([], 3) == []
