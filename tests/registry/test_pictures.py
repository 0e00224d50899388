"""Accepting pictures: one test a rule, and the same for files that somebody damaged."""

import warnings
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from registry import pictures
from registry.pictures import Picture, PictureRefused, accept, pixels, thumbnail
from tests.registry.picture_factory import (
    animation,
    colourless_ink_profile,
    encoded,
    exif_with_gps,
    photo,
    png_chunk,
    raw_png,
    riff_chunk,
    swapping_profile,
    webp,
    with_chunks,
)

JPEG = encoded(photo(), "JPEG")
PNG = encoded(photo(), "PNG")
WEBP = encoded(photo(), "WEBP")


def refusal(name: str, data: bytes) -> PictureRefused:
    with pytest.raises(PictureRefused) as caught:
        accept(name, data)
    error = caught.value
    assert error.name == name
    assert error.detail == str(error)
    assert error.detail.endswith(".")
    return error


def claiming(width: int, height: int) -> dict[str, bytes]:
    """Return small files that say to be large pictures."""
    frame = JPEG.index(b"\xff\xc0") + 5
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    lossless = (width - 1) | (height - 1) << 14
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return {
        "a.jpg": JPEG[:frame] + size + JPEG[frame + 4 :],
        "a.png": PNG[:8] + png_chunk(b"IHDR", header) + PNG[33:],
        "a.webp": webp(
            riff_chunk(b"VP8X", bytes(4) + canvas),
            riff_chunk(b"VP8L", b"\x2f" + lossless.to_bytes(4, "little") + bytes(20)),
        ),
    }


# What is accepted.


@pytest.mark.parametrize(
    ("name", "data", "media_type", "extension"),
    [
        ("cat.jpg", JPEG, "image/jpeg", "jpg"),
        ("cat.JPEG", JPEG, "image/jpeg", "jpg"),
        ("cat.jfif", JPEG, "image/jpeg", "jpg"),
        ("trip/cat.png", PNG, "image/png", "png"),
        ("cat.2024.webp", WEBP, "image/webp", "webp"),
    ],
)
def test_the_three_formats_are_accepted(
    name: str, data: bytes, media_type: str, extension: str
) -> None:
    assert accept(name, data) == Picture(data, media_type, extension, 96, 64, had_location=False)


@pytest.mark.parametrize("name", ["cat.jpg", "cat.png", "cat.webp"])
def test_a_picture_is_stored_without_metadata_and_its_size_is_the_one_it_is_shown_in(
    name: str,
) -> None:
    file_format = {"jpg": "JPEG"}.get(name[4:], name[4:])
    picture = accept(name, encoded(photo(), file_format, exif=exif_with_gps(6)))
    assert (picture.width, picture.height, picture.had_location) == (64, 96, True)
    assert b"Camera" not in picture.data
    assert accept(name, picture.data).data == picture.data


@pytest.mark.parametrize("name", ["cat.png", "cat.webp"])
def test_an_animation_is_stored_as_one_picture(name: str) -> None:
    picture = accept(name, animation(name[4:]))
    stored = Image.open(BytesIO(picture.data))
    assert getattr(stored, "n_frames", 1) == 1


def test_further_pictures_in_a_jpeg_are_not_stored() -> None:
    several = encoded(photo(), "MPO", save_all=True, append_images=[photo(64, 96)])
    stored = accept("cat.jpg", several).data
    assert len(stored) < len(several) / 2
    image = Image.open(BytesIO(stored))
    assert (image.format, image.size) == ("JPEG", (96, 64))
    assert image.tobytes() == Image.open(BytesIO(several)).tobytes()


# What is refused.


@pytest.mark.parametrize(
    "name", ["cat.gif", "cat.bmp", "cat.svg", "cat", ".jpg", "cat.jpg.exe", ""]
)
def test_other_extensions_are_refused(name: str) -> None:
    assert refusal(name, JPEG).code == "unknown-extension"


