"""Stripping: what stays, what goes, and that the picture itself is untouched."""

import zlib

import pytest

from registry.metadata import media_type_of, strip
from tests.registry.picture_factory import (
    animation,
    encoded,
    exif,
    jpeg_segment,
    photo,
    png_chunk,
    riff_chunk,
    swapping_profile,
    webp,
    with_chunks,
    with_segments,
)
from tests.registry.picture_samples import (
    FORMATS,
    JPEG,
    PLAIN_JPEG,
    PLAIN_PNG,
    PLAIN_WEBP,
    PNG,
    SAMPLES,
    SECRET,
    WEBP,
    colour_facts,
    opened,
    refusal,
    stripped_bytes,
)

# What stays.


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_pixels_and_colours_are_the_same_before_and_after(data: bytes) -> None:
    assert colour_facts(stripped_bytes(data)) == colour_facts(data)


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_stripping_twice_is_stripping_once(data: bytes) -> None:
    once = stripped_bytes(data)
    assert stripped_bytes(once) == once


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_the_size_is_known_without_decoding(data: bytes) -> None:
    stripped = strip(data, str(media_type_of(data)))
    assert (stripped.width, stripped.height) == opened(data).size


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_stays_and_nothing_else_of_exif(media_type: str, orientation: int) -> None:
    block = exif(orientation, SECRET.decode())
    stripped = strip(encoded(photo(), FORMATS[media_type], exif=block), media_type)
    assert dict(opened(stripped.data).getexif()) == (
        {} if orientation == 1 else {0x0112: orientation}
    )
    assert stripped.orientation == orientation
    assert stripped.upright_size == ((96, 64) if orientation < 5 else (64, 96))
    assert strip(stripped.data, media_type).data == stripped.data


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_dropped(orientation: int) -> None:
    stripped = strip(encoded(photo(), "JPEG", exif=exif(orientation)), JPEG)
    assert (stripped.data, stripped.orientation) == (PLAIN_JPEG, 1)


def test_little_endian_exif_is_understood() -> None:
    block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    assert strip(encoded(photo(), "JPEG", exif=b"Exif\0\0" + block), JPEG).orientation == 6


def test_exif_of_webp_may_have_the_prefix_of_jpeg() -> None:
    plain = encoded(photo(), "WEBP", exif=exif(6))
    at = plain.index(b"EXIF")
    odd = webp(plain[12:at] + riff_chunk(b"EXIF", b"Exif\0\0" + exif(6).removeprefix(b"Exif\0\0")))
    assert strip(odd, WEBP).orientation == 6


# What goes.


def with_secrets(media_type: str) -> bytes:
    """Put the secret wherever the container has a place for it."""
    if media_type == JPEG:
        preview = b"JFXX\0\x10" + encoded(photo(32, 32), "JPEG", comment=SECRET)
        data = with_segments(
            encoded(photo(), "JPEG", exif=exif(6, SECRET.decode()), comment=SECRET)[:-2],
            *(jpeg_segment(0xE0 + number, SECRET) for number in range(16)),
            jpeg_segment(0xE0, preview),
            jpeg_segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\7\1" + SECRET + b"!"),
            jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
            jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01" + SECRET),
        )
        return data + jpeg_segment(0xFE, SECRET) + b"\xff\xd9"
    if media_type == PNG:
        data = with_chunks(
            encoded(photo(), "PNG", exif=exif(6, SECRET.decode())),
            png_chunk(b"tEXt", b"Author\0" + SECRET),
            png_chunk(b"iCCP", SECRET + b"\0\0" + zlib.compress(swapping_profile()) + SECRET),
            png_chunk(b"gAMA", b"\0\0\xb1\x8f"),
            png_chunk(b"gAMA", SECRET),
            png_chunk(b"cHRM", SECRET * 2),
            png_chunk(b"prVt", SECRET),
            png_chunk(b"tIME", SECRET),
        )
        return data[:-12] + png_chunk(b"tEXt", b"Comment\0" + SECRET) + data[-12:]
    return webp(
        encoded(photo(), "WEBP", exif=exif(6, SECRET.decode()), xmp=SECRET)[12:],
        riff_chunk(b"NAME", SECRET),
    )


@pytest.mark.parametrize("media_type", FORMATS)
def test_what_does_not_decide_colours_goes(media_type: str) -> None:
    data = with_secrets(media_type)
    assert data.count(SECRET) >= 3
    stripped = strip(data, media_type)
    assert SECRET not in stripped.data
    assert opened(stripped.data).tobytes() == opened(data).tobytes()
    assert strip(stripped.data, media_type).data == stripped.data


@pytest.mark.parametrize("data", [PLAIN_JPEG, PLAIN_PNG, PLAIN_WEBP], ids=FORMATS)
def test_what_follows_the_end_of_the_picture_goes(data: bytes) -> None:
    for trailer in (SECRET, b"PK\x03\x04" + SECRET, data, bytes(1000)):
        assert stripped_bytes(data + trailer) == stripped_bytes(data)


@pytest.mark.parametrize("data", [PLAIN_JPEG, PLAIN_PNG, PLAIN_WEBP], ids=FORMATS)
def test_metadata_does_not_change_the_digest(data: bytes) -> None:
    image_format = opened(data).format
    again = encoded(photo(), str(image_format), exif=exif(1, SECRET.decode()))
    if image_format != "WEBP":  # A WebP with metadata has another header than one without.
        assert stripped_bytes(again) == stripped_bytes(data)


def test_only_the_default_picture_of_an_animated_png_stays() -> None:
    data = animation("PNG")
    stripped = stripped_bytes(data)
    assert opened(stripped).tobytes() == opened(data).tobytes()
    assert getattr(opened(stripped), "n_frames", 1) == 1
    assert not {name for name in (b"acTL", b"fcTL", b"fdAT") if name in stripped}


@pytest.mark.parametrize("lossless", [False, True])
def test_only_the_first_frame_of_an_animated_webp_stays(lossless: bool) -> None:
    data = animation("WEBP", lossless=lossless)
    stripped = stripped_bytes(data)
    assert opened(stripped).tobytes() == opened(data).tobytes()
    assert getattr(opened(stripped), "n_frames", 1) == 1
    assert not {name for name in (b"ANIM", b"ANMF") if name in stripped}
    assert stripped_bytes(stripped) == stripped


def test_an_animated_webp_whose_first_frame_is_a_part_is_refused() -> None:
    data = animation("WEBP")
    canvas = data[24:30]
    larger = data.replace(canvas, (100).to_bytes(3, "little") * 2, 1)
    assert refusal(larger).code == "animated"
