"""The same picture again, made from real ones: smaller, saved anew, brighter, cropped, mirrored."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from registry import near_duplicates
from registry.near_duplicates import MOST_BITS, perceptual_hash
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
    (pair,) = near_duplicates.near_duplicates(features, hashes)
    assert (pair.one, pair.other, pair.bits) == (0, 1, 3)
    assert pair.cosine == pytest.approx(0.99 / np.hypot(0.99, 0.1))


def test_pairs_are_found_across_blocks_of_rows_and_once_only() -> None:
    count = near_duplicates.BLOCK + 40
    features = np.random.default_rng(1).standard_normal((count, 64))
    hashes = [f"{int(number):016x}" for number in range(count)]
    features[count - 1], hashes[count - 1] = features[3], hashes[3]
    (pair,) = near_duplicates.near_duplicates(features, hashes)
    assert (pair.one, pair.other, pair.bits) == (3, count - 1, 0)
    assert pair.cosine == pytest.approx(1.0, abs=1e-6)