def test_a_file_that_is_another_format_than_its_name_says_is_refused() -> None:
    error = refusal("cat.jpg", PNG)
    assert error.code == "wrong-extension"
    assert error.detail == "cat.jpg is a PNG file; rename it or convert it."
    assert refusal("cat.png", WEBP).detail == "cat.png is a WEBP file; rename it or convert it."
    assert refusal("cat.webp", JPEG).detail == "cat.webp is a JPEG file; rename it or convert it."


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (encoded(photo(), "GIF"), "a GIF file"),
        (encoded(photo(), "BMP"), "a BMP file"),
        (encoded(photo(), "TIFF"), "a TIFF file"),
        (encoded(photo(), "AVIF"), "an AVIF file"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC file"),
        (b"PK\x03\x04" + bytes(100), "a ZIP file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG file"),
        (b"<script>alert(1)</script>", "not a picture that can be read"),
        (b"", "empty"),
    ],
)
def test_what_is_none_of_the_three_formats_is_refused_by_its_name(data: bytes, what: str) -> None:
    error = refusal("cat.jpg", data)
    assert error.code == "not-a-picture"
    assert error.detail == f"cat.jpg is {what}; convert it to JPEG, PNG or WebP."


def test_a_file_of_more_than_30_mb_is_refused() -> None:
    assert accept("cat.jpg", JPEG + bytes(30_000_000 - len(JPEG))).data == JPEG
    error = refusal("cat.jpg", JPEG + bytes(30_000_001 - len(JPEG)))
    assert error.code == "too-many-bytes"
    assert error.detail == (
        "cat.jpg has 30,000,001 bytes, and 30,000,000 are the most; save it smaller."
    )


