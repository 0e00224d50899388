"""Stripping: colour profiles, which stay, and places, which go and are told of."""

import zlib

import pytest

from registry.metadata import media_type_of, strip
from tests.registry.picture_factory import (
    XMP_WITH_GPS,
    encoded,
    exif,
    exif_with_gps,
    jpeg_segment,
    photo,
    png_chunk,
    with_chunks,
    with_segments,
)
from tests.registry.picture_samples import (
    PLAIN_JPEG,
    PLAIN_PNG,
    SAMPLES,
    opened,
    refusal,
    stripped_bytes,
)

# Profiles.


def profile_segments(*pieces: tuple[int, int, bytes]) -> list[bytes]:
    return [
        jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + piece)
        for number, count, piece in pieces
    ]


def test_the_pieces_of_a_profile_are_put_in_order() -> None:
    shuffled = with_segments(PLAIN_JPEG, *profile_segments((2, 2, b"second"), (1, 2, b"first ")))
    assert opened(stripped_bytes(shuffled)).info["icc_profile"] == b"first second"


@pytest.mark.parametrize(
    "pieces",
    [
        [(1, 2, b"first")],
        [(1, 2, b"first"), (1, 2, b"again")],
        [(0, 1, b"none")],
        [(1, 1, b"first"), (2, 1, b"second")],
    ],
    ids=["lost", "double", "unnumbered", "too many"],
)
def test_a_profile_that_lacks_a_piece_is_dropped(pieces: list[tuple[int, int, bytes]]) -> None:
    assert stripped_bytes(with_segments(PLAIN_JPEG, *profile_segments(*pieces))) == PLAIN_JPEG


@pytest.mark.parametrize(
    "body",
    [b"", b"name", b"name\0", b"name\0\1" + zlib.compress(b"p"), b"name\0\0nonsense"],
)
def test_a_profile_of_a_png_that_cannot_be_inflated_is_dropped(body: bytes) -> None:
    assert stripped_bytes(with_chunks(PLAIN_PNG, png_chunk(b"iCCP", body))) == PLAIN_PNG


def test_profiles_that_are_too_large_are_refused() -> None:
    bomb = zlib.compress(bytes(2_000_000))
    large = bytes(5_000_000)
    for data in (
        with_chunks(PLAIN_PNG, png_chunk(b"iCCP", b"name\0\0" + bomb)),
        encoded(photo(), "JPEG", icc_profile=large),
        encoded(photo(), "WEBP", icc_profile=large),
    ):
        assert refusal(data).code == "profile-too-large"


# Places.

RAW_PROFILE = (
    b"\nexif\n    1234\n" + (b"Exif\0\0" + exif_with_gps().removeprefix(b"Exif\0\0")).hex().encode()
)

WITH_PLACE = {
    "exif of a jpeg": encoded(photo(), "JPEG", exif=exif_with_gps()),
    "exif of a png": encoded(photo(), "PNG", exif=exif_with_gps()),
    "exif of a webp": encoded(photo(), "WEBP", exif=exif_with_gps()),
    "longitude alone": encoded(photo(), "JPEG", exif=exif(1, "Maker", 4)),
    "xmp of a jpeg": encoded(photo(), "JPEG", xmp=XMP_WITH_GPS),
    "xmp of a webp": encoded(photo(), "WEBP", xmp=XMP_WITH_GPS),
    "second exif of a jpeg": with_segments(
        PLAIN_JPEG,
        jpeg_segment(0xE1, exif(1, "Maker")),
        jpeg_segment(0xE1, exif_with_gps()),
    ),
    "xmp of a png": with_chunks(
        PLAIN_PNG, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_WITH_GPS)
    ),
    "compressed xmp of a png": with_chunks(
        PLAIN_PNG,
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0\0" + zlib.compress(XMP_WITH_GPS)),
    ),
    "exif of a png in digits": with_chunks(
        PLAIN_PNG, png_chunk(b"tEXt", b"Raw profile type exif\0" + RAW_PROFILE)
    ),
    "exif of a png in compressed digits": with_chunks(
        PLAIN_PNG, png_chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(RAW_PROFILE))
    ),
}
WITHOUT_PLACE = {
    **SAMPLES,
    "other exif": encoded(photo(), "JPEG", exif=exif(6)),
    "the reference of no latitude": encoded(photo(), "JPEG", exif=exif(1, "GPS")),
    "broken exif": encoded(photo(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "cut exif": encoded(photo(), "JPEG", exif=exif_with_gps()[:30]),
    "broken text": with_chunks(
        PLAIN_PNG,
        png_chunk(b"zTXt", b"Raw profile type exif\0\0nonsense"),
        png_chunk(b"tEXt", b"Raw profile type exif\0\n\n\nnonsense"),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1"),
    ),
}


@pytest.mark.parametrize("data", WITH_PLACE.values(), ids=WITH_PLACE)
def test_a_place_is_noticed_and_taken_out(data: bytes) -> None:
    stripped = strip(data, str(media_type_of(data)))
    assert stripped.had_location
    assert not strip(stripped.data, str(media_type_of(data))).had_location


@pytest.mark.parametrize("data", WITHOUT_PLACE.values(), ids=WITHOUT_PLACE)
def test_no_place_is_noticed_where_none_is_told(data: bytes) -> None:
    assert not strip(data, str(media_type_of(data))).had_location
