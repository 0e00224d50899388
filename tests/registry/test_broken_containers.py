"""Stripping: structures that are refused, and quickly."""

import contextlib
import time
import zlib

import pytest

from registry.metadata import MalformedPicture, media_type_of, strip
from tests.registry.picture_factory import (
    png_chunk,
    raw_png,
    riff_chunk,
    webp,
    with_chunks,
    with_segments,
)
from tests.registry.picture_samples import (
    FORMATS,
    PLAIN_JPEG,
    PLAIN_PNG,
    PLAIN_WEBP,
    PNG,
    refusal,
    stripped_bytes,
)

# What is refused.


@pytest.mark.parametrize("data", [PLAIN_JPEG, PLAIN_PNG, PLAIN_WEBP], ids=FORMATS)
def test_a_picture_that_was_cut_off_anywhere_is_refused(data: bytes) -> None:
    media_type = str(media_type_of(data))
    for length in range(16, len(data), 7):
        with pytest.raises(MalformedPicture) as caught:
            strip(data[:length], media_type)
        assert caught.value.code in {"truncated", "malformed"}


def without(data: bytes, part: bytes) -> bytes:
    assert data.count(part) == 1
    return data.replace(part, b"")


FRAME = PLAIN_JPEG[PLAIN_JPEG.index(b"\xff\xc0") :][:19]
SCAN = PLAIN_JPEG[PLAIN_JPEG.index(b"\xff\xda") : -2]
END = b"\xff\xd9"
IDAT = PLAIN_PNG[33:-12]
INDICES, PALETTE = [bytes(64)] * 64, png_chunk(b"PLTE", bytes(768))
SPLIT = IDAT[8 : 8 + 100], IDAT[8 + 100 : -4]

BROKEN = {
    "jpeg without picture data": (without(PLAIN_JPEG, SCAN), "malformed"),
    "jpeg without a frame": (without(PLAIN_JPEG, FRAME), "malformed"),
    "jpeg with two frames": (with_segments(PLAIN_JPEG, FRAME), "malformed"),
    "jpeg with a frame after its scan": (
        without(PLAIN_JPEG, FRAME)[:-2] + FRAME + END,
        "malformed",
    ),
    "jpeg with 65 scans": (PLAIN_JPEG[:-2] + SCAN * 64 + END, "malformed"),
    "jpeg with an arithmetic frame": (
        PLAIN_JPEG.replace(FRAME, b"\xff\xc9" + FRAME[2:]),
        "unsupported-coding",
    ),
    "lossless jpeg": (PLAIN_JPEG.replace(FRAME, b"\xff\xc3" + FRAME[2:]), "unsupported-coding"),
    "jpeg with garbage between segments": (
        PLAIN_JPEG[:20] + b"garbage" + PLAIN_JPEG[20:],
        "malformed",
    ),
    "jpeg with a restart outside of scans": (with_segments(PLAIN_JPEG, b"\xff\xd0"), "malformed"),
    "jpeg with a second start": (with_segments(PLAIN_JPEG, b"\xff\xd8"), "malformed"),
    "jpeg with a segment of no length": (
        with_segments(PLAIN_JPEG, b"\xff\xe1\0\0"),
        "truncated",
    ),
    "png with a wrong checksum": (PLAIN_PNG[:-20] + b"?" + PLAIN_PNG[-19:], "malformed"),
    "png that begins with its end": (PLAIN_PNG[:8] + PLAIN_PNG[-12:], "malformed"),
    "png without picture data": (PLAIN_PNG[:33] + PLAIN_PNG[-12:], "malformed"),
    "png with interrupted picture data": (
        PLAIN_PNG[:33]
        + png_chunk(b"IDAT", SPLIT[0])
        + png_chunk(b"tEXt", b"a\0b")
        + png_chunk(b"IDAT", SPLIT[1])
        + PLAIN_PNG[-12:],
        "malformed",
    ),
    "png of palette colours without a palette": (raw_png(3, 8, INDICES), "malformed"),
    "png with its palette after its picture data": (
        raw_png(3, 8, INDICES)[:-12] + PALETTE + png_chunk(b"IEND"),
        "malformed",
    ),
    "png with a palette of two colours and a half": (
        raw_png(3, 8, INDICES, png_chunk(b"PLTE", bytes(8))),
        "malformed",
    ),
    "webp of nothing": (webp(), "malformed"),
    "webp that begins with its profile": (webp(riff_chunk(b"ICCP", b"p")), "malformed"),
    "webp without a bitstream": (webp(riff_chunk(b"VP8X", bytes(10))), "malformed"),
    "webp with two bitstreams": (
        webp(riff_chunk(b"VP8X", bytes(4) + b"\x5f\0\0\x3f\0\0"), PLAIN_WEBP[12:] * 2),
        "malformed",
    ),
    "webp that says two sizes": (
        webp(riff_chunk(b"VP8X", bytes(4) + b"\x5f\0\0\x5f\0\0"), PLAIN_WEBP[12:]),
        "malformed",
    ),
    "webp with a short header": (webp(riff_chunk(b"VP8X", bytes(4))), "truncated"),
    "webp with a bitstream of nothing": (webp(riff_chunk(b"VP8 ", b"")), "malformed"),
    "webp with a short frame": (
        webp(riff_chunk(b"VP8X", bytes(10)), riff_chunk(b"ANMF", bytes(4))),
        "truncated",
    ),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_structure_is_refused_with_a_sentence(data: bytes, code: str) -> None:
    error = refusal(data)
    assert error.code == code
    assert str(error).startswith("The picture ")
    assert str(error).endswith(".")


def test_another_media_type_than_that_of_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="not a picture of the media type image/png"):
        strip(PLAIN_JPEG, PNG)
    with pytest.raises(ValueError, match="not a picture of the media type text/plain"):
        strip(PLAIN_JPEG, "text/plain")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN_JPEG[:2] + b"\xff" * 30_000_000,
        PLAIN_JPEG[:-2] + b"\xff" * 30_000_000,
        with_segments(PLAIN_JPEG, b"\xff\xe1\0\2" * 7_000_000),
        PLAIN_PNG[:33] + png_chunk(b"tEXt") * 2_400_000,
        with_chunks(
            PLAIN_PNG,
            *[png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(900_000)))]
            * 20_000,
        ),
        webp(riff_chunk(b"VP8X", bytes(10)), riff_chunk(b"JUNK", b"") * 3_600_000),
    ],
    ids=[
        "fill bytes",
        "fill bytes in a scan",
        "segments",
        "chunks",
        "inflated texts",
        "riff chunks",
    ],
)
def test_hostile_data_of_30_mb_is_dealt_with_at_once(data: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(MalformedPicture):
        stripped_bytes(data)
    assert time.process_time() - started < 2