@pytest.mark.parametrize(
    ("width", "height", "code"),
    [
        (10_000, 5_001, "too-many-pixels"),
        (16_383, 16_383, "too-many-pixels"),
        (31, 64, "too-small"),
        (64, 31, "too-small"),
        (32, 641, "too-elongated"),
        (641, 32, "too-elongated"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_the_size_is_judged_by_the_header_before_anything_is_decoded(
    name: str, width: int, height: int, code: str
) -> None:
    error = refusal(name, claiming(width, height)[name])
    assert error.code == code
    assert f"{width:,} × {height:,} pixels" in error.detail  # noqa: RUF001


def test_a_large_picture_of_next_to_no_bytes_is_refused_before_it_is_decoded() -> None:
    empty = encoded(Image.new("RGB", (2_500, 2_000)), "WEBP", lossless=True)
    error = refusal("a.webp", empty)
    assert error.code == "too-empty"
    assert error.detail.startswith("a.webp has 5,000,000 pixels in ")
    assert accept("a.png", encoded(Image.new("RGB", (2_500, 2_000)), "PNG")).width == 2_500


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_side_of_more_than_16_384_pixels_is_refused(name: str) -> None:
    assert refusal(name, claiming(16_385, 1_000)[name]).code == "too-long"


@pytest.mark.parametrize("size", [(32, 32), (640, 32), (32, 640)])
def test_the_smallest_and_the_longest_pictures_are_accepted(size: tuple[int, int]) -> None:
    assert accept("a.png", encoded(photo(*size), "PNG")).width == size[0]


def test_our_limit_is_lower_than_that_from_which_pillow_warns_of_a_bomb() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert pictures.MOST_PIXELS < Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, data in claiming(16_000, 12_000).items():
            assert refusal(name, data).code == "too-many-pixels"


@pytest.mark.parametrize(("name", "data"), [("a.jpg", JPEG), ("a.png", PNG), ("a.webp", WEBP)])
def test_a_truncated_picture_is_refused(name: str, data: bytes) -> None:
    for length in (len(data) - 1, len(data) // 2, 40):
        assert refusal(name, data[:length]).code in {"truncated", "malformed"}


def test_a_truncated_picture_in_a_whole_container_is_refused() -> None:
    short = PNG[41:-16]
    png = PNG[:33] + png_chunk(b"IDAT", short[: len(short) // 2]) + PNG[-12:]
    assert refusal("a.png", png).code == "undecodable"
    bitstream = WEBP[20 : len(WEBP) // 2]
    assert refusal("a.webp", webp(riff_chunk(b"VP8 ", bitstream))).code == "undecodable"


def test_a_broken_container_is_refused_by_its_file_name() -> None:
    error = refusal("cat.png", PNG[:-20] + b"?" + PNG[-19:])
    assert error.code == "malformed"
    assert error.detail == "cat.png has a wrong checksum in its chunk 'IDAT'; save it again."


def test_the_sentence_does_not_repeat_what_could_mislead() -> None:
    error = refusal("x" * 500 + "\u202egpj\n.exe", JPEG)
    assert error.detail.isprintable()
    assert len(error.detail) < 250


# Damaged files.

SEEDS = [
    (
        "a.jpg",
        encoded(photo(40, 33), "JPEG", exif=exif_with_gps(6), icc_profile=swapping_profile()),
    ),
    ("a.jpg", encoded(photo(40, 33), "JPEG", progressive=True, comment=b"hello")),
    ("a.jpg", encoded(photo(33, 40, "CMYK"), "JPEG", icc_profile=colourless_ink_profile())),
    ("a.jpg", encoded(photo(33, 40, "L"), "JPEG", restart_marker_blocks=3)),
    ("a.png", encoded(photo(40, 33), "PNG", exif=exif_with_gps(3), icc_profile=swapping_profile())),
    ("a.png", encoded(photo(40, 33, "P"), "PNG", transparency=bytes(range(200)))),
    ("a.png", raw_png(2, 16, [bytes(192)] * 32, png_chunk(b"tRNS", bytes(6)))),
    ("a.png", raw_png(0, 2, [bytes(range(8))] * 32, png_chunk(b"tRNS", b"\0\1"))),
    ("a.png", animation("PNG")),
    ("a.webp", encoded(photo(40, 33), "WEBP", exif=exif_with_gps(8), xmp=b"<xmp/>")),
    ("a.webp", encoded(photo(40, 33, "RGBA"), "WEBP", icc_profile=swapping_profile())),
    ("a.webp", encoded(photo(40, 33, "RGBA"), "WEBP", lossless=True)),
    ("a.webp", animation("WEBP")),
]


def with_true_checksums(data: bytes) -> bytes:
    """Mend the checksums of a PNG, so that damage reaches what is behind them."""
    mended, position = data[:8], 8
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        body = data[position + 8 : position + 8 + length]
        mended += png_chunk(data[position + 4 : position + 8], body)
        position += 12 + length
    return mended


@settings(max_examples=600, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_a_damaged_picture_is_accepted_or_refused_and_nothing_else(data: st.DataObject) -> None:
    name, seed = data.draw(st.sampled_from(SEEDS))
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(damaged) - 1) | st.integers(0, 200))
        match data.draw(st.sampled_from(["change", "remove", "insert", "copy"])):
            case "change":
                damaged[start : start + 1] = bytes([data.draw(st.integers(0, 255))])
            case "remove":
                del damaged[start : start + data.draw(st.integers(1, 40))]
            case "insert":
                damaged[start:start] = data.draw(st.binary(min_size=1, max_size=40))
            case _:
                other = data.draw(st.integers(0, max(0, len(damaged) - 1)))
                damaged[start : start + 8] = damaged[other : other + 8]
    candidate = bytes(damaged)
    if name == "a.png" and data.draw(st.booleans()):
        candidate = with_true_checksums(candidate)
    try:
        picture = accept(name, candidate)
    except PictureRefused as error:
        assert error.detail.endswith(".")  # noqa: PT017  (both ways out are fine)
        return
    assert accept(name, picture.data).data == picture.data
    assert pixels(picture.data, 32).shape == (32, 32, 3)
    assert thumbnail(picture.data, 32)


def test_a_bomb_in_a_profile_is_refused() -> None:
    bomb = with_chunks(PNG, png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(10_000_000))))
    error = refusal("cat.png", bomb)
    assert error.code == "profile-too-large"
