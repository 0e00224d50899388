"""Thumbnails: small, upright, and without a word about the picture."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from registry.pictures import thumbnail
from tests.registry.picture_factory import (
    encoded,
    exif_with_gps,
    photo,
    swapping_profile,
)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((600, 400), (256, 171)),
        ((400, 600), (171, 256)),
        ((1280, 64), (256, 13)),
        ((80, 60), (80, 60)),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_thumbnail_fits_its_side_and_is_never_enlarged(
    file_format: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    made = Image.open(BytesIO(thumbnail(encoded(photo(*size), file_format), 256)))
    assert (made.format, made.size, made.mode) == ("WEBP", expected, "RGB")


def test_a_thumbnail_is_upright_in_srgb_and_holds_no_metadata() -> None:
    data = encoded(
        Image.new("RGB", (64, 32), (0, 255, 0)), "JPEG", exif=exif_with_gps(6),
        icc_profile=swapping_profile(),
    )  # fmt: skip
    made = Image.open(BytesIO(thumbnail(data, 48)))
    assert made.size == (24, 48)
    red, green, _ = made.convert("RGB").getpixel((12, 24))  # type: ignore[misc]
    assert red > 240
    assert green < 20
    assert not {"exif", "icc_profile", "xmp"} & set(made.info)


def test_a_thumbnail_looks_like_the_picture() -> None:
    image = photo(40, 30).resize((800, 600))
    made = Image.open(BytesIO(thumbnail(encoded(image, "JPEG", quality=95), 200))).convert("RGB")
    expected = image.resize((200, 150), Image.Resampling.LANCZOS)
    difference = np.abs(np.asarray(made, np.int16) - np.asarray(expected, np.int16))
    assert difference.mean() < 4


def test_a_thumbnail_is_the_same_every_time() -> None:
    data = encoded(photo(300, 200, "RGBA"), "PNG")
    assert thumbnail(data, 128) == thumbnail(data, 128)
